"""Numbers, lists and rows as Coq text.

Everything that reaches the text is a number that was parsed, or a name that fits the kernel's
pattern and stands in a Coq string: no text of a certificate is copied.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from homeostat.proofs.polynomials import Poly, Row, demand

__all__ = ["boolean", "integer", "listed", "matrix", "natural", "rational_term", "row_term"]

RELATIONS = {">": "<", ">=": "<=", "=": "=="}


def integer(number: int) -> str:
    """Return an integer for a scope of integers or of rationals."""
    demand(type(number) is int, f"not an integer: {number!r:.40}")
    return str(number) if number >= 0 else f"({number})"


def natural(number: int) -> str:
    """Return a natural number in any scope."""
    demand(type(number) is int and number >= 0, f"not a natural number: {number!r:.40}")
    return f"{number}%nat"


def boolean(value: object) -> str:
    """Return a truth value."""
    return "true" if value else "false"


def rational_term(number: Fraction | int) -> str:
    """Return a rational number for the scope of rationals."""
    p, q = Fraction(number).as_integer_ratio()
    return f"({p} # {q})" if q != 1 else integer(p)


def listed(items: Iterable[str], *, lines: bool = False) -> str:
    """Return a list of terms, each on a line of its own if asked for."""
    return "[" + (";\n  " if lines else "; ").join(items) + "]"


def matrix(rows: Sequence[Sequence[Fraction]]) -> str:
    """Return a list of lists of rationals, a line for each."""
    return listed((listed(map(rational_term, row)) for row in rows), lines=True)


def polynomial_term(p: Poly) -> str:
    """Return a polynomial over a valuation v of names: ``v "w" * v "m" - (1 # 2) * v "B"``."""
    text = ""
    for names, c in p.items():
        size = [] if abs(c) == 1 and names else [rational_term(abs(c))]
        product = " * ".join([*size, *(f'v "{name}"' for name in names)])
        text += f" {'-' if c < 0 else '+'} {product}" if text else f"{'- ' * (c < 0)}{product}"
    return text or "0"


def row_term(row: Row) -> str:
    """Return a row p > 0, p >= 0 or p = 0, with what is subtracted on the other side."""
    p, sign = row
    more = {names: c for names, c in p.items() if c > 0}
    less = {names: -c for names, c in p.items() if c < 0}
    return f"{polynomial_term(less)} {RELATIONS[sign]} {polynomial_term(more)}"
