"""A simulated serving engine over time, and how long its users wait."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from matplotlib.axes import Axes

from homeostat.proofs.report.plots.style import Ink, Layout, figure, quiet, to_svg

__all__ = ["RUNS_MAX", "draw_timeline", "draw_waits"]

_PANELS: Final = (
    ("running", "running"),
    ("waiting", "waiting"),
    ("kv_percent", "KV memory, %"),
)
_LINES: Final = (
    (Ink.SIMULATION, "-"),
    (Ink.THEORY, "--"),
    (Ink.EVICTED, "-."),
    (Ink.REGION, ":"),
    (Ink.FAILS, "-"),
    (Ink.SOFT, "--"),
)

RUNS_MAX: Final = len(_LINES)
"""More lines than that nobody tells apart."""


def draw_timeline(
    simulated: Mapping[str, Any], measured: Mapping[str, Any] | None, layout: Layout
) -> str:
    """Return the SVG: running, waiting and KV memory over time, measured points as dots.

    Args:
        simulated: Lists ``time_s``, ``running``, ``waiting``, ``kv_percent``.
        measured: The same, or None.
        layout: Of the plot.
    """
    with figure(layout.width_in, 5.2) as drawn:
        panels = drawn.subplots(len(_PANELS), 1, sharex=True)
        for axes, (name, label) in zip(panels, _PANELS, strict=True):
            if measured and measured["time_s"]:
                axes.plot(
                    measured["time_s"], measured[name], ".", color=Ink.THEORY, ms=3.5,
                    label="measured, once a second",
                )  # fmt: skip
            axes.plot(
                simulated["time_s"], simulated[name], color=Ink.SIMULATION, lw=1.2,
                label="simulated",
            )  # fmt: skip
            axes.set_ylabel(label)
            axes.set_ylim(0, None)
            axes.grid(visible=True, lw=0.4)
            quiet(axes)
        panels[-1].set_xlabel("s since the first request")
        handles, labels = panels[0].get_legend_handles_labels()
        drawn.legend(handles, labels, loc="outside upper center", ncols=2)
        return to_svg(drawn)


def draw_waits(
    runs: Sequence[tuple[str, Sequence[float]]], measured: Sequence[float] | None, layout: Layout
) -> str:
    """Return the SVG: for each time the share of requests that had their first token by then.

    Args:
        runs: (name, equally spaced quantiles of TTFT in s), at most ``RUNS_MAX`` are drawn.
        measured: Such quantiles, or None.
        layout: Of the plot.
    """
    with figure(layout.width_in, 3.4) as drawn:
        axes = drawn.subplots()
        if measured is not None:
            _steps(axes, measured, color=Ink.TEXT, lw=3.2, alpha=0.35, label="measured")
        for (color, style), (name, quantiles) in zip(_LINES, runs, strict=False):
            _steps(axes, quantiles, color=color, ls=style, lw=1.3, label=name)
        axes.set_xlabel("s until the first token")
        axes.set_ylabel("share of requests")
        axes.set_ylim(0, 1)
        axes.set_xlim(0, None)
        axes.grid(visible=True, lw=0.4)
        quiet(axes)
        drawn.legend(loc="outside lower center", ncols=2 if layout.columns > 3 else 1)
        return to_svg(drawn)


def _steps(axes: Axes, quantiles: Sequence[float], **style: Any) -> None:
    last = len(quantiles) - 1
    axes.plot(quantiles, [i / last for i in range(last + 1)], **style)
