"""The compiled float sweep: many starts of both systems at once, in float64.

A lane is one system with its start. Lanes lie side by side in memory (structure of
arrays), and every inner loop runs over the lanes of one block, so that LLVM turns it
into vector instructions. The arithmetic is that of ``models.batching.steps`` in the same
order, so a lane equals the reference run on floats bit by bit.

The result is a list of candidates, nothing more: only an exact replay says "witness".
Where both spreads are tiny the comparison of floats is noise, hence the tolerance
relative to the start.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["RELATIVE_TOLERANCE", "first_violations"]

RELATIVE_TOLERANCE: Final = 1e-9
"""A candidate needs G^T < G^S by this share of the largest entry of the start."""

_LANES: Final = 64
"""Lanes of one block: state and weights of 12 stages then fit the first-level cache."""


def _kernel(
    weights: Any,
    capacity: float,
    starts: Any,
    step_count: int,
    tolerances: Any,
    first: Any,
    margin: Any,
) -> None:
    # Stages live in a ring: a step moves the head back by one slot instead of copying
    # every stage. Each loop over lanes touches few arrays, because LLVM gives up on
    # vectors when it would have to compare too many pointers for overlap.
    stage_count, lane_count = weights.shape
    w = np.empty((stage_count, _LANES))
    theory = np.empty((stage_count, _LANES))
    simulation = np.empty((stage_count, _LANES))
    rest_t, rest_s = np.empty(_LANES), np.empty(_LANES)
    high_t, low_t = np.empty(_LANES), np.empty(_LANES)
    high_s, low_s = np.empty(_LANES), np.empty(_LANES)
    found, worst = np.empty(_LANES, np.int64), np.empty(_LANES)
    tolerance = np.empty(_LANES)
    for base in range(0, lane_count, _LANES):
        for j in range(_LANES):
            lane = min(base + j, lane_count - 1)
            for s in range(stage_count):
                w[s, j] = weights[s, lane]
                theory[s, j] = starts[s, lane]
                simulation[s, j] = starts[s, lane]
            tolerance[j] = tolerances[lane]
            found[j] = 0
            worst[j] = np.inf
        head = 0
        for t in range(1, step_count + 1):
            head = head - 1 if head > 0 else stage_count - 1
            for j in range(_LANES):
                rest_t[j] = capacity
                rest_s[j] = capacity
            for j in range(_LANES):
                high_t[j] = -np.inf
                low_t[j] = np.inf
            for j in range(_LANES):
                high_s[j] = -np.inf
                low_s[j] = np.inf
            for s in range(stage_count - 1, 0, -1):
                slot = head + s
                if slot >= stage_count:
                    slot -= stage_count
                for j in range(_LANES):
                    rest_t[j] = rest_t[j] - w[s, j] * theory[slot, j]
                for j in range(_LANES):
                    x = theory[slot, j]
                    high_t[j] = x if x > high_t[j] else high_t[j]
                    low_t[j] = x if x < low_t[j] else low_t[j]
                for j in range(_LANES):
                    y = simulation[slot, j]
                    weight = w[s, j]
                    rest = rest_s[j]
                    tokens = weight * y
                    share = rest / weight
                    simulation[slot, j] = y if tokens <= rest else share
                    rest_s[j] = rest - tokens if tokens <= rest else 0.0
                for j in range(_LANES):
                    y = simulation[slot, j]
                    high_s[j] = y if y > high_s[j] else high_s[j]
                    low_s[j] = y if y < low_s[j] else low_s[j]
            for j in range(_LANES):
                theory[head, j] = rest_t[j] / w[0, j]
            for j in range(_LANES):
                simulation[head, j] = rest_s[j] / w[0, j]
            for j in range(_LANES):
                x = theory[head, j]
                high_t[j] = x if x > high_t[j] else high_t[j]
                low_t[j] = x if x < low_t[j] else low_t[j]
            for j in range(_LANES):
                y = simulation[head, j]
                high_s[j] = y if y > high_s[j] else high_s[j]
                low_s[j] = y if y < low_s[j] else low_s[j]
            for j in range(_LANES):
                rest_t[j] = (high_t[j] - low_t[j]) - (high_s[j] - low_s[j])
            for j in range(_LANES):
                worst[j] = rest_t[j] if rest_t[j] < worst[j] else worst[j]
            for j in range(_LANES):
                here = rest_t[j] < -tolerance[j]
                found[j] = t if here and found[j] == 0 else found[j]
        for j in range(min(_LANES, lane_count - base)):
            first[base + j] = found[j]
            margin[base + j] = worst[j]


@cache
def _compiled() -> Callable[..., None]:
    import numba

    options = {"nogil": True, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(_kernel)  # type: ignore[no-any-return]
    except RuntimeError:
        # numba finds no folder that it may write: compile again in each process instead.
        return numba.njit(**options)(_kernel)  # type: ignore[no-any-return]


def first_violations(
    weights: NDArray[np.float64],
    capacity: float,
    starts: NDArray[np.float64],
    step_count: int,
    *,
    relative_tolerance: float = RELATIVE_TOLERANCE,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return where G^T < G^S first, by lane, and the smallest G^T - G^S.

    Cost: O(steps * stages) a lane, about 10 ns a paired step of 5 stages on one core.

    Args:
        weights: W_s, shape (stages, lanes).
        capacity: B in tokens.
        starts: M_s(0), shape (stages, lanes).
        step_count: Steps to run, >= 0.
        relative_tolerance: Share of a start's largest entry that G^T must fall below
            G^S to count.

    Returns:
        The first such step of each lane, 0 where there is none, and the smallest
        G^T - G^S over steps 1 .. step_count (inf without steps).
    """
    lane_count = weights.shape[1]
    first = np.zeros(lane_count, np.int64)
    margin = np.full(lane_count, np.inf)
    if lane_count and step_count:
        tolerances = relative_tolerance * starts.max(axis=0)
        arrays = (np.ascontiguousarray(weights), float(capacity), np.ascontiguousarray(starts))
        _compiled()(*arrays, step_count, tolerances, first, margin)
    return first, margin
