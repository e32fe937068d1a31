"""The stationary law of a Langevin step in a well, in a case: figures by the models."""

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from homeostat.counterexamples.cases.balls import Figure
from homeostat.counterexamples.cases.reading import Figures, Given, number, positive, word_of
from homeostat.errors import InvalidInputError, WitnessRejectedError
from homeostat.models.langevin import (
    Covariance,
    Map,
    Well,
    baoab_map,
    gibbs_covariance,
    is_stable,
    note_map,
    stationary_covariance,
)

__all__ = ["LANGEVIN", "langevin"]

LANGEVIN: Final = frozenset({"update", "mass", "stiffness", "friction", "temperature", "dt"})
UPDATES: Final = frozenset({"note", "baoab"})


def langevin(given: Given) -> Figures:
    """Run a case of one update in one well.

    The friction is the damping of the note's update, and of BAOAB what it leaves of a velocity.

    Raises:
        InvalidInputError: The data break a rule.
    """
    update = word_of(given["update"], "update", UPDATES)
    mass, stiffness, temperature, dt = (
        positive(given, name) for name in ("mass", "stiffness", "temperature", "dt")
    )
    friction = number(given["friction"])
    well = Well(mass=mass, stiffness=stiffness, temperature=temperature)
    step = _step(update, well, friction, dt)
    gibbs = gibbs_covariance(well)

    def law() -> Covariance:
        if not is_stable(step):
            raise WitnessRejectedError(f"the {update} update must be stable to keep a law")
        return stationary_covariance(step)

    table: dict[str, Callable[..., Figure]] = {
        "position_variance": lambda: law().position,
        "covariance": lambda: law().cross,
        "velocity_variance": lambda: law().velocity,
        "gibbs_position_variance": lambda: gibbs.position,
        "gibbs_velocity_variance": lambda: gibbs.velocity,
        "dt": lambda: dt,
    }
    return Figures(frozenset({update} | ({"stable"} if is_stable(step) else set())), table)


def _step(update: str, well: Well, friction: Fraction, dt: Fraction) -> Map:
    if update == "note":
        if not friction > 0:
            raise InvalidInputError(f"friction={friction} must be > 0, the note's damping")
        return note_map(well, damping=friction, dt=dt)
    if not 0 <= friction < 1:
        raise InvalidInputError(f"friction={friction} must be in [0, 1), what BAOAB leaves")
    return baoab_map(well, kept=friction, dt=dt)
