"""Small cases that refute: a queue's run, a history of arrivals, a pair of rates."""

from homeostat.counterexamples.cases.case import CASE_SCHEMA, Case, case_holds, replay_case
from homeostat.counterexamples.cases.conjectures import (
    CASE_CONJECTURES,
    CaseConjecture,
    find_case_conjecture,
)
from homeostat.counterexamples.cases.figures import figures_of

__all__ = [
    "CASE_CONJECTURES",
    "CASE_SCHEMA",
    "Case",
    "CaseConjecture",
    "case_holds",
    "figures_of",
    "find_case_conjecture",
    "replay_case",
]
