"""What the first page says first: computed from the ledger and from the note's tables."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from homeostat.proofs.report.case_view import AnyView
from homeostat.proofs.report.convergence import PREFIX
from homeostat.proofs.report.ledger_view import VERDICTS, ClaimView, VerdictView
from homeostat.proofs.theory.batching.note_readings import READINGS, STATED
from homeostat.proofs.theory.batching.note_tables import QUOTES, Figure, Quote

__all__ = [
    "Difference",
    "Finding",
    "Subject",
    "agreement_by_reading",
    "brief_evidence",
    "differences",
    "evidence_sentence",
    "headlines",
    "refutations",
    "remarks",
    "step_ranges",
    "subjects",
    "verdict_counts",
]

_MAIN_SECTION: Final = "4.1"
"""Where the note states its main conjecture; its chapter draws the consequences."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One headline: a claim, and the sentence that carries its evidence."""

    claim: ClaimView
    text: str


@dataclass(frozen=True, slots=True)
class Subject:
    """The claims of one domain under its heading."""

    domain: str
    title: str
    claims: tuple[ClaimView, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure that is not the note's, in words."""

    figure: Figure
    where: str
    why: str


_SUBJECTS: Final = {
    "batching": "Two-type continuous batching",
    "aging": "The lazy-aging queue",
    "entropy": "Entropy of arrivals, and what it steers",
    "experts": "Routes to experts, and the cache that holds them",
    "governor": "The governor of a cluster: phases, agents, tokens, games, barriers, airlock",
}


def subjects(claims: Iterable[ClaimView]) -> list[Subject]:
    """Return the claims by domain, in the order in which the domains first occur."""
    by_domain: dict[str, list[ClaimView]] = {}
    for claim in claims:
        by_domain.setdefault(claim.domain, []).append(claim)
    return [
        Subject(domain, _SUBJECTS.get(domain, domain), tuple(found))
        for domain, found in by_domain.items()
    ]


def verdict_counts(claims: Iterable[ClaimView]) -> list[tuple[VerdictView, int]]:
    """Return how many claims have each verdict, those that occur, refuted first."""
    counts = Counter(claim.verdict.word for claim in claims)
    order = ["refuted", *(word for word in VERDICTS if word != "refuted")]
    return [(VERDICTS[word], counts[word]) for word in order if counts[word]]


def headlines(claims: Sequence[ClaimView], witnesses: Mapping[str, AnyView]) -> list[Finding]:
    """Return the note's main conjecture, in each form, and what of its chapter is decided.

    Without the claims on convergence, which the first page and a page of their own put first.

    Args:
        claims: All claims.
        witnesses: Evidence name -> replayed witness.
    """
    found = [
        Finding(claim, evidence_sentence(claim, witnesses))
        for claim in claims
        if claim.section == _MAIN_SECTION
        or (
            claim.section.startswith("4.")
            and claim.verdict.word in ("proved", "refuted")
            and not claim.id.startswith(PREFIX)
        )
    ]
    return sorted(found, key=lambda finding: finding.claim.verdict.word == "proved")


def refutations(
    claims: Iterable[ClaimView], domains: Collection[str], witnesses: Mapping[str, AnyView]
) -> list[Finding]:
    """Return what of some domains is false, each with the sentence that shows it."""
    return [
        Finding(claim, evidence_sentence(claim, witnesses))
        for claim in claims
        if claim.domain in domains and claim.verdict.word == "refuted"
    ]


def evidence_sentence(claim: ClaimView, witnesses: Mapping[str, AnyView]) -> str:
    """Return what a verdict rests on in one sentence."""
    for evidence in claim.evidence:
        view = witnesses.get(evidence.name)
        if view is not None:
            return f"{view.parameters}, {view.sentence}."
    if claim.verdict.word == "proved" and claim.evidence:
        return f"{claim.evidence[0].summary}."
    return claim.bound or claim.reason or "".join(e.summary for e in claim.evidence[:1])


def brief_evidence(claim: ClaimView, witnesses: Mapping[str, AnyView]) -> str:
    """Return what a verdict rests on in one line of a table."""
    views = [witnesses[e.name] for e in claim.evidence if e.name in witnesses]
    kinds = [str(e.document.get("kind")) for e in claim.evidence if e.kind == "certificate"]
    if views:
        more = f"; {len(views) - 1} more" if len(views) > 1 else ""
        return f"{views[0].brief}{more}"
    if kinds:
        parts = f"proof in {len(kinds)} parts" if len(kinds) > 1 else "proof"
        return f"{parts}: {', '.join(dict.fromkeys(kinds))}"
    return "; ".join(e.summary for e in claim.evidence) or claim.reason or "none"


def step_ranges(steps: Sequence[int]) -> str:
    """Return steps in words: ``t = 1-3, 7``, the dash typeset."""
    if not steps:
        return "a share, of no single step"
    runs: list[list[int]] = []
    for t in steps:
        if runs and t == runs[-1][1] + 1:
            runs[-1][1] = t
        else:
            runs.append([t, t])
    words = [str(a) if a == b else f"{a}\N{EN DASH}{b}" for a, b in runs]
    return "t = " + ", ".join(words)


def differences(figures: Iterable[Figure]) -> list[Difference]:
    """Return each figure that differs, where it does, and which reading would explain it."""
    return [
        Difference(figure, step_ranges(figure.steps_differing), _why(figure))
        for figure in figures
        if not figure.agrees
    ]


def _why(figure: Figure) -> str:
    if figure.explained_by:
        words = "; or ".join(READINGS[name][0] for name in figure.explained_by)
        return f"The note's figure comes out under another reading: {words}."
    return f"None of the {len(figure.readings)} other readings that were tried gives it."


def agreement_by_reading(figures: Sequence[Figure]) -> list[tuple[str, int, int]]:
    """Return (reading, figures of the note that come out, figures that depend on a run)."""
    dynamic = [figure for figure in figures if figure.readings]
    rows = [(READINGS[STATED][0], sum(f.agrees for f in dynamic), len(dynamic))]
    for index, reading in enumerate(dynamic[0].readings if dynamic else ()):
        count = sum(figure.readings[index].agrees for figure in dynamic)
        rows.append((READINGS[reading.name][0], count, len(dynamic)))
    return rows


def _contradictions(quotes: Iterable[Quote]) -> list[str]:
    """Say where the note's own figures cannot stem from one run."""
    target = {quote.key: quote.target for quote in quotes}
    negative = target["case_c"] + target["case_d"]
    if negative <= 1 - target["delta_at_peak"]:
        return []
    return [
        "Two of the note's figures exclude each other on any one run: section 5.3 has D >= 0 at "
        f"Simulation's peak at {float(target['delta_at_peak']):.0%} of the steps, while cases C "
        f"and D of section 6.4 have D < 0 there at {float(negative):.0%} of them."
    ]


def remarks(figures: Sequence[Figure]) -> list[str]:
    """Return what else the comparison shows, as sentences; only what holds of the figures."""
    found = _contradictions(QUOTES)
    by_key = {(figure.key, figure.data_set): figure for figure in figures}
    names = sorted({figure.data_set for figure in figures})
    once = [
        (figure.meaning, figure.data_set)
        for figure in figures
        if not figure.agrees
        and any(
            other.agrees
            for name in names
            if (other := by_key.get((figure.key, name))) is not None and other.note == figure.note
        )
    ]
    if once:
        meanings = ", ".join(dict.fromkeys(f"“{meaning}”" for meaning, _ in once))
        found.append(
            f"The note gives one figure, for no data set in particular, for {meanings}: it is "
            "right on one of them and not on the other."
        )
    ties = list(dict.fromkeys(f"“{f.meaning}” ({_label(f)})" for f in figures if f.tie_matters))
    found.append(
        f"Which of several tied stages is taken matters for {', '.join(ties)} only, and for "
        "none of them does it decide whether our figure is the note's."
        if ties and not any(f.tie_matters and _tie_decides(f) for f in figures)
        else f"Which of several tied stages is taken matters for {', '.join(ties)}."
        if ties
        else "Which of several tied stages is taken changes no figure."
    )
    return found


def _tie_decides(figure: Figure) -> bool:
    return any(r.name == "last_tie" and r.agrees != figure.agrees for r in figure.readings)


def _label(figure: Figure) -> str:
    return figure.data_set.replace("_", " ")
