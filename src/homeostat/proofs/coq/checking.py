"""Runs Coq: compiles the library, and files against it."""

import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from homeostat.errors import InvalidInputError
from homeostat.proofs.coq.export import LIBRARY, MODULES

__all__ = ["CoqAnswer", "compile_library", "coq_version", "run_coq"]

SECONDS_MAX: Final = 300
REFUTED: Final = re.compile(r'Unable to unify\s+"true"\s+with\s+"false"')
"""What coqc says where a checker of the library computes to false."""


@dataclass(frozen=True, slots=True)
class CoqAnswer:
    """What coqc said of one file.

    Attributes:
        accepted: Whether it compiled.
        seconds: Wall time.
        output: Its standard output: what Print Assumptions says of each theorem.
        complaint: Its standard error.
    """

    accepted: bool
    seconds: float
    output: str
    complaint: str

    @property
    def refuted(self) -> bool:
        """Whether a checker computed to false: not a mistake of syntax, nor too little time."""
        return not self.accepted and REFUTED.search(self.complaint) is not None


def coq_version() -> str:
    """Return what coqc says of itself.

    Raises:
        InvalidInputError: There is no coqc.
    """
    if shutil.which("coqc") is None:
        raise InvalidInputError("coqc was not found; Debian has it in the package coq")
    command = ["coqc", "--print-version"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0]


def run_coq(file: Path, library: Path) -> CoqAnswer:
    """Compile one file against a compiled library.

    Args:
        file: The file, in a folder of its own.
        library: Folder of the compiled library.
    """
    begin = time.perf_counter()
    try:
        done = subprocess.run(
            ["coqc", "-q", "-Q", str(library), "Homeostat", file.name],
            cwd=file.parent,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired:
        complaint = f"no end in {SECONDS_MAX} s"
        return CoqAnswer(
            accepted=False, seconds=time.perf_counter() - begin, output="", complaint=complaint
        )
    return CoqAnswer(
        accepted=done.returncode == 0,
        seconds=time.perf_counter() - begin,
        output=done.stdout,
        complaint=done.stderr,
    )


def compile_library(folder: Path) -> float:
    """Copy the library into a folder and compile it there; return the seconds it took.

    Raises:
        InvalidInputError: coqc rejects it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    total = 0.0
    for module in MODULES:
        shutil.copy(LIBRARY / f"{module}.v", folder)
        answer = run_coq(folder / f"{module}.v", folder)
        if not answer.accepted:
            raise InvalidInputError(f"coqc rejects {module}.v: {answer.complaint[:2000]}")
        total += answer.seconds
    return total
