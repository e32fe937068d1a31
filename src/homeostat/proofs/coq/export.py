"""A certificate as a Coq file that states its theorem and has it checked by computation.

The file needs the library beside this module (``*.v``), compiled under the name Homeostat.
Nothing written here is trusted: a wrong export states another theorem, which a reader sees, or
fails to compile.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from homeostat.errors import InvalidInputError
from homeostat.proofs.coq.excluding import excluding
from homeostat.proofs.coq.rows import farkas
from homeostat.proofs.coq.runs import enumeration, replay
from homeostat.proofs.coq.scans import induction, scan
from homeostat.proofs.coq.schur import schur
from homeostat.proofs.coq.settling import settling
from homeostat.proofs.coq.signs import sign_on_interval
from homeostat.proofs.kernel import RejectedError, digest

__all__ = ["EXPORTS", "LIBRARY", "MODULES", "TEXT_CHARS_MAX", "coq_source", "theorem_names"]

LIBRARY: Final = Path(__file__).resolve().parent
MODULES: Final = (
    "Model",
    "Forms",
    "Modes",
    "Tree",
    "Settles",
    "Squares",
    "Converges",
    "Interval",
    "Figures",
    "Runs",
    "Unstable",
    "Cells",
    "Observed",
    "Exclusion",
    "Never",
    "Rows",
    "Scan",
    "Scanning",
    "Induction",
)
"""The library's files in the order in which they are compiled."""

TEXT_CHARS_MAX: Final = 64 * 2**20
"""A longer file is refused; the trees of data set 2 take 6 million characters."""

Data = Mapping[str, Any]
_MODEL: Final = "Model Forms Tree Settles Converges"


def _case_tree(theorem: Data, evidence: Data) -> str:
    """Return the theorem on all starts, of either form, and its proof."""
    return (settling if theorem["says"] == "settles" else excluding)(theorem, evidence)


EXPORTS: Final[dict[str, tuple[str, Callable[[Data, Data], str]]]] = {
    "case_tree": (f"{_MODEL} Figures Exclusion Never", _case_tree),
    "enumeration": (f"{_MODEL} Figures Runs", enumeration),
    "farkas": ("Rows", farkas),
    "induction": ("Rows Scan Scanning Induction", induction),
    "replay": (f"{_MODEL} Figures Runs", replay),
    "scan": ("Rows Scan Scanning", scan),
    "schur": (f"{_MODEL} Squares Figures Runs Unstable", schur),
    "sign_on_interval": ("Interval", sign_on_interval),
}
"""By kind: what of the library is imported, and what writes theorems and proofs."""


def coq_source(certificate: Data) -> str:
    """Return the Coq file of a certificate; the same certificate gives the same text.

    Args:
        certificate: One that the kernel accepts. One that it rejects gives an error, or a file
            that Coq rejects.

    Raises:
        InvalidInputError: Its kind has no export, or not for this theorem, or it is too large.
    """
    kind = certificate["kind"]
    if kind not in EXPORTS:
        raise InvalidInputError(f"kind={kind!r:.40} must be one of {sorted(EXPORTS)}")
    imports, write = EXPORTS[kind]
    try:
        body = write(certificate["theorem"], certificate["evidence"])
    except (RejectedError, LookupError, TypeError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise InvalidInputError(f"no Coq file of this {kind} certificate: {what}") from error
    opened = "Import RowNotations.\n" if "Rows" in imports else ""
    text = f"""\
(** A certificate of kind {kind}, exported by homeostat.
    sha256 {digest(certificate)}

    What the theorems speak of is defined in the library's files. *)

From Coq Require Import QArith List String.
From Homeostat Require Import {imports}.
{opened}Import ListNotations.
Open Scope Q_scope.

{body}
"""
    text += "".join(f"Print Assumptions {name}.\n" for name in theorem_names(text))
    if len(text) > TEXT_CHARS_MAX:
        raise InvalidInputError(f"{len(text)} characters must be at most {TEXT_CHARS_MAX}")
    return text


def theorem_names(text: str) -> list[str]:
    """Return the names of the theorems that a file states, in order."""
    return re.findall(r"^Theorem (\w+)", text, flags=re.MULTILINE)
