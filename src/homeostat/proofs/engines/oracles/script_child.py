"""The process that hands SMT-LIB scripts to the solver named on its command line."""

import sys
from collections.abc import Mapping
from typing import Any

from homeostat.proofs.engines.oracles.child import serve

__all__ = ["ask_cvc5", "ask_z3"]


def ask_z3(question: Mapping[str, Any]) -> dict[str, str]:
    """Return z3's word on each script."""
    import z3

    said = {}
    for name, text in question["scripts"].items():
        solver = z3.SolverFor(_logic(text))
        solver.set("rlimit", question["z3_rlimit"])
        solver.from_string(text)
        said[name] = str(solver.check())
    return said


def ask_cvc5(question: Mapping[str, Any]) -> dict[str, str]:
    """Return cvc5's word on each script."""
    import cvc5

    said = {}
    for name, text in question["scripts"].items():
        solver = cvc5.Solver(cvc5.TermManager())
        solver.setOption("rlimit-per", str(question["cvc5_rlimit"]))
        parser = cvc5.InputParser(solver)
        parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, name)
        symbols = parser.getSymbolManager()
        answers = []
        while not (command := parser.nextCommand()).isNull():
            answers.append(str(command.invoke(solver, symbols)).split())
        # What follows "unknown" in brackets is why.
        said[name] = answers[-1][0] if answers and answers[-1] else "nothing"
    return said


def _logic(script: str) -> str:
    return script.partition("(set-logic ")[2].partition(")")[0]


if __name__ == "__main__":
    serve({"z3": ask_z3, "cvc5": ask_cvc5}[sys.argv[1]])
