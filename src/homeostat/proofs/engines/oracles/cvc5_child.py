"""The process that asks cvc5, and reads the sums of rows in its proof."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from homeostat.proofs.engines.oracles.child import serve

__all__ = ["ask_cvc5"]

_PROOF_BYTES_MAX: Final = 4 * 2**20
_SUMS_MAX: Final = 1_000


def ask_cvc5(question: Mapping[str, Any]) -> dict[str, Any]:
    """Return cvc5's answer as JSON data."""
    import cvc5

    terms = cvc5.TermManager()
    solver = cvc5.Solver(terms)
    solver.setLogic("QF_LRA" if question["linear"] else "QF_NRA")
    options = {
        "produce-models": "true",
        "produce-unsat-cores": "true",
        "rlimit-per": str(question["cvc5_rlimit"]),
    }
    if question["prove"]:
        # Without simplification the proof speaks of the rows as they were given.
        options |= {
            "produce-proofs": "true",
            "proof-granularity": "dsl-rewrite",
            "simplification": "none",
        }
    for name, value in options.items():
        solver.setOption(name, value)
    names = sorted({name for _, p in question["rows"] for monomial, _ in p for name in monomial})
    reals = {name: terms.mkConst(terms.getRealSort(), name) for name in names}
    rows = [_term(cvc5.Kind, terms, reals, sign, p) for sign, p in question["rows"]]
    for row in rows:
        solver.assertFormula(row)
    answer = solver.checkSat()
    if answer.isUnsat():
        core = solver.getUnsatCore()
        said = {"says": "none", "core": [i for i, row in enumerate(rows) if row in core]}
        return said | (_proof(cvc5, solver) if question["prove"] else {})
    if not answer.isSat():
        return {"says": "unknown", "reason": str(answer.getUnknownExplanation())}
    values = {name: solver.getValue(real) for name, real in reals.items()}
    rational = all(value.isRealValue() for value in values.values())
    point = (
        {name: str(value.getRealValue()) for name, value in values.items()} if rational else None
    )
    return {"says": "model", "point": point}


def _term(kind: Any, terms: Any, reals: Mapping[str, Any], sign: str, p: Any) -> Any:
    summands = [terms.mkReal("0"), terms.mkReal("0")]
    for monomial, coefficient in p:
        factors = [terms.mkReal(coefficient), *(reals[name] for name in monomial)]
        summands.append(terms.mkTerm(kind.MULT, *factors) if monomial else factors[0])
    relation = {">": kind.GT, ">=": kind.GEQ, "=": kind.EQUAL}[sign]
    return terms.mkTerm(relation, terms.mkTerm(kind.ADD, *summands), terms.mkReal("0"))


def _proof(cvc5: Any, solver: Any) -> dict[str, Any]:
    """Return the proof as text, and each sum of linear rows in it."""
    (proof,) = solver.getProof()
    text = solver.proofToString(proof)
    text = text.decode() if isinstance(text, bytes) else text
    sums: list[Any] = []
    for node in _nodes(proof):
        if "ARITH_SUM_UB" in str(node.getRule()) and len(sums) < _SUMS_MAX:
            summands = [_summand(cvc5.Kind, child.getResult()) for child in node.getChildren()]
            sums += [summands] if all(summands) else []
    return {"proof": text[:_PROOF_BYTES_MAX], "sums": sums}


def _nodes(root: Any) -> Iterator[Any]:
    todo = [root]
    while todo:
        node = todo.pop()
        yield node
        todo += node.getChildren()


def _summand(kind: Any, term: Any) -> list[Any] | None:
    """Return [relation, p] for a term p relation 0, or None if it is no such one."""
    relations = {kind.LT: "<", kind.LEQ: "<=", kind.EQUAL: "="}
    if term.getKind() not in relations:
        return None
    left, right = _linear(kind, term[0]), _linear(kind, term[1])
    if left is None or right is None:
        return None
    p = {name: left.get(name, 0) - right.get(name, 0) for name in {*left, *right}}
    return [relations[term.getKind()], [[[x] if x else [], str(c)] for x, c in p.items() if c]]


def _linear(kind: Any, term: Any) -> dict[str, Fraction] | None:
    """Return the coefficients of a linear term, that of 1 under the empty name."""
    if term.isRealValue() or term.isIntegerValue():
        return {"": Fraction(str(term.getRealValue()))}
    if term.getKind() == kind.CONSTANT:
        return {str(term): Fraction(1)}
    parts = [_linear(kind, part) for part in term]
    if term.getKind() not in (kind.ADD, kind.SUB, kind.MULT, kind.NEG) or None in parts:
        return None
    known = [part for part in parts if part is not None]
    if term.getKind() == kind.MULT:
        numbers = [part for part in known if set(part) <= {""}]
        others = [part for part in known if not set(part) <= {""}]
        if len(others) > 1:
            return None
        times = Fraction(1)
        for part in numbers:
            times *= part.get("", 0)
        return {x: times * c for x, c in (others[0] if others else {"": Fraction(1)}).items()}
    signs = {kind.ADD: [1] * len(known), kind.SUB: [1, *[-1] * (len(known) - 1)], kind.NEG: [-1]}
    total: dict[str, Fraction] = {}
    for sign, part in zip(signs[term.getKind()], known, strict=True):
        for x, c in part.items():
            total[x] = total.get(x, Fraction(0)) + sign * c
    return total


if __name__ == "__main__":
    serve(ask_cvc5)
