"""Finds multipliers that refute rows, or prove one from others.

The candidates are products of the given inequalities, squares, and equations times
monomials, up to a level. A float linear program (HiGHS) proposes a sparse combination; an
exact solve over the rationals on its support gives the multipliers. What does not come out
exactly is not returned. Where no level succeeds, linear rows may still be refuted by the sum in
cvc5's own proof; else the oracles are asked whether the rows have a model: then the statement is
false, and the model says why.

Level 0 is Farkas' lemma for linear rows; higher levels are Positivstellensatz products.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import Any

import flint
import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from homeostat.errors import HomeostatError
from homeostat.proofs.engines.oracles import ORACLES, Point, Question, race, refutation_by_cvc5
from homeostat.proofs.polynomials import Poly, Row, add, multiply, polynomial, row

__all__ = ["NoProofError", "find_proof", "row_text"]

LEVEL_MAX = 2
SQUARE = "square "
CANDIDATES_MAX = 60_000
CELLS_MAX = 1_000_000
_NEGATED = {">": ">=", ">=": ">"}


class NoProofError(HomeostatError):
    """No combination of the candidates proves the goal.

    Attributes:
        model: A point that satisfies what is given and breaks the goal, if an oracle found one.
    """

    def __init__(self, message: str, model: Point | None) -> None:
        """Store the message and the counter-model."""
        super().__init__(message)
        self.model = model


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One term, as it will stand in the certificate, and the polynomial it adds."""

    rows: tuple[int, ...]
    monomial: str
    square: str | None
    poly: Poly
    equation: bool = False
    strict: bool = False

    def term(self, times: Fraction) -> dict[str, Any]:
        number = str(times)
        body = number if self.monomial == "1" else f"{number}*{self.monomial}"
        term: dict[str, Any] = {"times": body, "rows": list(self.rows)}
        return term if self.square is None else {**term, "square": self.square}


def find_proof(
    given: Sequence[str], goal: Row, hints: Sequence[str] = (), *, field: bool = False
) -> dict[str, Any]:
    """Return a proof that the kernel accepts, of a goal from given rows.

    Args:
        given: Rows as text.
        goal: The row to prove, parsed.
        hints: Facts to prove first, in order, each from the given rows and those before;
            ``square p`` offers the square of a polynomial as a candidate from there on.
        field: Prove by equations alone, so that it holds in any field.

    Raises:
        NoProofError: None was found; it carries a counter-model if there is one.
    """
    steps: list[dict[str, Any]] = []
    known, squares = list(given), []
    for hint in hints:
        if hint.startswith(SQUARE):
            squares.append(hint.removeprefix(SQUARE))
            continue
        steps.append({"row": hint, "proof": _prove(known, row(hint), squares, field=field)})
        known.append(hint)
    proof = _prove(known, goal, squares, field=field)
    return {"have": steps, **proof} if steps else proof


def _prove(
    given: Sequence[str], goal: Row, squares: Sequence[str], *, field: bool
) -> dict[str, Any]:
    rows = [row(text) for text in given]
    p, sign = goal
    minus = add({}, p, -1)
    against = [(p, ">"), (minus, ">")] if sign == "=" else [(minus, _NEGATED[sign])]
    keys = ("above", "below") if sign == "=" else ("terms",)
    found: dict[str, Any] = {}
    for level in range(LEVEL_MAX + 1):
        if sign == "=" and (terms := _combination(rows, p, level)) is not None:
            return {"equals": terms}
        for key, negation in zip(keys, against, strict=True):
            if key not in found and not field:
                terms = _refutation([*rows, negation], squares, level)
                found |= {} if terms is None else {key: terms}
        if len(found) == len(keys):
            return found
    if field:
        raise NoProofError(_message(given, goal), None)
    for key, negation in zip(keys, against, strict=True):
        if key not in found and (terms := refutation_by_cvc5([*rows, negation])) is not None:
            found[key] = terms
    if len(found) == len(keys):
        return found
    asked = ", ".join(o.absence.detail if o.absence else o.name for o in ORACLES)
    note = f" (asked for a counter-model: {asked})"
    raise NoProofError(_message(given, goal) + note, _counter_model(rows, against))


def _message(given: Sequence[str], goal: Row) -> str:
    p, sign = goal
    return f"no multipliers up to level {LEVEL_MAX} prove {p} {sign} 0 from {'; '.join(given)}"


def _counter_model(rows: Sequence[Row], against: Sequence[Row]) -> Point | None:
    for negation in against:
        model = race(Question(rows=(*rows, negation))).model
        if model is not None:
            return dict(model.point)
    return None


def row_text(known: Row) -> str:
    """Return a row as text that reads back as the same row."""
    p, sign = known
    terms = [f"{'-' if x < 0 else '+'} {'*'.join([str(abs(x)), *m])}" for m, x in p.items()]
    return f"{' '.join(terms) or '0'} {sign} 0"


def _variables(rows: Iterable[Row]) -> list[str]:
    return sorted({name for p, _ in rows for monomial in p for name in monomial})


def _monomials(rows: Sequence[Row], degree: int) -> Iterator[tuple[str, ...]]:
    for k in range(degree + 1):
        yield from combinations_with_replacement(_variables(rows), k)


