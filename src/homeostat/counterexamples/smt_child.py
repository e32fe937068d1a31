"""The child process that asks z3; reads one query as JSON, answers one line a horizon.

z3 is an oracle: it runs apart, so that a crash, a hang or a wrong answer costs one query
and nothing else. The steps are the models' own, run on z3 terms.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from homeostat.counterexamples.conjectures import OPERATORS, Conjecture
from homeostat.counterexamples.library import find_conjecture
from homeostat.counterexamples.observing import Lockstep, comparison_sides
from homeostat.models.batching import stage_weights

__all__ = ["answers", "main"]

_DIGITS: Final = 12
"""Decimal digits of an algebraic number; a nearby rational is tried in its place."""


def _named(z3: Any, constraints: list[Any], name: str, terms: Sequence[Any]) -> tuple[Any, ...]:
    """Give each term a variable, so that the next step refers to it instead of nesting."""
    variables = tuple(z3.Real(f"{name}_{s}") for s in range(len(terms)))
    constraints += [v == term for v, term in zip(variables, terms, strict=True)]
    return variables


def jury_conditions(weights: Sequence[Any]) -> list[Any]:
    """Return terms that are all positive iff every root is inside the unit circle.

    Jury's recursion as in ``models.batching.is_schur_stable``; the leading coefficient
    stays positive as long as the conditions before it hold.
    """
    conditions, a = [], list(weights)
    while len(a) > 1:
        conditions += [a[0] - a[-1], a[0] + a[-1]]
        a = [a[0] * x - a[-1] * y for x, y in zip(a, a[::-1], strict=True)][:-1]
    return conditions


class _Unrolling:
    """The constraints of a query, grown by one step for each horizon."""

    def __init__(self, z3: Any, conjecture: Conjecture, query: Mapping[str, Any]) -> None:
        self.z3, self.conjecture = z3, conjecture
        self.constraints: list[Any] = []
        l_a, l_b = query["l_a"], query["l_b"]
        l0, capacity = z3.RealVal(query["l0"]), z3.RealVal(query["capacity"])
        self.q = z3.Real("q") if query["q"] is None else z3.RealVal(query["q"])
        if query["q"] is None:
            self.constraints += [self.q > 0, self.q < 1]
        weights = stage_weights(l0, l_a, l_b, self.q)
        if query["stable"] and query["q"] is None:
            self.constraints += [term > 0 for term in jury_conditions(weights)]
        self.start = self._start(query["start"], weights, capacity)
        self.run = Lockstep(l0, weights, capacity, self.start)
        for assumption in conjecture.assumes:
            if not isinstance(assumption, str):
                self.constraints.append(self._comparison(assumption))

    def _comparison(self, comparison: tuple[str, str, str]) -> Any:
        lone = Conjecture(name="assumption", statement="", violated_when=(comparison,))
        ((left, sign, right),) = comparison_sides(lone, self.run, self.z3.RealVal)
        return OPERATORS[sign](left, right)

    def _start(self, kind: str, weights: Sequence[Any], capacity: Any) -> tuple[Any, ...]:
        z3 = self.z3
        if kind == "canonical":
            return (capacity / weights[0],) + (z3.RealVal(0),) * (len(weights) - 1)
        start = tuple(z3.Real(f"start_{s}") for s in range(len(weights)))
        tokens = z3.Sum([w * m for w, m in zip(weights, start, strict=True)])
        self.constraints += [tokens == capacity, *(m >= 0 for m in start)]
        return start

    def advance(self) -> None:
        run, t = self.run, self.run.t + 1
        run.advance()
        run.theory = _named(self.z3, self.constraints, f"theory_{t}", run.theory)
        run.simulation = _named(self.z3, self.constraints, f"simulation_{t}", run.simulation)

    def violation(self) -> Any:
        sides = comparison_sides(self.conjecture, self.run, self.z3.RealVal)
        return self.z3.And(*(OPERATORS[sign](left, right) for left, sign, right in sides))


def _rational(z3: Any, value: Any) -> str:
    if z3.is_algebraic_value(value):
        value = value.approx(_DIGITS)
    return str(Fraction(value.numerator_as_long(), value.denominator_as_long()))


def answers(query: Mapping[str, Any]) -> Any:
    """Yield z3's answer for each horizon 0 .. steps, until one is satisfiable."""
    import z3

    z3.set_param("smt.random_seed", query["seed"])
    unrolling = _Unrolling(z3, find_conjecture(query["conjecture"]), query)
    for horizon in range(query["steps"] + 1):
        if horizon:
            unrolling.advance()
        solver = z3.Solver()
        solver.set("rlimit", query["rlimit"])
        solver.add(*unrolling.constraints, unrolling.violation())
        answer = solver.check()
        line: dict[str, Any] = {"horizon": horizon, "answer": str(answer)}
        if answer == z3.unknown:
            line["reason"] = solver.reason_unknown()
        if answer == z3.sat:
            model = solver.model()

            def value(term: Any, model: Any = model) -> str:
                return _rational(z3, model.eval(term, model_completion=True))

            line["q"] = value(unrolling.q)
            line["start"] = [value(m) for m in unrolling.start]
        yield line
        if answer == z3.sat:
            return


def main() -> None:
    """Answer the query on standard input, one flushed JSON line a horizon."""
    for line in answers(json.load(sys.stdin)):
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
