"""Cases of Landau's energy, its controller and Langevin steps, and checks of one; all exact.

A case holds whole numbers; quarters of them are the models' fractions.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from hypothesis import strategies as st

from homeostat.models.landau import (
    COLD,
    HOT,
    Control,
    Landau,
    free_energy,
    minimiser_squared,
    next_state,
    relaxation_rate,
    ticks_of_crossing,
)
from homeostat.models.langevin import (
    Covariance,
    Well,
    baoab_covariance,
    baoab_map,
    gibbs_covariance,
    is_stable,
    kick_variance,
    noise_variance,
    note_covariance,
    note_map,
    note_step,
    stationary_covariance,
)
from homeostat.properties.results import Violation

__all__ = [
    "Energies",
    "Signals",
    "Wells",
    "band_is_entered",
    "baoab_law_is_another",
    "baoab_velocity_is_not_gibbs",
    "controller_lingers",
    "energies",
    "force_gives_another_temperature",
    "minimiser_jumps",
    "minimiser_moves_faster",
    "minimum_is_elsewhere",
    "note_law_is_another",
    "note_law_is_not_gibbs",
    "signals",
    "wells",
]

_QUARTER: Final = Fraction(1, 4)
_POSITIVE: Final = st.integers(1, 12)


@dataclass(frozen=True, slots=True)
class Energies:
    """Landau's coefficients, two temperatures and an order parameter, in quarters; Tc is 1."""

    a: int
    b: int
    temperature: int
    other: int
    order: int

    @property
    def model(self) -> Landau:
        """The coefficients as fractions."""
        return Landau.of(a=self.a * _QUARTER, b=self.b * _QUARTER, critical=Fraction(1))

    def squares(self) -> tuple[Fraction, Fraction]:
        """Return the squares of the minimisers at both temperatures."""
        both = (self.temperature, self.other)
        first, second = (Fraction(minimiser_squared(self.model, t * _QUARTER)) for t in both)
        return first, second


def energies() -> st.SearchStrategy[Energies]:
    """Return temperatures on both sides of the critical one."""
    temperature = st.integers(-4, 12)
    return st.builds(Energies, _POSITIVE, _POSITIVE, temperature, temperature, st.integers(-12, 12))


def minimum_is_elsewhere(case: Energies) -> Violation | None:
    """F(f) >= F at the minimiser, with equality at +- the minimiser alone."""
    t, model = case.temperature * _QUARTER, case.model
    square = case.squares()[0]
    least = model.a * (t - 1) * square + model.b * square * square
    order = case.order * _QUARTER
    found = free_energy(model, order, t)
    flat = not square or 2 * model.a * (t - 1) + 4 * model.b * square == 0
    if flat and (found > least or (found == least and order * order == square)):
        return None
    return Violation(0, {"energy": str(found), "least": str(least), "square": str(square)})


def _gap_within(x2: Fraction, y2: Fraction, most: Fraction) -> bool:
    """Decide (x - y)^2 <= most from the squares of x, y >= 0."""
    over = x2 + y2 - most
    return over <= 0 or over * over <= 4 * x2 * y2


def minimiser_jumps(case: Energies) -> Violation | None:
    """(x - y)^2 <= a |T - T'| / (2 b) for the minimisers at two temperatures."""
    x2, y2 = case.squares()
    most = case.model.a * abs(case.temperature - case.other) * _QUARTER / (2 * case.model.b)
    within = _gap_within(x2, y2, most)
    return None if within else Violation(0, {"squares": f"{x2}, {y2}", "most": str(most)})


def minimiser_moves_faster(case: Energies) -> Violation | None:
    """False neighbour: |x - y| <= a |T - T'| / (2 b)."""
    x2, y2 = case.squares()
    most = case.model.a * abs(case.temperature - case.other) * _QUARTER / (2 * case.model.b)
    within = _gap_within(x2, y2, most * most)
    return None if within else Violation(0, {"squares": f"{x2}, {y2}", "most": str(most)})


@dataclass(frozen=True, slots=True)
class Signals:
    """A controller's settings in quarters, and the signals that it gets, in eighths; Tc is 1."""

    width: int
    step: int
    reach: int
    hot: bool
    signals: tuple[int, ...]

    @property
    def control(self) -> Control:
        """The settings as fractions."""
        return Control.of(
            critical=Fraction(1),
            width=self.width * _QUARTER,
            reach=self.reach * _QUARTER,
            step=self.step * _QUARTER,
            low=Fraction(1, 4),
            high=Fraction(3, 4),
        )


def signals() -> st.SearchStrategy[Signals]:
    """Return signals that may turn round at every tick."""
    seen = st.lists(st.integers(0, 8), max_size=60).map(tuple)
    return st.builds(Signals, _POSITIVE, st.integers(1, 30), st.integers(0, 8), st.booleans(), seen)


def _inside(case: Signals) -> list[int]:
    """Return after each tick for how many ticks in a row the temperature is inside the band."""
    control = case.control
    state, found = control.start(HOT if case.hot else COLD), [0]
    for eighths in case.signals:
        state = next_state(control, state, Fraction(eighths, 8))
        inside = abs(state.temperature - control.critical) < control.width
        found.append(found[-1] + 1 if inside else 0)
    return found


