"""z3 as an oracle: in a child process, with limits; its answer is never taken on trust.

A model comes back as exact fractions and is checked row by row before it is returned; a
crash, a timeout or an irrational model is None, as is "no model". The child is this module
itself: it reads rows as JSON from standard input and writes a point to standard output.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Final, TypeAlias

from homeostat.proofs.polynomials import Poly, Row, point_of

__all__ = ["RLIMIT", "WALL_SECONDS_MAX", "Model", "find_model"]

Model: TypeAlias = dict[str, Fraction]

RLIMIT: Final = 20_000_000
WALL_SECONDS_MAX: Final = 30


def find_model(rows: Sequence[Row]) -> Model | None:
    """Return a rational point that satisfies all rows exactly, or None if none was found."""
    question = [
        [sign, [[list(monomial), str(coefficient)] for monomial, coefficient in p.items()]]
        for p, sign in rows
    ]
    try:
        child = subprocess.run(
            [sys.executable, "-m", "homeostat.proofs.engines.oracle"],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            timeout=WALL_SECONDS_MAX,
            check=True,
        )
        model = point_of(json.loads(child.stdout) or {})
        return model if all(_satisfied(r, model) for r in rows) else None
    except (subprocess.SubprocessError, OSError, ValueError, KeyError, AttributeError):
        return None


def _value(p: Poly, point: Model) -> Fraction:
    total = Fraction(0)
    for monomial, coefficient in p.items():
        product = coefficient
        for name in monomial:
            product *= point[name]
        total += product
    return total


def _satisfied(r: Row, point: Model) -> bool:
    value = _value(r[0], point)
    return value > 0 if r[1] == ">" else value == 0 if r[1] == "=" else value >= 0


def _ask(question: list[tuple[str, list[tuple[list[str], str]]]]) -> dict[str, str] | None:
    import z3

    names = sorted({name for _, p in question for monomial, _ in p for name in monomial})
    reals = {name: z3.Real(name) for name in names}
    solver = z3.Solver()
    solver.set("rlimit", RLIMIT)
    for sign, p in question:
        total = z3.RealVal(0)
        for monomial, coefficient in p:
            product = z3.RealVal(coefficient)
            for name in monomial:
                product = product * reals[name]
            total = total + product
        solver.add(total > 0 if sign == ">" else total == 0 if sign == "=" else total >= 0)
    if solver.check() != z3.sat:
        return None
    model = solver.model()
    values = {name: model.eval(real, model_completion=True) for name, real in reals.items()}
    if not all(z3.is_rational_value(value) for value in values.values()):
        return None
    return {name: str(value.as_fraction()) for name, value in values.items()}


if __name__ == "__main__":
    json.dump(_ask(json.load(sys.stdin)), sys.stdout)
