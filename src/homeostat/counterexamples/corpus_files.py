"""The corpus: every witness that was ever found, kept as data and replayed for ever."""

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from homeostat.counterexamples.cases import Case
from homeostat.counterexamples.documents import AnyWitness, witness_from_json
from homeostat.counterexamples.files import read_bounded, write_atomically
from homeostat.counterexamples.witness import Witness

__all__ = ["add", "case_corpus", "corpus", "file_name"]


def file_name(witness: AnyWitness) -> str:
    """Return the name under which the corpus keeps a witness."""
    return f"{witness.conjecture}.{witness.sha256[:12]}.json"


def corpus() -> tuple[Witness, ...]:
    """Return all witnesses about batching that come with the package, not yet replayed.

    By file name.

    Raises:
        InvalidInputError: A file is not a witness.
        WitnessRejectedError: A file's hash is not that of its content.
    """
    return tuple(witness for witness in _read() if isinstance(witness, Witness))


def case_corpus() -> tuple[Case, ...]:
    """Return all cases that come with the package, by file name, not yet replayed.

    Raises:
        InvalidInputError: A file is not a witness.
        WitnessRejectedError: A file's hash is not that of its content.
    """
    return tuple(case for case in _read() if isinstance(case, Case))


def _read() -> Iterator[AnyWitness]:
    folder = resources.files("homeostat.counterexamples") / "corpus"
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".json"):
            with resources.as_file(entry) as path:
                yield witness_from_json(read_bounded(path))


def add(witness: AnyWitness, folder: Path) -> Path:
    """Write a witness into a corpus folder and return its file; never removes one."""
    path = folder / file_name(witness)
    write_atomically(path, json.dumps(witness.to_json(), indent=2) + "\n")
    return path
