"""``homeostat report``: the page that says which claims hold, with the evidence beside it."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from homeostat.cli.documents import emit
from homeostat.cli.exits import ExitCode
from homeostat.cli.options import LEDGER, Jobs, Json
from homeostat.cli.simulate import report_documents
from homeostat.cli.terminal import note, progress_bar, results
from homeostat.cli.verify import agreement, committed_drift, decided, report_drift, verdict_table

__all__ = ["make_report"]

_RESULTS: Final = Path("benchmarks/results")
"""Where `make coq` and `make mutation` leave what the trust page shows, seen from a checkout."""


def make_report(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")] = Path("report"),
    ledger: Annotated[
        Path, typer.Option("--ledger", help="Committed ledger to compare with, if it is there.")
    ] = LEDGER,
    from_ledger: Annotated[
        bool,
        typer.Option("--from-ledger", help="Show the ledger as it is; decide nothing afresh."),
    ] = False,
    jobs: Jobs = 1,
    json: Json = False,
) -> None:
    """Decide every claim and write the report: index.html, report.md, report.json, evidence.

    Exit 0; 1 when a claim has not the verdict that the committed ledger records (the
    report is written all the same, and shows what this run found).

    For example:

        homeostat report
        homeostat report --from-ledger --out /tmp/report
    """
    from homeostat.proofs.ledger import certificate_folder, read_ledger
    from homeostat.proofs.report import write_report

    asked = from_ledger or ledger != LEDGER
    committed = read_ledger(ledger) if asked or ledger.exists() else None
    if committed is None:
        note(f"there is no {ledger} here, so nothing is compared with it")
    found, interrupted = (
        (committed, False) if from_ledger and committed else decided(None, jobs, committed)
    )
    if interrupted:
        results().print(verdict_table(found.to_json()["claims"]))
        raise typer.Exit(ExitCode.INTERRUPTED)
    with progress_bar("writing") as advance:
        page = write_report(
            found.to_json(),
            out,
            jobs=jobs,
            progress=advance,
            coq=_result("coq.json"),
            score=_result("mutation-score.json"),
            simulations=report_documents(),
        )
    folder = certificate_folder(ledger)
    lines = committed_drift(found, committed, folder) if committed else []
    if json:
        emit({"schema": "homeostat.report_written/1", "page": str(page), "drift": lines})
    else:
        results().print(f"wrote {page}")
    if committed:
        news = "" if lines else agreement(found, folder, afresh=not from_ledger)
        report_drift(lines, news)


def _result(name: str) -> Any:
    from homeostat.counterexamples.files import read_bounded

    path = _RESULTS / name
    return read_bounded(path) if path.exists() else None
