"""``homeostat verify``: decide claims afresh and hold them against the committed ledger."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text

from homeostat.cli.documents import demand_schema, emit, read_document
from homeostat.cli.evidence import recheck
from homeostat.cli.exits import ExitCode, exit_of_verdicts
from homeostat.cli.options import Jobs, Json
from homeostat.cli.terminal import note, progress_bar, results
from homeostat.errors import CertificateRejectedError, InvalidInputError

__all__ = [
    "LEDGER_SCHEMA",
    "committed_drift",
    "decided",
    "read_ledger",
    "verdict_table",
    "verify_claims",
]

LEDGER_SCHEMA: Final = "homeostat.ledger/1"
_COLOURS: Final = {
    "proved": "green",
    "proved-within": "green",
    "measured": "cyan",
    "survived": "yellow",
    "unknown": "yellow",
    "refuted": "red",
}


def verify_claims(
    claims: Annotated[
        list[str] | None, typer.Argument(metavar="[CLAIM]...", help="Ids; all claims if none.")
    ] = None,
    *,
    ledger: Annotated[
        Path, typer.Option("--ledger", help="The committed ledger to compare with.")
    ] = Path("ledger.json"),
    write: Annotated[
        bool, typer.Option("--write", help="Write the ledger that comes out; all claims only.")
    ] = False,
    jobs: Jobs = 1,
    json: Json = False,
) -> None:
    """Decide claims afresh, with evidence that is checked apart from what found it.

    All claims: exit 0 when each has the verdict that the committed ledger records and all
    evidence was checked again, 1 when not. Named claims: 0 proved or measured, 10 proved
    within a bound, 20 refuted, 30 unknown or survived, 40 evidence rejected, 50 vacuous;
    of several, the worst.

    For example:

        homeostat verify
        homeostat verify batching.g_dominance --json
        homeostat verify --write
    """
    ids = _known(claims or [])
    if ids and write:
        raise InvalidInputError(f"--write with claims={ids} must not be: a ledger holds all claims")
    committed = None if ids or write else read_ledger(ledger)
    found = decided(ids, jobs)
    document = found.to_json()
    if json:
        emit(document)
    else:
        results().print(verdict_table(document["claims"]))
    if ids:
        raise typer.Exit(exit_of_verdicts(claim["verdict"] for claim in document["claims"]))
    if write:
        found.write_ledger(ledger)
        note(f"wrote {ledger}")
    elif committed is not None:
        _report_drift(committed_drift(document, committed))


def _known(claims: Sequence[str]) -> list[str]:
    from homeostat.proofs.registry import CLAIMS

    for claim in claims:
        if claim not in CLAIMS:
            raise InvalidInputError(f"claim {claim!r} must be one of {', '.join(sorted(CLAIMS))}")
    return list(claims)


def read_ledger(path: Path) -> dict[str, Any]:
    """Return a committed ledger as JSON data.

    Raises:
        InvalidInputError: The file is missing, or is no ledger.
    """
    if not path.exists():
        raise InvalidInputError(f"{path}: no ledger to compare with; name one, or --write it")
    document = read_document(path)
    demand_schema(path, document, LEDGER_SCHEMA)
    return document


def decided(ids: Sequence[str], jobs: int) -> Any:
    """Return the ledger of some claims, or of all if none is named, decided afresh.

    Raises:
        CertificateRejectedError: The kernel rejects what an engine made.
    """
    from homeostat.proofs import kernel
    from homeostat.proofs.ledger import decide_claims
    from homeostat.proofs.registry import CLAIMS

    try:
        with progress_bar("deciding", len(ids) or len(CLAIMS)) as advance:
            return decide_claims(list(ids) or None, jobs=jobs, progress=advance)
    except kernel.RejectedError as error:
        raise CertificateRejectedError(str(error)) from error


def committed_drift(found: dict[str, Any], committed: dict[str, Any]) -> list[str]:
    """Return a line for each claim that the committed ledger records otherwise.

    Evidence of the committed ledger is checked again too: a file that was edited by hand
    is drift even where the verdict words agree.

    Args:
        found: The ledger of this run, as JSON data.
        committed: The committed one.
    """
    from homeostat.proofs.ledger import drift

    lines = list[str](drift(found, committed))
    for claim in committed["claims"]:
        for evidence in claim["evidence"]:
            if evidence["kind"] == "measurement":
                continue
            try:
                recheck(evidence["document"])
            except (CertificateRejectedError, InvalidInputError) as error:
                lines.append(f"{claim['id']}: committed evidence {evidence['name']}: {error}")
    return lines


def _report_drift(lines: Sequence[str]) -> None:
    if not lines:
        note("every claim has the verdict that the ledger records; all evidence was checked again")
        return
    for line in lines:
        note(f"drift: {line}")
    raise typer.Exit(ExitCode.DRIFT)


def verdict_table(claims: Sequence[dict[str, Any]]) -> Table:
    """Return claims and verdicts as a table for the terminal.

    Args:
        claims: Entries of a ledger, as JSON data.
    """
    table = Table()
    for title in ("claim", "verdict", "why, or what it rests on"):
        table.add_column(title, overflow="fold")
    for claim in claims:
        verdict = claim["verdict"]
        evidence = "; ".join(item["summary"] for item in claim["evidence"])
        table.add_row(
            Text(claim["id"]),
            Text(verdict, style=_COLOURS[verdict]),
            Text(claim.get("reason") or claim.get("bound") or evidence),
        )
    return table
