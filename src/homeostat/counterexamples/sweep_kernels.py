"""The compiled loops of the float sweep; importing this file compiles or loads them.

Each loop over lanes is a function of its own that takes whole rows: so numba gives LLVM
rows that cannot wrap around, and LLVM turns the loop into vector instructions. Written
into one function, the same loops stay scalar (measured: half the speed).
"""

from collections.abc import Callable
from typing import Any, Final

import numba
import numpy as np

__all__ = ["LANES", "sweep_blocks"]

LANES: Final = 256
"""Lanes of one block: the fastest of 32 .. 512 as measured; the block stays in cache."""


def compiled(function: Callable[..., None]) -> Callable[..., None]:
    """Return a function compiled by numba, kept on disk where a folder can be written."""
    options = {"nogil": True, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        # numba finds no folder that it may write: compile again in each process instead.
        return numba.njit(**options)(function)  # type: ignore[no-any-return]


def _advance_stage(
    weights: Any,
    theory: Any,
    simulation: Any,
    rest_t: Any,
    rest_s: Any,
    high_t: Any,
    low_t: Any,
    high_s: Any,
    low_s: Any,
) -> None:
    """Advance one stage of both systems in all lanes; the rows are changed in place."""
    for j in range(LANES):
        weight = weights[j]
        x = theory[j]
        rest_t[j] = rest_t[j] - weight * x
        high_t[j] = x if x > high_t[j] else high_t[j]
        low_t[j] = x if x < low_t[j] else low_t[j]
        y = simulation[j]
        rest = rest_s[j]
        tokens = weight * y
        share = rest / weight
        fits = tokens <= rest
        kept = y if fits else share
        simulation[j] = kept
        rest_s[j] = rest - tokens if fits else 0.0
        high_s[j] = kept if kept > high_s[j] else high_s[j]
        low_s[j] = kept if kept < low_s[j] else low_s[j]


def _admit(
    weights: Any,
    theory: Any,
    simulation: Any,
    rest_t: Any,
    rest_s: Any,
    high_t: Any,
    low_t: Any,
    high_s: Any,
    low_s: Any,
    worst: Any,
    found: Any,
    tolerances: Any,
    now: float,
) -> None:
    """Fill stage 0 with what is left, and note where G^T < G^S for the first time."""
    for j in range(LANES):
        x = rest_t[j] / weights[j]
        y = rest_s[j] / weights[j]
        theory[j] = x
        simulation[j] = y
        top_t = x if x > high_t[j] else high_t[j]
        bottom_t = x if x < low_t[j] else low_t[j]
        top_s = y if y > high_s[j] else high_s[j]
        bottom_s = y if y < low_s[j] else low_s[j]
        gap = (top_t - bottom_t) - (top_s - bottom_s)
        worst[j] = gap if gap < worst[j] else worst[j]
        before = found[j]
        # Not "and": its second half would be a branch, and branches have no vectors.
        first = (gap < -tolerances[j]) & (before == 0.0)
        found[j] = now if first else before


_advance_stage_compiled = compiled(_advance_stage)
_admit_compiled = compiled(_admit)


def _sweep_blocks(
    weights: Any,
    capacity: float,
    starts: Any,
    step_count: int,
    tolerances: Any,
    first: Any,
    margin: Any,
) -> None:
    """Fill ``first`` and ``margin``, lane by lane, as ``sweep.first_violations`` says.

    Stages live in a ring: a step moves the head back by one slot instead of copying
    every stage.
    """
    stage_count, lane_count = weights.shape
    w = np.empty((stage_count, LANES))
    theory = np.empty((stage_count, LANES))
    simulation = np.empty((stage_count, LANES))
    rest_t, rest_s = np.empty(LANES), np.empty(LANES)
    high_t, low_t = np.empty(LANES), np.empty(LANES)
    high_s, low_s = np.empty(LANES), np.empty(LANES)
    found, worst, tolerance = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    for base in range(0, lane_count, LANES):
        width = min(LANES, lane_count - base)
        for s in range(stage_count):
            w[s, :width] = weights[s, base : base + width]
            theory[s, :width] = starts[s, base : base + width]
            # The last block is filled up with copies of its first lane.
            w[s, width:] = weights[s, base]
            theory[s, width:] = starts[s, base]
            simulation[s] = theory[s]
        tolerance[:width] = tolerances[base : base + width]
        tolerance[width:] = 0.0
        found[:] = 0.0
        worst[:] = np.inf
        head = 0
        for t in range(1, step_count + 1):
            head = head - 1 if head > 0 else stage_count - 1
            rest_t[:] = capacity
            rest_s[:] = capacity
            high_t[:] = -np.inf
            low_t[:] = np.inf
            high_s[:] = -np.inf
            low_s[:] = np.inf
            for s in range(stage_count - 1, 0, -1):
                slot = head + s
                if slot >= stage_count:
                    slot -= stage_count
                _advance_stage_compiled(
                    w[s],
                    theory[slot],
                    simulation[slot],
                    rest_t,
                    rest_s,
                    high_t,
                    low_t,
                    high_s,
                    low_s,
                )
            _admit_compiled(
                w[0],
                theory[head],
                simulation[head],
                rest_t,
                rest_s,
                high_t,
                low_t,
                high_s,
                low_s,
                worst,
                found,
                tolerance,
                float(t),
            )
        for j in range(width):
            first[base + j] = int(found[j])
        margin[base : base + width] = worst[:width]


sweep_blocks = compiled(_sweep_blocks)
