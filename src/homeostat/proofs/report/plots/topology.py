"""Which expert follows which, as heat maps; spectral gaps against unions of walkers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from homeostat.proofs.report.plots.style import Ink, Layout, figure, quiet, to_svg

__all__ = ["PROBABILITY_MAX", "Line", "Points", "draw_growth", "draw_matrices", "draw_unions"]

PROBABILITY_MAX: Final = 0.3
"""From here on a cell is as dark as any."""
_CELL: Final = "#1f77c0"
"""Cells of a heat map; opacity says how much, so it suits light and dark paper."""
_PIXELS_MIN: Final = 360
"""A picture of fewer pixels would be blurred where it is shown larger."""
_MARKS: Final = (
    (Ink.SIMULATION, "o"),
    (Ink.THEORY, "^"),
    (Ink.EVICTED, "s"),
    (Ink.REGION, "v"),
)
_DASHES: Final = ("-", "--", "-.", ":")


@dataclass(frozen=True, slots=True)
class Points:
    """What shares a mark: a name, gaps and unions."""

    name: str
    gaps: Sequence[float]
    unions: Sequence[float]


@dataclass(frozen=True, slots=True)
class Line:
    """A union over time as a part of what it comes to."""

    name: str
    shares: Sequence[float]


def draw_matrices(panels: Sequence[tuple[str, Sequence[Sequence[int]]]], layout: Layout) -> str:
    """Return the SVG of transition matrices, all on one scale: opacity is sqrt(P), cut at a P.

    Args:
        panels: Title and counts of each; a row without counts stays empty.
        layout: Of the plot.
    """
    columns = min(len(panels), 2 if layout.columns < 4 else 4)
    rows = -(-len(panels) // columns)
    side = layout.width_in / columns
    with figure(layout.width_in, rows * (side + 0.35)) as drawn:
        grid = drawn.subplots(rows, columns, squeeze=False)
        for axes in grid.ravel():
            axes.set_visible(False)
        for axes, (title, counts) in zip(grid.ravel(), panels, strict=False):
            axes.set_visible(True)
            cells = _cells(counts)
            axes.imshow(cells, extent=(0, len(counts), len(counts), 0), interpolation="none")
            axes.set_title(title)
            axes.set_xlabel("next expert")
            if axes in grid[:, 0]:
                axes.set_ylabel("expert")
            axes.tick_params(length=2.5)
        return to_svg(drawn)


def _cells(counts: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """Return the picture of a matrix, shape (pixels, pixels, 4)."""
    whole = np.asarray(counts, dtype=np.float64)
    share = whole / np.maximum(whole.sum(axis=1, keepdims=True), 1)
    opacity = np.sqrt(np.minimum(share / PROBABILITY_MAX, 1))
    size = -(-_PIXELS_MIN // len(whole))
    opacity = np.kron(opacity, np.ones((size, size)))
    picture = np.empty((*opacity.shape, 4))
    picture[..., :3] = to_rgb(_CELL)
    picture[..., 3] = opacity
    return picture


def draw_unions(
    groups: Sequence[Points], chains: Sequence[Points], walkers: int, layout: Layout
) -> str:
    """Return the SVG: the union of some walkers over the gap, a point a layer, made chains apart.

    Args:
        groups: Of data, at most as many as there are marks are drawn.
        chains: Made to go against the rule, with a star each.
        walkers: How many.
        layout: Of the plot.
    """
    with figure(layout.width_in, 3.6) as drawn:
        axes = drawn.subplots()
        for (color, mark), points in zip(_MARKS, groups, strict=False):
            axes.plot(
                points.gaps, points.unions, mark, color=color, ms=4.5, alpha=0.8, label=points.name
            )
        for (_, mark), points in zip(_MARKS, chains, strict=False):
            axes.plot(
                points.gaps, points.unions, mark, color=Ink.FAILS, ms=8, mfc="none", mew=1.6,
                label=points.name,
            )  # fmt: skip
        axes.set_xlabel("spectral gap, 1 - |second eigenvalue|")
        axes.set_ylabel(f"experts of {walkers} walkers")
        axes.set_xlim(0, 1.03)
        axes.set_ylim(0, walkers + 0.3)
        axes.grid(visible=True, lw=0.4)
        quiet(axes)
        drawn.legend(loc="outside lower center", ncols=2 if layout.columns > 3 else 1)
        return to_svg(drawn)


def draw_growth(steps: Sequence[int], lines: Sequence[Line], layout: Layout) -> str:
    """Return the SVG: how far walkers from one start have spread after each number of steps.

    Args:
        steps: Times, ascending from 0.
        lines: At most as many as there are styles are drawn.
        layout: Of the plot.
    """
    with figure(layout.width_in, 3.4) as drawn:
        axes = drawn.subplots()
        for (color, _), dash, line in zip(_MARKS, _DASHES, lines, strict=False):
            axes.plot(steps, line.shares, dash, color=color, marker=".", label=line.name)
        axes.set_xlabel("steps since all walkers were on one expert")
        axes.set_ylabel("union / its final size")
        axes.set_ylim(0, 1.05)
        axes.set_xlim(0, steps[-1])
        axes.grid(visible=True, lw=0.4)
        quiet(axes)
        drawn.legend(loc="outside lower center", ncols=2 if layout.columns > 3 else 1)
        return to_svg(drawn)
