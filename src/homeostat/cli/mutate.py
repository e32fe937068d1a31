"""``homeostat mutate``: corrupted certificates, and what the kernel says of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from homeostat.cli.documents import emit, write_document
from homeostat.cli.exits import ExitCode
from homeostat.cli.options import LEDGER, Jobs, Json, Seed, integer_option
from homeostat.cli.terminal import note, results, search_bar

if TYPE_CHECKING:
    from homeostat.proofs.mutation import Score

__all__ = ["mutate_certificates"]


def mutate_certificates(
    *,
    count: Annotated[
        int, integer_option("--count", "-n", minimum=1, maximum=10**7, text="Corruptions.")
    ] = 10_000,
    seed: Seed = 0,
    jobs: Jobs = 1,
    ledger: Annotated[
        Path, typer.Option("--ledger", help="The ledger whose certificates are corrupted.")
    ] = LEDGER,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the score to this file, as JSON.")
    ] = None,
    json: Json = False,
) -> None:
    """Corrupt certificates at random and hand them to the kernel, with hashes that fit.

    Every kind gets the same share. What the kernel accepts is judged without it: another proof
    of the same theorem, another theorem that is true, or a hole. Exit 0 when there is no hole;
    1 when there is one, or the kernel crashed: the certificate is written, beside the score or
    here.

    For example:

        homeostat mutate
        homeostat mutate --count 100000 --seed 7 --jobs 2 --out score.json
    """
    from homeostat.proofs.mutation import mutation_score, read_sources

    sources = read_sources(ledger)
    with search_bar("corrupting") as set_to:

        def advance(score: "Score") -> None:
            set_to(f"{score.total('rejected')} rejected", score.done, count)

        score = mutation_score(sources, count=count, seed=seed, jobs=jobs, progress=advance)
    if out is not None and (score.done == count or not out.exists()):
        # A whole score is not replaced by a part of one.
        write_document(out, score.to_json())
        note(f"written: {out}")
    for fault in score.faults:
        assert fault.certificate is not None
        path = (out.parent if out else Path()) / f"{fault.outcome}-{seed}-{fault.turn}.json"
        write_document(path, fault.certificate)
        note(f"{fault.outcome}: {path}")
    if json:
        emit(score.to_json())
    else:
        _show(score)
    if score.faults:
        raise typer.Exit(ExitCode.DRIFT)
    raise typer.Exit(ExitCode.INTERRUPTED if score.interrupted else ExitCode.OK)


def _show(score: "Score") -> None:
    document: dict[str, Any] = score.to_json()
    table = Table()
    table.add_column("kind", overflow="fold")
    for word in document["outcomes"]:
        table.add_column(word, justify="right")
    for kind, outcomes in document["kinds"].items():
        table.add_row(kind, *map(str, outcomes.values()))
    table.add_row("all", *map(str, document["outcomes"].values()), style="bold")
    results().print(table)
    for fault in score.faults:
        typer.echo(f"{fault.outcome}: {fault.source}, {fault.operator} at {fault.place}")
        typer.echo(f"  {fault.why}")
    typer.echo(
        f"{score.done} corruptions: {score.total('rejected')} rejected, {score.total('same')} give "
        f"another proof of the same theorem, {score.others} another theorem that nothing "
        f"contradicts, {score.total('hole')} holes, {score.total('crash')} crashes"
    )
    if score.missing:
        note(f"no certificate at hand of kind: {', '.join(score.missing)}")
    if score.interrupted:
        note("interrupted: the figures are those of what was done")
    note(f"the same run again: {document['command']}")
