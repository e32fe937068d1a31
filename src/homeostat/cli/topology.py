"""``homeostat topology``: which expert follows which, and what that says."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from homeostat.cli.documents import emit, write_document
from homeostat.cli.options import Json, OptionError, Seed, integer_option
from homeostat.cli.terminal import note, progress_bar, results
from homeostat.cli.topology_inputs import LayerCounts, panel_of, threshold_of

if TYPE_CHECKING:
    from homeostat.models.routing.counts import Counts
    from homeostat.models.routing.information import Comparison

__all__ = ["show_topology", "topology_document"]

_DRAWS_DEFAULT: Final = 100
_DRAWS_MAX: Final = 10_000
_STAY: Final = Fraction(19, 20)
"""Of the lazy chain that is shown beside the data."""


def show_topology(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Counts (.npy), routes (CSV), or names from `homeostat data list`.",
        ),
    ],
    *,
    threshold: Annotated[
        str, typer.Option("--threshold", help="Transitions above it are edges.")
    ] = "0.05",
    null: Annotated[
        int,
        integer_option(
            "--null", maximum=_DRAWS_MAX, text="Shuffled copies to compare with; 0 for none."
        ),
    ] = _DRAWS_DEFAULT,
    seed: Seed = 0,
    layer: Annotated[
        list[int] | None,
        integer_option("--layer", maximum=10**6, text="Layer, from 0 on; may be repeated."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for a page with plots.")
    ] = None,
    json: Json = False,
) -> None:
    """Compute components, spectral gaps and unions of the routing between experts.

    A file holds counts of transitions, whole numbers of shape (layers, experts, experts), or routes
    of tokens, of which the first choice counts. Components, gap and information stand beside those
    of copies in which successors are dealt out at random, so that all structure is gone and the
    marginals are not. Exit 0; 2 on bad input.

    For example:

        homeostat topology qwen1.5-transitions --layer 12
        homeostat topology qwen1.5-transitions qwen3-routes --out /tmp/page
        homeostat topology counts.npy --threshold 0.02 --null 0 --json
    """
    edge = threshold_of(threshold)
    if null == 1:
        raise OptionError("--null=1 must be 0, or 2 or more, as one copy has no spread")
    panels = [panel_of(name, layer or ()) for name in files]
    total = sum(len(panel.layers) for panel in panels)
    with progress_bar("computing", total) as advance:
        document = topology_document(panels, threshold=edge, draws=null, seed=seed, advance=advance)
    if out is not None:
        from homeostat.proofs.report.topology import write_topology

        page = write_topology(document, out)
        write_document(out / "topology.json", document)
        note(f"wrote {page}")
    if json:
        emit(document)
    else:
        _show(document)


def topology_document(
    panels: Sequence[LayerCounts],
    *,
    threshold: Fraction = Fraction(1, 20),
    draws: int = _DRAWS_DEFAULT,
    seed: int = 0,
    advance: Callable[[str], None] = lambda part: None,
) -> dict[str, Any]:
    """Return ``homeostat.topology/1`` as JSON data.

    Args:
        panels: Files with their layers, one or more.
        threshold: Transitions above it are edges.
        draws: Shuffled copies of each layer; 0 for none.
        seed: Of the copies.
        advance: Told each layer done.
    """
    from homeostat.models.routing.gaps import GAPS
    from homeostat.models.routing.profile import GROWING, STEPS, THRESHOLDS, WALKERS

    return {
        "schema": "homeostat.topology/1",
        "threshold": float(threshold),
        "null": {"draws": draws, "seed": seed} if draws else None,
        "definitions": list(GAPS),
        "thresholds": [float(t) for t in THRESHOLDS],
        "walkers": list(WALKERS),
        "growing_walkers": GROWING,
        "steps": list(STEPS),
        "files": [
            _file(number, panel, threshold, draws, seed, advance)
            for number, panel in enumerate(panels)
        ],
        "chains": _chains(max(len(next(iter(panel.layers.values()))) for panel in panels)),
    }


def _file(
    number: int,
    panel: LayerCounts,
    threshold: Fraction,
    draws: int,
    seed: int,
    advance: Callable[[str], None],
) -> dict[str, Any]:
    import numpy as np

    from homeostat.models.routing.counts import shuffled

    layers = []
    for layer, counts in panel.layers.items():
        layers.append(_layer(layer, counts, threshold, draws, (seed, number, layer)))
        advance(f"{panel.name}, layer {layer}")
    middle = panel.layers[panel.middle]
    return {
        "name": panel.name,
        "experts": len(middle),
        "middle": panel.middle,
        "layers": layers,
        "drawn": [{"layer": n, "counts": panel.layers[n].tolist()} for n in panel.drawn],
        "shuffled": shuffled(middle, np.random.default_rng((seed, number))).tolist(),
    }


def _layer(
    layer: int, counts: "Counts", threshold: Fraction, draws: int, seed: tuple[int, ...]
) -> dict[str, Any]:
    from homeostat.models.routing.profile import layer_profile, null_profile

    null = (
        {
            name: _comparison(found)
            for name, found in null_profile(
                counts, threshold=threshold, draws=draws, seed=seed
            ).items()
        }
        if draws
        else None
    )
    return {"layer": layer, **asdict(layer_profile(counts, threshold=threshold)), "null": null}


def _comparison(found: "Comparison") -> dict[str, Any]:
    return {**asdict(found), "z": found.z}


def _chains(count: int) -> list[dict[str, Any]]:
    """Return two chains with as many experts whose gap and union go opposite ways."""
    from homeostat.models.routing.profile import union_profile
    from homeostat.models.routing.unions import halving_law, lazy_uniform_chain, memoryless_chain

    chains = {
        f"stays with {float(_STAY):g}, else any of {count} experts": lazy_uniform_chain(
            count, float(_STAY)
        ),
        "draws afresh, each expert half as likely as the one before": memoryless_chain(
            halving_law(count)
        ),
    }
    found = {name: union_profile(chain) for name, chain in chains.items()}
    return [{"name": name, **asdict(own)} for name, own in found.items() if own is not None]


def _show(document: dict[str, Any]) -> None:
    console = results()
    for file in document["files"]:
        console.print(_table(document, file))
    if document["null"]:
        console.print(
            f"chance: means of {document['null']['draws']} copies with the successors shuffled; "
            f"union: distinct experts of {document['growing_walkers']} walkers, expected"
        )


def _table(document: dict[str, Any], file: dict[str, Any]) -> Table:
    eight = document["walkers"].index(document["growing_walkers"])
    table = Table(
        title=f"{file['name']}: {file['experts']} experts; components above "
        f"{document['threshold']:g}",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    heads = ("layer", "transitions", "components", "chance", "gap", "chance", "bits", "chance")
    for head in (*heads, "union"):
        table.add_column(head, justify="right", no_wrap=True)
    for layer in file["layers"]:
        null, union = layer["null"], layer["union"]
        table.add_row(
            *map(
                Text,
                (
                    str(layer["layer"]),
                    str(layer["transitions"]),
                    str(layer["components"]),
                    f"{null['components']['mean']:.1f}" if null else "",
                    f"{layer['gaps'][document['definitions'][0]]:.3f}",
                    f"{null['gap']['mean']:.3f}" if null else "",
                    f"{layer['information_bits']:.2f}",
                    f"{null['information_bits']['mean']:.2f}" if null else "",
                    f"{union['stationary'][eight]:.2f}" if union else "",
                ),
            )
        )
    return table