def controller_lingers(case: Signals) -> Violation | None:
    """A crossing is inside the band for few ticks; outside, relaxation is as fast as 2 a w."""
    control, model = case.control, Landau.of(a=Fraction(1), b=Fraction(1), critical=Fraction(1))
    slowest = 2 * control.width
    for away in (control.width, -control.width):
        if relaxation_rate(model, 1 + away) < slowest:
            return Violation(0, {"away": str(away)})
    for tick, count in enumerate(_inside(case)):
        if count > ticks_of_crossing(control):
            return Violation(tick, {"ticks_inside": str(count)})
    return None


def band_is_entered(case: Signals) -> Violation | None:
    """False neighbour: the temperature is never inside the band."""
    for tick, count in enumerate(_inside(case)):
        if count:
            return Violation(tick, {"ticks_inside": str(count)})
    return None


@dataclass(frozen=True, slots=True)
class Wells:
    """A well and a step, in quarters; ``kept`` in thirteenths is what BAOAB leaves of a speed."""

    mass: int
    stiffness: int
    temperature: int
    damping: int
    dt: int
    kept: int

    @property
    def well(self) -> Well:
        """The well as fractions."""
        return Well(
            mass=self.mass * _QUARTER,
            stiffness=self.stiffness * _QUARTER,
            temperature=self.temperature * _QUARTER,
        )


def wells() -> st.SearchStrategy[Wells]:
    """Return wells with steps that are stable, and with some that are not."""
    return st.builds(
        Wells, _POSITIVE, _POSITIVE, _POSITIVE, _POSITIVE, st.integers(1, 12), st.integers(0, 12)
    )


def _told(found: object, wanted: object) -> Violation:
    return Violation(0, {"found": str(found), "wanted": str(wanted)})


def _note(case: Wells) -> tuple[bool, Covariance | None]:
    """Return whether the margin is positive, and the law if the step is stable, by elimination."""
    well, g, h = case.well, case.damping * _QUARTER, case.dt * _QUARTER
    step = note_map(well, damping=g, dt=h)
    stable = bool(is_stable(step))
    margin = 4 * well.mass - 2 * g * h - well.stiffness * h * h
    return margin > 0, stationary_covariance(step) if stable else None


def note_law_is_another(case: Wells) -> Violation | None:
    """The note's update is stable for a positive margin alone; its law is the closed form."""
    positive, law = _note(case)
    closed = note_covariance(case.well, damping=case.damping * _QUARTER, dt=case.dt * _QUARTER) \
        if positive else None  # fmt: skip
    return None if law == closed else _told(law, closed)


def note_law_is_not_gibbs(case: Wells) -> Violation | None:
    """False: the position's variance is T / k."""
    _, law = _note(case)
    wanted = gibbs_covariance(case.well).position
    return None if law is None or law.position == wanted else _told(law.position, wanted)


def _baoab(case: Wells) -> tuple[bool, Covariance | None]:
    step = baoab_map(case.well, kept=Fraction(case.kept, 13), dt=case.dt * _QUARTER)
    short = case.well.stiffness * (case.dt * _QUARTER) ** 2 < 4 * case.well.mass
    return short, stationary_covariance(step) if bool(is_stable(step)) else None


def baoab_law_is_another(case: Wells) -> Violation | None:
    """BAOAB is stable for k h^2 < 4 m alone, and then its position has the Gibbs law."""
    short, law = _baoab(case)
    closed = baoab_covariance(case.well, dt=case.dt * _QUARTER) if short else None
    gibbs = law is None or law.position == gibbs_covariance(case.well).position
    return None if law == closed and gibbs else _told(law, closed)


def baoab_velocity_is_not_gibbs(case: Wells) -> Violation | None:
    """False neighbour: so has its velocity."""
    _, law = _baoab(case)
    wanted = gibbs_covariance(case.well).velocity
    return None if law is None or law.velocity == wanted else _told(law.velocity, wanted)


def force_gives_another_temperature(case: Wells, *, share: int = 1) -> Violation | None:
    """A free particle gets m Var v = 2 T m / (2 m - g h); solved exactly, friction keeps T."""
    well, g, h = case.well, case.damping * _QUARTER, case.dt * _QUARTER
    if not g * h < 2 * well.mass:
        return None
    zero, one = Fraction(0), Fraction(1)
    _, kept = note_step(zero, one, zero, zero, mass=well.mass, damping=g, dt=h)
    _, kicked = note_step(zero, zero, zero, one, mass=well.mass, damping=g, dt=h)
    variance = kicked * kicked * noise_variance(g, well.temperature, h) / (1 - kept * kept) / share
    wanted = 2 * well.temperature / (2 * well.mass - g * h)
    c, gibbs = Fraction(case.kept, 13), gibbs_covariance(well).velocity
    again = c * c * gibbs + kick_variance(c, well.temperature, well.mass)
    return None if variance == wanted and again == gibbs else _told(variance, wanted)
