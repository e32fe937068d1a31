"""``homeostat govern``: policies of placement on a cluster, in simulated time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from homeostat.cli.documents import emit, read_document, write_document
from homeostat.cli.exits import ExitCode
from homeostat.cli.govern_sweep import sweep_governor
from homeostat.cli.options import Jobs, Json, integer_option, policy_names
from homeostat.cli.terminal import note, progress_bar, results

if TYPE_CHECKING:
    from homeostat.runtime.governor.comparing import CellRun

__all__ = ["govern_cluster"]

_NODES_MAX: Final = 100_000
_SEEDS_DEFAULT: Final = 3
_SEEDS_MAX: Final = 1000
_PERCENT: Final = 100
_SHOWN: Final = (
    ("gpu_allocation", "GPUs", 100.0, ".1f"),
    ("cpu_utilisation", "CPUs", 100.0, ".1f"),
    ("memory_utilisation", "mem", 100.0, ".1f"),
    ("rejected", "lost", 100.0, ".2f"),
    ("wait_s_mean", "wait s", 1.0, ".2f"),
    ("jain", "Jain", 1.0, ".4f"),
    ("nash_gap", "gap", 1.0, ".3f"),
    ("probes_mean", "probes", 1.0, ".1f"),
)


def govern_cluster(
    *,
    workload: Annotated[
        str,
        typer.Option(
            "--workload", "-w", help="cpu, io, mixed, openb, or a list of pods in openb's format."
        ),
    ] = "mixed",
    nodes: Annotated[
        int | None,
        integer_option(
            "--nodes",
            minimum=1,
            maximum=_NODES_MAX,
            text="Nodes of the cluster; 100, or all of openb, if not given.",
        ),
    ] = None,
    policy: Annotated[
        str, typer.Option("--policy", help="Names, comma-separated: governor, fgd; all.")
    ] = "all",
    faults: Annotated[
        Literal["none", "nodes", "partitions", "both"],
        typer.Option("--faults", help="What goes wrong."),
    ] = "none",
    load: Annotated[
        int,
        integer_option(
            "--load", minimum=1, maximum=1000, text="Percent of the scarcest resource asked for."
        ),
    ] = _PERCENT,
    seeds: Annotated[
        int,
        integer_option("--seeds", minimum=1, maximum=_SEEDS_MAX, text="Runs of each policy."),
    ] = _SEEDS_DEFAULT,
    jobs: Jobs = 1,
    comparison: Annotated[
        Path | None,
        typer.Option(
            "--comparison", help="Run nothing; show the standing in a file of the benchmark."
        ),
    ] = None,
    sweep: Annotated[
        bool,
        typer.Option("--sweep", help="Sweep the governor's damping, temperature and tax."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for a page with plots.")
    ] = None,
    json: Json = False,
) -> None:
    """Place jobs on a simulated cluster under several policies, on the same jobs and faults.

    Jobs come at random, are placed or wait, and leave; nodes fail or are cut off. Shown are means
    over the seeds. Only the time of decisions depends on the machine. Exit 0; 2 on bad input.

    For example:

        homeostat govern
        homeostat govern --workload openb --nodes 300 --faults both --seeds 10 --jobs 2
        homeostat govern --workload cpu --policy governor,best_fit --out /tmp/page --json
    """
    if comparison is not None:
        _show_standing(comparison, out, json=json)
        return
    if sweep:
        sweep_governor(workload, nodes, faults, seeds, jobs=jobs, out=out, json=json)
        return
    document = _document(workload, nodes, _policies(policy), faults, load, seeds, jobs)
    if out is not None:
        from homeostat.proofs.report.governing import write_governing

        page = write_governing(document, out)
        write_document(out / "governing.json", document)
        note(f"wrote {page}")
    if json:
        emit(document)
    else:
        _show(document)


def _policies(text: str) -> tuple[str, ...]:
    from homeostat.runtime.governor.policies import POLICIES, policy_named

    return policy_names(text, POLICIES, policy_named)


def _document(
    workload: str,
    nodes: int | None,
    policies: Sequence[str],
    faults: str,
    load: int,
    seeds: int,
    jobs: int,
) -> dict[str, Any]:
    from homeostat.runtime.governor.comparing import Setting, compare
    from homeostat.runtime.governor.documents import govern_document

    setting = Setting(workload=workload, nodes=nodes, faults=faults, load=load / _PERCENT)
    runs: list[CellRun] = []
    total = seeds * len(policies)
    with progress_bar("placing", total) as advance, _counted(runs, total):
        for run in compare([setting], policies, range(seeds), jobs=jobs):
            runs.append(run)
            advance(f"{run.cell.policy}, seed {run.cell.seed}")
    return govern_document(runs, Path(workload).name)


@contextmanager
def _counted(runs: "list[CellRun]", total: int) -> Iterator[None]:
    """On Ctrl-C say how many runs were made."""
    try:
        yield
    except KeyboardInterrupt:
        note(f"interrupted: {len(runs)} of {total} runs made")
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _show(document: dict[str, Any]) -> None:
    console = results()
    seeds = len(document["seeds"])
    table = Table(
        title=f"{document['workload']}, {document['nodes']} nodes, faults: {document['faults']}; "
        f"means of {seeds} run{'s' * (seeds > 1)}, parts in %",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("policy", min_width=16, overflow="fold")
    for _, head, _, _ in _SHOWN:
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("us", justify="right", no_wrap=True)
    for row in document["policies"]:
        cells = [
            format(scale * row["figures"][name]["mean"], form) for name, _, scale, form in _SHOWN
        ]
        cells.append(f"{row['decision_us']['p50']['mean']:.1f}")
        table.add_row(*map(Text, (row["policy"], *cells)))
    console.print(table)
    console.print(
        "lost: rejected; wait: from arrival to placement; Jain: fairness between tenants; "
        "gap: Nash gap; probes: nodes looked at by a decision; us: median time of a decision"
    )


def _show_standing(path: Path, out: Path | None, *, json: bool) -> None:
    from homeostat.runtime.governor.comparison import read_comparison
    from homeostat.runtime.governor.standing import standing_of

    document = standing_of(read_comparison(read_document(path))).document()
    if out is not None:
        from homeostat.proofs.report.governing_comparison import write_governing_comparison

        page = write_governing_comparison(document, out)
        write_document(out / "governing-comparison.json", document)
        note(f"wrote {page}")
    if json:
        emit(document)
    else:
        results().print(document["words"])
