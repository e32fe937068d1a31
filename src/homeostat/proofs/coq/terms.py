"""Numbers, lists and polynomials as Coq text.

Everything that reaches the text is a number that was parsed, or a name that fits the kernel's
pattern and stands in a Coq string: no text of a certificate is copied.
"""

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Final

from homeostat.proofs.polynomials import Poly, Row, demand

__all__ = ["integer", "listed", "natural", "polynomial_term", "quoted", "rational_term", "row_term"]

RELATIONS: Final = {">": "<", ">=": "<=", "=": "=="}


def integer(number: int) -> str:
    """Return an integer, for a scope of integers or of rationals."""
    demand(type(number) is int, f"not an integer: {number!r:.40}")
    return str(number) if number >= 0 else f"({number})"


def natural(number: int) -> str:
    """Return a natural number, for any scope."""
    demand(type(number) is int and number >= 0, f"not a natural number: {number!r:.40}")
    return f"{number}%nat"


def rational_term(number: Fraction | int) -> str:
    """Return a rational number, for the scope of rationals."""
    p, q = Fraction(number).as_integer_ratio()
    return f"({p} # {q})" if q != 1 else integer(p)


def quoted(name: str) -> str:
    """Return a name as a Coq string."""
    demand(name.replace("_", "").isascii() and name.replace("_", "").isalnum(), "not a name")
    return f'"{name}"'


def listed(items: Iterable[str], *, lines: bool = False) -> str:
    """Return a list of terms, each on a line of its own if asked for."""
    return "[" + (";\n  " if lines else "; ").join(items) + "]"


def _valued(name: str) -> str:
    return f"v {quoted(name)}"


def polynomial_term(p: Poly, variable: Callable[[str], str] = _valued) -> str:
    """Return a sum of products, such as ``(1 # 2) * v "w" * v "m" + v "B"``.

    Args:
        p: The polynomial.
        variable: How a name is written.
    """
    products = []
    for names, c in p.items():
        size = [] if c == 1 and names else [rational_term(c)]
        products.append(" * ".join([*size, *map(variable, names)]))
    return " + ".join(products) or "0"


def row_term(row: Row, variable: Callable[[str], str] = _valued) -> str:
    """Return p > 0, p >= 0 or p = 0, with what is subtracted on the smaller side.

    An equation has it on the right, so that it is read as p = 0 and not as -p = 0.
    """
    p, sign = row
    more = {names: c for names, c in p.items() if c > 0}
    less = {names: -c for names, c in p.items() if c < 0}
    left, right = polynomial_term(less, variable), polynomial_term(more, variable)
    if sign == "=":
        left, right = right, left
    return f"{left} {RELATIONS[sign]} {right}"
