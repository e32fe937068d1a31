"""Writing the report: everything is made in a new folder beside, then put in place."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from joblib import Parallel, delayed

from homeostat.errors import InvalidInputError
from homeostat.proofs.ledger import abridged
from homeostat.proofs.report.case_view import AnyView, view_of
from homeostat.proofs.report.certificate_view import document_bytes
from homeostat.proofs.report.convergence import Convergence
from homeostat.proofs.report.ledger_view import LedgerView
from homeostat.proofs.report.pages import Pages, Picture
from homeostat.proofs.report.pictures import (
    Drawing,
    convergence_pictures,
    draw,
    estimate_picture,
    overview_pictures,
    witness_picture,
)
from homeostat.proofs.report.simulation import PAGE as SCHEDULER
from homeostat.proofs.report.simulation import Simulations, views_of, write_plots
from homeostat.proofs.report.thresholds import ThresholdTable, threshold_picture
from homeostat.proofs.report.trust import TrustView
from homeostat.proofs.report.witness_view import WitnessView
from homeostat.proofs.theory.batching.note_tables import Figure, recomputed_figures

__all__ = ["SCHEMA", "write_report"]

SCHEMA: Final = "homeostat.report/1"
CONVERGENCE: Final = ("convergence.html", "Convergence")
THRESHOLDS: Final = ("thresholds.html", "Thresholds")
TRUST: Final = ("trust.html", "Trust")
"""Pages of their own, and how the menu calls them."""
Progress = Callable[[str], None]


def write_report(
    ledger: Mapping[str, Any],
    folder: Path,
    *,
    jobs: int = -1,
    progress: Progress | None = None,
    coq: object = None,
    score: object = None,
    simulations: Simulations | None = None,
) -> Path:
    """Write the report of a ledger as a folder of pages, plots and evidence files.

    Every witness is replayed on the way. The folder is replaced as a whole: a run that is
    interrupted or fails leaves the old one. The same ledger gives the same bytes.

    Args:
        ledger: Ledger JSON data (``homeostat.ledger/1``).
        folder: Where the report goes; absent, empty, or an earlier report.
        jobs: Processes that draw plots; -1 for one a core.
        progress: Told what is being done.
        coq: The log of ``make coq`` as JSON data; None where there is none.
        score: A mutation score as JSON data; None where there is none.
        simulations: Simulations as JSON data, and what could not be simulated since files are
            missing: (data set, files); None for no page on the scheduler.

    Returns:
        The path of ``index.html``.

    Raises:
        InvalidInputError: The ledger, log or score breaks its schema, or ``folder`` holds
            something else.
        WitnessRejectedError: A witness in the ledger does not replay exactly.
    """
    tell = progress or (lambda _: None)
    folder = Path(os.path.abspath(folder))
    view = LedgerView.of(dict(ledger))
    _demand_replaceable(folder)
    tell("replaying the witnesses")
    witnesses = _witnesses(view)
    tell("reading the certificates")
    convergence = Convergence(view)
    trust = TrustView.of(ledger, coq=coq, score=score)
    tell("recomputing the note's figures")
    figures = recomputed_figures()
    with _replaced(folder) as new:
        tell("drawing the plots")
        drawings, overview, pictures = _drawings(view, witnesses)
        own, converging = convergence_pictures(convergence)
        table = ThresholdTable.of(view)
        mapped = [threshold_picture(table)] if table else []
        _write_plots(new, [*drawings, *own, *(drawing for drawing, _ in mapped)], jobs)
        tell("writing the pages")
        own_pages = [CONVERGENCE, *([THRESHOLDS] if table else []), TRUST]
        if simulations is not None:
            own_pages.append(SCHEDULER)
        pages = Pages(
            view, figures, witnesses, pictures, overview, folder.name, convergence, trust, own_pages
        )
        _write_pages(new, view, pages)
        (new / CONVERGENCE[0]).write_text(pages.convergence(converging), encoding="utf-8")
        _write_own(new, TRUST, pages)
        for _, picture in mapped:
            _write_own(new, THRESHOLDS, pages, table=table, picture=picture)
        if simulations is not None:
            _write_scheduler(new, pages, simulations)
        _write_trajectories(new, witnesses)
        _write_data(new, ledger, figures)
    return folder / "index.html"


def _witnesses(view: LedgerView) -> dict[str, AnyView]:
    return {
        evidence.name: view_of(evidence.document)
        for claim in view.claims
        for evidence in claim.evidence
        if evidence.kind == "witness"
    }


def _drawings(
    view: LedgerView, witnesses: Mapping[str, AnyView]
) -> tuple[list[Drawing], list[Picture], dict[str, Picture]]:
    """Return what is to be drawn, the first page's pictures, and those of claims.

    A witness has its picture under the evidence's name, an estimate under the claim's id.
    """
    drawings, overview = overview_pictures()
    pictures = {}
    for claim in view.claims:
        measured = estimate_picture(claim)
        if measured is not None:
            drawings.append(measured[0])
            pictures[claim.id] = measured[1]
        for evidence in claim.evidence:
            witness = witnesses.get(evidence.name)
            if isinstance(witness, WitnessView):
                drawing, pictures[evidence.name] = witness_picture(claim, evidence, witness)
                drawings.append(drawing)
    return drawings, overview, pictures


def _write_plots(new: Path, drawings: Sequence[Drawing], jobs: int) -> None:
    (new / "plots").mkdir()
    for written in Parallel(n_jobs=jobs)(delayed(draw)(drawing) for drawing in drawings):
        for name, svg in written.items():
            (new / "plots" / name).write_text(svg, encoding="utf-8")


def _write_pages(new: Path, view: LedgerView, pages: Pages) -> None:
    for name in ("claims", "evidence"):
        (new / name).mkdir()
    (new / "index.html").write_text(pages.index(), encoding="utf-8")
    (new / "report.md").write_text(pages.markdown(), encoding="utf-8")
    css = files("homeostat.proofs.report").joinpath("templates", "report.css")
    (new / "report.css").write_bytes(css.read_bytes())
    for index, claim in enumerate(view.claims):
        (new / "claims" / f"{claim.id}.html").write_text(pages.claim(index), encoding="utf-8")
        for evidence in claim.evidence:
            if evidence.cut_bytes is None:
                path = new / "evidence" / f"{evidence.name}.json"
                path.write_bytes(document_bytes(evidence.document))


def _write_own(new: Path, page: tuple[str, str], pages: Pages, **context: Any) -> None:
    """Write a page that has a template of its own name."""
    (new / page[0]).write_text(pages.page(f"{page[0]}.jinja", **context), encoding="utf-8")


def _write_scheduler(new: Path, pages: Pages, simulations: Simulations) -> None:
    documents, missing = simulations
    text = json.dumps({"simulations": documents}, indent=1, ensure_ascii=False)
    (new / "scheduler.json").write_text(text + "\n", encoding="utf-8")
    views = views_of(documents)
    write_plots(views, new / "plots")
    _write_own(new, SCHEDULER, pages, alone=False, simulations=views, missing=missing)


def _write_trajectories(new: Path, witnesses: Mapping[str, AnyView]) -> None:
    """Write every exact value of each trajectory: the pages have room for short ones only."""
    (new / "trajectories").mkdir()
    for name, view in witnesses.items():
        if not isinstance(view, WitnessView):
            continue
        steps = [
            {"t": t, "theory": list(map(str, a)), "simulation": list(map(str, b))}
            for t, (a, b) in enumerate(zip(view.pair.theory, view.pair.simulation, strict=True))
        ]
        data = {"schema": "homeostat.witness-trajectory/1", "witness": name, "steps": steps}
        text = json.dumps(data, indent=1) + "\n"
        (new / "trajectories" / f"{name}.json").write_text(text, encoding="utf-8")


def _write_data(new: Path, ledger: Mapping[str, Any], figures: Sequence[Figure]) -> None:
    claims = [_abridged(entry) for entry in ledger["claims"]]
    shown = {**ledger, "claims": claims}
    data = {"schema": SCHEMA, "ledger": shown, "figures": [asdict(f) for f in figures]}
    text = json.dumps(data, indent=1, ensure_ascii=False, default=_rational_text)
    (new / "report.json").write_text(text + "\n", encoding="utf-8")


def _abridged(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry without the evidence of its large certificates, as the ledger has it."""
    evidence = [
        {**e, "document": abridged(e["document"])} if e["kind"] == "certificate" else e
        for e in entry["evidence"]
    ]
    return {**entry, "evidence": evidence}


def _rational_text(value: object) -> str:
    if isinstance(value, Fraction):
        return str(value)
    raise TypeError(f"{value!r} has no place in report.json")


def _demand_replaceable(folder: Path) -> None:
    """Refuse to replace a folder that is not a report: it would be lost."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InvalidInputError(f"{folder} must be a folder, or not exist")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "report.json").is_file():
        raise InvalidInputError(f"{folder} must be empty or hold an earlier report")


@contextmanager
def _replaced(folder: Path) -> Iterator[Path]:
    """Give a new folder, and put it in place of the old one when all went well.

    Two renames: a reader may for an instant see no folder, but never half of one.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    new, old = beside / "new", beside / "old"
    try:
        new.mkdir()
        yield new
        try:
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
        except BaseException:
            if old.exists() and not folder.exists():
                old.rename(folder)
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
