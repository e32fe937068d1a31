"""A ledger as the report reads it: validated once, then plain typed values.

The ledger may come from a file, and its names become file names and links, so every
field is checked here, and nothing behind this door is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeostat.errors import InvalidInputError

__all__ = [
    "SCHEMA",
    "VERDICTS",
    "ClaimView",
    "EvidenceView",
    "LastRun",
    "LedgerView",
    "VerdictView",
]

SCHEMA: Final = "homeostat.ledger/1"


@dataclass(frozen=True, slots=True)
class VerdictView:
    """A verdict word, a sign that does not need colour, and what it means."""

    word: str
    sign: str
    meaning: str

    @property
    def settled(self) -> str:
        """Which of the three lists it belongs to: true, false or open."""
        return {"proved": "true", "refuted": "false"}.get(self.word, "open")


VERDICTS: Final[Mapping[str, VerdictView]] = {
    verdict.word: verdict
    for verdict in (
        VerdictView("proved", "✓", "a certificate shows it, and the kernel accepted that"),
        VerdictView("proved-within", "◐", "proved up to the bound that is stated, not beyond"),
        VerdictView("measured", "≈", "an estimate with an interval; no proof"),
        VerdictView("survived", "○", "no counterexample in the cases tried; no proof"),
        VerdictView("unknown", "?", "not settled; the reason is stated"),
        VerdictView("refuted", "✗", "an exact witness shows it false, and that replays"),
    )
}


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One document that a verdict rests on."""

    kind: str
    name: str
    summary: str
    sha256: str
    document: Mapping[str, Any]

    @property
    def check(self) -> str | None:
        """The command that re-checks its file, or None for a measurement."""
        return {"witness": "replay", "certificate": "check"}.get(self.kind)

    @property
    def cut_bytes(self) -> int | None:
        """How long a certificate's evidence was that the ledger left out; None if it is whole."""
        evidence = self.document.get("evidence")
        cut = self.kind == "certificate" and isinstance(evidence, Mapping) and set(evidence)
        return int(self.document["evidence"]["bytes"]) if cut == {"bytes"} else None


@dataclass(frozen=True, slots=True)
class LastRun:
    """When a claim was decided whose entry is not of this run: it is slow, or lacks its data.

    Attributes:
        date: The day, as YYYY-MM-DD, or None where nobody wrote it down.
        jobs: How many processes decided it; -1 for one a core.
        missing: The data files for want of which it was not decided.
    """

    date: str | None
    jobs: int
    missing: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The run in words."""
        return f"the last run of {self.date}" if self.date else "an earlier run"


@dataclass(frozen=True, slots=True)
class ClaimView:
    """One claim and its verdict."""

    id: str
    title: str
    statement: str
    scope: str
    note: str
    note_title: str
    section: str
    verdict: VerdictView
    reason: str | None
    bound: str | None
    estimate: object
    evidence: tuple[EvidenceView, ...]
    trusts: tuple[str, ...]
    vacuity: str | None
    canary: str | None
    cost_s: float
    last_run: LastRun | None

    @property
    def domain(self) -> str:
        """The part of the id before the first dot."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class LedgerView:
    """All claims of a ledger, in its order."""

    version: str
    claims: tuple[ClaimView, ...]

    @classmethod
    def of(cls, data: object) -> "LedgerView":
        """Read ledger JSON data.

        Raises:
            InvalidInputError: Another schema, or a field is missing or breaks its rule.
        """
        ledger = _mapping(data, "ledger")
        if ledger.get("schema") != SCHEMA:
            raise InvalidInputError(f"schema={ledger.get('schema')!r} must be {SCHEMA!r}")
        entries = ledger.get("claims")
        if not isinstance(entries, list) or not entries:
            raise InvalidInputError("claims must be a list with at least one claim")
        claims = tuple(_claim(entry) for entry in entries)
        _demand_unique([claim.id for claim in claims], "claim id")
        _demand_unique([e.name for claim in claims for e in claim.evidence], "evidence name")
        return cls(_text(ledger, "homeostat", "ledger"), claims)


_NAME: Final = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_KINDS: Final = ("witness", "certificate", "measurement")


