"""Finds rational Lyapunov matrices: P > 0 with P - A'PA > 0 shows that a map is stable.

The exact solution of P - A'PA = I has large fractions; a rounding of the float solution is
usually still a certificate, and the kernel decides whether it is.
"""

from fractions import Fraction

import numpy as np
from scipy.linalg import solve_discrete_lyapunov

from homeostat.errors import InvalidInputError
from homeostat.models.batching import BatchingParameters, is_schur_stable, theory_matrix

__all__ = ["lyapunov"]


def lyapunov(parameters: BatchingParameters, *, digits: int = 3) -> list[list[str]]:
    """Return a rounded solution P of P - A'PA = I, as rationals in text, shape (n-1, n-1).

    A is Theory's matrix without its last row and column, whose eigenvalue is zero.

    Args:
        parameters: A stable system.
        digits: Significant decimal digits kept of the largest entry.

    Raises:
        InvalidInputError: The system is not stable, so there is no such P.
    """
    if not is_schur_stable(parameters.weights):
        raise InvalidInputError(f"{parameters} must be stable to have a Lyapunov matrix")
    a = np.array([[float(x) for x in line[:-1]] for line in theory_matrix(parameters)[:-1]])
    p = solve_discrete_lyapunov(a.T, np.eye(len(a)))
    scale = 10**digits
    rounded = np.rint((p + p.T) / 2 * scale / np.abs(p).max())
    return [[str(Fraction(int(x), scale)) for x in line] for line in rounded]
