"""The inputs nearest to those wanted that meet linear constraints: a projection, or a solver.

One constraint is a half-space, and the projection on it is computed exactly. Several are a
quadratic program for cvxpy and Clarabel; what comes out is for the caller to check.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any, Final

from homeostat.errors import InvalidInputError

__all__ = ["Constraint", "Status", "at_most", "by_projection", "by_solver"]

_DOUBLE_MAX: Final = sys.float_info.max
_ROOM: Final = 1e-6
"""Of a constraint that is scaled to numbers near 1: more than Clarabel's tolerance, 1e-8."""


class Status(Enum):
    """How a decision came out."""

    AS_WANTED = "as wanted"
    LIMITED = "limited"
    INACCURATE = "inaccurate"
    """The solver is not sure that nothing nearer exists; the constraints are met, as checked."""
    INFEASIBLE = "infeasible"
    """No input meets all constraints with the solver's room to spare: the fallback is taken."""
    FAILED = "failed"
    """The solver gave nothing that meets the constraints: the fallback is taken."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """sum of weights times inputs <= bound.

    Attributes:
        weights: One for each input: how much it accelerates the position.
        bound: The largest acceleration that the barrier allows.
    """

    weights: tuple[float, ...]
    bound: float

    def violation(self, inputs: Sequence[float]) -> Fraction:
        """Return by how much inputs pass the bound, exactly; <= 0 where they do not."""
        pairs = zip(self.weights, inputs, strict=True)
        total = sum((Fraction(w) * Fraction(u) for w, u in pairs), Fraction(0))
        return total - Fraction(self.bound)


def at_most(x: Fraction) -> float:
    """Return the largest finite double that is not above a number.

    Raises:
        InvalidInputError: There is none.
    """
    if x < -_DOUBLE_MAX:
        raise InvalidInputError(f"a bound must be at least {-_DOUBLE_MAX:g}, is below")
    if x > _DOUBLE_MAX:
        return _DOUBLE_MAX
    near = float(x)
    return near if near <= x else math.nextafter(near, -math.inf)


def by_projection(wanted: Sequence[float], row: Constraint) -> tuple[float, ...] | None:
    """Return the nearest inputs that meet one constraint, None if none do.

    The projection on a half-space, u - max(0, w u - b)/(w w) w, computed exactly; then each input
    is rounded towards meeting it.

    Args:
        wanted: Inputs.
        row: The constraint.
    """
    excess = row.violation(wanted)
    square = sum((Fraction(w) ** 2 for w in row.weights), Fraction(0))
    if excess <= 0:
        return tuple(wanted)
    if square == 0:
        return None
    found = []
    for u, w in zip(wanted, row.weights, strict=True):
        exact = Fraction(u) - excess / square * Fraction(w)
        found.append(-at_most(-exact) if w < 0 else at_most(exact))
    return tuple(found)


def by_solver(
    wanted: Sequence[float], constraints: Sequence[Constraint], *, input_max: float | None
) -> tuple[tuple[float, ...] | None, Status, str]:
    """Return the nearest inputs by the solver, unchecked; None where it has none.

    Inputs and bounds are scaled to numbers near 1, and each constraint is solved with room to
    spare, so that an answer within the solver's tolerance still meets it.

    Args:
        wanted: Inputs.
        constraints: One or more rows.
        input_max: Inputs are within +- this; None for no limit.

    Returns:
        The inputs, the status that the solver's own word means, and that word.
    """
    import cvxpy as cp
    import numpy as np

    norms = [math.hypot(*row.weights) or 1.0 for row in constraints]
    bounds = [row.bound / norm for row, norm in zip(constraints, norms, strict=True)]
    scale = max(1e-300, *map(abs, wanted), *map(abs, bounds))
    inputs = cp.Variable(len(wanted))
    matrix = np.array([row.weights for row in constraints]) / np.array(norms)[:, None]
    rows: list[Any] = [matrix @ inputs <= np.array(bounds) / scale - _ROOM]
    if input_max is not None:
        rows.append(cp.abs(inputs) <= input_max / scale)
    problem = cp.Problem(cp.Minimize(cp.sum_squares(inputs - np.array(wanted) / scale)), rows)
    try:
        problem.solve(solver=cp.CLARABEL)
    except cp.SolverError as error:
        return None, Status.FAILED, f"Clarabel: {error}"
    by = f"Clarabel: {problem.status}"
    if problem.status in (cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE):
        sure = problem.status == cp.INFEASIBLE
        return None, Status.INFEASIBLE if sure else Status.FAILED, by
    if problem.status not in (cp.OPTIMAL, cp.OPTIMAL_INACCURATE):
        return None, Status.FAILED, by
    most = math.inf if input_max is None else input_max
    found = tuple(min(max(float(u) * scale, -most), most) for u in inputs.value)
    return found, Status.LIMITED if problem.status == cp.OPTIMAL else Status.INACCURATE, by
