"""Exact polynomials, rows and matrices, for the kernel: standard library only, no tolerance.

A row is text: two polynomials (sums of products such as ``w*m - 1/2*B + 3``, no brackets) with
<= >= < > or = between. It is parsed as data; nothing is ever evaluated as code.
"""

import itertools
import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from math import gcd, lcm
from typing import Any, Final

__all__ = [
    "SIZE_MAX",
    "Poly",
    "RejectedError",
    "Row",
    "add",
    "demand",
    "holds",
    "integers",
    "jury",
    "multiply",
    "names",
    "point_of",
    "polynomial",
    "positive_definite",
    "rational",
    "row",
    "solve",
    "value",
]

SIZE_MAX: Final = 10_000
TERMS_MAX: Final = 1_000_000
Poly = dict[tuple[str, ...], Fraction]
"""Sorted names -> coefficient, without zeros."""
Row = tuple[Poly, str]
"""(p, ">" or ">=" or "="): p against 0."""


class RejectedError(ValueError):
    """The certificate does not prove its theorem; the message says where it fails."""


def demand(condition: object, message: str) -> None:
    """Reject the certificate unless the condition holds."""
    if not condition:
        raise RejectedError(message)


def rational(value: Any) -> Fraction:
    """Read "p/q" or an integer."""
    text = str(value) if type(value) in (str, int) else ""
    shape = r"-?[0-9]{1,4000}(/0{0,9}[1-9][0-9]{0,3999})?"
    demand(re.fullmatch(shape, text), f"not p/q: {value!r:.40}")
    return Fraction(text)


def point_of(data: Mapping[str, Any]) -> dict[str, Fraction]:
    """Read a point: a rational for each name."""
    return {name: rational(value) for name, value in data.items()}


def add(p: Poly, q: Poly, scale: Fraction | int = 1) -> Poly:
    """Return p + scale * q."""
    total = dict(p)
    for monomial, coefficient in q.items():
        total[monomial] = total.get(monomial, Fraction(0)) + scale * coefficient
    return {monomial: c for monomial, c in total.items() if c}


def multiply(p: Poly, q: Poly) -> Poly:
    """Return p * q."""
    demand(len(p) * len(q) <= TERMS_MAX, "a product of polynomials is too large")
    total: Poly = {}
    for (m, a), (n, b) in itertools.product(p.items(), q.items()):
        monomial = tuple(sorted(m + n))
        total[monomial] = total.get(monomial, Fraction(0)) + a * b
    return {monomial: c for monomial, c in total.items() if c}


@lru_cache(maxsize=4096)
def monomials(text: str) -> list[tuple[Fraction, list[str]]]:
    """Split a sum of products, such as ``w*m - 1/2*B + 3``, into numbers and names."""
    demand(type(text) is str and len(text) <= SIZE_MAX, "not a formula")
    text = text.strip(" ")
    signed = text if text[:1] in ("+", "-") else f"+{text}"
    # No part may begin as the one before can end: then a failure is found in linear time.
    factor = "(?:[0-9]+(?:/[0-9]+)?|[A-Za-z][A-Za-z0-9_]*)"
    term = rf" *([+-]) *({factor}(?:\*{factor})*)"
    demand(re.fullmatch(f"(?:{term})+", signed), f"not a polynomial: {text!r:.80}")
    found = []
    for sign, body in re.findall(term, signed):
        parts = body.split("*")
        number = Fraction(-1 if sign == "-" else 1)
        for part in parts:
            number *= rational(part) if part[0].isdigit() else 1
        found.append((number, [part for part in parts if not part[0].isdigit()]))
    return found


def polynomial(text: str, env: Mapping[str, Poly | Fraction] | None = None) -> Poly:
    """Read a polynomial, its variables replaced at once by those of the environment."""
    return dict(_unreplaced(text)) if not env else _replaced(text, env)


@lru_cache(maxsize=4096)
def _unreplaced(text: str) -> Poly:
    return _replaced(text, {})


def _replaced(text: str, env: Mapping[str, Poly | Fraction]) -> Poly:
    total: Poly = {}
    for number, variables in monomials(text):
        values = [(name, env.get(name)) for name in variables]
        free = tuple(sorted(name for name, value in values if value is None))
        product: Poly = {free: number}
        for _, value in values:
            if isinstance(value, dict):
                product = multiply(product, value)
            elif value is not None:
                product = {monomial: c * value for monomial, c in product.items()}
        total = add(total, product)
    return total


def row(text: str, env: Mapping[str, Poly | Fraction] | None = None) -> Row:
    """Read ``p <= q`` and its kin."""
    parts = re.split(r"(<=|>=|<|>|=)", text) if type(text) is str else []
    demand(len(parts) == 3, f"not a row: {text!r:.80}")
    difference = add(polynomial(parts[0], env), polynomial(parts[2], env), -1)
    if parts[1].startswith("<"):
        return add({}, difference, -1), parts[1].replace("<", ">")
    return difference, parts[1]


def names(rows: Iterable[str]) -> set[str]:
    """Return the variables that occur in rows."""
    return {name for text in rows for monomial in row(text)[0] for name in monomial}


def _number(p: Poly) -> Fraction:
    demand(set(p) <= {()}, "the point leaves a variable open")
    return p.get((), Fraction(0))


def value(text: str, point: Mapping[str, Fraction]) -> Fraction:
    """Return a polynomial's value at a point that gives every variable."""
    return _number(polynomial(text, point))


def solve(rows: Iterable[str], point: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """Extend a point by the variables that the equations define, one after the other."""
    found = dict(point)
    for text in rows:
        p, sign = row(text, found)
        unknown = [monomial for monomial in p if monomial]
        if sign == "=" and len(unknown) == 1 and len(unknown[0]) == 1:
            found[unknown[0][0]] = -p.get((), Fraction(0)) / p[unknown[0]]
    return found


def holds(rows: Iterable[str], point: Mapping[str, Fraction]) -> bool:
    """Decide rows at a point that gives every variable."""
    values = [(_number(p), sign) for p, sign in (row(text, point) for text in rows)]
    return all(x > 0 or (x == 0 and sign != ">") for x, sign in values) and all(
        x == 0 for x, sign in values if sign == "="
    )


def integers(numbers: Iterable[Fraction | int]) -> list[int]:
    """Return the smallest positive multiple of numbers that is integer, without common factor."""
    found = [Fraction(x) for x in numbers]
    scale = lcm(*(x.denominator for x in found))
    whole = [int(x * scale) for x in found]
    divisor = gcd(*whole) or 1
    return [x // divisor for x in whole]


def jury(polynomial: Iterable[Fraction | int]) -> bool:
    """Decide whether all roots of a_0 z^n + ... + a_n lie strictly inside the unit circle."""
    a = integers(polynomial)
    while len(a) > 1:
        if abs(a[-1]) >= abs(a[0]):
            return False
        # Without the division by the common factor the digits would double in each round.
        a = [a[0] * x - a[-1] * y for x, y in zip(a, reversed(a), strict=True)][:-1]
        divisor = gcd(*a)
        a = [x // divisor for x in a]
    return True


def positive_definite(rest: list[list[Fraction]]) -> bool:
    """Decide by symmetric elimination: every pivot is positive."""
    while rest:
        pivot, *line = rest[0]
        if pivot <= 0 or [x[0] for x in rest[1:]] != line:
            return False
        rest = [[x - r[0] * y / pivot for x, y in zip(r[1:], line, strict=True)] for r in rest[1:]]
    return True
