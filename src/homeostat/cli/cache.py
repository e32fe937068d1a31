"""``homeostat cache``: what a cache of experts would have done with recorded routes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from homeostat.cli.documents import emit, write_document
from homeostat.cli.options import Jobs, Json, OptionError, policy_names
from homeostat.cli.terminal import note, progress_bar, results
from homeostat.errors import InvalidInputError

if TYPE_CHECKING:
    from homeostat.runtime.traces.routes import Phase, Routes

__all__ = ["replay_cache"]

_CAPACITY_MAX: Final = 4096
_TIMES_TOP_K: Final = (1, 2, 4)
_COLUMNS_MAX: Final = 8
"""More capacities than this stand in the page and in JSON, not in the table."""


def replay_cache(
    routes: Annotated[
        str,
        typer.Argument(metavar="ROUTES", help="A file of routes, or a name from `data list`."),
    ],
    *,
    capacity: Annotated[
        str | None,
        typer.Option(
            "--capacity",
            help="Resident experts of each layer: 8,16,32 or 1..128; k, 2k and 4k if not given.",
        ),
    ] = None,
    policy: Annotated[
        str, typer.Option("--policy", help="Names, comma-separated: lru, lfru, selector; all.")
    ] = "all",
    phase: Annotated[
        Literal["decode", "prompt", "all"], typer.Option("--phase", help="What is replayed.")
    ] = "decode",
    jobs: Jobs = 1,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for a page with plots.")
    ] = None,
    json: Json = False,
) -> None:
    """Replay routes through the cache of experts under several policies, beside the optimum.

    Each layer has a cache of its own that starts empty; all experts of a pass are one event. Static
    sets, the selector and whatever estimates a chain have seen the prompt first, token by token; of
    a layer with no prompt, the first quarter of decoding. The optimum knows the future: Belady's
    rule on events, with bypass, and also such that every miss is loaded. Exit 0; 2 on bad input.

    For example:

        homeostat cache replay qwen3-routes
        homeostat cache replay qwen3-routes --capacity 1..64 --policy lru,lfru --out /tmp/page
        homeostat cache replay own.route.csv --capacity 8,16 --phase all --jobs 2 --json
    """
    read, which = _routes(routes), _phase(phase)
    document = _document(
        Path(routes).name, read, which, _capacities(capacity, read), _policies(policy), jobs
    )
    if out is not None:
        from homeostat.proofs.report.cache_replay import write_cache_replay

        page = write_cache_replay(document, out)
        write_document(out / "cache-replay.json", document)
        note(f"wrote {page}")
    if json:
        emit(document)
    else:
        _show(document)


def _routes(text: str) -> "Routes":
    from homeostat.runtime.traces.fetching import DATASETS, find_data
    from homeostat.runtime.traces.files import kind_of
    from homeostat.runtime.traces.routes import read_routes

    names = [name for name, held in DATASETS.items() if held.kind == "routes"]
    path = find_data(text) if text in names else Path(text)
    if kind_of(path) == "nothing":
        raise InvalidInputError(f"routes {text!r:.200} must be a file, or {', '.join(names)}")
    return read_routes(path)


def _phase(text: str) -> "Phase | None":
    from homeostat.runtime.traces.routes import Phase

    return None if text == "all" else Phase[text.upper()]


def _capacities(text: str | None, routes: "Routes") -> tuple[int, ...]:
    from homeostat.cli.ranges import integers

    if text is None:
        return tuple(sorted({min(n * routes.top_k, routes.n_expert) for n in _TIMES_TOP_K}))
    found = integers(text, "--capacity")
    if found[0] < 1 or found[-1] > _CAPACITY_MAX:
        raise OptionError(f"--capacity={text!r:.60} must be integers >= 1 and <= {_CAPACITY_MAX}")
    return found


def _policies(text: str) -> tuple[str, ...]:
    from homeostat.runtime.experts.policies.family import POLICIES, policy_named

    return policy_names(text, POLICIES, policy_named)


def _document(
    name: str,
    routes: "Routes",
    phase: "Phase | None",
    capacities: Sequence[int],
    policies: Sequence[str],
    jobs: int,
) -> dict[str, Any]:
    from homeostat.counterexamples.parallel import results_in_order
    from homeostat.runtime.experts.comparing import (
        compare_layer,
        comparison_document,
        layer_tasks,
    )

    tasks = layer_tasks(routes, phase)
    if not tasks:
        raise InvalidInputError(f"routes {name!r:.200} must have passes of the phase, have none")
    layers = []
    with progress_bar("replaying", len(tasks)) as advance:
        arguments = ((task, capacities, policies) for task in tasks)
        for number, found in enumerate(results_in_order(compare_layer, arguments, jobs=jobs)):
            layers.append(found)
            advance(f"layer {number}")
    return comparison_document(name, routes, phase, capacities, policies, layers)


def _show(document: dict[str, Any]) -> None:
    console = results()
    shown = document["capacities"][:_COLUMNS_MAX]
    routes = document["routes"]
    table = Table(
        title=f"{routes['name']}, {document['phase']}: hit rate, and misses beyond the optimum",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("policy", overflow="fold")
    for row in shown:
        table.add_column(f"C = {row['capacity']}", justify="right", no_wrap=True)
        table.add_column("regret", justify="right", no_wrap=True)
    for index, run in enumerate(shown[0]["runs"]):
        cells: list[str] = []
        for row in shown:
            own = row["runs"][index]
            cells += [f"{own['hit_rate']:.2%}", f"{own['regret']:,}"]
        table.add_row(*map(Text, (run["policy"], *cells)))
    console.print(table)
    if len(shown) < len(document["capacities"]):
        console.print(f"first {len(shown)} of {len(document['capacities'])} capacities")
    for row in shown:
        if row["selection"]:
            console.print(
                f"selector, C = {row['capacity']}, measured over all layers: "
                f"{row['selection']['model']['reason']}"
            )
