"""Where the roots of the stage polynomial lie, for one l0 or for all; standard library only.

P(z) = sum W_s z^(N-s), N = n - 1, where W_s is l0 + s + 1, times q from stage l_a on. *Stable*: all
roots lie inside the unit circle. Jury's table decides that at one rational l0.

For all real l0 > -1 at once: W_0 > 0, so the roots move continuously, and stability changes only
where one is on the circle. Let P* be the reversal, z^N P(1/z), and let the columns of X and Y be
the coefficients of degree 2N-1 .. N of P z^(N-1-c) and of P* z^c, for c = 0 .. N-1. Reversal
swaps the two and the upper with the lower half. So the resultant of P and P* is, up to sign,
det [[X, Y], [Y, X]] = det(X + Y) det(X - Y); it is also W_0^2N times the product of 1 - z_i z_j
over all pairs of roots, i = j among them. D = det(X - Y) has two properties:

- Where D = 0, the resultant is 0, so two roots have product 1 and are not both inside: not stable.
- Where a root z is on the circle, D = 0. For X - Y takes u, of degree < N, to the upper half of
  P u - (P u)*, which is minus its own reversal, and so is known from that half; and P and P* are
  both 0 at z. But not all polynomials that are minus their reversal are 0 at z: z^N - z^(N-1) is
  not, as P(1) > 0, so z is not 1. Hence X - Y does not reach them all.

D is a polynomial in l0 of degree at most N, and between its zeros stability is constant. Its
zeros in (a, b) are at most as many as the sign changes in the coefficients of
(1+t)^N D((a + bt)/(1+t)), and as many if these are 0 or 1 (Descartes' rule). Up to positive
factors they are D's Bernstein coefficients on [a, b].
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import Any, Final

from homeostat.proofs.polynomials import (
    TERMS_MAX,
    demand,
    integers,
    jury,
    positive_definite,
    rational,
)
from homeostat.proofs.systems import parameters_of, weights_of

__all__ = [
    "L_B_MAX",
    "Form",
    "check_schur",
    "check_sign_on_interval",
    "check_threshold",
    "critical",
    "form_of",
    "half_resultant",
    "on_piece",
    "sign_changes",
    "square_free",
    "stable_at",
]

Data = Mapping[str, Any]
Form = list[int]
"""A polynomial in one variable by its coefficients, from the constant upwards."""

POINTS_MAX: Final = 2_000
CUTS_MAX: Final = 200
L_B_MAX: Final = 32


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


def form_of(p: Iterable[Fraction | int]) -> Form:
    """Return a positive multiple of p with integer coefficients, without leading zeros."""
    found = integers(p)
    while found and not found[-1]:
        found.pop()
    return found


def _numbers(data: Any) -> list[Fraction]:
    demand(type(data) is list, "not a list of numbers")
    return [rational(x) for x in data]


def _times_line(p: Sequence[Any], constant: Any, slope: Any) -> list[Any]:
    """Return p times (constant + slope x)."""
    return [constant * a + slope * b for a, b in zip([*p, 0], [0, *p], strict=True)]


def on_piece(p: Form, a: Fraction, b: Fraction | None) -> Form:
    """Return (1+t)^n p((a + bt)/(1+t)), or p(a + t) where b is None, times a positive number.

    As t runs through (0, oo), p is read on (a, b), or (a, oo). The first coefficient has the sign
    of p(a), and the last that of p(b).
    """
    d = lcm(a.denominator, 1 if b is None else b.denominator)
    above = (int(a * d), d if b is None else int(b * d))
    below = (d, 0 if b is None else d)
    total: Form = []
    power = [1]
    for c in reversed(p):
        total = [x + c * y for x, y in zip(_times_line(total, *above), power, strict=True)]
        power = _times_line(power, *below)
    return total


def sign_changes(p: Form) -> int:
    """Return how often the sign changes along coefficients, zeros left out."""
    signs = [x > 0 for x in p if x]
    return sum(x != y for x, y in pairwise(signs))


def check_sign_on_interval(theorem: Data, evidence: Data) -> None:
    """Check that a polynomial is > 0, or < 0, for every real x from one number up to another.

    Both ends belong to the interval; ``to`` may be null, for no end. The cuts divide it; on each
    piece the coefficients (Bernstein's, if it is bounded) show the sign.
    """
    end, sign = theorem["to"], {">": 1, "<": -1}[theorem["sign"]]
    p = form_of(_numbers(theorem["polynomial"]))
    cuts = [rational(theorem["from"]), *_numbers(evidence["cuts"])]
    demand(len(p) ** 2 * len(cuts) <= TERMS_MAX, "the polynomial or the cuts are too large")
    ends = [*cuts[1:], None if end is None else rational(end)]
    for a, b in zip(cuts, ends, strict=True):
        demand(b is None or a < b, "the ends and the cuts do not ascend")
        found = [sign * x for x in on_piece(p, a, b)]
        shown = min(found, default=-1) >= 0 and found[0] > 0 and (b is None or found[-1] > 0)
        demand(shown, f"the sign is not shown on [{a}, {b}]")


def _determinant(rows: list[list[int]]) -> int:
    """Return a determinant by elimination in integers (Bareiss: every division is exact)."""
    sign, last = 1, 1
    while rows:
        k = next((i for i, line in enumerate(rows) if line[0]), None)
        if k is None:
            return 0
        sign, (pivot, *line) = sign * (-1) ** k, rows.pop(k)
        rows = [
            [(pivot * x - r[0] * y) // last for x, y in zip(r[1:], line, strict=True)] for r in rows
        ]
        last = pivot
    return sign * last


def half_resultant(w: Form) -> int:
    """Return det(X - Y): rows by degree 2N-1 down to N, columns P z^(N-1-c) - P* z^c."""
    top = len(w) - 1

    def coefficient(i: int) -> int:
        return w[i] if 0 <= i <= top else 0

    k = range(top)
    return _determinant(
        [[coefficient(r - c) - coefficient(2 * top - 1 - r - c) for c in k] for r in k]
    )


def _divide(p: Form, d: Form) -> tuple[list[Fraction], list[Fraction]]:
    """Return quotient and remainder."""
    rest, quotient = [Fraction(x) for x in p], []
    while len(rest) >= len(d):
        factor = rest.pop() / d[-1]
        quotient.append(factor)
        for i, x in enumerate(reversed(d[:-1]), start=1):
            rest[-i] -= factor * x
    return quotient[::-1], rest


def square_free(p: Form) -> Form:
    """Return the polynomial with the zeros of p, each once: p divided by gcd(p, p')."""
    a, b = p, form_of([k * c for k, c in enumerate(p)][1:])
    while b:
        a, b = b, form_of(_divide(a, b)[1])
    return form_of(_divide(p, a)[0])


def critical(l_a: int, l_b: int, q: Fraction) -> Form:
    """Return D, with each of its zeros once, as a polynomial in l0.

    Found from its values at 0 .. N by Newton's formula.
    """
    shape = {"l_a": l_a, "l_b": l_b, "q": q}
    lengths = [[w * q.denominator for w in weights_of({"l0": i, **shape})] for i in range(l_b)]
    values = [half_resultant([int(w) for w in line]) for line in lengths]
    differences = []
    while values:
        differences.append(Fraction(values[0]))
        values = [y - x for x, y in pairwise(values)]
    p: list[Fraction] = []
    for k in reversed(range(l_b)):
        p = _times_line(p, Fraction(-k, k + 1), Fraction(1, k + 1))
        p[0] += differences[k]
    form = form_of(p)
    demand(form, "two roots have product 1 for every l0")
    return square_free(form)


def stable_at(l_a: int, l_b: int, q: Fraction, l0: Fraction | int) -> bool:
    """Decide whether all roots lie inside the unit circle at one l0 > -1."""
    return jury(weights_of({"l0": l0, "l_a": l_a, "l_b": l_b, "q": q}))


def _check_point(point: Sequence[Any], cuts: list[Fraction], bounds: Sequence[Fraction]) -> None:
    """Check that a system is stable exactly above an l0* within the bounds, or never if none."""
    l_a, l_b, text = point
    demand(type(l_a) is int and type(l_b) is int, "l_a and l_b are integers")
    demand(1 <= l_a < l_b <= L_B_MAX and len(cuts) <= CUTS_MAX, "l_b or the cuts are out of range")
    q = rational(text)
    demand(0 < q < 1, "0 < q < 1")
    form = critical(l_a, l_b, q)
    for a, b in zip([Fraction(-1), *cuts], [*cuts, None], strict=True):
        demand(b is None or a < b, "the cuts do not ascend from -1")
        found = on_piece(form, a, b)
        changes = sign_changes(found)
        alone = a == -1 or b is None or (bounds and a >= bounds[1])
        demand(changes <= (0 if alone else 1), f"D may have {changes} zeros in ({a}, {b})")
        if bounds and a == bounds[0]:
            demand(b == bounds[1] and changes == 1, "l0* is not within its bounds")
        if b is not None:
            demand(found[-1], f"D is zero at {b}")
            above = bool(bounds) and b >= bounds[1]
            demand(stable_at(l_a, l_b, q, b) is above, f"at {b} Jury's table says otherwise")


def _check_integer(point: Sequence[Any], integer: Any, high: Fraction) -> None:
    demand(type(integer) is int and integer >= 1 and integer >= high, "the integer is too small")
    l_a, l_b, q = point
    lowest = integer == 1 or not stable_at(l_a, l_b, rational(q), integer - 1)
    demand(lowest, f"{integer - 1} will do as well as {integer}")


def check_threshold(theorem: Data, evidence: Data) -> None:
    """Check from where on systems are stable, for all real l0 > -1.

    ``stable above``: for each point [l_a, l_b, q, low, high, integer] there is a real l0* with
    low < l0* < high such that the system is stable if l0 > l0*, and is not if -1 < l0 <= l0*. The
    integer is the smallest one >= 1 above l0*. ``never stable``: for each point [l_a, l_b, q]
    the system is stable for no l0 > -1.

    The cuts (and low, high) divide (-1, oo). A piece with at most one zero of D is not stable if it
    is not at both its ends; so it is enough that above high and next to -1 there is no zero.
    """
    says, points, cuts = theorem["says"], theorem["points"], evidence["cuts"]
    demand(says in ("stable above", "never stable"), "says: stable above, or never stable")
    demand(type(points) is list and 0 < len(points) <= POINTS_MAX, "no points, or too many")
    size = 6 if says == "stable above" else 3
    for point, own in zip(points, cuts, strict=True):
        demand(type(point) is list and len(point) == size, f"a point is no list of {size}")
        bounds = [rational(x) for x in point[3:5]]
        inner = sorted([*_numbers(own), *bounds])
        demand(inner, "nothing is shown without a cut")
        _check_point(point[:3], inner, bounds)
        if bounds:
            _check_integer(point[:3], point[5], bounds[1])
