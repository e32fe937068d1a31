"""Cases and properties of the suite ``governor`` that speak of barriers and of their filter.

Notation, as in ``models.barrier``
    x, v, u: position, velocity, input; L: limit; h: step; k1, k2: gains; w: noise; W: margin.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from hypothesis import strategies as st

from homeostat.models.barrier import (
    allowed_acceleration,
    braking_filter,
    braking_headroom,
    chain_value,
    euler_step,
    filtered,
    headroom,
    within,
)
from homeostat.properties.results import Violation
from homeostat.runtime.governor.nearest_input import at_most
from homeostat.runtime.governor.safety_filter import SafetyFilter, Status

__all__ = [
    "BrakingCase",
    "PlantCase",
    "RunCase",
    "a_barrier_is_left",
    "braking_runs",
    "continuous_braking_is_too_late",
    "no_room_to_brake",
    "plants_inside",
    "plants_outside",
    "runs_from_outside",
    "runs_of_any_kind",
    "runs_with_a_large_first_gain",
    "runs_with_a_large_second_gain",
    "runs_with_bounded_noise",
    "runs_with_limited_inputs",
    "runs_with_unbounded_noise",
    "short_runs",
    "the_filter_asks_for_too_much",
    "the_limit_is_passed",
    "the_plant_passes_its_limit",
    "the_runtime_decides_otherwise",
]

_PARTS: Final = 8
"""Numbers are drawn in eighths."""
_INTEGRATION: Final = 1e-6
"""What steps of a Runge-Kutta scheme may be off by."""


def _eighths(x: int) -> Fraction:
    return Fraction(x, _PARTS)


@dataclass(frozen=True, slots=True)
class RunCase:
    """A run of filtered Euler steps to the limit 0; all numbers in eighths.

    Attributes:
        step: h.
        gains: h k1 and h k2.
        start: psi_0 and psi_1.
        wanted: The input that is asked for, at each step.
        noise: Of each step.
        margin: Of the filter.
        input_max: What the input is cut to; 0 for no limit.
    """

    step: int
    gains: tuple[int, int]
    start: tuple[int, int]
    wanted: tuple[int, ...]
    noise: tuple[int, ...]
    margin: int
    input_max: int

    @property
    def filter(self) -> dict[str, Any]:
        """What the model's text of the filter is given."""
        h = _eighths(self.step)
        first, second = (_eighths(k) / h for k in self.gains)
        return {"limit": Fraction(0), "gains": (first, second), "margin": _eighths(self.margin)}

    def states(self) -> Iterator[tuple[Fraction, Fraction, Fraction]]:
        """Yield psi_0, psi_1 and what the filter allows, before each step and after the last."""
        h, first = _eighths(self.step), self.filter["gains"][0]
        room, above = map(_eighths, self.start)
        x, v = -room, first * room - above
        for asked, w in zip((*self.wanted, 0), (*self.noise, 0), strict=True):
            allowed = allowed_acceleration(x, v, **self.filter)
            psi = headroom(x, Fraction(0)), chain_value(x, v, limit=Fraction(0), first_gain=first)
            yield *psi, allowed
            u = filtered(_eighths(asked), allowed)
            u = within(u, _eighths(self.input_max)) if self.input_max else u
            x, v = euler_step(x, v, u, step=h, noise=_eighths(w))


def _runs(
    *, first: tuple[int, int] = (0, 8), second: tuple[int, int] = (0, 8), noise: int = 0,
    margin: int = 0, above: tuple[int, int] = (0, 40), limited: bool = False,
) -> st.SearchStrategy[RunCase]:  # fmt: skip
    """Return runs with gains, noise and starts in ranges; all in eighths."""

    def of(count: int) -> st.SearchStrategy[RunCase]:
        each = st.tuples(*[st.integers(-80, 80)] * count)
        return st.builds(
            RunCase,
            st.integers(1, 24),
            st.tuples(st.integers(*first), st.integers(*second)),
            st.tuples(st.integers(0, 40), st.integers(*above)),
            each,
            st.tuples(*[st.integers(-noise, noise)] * count),
            st.just(margin),
            st.integers(1, 8) if limited else st.just(0),
        )

    return st.integers(2, 8).flatmap(of)


def short_runs() -> st.SearchStrategy[RunCase]:
    """Return runs with h k1 <= 1 and h k2 <= 1, without noise."""
    return _runs()


