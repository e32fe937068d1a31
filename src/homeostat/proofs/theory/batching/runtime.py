"""How far the integer systems stray from Simulation, and how that changes as B grows.

Both systems run from the start that fills the memory with fresh requests; Simulation in exact
rationals, once for B = 1, as it scales with B. Its tokens at each stage are then rounded down to
2^-96, which moves no distance by 10^-20 tokens. A distance is in tokens, sum V_s |k_s - K_s| over
the requests k_s and K_s that either system has at stage s; the largest of all steps counts.

The law is the slope of log(distance/B) over log B by least squares: -1 is a distance that does
not grow with B, 0 one that grows with it. Nothing here is random, so there is no interval; how far
the points lie from the line is told by the largest factor between them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any, Final, TypeAlias

import flint
import numpy as np

from homeostat.models.batching import (
    BatchingParameters,
    IntegerState,
    canonical_start,
    evictions,
    integer_start,
    integer_step,
    is_schur_stable,
    recompute_step,
    simulation_step,
)
from homeostat.proofs.claims import Canary, CanaryError, Claim
from homeostat.proofs.theory.batching.common import section
from homeostat.proofs.verdicts import Measured

__all__ = ["CLAIMS", "SYSTEMS"]

System: TypeAlias = tuple[int, int, int, str]
"""(l0, l_A, l_B, q)."""

SYSTEMS: Final[tuple[System, ...]] = (
    (10, 2, 5, "1/2"),
    (50, 4, 7, "1/2"),
    (1, 1, 2, "1/2"),
    (10, 1, 3, "1/2"),
    (10, 3, 4, "3/10"),
    (20, 3, 5, "7/10"),
    (100, 2, 3, "1/2"),
    (10, 2, 4, "1/2"),
)
"""Those of data sets 1 and 2, five more that are stable, and one that is not."""

CAPACITIES: Final = (*(m * 10**k for k in range(2, 6) for m in (1, 2, 5)), 10**6)
LARGE: Final = 10**4
"""Slopes are also given from this capacity on, where rounding matters less."""
STEP_COUNT: Final = 2_000
_BITS: Final = 96

Step: TypeAlias = Callable[[BatchingParameters, IntegerState], IntegerState]
Run: TypeAlias = tuple[list[list[int]], int]
"""Tokens of Simulation by step and stage, in 2^-96 of B; its last step that evicts, 0 if none."""


@cache
def _simulation(system: System) -> Run:
    """Run Simulation for t = 0 .. ``STEP_COUNT``."""
    parameters = BatchingParameters(*system)
    weights = [flint.fmpq(w.numerator, w.denominator) for w in parameters.weights]
    start = (flint.fmpq(x.numerator, x.denominator) for x in canonical_start(parameters))
    states: list[tuple[Any, ...]] = [tuple(start)]
    last = 0
    for t in range(1, STEP_COUNT + 1):
        states.append(simulation_step(weights, flint.fmpq(1), states[-1]))
        if any(evictions(*states[-2:])):
            last = t
    tokens = ([w * m for w, m in zip(weights, state, strict=True)] for state in states)
    return [[int((x.p << _BITS) // x.q) for x in row] for row in tokens], last


def _distance(system: System, capacity: int, run: Run, step: Step) -> dict[str, Any]:
    parameters = BatchingParameters(*system, capacity)
    sizes = [(system[0] + s + 1) << _BITS for s in range(parameters.l_b)]
    state = integer_start(parameters)
    most = at = now = 0
    for t, real in enumerate(run[0]):
        counts = state.counts(parameters)
        now = sum(abs(v * k - capacity * x) for v, k, x in zip(sizes, counts, real, strict=True))
        if now > most:
            most, at = now, t
        state = step(parameters, state)
    return {
        **dict(zip(("l0", "l_a", "l_b", "q"), system, strict=True)),
        "B": capacity,
        "tokens": round(most / 2**_BITS, 2),
        "at_step": at,
        "tokens_at_end": round(now / 2**_BITS, 2),
        "tokens_per_B": _four_digits(most / 2**_BITS / capacity),
    }


def _four_digits(x: float) -> float:
    return float(f"{x:.4g}")


def _points(system: System, step: Step) -> list[dict[str, Any]]:
    run = _simulation(system)
    # With less, a request might not fit alone, and the runtime would refuse it.
    capacities = [b for b in CAPACITIES if b >= system[0] + system[2]]
    return [_distance(system, capacity, run, step) for capacity in capacities]


def _large(points: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [point for point in points if point["B"] >= LARGE]


def _slope(points: Sequence[dict[str, Any]]) -> tuple[float, float]:
    """Return the slope of log(distance/B) over log B, and the largest factor off the line."""
    x, y = (np.log([float(point[key]) for point in points]) for key in ("B", "tokens_per_B"))
    slope, height = np.polyfit(x, y, 1)
    off = math.exp(float(np.max(np.abs(y - slope * x - height))))
    return round(float(slope), 3), round(off, 2)


def _law(system: System, points: Sequence[dict[str, Any]]) -> dict[str, Any]:
    _, last_eviction = _simulation(system)
    large = _large(points)
    ratios = [point["tokens_per_B"] for point in large]
    return {
        "system": f"l0 = {system[0]}, l_A = {system[1]}, l_B = {system[2]}, q = {system[3]}",
        "stable": is_schur_stable(BatchingParameters(*system).weights),
        "simulation_evicts_last_at": last_eviction,
        **dict(zip(("slope", "off_by_factor"), _slope(points), strict=True)),
        **dict(zip(("slope_large", "large_off_by_factor"), _slope(large), strict=True)),
        "per_B_large": [min(ratios), max(ratios)],
        "end_per_B_at_largest_B": _four_digits(points[-1]["tokens_at_end"] / points[-1]["B"]),
        "tokens_max": max(point["tokens"] for point in points),
        "latest_max_at": max(point["at_step"] for point in points),
    }


def _span(laws: Sequence[dict[str, Any]], key: str, *, evicting: bool) -> list[float]:
    found = [law[key] for law in laws if (law["simulation_evicts_last_at"] > 0) is evicting]
    return [min(found), max(found)]


def _decide(step: Step) -> Measured:
    measured = [(system, _points(system, step)) for system in SYSTEMS]
    laws = [_law(system, points) for system, points in measured]
    return Measured(
        estimate={
            "of": "the largest distance of the integer system from Simulation over t = 0 .. "
            f"{STEP_COUNT}, and the slope of log(distance/B) over log B; large: B >= {LARGE}",
            "method": "distances exact; slope by least squares, with the largest factor between "
            "a point and the line",
            "slopes_where_simulation_evicts": _span(laws, "slope", evicting=True),
            "slopes_where_it_never_does": _span(laws, "slope", evicting=False),
            "large_slopes_where_simulation_evicts": _span(laws, "slope_large", evicting=True),
            "large_slopes_where_it_never_does": _span(laws, "slope_large", evicting=False),
            "laws": laws,
            "points": [point for _, points in measured for point in points],
        }
    )


def _evicts_the_most_decoded(parameters: BatchingParameters, state: IntegerState) -> IntegerState:
    """Wrong on purpose: a memory that overflows loses what is oldest too."""
    after = integer_step(parameters, state)
    if after.admitted > state.admitted:
        return after
    top = parameters.l_b - 1
    return replace(after, running=tuple(c for c in after.running if c.stage != top))


def _catch_wrong_eviction() -> str:
    slope, _ = _slope(_large(_points(SYSTEMS[0], _evicts_the_most_decoded)))
    if not slope > -0.5:
        raise CanaryError(f"distance/B falls with slope {slope} though the oldest are dropped")
    return f"distance/B has slope {slope} from B = {LARGE} on: no fall like 1/B"


def _catch_a_fall() -> str:
    slope, _ = _slope(_large(_points(SYSTEMS[0], integer_step)))
    if not slope < -0.5:
        raise CanaryError(f"distance/B has slope {slope} though the evicted are gone")
    return f"distance/B has slope {slope} from B = {LARGE} on: the measurement sees a fall"


_TIE: Final = (
    "The runtime's scheduler, under fcfs+least-decoded+none, with blocks of one token, no limit "
    "but memory, and more requests waiting than fit, is the integer system step for step"
)
_TRIED: Final = (
    "tried, not proved: 40 steps of random systems, the two data sets, and 60 steps of each of "
    "these systems at B = 1000 and 5000"
)
_NO_BOUND: Final = (
    "Samples settle no limit, and the largest distance seen is no bound: some come in the last of "
    "the steps (latest_max_at), so longer runs may find larger ones."
)
_RUNS: Final = (
    f"(l0, l_A, l_B, q) in {SYSTEMS}, the last not stable; B = 10^2 .. 10^6 in steps 1, 2, 5, "
    f"where l0 + l_B <= B; t = 0 .. {STEP_COUNT}"
)


def _claim(suffix: str, step: Step, *, tie: str, **fields: Any) -> Claim:
    return Claim(
        id=f"batching.runtime_refines.{suffix}",
        scope=f"models.batching.integers, {step.__name__}; {_RUNS}. {_TIE}, {tie} ({_TRIED})",
        source=section("-"),
        decide=partial(_decide, step),
        vacuity="every point is a concrete run",
        property_twin=f"runtime_refines_{suffix}",
        trusts=("FLINT", "NumPy"),
        **fields,
    )


CLAIMS = (
    _claim(
        "fresh",
        integer_step,
        tie="where the client cancels whatever is evicted",
        title="Whole requests follow Simulation where the evicted are gone",
        statement="Where evicted requests are gone and fresh ones take their place, as in "
        "Simulation, the integer system's distance from Simulation per token of capacity falls "
        "as B grows, like B^x with the slopes x given.",
        canary=Canary(
            falsehood="dropping the oldest when memory is short", catch=_catch_wrong_eviction
        ),
        remark=f"{_NO_BOUND} A scheduler does not lose what it evicts, unless its client does: "
        "for what it does by itself see batching.runtime_refines.recompute.",
    ),
    _claim(
        "recompute",
        recompute_step,
        tie="where nothing is cancelled",
        title="Where Simulation evicts, a scheduler that recomputes does not follow it",
        statement="Where evicted requests wait with their tokens and come back before fresh ones, "
        "as the runtime does, the integer system's distance from Simulation per token of capacity "
        "does not go to 0 as B grows in the systems in which Simulation evicts; where it never "
        "does, it falls like B^x with the slopes x given.",
        canary=Canary(
            falsehood="nor where the evicted are gone does distance/B fall", catch=_catch_a_fall
        ),
        remark=f"{_NO_BOUND} Who comes back at a later stage takes the place of fresh requests, "
        "in the limit too, so it is the model that differs and not the rounding. The distance "
        "arises while requests are evicted; end_per_B_at_largest_B shows what is left of it at "
        "the last step.",
    ),
)
