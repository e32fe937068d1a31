"""The probability form of dominance: an estimate, each case decided exactly.

The note does not say what is random. Here: l_B uniform on 2 .. 8, l_A uniform among the
coprime ones below, q = k/20 uniform, parameters that are not stable drawn again; the start
canonical, or uniform on the simplex of tokens. A case counts as dominated when
G^T(t) >= G^S(t) for t = 1 .. 60. Both systems run in exact rationals (FLINT), through the same
steps as everywhere else, so no case is decided by rounding.
"""

import math
from typing import Any, Final

import flint
import numpy as np
from scipy.stats import binomtest

from homeostat.models.batching import (
    BatchingParameters,
    is_schur_stable,
    simulation_step,
    spread,
    theory_step,
)
from homeostat.proofs.claims import Canary, CanaryError, Claim
from homeostat.proofs.theory.batching.common import section
from homeostat.proofs.verdicts import Measured

__all__ = ["CLAIMS"]

L0_VALUES: Final = (10, 100, 1_000, 10_000)
CASE_COUNT: Final = 200
STEP_COUNT: Final = 60
CONFIDENCE: Final = 0.99
SEED: Final = 20260105
TOKENS: Final = 10**6
"""Resolution of a random start: tokens of each stage in parts per million of B."""


def _draw(l0: int, rng: np.random.Generator) -> BatchingParameters:
    while True:
        l_b = int(rng.integers(2, 9))
        l_a = int(rng.choice([a for a in range(1, l_b) if math.gcd(a, l_b) == 1]))
        parameters = BatchingParameters(l0, l_a, l_b, f"{rng.integers(1, 20)}/20")
        if is_schur_stable(parameters.weights):
            return parameters


def _start(parameters: BatchingParameters, kind: str, rng: np.random.Generator) -> list[Any]:
    n = parameters.stage_count
    if kind == "canonical":
        parts = [TOKENS] + [0] * (n - 1)
    else:
        cuts = sorted(int(x) for x in rng.integers(0, TOKENS + 1, n - 1))
        parts = [b - a for a, b in zip([0, *cuts], [*cuts, TOKENS], strict=True)]
    weights = [flint.fmpq(w.numerator, w.denominator) for w in parameters.weights]
    return [flint.fmpq(u, TOKENS) / w for u, w in zip(parts, weights, strict=True)]


def _dominated(parameters: BatchingParameters, start: list[Any]) -> bool:
    weights = tuple(flint.fmpq(w.numerator, w.denominator) for w in parameters.weights)
    capacity = flint.fmpq(1)
    theory = simulation = tuple(start)
    for _ in range(STEP_COUNT):
        theory = theory_step(weights, capacity, theory)
        simulation = simulation_step(weights, capacity, simulation)
        if spread(theory) < spread(simulation):
            return False
    return True


def _point(l0: int, kind: str) -> dict[str, Any]:
    rng = np.random.default_rng([SEED, l0, len(kind)])
    cases = []
    for _ in range(CASE_COUNT):
        parameters = _draw(l0, rng)
        cases.append(_dominated(parameters, _start(parameters, kind, rng)))
    interval = binomtest(sum(cases), CASE_COUNT).proportion_ci(CONFIDENCE, method="exact")
    return {
        "l0": l0,
        "start": kind,
        "cases": CASE_COUNT,
        "dominated": sum(cases),
        "estimate": sum(cases) / CASE_COUNT,
        "interval": [round(float(interval.low), 4), round(float(interval.high), 4)],
    }


def _decide() -> Measured:
    points = [_point(l0, kind) for kind in ("canonical", "free") for l0 in L0_VALUES]
    return Measured(
        estimate={
            "of": "share of cases with G^T(t) >= G^S(t) for t = 1 .. 60",
            "distribution": "l_B uniform 2..8, l_A uniform coprime, q uniform k/20, stable; "
            "start canonical, or uniform on the token simplex (free)",
            "confidence": CONFIDENCE,
            "method": "Clopper-Pearson, exact",
            "seed": SEED,
            "points": points,
        }
    )


def _catch() -> str:
    """A case known to be violated must be counted as one."""
    known = BatchingParameters(1, 1, 3, "2/5")
    start = _start(known, "canonical", np.random.default_rng(0))
    if _dominated(known, start):
        raise CanaryError("the known violation at (1, 1, 3, 2/5) is counted as dominated")
    return "the known violation at (1, 1, 3, 2/5) is counted as one"


CLAIMS = (
    Claim(
        id="batching.weak_probability",
        title="Dominance becomes certain as prompts grow long",
        statement="P(G^T >= G^S) tends to 1 as l0 tends to infinity.",
        scope=f"l0 in {L0_VALUES}, {CASE_COUNT} random stable coprime systems each, "
        f"{STEP_COUNT} steps",
        source=section("8.3"),
        decide=_decide,
        canary=Canary(falsehood="(1, 1, 3, 2/5) is dominated", catch=_catch),
        vacuity="every case is a concrete system",
        remark="A limit cannot be settled by samples: read the trend and the intervals.",
        trusts=("FLINT", "SciPy"),
    ),
)
