"""The page "What is trusted, and why": what each proved claim rests on, and how it was tried.

All figures are those of files: the ledger, the log of Coq's run, the mutation score. So the same
files give the same page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from homeostat.errors import InvalidInputError
from homeostat.proofs.mutation.scoring import OUTCOMES, TRUSTED, kernel_sha256
from homeostat.proofs.mutation.scoring import SCHEMA as SCORE_SCHEMA
from homeostat.proofs.provenance import FOUND_BY, sizes, theorem_sha256
from homeostat.proofs.report.ledger_view import ClaimView, EvidenceView, LedgerView

__all__ = ["CoqView", "ScoreView", "TrustRow", "TrustView", "TrustedFile"]

_PROVED: Final = ("proved", "proved-within")
_MUCH: Final = 50


@dataclass(frozen=True, slots=True)
class TrustedFile:
    """A file that must be believed."""

    name: str
    line_count: int
    meaning: str


_MEANINGS: Final[Mapping[str, str]] = {
    "airlocks.py": "jobs on a node that ask for memory, and who is frozen meanwhile",
    "automata.py": "what holds in every state that a transition system reaches",
    "barriers.py": "a filtered acceleration, and whether it keeps a limit",
    "caches.py": "what a cache of experts misses by each policy, and what none misses less than",
    "cases.py": "small cases of queues and arrivals, and all shapes of a histogram",
    "chains.py": "Markov chains of experts: gaps, classes, returns, unions",
    "enclosures.py": "numbers of a case; logarithms and exponentials between rationals",
    "figures.py": "the figures of a case, by name",
    "games.py": "congestion games: damped flows, and players at a temperature",
    "implication.py": "terms that refute rows, and proofs that rows imply a row",
    "kernel.py": "the checker: scans, inductions, runs",
    "langevin.py": "the law that a Langevin step keeps in a well",
    "polynomials.py": "exact polynomials and rows, read as data",
    "roots.py": "where roots lie: Jury's table, thresholds, signs on intervals",
    "systems.py": "the systems and what is observed of them, stated once more",
    "trees.py": "what Simulation does from every start, by its tree of modes",
}


@dataclass(frozen=True, slots=True)
class TrustRow:
    """What one proved claim rests on.

    Attributes:
        claim: The claim.
        kinds: (kind of certificate, how many).
        found_by: The engines and solvers that found the evidence, in their order.
        coq: (certificates that Coq accepted the theorem of, certificates); None without a log.
        raw_bytes, packed_bytes: Of all certificates; None where the ledger does not tell.
        check_seconds: The kernel's time for all of them, or None where it was not recorded.
    """

    claim: ClaimView
    kinds: tuple[tuple[str, int], ...]
    found_by: tuple[str, ...]
    coq: tuple[int, int] | None
    raw_bytes: int | None
    packed_bytes: int | None
    check_seconds: float | None


@dataclass(frozen=True, slots=True)
class CoqView:
    """What a run of Coq accepted, by the sha256 of each theorem."""

    accepted: Mapping[str, Mapping[str, Any]]
    entry_count: int

    @classmethod
    def of(cls, data: object) -> "CoqView":
        """Read the log of ``make coq``.

        Raises:
            InvalidInputError: It has another form.
        """
        entries = data.get("entries") if isinstance(data, dict) else data
        if not isinstance(entries, list) or not all(_is_entry(entry) for entry in entries):
            raise InvalidInputError("a log of Coq must be a list of theorems with accepted or not")
        accepted = {e["theorem_sha256"]: e for e in entries if e["accepted"] is True}
        return cls(accepted, len({e["theorem_sha256"] for e in entries}))

    @property
    def without_axioms(self) -> bool:
        """Whether every accepted theorem rests on no axiom."""
        said = (str(entry.get("assumptions")) for entry in self.accepted.values())
        return all("Closed under the global context" in text for text in said)


def _is_entry(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("theorem_sha256"), str)
        and isinstance(entry.get("accepted"), bool)
    )


@dataclass(frozen=True, slots=True)
class ScoreView:
    """A mutation score, as the page shows it.

    Attributes:
        data: The score's file.
        current: Whether it is of the kernel that made this report.
    """

    data: Mapping[str, Any]
    current: bool

    @classmethod
    def of(cls, data: object) -> "ScoreView":
        """Read the file of a mutation score.

        Raises:
            InvalidInputError: It has another form.
        """
        if not isinstance(data, dict) or data.get("schema") != SCORE_SCHEMA:
            raise InvalidInputError(f"a mutation score's schema must be {SCORE_SCHEMA!r}")
        tables = [
            data.get("outcomes"),
            *_values(data.get("kinds")),
            *_values(data.get("operators")),
        ]
        lists = [data.get(key) for key in ("missing", "same", "faults")]
        if not all(_is_table(table) for table in tables) or not all(type(x) is list for x in lists):
            raise InvalidInputError("a mutation score must have figures by outcome")
        return cls(data, data.get("kernel_sha256") == kernel_sha256())

    @property
    def words(self) -> list[tuple[str, str, int]]:
        """Each outcome with its meaning and how often it came about."""
        return [(word, text, self.data["outcomes"][word]) for word, text in OUTCOMES.items()]

    @property
    def same(self) -> Sequence[Mapping[str, Any]]:
        """The most frequent changes that gave another proof of the same theorem."""
        return sorted(self.data["same"], key=lambda line: -int(line["count"]))[:_MUCH]


def _values(table: object) -> list[object]:
    return list(table.values()) if isinstance(table, dict) else [None]


def _is_table(table: object) -> bool:
    return isinstance(table, dict) and all(type(table.get(w)) is int for w in OUTCOMES)


@dataclass(frozen=True, slots=True)
class TrustView:
    """Everything on the page."""

    files: tuple[TrustedFile, ...]
    rows: tuple[TrustRow, ...]
    coq: CoqView | None
    score: ScoreView | None

    @classmethod
    def of(
        cls, ledger: Mapping[str, Any], *, coq: object = None, score: object = None
    ) -> "TrustView":
        """Read what the page is made of.

        Args:
            ledger: Ledger JSON data.
            coq: The log of ``make coq`` as JSON data, or None where there is none.
            score: The file of a mutation score as JSON data, or None.

        Raises:
            InvalidInputError: A file breaks its schema.
        """
        view, log = LedgerView.of(dict(ledger)), None if coq is None else CoqView.of(coq)
        rows = tuple(
            _row(claim, entry, log)
            for claim, entry in zip(view.claims, ledger["claims"], strict=True)
            if claim.verdict.word in _PROVED
        )
        return cls(_files(), rows, log, None if score is None else ScoreView.of(score))

    @property
    def line_count(self) -> int:
        """Lines that must be believed."""
        return sum(file.line_count for file in self.files)


def _files() -> tuple[TrustedFile, ...]:
    folder = files("homeostat.proofs")
    return tuple(
        TrustedFile(name, folder.joinpath(name).read_text().count("\n"), _MEANINGS[name])
        for name in TRUSTED
    )


def _row(claim: ClaimView, entry: Mapping[str, Any], coq: CoqView | None) -> TrustRow:
    found = [
        (evidence, raw)
        for evidence, raw in zip(claim.evidence, entry["evidence"], strict=True)
        if evidence.kind == "certificate"
    ]
    kinds = [str(evidence.document.get("kind")) for evidence, _ in found]
    bytes_of = [_bytes(evidence, raw) for evidence, raw in found]
    seconds = [_number(raw.get("check_seconds"), evidence) for evidence, raw in found]
    accepted = None
    if coq is not None:
        hashes = [theorem_sha256(evidence.document) for evidence, _ in found]
        accepted = sum(one in coq.accepted for one in hashes), len(hashes)
    known = [one for one in bytes_of if one is not None]
    complete = len(known) == len(found)
    return TrustRow(
        claim=claim,
        kinds=tuple((kind, kinds.count(kind)) for kind in dict.fromkeys(kinds)),
        found_by=tuple(
            dict.fromkeys(x for kind in kinds for x in FOUND_BY.get(kind, ("unknown",)))
        ),
        coq=accepted,
        raw_bytes=sum(raw for raw, _ in known) if complete else None,
        packed_bytes=sum(packed for _, packed in known) if complete else None,
        check_seconds=None if None in seconds else sum(s for s in seconds if s is not None),
    )


def _bytes(evidence: EvidenceView, raw: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return (raw, packed) as the ledger has them, or of the certificate if it is there."""
    stored = raw.get("bytes")
    if isinstance(stored, dict) and all(type(stored.get(x)) is int for x in ("raw", "packed")):
        return stored["raw"], stored["packed"]
    if evidence.document.get("evidence", {}).keys() == {"bytes"}:
        return None
    found = sizes(evidence.document)
    return found["raw"], found["packed"]


def _number(value: object, evidence: EvidenceView) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInputError(f"{evidence.name}: check_seconds={value!r} must be a number")
    return float(value)
