"""Witnesses, conjectures, searches and the corpus.

A search proposes, only an exact replay confirms: a candidate that does not replay is
counted and never shown as a witness.
"""

from homeostat.counterexamples.cases import (
    CASE_CONJECTURES,
    CASE_SCHEMA,
    Case,
    CaseConjecture,
    find_case_conjecture,
    replay_case,
)
from homeostat.counterexamples.conjectures import (
    Comparison,
    Conjecture,
    conjecture,
    load_conjecture,
)
from homeostat.counterexamples.corpus_files import add, case_corpus, corpus
from homeostat.counterexamples.documents import (
    AnyWitness,
    confirm,
    read_any_witness,
    witness_from_json,
)
from homeostat.counterexamples.library import CONJECTURES, find_conjecture
from homeostat.counterexamples.minimise import minimise_witness
from homeostat.counterexamples.results import Progress, SearchResult
from homeostat.counterexamples.searching import METHODS, search
from homeostat.counterexamples.space import SearchSpace, default_space
from homeostat.counterexamples.witness import (
    Witness,
    read_witness,
    replay,
    write_witness,
)

__all__ = [
    "CASE_CONJECTURES",
    "CASE_SCHEMA",
    "CONJECTURES",
    "METHODS",
    "AnyWitness",
    "Case",
    "CaseConjecture",
    "Comparison",
    "Conjecture",
    "Progress",
    "SearchResult",
    "SearchSpace",
    "Witness",
    "add",
    "case_corpus",
    "confirm",
    "conjecture",
    "corpus",
    "default_space",
    "find_case_conjecture",
    "find_conjecture",
    "load_conjecture",
    "minimise_witness",
    "read_any_witness",
    "read_witness",
    "replay",
    "replay_case",
    "search",
    "witness_from_json",
    "write_witness",
]
