"""Policies of placement over the size of a cluster, and maps of measures over two settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from matplotlib.axes import Axes

from homeostat.proofs.report.plots.style import Ink, Layout, figure, quiet, to_svg

__all__ = ["Field", "Line", "Panel", "draw_fields", "draw_sizes"]

_STYLES: Final = (
    (Ink.THEORY, "-", "^"),
    (Ink.REGION, "-", "s"),
    (Ink.EVICTED, "-", "D"),
    (Ink.FAILS, "-", "v"),
    (Ink.THEORY, ":", "P"),
    (Ink.REGION, ":", "X"),
    (Ink.EVICTED, ":", "<"),
    (Ink.FAILS, ":", ">"),
)
_MARGIN: Final = 2.2
"""Sizes are powers of ten: room on both sides of them, as a factor."""
_COLOURS: Final = "cividis"
"""Grows in lightness all along, so that grey and colour-blind eyes read it too."""


@dataclass(frozen=True, slots=True)
class Line:
    """A policy: (nodes, mean, low end, high end) by size, ascending."""

    name: str
    points: Sequence[tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Panel:
    """All policies on one workload."""

    title: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Field:
    """A measure over two settings.

    Attributes:
        title: What is measured.
        x_name: Of the columns.
        x: Values of the columns, ascending, by equal factors.
        y_name: Of the rows.
        y: Values of the rows.
        values: Row by row.
    """

    title: str
    x_name: str
    x: Sequence[float]
    y_name: str
    y: Sequence[float]
    values: Sequence[Sequence[float]]


def draw_sizes(panels: Sequence[Panel], label: str, ours: str, layout: Layout) -> str:
    """Return the SVG: one panel a workload, with the number of nodes to the right.

    Args:
        panels: At least one.
        label: Of the values, with their unit.
        ours: The policy that is drawn in front.
        layout: Of the plot.
    """
    columns = min(len(panels), 4 if layout.columns > 3 else 2)
    rows = -(-len(panels) // columns)
    with figure(layout.width_in, 2.5 * rows + 0.9) as drawn:
        grid = drawn.subplots(rows, columns, sharex=True, squeeze=False)
        for axes in grid.ravel()[len(panels) :]:
            axes.set_axis_off()
        for axes, panel in zip(grid.ravel(), panels, strict=False):
            _sizes(axes, panel, ours)
        drawn.supxlabel("nodes", size=9, color=Ink.TEXT)
        drawn.supylabel(label, size=9, color=Ink.TEXT)
        handles, names = grid[0][0].get_legend_handles_labels()
        drawn.legend(
            handles, names, loc="outside upper center", ncols=4 if layout.columns > 3 else 2
        )
        return to_svg(drawn)


def _sizes(axes: Axes, panel: Panel, ours: str) -> None:
    others = iter(_STYLES * (1 + len(panel.lines) // len(_STYLES)))
    for line in panel.lines:
        own = line.name == ours
        colour, dash, mark = (Ink.SIMULATION, "-", "o") if own else next(others)
        nodes = [point[0] for point in line.points]
        means = [point[1] for point in line.points]
        below = [max(0.0, point[1] - point[2]) for point in line.points]
        above = [max(0.0, point[3] - point[1]) for point in line.points]
        axes.errorbar(
            nodes, means, yerr=(below, above), color=colour, ls=dash, marker=mark, ms=4.5,
            lw=2.0 if own else 1.0, zorder=3 if own else 2, capsize=2, label=line.name,
        )  # fmt: skip
    sizes = [point[0] for line in panel.lines for point in line.points]
    axes.set_xscale("log")
    if sizes:
        axes.set_xlim(min(sizes) / _MARGIN, max(sizes) * _MARGIN)
    axes.set_title(panel.title, loc="left", size=8.5)
    axes.grid(visible=True, lw=0.4)
    quiet(axes)


def draw_fields(fields: Sequence[Field], layout: Layout) -> str:
    """Return the SVG: one map a measure, each with a scale of its own; both axes by factors."""
    columns = min(len(fields), 3 if layout.columns > 3 else 2)
    rows = -(-len(fields) // columns)
    side = layout.width_in / columns
    with figure(layout.width_in, rows * side * 0.92) as drawn:
        grid = drawn.subplots(rows, columns, squeeze=False)
        for axes in grid.ravel()[len(fields) :]:
            axes.set_axis_off()
        for axes, field in zip(grid.ravel(), fields, strict=False):
            mesh = _field(axes, field)
            bar = drawn.colorbar(mesh, ax=axes, fraction=0.05, pad=0.03)
            bar.outline.set_visible(False)
            bar.ax.tick_params(length=2, labelsize=7)
        return to_svg(drawn)


def _field(axes: Axes, field: Field) -> Any:
    rectangles = range(len(field.x) + 1), range(len(field.y) + 1)
    mesh = axes.pcolormesh(*rectangles, field.values, cmap=_COLOURS, edgecolors="none")
    axes.set_xticks([i + 0.5 for i in range(len(field.x))], [f"{x:.2g}" for x in field.x])
    axes.set_yticks([i + 0.5 for i in range(len(field.y))], [f"{y:.2g}" for y in field.y])
    axes.tick_params(labelsize=6.5)
    axes.set_xlabel(field.x_name, size=8)
    axes.set_ylabel(field.y_name, size=8)
    axes.set_title(field.title, loc="left", size=8.5)
    quiet(axes)
    return mesh
