"""The corpus: every witness that was ever found, kept as data and replayed for ever."""

from importlib import resources
from pathlib import Path

from homeostat.counterexamples.files import read_bounded
from homeostat.counterexamples.witness import Witness, write_witness

__all__ = ["add", "corpus", "file_name"]


def file_name(witness: Witness) -> str:
    """Return the name under which the corpus keeps a witness."""
    return f"{witness.conjecture}.{witness.sha256[:12]}.json"


def corpus() -> tuple[Witness, ...]:
    """Return all witnesses that come with the package, by file name, not yet replayed.

    Raises:
        InvalidInputError: A file is not a witness.
        WitnessRejectedError: A file's hash is not that of its content.
    """
    folder = resources.files("homeostat.counterexamples") / "corpus"
    found = []
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".json"):
            with resources.as_file(entry) as path:
                found.append(Witness.from_json(read_bounded(path)))
    return tuple(found)


def add(witness: Witness, folder: Path) -> Path:
    """Write a witness into a corpus folder and return its file; never removes one."""
    path = folder / file_name(witness)
    write_witness(witness, path)
    return path
