"""Float64 candidates for built-in conjectures: many points of a space at once.

G-dominance runs through the compiled sweep; every other conjecture of comparisons runs
the models' own steps on NumPy arrays, one entry a point.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from homeostat.counterexamples.conjectures import Comparison, Conjecture
from homeostat.counterexamples.observing import Lockstep, comparison_sides
from homeostat.counterexamples.space import Shares
from homeostat.counterexamples.sweep import RELATIVE_TOLERANCE, first_violations
from homeostat.models.batching import BatchingParameters

__all__ = ["Lanes", "NotedSteps", "candidate_steps"]

_SPREAD: Final[tuple[Comparison, ...]] = (("spread_theory", "<", "spread_simulation"),)
_BLOCK: Final = 8192


class Lanes(NamedTuple):
    """Points with the same number of stages, as arrays; one column a point."""

    l0: NDArray[np.float64]
    weights: NDArray[np.float64]
    starts: NDArray[np.float64]
    capacity: float

    @classmethod
    def of(
        cls, systems: Sequence[BatchingParameters], shares: Sequence[Sequence[Shares]]
    ) -> "Lanes":
        """Return one lane for each system and each of its shares, in that order."""
        counts = [len(own) for own in shares]
        weights = np.array([[float(w) for w in system.weights] for system in systems]).T
        weights = np.repeat(weights, counts, axis=1)
        units = np.array([k for own in shares for k in own], np.float64).T
        capacity = float(systems[0].capacity)
        starts = capacity * units / units.sum(axis=0) / weights
        l0 = np.repeat([float(system.l0) for system in systems], counts)
        return cls(l0, weights, starts, capacity)


class NotedSteps(NamedTuple):
    """By lane: the first candidate step (-1 if none), and the margin over all steps.

    The margin is relative to the start's largest entry; the smaller, the closer to a
    violation.
    """

    first: NDArray[np.int64]
    margin: NDArray[np.float64]


def candidate_steps(conjecture: Conjecture, lanes: Lanes, step_max: int) -> NotedSteps:
    """Return where floats say that a conjecture is first violated; proposals only."""
    scale = lanes.starts.max(axis=0)
    if conjecture.violated_when == _SPREAD:
        found, gap = first_violations(lanes.weights, lanes.capacity, lanes.starts, step_max)
        return NotedSteps(np.where(found > 0, found, -1), gap / scale)
    parts = [
        _numpy_block(conjecture, lanes, slice(base, base + _BLOCK), step_max)
        for base in range(0, len(lanes.l0), _BLOCK)
    ]
    return NotedSteps(
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.margin for part in parts]),
    )


def _excess(
    left: NDArray[np.float64], sign: str, right: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how far a comparison is from holding; negative where it holds with room."""
    difference = left - right
    if sign in ("<", "<="):
        return difference
    if sign in (">", ">="):
        return -difference
    return np.abs(difference) if sign == "==" else -np.abs(difference)


def _numpy_block(conjecture: Conjecture, lanes: Lanes, block: slice, step_max: int) -> NotedSteps:
    l0, weights, starts = lanes.l0[block], lanes.weights[:, block], lanes.starts[:, block]
    scale = starts.max(axis=0)
    run = Lockstep(l0, list(weights), lanes.capacity, list(starts))
    first = np.full(len(l0), -1)
    margin = np.full(len(l0), np.inf)
    # An unstable Theory may leave the range of floats; such lanes propose nothing.
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(step_max + 1):
            here = np.full(len(l0), -np.inf)
            holds = np.full(len(l0), fill_value=True)
            for left, sign, right in comparison_sides(
                conjecture, run, lambda text: float(Fraction(text))
            ):
                excess = _excess(np.asarray(left), sign, np.asarray(right)) / scale
                strict = sign in ("<", ">", "!=")
                holds &= excess < -RELATIVE_TOLERANCE if strict else excess <= RELATIVE_TOLERANCE
                here = np.maximum(here, excess)
            first = np.where(holds & (first < 0), t, first)
            margin = np.fmin(margin, here)
            if t < step_max:
                run.advance()
    return NotedSteps(first, margin)
