"""The process that asks z3."""

from collections.abc import Mapping
from typing import Any

from homeostat.proofs.engines.oracles.child import serve

__all__ = ["ask_z3"]


def ask_z3(question: Mapping[str, Any]) -> dict[str, Any]:
    """Return z3's answer as JSON data."""
    import z3

    rows = question["rows"]
    names = sorted({name for _, p in rows for monomial, _ in p for name in monomial})
    reals = {name: z3.Real(name) for name in names}
    # Only its linear solver keeps track of rows and stays as strong.
    solver = z3.SolverFor("QF_LRA") if question["linear"] else z3.Solver()
    solver.set("rlimit", question["z3_rlimit"])
    for i, (sign, p) in enumerate(rows):
        total = z3.RealVal(0)
        for monomial, coefficient in p:
            product = z3.RealVal(coefficient)
            for name in monomial:
                product = product * reals[name]
            total = total + product
        term = total > 0 if sign == ">" else total == 0 if sign == "=" else total >= 0
        if question["linear"]:
            solver.assert_and_track(term, f"row {i}")
        else:
            solver.add(term)
    answer = solver.check()
    if answer == z3.unsat:
        core = [int(str(label).split()[1].rstrip("|")) for label in solver.unsat_core()]
        return {"says": "none", "core": core if question["linear"] else None}
    if answer != z3.sat:
        return {"says": "unknown", "reason": solver.reason_unknown()}
    model = solver.model()
    values = {name: model.eval(real, model_completion=True) for name, real in reals.items()}
    rational = all(z3.is_rational_value(value) for value in values.values())
    point = {name: str(value.as_fraction()) for name, value in values.items()} if rational else None
    return {"says": "model", "point": point}


if __name__ == "__main__":
    serve(ask_z3)
