"""Where certificates come from, how large they are, and how long the kernel takes."""

import hashlib
import json
import lzma
from collections.abc import Mapping
from typing import Any, Final

from homeostat.proofs.certificates import check_seconds
from homeostat.proofs.trees import lines

__all__ = ["FOUND_BY", "measured", "sizes", "theorem_sha256"]

_ROWS: Final = ("HiGHS proposes", "python-flint solves", "else cvc5's proof")
FOUND_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "farkas": _ROWS,
    "scan": ("invariants by hand", *_ROWS),
    "induction": ("invariants by hand", *_ROWS),
    "automaton": ("invariants by hand", *_ROWS),
    "schur": ("SciPy proposes a Lyapunov matrix, or Jury's table",),
    "sign_on_interval": ("bisection",),
    "threshold": ("bisection with Descartes' rule",),
    "case_tree": ("double description", "NNLS proposes", "python-flint solves", "else a simplex"),
    "enumeration": ("an exact run",),
    "replay": ("an exact run",),
    "case": ("an exact run",),
    "shapes": ("all histograms",),
    "optimal": ("all traces",),
}
"""Kind of certificate -> the engines and solvers that found its evidence, in their order."""


def theorem_sha256(certificate: Mapping[str, Any]) -> str:
    """Return the sha256 of a certificate's theorem, by which other checkers name it."""
    return hashlib.sha256(json.dumps(certificate["theorem"], sort_keys=True).encode()).hexdigest()


def sizes(certificate: Mapping[str, Any]) -> dict[str, int]:
    """Return a certificate's length in bytes: written out, trees unpacked; and compressed by xz.

    Raises:
        RejectedError: Its trees cannot be unpacked.
    """
    text = json.dumps(certificate)
    trees = certificate["evidence"].get("trees")
    if trees is None:
        return {"raw": len(text), "packed": len(lzma.compress(text.encode()))}
    nodes = sum(len(json.dumps(node, separators=(",", ":"))) + 1 for node in lines(trees))
    # The trees are nearly all of it, and compressed as they stand.
    return {"raw": len(text) - len(trees) + nodes, "packed": len(text)}


def measured(certificate: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a ledger keeps beside a certificate: its sizes, and the kernel's time for it.

    Raises:
        RejectedError: The kernel does not accept it.
    """
    seconds = check_seconds(dict(certificate))
    return {"bytes": sizes(certificate), "check_seconds": round(seconds, 4)}
