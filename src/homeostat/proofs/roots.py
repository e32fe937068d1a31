"""Where the roots of the stage polynomial sum W_s z^(n-1-s) lie; standard library only."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from homeostat.proofs.polynomials import demand, jury, positive_definite, rational
from homeostat.proofs.systems import parameters_of, weights_of

__all__ = ["check_schur"]

Data = Mapping[str, Any]


def check_schur(theorem: Data, evidence: Data) -> None:
    """Check that the roots are all inside the circle, or not all, or one is on it."""
    weights = weights_of(parameters_of(theorem["parameters"]))
    n, says = len(weights) - 1, theorem["says"]
    if "jury" in evidence:
        demand(evidence["jury"] is (says == "stable") and says in ("stable", "not stable"), "schur")
        demand(jury(weights) is evidence["jury"], "the Jury table says otherwise")
    elif "lyapunov" in evidence:
        p = [[rational(x) for x in line] for line in evidence["lyapunov"]]
        demand(says == "stable" and [len(x) for x in p] == [n] * n, "P has the wrong shape")
        a = [[-w / weights[0] for w in weights[1:]]]
        a += [[Fraction(i == j) for j in range(n)] for i in range(n - 1)]
        k = range(n)
        pa = [[sum(p[i][s] * a[s][j] for s in k) for j in k] for i in k]
        drop = [[p[i][j] - sum(a[s][i] * pa[s][j] for s in k) for j in k] for i in k]
        demand(positive_definite(p) and positive_definite(drop), "P or P - A'PA is not > 0")
    else:
        b = rational(evidence["factor"])
        demand(says == "on the circle" and abs(b) < 2, "z^2 + bz + 1 is on the circle for |b| < 2")
        for i in range(n - 1):
            weights[i + 1] -= b * weights[i]
            weights[i + 2] -= weights[i]
        demand(n > 1 and weights[-2] == weights[-1] == 0, "the factor does not divide")
