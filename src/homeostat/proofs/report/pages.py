"""The pages as text: templates filled from the ledger, the figures and the pictures."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from homeostat.models.batching import DATA_SETS
from homeostat.proofs.report.case_view import AnyView, CaseView
from homeostat.proofs.report.certificate_view import (
    KIND_WORDS,
    CertificateTable,
    cell_text,
    evidence_bytes,
    remaking_commands,
    size_words,
    theorem_rows,
)
from homeostat.proofs.report.convergence import Convergence, facts
from homeostat.proofs.report.findings import (
    agreement_by_reading,
    brief_evidence,
    differences,
    evidence_sentence,
    headlines,
    refutations,
    remarks,
    subjects,
    verdict_counts,
)
from homeostat.proofs.report.ledger_view import VERDICTS, ClaimView, EvidenceView, LedgerView
from homeostat.proofs.report.trust import TrustView
from homeostat.proofs.report.witness_view import WitnessView
from homeostat.proofs.theory.batching.note_tables import Figure

__all__ = ["ENVIRONMENT", "Pages", "Picture"]


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


_APART_MAX: Final = 8
"""So many certificates have a section each on a claim's page; more are put in a table."""
_HEADINGS: Final = {
    "witness": "The counterexample",
    "certificate": "The proof",
    "certificate of a refutation": "The kernel's own check",
    "measurement": "The measurement",
}
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
        convergence: What is proved of Simulation's convergence.
        trust: What the proved claims rest on.
        extra: Pages beside the usual ones, as (file name, words), for the menu.
    """

    def __init__(
        self,
        ledger: LedgerView,
        figures: Sequence[Figure],
        witnesses: Mapping[str, AnyView],
        pictures: Mapping[str, Picture],
        plots: Sequence[Picture],
        folder: str,
        convergence: Convergence,
        trust: TrustView,
        extra: Sequence[tuple[str, str]],
    ) -> None:
        """Keep what the pages are made of, and work out what they share."""
        self._ledger = ledger
        self._witnesses = witnesses
        self._pictures = pictures
        self._convergence = convergence
        self._shared: dict[str, Any] = {
            "version": ledger.version,
            "claims": ledger.claims,
            "folder": folder,
            "figures": figures,
            "plots": plots,
            "verdicts": tuple(VERDICTS.values()),
            "counts": verdict_counts(ledger.claims),
            "subjects": subjects(ledger.claims),
            "brief": {c.id: brief_evidence(c, witnesses) for c in ledger.claims},
            "headlines": headlines(ledger.claims, witnesses),
            "queue_refutations": refutations(ledger.claims, ("aging", "entropy"), witnesses),
            "sources": _sources(ledger.claims),
            "differing": differences(figures),
            "remarks": remarks(figures),
            "readings": agreement_by_reading(figures),
            "data_sets": [_spaced(data_set.name) for data_set in DATA_SETS],
            "figure_rows": _figure_rows(figures),
            "why": self._why(),
            "convergence": convergence,
            "trust": trust,
            "extra": extra,
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

    def page(self, template: str, **context: Any) -> str:
        """Return a page of its own, in the report's folder, from its template."""
        return self._render(template, root="", **context)

    def convergence(self, pictures: Mapping[str, Picture]) -> str:
        """Return the page on Simulation's convergence, with its plots by name."""
        found = self._convergence
        singles = {name: part for name, part in found.parts.items() if name != "family"}
        return self.page(
            "convergence.html.jinja",
            pictures=pictures,
            facts={name: facts(part.settled[0]) for name, part in singles.items() if part.settled},
            sentences={c.id: evidence_sentence(c, self._witnesses) for c in found.old_road},
            family_columns=max((len(row["cells"]) for row in found.family), default=0),
        )

    def claim(self, index: int) -> str:
        """Return the page of the claim at one position of the ledger."""
        claims = self._ledger.claims
        claim = claims[index]
        certificates = [e for e in claim.evidence if e.kind == "certificate"]
        listed = certificates if len(certificates) > _APART_MAX else []
        return self._render(
            "claim.html.jinja",
            root="../",
            claim=claim,
            evidence=[self._evidence(claim, item) for item in claim.evidence if item not in listed],
            table=CertificateTable.of(claim.id, listed) if listed else None,
            estimate=_estimate(claim.estimate),
            estimate_picture=self._pictures.get(claim.id),
            previous=claims[index - 1] if index else None,
            following=claims[index + 1] if index + 1 < len(claims) else None,
        )

    def _evidence(self, claim: ClaimView, evidence: EvidenceView) -> dict[str, Any]:
        document, view = evidence.document, self._witnesses.get(evidence.name)
        theorem = document.get("theorem") if evidence.kind == "certificate" else None
        rows = list(theorem_rows(theorem)) if isinstance(theorem, Mapping) else []
        return {
            "evidence": evidence,
            "heading": _heading(claim, evidence),
            "witness": view if isinstance(view, WitnessView) else None,
            "case": view if isinstance(view, CaseView) else None,
            "picture": self._pictures.get(evidence.name),
            "theorem": rows,
            "theorem_lines": sum(len(lines) for _, lines in rows),
            "explanation": KIND_WORDS.get(str(document.get("kind")), ""),
            "commands": self._commands(claim, evidence),
            "size": size_words(evidence_bytes(evidence)),
        }

    def _commands(self, claim: ClaimView, evidence: EvidenceView) -> list[str]:
        if evidence.check is None:
            return []
        if evidence.cut_bytes is not None:
            return remaking_commands(claim.id, evidence)
        path = f"{self._shared['folder']}/evidence/{evidence.name}.json"
        commands = [f"homeostat {evidence.check} {path}"]
        if evidence.check == "check":
            commands.append(f"PYTHONPATH=src python3 -S -m homeostat.proofs.kernel {path}")
        return commands

    def _render(self, template: str, **context: Any) -> str:
        return ENVIRONMENT.get_template(template).render(**self._shared, **context)