def _equations(rows: Sequence[Row], level: int, goal: Poly | None = None) -> Iterator[_Candidate]:
    around = [*rows, (goal or {}, "=")]
    for i, (p, sign) in enumerate(rows):
        if sign == "=":
            for monomial in _monomials(around, level):
                poly = multiply(p, {monomial: Fraction(1)})
                yield _Candidate((i,), "*".join(monomial) or "1", None, poly, equation=True)


def _products(rows: Sequence[Row], squares: Sequence[str], level: int) -> Iterator[_Candidate]:
    signed = [i for i, (_, sign) in enumerate(rows) if sign != "="]
    for size in range(1, level + 2):
        for chosen in combinations_with_replacement(signed, size):
            poly: Poly = {(): Fraction(1)}
            for i in chosen:
                poly = multiply(poly, rows[i][0])
            strict = all(rows[i][1] == ">" for i in chosen)
            yield _Candidate(chosen, "1", None, poly, strict=strict)
    for text in (*squares, *(_variables(rows) if level else ())):
        square = multiply(polynomial(text), polynomial(text))
        yield _Candidate((), "1", text, square)
        for i in signed:
            yield _Candidate((i,), "1", text, multiply(square, rows[i][0]))


def _refutation(
    rows: Sequence[Row], squares: Sequence[str], level: int
) -> list[dict[str, Any]] | None:
    candidates = [*_products(rows, squares, level), *_equations(rows, level)]
    return _solve(candidates) if len(candidates) <= CANDIDATES_MAX else None


def _index(polys: Iterable[Poly]) -> dict[tuple[str, ...], int]:
    return {m: i for i, m in enumerate(sorted({m for p in polys for m in p} | {()}))}


def _solve(candidates: Sequence[_Candidate]) -> list[dict[str, Any]] | None:
    """Find multipliers with sum = -s, s >= 0, and s + (strict multipliers) = 1."""
    index = _index(c.poly for c in candidates)
    entries = [(index[m], j, float(x)) for j, c in enumerate(candidates) for m, x in c.poly.items()]
    slack, normal = len(candidates), len(index)
    entries.append((index[()], slack, 1.0))
    entries.append((normal, slack, 1.0))
    entries += [(normal, j, 1.0) for j, c in enumerate(candidates) if c.strict]
    signs = [-1.0 if c.equation else 0.0 for c in candidates]
    # An equation takes either sign: a second column, negated, keeps the objective an L1 norm.
    columns = [*range(slack + 1), *(j for j, sign in enumerate(signs) if sign)]
    i, j, x = (np.array(part) for part in zip(*entries, strict=True))
    matrix = csr_array((x, (i, j)), shape=(normal + 1, slack + 1)).tocsc()
    matrix = matrix[:, columns]
    flips = np.ones(len(columns))
    flips[slack + 1 :] = -1
    b = np.zeros(normal + 1)
    b[normal] = 1
    answer = linprog(np.ones(len(columns)), A_eq=matrix @ np.diag(flips), b_eq=b, method="highs")
    if answer.status != 0:
        return None
    support = sorted({columns[k] for k in np.flatnonzero(answer.x > 1e-9)})
    return _exact(candidates, support, index)


def _exact(
    candidates: Sequence[_Candidate], support: Sequence[int], index: dict[tuple[str, ...], int]
) -> list[dict[str, Any]] | None:
    slack, normal = len(candidates), len(index)
    table = flint.fmpq_mat(normal + 1, len(support) + 1)
    for k, j in enumerate(support):
        if j == slack:
            table[index[()], k] = table[normal, k] = 1
            continue
        for monomial, x in candidates[j].poly.items():
            table[index[monomial], k] = flint.fmpq(x.numerator, x.denominator)
        if candidates[j].strict:
            table[normal, k] = 1
    table[normal, len(support)] = 1
    values = _solution(table, len(support))
    if values is None:
        return None
    chosen = [(candidates[j], x) for j, x in zip(support, values, strict=True) if j != slack and x]
    if any(x < 0 and not c.equation for c, x in chosen):
        return None
    if any(x < 0 for j, x in zip(support, values, strict=True) if j == slack):
        return None
    return [c.term(x) for c, x in chosen]


def _solution(table: Any, width: int) -> list[Fraction] | None:
    """Solve an exact system from its augmented matrix, free variables zero."""
    reduced, rank = table.rref()
    values = [Fraction(0)] * width
    for r in range(rank):
        lead = next(k for k in range(width + 1) if reduced[r, k] != 0)
        if lead == width:
            return None
        x = reduced[r, width]
        values[lead] = Fraction(int(x.p), int(x.q))
    return values


def _combination(rows: Sequence[Row], goal: Poly, level: int) -> list[dict[str, Any]] | None:
    """Write a polynomial as equations times monomials, exactly; None when it is not one."""
    candidates = list(_equations(rows, level, goal))
    index = _index([goal, *(c.poly for c in candidates)])
    if len(candidates) * len(index) > CELLS_MAX:
        return None
    table = flint.fmpq_mat(len(index), len(candidates) + 1)
    for k, poly in enumerate([*(c.poly for c in candidates), goal]):
        for monomial, x in poly.items():
            table[index[monomial], k] = flint.fmpq(x.numerator, x.denominator)
    values = _solution(table, len(candidates))
    if values is None:
        return None
    return [c.term(x) for c, x in zip(candidates, values, strict=True) if x]
