"""Readings of note 003: the trajectories of its two data sets, as stated and otherwise.

The definition is the first reading: exact fractions, t = 1 .. steps, and a stage that
crosses the capacity keeps the same share of both types (section 3.3). The others are
what a reader may suspect behind a figure that does not reproduce: another window of steps,
the other choice among tied stages, float64 arithmetic, and a crossing stage that is filled
by one type before the other.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, TypeAlias

from homeostat.models.batching import (
    BatchingParameters,
    DataSet,
    Pair,
    State,
    TypedState,
    canonical_start,
    evictions,
    merge,
    simulation_step,
    split,
    theory_step,
)
from homeostat.models.numbers import Number

__all__ = ["READINGS", "STATED", "Run"]

States: TypeAlias = tuple[tuple[Number, ...], ...]
"""Merged states at t = 0 .. steps."""


@dataclass(frozen=True, slots=True)
class Run:
    """Both trajectories of one data set under one reading of the note.

    Attributes:
        parameters: The system.
        theory, simulation: States at t = 0 .. steps.
        evicted: Merged amounts evicted at each stage in the step to t; zeros at 0.
        window: The steps that are counted.
        last_tie: Whether a tie goes to the highest stage instead of the lowest.
    """

    parameters: BatchingParameters
    theory: States
    simulation: States
    evicted: States
    window: range
    last_tie: bool = False

    def _stage(self, t: int, extreme: Callable[[Iterable[Number]], Number]) -> int:
        state = self.simulation[t]
        tied = [s for s, m in enumerate(state) if m == extreme(state)]
        return tied[-1] if self.last_tie else tied[0]

    def peak(self, t: int) -> int:
        """Return m: the stage where Simulation is largest."""
        return self._stage(t, max)

    def delta(self, t: int, stage: int) -> Number:
        """Return D at one stage."""
        return self.theory[t][stage] - self.simulation[t][stage]

    def delta_at_peak(self, t: int) -> Number:
        """Return D at the stage where Simulation is largest."""
        return self.delta(t, self.peak(t))

    def delta_at_trough(self, t: int) -> Number:
        """Return D at the stage where Simulation is smallest."""
        return self.delta(t, self._stage(t, min))


def _counted(data_set: DataSet) -> range:
    return range(1, data_set.step_count + 1)


def _stated(data_set: DataSet) -> Run:
    pair = Pair.run(data_set.parameters, step_count=data_set.step_count)
    return Run(data_set.parameters, pair.theory, pair.simulation, pair.evicted, _counted(data_set))


def _from_start(data_set: DataSet) -> Run:
    return replace(_stated(data_set), window=range(data_set.step_count))


def _last_tie(data_set: DataSet) -> Run:
    return replace(_stated(data_set), last_tie=True)


def _float64(data_set: DataSet) -> Run:
    parameters = data_set.parameters
    weights, capacity = tuple(map(float, parameters.weights)), float(parameters.capacity)
    theory: list[tuple[Number, ...]] = [tuple(map(float, canonical_start(parameters)))]
    simulation, evicted = theory[:], [tuple(0.0 for _ in weights)]
    for _ in range(data_set.step_count):
        theory.append(theory_step(weights, capacity, theory[-1]))
        simulation.append(simulation_step(weights, capacity, simulation[-1]))
        evicted.append(evictions(simulation[-2], simulation[-1]))
    return Run(parameters, tuple(theory), tuple(simulation), tuple(evicted), _counted(data_set))


def _one_type_first(
    parameters: BatchingParameters, state: TypedState, first: int
) -> tuple[TypedState, State]:
    """Return Simulation's next state, and the merged amounts evicted on the way.

    A stage is filled by one type before the other. The note's words say "in proportion",
    but the sketch of its code (section 9.2) fills a stage type by type.

    Args:
        parameters: The system.
        state: Both types, non-negative.
        first: 0 when type A is kept before type B, 1 for the reverse.
    """
    rest = parameters.capacity
    kept: tuple[list[Fraction], list[Fraction]] = ([], [])
    lost: tuple[list[Fraction], list[Fraction]] = ([], [])
    for s in range(parameters.l_b - 1, 0, -1):
        length = parameters.l0 + s + 1
        for kind in (first, 1 - first):
            if s < len(state[kind]):
                amount = min(state[kind][s - 1], rest / length)
                kept[kind].append(amount)
                lost[kind].append(state[kind][s - 1] - amount)
                rest -= length * amount
    admitted = rest / (parameters.l0 + 1)
    a, b = (tuple(reversed(part)) for part in kept)
    lost_a, lost_b = ((Fraction(0), *reversed(part)) for part in lost)
    following = (parameters.p * admitted, *a), (parameters.q * admitted, *b)
    return following, merge(parameters.q, (lost_a, lost_b))


def _typed_order(first: int) -> Callable[[DataSet], Run]:
    def run(data_set: DataSet) -> Run:
        parameters, stated = data_set.parameters, _stated(data_set)
        typed = split(parameters.q, parameters.l_a, stated.theory[0])
        simulation, evicted = [stated.theory[0]], [stated.evicted[0]]
        for _ in range(data_set.step_count):
            typed, lost = _one_type_first(parameters, typed, first)
            simulation.append(merge(parameters.q, typed))
            evicted.append(lost)
        return replace(stated, simulation=tuple(simulation), evicted=tuple(evicted))

    return run


STATED: Final = "stated"
READINGS: Final[Mapping[str, tuple[str, Callable[[DataSet], Run]]]] = {
    STATED: ("as stated: exact, t = 1 .. steps, lowest tied stage", _stated),
    "from_start": ("the window t = 0 .. steps-1, the shared start counted", _from_start),
    "last_tie": ("the highest of tied stages instead of the lowest", _last_tie),
    "float64": ("float64 arithmetic instead of exact fractions", _float64),
    "type_a_first": ("a stage keeps type A before type B, not in proportion", _typed_order(0)),
    "type_b_first": ("a stage keeps type B before type A, not in proportion", _typed_order(1)),
}
"""Name -> (what it is, how to run a data set under it). The first is the definition."""
