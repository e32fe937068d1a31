"""``homeostat verify``: decide claims afresh and hold them against the committed ledger."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text

from homeostat.cli.documents import emit
from homeostat.cli.exits import ExitCode, exit_of_verdicts
from homeostat.cli.options import LEDGER, Jobs, Json, Store
from homeostat.cli.terminal import note, progress_bar, results
from homeostat.errors import CertificateRejectedError, InvalidInputError

if TYPE_CHECKING:
    from homeostat.proofs.ledger import Ledger

AGREES: Final = (
    "every claim has the verdict that the ledger records; all evidence was checked again"
)
WITHOUT: Final = "every claim has the verdict that the ledger records"
SHOWN: Final = "the ledger's evidence was checked again; no claim was decided afresh"
NOT_DECIDED: Final = "no claim was decided afresh; what the ledger holds was checked again"

__all__ = [
    "AGREES",
    "agreement",
    "carried",
    "committed_drift",
    "decided",
    "report_drift",
    "verdict_table",
    "verify_claims",
]

_CLAIMS_PER_JOB: Final = 4
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
    ] = LEDGER,
    write: Annotated[
        bool, typer.Option("--write", help="Write the ledger that comes out; all claims only.")
    ] = False,
    slow: Annotated[
        bool, typer.Option("--slow", help="Decide the slow claims too, which take minutes.")
    ] = False,
    store: Store = None,
    jobs: Jobs = 1,
    json: Json = False,
) -> None:
    """Decide claims afresh, with evidence that is checked apart from what found it.

    All claims: exit 0 when each has the verdict that the committed ledger records and all
    evidence was checked again, 1 when not. Of slow claims the ledger's last run is shown,
    unless --slow or --write asks for them; so is that of claims about data that is not here
    (`homeostat data list`). Named claims: 0 proved or measured, 10 proved
    within a bound, 20 refuted, 30 unknown or survived, 40 evidence rejected, 50 vacuous;
    of several, the worst.

    For example:

        homeostat verify
        homeostat verify batching.g_dominance --json
        homeostat verify --write
    """
    from homeostat.proofs.ledger import certificate_folder, read_ledger, recheck, write_ledger
    from homeostat.proofs.store import use_store

    if claims and write:
        raise InvalidInputError(f"--write with {claims} must not be: a ledger holds all claims")
    committed = None if claims or write else read_ledger(ledger)
    with use_store(store):
        last_run = _kept(ledger) if write else committed
        found, interrupted = decided(claims, jobs, last_run, decide_slow=slow or write)
    document = found.to_json()
    if json:
        emit(document)
    else:
        results().print(verdict_table(document["claims"]))
    if interrupted:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if claims:
        raise typer.Exit(exit_of_verdicts(claim["verdict"] for claim in document["claims"]))
    if committed is None:
        write_ledger(found, ledger)
        note(f"wrote {ledger}")
    else:
        folder = certificate_folder(ledger)
        lines = [*committed_drift(found, committed, folder), *recheck(found, folder)]
        report_drift(lines, "" if lines else agreement(found, folder))


def _kept(ledger: Path) -> "Ledger | None":
    """Return the ledger that is about to be replaced, if a claim cannot be decided without."""
    from homeostat.proofs.ledger import read_ledger
    from homeostat.proofs.registry import ALL_CLAIMS

    needed = any(claim.lacks for claim in ALL_CLAIMS)
    return read_ledger(ledger) if needed and ledger.exists() else None


def agreement(found: "Ledger", certificates: Path, *, afresh: bool = True) -> str:
    """Return the good news that nothing drifted, and what was not decided or not checked.

    Args:
        found: What is shown.
        certificates: Where the large certificates may be.
        afresh: Whether the claims were decided, and not only read.
    """
    from homeostat.proofs.ledger import unchecked

    left = unchecked(found, certificates)
    news = [AGREES if afresh else SHOWN] if not left else [WITHOUT if afresh else NOT_DECIDED]
    old = [claim for claim in found.claims if carried(claim)] if afresh else []
    news += [f"{claim['id']} was not decided now: {_why_carried(claim)}" for claim in old]
    if left:
        claims = sorted({name.rpartition(".")[0] for name in left})
        news.append(
            f"{len(left)} large certificates of {', '.join(claims)} are not here and were not "
            "checked; `make proofs` makes them again"
        )
    return "; ".join(news)


def carried(claim: dict[str, Any]) -> bool:
    """Return whether an entry is marked as that of another run."""
    return isinstance(claim.get("last_run"), dict)


def _why_carried(claim: dict[str, Any]) -> str:
    run = claim["last_run"]
    when = f"its last run is of {run['date']}" if run["date"] else "its verdict is an earlier run's"
    missing = run.get("missing")
    return f"{', '.join(missing)} is not here, and {when}" if missing else when


def decided(
    names: Sequence[str] | None,
    jobs: int,
    last_run: "Ledger | None" = None,
    *,
    decide_slow: bool = False,
) -> tuple["Ledger", bool]:
    """Decide the claims named, or all if none is, afresh.

    Claims are decided a few at a time, so that Ctrl-C leaves those that are done.

    Args:
        names: Ids; all claims if none.
        jobs: Processes.
        last_run: Has the entries of slow claims, and of those whose data is not here.
        decide_slow: Whether to decide slow claims although there is a last run.

    Returns:
        Their ledger, and whether Ctrl-C stopped it before the last claim.

    Raises:
        InvalidInputError: A name means no claim.
        CertificateRejectedError: The kernel rejects what an engine made.
    """
    from homeostat.proofs import kernel
    from homeostat.proofs.deciding import decide_claims
    from homeostat.proofs.ledger import Ledger
    from homeostat.proofs.registry import ALL_CLAIMS, claims_named

    ids = [claim.id for claim in (claims_named(names) if names else ALL_CLAIMS)]
    size = 1 if jobs == 1 else _CLAIMS_PER_JOB * jobs
    done: list[dict[str, Any]] = []
    try:
        with progress_bar("deciding", len(ids)) as advance:
            for i in range(0, len(ids), size):
                done += decide_claims(
                    ids[i : i + size],
                    jobs=jobs,
                    progress=advance,
                    last_run=None if last_run is None else last_run.claims,
                    decide_slow=decide_slow,
                    date=date.today().isoformat(),
                )
    except KeyboardInterrupt:
        note(f"interrupted: {len(done)} of {len(ids)} claims were decided")
    except kernel.RejectedError as error:
        raise CertificateRejectedError(str(error)) from error
    return Ledger(tuple(done)), len(done) < len(ids)


def committed_drift(found: "Ledger", committed: "Ledger", certificates: Path) -> list[str]:
    """Return a line for each claim that the committed ledger records otherwise.

    The evidence in the committed ledger is checked again too: a file that was edited by
    hand is drift even where the verdict words agree.
    """
    from homeostat.proofs.ledger import drift, recheck

    again = recheck(committed, certificates)
    return [*drift(found, committed), *(f"committed {line}" for line in again)]


def report_drift(lines: Sequence[str], good_news: str) -> None:
    """Print each line of drift to stderr and exit with 1; say the good news if there is none."""
    for line in lines:
        note(f"drift: {line}")
    if lines:
        raise typer.Exit(ExitCode.DRIFT)
    note(good_news)


def verdict_table(claims: Sequence[dict[str, Any]]) -> Table:
    """Return claims and verdicts as a table for the terminal.

    Args:
        claims: Entries of a ledger, as JSON data.
    """
    table = Table()
    for title in ("claim", "verdict", "what it says"):
        table.add_column(title, overflow="fold")
    for claim in claims:
        verdict = claim["verdict"]
        more = claim["bound"] or (claim["reason"] if verdict == "unknown" else None)
        if carried(claim):
            more = "; ".join(filter(None, (more, _why_carried(claim))))
        table.add_row(
            Text(claim["id"]),
            Text(verdict, style=_COLOURS[verdict]),
            Text(f"{claim['title']} ({more})" if more else claim["title"]),
        )
    return table
