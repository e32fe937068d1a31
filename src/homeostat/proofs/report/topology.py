"""The page on routing: which expert follows which, what chance gives, and what a gap predicts.

It is made from a document ``homeostat.topology/1``, as ``homeostat topology --json`` prints it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from scipy.stats import spearmanr

from homeostat.errors import InvalidInputError
from homeostat.proofs.report.alone import write_alone, write_plots
from homeostat.proofs.report.pages import Picture
from homeostat.proofs.report.plots.style import Layout
from homeostat.proofs.report.plots.topology import (
    PROBABILITY_MAX,
    Line,
    Points,
    draw_growth,
    draw_matrices,
    draw_unions,
)

__all__ = ["PAGE", "SCHEMA", "TopologyView", "write_topology"]

PAGE: Final = ("topology.html", "Routing")
"""File name and words of the page."""

SCHEMA: Final = "homeostat.topology/1"
_NOTED: Final = {"qwen1.5-transitions": ("0.497", 17)}
"""Gap and components that note 002, section 3, gives for a data set's model, its layer unsaid."""
_LAYERS_MIN: Final = 4
"""Fewer layers show no rank correlation."""


@dataclass(frozen=True, slots=True)
class TopologyView:
    """A document, for the page."""

    document: Mapping[str, Any]

    @property
    def eight(self) -> int:
        """Where the walkers that are shown stand in the lists of walkers."""
        place: int = self.document["walkers"].index(self.document["growing_walkers"])
        return place

    def middle(self, file: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the layer in the middle of a file."""
        found: Mapping[str, Any] = next(
            layer for layer in file["layers"] if layer["layer"] == file["middle"]
        )
        return found

    def noted(self, file: Mapping[str, Any]) -> tuple[str, int] | None:
        """Return what the note gives for the model of a file: gap and components; or None."""
        return _NOTED.get(file["name"])

    def least_gap(self, file: Mapping[str, Any]) -> float:
        """Return the smallest gap of a file, over layers and definitions."""
        gaps = (layer["gaps"].values() for layer in file["layers"])
        return min(float(gap) for values in gaps for gap in values if gap is not None)

    def rank_correlation(self, file: Mapping[str, Any]) -> tuple[float, float] | None:
        """Return Spearman's rho of gap and union over the layers, and its p-value; or None."""
        pairs = self._pairs(file)
        if len({gap for gap, _ in pairs}) < _LAYERS_MIN or len({u for _, u in pairs}) < _LAYERS_MIN:
            return None
        rho, p_value = spearmanr(*zip(*pairs, strict=True))
        return float(rho), float(p_value)

    def _pairs(self, file: Mapping[str, Any]) -> list[tuple[float, float]]:
        unions = (layer["union"] for layer in file["layers"])
        return [(union["gap"], union["stationary"][self.eight]) for union in unions if union]

    def matrices(self, index: int) -> Picture:
        """The heat maps of one file."""
        return Picture(
            f"topology-{index}-matrices",
            "Transition matrices",
            "Heat maps: a row for each expert, a column for each that may follow it.",
            f"The darker a cell, the likelier the step, up to {PROBABILITY_MAX:g}; all panels have "
            "one scale. The last one has the marginals of the middle layer and no memory: what it "
            "shares with its neighbour is popularity, what it lacks is structure.",
        )

    @property
    def unions(self) -> Picture:
        """The union of walkers over the gap."""
        return Picture(
            "topology-unions",
            "Gap and union",
            "Distinct experts of walkers over the spectral gap, one point for each layer.",
            "A point is a layer, in its stationary law. If the gap decided how many experts a "
            "batch needs, points would rise from left to right; the two open marks are chains "
            "made so that they cannot.",
        )

    @property
    def growth(self) -> Picture:
        """The union over time."""
        return Picture(
            "topology-growth",
            "How fast walkers spread",
            "Union of walkers from one start over time, as a part of its final size.",
            "What the gap does bound is how fast the start is forgotten, here from one common "
            "expert, drawn from the stationary law.",
        )

    @property
    def lines(self) -> list[Line]:
        """The curves of growth: the middle layer of each file, then the made chains."""
        named = [
            (f"{file['name']}, layer {file['middle']}", self.middle(file)["union"])
            for file in self.document["files"][:2]
        ]
        named += [(chain["name"], chain) for chain in self.document["chains"]]
        return [
            Line(name, [size / union["stationary"][self.eight] for size in union["growth"]])
            for name, union in named
            if union
        ]

    def points(self) -> tuple[list[Points], list[Points]]:
        """Return the points of the files, and those of the made chains."""
        data = [
            Points(file["name"], *zip(*self._pairs(file), strict=True))
            for file in self.document["files"]
            if self._pairs(file)
        ]
        made = [
            Points(chain["name"], [chain["gap"]], [chain["stationary"][self.eight]])
            for chain in self.document["chains"]
        ]
        return data, made


def _panels(file: Mapping[str, Any]) -> list[tuple[str, Sequence[Sequence[int]]]]:
    panels = [(f"layer {drawn['layer']}", drawn["counts"]) for drawn in file["drawn"]]
    return [*panels, (f"layer {file['middle']}, shuffled", file["shuffled"])]


def _plots(view: TopologyView) -> dict[str, Callable[[Layout], str]]:
    data, made = view.points()
    walkers = view.document["growing_walkers"]
    drawn: dict[str, Callable[[Layout], str]] = {
        view.unions.name: partial(draw_unions, data, made, walkers),
        view.growth.name: partial(draw_growth, view.document["steps"], view.lines),
    }
    for index, file in enumerate(view.document["files"]):
        drawn[view.matrices(index).name] = partial(draw_matrices, _panels(file))
    return drawn


def _draw(view: TopologyView, folder: Path) -> None:
    write_plots(_plots(view), folder)


def write_topology(document: Mapping[str, Any], folder: Path) -> Path:
    """Write the page by itself, with its plots and style; files of these names are replaced.

    Returns:
        The path of the page.

    Raises:
        InvalidInputError: The document is no topology, or ``folder`` no folder.
    """
    if document.get("schema") != SCHEMA:
        raise InvalidInputError(f"schema={document.get('schema')!r:.60} must be {SCHEMA!r}")
    view = TopologyView(document)
    context = {"view": view, "doc": document}
    return write_alone(PAGE[0], folder, draw=partial(_draw, view), context=context)
