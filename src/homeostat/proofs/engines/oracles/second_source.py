"""A second source of proofs: the multipliers in cvc5's own proof that linear rows conflict.

cvc5 refutes linear rows by a sum of multiples of them. Each summand of such a sum in its proof
is matched with the row that it is a multiple of; the multipliers become terms as the kernel
reads them. Whether they prove anything only the kernel says.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from homeostat.proofs.engines.oracles.questions import Limits, NoModel, Question
from homeostat.proofs.engines.oracles.racing import CVC5, race
from homeostat.proofs.polynomials import Poly, Row

__all__ = ["refutation_by_cvc5"]


def refutation_by_cvc5(
    rows: Sequence[Row], limits: Limits | None = None
) -> list[dict[str, Any]] | None:
    """Return terms that refute linear rows, from cvc5's proof, or None if it gives none.

    Args:
        rows: The rows, the negated goal among them.
        limits: What cvc5 may use up.
    """
    question = Question(rows=tuple(rows), limits=limits or Limits(), prove=True)
    if not question.linear:
        return None
    answer = race(question, oracles=(CVC5,)).answer
    if not isinstance(answer, NoModel):
        return None
    for summands in answer.sums:
        matched = [_multiple(rows, p) for p, _ in summands]
        terms = [term for term in matched if term is not None]
        if len(terms) == len(matched) and _conflict(rows, terms):
            return [{"times": str(times), "rows": [i]} for i, times in terms]
    return None


def _multiple(rows: Sequence[Row], p: Poly) -> tuple[int, Fraction] | None:
    """Return (i, x) with -p = x * row i, where x > 0 unless the row is an equation."""
    for i, (q, sign) in enumerate(rows):
        if not q or set(p) != set(q):
            continue
        monomial = next(iter(q))
        times = -p[monomial] / q[monomial]
        if (times > 0 or sign == "=") and all(-p[m] == times * x for m, x in q.items()):
            return i, times
    return None


def _conflict(rows: Sequence[Row], terms: Sequence[tuple[int, Fraction]]) -> bool:
    total: Poly = {}
    for i, times in terms:
        for monomial, x in rows[i][0].items():
            total[monomial] = total.get(monomial, Fraction(0)) + times * x
    number = total.pop((), Fraction(0))
    strict = any(rows[i][1] == ">" for i, _ in terms)
    return not any(total.values()) and (number < 0 or (number == 0 and strict))
