"""How far the integer system strays from Simulation, and how that shrinks as B grows.

Measured, each point exactly: both systems run from the start that fills the memory with fresh
requests; Simulation in exact rationals, once for B = 1, as it scales with B. The distance is in
tokens, sum W_s |M^int_s - M^S_s|, and in merged requests, max |M^int_s - M^S_s|; the largest of all
steps counts. The law is the slope of log(distance/B) over log B by least squares: -1 is a distance
that does not grow with B. Its interval is that of the fit; nothing here is random.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Final, TypeAlias

import flint
import numpy as np
from scipy.stats import linregress
from scipy.stats import t as student

from homeostat.models.batching import (
    BatchingParameters,
    IntegerState,
    canonical_start,
    integer_start,
    integer_step,
    is_schur_stable,
    merged_counts,
    simulation_step,
)
from homeostat.proofs.claims import Canary, CanaryError, Claim
from homeostat.proofs.theory.batching.common import section
from homeostat.proofs.verdicts import Measured

__all__ = ["CLAIMS"]

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
STEP_COUNT: Final = 500
CONFIDENCE: Final = 0.99

Step: TypeAlias = Callable[[BatchingParameters, IntegerState], IntegerState]


def _exact(values: Sequence[Fraction]) -> tuple[Any, ...]:
    return tuple(flint.fmpq(x.numerator, x.denominator) for x in values)


def _simulation(system: System) -> list[tuple[Any, ...]]:
    """Return the states of Simulation for B = 1 at t = 0 .. ``STEP_COUNT``."""
    parameters = BatchingParameters(*system)
    weights, one = _exact(parameters.weights), flint.fmpq(1)
    states = [_exact(canonical_start(parameters))]
    for _ in range(STEP_COUNT):
        states.append(simulation_step(weights, one, states[-1]))
    return states


def _distance(
    system: System, capacity: int, simulation: Sequence[tuple[Any, ...]], step: Step
) -> dict[str, Any]:
    parameters = BatchingParameters(*system, capacity)
    weights = _exact(parameters.weights)
    state = integer_start(parameters)
    tokens, requests, at = flint.fmpq(0), flint.fmpq(0), 0
    for t, real in enumerate(simulation):
        counts = _exact(merged_counts(parameters, state))
        apart = [abs(m - capacity * x) for m, x in zip(counts, real, strict=True)]
        now = sum((w * d for w, d in zip(weights, apart, strict=True)), flint.fmpq(0))
        if now > tokens:
            tokens, at = now, t
        requests = max(requests, *apart)
        state = step(parameters, state)
    return {
        "l0": system[0],
        "l_a": system[1],
        "l_b": system[2],
        "q": system[3],
        "B": capacity,
        "tokens": round(float(tokens), 2),
        "requests": round(float(requests), 2),
        "at_step": at,
        "tokens_per_B": float(f"{float(tokens / capacity):.4g}"),
    }


def _points(system: System, step: Step = integer_step) -> list[dict[str, Any]]:
    simulation = _simulation(system)
    return [_distance(system, capacity, simulation, step) for capacity in CAPACITIES]


def _slope(points: Sequence[dict[str, Any]]) -> tuple[float, list[float]]:
    """Return the slope of log(distance/B) over log B, and its interval."""
    capacities = np.log([point["B"] for point in points])
    fit = linregress(capacities, np.log([point["tokens_per_B"] for point in points]))
    half = student.ppf((1 + CONFIDENCE) / 2, len(points) - 2) * fit.stderr
    low, high = fit.slope - half, fit.slope + half
    return round(float(fit.slope), 3), [round(float(low), 3), round(float(high), 3)]


def _law(system: System, points: Sequence[dict[str, Any]]) -> dict[str, Any]:
    slope, interval = _slope(points)
    return {
        "system": f"l0 = {system[0]}, l_A = {system[1]}, l_B = {system[2]}, q = {system[3]}",
        "stable": is_schur_stable(BatchingParameters(*system).weights),
        "slope": slope,
        "interval": interval,
        "tokens_max": max(point["tokens"] for point in points),
        "requests_max": max(point["requests"] for point in points),
    }


def _decide() -> Measured:
    measured = [(system, _points(system)) for system in SYSTEMS]
    laws = [_law(system, points) for system, points in measured]
    return Measured(
        estimate={
            "of": "the largest distance of the integer system from Simulation over t = 0 .. "
            f"{STEP_COUNT}, and the slope of log(distance/B) over log B",
            "confidence": CONFIDENCE,
            "method": "least squares on exact distances; the interval is that of the fit",
            "slopes": [min(law["slope"] for law in laws), max(law["slope"] for law in laws)],
            "requests_max": max(law["requests_max"] for law in laws),
            "laws": laws,
            "points": [point for _, points in measured for point in points],
        }
    )


def _evicts_the_most_decoded(parameters: BatchingParameters, state: IntegerState) -> IntegerState:
    """Wrong on purpose: a memory that overflows loses what is oldest, not what is youngest."""
    after = integer_step(parameters, state)
    if after.counts[0]:
        return after
    (first, *others) = after.cohorts
    return IntegerState((first, *others[:-1], type(first)(0, 0)), after.admitted)


def _catch() -> str:
    slope, interval = _slope(_points(SYSTEMS[0], _evicts_the_most_decoded))
    if not interval[0] > -0.5:
        raise CanaryError(f"distance/B falls with slope {slope} though the oldest are dropped")
    return f"distance/B has slope {slope}, in {interval}: it does not go to 0"


CLAIMS = (
    Claim(
        id="batching.runtime_refines",
        title="The integer scheduler follows Simulation",
        statement="On this workload the runtime's scheduler stays within a stated distance of "
        "Simulation, and the distance per capacity goes to 0 as B grows.",
        scope="models.batching.integers, which is the runtime's scheduler on this workload step "
        f"for step (tried, not proved); (l0, l_A, l_B, q) in {SYSTEMS}; B = 10^2 .. 10^6 in steps "
        f"1, 2, 5; t = 0 .. {STEP_COUNT}",
        source=section("-"),
        decide=_decide,
        canary=Canary(falsehood="dropping the oldest when memory is short", catch=_catch),
        vacuity="every point is a concrete run",
        remark="A limit cannot be settled by samples. The stated distance is the largest of all "
        "points; the last system is not stable. Where B holds a few requests only, the distance "
        "is as large as B, and rounding goes on causing evictions that Simulation does not have: "
        "there a longer run may find larger distances.",
        property_twin="runtime_refines",
        trusts=("FLINT", "SciPy"),
    ),
)
