"""Solvers as oracles: z3 and cvc5, raced in processes of their own, believed in nothing.

A question is rows over the reals, linear or not. A model comes back as exact fractions that
were checked row by row; that there is none, and why, is kept as what a solver said. A crash, a
timeout, or an answer that makes no sense is the solver's trouble, and comes back as such.
"""

from homeostat.proofs.engines.oracles.questions import (
    Answer,
    GaveUp,
    Limits,
    Model,
    NoModel,
    Point,
    Question,
)
from homeostat.proofs.engines.oracles.racing import (
    CVC5,
    ORACLES,
    Z3,
    Oracle,
    OracleDisagreementError,
    Race,
    race,
)
from homeostat.proofs.engines.oracles.scripts import SCRIPT_ORACLES, ask_scripts
from homeostat.proofs.engines.oracles.second_source import refutation_by_cvc5

__all__ = [
    "CVC5",
    "ORACLES",
    "SCRIPT_ORACLES",
    "Z3",
    "Answer",
    "GaveUp",
    "Limits",
    "Model",
    "NoModel",
    "Oracle",
    "OracleDisagreementError",
    "Point",
    "Question",
    "Race",
    "ask_scripts",
    "race",
    "refutation_by_cvc5",
]
