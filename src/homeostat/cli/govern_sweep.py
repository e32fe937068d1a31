"""``homeostat govern --sweep``: what the governor's settings do, as maps and Sobol indices."""

from pathlib import Path
from typing import Any, Final

from rich import box
from rich.table import Table
from rich.text import Text

from homeostat.cli.documents import emit, write_document
from homeostat.cli.terminal import note, results
from homeostat.errors import InvalidInputError

__all__ = ["sweep_governor"]

_NODES_DEFAULT: Final = 100


def sweep_governor(
    workload: str,
    nodes: int | None,
    faults: str,
    seeds: int,
    *,
    jobs: int,
    out: Path | None,
    json: bool,
) -> None:
    """Sweep damping, temperature and tax, and show or write what was found.

    Raises:
        InvalidInputError: There is one seed only, so that chance could not be told.
    """
    from homeostat.runtime.governor.sweep import Plan, sweep_document
    from homeostat.runtime.governor.sweep_runs import SWEPT, GovernorRuns

    if seeds < 2:
        raise InvalidInputError(f"--seeds={seeds} must be 2 or more to tell chance in a sweep")
    runs = GovernorRuns(workload=workload, nodes=nodes or _NODES_DEFAULT, faults=faults)
    document = sweep_document(runs, SWEPT, Plan(seeds=tuple(range(seeds))), jobs=jobs)
    if out is not None:
        from homeostat.proofs.report.governing_sweep import write_governing_sweep

        page = write_governing_sweep(document, out)
        write_document(out / "governing-sweep.json", document)
        note(f"wrote {page}")
    if json:
        emit(document)
    else:
        _show(document)


def _show(document: dict[str, Any]) -> None:
    names = list(document["ranges"])
    table = Table(
        title="Sobol indices, total: part of the variance that a setting has to do with",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("measure", overflow="fold")
    for head in (*names, "best at " + ", ".join(names)):
        table.add_column(head, justify="right", overflow="fold")
    for measure in document["measures"]:
        best = ", ".join(f"{measure['best'][name]:.2g}" for name in names)
        if measure["is_chance"] or measure["indices"] is None:
            cells = ["chance"] * len(names)
        else:
            cells = [f"{measure['indices']['total'][name]['index']:.2f}" for name in names]
        table.add_row(*map(Text, (measure["words"], *cells, best)))
    results().print(table)
    results().print("chance: settings spread the measure by no more than seeds do")
