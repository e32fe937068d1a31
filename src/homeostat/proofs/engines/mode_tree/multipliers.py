"""Finds the integers that show that linear forms >= 0 imply another one, for all M >= 0.

Farkas' lemma: a goal follows from rows (and M >= 0) just when some multipliers mu >= 0 have
goal - sum mu * row >= 0 in every component. A float solution of the nonnegative least squares
problem (Lawson and Hanson) proposes mu. Where the goal has room, the proposal is for a goal
that is a little smaller, so that mu may be rounded to small numbers. Where it has none, the
rows in use are kept and mu is solved for exactly. If floats lead to nothing, an exact dual
simplex decides: it needs no float and always ends with a proof, or with the proof that there
is none. Whatever comes out is verified in integers first.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

import flint
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from homeostat.proofs.engines.farkas import NoProofError
from homeostat.proofs.engines.mode_tree.cone import Vector

__all__ = ["NoProofError", "Proof", "imply", "proves"]

Proof = list[Any]
"""[den, [[row index, num], ...]]: den * goal >= sum of num * row in every component."""

_ROOMS: Final = (2.0**-3, 2.0**-7, 2.0**-12)
"""How much smaller a goal is tried, as a part of its largest coefficient."""
_ROOM_MIN: Final = 2.0**-26
"""With less room than this, floats could not tell a rounded solution from a wrong one."""
_POINT_CACHE: Final = 2**14


def proves(rows: Sequence[Vector], goal: Vector, proof: Proof) -> bool:
    """Return whether a proof is one, exactly; the kernel asks the same of it."""
    den, pairs = proof
    total = [den * x for x in goal]
    for i, times in pairs:
        if times < 0:
            return False
        for k, x in enumerate(rows[i]):
            total[k] -= times * x
    return bool(den > 0 and min(total) >= 0)


def imply(rows: Sequence[Vector], goal: Vector, *, room: float | None = None) -> Proof:
    """Return a proof that M >= 0 and all rows >= 0 imply goal >= 0.

    Args:
        rows: Integer vectors, all as long as the goal.
        goal: The form that follows.
        room: A lower bound of goal / max |goal| over the points of the region with sum M = 1,
            where it is known; it is a hint only. With 0 the exact solution is tried at once.

    Returns:
        ``[den, [[row index, num], ...]]`` with small integers if there is room for them.

    Raises:
        NoProofError: The rows do not imply the goal; that is decided exactly.
    """
    if min(goal) >= 0:
        return [1, []]
    support: list[int] | None = None
    if rows:
        unit = np.array(_unit(goal))
        matrix = np.array([*map(_unit, rows), *np.eye(len(goal))]).T
        rooms = _ROOMS if room is None else (room / 2,)
        for part in (*(part for part in rooms if part >= _ROOM_MIN), 0.0):
            found = _float_multipliers(matrix, unit - part)
            if found is None:
                continue
            used = [i for i in range(len(rows)) if found[i] > 0]
            if part:
                proof = _rounded(rows, goal, [(i, float(found[i])) for i in used], part)
                if proves(rows, goal, proof):
                    return proof
            else:
                support = used
                # A component with slack in the proposal puts no equation on the multipliers.
                equal = [k for k in range(len(goal)) if found[len(rows) + k] == 0]
                exact = _exact(rows, goal, used, equal)
                if exact is not None and proves(rows, goal, exact):
                    return exact
    return _simplex(rows, goal, support or ())


@lru_cache(maxsize=_POINT_CACHE)
def _unit(form: Vector) -> tuple[float, ...]:
    """Return a form as floats, the largest coefficient 1; exact integers may be very large."""
    size = max(map(abs, form)) or 1
    return tuple(x / size for x in form)


def _float_multipliers(
    matrix: NDArray[np.float64], goal: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    try:
        found: NDArray[np.float64] = nnls(matrix, goal)[0]
    except RuntimeError:  # no convergence; the exact method does not depend on it
        return None
    return found if np.all(np.isfinite(found)) else None


def _rounded(
    rows: Sequence[Vector], goal: Vector, found: Sequence[tuple[int, float]], room: float
) -> Proof:
    """Round float multipliers of scaled rows to as few decimal digits as the room allows.

    A row of size r changes the sum by at most r / 2 times the unit of its multiplier; all
    together may change den * goal by den * size * room / 2. The zeros that end a long number
    compress to nothing.
    """
    size = max(map(abs, goal))
    sizes = [max(map(abs, rows[i])) or 1 for i, _ in found]
    free = Fraction(room) * size / max(1, len(found))
    largest = max(sizes, default=1)
    den = 100 * _power_of_ten(largest / free) if largest > free else 1
    pairs = []
    for (i, mu), row_size in zip(found, sizes, strict=True):
        unit = _power_of_ten(den * free / row_size)
        times = round(Fraction(mu) * size * den / (row_size * unit)) * unit
        if times:
            pairs.append([i, times])
    return _lowest(den, pairs)


def _power_of_ten(x: Fraction) -> int:
    """Return a power of ten <= x and > x / 40, for x >= 1."""
    bits = (x.numerator // x.denominator).bit_length() - 1
    return int(10 ** (bits * 30_102 // 100_000))


def _exact(
    rows: Sequence[Vector], goal: Vector, used: Sequence[int], equal: Sequence[int]
) -> Proof | None:
    """Solve sum mu * row = goal in some components, over the rationals."""
    if not used or len(equal) < len(used):
        return None
    table = flint.fmpz_mat([[*(rows[i][k] for i in used), goal[k]] for k in equal])
    reduced, den, rank = table.rref()
    if rank != len(used) or any(reduced[r, r] == 0 for r in range(rank)):
        return None
    sign = -1 if den < 0 else 1
    numbers = [sign * int(reduced[r, len(used)]) for r in range(rank)]
    return _lowest(sign * int(den), [[i, x] for i, x in zip(used, numbers, strict=True) if x])


def _lowest(den: int, pairs: list[list[int]]) -> Proof:
    common = math.gcd(den, *(times for _, times in pairs))
    return [den // common, [[i, times // common] for i, times in pairs]]


def _simplex(rows: Sequence[Vector], goal: Vector, first: Sequence[int]) -> Proof:
    """Decide mu >= 0, goal - sum mu * row >= 0 by the dual simplex method with Bland's rule.

    All costs are zero, so the slacks are a dual feasible basis, every ratio ties, and the
    least index decides; that rule never cycles. The tableau stays in integers over one common
    denominator (Edmonds' pivoting); rows proposed by the float solution come first.
    """
    order = [*first, *(i for i in range(len(rows)) if i not in set(first))]
    size, width = len(goal), len(order)
    table = [
        [*(rows[i][k] for i in order), *(int(k == j) for j in range(size)), goal[k]]
        for k in range(size)
    ]
    basis, den = [width + k for k in range(size)], 1
    while True:
        leaving = min(
            (k for k in range(size) if table[k][-1] < 0), key=basis.__getitem__, default=None
        )
        if leaving is None:
            break
        line = table[leaving]
        entering = next((j for j, x in enumerate(line[:-1]) if x < 0), None)
        if entering is None:
            raise NoProofError(f"{len(rows)} rows do not imply {goal!r:.200}", None)
        pivot = line[entering]
        for k, other in enumerate(table):
            if k != leaving:
                times = other[entering]
                table[k] = [
                    (x * pivot - times * y) // den for x, y in zip(other, line, strict=True)
                ]
        if pivot < 0:
            table, pivot = [[-x for x in other] for other in table], -pivot
        basis[leaving], den = entering, pivot
    pairs = sorted([order[j], line[-1]] for j, line in zip(basis, table, strict=True) if j < width)
    proof = _lowest(den, [pair for pair in pairs if pair[1]])
    if not proves(rows, goal, proof):
        raise AssertionError("the exact simplex method must end with a proof")
    return proof
