"""Theory as an affine map: its matrix, characteristic polynomial and fixed point.

Source: note 003, sections 2.6 and 7.6. T(M) = A M + b, where A shifts the stages and its first
row carries -W_{s+1}/W_0, and b is the canonical start: what fills an empty batch. The nonzero
eigenvalues of A are the roots of W_0 z^(n-1) + W_1 z^(n-2) + ... + W_{n-1}; the last column of A
is zero, because the requests of the last stage leave.
"""

from collections.abc import Sequence
from fractions import Fraction

from homeostat.models.batching.parameters import BatchingParameters, State

__all__ = ["equilibrium", "is_schur_stable", "theory_matrix"]


def equilibrium(parameters: BatchingParameters) -> State:
    """Return the state with all stages equal and sum W_s M_s = B (section 2.6)."""
    level = parameters.capacity / sum(parameters.weights)
    return (level,) * parameters.stage_count


def theory_matrix(parameters: BatchingParameters) -> tuple[State, ...]:
    """Return A of T(M) = A M + b, as n rows of n fractions."""
    weights, n = parameters.weights, parameters.stage_count
    first = (*(-w / weights[0] for w in weights[1:]), Fraction(0))
    shift = (tuple(Fraction(j == s) for j in range(n)) for s in range(n - 1))
    return (first, *shift)


def is_schur_stable(coefficients: Sequence[Fraction]) -> bool:
    """Return whether every root of a polynomial lies strictly inside the unit circle.

    Jury's recursion, exact: p is stable iff |k| < 1 for k = a_n / a_0 and the polynomial
    (p(z) - k z^n p(1/z)) / z, one degree lower, is stable. Cost O(n^2) fractions.

    Args:
        coefficients: a_0 .. a_n of a_0 z^n + ... + a_n; for Theory, W_0 .. W_{n-1}.
    """
    a = list(coefficients)
    while len(a) > 1:
        if abs(a[-1]) >= abs(a[0]):
            return False
        k = a[-1] / a[0]
        a = [x - k * y for x, y in zip(a, reversed(a), strict=True)][:-1]
    return True
