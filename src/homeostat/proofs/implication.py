"""Implications between rows: terms that refute rows, and proofs that rows imply a row.

Standard library only, exact, no tolerance, no search. Terms {"times", "rows", "square"?} refute
rows: each is a product of rows, times a number >= 0 (any polynomial if a row is an equation), times
a square; added up, a constant no point allows. With linear rows this is Farkas' lemma.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from homeostat.proofs.polynomials import Poly, Row, add, demand, multiply, polynomial, row

__all__ = ["combine", "prove", "refute"]


def combine(rows: list[Row], terms: Any) -> tuple[Poly, bool, bool]:
    """Return the sum of terms, whether a strict one takes part, whether only equations do."""
    total: Poly = {}
    strict, equations = False, True
    for term in terms:
        demand(set(term) <= {"times", "rows", "square"}, f"unknown field in {term}")
        demand(all(type(i) is int and 0 <= i < len(rows) for i in term["rows"]), "no such row")
        factors = [rows[i] for i in term["rows"]]
        product = times = polynomial(term["times"])
        for p in [polynomial(term["square"])] * 2 if "square" in term else []:
            product = multiply(product, p)
        for p, _ in factors:
            product = multiply(product, p)
        if all(sign != "=" for _, sign in factors):
            number = times.get((), Fraction(0))
            demand(set(times) <= {()} and number >= 0, f"multiplier {term['times']} is not >= 0")
            positive = number > 0 and "square" not in term
            strict = strict or (positive and all(sign == ">" for _, sign in factors))
            equations = False
        total = add(total, product)
    return total, strict, equations


def refute(rows: list[Row], terms: Any) -> None:
    """Check that no real point satisfies all rows."""
    total, strict, _ = combine(rows, terms)
    demand(set(total) <= {()}, f"terms do not cancel: {list(total)[:3]} remain")
    number = total.get((), Fraction(0))
    demand(number < 0 or (number == 0 and strict), f"terms make {number}, which is no conflict")


def prove(given: list[Row], goal: Row, proof: Mapping[str, Any], *, field: bool = False) -> None:
    """Check that the given rows imply the goal: over the reals, or in any field."""
    demand(set(proof) <= {"have", "terms", "above", "below", "equals"}, "unknown field in proof")
    for step in proof.get("have", []):
        prove(given, row(step["row"]), step["proof"], field=field)
        given = [*given, row(step["row"])]
    (p, sign), minus = goal, add({}, goal[0], -1)
    if "equals" in proof:
        total, _, equations = combine(given, proof["equals"])
        demand(sign == "=" and equations and total == p, "the equations do not add up")
        return
    demand(not field, "in any field only equations prove, and only an equation")
    if sign == "=":
        refute([*given, (p, ">")], proof["above"])
        refute([*given, (minus, ">")], proof["below"])
    else:
        refute([*given, (minus, ">=" if sign == ">" else ">")], proof["terms"])
