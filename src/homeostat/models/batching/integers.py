"""Simulation with whole requests: what an engine of B tokens does on the two-type workload.

Simulation (note 003, section 3) moves real amounts; here everything is counted. Requests are
numbered in the order of admission, and the n-th is of the long type B exactly if
floor(n q) > floor((n-1) q): of any run of admissions in turn, a share q up to less than one
request is of type B. The requests of one stage were admitted in one step, so they are known by
the number of the first and by how many are left: evictions take the last admitted of the lowest
stage first, one whole request after the other, until the rest fits. A step that evicts admits
nobody; else all that fit are admitted.

Notation, beside that of ``steps``
    V_s = l0 + s + 1: tokens of a request at stage s; k: requests; n: number of an admission.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from homeostat.errors import InvalidModelError
from homeostat.models.batching.parameters import BatchingParameters

__all__ = ["Cohort", "IntegerState", "integer_start", "integer_step", "is_long", "merged_counts"]


@dataclass(frozen=True, slots=True)
class Cohort:
    """The requests of one stage: those of ``count`` admissions in turn, after ``before`` others.

    From stage l_A on only those of type B are left, and ``count`` counts them alone.
    """

    before: int
    count: int


@dataclass(frozen=True, slots=True)
class IntegerState:
    """Cohorts at the stages 0 .. l_B - 1, and how many requests were admitted so far."""

    cohorts: tuple[Cohort, ...]
    admitted: int

    @property
    def counts(self) -> tuple[int, ...]:
        """Requests at each stage."""
        return tuple(cohort.count for cohort in self.cohorts)


def _long_until(q: Fraction, n: int) -> int:
    """Return how many of the first n admissions are of type B: floor(n q)."""
    return n * q.numerator // q.denominator


def is_long(q: Fraction, n: int) -> bool:
    """Return whether the n-th admission, n >= 1, is of type B."""
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
    fresh = Cohort(0, capacity // (l0 + 1))
    empty = (Cohort(0, 0),) * (parameters.l_b - 1)
    return IntegerState((fresh, *empty), fresh.count)


def integer_step(parameters: BatchingParameters, state: IntegerState) -> IntegerState:
    """Return the next state: advance, finish, evict, and admit if nobody was evicted.

    Raises:
        InvalidModelError: l0 or the capacity is not an integer.
    """
    l0, rest = _integers(parameters)
    advanced = _advance(parameters, state.cohorts)
    kept: list[Cohort] = []
    evicting = False
    for s in range(parameters.l_b - 1, 0, -1):
        cohort = advanced[s - 1]
        fitting = 0 if evicting else min(cohort.count, rest // (l0 + s + 1))
        evicting = evicting or fitting < cohort.count
        kept.append(Cohort(cohort.before, fitting))
        rest -= fitting * (l0 + s + 1)
    fresh = Cohort(state.admitted, 0 if evicting else rest // (l0 + 1))
    return IntegerState((fresh, *kept[::-1]), state.admitted + fresh.count)


def _advance(parameters: BatchingParameters, cohorts: Sequence[Cohort]) -> list[Cohort]:
    """Return who goes on to the stages 1 .. l_B - 1; at l_A those of type A have finished."""
    advanced = list(cohorts[:-1])
    last = advanced[parameters.l_a - 1]
    until, before = last.before + last.count, last.before
    long = _long_until(parameters.q, until) - _long_until(parameters.q, before)
    advanced[parameters.l_a - 1] = Cohort(before, long)
    return advanced


def merged_counts(parameters: BatchingParameters, state: IntegerState) -> tuple[Fraction, ...]:
    """Return the merged state of section 2.3: requests, those of type B alone divided by q."""
    counts = [Fraction(count) for count in state.counts]
    return tuple(
        count if s < parameters.l_a else count / parameters.q for s, count in enumerate(counts)
    )
