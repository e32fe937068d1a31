"""The compiled loops of the float sweep; importing this file compiles or loads them.

Each loop over lanes is a function of its own that takes whole rows: so numba gives LLVM
rows that cannot wrap around, and LLVM turns the loop into vector instructions. Written
into one function, the same loops stay scalar (measured: half the speed).
"""

from typing import Any, Final

import numpy as np

from homeostat.models.compiling import compiled

__all__ = ["LANES", "sweep_blocks"]

LANES: Final = 256
"""Lanes of one block, which stays in cache; as measured 128 is slower and 512 no faster."""


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


def _advance_pair(
    weights: Any,
    theory: Any,
    simulation: Any,
    weights_below: Any,
    theory_below: Any,
    simulation_below: Any,
    rest_t: Any,
    rest_s: Any,
    high_t: Any,
    low_t: Any,
    high_s: Any,
    low_s: Any,
) -> None:
    """Advance two neighbouring stages in all lanes, the upper one first; rows are changed in place.

    Two at a time, so that what is kept per lane is loaded and stored half as often.
    """
    for j in range(LANES):
        weight, below = weights[j], weights_below[j]
        x, x_below = theory[j], theory_below[j]
        rest_t[j] = rest_t[j] - weight * x - below * x_below
        top, bottom = (x, x_below) if x > x_below else (x_below, x)
        high_t[j] = top if top > high_t[j] else high_t[j]
        low_t[j] = bottom if bottom < low_t[j] else low_t[j]
        y, y_below, rest = simulation[j], simulation_below[j], rest_s[j]
        tokens = weight * y
        share = rest / weight
        fits = tokens <= rest
        kept = y if fits else share
        left = rest - tokens if fits else 0.0
        tokens_below = below * y_below
        share_below = left / below
        fits_below = tokens_below <= left
        kept_below = y_below if fits_below else share_below
        simulation[j] = kept
        simulation_below[j] = kept_below
        rest_s[j] = left - tokens_below if fits_below else 0.0
        top_s = kept if kept > kept_below else kept_below
        bottom_s = kept if kept < kept_below else kept_below
        high_s[j] = top_s if top_s > high_s[j] else high_s[j]
        low_s[j] = bottom_s if bottom_s < low_s[j] else low_s[j]


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
_advance_pair_compiled = compiled(_advance_pair)
_admit_compiled = compiled(_admit)


def _aligned_rows(count: int) -> Any:
    """Return rows of LANES numbers that begin at a cache line, and not all at the same place.

    A vector that crosses a line is two loads; rows a multiple of 4096 bytes apart evict each
    other (measured together: up to a third of the speed, by the luck of the allocation).
    """
    width = LANES + 8
    flat = np.empty(count * width + 8)
    skipped = -flat.ctypes.data % 64 // 8
    return flat[skipped : skipped + count * width].reshape((count, width))


_aligned_rows_compiled = compiled(_aligned_rows)


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
    rows = _aligned_rows_compiled(3 * stage_count + 9)
    w, theory = rows[:stage_count], rows[stage_count : 2 * stage_count]
    simulation, rest = rows[2 * stage_count : 3 * stage_count], 3 * stage_count
    rest_t, rest_s, found = rows[rest], rows[rest + 1], rows[rest + 2]
    high_t, low_t, worst = rows[rest + 3], rows[rest + 4], rows[rest + 5]
    high_s, low_s, tolerance = rows[rest + 6], rows[rest + 7], rows[rest + 8]
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
            s = stage_count - 1
            while s >= 2:
                slot, under = (head + s) % stage_count, (head + s - 1) % stage_count
                _advance_pair_compiled(
                    w[s],
                    theory[slot],
                    simulation[slot],
                    w[s - 1],
                    theory[under],
                    simulation[under],
                    rest_t,
                    rest_s,
                    high_t,
                    low_t,
                    high_s,
                    low_s,
                )
                s -= 2
            if s == 1:
                slot = (head + 1) % stage_count
                _advance_stage_compiled(
                    w[1],
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