def _heading(claim: ClaimView, evidence: EvidenceView) -> str:
    """Return what a piece of evidence is to its claim, numbered among its kind."""
    kind = evidence.kind
    if kind == "certificate" and claim.verdict.word == "refuted":
        kind = "certificate of a refutation"
    same = [item.name for item in claim.evidence if item.kind == evidence.kind]
    number = f", {same.index(evidence.name) + 1} of {len(same)}" if len(same) > 1 else ""
    return _HEADINGS[kind] + number


def _sources(claims: Sequence[ClaimView]) -> str:
    notes = dict.fromkeys((claim.note, claim.note_title) for claim in claims)
    return " and ".join(f"note {note}, “{title}”" for note, title in notes)


def _estimate(estimate: object) -> dict[str, Any] | None:
    """Return a measurement as facts, and what it has several of as tables; points come last."""
    if estimate is None:
        return None
    fields: dict[str, Any] = (
        dict(estimate) if isinstance(estimate, Mapping) else {"value": estimate}
    )
    listed = {key: value for key, value in fields.items() if _is_table(value)}
    return {
        "facts": {_spaced(k): cell_text(v) for k, v in fields.items() if k not in listed},
        "tables": [
            _measured_table(key, listed[key]) for key in sorted(listed, key="points".__eq__)
        ],
    }


def _is_table(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(x, Mapping) for x in value)


def _measured_table(name: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    return {
        "name": _spaced(name),
        "columns": [_spaced(str(column)) for column in columns],
        "rows": [[cell_text(row.get(column, "")) for column in columns] for row in rows],
    }


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
    (re.compile(r"\^-(\d+)"), "<sup>\N{MINUS SIGN}\\1</sup>"),
    (re.compile(r"\^([A-Za-z0-9])(?![A-Za-z0-9])"), r"<sup>\1</sup>"),
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
        size=size_words,
        evidence_size=lambda evidence: size_words(evidence_bytes(evidence)),
        spaced=_spaced,
        typeset=_typeset,
    )
    return environment


ENVIRONMENT: Final = _environment()
