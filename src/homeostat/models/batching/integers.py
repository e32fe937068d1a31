"""Simulation with whole requests: what an engine of B tokens does on the two-type workload.

Simulation (note 003, section 3) moves real amounts; here everything is counted. Requests are
numbered in the order of their first admission, and the n-th is of the long type B exactly if
floor(n q) > floor((n-1) q): of any run of numbers, a share q up to less than one request is of
type B. A step takes every request one stage on; those that have ended leave; the last admitted of
the lowest stage are evicted first, one whole request after the other, until the rest fits. A step
that evicts admits nobody. Else all that fit are admitted, and the first that does not fit holds
up the others.

What becomes of the evicted makes two systems. In ``integer_step`` they are gone, as in Simulation,
and fresh requests take their place. In ``recompute_step`` they wait with their stage, and come
back to it before any fresh request, the lowest number first.

Notation, beside that of ``steps``
    V_s = l0 + s + 1: tokens of a request at stage s; k: requests; n: number of a request.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

from homeostat.errors import InvalidModelError
from homeostat.models.batching.parameters import BatchingParameters

__all__ = [
    "Cohort",
    "IntegerState",
    "integer_start",
    "integer_step",
    "is_long",
    "merged_counts",
    "recompute_step",
]


@dataclass(frozen=True, slots=True)
class Cohort:
    """The requests of ``count`` numbers in turn, after the first ``before``, all at one stage.

    From stage l_A on only those of type B are left, and ``count`` counts them alone.
    """

    stage: int
    before: int
    count: int


_Line: TypeAlias = tuple[Cohort, ...]


@dataclass(frozen=True, slots=True)
class IntegerState:
    """Who runs, who waits after an eviction, and how many were admitted so far.

    Attributes:
        running: From the last to be evicted to the first.
        waiting: By number.
        admitted: Requests, each counted once.
    """

    running: _Line
    waiting: _Line
    admitted: int

    def counts(self, parameters: BatchingParameters) -> tuple[int, ...]:
        """Return the running requests at the stages 0 .. l_B - 1."""
        counts = [0] * parameters.l_b
        for cohort in self.running:
            counts[cohort.stage] += cohort.count
        return tuple(counts)


def _long_until(q: Fraction, n: int) -> int:
    """Return how many of the first n requests are of type B: floor(n q)."""
    return n * q.numerator // q.denominator


def is_long(q: Fraction, n: int) -> bool:
    """Return whether the n-th request, n >= 1, is of type B."""
    return _long_until(q, n) > _long_until(q, n - 1)


def _integers(parameters: BatchingParameters) -> tuple[int, int]:
    l0, capacity = parameters.l0, parameters.capacity
    if l0.denominator != 1 or capacity.denominator != 1:
        raise InvalidModelError(f"l0={l0} and capacity={capacity} must be integers")
    return l0.numerator, capacity.numerator


def integer_start(parameters: BatchingParameters) -> IntegerState:
    """Return the memory filled with fresh requests, as many as fit.

    Raises:
        InvalidModelError: l0 or the capacity is not an integer.
    """
    l0, capacity = _integers(parameters)
    count = capacity // (l0 + 1)
    return IntegerState((Cohort(0, 0, count),) if count else (), (), count)


def integer_step(parameters: BatchingParameters, state: IntegerState) -> IntegerState:
    """Return the next state where the evicted are gone.

    Raises:
        InvalidModelError: l0 or the capacity is not an integer.
    """
    return replace(recompute_step(parameters, state), waiting=())


def recompute_step(parameters: BatchingParameters, state: IntegerState) -> IntegerState:
    """Return the next state where the evicted wait: advance, finish, evict, else admit.

    Raises:
        InvalidModelError: l0 or the capacity is not an integer.
    """
    l0, capacity = _integers(parameters)
    kept, evicted, rest = _in_turn(parameters, _advanced(parameters, state.running), capacity)
    if evicted:
        line = sorted((*state.waiting, *evicted), key=lambda cohort: cohort.before)
        return IntegerState(kept, tuple(line), state.admitted)
    back, waiting, rest = _in_turn(parameters, state.waiting, rest)
    count = 0 if waiting else rest // (l0 + 1)
    fresh = (Cohort(0, state.admitted, count),) if count else ()
    # A stable sort: of one stage, those that came back were admitted last.
    running = sorted((*kept, *back, *fresh), key=lambda cohort: -cohort.stage)
    return IntegerState(tuple(running), waiting, state.admitted + count)


def _advanced(parameters: BatchingParameters, running: Sequence[Cohort]) -> Iterator[Cohort]:
    """Yield all one stage on; at l_A those of type A have ended, at l_B those of type B."""
    for cohort in running:
        stage, before, count = cohort.stage + 1, cohort.before, cohort.count
        if stage == parameters.l_a:
            count = _long_until(parameters.q, before + count) - _long_until(parameters.q, before)
        if stage < parameters.l_b and count:
            yield Cohort(stage, before, count)


def _in_turn(
    parameters: BatchingParameters, line: Iterator[Cohort] | _Line, tokens: int
) -> tuple[_Line, _Line, int]:
    """Return those that fit in turn, those from the first on that does not, and tokens left."""
    fitting: list[Cohort] = []
    others: list[Cohort] = []
    l0 = parameters.l0.numerator
    for cohort in line:
        size = l0 + cohort.stage + 1
        count = 0 if others else min(cohort.count, tokens // size)
        tokens -= count * size
        if count:
            fitting.append(Cohort(cohort.stage, cohort.before, count))
        if count < cohort.count:
            others.append(_without_first(parameters, cohort, count))
    return tuple(fitting), tuple(others), tokens


def _without_first(parameters: BatchingParameters, cohort: Cohort, count: int) -> Cohort:
    before = cohort.before + count
    if count and cohort.stage >= parameters.l_a:
        # The number n of the last one left out: the least with floor(n q) long ones until it.
        long, q = _long_until(parameters.q, cohort.before) + count, parameters.q
        before = -(-long * q.denominator // q.numerator)
    return Cohort(cohort.stage, before, cohort.count - count)


def merged_counts(parameters: BatchingParameters, state: IntegerState) -> tuple[Fraction, ...]:
    """Return the merged state of section 2.3: requests, those of type B alone divided by q."""
    counts = [Fraction(count) for count in state.counts(parameters)]
    return tuple(
        count if s < parameters.l_a else count / parameters.q for s, count in enumerate(counts)
    )