def _claim(data: object) -> ClaimView:
    fields = _mapping(data, "claim")
    identifier = _name(fields, "id", "claim")
    where = f"claim {identifier}"
    source = _mapping(fields.get("source"), f"{where}: source")
    word = _text(fields, "verdict", where)
    if word not in VERDICTS:
        raise InvalidInputError(f"{where}: verdict={word!r} must be one of {list(VERDICTS)}")
    evidence = fields.get("evidence")
    if not isinstance(evidence, list):
        raise InvalidInputError(f"{where}: evidence must be a list")
    return ClaimView(
        id=identifier,
        title=_text(fields, "title", where),
        statement=_text(fields, "statement", where),
        scope=_text(fields, "scope", where),
        note=_text(source, "note", where),
        note_title=_text(source, "title", where),
        section=_text(source, "section", where),
        verdict=VERDICTS[word],
        reason=_optional_text(fields, "reason", where),
        bound=_optional_text(fields, "bound", where),
        estimate=fields.get("estimate"),
        evidence=tuple(_evidence(entry, where) for entry in evidence),
        trusts=tuple(map(str, fields.get("trusts") or ())),
        vacuity=_optional_text(fields, "vacuity", where),
        canary=_optional_text(fields, "canary", where),
        cost_s=_seconds(fields, where),
        last_run=_last_run(fields.get("last_run"), f"{where}: last_run"),
    )


def _evidence(data: object, where: str) -> EvidenceView:
    fields = _mapping(data, f"{where}: evidence")
    kind = _text(fields, "kind", where)
    if kind not in _KINDS:
        raise InvalidInputError(f"{where}: evidence kind={kind!r} must be one of {_KINDS}")
    view = EvidenceView(
        kind=kind,
        name=_name(fields, "name", where),
        summary=_text(fields, "summary", where),
        sha256=_text(fields, "sha256", where),
        document=_mapping(fields.get("document"), f"{where}: document"),
    )
    stated = view.document.get("sha256", view.sha256)
    if stated != view.sha256:
        raise InvalidInputError(
            f"{where}: sha256={view.sha256!r} must be its document's, {stated!r}"
        )
    if kind == "certificate":
        _demand_certificate(view.document, f"{where}: {view.name}")
    return view


def _demand_certificate(document: Mapping[str, Any], where: str) -> None:
    """Refuse what is not even of a certificate's shape; the kernel decides the rest."""
    _text(document, "kind", where)
    _mapping(document.get("theorem"), f"{where}: theorem")
    evidence = _mapping(document.get("evidence"), f"{where}: evidence")
    size = evidence.get("bytes")
    if set(evidence) == {"bytes"} and (type(size) is not int or size < 0):
        raise InvalidInputError(f"{where}: bytes={size!r} must be an integer >= 0")


def _last_run(data: object, where: str) -> LastRun | None:
    if data is None:
        return None
    fields = _mapping(data, where)
    date, jobs = _optional_text(fields, "date", where), fields.get("jobs")
    if date is not None and not _DATE.fullmatch(date):
        raise InvalidInputError(f"{where}: date={date!r} must be a date such as 2026-01-31")
    if type(jobs) is not int:
        raise InvalidInputError(f"{where}: jobs={jobs!r} must be an integer")
    missing = fields.get("missing", [])
    if not isinstance(missing, list) or not all(isinstance(file, str) for file in missing):
        raise InvalidInputError(f"{where}: missing={missing!r} must be a list of strings")
    return LastRun(date, jobs, tuple(missing))


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInputError(f"{name} must be a JSON object, is {type(value).__name__}")
    return value


def _text(fields: Mapping[str, Any], key: str, where: str) -> str:
    value = fields.get(key)
    if not isinstance(value, str):
        raise InvalidInputError(f"{where}: {key}={value!r} must be a string")
    return value


def _optional_text(fields: Mapping[str, Any], key: str, where: str) -> str | None:
    return None if fields.get(key) is None else _text(fields, key, where)


def _name(fields: Mapping[str, Any], key: str, where: str) -> str:
    value = _text(fields, key, where)
    if len(value) > 120 or not _NAME.fullmatch(value):
        raise InvalidInputError(f"{where}: {key}={value!r} must be like batching.some_name")
    return value


def _seconds(fields: Mapping[str, Any], where: str) -> float:
    cost = _mapping(fields.get("cost", {}), f"{where}: cost").get("seconds", 0.0)
    if isinstance(cost, bool) or not isinstance(cost, int | float):
        raise InvalidInputError(f"{where}: cost.seconds={cost!r} must be a number")
    return float(cost)


def _demand_unique(names: list[str], what: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInputError(f"{what} {twice[0]!r} occurs more than once")
