"""Rows of a theorem, read once more apart from the kernel, and random points that meet them.

Python's own parser reads the rows here, so that a mistake in the kernel's reader would show.
Numbers of an example are changed at random, the assumed equations mended; what breaks an
assumption is dropped by the caller.
"""

import ast
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, TypeAlias

from homeostat.proofs.polynomials import row

__all__ = ["TRIES", "Values", "all_fair", "changed", "fair", "mended", "tried_points", "value"]

Values: TypeAlias = dict[str, Fraction]

TRIES: Final = 60
"""Random variations of an example, itself among them."""

_FACTORS: Final = tuple(map(Fraction, ("1/3", "1/2", "9/10", "11/10", "3/2", "2", "5")))
_ODD: Final = (Fraction(0), Fraction(-1))
_SIGN: Final = re.compile(r"<=|>=|<|>|=")
_MENDED_FIRST: Final = ("a_U", "b_U", "m_T", "m_S", "w", "v", "B")


def value(text: str, point: Mapping[str, Fraction]) -> Fraction:
    """Return a polynomial's value at a point, read by Python's parser and run as data.

    Raises:
        ValueError: It is no polynomial.
        KeyError: A name has no value.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise ValueError(f"not a polynomial: {text:.80}") from error
    return _value(tree.body, point)


def _value(node: ast.expr, point: Mapping[str, Fraction]) -> Fraction:
    match node:
        case ast.Constant(value=int() as number):
            return Fraction(number)
        case ast.Name(id=name):
            return point[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, point)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, point)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _value(left, point) + _value(right, point)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _value(left, point) - _value(right, point)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _value(left, point) * _value(right, point)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _value(left, point) / _value(right, point)
        case _:
            raise ValueError(f"not a polynomial: {ast.dump(node):.80}")


def fair(text: str, point: Mapping[str, Fraction]) -> bool:
    """Decide one row at a point.

    Raises:
        ValueError: It is no row.
        KeyError: A name has no value.
    """
    (sign,) = _SIGN.findall(text)
    left, right = _SIGN.split(text)
    a, b = value(left, point), value(right, point)
    return {"<=": a <= b, ">=": a >= b, "<": a < b, ">": a > b, "=": a == b}[sign]


def all_fair(rows: Sequence[str], point: Mapping[str, Fraction]) -> bool:
    """Decide rows at a point."""
    return all(fair(text, point) for text in rows)


def changed(values: Mapping[str, Any], rng: random.Random) -> Values:
    """Return numbers with some of them changed; a zero may become anything."""
    found = {}
    for name, text in values.items():
        x = Fraction(text)
        if rng.random() < 0.6:
            # Mostly positive: nearly all that is assumed of a run begins with that.
            factor = rng.choice(_ODD if rng.random() < 0.06 else _FACTORS)
            x = factor * (x or Fraction(rng.randrange(4), 2))
        found[name] = x
    return found


def mended(rows: Sequence[str], own: Values, around: Mapping[str, Fraction]) -> Values:
    """Solve assumed equations, one after the other, each for one of our own values."""
    found = dict(own)
    for text in rows:
        if row(text)[1] != "=" or not row(text, {**around, **found})[0]:
            continue
        for name in (*(x for x in _MENDED_FIRST if x in own), *own):
            here = {x: y for x, y in found.items() if x != name}
            p, _ = row(text, {**around, **here})
            if set(p) <= {(), (name,)} and (name,) in p:
                found[name] = -p.get((), Fraction(0)) / p[(name,)]
                break
    return found


def tried_points(
    given: Sequence[str], example: Mapping[str, Any], rng: random.Random
) -> Iterator[Values]:
    """Yield points near an example that satisfy the given rows, the example first."""
    for i in range(TRIES):
        here = {name: Fraction(text) for name, text in example.items()}
        if i:
            here = mended(given, changed(example, rng), {})
        if all_fair(given, here):
            yield here
