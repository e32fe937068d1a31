"""Hit rates of cache policies: over the capacity, and layer by layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes

from homeostat.proofs.report.plots.style import Ink, Layout, figure, quiet, to_svg

__all__ = ["Curve", "draw_capacities", "draw_layers"]

_STYLES: Final = (
    (Ink.SIMULATION, "-", "o"),
    (Ink.THEORY, "-", "^"),
    (Ink.REGION, "-", "s"),
    (Ink.EVICTED, "-", "D"),
    (Ink.SIMULATION, ":", "v"),
    (Ink.THEORY, ":", "P"),
    (Ink.REGION, ":", "X"),
    (Ink.EVICTED, ":", "<"),
    (Ink.FAILS, ":", ">"),
)
_OPTIMA: Final = ("-", "--")
_MARKS_MAX: Final = 12
"""With more points a curve needs no marks."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Hit rates of a policy in percent, one a capacity or one a layer."""

    name: str
    percents: Sequence[float]


def draw_capacities(
    capacities: Sequence[int],
    curves: Sequence[Curve],
    optima: Sequence[Curve],
    layout: Layout,
) -> str:
    """Return the SVG: hit rate over the capacity of a layer.

    Args:
        capacities: Ascending.
        curves: Of policies.
        optima: With bypass, then without.
        layout: Of the plot.
    """
    with figure(layout.width_in, 4.6) as drawn:
        axes = drawn.subplots()
        _lines(axes, capacities, curves, optima)
        axes.set_xlabel("resident experts of each layer")
        drawn.legend(loc="outside lower center", ncols=4 if layout.columns > 3 else 2)
        return to_svg(drawn)


def draw_layers(curves: Sequence[Curve], optima: Sequence[Curve], layout: Layout) -> str:
    """Return the SVG: hit rate layer by layer."""
    with figure(layout.width_in, 4.0) as drawn:
        axes = drawn.subplots()
        _lines(axes, range(len(optima[0].percents)), curves, optima)
        axes.set_xlabel("layer")
        drawn.legend(loc="outside lower center", ncols=4 if layout.columns > 3 else 2)
        return to_svg(drawn)


def _lines(
    axes: Axes, places: Sequence[int], curves: Sequence[Curve], optima: Sequence[Curve]
) -> None:
    few = len(places) <= _MARKS_MAX
    for dash, curve in zip(_OPTIMA, optima, strict=True):
        axes.plot(places, curve.percents, dash, color=Ink.TEXT, lw=1.8, label=curve.name)
    for index, curve in enumerate(curves):
        color, dash, mark = _STYLES[index % len(_STYLES)]
        axes.plot(
            places, curve.percents, dash, color=color, lw=1.2, label=curve.name,
            marker=mark if few else None, ms=4.5,
        )  # fmt: skip
    axes.set_ylabel("hits, % of experts asked for")
    axes.set_ylim(0, 100)
    axes.grid(visible=True, lw=0.4)
    quiet(axes)