def runs_with_a_large_first_gain() -> st.SearchStrategy[RunCase]:
    """Return runs with h k1 > 1."""
    return _runs(first=(9, 24))


def runs_with_a_large_second_gain() -> st.SearchStrategy[RunCase]:
    """Return runs with h k2 > 1."""
    return _runs(second=(9, 24))


def runs_with_bounded_noise() -> st.SearchStrategy[RunCase]:
    """Return runs with noise up to the margin."""
    return _runs(noise=16, margin=16)


def runs_with_unbounded_noise() -> st.SearchStrategy[RunCase]:
    """Return runs with noise beyond the margin, which Gaussian noise is with some chance."""
    return _runs(noise=64, margin=16)


def runs_from_outside() -> st.SearchStrategy[RunCase]:
    """Return runs from psi_1 < 0."""
    return _runs(above=(-40, -1))


def runs_with_limited_inputs() -> st.SearchStrategy[RunCase]:
    """Return runs whose inputs are cut."""
    return _runs(limited=True)


def runs_of_any_kind() -> st.SearchStrategy[RunCase]:
    """Return runs with limited inputs, or with a margin."""
    return _runs(limited=True) | _runs(margin=8)


def a_barrier_is_left(case: RunCase) -> Violation | None:
    """psi_0 and psi_1 stay >= 0."""
    for t, (room, above, _) in enumerate(case.states()):
        if room < 0 or above < 0:
            return Violation(t, {"room": str(room), "chain": str(above)})
    return None


def the_limit_is_passed(case: RunCase) -> Violation | None:
    """psi_0 stays >= 0."""
    for t, (room, above, _) in enumerate(case.states()):
        if room < 0:
            return Violation(t, {"room": str(room), "chain": str(above)})
    return None


def the_filter_asks_for_too_much(case: RunCase) -> Violation | None:
    """False: what the filter asks for is never below the hardest braking."""
    for t, (*_, allowed) in enumerate(case.states()):
        if allowed < -_eighths(case.input_max):
            return Violation(t, {"allowed": str(allowed)})
    return None


@dataclass(frozen=True, slots=True)
class BrakingCase:
    """A run up to the limit 0 that keeps its braking distance; all numbers in eighths.

    Attributes:
        step: h.
        input_max: u.
        spare: What room to the limit there is besides the braking distance.
        velocity: At the start.
        wanted: At each step.
    """

    step: int
    input_max: int
    spare: int
    velocity: int
    wanted: tuple[int, ...]

    def rooms(self, *, lead: bool) -> Iterator[tuple[Fraction, Fraction]]:
        """Yield L - x and its rest beside the braking distance, before each step and at the end.

        Args:
            lead: Whether that distance is that of steps; else that of continuous time, which is
                what steps take from a velocity lower by h u / 2.
        """
        h, hardest = _eighths(self.step), _eighths(self.input_max)
        limits = {"limit": Fraction(0), "input_max": hardest, "step": h}
        lower = 0 if lead else h * hardest / 2

        def rest(x: Fraction, v: Fraction) -> Fraction:
            return Fraction(braking_headroom(x, v - lower, **limits))

        def chosen(x: Fraction, v: Fraction, asked: Fraction) -> Fraction:
            if lead:
                return Fraction(braking_filter(x, v, asked, **limits))
            u = Fraction(within(asked, hardest))
            return u if rest(*euler_step(x, v, u, step=h)) >= 0 else -hardest

        v = _eighths(self.velocity)
        x = rest(Fraction(0), v) - _eighths(self.spare)
        for asked in (*self.wanted, 0):
            yield headroom(x, Fraction(0)), rest(x, v)
            x, v = euler_step(x, v, chosen(x, v, _eighths(asked)), step=h)


def braking_runs() -> st.SearchStrategy[BrakingCase]:
    """Return runs that keep a braking distance."""
    wanted = st.lists(st.integers(-40, 40), min_size=1, max_size=10).map(tuple)
    return st.builds(
        BrakingCase,
        st.integers(1, 16),
        st.integers(1, 16),
        st.integers(0, 40),
        st.integers(-40, 40),
        wanted,
    )


def no_room_to_brake(case: BrakingCase) -> Violation | None:
    """The braking distance stays free, and the limit is kept."""
    for t, (room, rest) in enumerate(case.rooms(lead=True)):
        if room < 0 or rest < 0:
            return Violation(t, {"room": str(room), "rest": str(rest)})
    return None


