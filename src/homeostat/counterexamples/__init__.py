"""Witnesses, conjectures, searches and the corpus.

A search proposes, only an exact replay confirms: a candidate that does not replay is
counted and never shown as a witness.
"""

from homeostat.counterexamples.conjectures import (
    Comparison,
    Conjecture,
    conjecture,
    load_conjecture,
)
from homeostat.counterexamples.corpus_files import add, corpus
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
    "CONJECTURES",
    "METHODS",
    "Comparison",
    "Conjecture",
    "Progress",
    "SearchResult",
    "SearchSpace",
    "Witness",
    "add",
    "conjecture",
    "corpus",
    "default_space",
    "find_conjecture",
    "load_conjecture",
    "minimise_witness",
    "read_witness",
    "replay",
    "search",
    "write_witness",
]
