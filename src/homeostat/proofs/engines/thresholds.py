"""Finds where systems become stable as l0 grows: cuts of (-1, oo) for the kernel to check.

The zeros of D (``proofs/roots.py``) are separated by bisection with Descartes' rule, the method
of Vincent, Collins and Akritas. Whether a piece will do is asked of the kernel's own functions;
nothing that this module says is believed.
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import Final

from homeostat.errors import InvalidInputError
from homeostat.proofs.engines.farkas import NoProofError
from homeostat.proofs.roots import Form, critical, form_of, on_piece, sign_changes, stable_at

__all__ = ["Found", "never_stable", "sign_cuts", "stable_above"]

Cuts = list[Fraction]
Piece = Callable[[Fraction, Fraction | None], bool]
Found = tuple[list[int | str], list[str]]
"""A point of a ``threshold`` theorem, and its cuts."""

GRID: Final = 10**8
"""l0* is enclosed between neighbours k/GRID."""
_PIECES_MAX: Final = 500


def _divided(good: Piece, start: Fraction, end: Fraction | None, forbidden: Form) -> Cuts:
    """Return cuts such that all pieces are good, none of them a zero of the forbidden form.

    Raises:
        NoProofError: Hundreds of cuts are not enough.
    """
    cuts: Cuts = []
    todo: list[tuple[Fraction, Fraction | None]] = [(start, end)]
    for _ in range(_PIECES_MAX):
        if not todo:
            return _trimmed(good, start, sorted(cuts), end)
        a, b = todo.pop()
        if not good(a, b):
            cut = _between(a, b, forbidden)
            cuts.append(cut)
            todo += [(a, cut), (cut, b)]
    raise NoProofError(f"no {_PIECES_MAX} pieces from {start} separate the zeros", None)


def _between(a: Fraction, b: Fraction | None, forbidden: Form) -> Fraction:
    for k in range(2, len(forbidden) + 3):
        cut = a + abs(a) + k if b is None else a + (b - a) / k
        if _sign(forbidden, cut):
            return cut
    raise AssertionError("a polynomial has no more zeros than its degree")


def _trimmed(
    good: Piece, start: Fraction, cuts: Cuts, end: Fraction | None, keep: Iterable[Fraction] = ()
) -> Cuts:
    """Leave out every cut without which the pieces are still good, the longest first."""
    left = [start, *cuts]
    for cut in sorted(set(cuts) - set(keep), key=lambda x: (-x.denominator, x)):
        i = left.index(cut)
        if good(left[i - 1], [*left, end][i + 1]):
            left.remove(cut)
    return left[1:]


def _sign(p: Form, x: Fraction) -> int:
    total = Fraction(0)
    for c in reversed(p):
        total = total * x + c
    return (total > 0) - (total < 0)


def _separated(d: Form) -> tuple[Piece, Cuts]:
    def good(a: Fraction, b: Fraction | None) -> bool:
        return sign_changes(on_piece(d, a, b)) <= (0 if a == -1 or b is None else 1)

    return good, _divided(good, Fraction(-1), None, d)


def never_stable(l_a: int, l_b: int, q: Fraction) -> Found:
    """Return a point and cuts that show a system not to be stable for any l0 > -1, if so."""
    _, cuts = _separated(critical(l_a, l_b, q))
    # Where D has no zero at all, any number is a sample.
    return [l_a, l_b, str(q)], [str(x) for x in cuts or [Fraction(1)]]


def stable_above(l_a: int, l_b: int, q: Fraction) -> Found:
    """Return a point [l_a, l_b, q, low, high, integer] with high - low <= 1/GRID, and cuts.

    Raises:
        NoProofError: The system is not stable for large l0.
    """
    d = critical(l_a, l_b, q)
    good, cuts = _separated(d)
    held = [(a, b) for a, b in pairwise(cuts) if sign_changes(on_piece(d, a, b))]
    if not held or not stable_at(l_a, l_b, q, held[-1][1]):
        raise NoProofError(f"({l_a}, {l_b}, q = {q}) is not stable for large l0", None)
    low, high = _enclosed(d, *held[-1])

    def fine(a: Fraction, b: Fraction | None) -> bool:
        return good(a, b) and (a < high or not sign_changes(on_piece(d, a, b)))

    outside = [x for x in cuts if not low <= x <= high]
    cuts = _trimmed(fine, Fraction(-1), sorted([*outside, low, high]), None, (low, high))
    integer = max(1, ceil(high))
    if integer > 1 and stable_at(l_a, l_b, q, integer - 1):
        integer -= 1
    point: list[int | str] = [l_a, l_b, str(q), str(low), str(high), integer]
    return point, [str(x) for x in cuts if x not in (low, high)]


def _enclosed(d: Form, a: Fraction, b: Fraction) -> tuple[Fraction, Fraction]:
    """Return an interval of length 1/GRID around the one zero between a and b."""
    below, above, left = floor(a * GRID), ceil(b * GRID), _sign(d, a)
    while above - below > 1:
        middle = (below + above) // 2
        sign = _sign(d, Fraction(middle, GRID))
        if not sign:
            return Fraction(2 * middle - 1, 2 * GRID), Fraction(2 * middle + 1, 2 * GRID)
        below, above = (middle, above) if sign == left else (below, middle)
    return Fraction(below, GRID), Fraction(above, GRID)


def sign_cuts(
    polynomial: Sequence[Fraction], start: Fraction, end: Fraction | None, sign: str
) -> list[str]:
    """Return cuts that show a polynomial to be > 0, or < 0, from one number up to another.

    Raises:
        InvalidInputError: It has another sign at an end or a cut.
        NoProofError: No cuts were found, as where it is zero on the way.
    """
    if sign not in (">", "<") or (end is not None and end <= start):
        raise InvalidInputError(f"sign={sign!r} must be > or <, and end={end} above start={start}")
    p = [x if sign == ">" else -x for x in form_of(polynomial)]

    def good(a: Fraction, b: Fraction | None) -> bool:
        if _sign(p, a) < 1 or (b is not None and _sign(p, b) < 1):
            raise InvalidInputError(f"the polynomial is not {sign} 0 on [{a}, {b}]")
        return min(on_piece(p, a, b)) >= 0

    return [str(x) for x in _divided(good, start, end, [1])]
