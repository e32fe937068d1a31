"""Policies of placement in one setting: figures with intervals, and the cluster over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from homeostat.proofs.report.plots.style import Ink, Layout, figure, quiet, to_svg

__all__ = ["Bars", "Series", "draw_figures", "draw_over_time"]

_STYLES: Final = (
    (Ink.THEORY, "-"),
    (Ink.REGION, "-"),
    (Ink.EVICTED, "-"),
    (Ink.FAILS, "-"),
    (Ink.THEORY, ":"),
    (Ink.REGION, ":"),
    (Ink.EVICTED, ":"),
    (Ink.FAILS, ":"),
    (Ink.SOFT, "--"),
)
_OURS: Final = "governor"


@dataclass(frozen=True, slots=True)
class Bars:
    """A figure of each policy: its mean, and how far its interval reaches to both sides.

    Attributes:
        title: What it is, with its unit, and which way is better.
        means: By policy, in the order of the page.
        ends: (low, high) of each; None for one run.
    """

    title: str
    means: Sequence[float]
    ends: Sequence[tuple[float, float] | None]


@dataclass(frozen=True, slots=True)
class Series:
    """A policy over time: hours, and three figures at each."""

    name: str
    hours: Sequence[float]
    values: Sequence[Sequence[float]]


def draw_figures(policies: Sequence[str], bars: Sequence[Bars], layout: Layout) -> str:
    """Return the SVG: a panel for each figure, a line for each policy.

    Args:
        policies: Names.
        bars: One panel each.
        layout: Of the plot.
    """
    columns = 2 if layout.columns > 3 else 1
    rows = -(-len(bars) // columns)
    with figure(layout.width_in, rows * (0.22 * len(policies) + 0.75)) as drawn:
        panels = drawn.subplots(rows, columns, squeeze=False)
        places = range(len(policies))
        for index, axes in enumerate(panels.flat):
            if index >= len(bars):
                axes.set_axis_off()
                continue
            own = bars[index]
            for place, name, mean, ends in zip(places, policies, own.means, own.ends, strict=True):
                color = Ink.SIMULATION if name == _OURS else Ink.SOFT
                if ends is not None:
                    axes.plot(ends, (place, place), color=color, lw=1.6)
                axes.plot([mean], [place], "o", color=color, ms=4.5)
            axes.set_yticks(list(places), policies)
            axes.invert_yaxis()
            axes.set_title(own.title, loc="left")
            axes.grid(visible=True, axis="x", lw=0.4)
            quiet(axes)
        return to_svg(drawn)


def draw_over_time(labels: Sequence[str], series: Sequence[Series], layout: Layout) -> str:
    """Return the SVG: panels below each other, a line for each policy.

    Args:
        labels: Of the panels, one for each figure of a series.
        series: One a policy.
        layout: Of the plot.
    """
    with figure(layout.width_in, 1.7 * len(labels) + 0.9) as drawn:
        panels = drawn.subplots(len(labels), 1, sharex=True, squeeze=False)[:, 0]
        for place, (axes, label) in enumerate(zip(panels, labels, strict=True)):
            others = 0
            for own in series:
                if own.name == _OURS:
                    style = {"color": Ink.SIMULATION, "lw": 1.9, "zorder": 3.0}
                else:
                    color, dash = _STYLES[others % len(_STYLES)]
                    style = {"color": color, "ls": dash, "lw": 1.1 if dash == "-" else 1.5}
                    others += 1
                axes.plot(own.hours, own.values[place], label=own.name, **style)
            axes.set_ylabel(label)
            axes.grid(visible=True, lw=0.4)
            quiet(axes)
        panels[-1].set_xlabel("simulated hours")
        handles, names = panels[0].get_legend_handles_labels()
        columns = 4 if layout.columns > 3 else 2
        drawn.legend(handles, names, loc="outside lower center", ncols=columns)
        return to_svg(drawn)
