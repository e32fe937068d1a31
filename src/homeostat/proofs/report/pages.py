"""The pages as text: templates filled from the ledger, the figures and the pictures."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from homeostat.models.batching import DATA_SETS
from homeostat.proofs.report.findings import (
    agreement_by_reading,
    brief_evidence,
    differences,
    headlines,
    remarks,
    verdict_counts,
)
from homeostat.proofs.report.ledger_view import VERDICTS, ClaimView, EvidenceView, LedgerView
from homeostat.proofs.report.witness_view import WitnessView
from homeostat.proofs.theory.batching.note_tables import Figure

__all__ = ["Pages", "Picture", "document_bytes"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot on a page.

    Attributes:
        name: File name without width and suffix.
        title: Its heading.
        alt: What it shows, for those who do not see it.
        caption: What to read from it.
        link: Page with the numbers behind it, or empty.
    """

    name: str
    title: str
    alt: str
    caption: str
    link: str = ""


_KIND_WORDS: Final[Mapping[str, str]] = {
    "scan": "The kernel follows one step stage by stage, from the top, with invariants "
    "between the stages, and checks that every move keeps them. The number of stages is "
    "free, so this proves the claim for every number of stages at once.",
    "induction": "What holds at the start and is kept by one step holds for ever. The kernel "
    "derives the obligations of that step itself and checks each by exact arithmetic.",
    "farkas": "Rows multiplied by numbers and added give a row that no point satisfies, or "
    "the row to be shown. The kernel multiplies and adds, in exact fractions.",
    "schur": "The kernel decides where the roots of Theory's polynomial lie, exactly: by Jury's "
    "table, by a rational Lyapunov matrix, or by an explicit factor.",
    "enumeration": "The kernel runs both systems again in exact fractions and looks at every step.",
    "replay": "The kernel runs both systems again in exact fractions and confirms the step at "
    "which the claim is broken.",
}
"""Certificate kind -> what the kernel does with it."""

_HEADINGS: Final = {
    "witness": "The counterexample",
    "certificate": "The proof",
    "certificate of a refutation": "The kernel's own check",
    "measurement": "The measurement",
}
_THEOREM_WORDS: Final[Mapping[str, str]] = {
    "given": "given",
    "then": "shown",
    "each": "given at each stage",
    "last": "given at stage 0",
    "then_each": "shown at each stage",
    "then_last": "shown at stage 0",
    "carry": "carried along",
    "ends": "ending in",
    "violated_when": "violated when",
    "l_a": "l_a",
    "l_b": "l_b",
}
"""Field of a theorem -> words; the others are shown by name."""
_SIGNS: Final = {"<=": "≤", ">=": "≥", "!=": "≠", "==": "=", "<": "<", ">": ">"}


