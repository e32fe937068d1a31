"""A filtered acceleration in a case: its run, and its figures by the models of barriers."""

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from homeostat.counterexamples.cases.balls import Figure, exp
from homeostat.counterexamples.cases.reading import Figures, Given, list_of, number, positive
from homeostat.errors import InvalidInputError, WitnessRejectedError
from homeostat.models.barrier import filters

__all__ = ["BARRIER", "barrier"]

BARRIER: Final = frozenset(
    ("limit", "step", "gains", "margin", "input_max", "deviation", "start", "wanted", "noise")
)
STEPS_MAX: Final = 50
EXPONENT_MAX: Final = 1_000

_State = tuple[Fraction, Fraction]


def _numbers(data: object, name: str, least: int, most: int) -> list[Fraction]:
    found = [number(x) for x in list_of(data, name, most)]
    if len(found) < least:
        raise InvalidInputError(f"{name} must have {least} .. {most} numbers, has {len(found)}")
    return found


def _not_negative(name: str, value: Fraction) -> Fraction:
    if value < 0:
        raise InvalidInputError(f"{name}={value} must be >= 0")
    return value


def barrier(given: Given) -> Figures:
    """Run a case.

    Raises:
        InvalidInputError: The data break a rule.
    """
    limit, step = number(given["limit"]), positive(given, "step")
    margin = _not_negative("margin", number(given["margin"]))
    first, second = (_not_negative("gains", k) for k in _numbers(given["gains"], "gains", 2, 2))
    position, velocity = _numbers(given["start"], "start", 2, 2)
    hardest = None if given["input_max"] is None else positive(given, "input_max")
    deviation = None if given["deviation"] is None else positive(given, "deviation")
    wanted = _numbers(given["wanted"], "wanted", 1, STEPS_MAX)
    noise = _numbers(given["noise"], "noise", 1, STEPS_MAX)
    if len(wanted) != len(noise):
        raise InvalidInputError(f"wanted and noise have {len(wanted)} and {len(noise)} steps")

    def allowed(state: _State) -> Fraction:
        found: Fraction = filters.allowed_acceleration(
            *state, limit=limit, gains=(first, second), margin=margin
        )
        return found

    states, inputs = [(position, velocity)], list[Fraction]()
    for asked, w in zip(wanted, noise, strict=True):
        chosen = filters.filtered(asked, allowed(states[-1]))
        inputs.append(chosen if hardest is None else filters.within(chosen, hardest))
        states.append(filters.euler_step(*states[-1], inputs[-1], step=step, noise=w))

    def chance(i: int) -> Figure:
        if deviation is None or noise[i] < 0:
            raise WitnessRejectedError("a chance needs a deviation, and noise that is >= 0")
        if (noise[i] / deviation + 1) ** 2 > 2 * EXPONENT_MAX:
            raise WitnessRejectedError(f"noise of {noise[i]} is too many deviations")
        found: Figure = filters.least_chance(noise[i], deviation, exp=exp)
        return found

    def least() -> Figure:
        if hardest is None:
            raise WitnessRejectedError("the case has no input limit")
        return -hardest

    table: dict[str, Callable[..., Figure]] = {
        "position_#": lambda i: states[i][0],
        "velocity_#": lambda i: states[i][1],
        "barrier_#": lambda i: filters.headroom(states[i][0], limit),
        "chain_#": lambda i: filters.chain_value(*states[i], limit=limit, first_gain=first),
        "allowed_#": lambda i: allowed(states[i]),
        "input_#": lambda i: inputs[i],
        "gain_step_#": lambda i: step * (first, second)[i],
        "noise_max": lambda: max(map(abs, noise)),
        "margin": lambda: margin,
        "input_least": least,
        "chance_#": chance,
    }
    words = {"unlimited" if hardest is None else "limited"}
    words |= set() if deviation is None else {"gaussian"}
    words |= set() if any(noise) else {"noiseless"}
    return Figures(frozenset(words), table)
