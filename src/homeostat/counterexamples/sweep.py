"""The compiled float sweep: many starts of both systems at once, in float64.

A lane is one system with its start. Lanes lie side by side in memory (structure of
arrays), and every inner loop runs over the lanes of one block, so that LLVM turns it
into vector instructions. The arithmetic is that of ``models.batching.steps`` in the same
order, so a lane equals the reference run on floats bit by bit.

The result is a list of candidates, nothing more: only an exact replay says "witness".
Where both spreads are tiny the comparison of floats is noise, hence the tolerance
relative to the start.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["RELATIVE_TOLERANCE", "first_violations"]

RELATIVE_TOLERANCE: Final = 1e-9
"""A candidate needs G^T < G^S by this share of the largest entry of the start."""


def first_violations(
    weights: NDArray[np.float64],
    capacity: float,
    starts: NDArray[np.float64],
    step_count: int,
    *,
    relative_tolerance: float = RELATIVE_TOLERANCE,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return where G^T < G^S first, by lane, and the smallest G^T - G^S.

    Cost: O(steps * stages) a lane, about 5 ns a paired step of 5 stages on one core.

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
        # Not before it is needed: this import takes longer than most searches.
        from homeostat.counterexamples.sweep_kernels import sweep_blocks

        sweep_blocks(*arrays, step_count, tolerances, first, margin)
    return first, margin