class Pages:
    """Renders every page of one report.

    Args:
        ledger: The validated ledger.
        figures: The note's figures beside ours.
        witnesses: Evidence name -> replayed witness.
        pictures: Evidence name -> the plot of that witness; claim id -> of its estimate.
        plots: The plots of the first page.
        folder: Name of the report's folder, for the commands.
    """

    def __init__(
        self,
        ledger: LedgerView,
        figures: Sequence[Figure],
        witnesses: dict[str, WitnessView],
        pictures: Mapping[str, Picture],
        plots: Sequence[Picture],
        folder: str,
    ) -> None:
        """Keep what the pages are made of, and work out what they share."""
        self._ledger = ledger
        self._witnesses = witnesses
        self._pictures = pictures
        self._shared: dict[str, Any] = {
            "version": ledger.version,
            "claims": ledger.claims,
            "folder": folder,
            "figures": figures,
            "plots": plots,
            "verdicts": tuple(VERDICTS.values()),
            "counts": verdict_counts(ledger.claims),
            "brief": {c.id: brief_evidence(c, witnesses) for c in ledger.claims},
            "headlines": headlines(ledger.claims, witnesses),
            "sources": _sources(ledger.claims),
            "differing": differences(figures),
            "remarks": remarks(figures),
            "readings": agreement_by_reading(figures),
            "data_sets": [_spaced(data_set.name) for data_set in DATA_SETS],
            "figure_rows": _figure_rows(figures),
            "why": self._why(),
        }

    def _why(self) -> list[Picture]:
        """Return the plots of the main conjecture's witnesses, one a claim."""
        found = []
        for finding in headlines(self._ledger.claims, self._witnesses):
            for evidence in finding.claim.evidence[:1]:
                picture = self._pictures.get(evidence.name)
                if picture is not None:
                    found.append(picture)
        return found[:2]

    def index(self) -> str:
        """Return the first page."""
        return self._render("index.html.jinja", root="")

    def markdown(self) -> str:
        """Return the report as one Markdown document."""
        return self._render("report.md.jinja")

    def claim(self, index: int) -> str:
        """Return the page of the claim at one position of the ledger."""
        claims = self._ledger.claims
        claim = claims[index]
        return self._render(
            "claim.html.jinja",
            root="../",
            claim=claim,
            evidence=[self._evidence(claim, item) for item in claim.evidence],
            estimate=_estimate(claim.estimate),
            estimate_picture=self._pictures.get(claim.id),
            previous=claims[index - 1] if index else None,
            following=claims[index + 1] if index + 1 < len(claims) else None,
        )

    def _evidence(self, claim: ClaimView, evidence: EvidenceView) -> dict[str, Any]:
        document = evidence.document
        theorem = document.get("theorem") if evidence.kind == "certificate" else None
        return {
            "evidence": evidence,
            "heading": _heading(claim, evidence),
            "witness": self._witnesses.get(evidence.name),
            "picture": self._pictures.get(evidence.name),
            "theorem": list(_theorem_rows(theorem)) if isinstance(theorem, Mapping) else [],
            "explanation": _KIND_WORDS.get(str(document.get("kind")), ""),
            "commands": self._commands(evidence),
            "size": _size(len(document_bytes(document))),
        }

    def _commands(self, evidence: EvidenceView) -> list[str]:
        if evidence.check is None:
            return []
        path = f"{self._shared['folder']}/evidence/{evidence.name}.json"
        commands = [f"homeostat {evidence.check} {path}"]
        if evidence.check == "check":
            commands.append(f"PYTHONPATH=src python3 -S -m homeostat.proofs.kernel {path}")
        return commands

    def _render(self, template: str, **context: Any) -> str:
        return _ENVIRONMENT.get_template(template).render(**self._shared, **context)


def _heading(claim: ClaimView, evidence: EvidenceView) -> str:
    """Return what a piece of evidence is to its claim, numbered among its kind."""
    kind = evidence.kind
    if kind == "certificate" and claim.verdict.word == "refuted":
        kind = "certificate of a refutation"
    same = [item.name for item in claim.evidence if item.kind == evidence.kind]
    number = f", {same.index(evidence.name) + 1} of {len(same)}" if len(same) > 1 else ""
    return _HEADINGS[kind] + number