def continuous_braking_is_too_late(case: BrakingCase) -> Violation | None:
    """False: the limit is kept by the braking distance of continuous time."""
    for t, (room, rest) in enumerate(case.rooms(lead=False)):
        if room < 0:
            return Violation(t, {"room": str(room), "rest": str(rest)})
    return None


@dataclass(frozen=True, slots=True)
class PlantCase:
    """m v' = -f x - g v + u to the limit 0, filtered at all times; numbers in eighths.

    Attributes:
        mass: m.
        friction: g.
        force: f.
        gains: k1, k2.
        start: psi_0 and psi_1.
        wanted: The input that is asked for.
    """

    mass: int
    friction: int
    force: int
    gains: tuple[int, int]
    start: tuple[int, int]
    wanted: int

    def rooms(self) -> Iterator[float]:
        """Yield L - x along a Runge-Kutta run of four time units."""
        mass, friction, force, first, second, room, above, wanted = (
            x / _PARTS
            for x in (self.mass, self.friction, self.force, *self.gains, *self.start, self.wanted)
        )

        def slope(x: float, v: float) -> tuple[float, float]:
            # m times the allowed acceleration, and the input that does away with the rest.
            bound = allowed_acceleration(x, v, limit=0.0, gains=(first, second))
            u = filtered(wanted, mass * bound + force * x + friction * v)
            return v, (u - force * x - friction * v) / mass

        x, v, dt = -room, first * room - above, 1 / 64
        for _ in range(256):
            yield headroom(x, 0.0)
            a = slope(x, v)
            b = slope(x + dt / 2 * a[0], v + dt / 2 * a[1])
            c = slope(x + dt / 2 * b[0], v + dt / 2 * b[1])
            d = slope(x + dt * c[0], v + dt * c[1])
            x += dt / 6 * (a[0] + 2 * b[0] + 2 * c[0] + d[0])
            v += dt / 6 * (a[1] + 2 * b[1] + 2 * c[1] + d[1])


def _plants(above: tuple[int, int]) -> st.SearchStrategy[PlantCase]:
    """Return plants with psi_1 in a range, in eighths."""
    return st.builds(
        PlantCase,
        st.integers(4, 40),
        st.integers(0, 16),
        st.integers(-8, 8),
        st.tuples(st.integers(1, 16), st.integers(1, 16)),
        st.tuples(st.integers(0, 24), st.integers(*above)),
        st.integers(-80, 80),
    )


def plants_inside() -> st.SearchStrategy[PlantCase]:
    """Return plants from psi_1 >= 0."""
    return _plants((0, 24))


def plants_outside() -> st.SearchStrategy[PlantCase]:
    """Return plants from psi_1 < 0."""
    return _plants((-24, -1))


def the_plant_passes_its_limit(case: PlantCase) -> Violation | None:
    """The limit is kept, up to the error of the integration."""
    for t, room in enumerate(case.rooms()):
        if room < -_INTEGRATION:
            return Violation(t, {"room": str(room)})
    return None


def the_runtime_decides_otherwise(case: RunCase) -> Violation | None:
    """The runtime's closed form is the model's, rounded down, and says when it cannot be met."""
    h = case.step / _PARTS
    first, second = (at_most(gain) for gain in case.filter["gains"])
    hardest = case.input_max / _PARTS if case.input_max else None
    own = SafetyFilter(
        gains=(first, second), step=h, margin=case.margin / _PARTS, input_max=hardest
    )
    x, v, wanted = -case.start[0] / 7, case.start[1] / 5, case.wanted[0] / 3
    exact = allowed_acceleration(
        Fraction(x),
        Fraction(v),
        limit=Fraction(0),
        gains=(Fraction(first), Fraction(second)),
        margin=_eighths(case.margin),
    )
    chosen = filtered(Fraction(wanted), exact)
    chosen = within(chosen, Fraction(hardest)) if hardest else chosen
    found = own.allow(x, v, wanted, limit=0.0)
    (u,) = found.inputs
    near = chosen - abs(chosen) / 2**52 - Fraction(1, 2**1000) <= Fraction(u) <= chosen
    told = (found.status is Status.INFEASIBLE) == (chosen > exact) == (not found.safe)
    if near and told and found.violation == Fraction(u) - exact:
        return None
    return Violation(0, {"input": str(u), "chosen": str(chosen), "status": found.status.value})
