"""``homeostat fuzz``: a property suite with as many examples as one cares to spend."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from homeostat.cli.documents import emit
from homeostat.cli.options import Jobs, Json, Seed, integer_option
from homeostat.cli.terminal import note, progress_bar, results

if TYPE_CHECKING:
    from homeostat.properties import FuzzResult

__all__ = ["fuzz_suite"]


def fuzz_suite(
    suite: Annotated[
        str, typer.Argument(metavar="SUITE", help="Name of a suite, such as batching.")
    ],
    *,
    examples: Annotated[
        int, integer_option("--examples", "-n", minimum=1, text="Cases of each property.")
    ] = 200,
    seed: Seed = 0,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", help="Your own implementation, as package.module:name or file.py:name."
        ),
    ] = None,
    jobs: Jobs = 1,
    json: Json = False,
) -> None:
    """Try every property of a suite on random cases, and shrink what fails.

    Exit 0 when each property came out as expected, 20 when one that should hold was
    refuted, 30 when one that is known to be false was not: that casts doubt on the fuzzer.

    For example:

        homeostat fuzz batching
        homeostat fuzz batching --examples 5000 --seed 7
        homeostat fuzz batching --target my_scheduler.py:step
        homeostat fuzz aging-queue --target my_queue.py:MyQueue
    """
    from homeostat.properties import fuzz

    with progress_bar("fuzzing") as advance:
        found = fuzz(
            suite, examples=examples, seed=seed, jobs=jobs, target=target, progress=advance
        )
    if json:
        emit(found.to_json())
    else:
        _show(found)
    raise typer.Exit(found.exit_code)


def _show(found: "FuzzResult") -> None:
    table = Table()
    for title in ("property", "outcome", "cases", "steps", "as expected"):
        table.add_column(title, overflow="fold")
    for result in found.results:
        expected = Text("yes") if result.as_expected else Text("NO", style="bold red")
        if result.interrupted:
            expected = Text("interrupted")
        steps = "" if result.steps is None else str(result.steps)
        table.add_row(Text(result.name), result.outcome, str(result.cases), steps, expected)
    results().print(table)
    for result in found.results:
        if not result.as_expected:
            typer.echo(f"{result.name}: {result.statement}")
            typer.echo(f"  {result.reason or 'smallest case found:'}")
            for line in result.example_lines():
                typer.echo(f"  {line}")
    typer.echo(f"{found.verdict}: suite {found.suite}, {len(found.results)} properties")
    if found.interrupted:
        note("interrupted: the properties above are those that were done")
    note(f"the same run again: {found.replay_line}")