def _theorem_rows(theorem: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield (label, lines) for each part of a theorem that says something."""
    for key, value in theorem.items():
        label = prefix + _THEOREM_WORDS.get(key, _spaced(key))
        if isinstance(value, Mapping):
            yield from _theorem_rows(value, f"{label}: ")
        elif isinstance(value, list) and value:
            yield label, [" ".join(map(str, x)) if isinstance(x, list) else str(x) for x in value]
        elif value not in (None, False, []):
            yield label, [_cell(value)]


def document_bytes(document: Mapping[str, Any]) -> bytes:
    """Return an evidence document as the bytes of its file."""
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _sources(claims: Sequence[ClaimView]) -> str:
    notes = dict.fromkeys((claim.note, claim.note_title) for claim in claims)
    return " and ".join(f"note {note}, “{title}”" for note, title in notes)


def _estimate(estimate: object) -> dict[str, Any] | None:
    """Return a measurement as facts and, where it has points, a table of them."""
    if estimate is None:
        return None
    facts = dict(estimate) if isinstance(estimate, Mapping) else {"value": estimate}
    points = facts.get("points")
    table: list[Mapping[str, Any]] = []
    if isinstance(points, list) and points and all(isinstance(p, Mapping) for p in points):
        table = points
        del facts["points"]
    columns = list(dict.fromkeys(key for point in table for key in point))
    return {
        "facts": {_spaced(str(key)): _cell(value) for key, value in facts.items()},
        "columns": [_spaced(str(column)) for column in columns],
        "rows": [[_cell(point.get(column, "")) for column in columns] for point in table],
    }


def _cell(value: object) -> str:
    """Return one measured value to read: an interval as such, a float in six digits."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list) and all(isinstance(v, str | int | float) for v in value):
        return f"[{', '.join(map(_cell, value))}]"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _figure_rows(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Return one row a figure, with a cell for each data set; None where it has none."""
    by_key: dict[str, dict[str, Figure]] = {}
    for figure in figures:
        by_key.setdefault(figure.key, {})[figure.data_set] = figure
    rows = []
    for cells in by_key.values():
        first = next(iter(cells.values()))
        rows.append(
            {
                "section": first.section,
                "meaning": first.meaning,
                "cells": [cells.get(data_set.name) for data_set in DATA_SETS],
            }
        )
    return sorted(rows, key=lambda row: str(row["section"]))


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _seconds(value: float) -> str:
    return "under 0.01 s" if value < 0.01 else f"{value:.2g} s" if value < 10 else f"{value:.0f} s"


def _size(byte_count: int) -> str:
    return f"{byte_count} bytes" if byte_count < 1024 else f"{byte_count / 1024:.0f} KiB"


def _capitalize_first(text: str) -> str:
    """Return a text with a capital, unless it begins with a formula or a name."""
    plain = re.match(r"[a-z]{2,}(?![a-z]*[_^(])", text)
    return text[:1].upper() + text[1:] if plain else text


def _spaced(text: str) -> str:
    return text.replace("_", " ")


_TYPESET: Final = (
    (re.compile(r"&gt;="), "≥"),
    (re.compile(r"&lt;="), "≤"),
    (re.compile(r"!="), "≠"),
    (re.compile(r"\^([A-Z0-9])(?![A-Za-z0-9])"), r"<sup>\1</sup>"),
    (re.compile(r"(?<![A-Za-z0-9])([A-Za-z])_([A-Za-z0-9])(?![A-Za-z0-9_])"), r"\1<sub>\2</sub>"),
    (re.compile(r"</sup>_([a-z0-9])(?![A-Za-z0-9_])"), r"</sup><sub>\1</sub>"),
)


def _typeset(text: str) -> Markup:
    """Escape a text, then show its formulas as formulas: G^T, W_s and >= as on paper."""
    shown = str(escape(text))
    for pattern, instead in _TYPESET:
        shown = pattern.sub(instead, shown)
    return Markup(shown)  # escaped above; the patterns add fixed tags only


def _markdown(text: str) -> str:
    """Escape what Markdown, or a reader that renders HTML in it, would take as its own."""
    for sign, instead in (("&", "&amp;"), ("<", "&lt;"), ("|", "\\|"), ("\n", " ")):
        text = text.replace(sign, instead)
    return "".join(f"\\{c}" if c in "*_`[]" else c for c in text)


def _escapes(template: str | None) -> bool:
    """Escape in every page; Markdown has its own filter."""
    return not (template or "").endswith(".md.jinja")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("homeostat.proofs.report"),
        autoescape=_escapes,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        capitalize_first=_capitalize_first,
        md=_markdown,
        pretty=_pretty,
        seconds=_seconds,
        sign=_SIGNS.__getitem__,
        spaced=_spaced,
        typeset=_typeset,
    )
    return environment


_ENVIRONMENT: Final = _environment()
