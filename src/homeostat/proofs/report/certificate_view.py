"""Certificates as a reader sees them: kind, theorem, size, and how to make one again."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from homeostat.counterexamples import CONJECTURES, Conjecture
from homeostat.proofs.report.ledger_view import EvidenceView
from homeostat.proofs.report.settling_view import settles, system_of

__all__ = [
    "KIND_WORDS",
    "CertificateCell",
    "CertificateTable",
    "cell_text",
    "document_bytes",
    "evidence_bytes",
    "remaking_commands",
    "size_words",
    "theorem_rows",
]

KIND_WORDS: Final[Mapping[str, str]] = {
    "scan": "The kernel follows one step stage by stage, from the top, with invariants "
    "between the stages, and checks that every move keeps them. The number of stages is "
    "free, so this proves the claim for every number of stages at once.",
    "induction": "What holds at the start and is kept by one step holds for ever. The kernel "
    "derives the obligations of that step itself and checks each by exact arithmetic.",
    "farkas": "Rows multiplied by numbers and added give a row that no point satisfies, or "
    "the row to be shown. The kernel multiplies and adds, in exact fractions.",
    "automaton": "Each transition, from any state that satisfies the invariants of its location, "
    "leads to one that satisfies those of the next (with k > 1: after k such states in a row). The "
    "kernel derives these obligations itself, checks each by exact arithmetic, and walks exact "
    "runs that take every transition.",
    "schur": "The kernel decides where the roots of Theory's polynomial lie, exactly: by Jury's "
    "table, by a rational Lyapunov matrix, or by an explicit factor.",
    "sign_on_interval": "The kernel cuts the interval into pieces and rewrites the polynomial on "
    "each, so that all its coefficients have the sign to be shown.",
    "threshold": "The kernel derives a polynomial in l0 that is zero wherever a root is on the "
    "unit circle, counts its zeros on each piece of the line by Descartes' rule of signs, and "
    "decides at each cut by Jury's table, in exact fractions.",
    "case_tree": "A tree of all that Simulation may do from any start: one node for each sequence "
    "of modes (nothing is evicted, or the stage that is cut). The kernel derives each node's "
    "linear map from the parameters, and checks by integer vectors that no mode is left out and "
    "that every branch ends as the theorem needs.",
    "enumeration": "The kernel runs both systems again in exact fractions and looks at every step.",
    "replay": "The kernel runs both systems again in exact fractions and confirms the step at "
    "which the claim is broken.",
    "case": "The kernel runs the small case again by definitions of its own, in exact fractions; "
    "logarithms and exponentials it encloses between fractions, and accepts a comparison only "
    "where the enclosures decide it.",
    "shapes": "The kernel goes through every way to put so many gaps into bins, and compares "
    "integers: products of powers in place of logarithms.",
    "optimal": "The kernel goes through every short trace from its last event backwards, and holds "
    "Belady's choice against every other one, from every set of residents.",
}
"""Certificate kind -> what the kernel does with it."""

_THEOREM_WORDS: Final[Mapping[str, str]] = {
    "given": "given",
    "then": "shown",
    "each": "given at each stage",
    "last": "given at stage 0",
    "then_each": "shown at each stage",
    "then_last": "shown at stage 0",
    "carry": "carried along",
    "ends": "ending in",
    "always": "shown in every state reached",
    "violated_when": "violated when",
    "l_a": "l_a",
    "l_b": "l_b",
}
"""Field of a theorem -> words; the others are shown by name."""


@dataclass(frozen=True, slots=True)
class CertificateCell:
    """One certificate in a table, and what it says in a word."""

    evidence: EvidenceView
    words: str

    @property
    def size(self) -> str:
        """How large it is, in words."""
        return size_words(evidence_bytes(self.evidence))


@dataclass(frozen=True, slots=True)
class CertificateTable:
    """Many certificates as a table: a row for each system, a column for each kind.

    Attributes:
        kinds: The columns.
        rows: (the system in words, one list of certificates a column).
        size: Of all of them.
        count: How many certificates.
        remaking: Commands that make the first one anew that is not at hand; empty if all are.
    """

    kinds: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[CertificateCell, ...], ...]], ...]
    size: str
    count: int
    remaking: tuple[str, ...]

    @property
    def explanations(self) -> list[str]:
        """What the kernel does with each kind."""
        return [KIND_WORDS.get(kind, "") for kind in self.kinds]

    @classmethod
    def of(cls, claim_id: str, evidence: Sequence[EvidenceView]) -> "CertificateTable":
        """Lay out certificates, in their order."""
        kinds = tuple(dict.fromkeys(str(e.document["kind"]) for e in evidence))
        rows: dict[str, list[list[CertificateCell]]] = {}
        for e in evidence:
            columns = rows.setdefault(_system_words(e), [[] for _ in kinds])
            cell = CertificateCell(e, _short_words(e.document["theorem"]))
            columns[kinds.index(str(e.document["kind"]))].append(cell)
        laid = tuple((words, tuple(map(tuple, columns))) for words, columns in rows.items())
        cut = [e for e in evidence if e.cut_bytes is not None]
        remaking = remaking_commands(claim_id, cut[0]) if cut else []
        size = size_words(sum(map(evidence_bytes, evidence)))
        return cls(kinds, laid, size, len(evidence), tuple(remaking))


def _system_words(evidence: EvidenceView) -> str:
    given = evidence.document["theorem"].get("parameters")
    if not isinstance(given, Mapping):
        return evidence.summary
    words = {"l_a": "l_A", "l_b": "l_B", "capacity": "B"}
    return ", ".join(f"{words.get(key, key)} = {value}" for key, value in given.items())


def _short_words(theorem: Mapping[str, Any]) -> str:
    says = str(theorem.get("says", "accepted"))
    return f"no eviction after t = {theorem.get('steps')}" if says == "settles" else says


def remaking_commands(claim_id: str, evidence: EvidenceView) -> list[str]:
    """Return the commands that make a certificate again that the ledger has cut.

    Raises:
        InvalidInputError: Its theorem is about no system.
    """
    theorem, path = evidence.document["theorem"], f"{evidence.name}.json"
    if evidence.document["kind"] != "case_tree":
        return [f"homeostat verify {claim_id}"]
    p = system_of(theorem)
    system = f"--l0 {p.l0} --l-a {p.l_a} --l-b {p.l_b} --q {p.q} --capacity {p.capacity}"
    what, steps = f"convergence {system}", theorem.get("steps")
    if not settles(evidence.document):
        names = [name for name, c in CONJECTURES.items() if _says_never(c, theorem)]
        if not names or type(steps) is not int:
            return [f"homeostat verify {claim_id}"]
        what = f"horizon {names[0].replace('_', '-')} {system} --steps {steps}"
    return [f"homeostat prove {what} --out {path}", f"homeostat check {path}"]


def _says_never(conjecture: Conjecture, theorem: Mapping[str, Any]) -> bool:
    comparisons = [list(comparison) for comparison in conjecture.violated_when or ()]
    return comparisons == theorem.get("never") and not conjecture.assumes


def evidence_bytes(evidence: EvidenceView) -> int:
    """Return how long a document is, or the part of it that the ledger cut."""
    cut = evidence.cut_bytes
    return len(document_bytes(evidence.document)) if cut is None else cut


def theorem_rows(theorem: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield (label, lines) for each part of a theorem that says something."""
    for key, value in theorem.items():
        label = prefix + _THEOREM_WORDS.get(key, key.replace("_", " "))
        if isinstance(value, Mapping):
            yield from theorem_rows(value, f"{label}: ")
        elif isinstance(value, list) and value:
            yield label, list(map(_line, value))
        elif value not in (None, False, []):
            yield label, [cell_text(value)]


def _line(entry: object) -> str:
    match entry:
        case {"label": label, "from": source, "to": target, "when": when, "next": after}:
            moved = [f"{name} becomes {text}" for name, text in after.items()]
            words = f"{label}: from {source} to {target}"
            words += f" when {'; '.join(when)}" if when else ""
            return f"{words}: {', '.join(moved)}" if moved else words
        case list():
            return " ".join(map(str, entry))
        case _:
            return str(entry)


def document_bytes(document: Mapping[str, Any]) -> bytes:
    """Return an evidence document as the bytes of its file."""
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def size_words(byte_count: int) -> str:
    """Return a number of bytes to read."""
    if byte_count < 1024:
        return f"{byte_count} bytes"
    kib = byte_count / 1024
    return f"{kib:.0f} KiB" if kib < 1024 else f"{kib / 1024:.1f} MiB"


def cell_text(value: object) -> str:
    """Return one measured value to read: an interval as such, a float in six digits."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list) and all(isinstance(v, str | int | float) for v in value):
        return f"[{', '.join(map(cell_text, value))}]"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
