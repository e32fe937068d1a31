"""A measured share against l0, each estimate with its confidence interval."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from matplotlib.axes import Axes

from homeostat.proofs.report.plots.style import Ink, Layout, figure, quiet, to_svg

__all__ = ["draw_estimates", "has_intervals"]

_COLORS: Final = (Ink.SIMULATION, Ink.THEORY, Ink.EVICTED, Ink.TEXT)
_MARKERS: Final = "osD^"


def has_intervals(points: object) -> bool:
    """Return whether every point has a positive ``l0``, an ``estimate`` and an ``interval``."""
    return (
        isinstance(points, list)
        and bool(points)
        and all(isinstance(point, Mapping) and _is_complete(point) for point in points)
    )


def _is_complete(point: Mapping[str, Any]) -> bool:
    interval = point.get("interval")
    values = [point.get("l0"), point.get("estimate")]
    if not isinstance(interval, list) or len(interval) != 2:
        return False
    numbers = all(
        isinstance(v, int | float) and not isinstance(v, bool) for v in (*values, *interval)
    )
    return numbers and point["l0"] > 0


def draw_estimates(points: Sequence[Mapping[str, Any]], layout: Layout) -> str:
    """Return the SVG: one line for each kind of start, intervals as bars, l0 on a log scale."""
    kinds = list(dict.fromkeys(str(point.get("start", "")) for point in points))
    with figure(layout.width_in, 3.0) as drawn:
        axes = drawn.subplots()
        for index, kind in enumerate(kinds):
            own = [point for point in points if str(point.get("start", "")) == kind]
            _draw(axes, own, kind, index)
        axes.set_xscale("log")
        axes.set_xlabel("prompt length l0 (log scale)")
        axes.set_ylabel("share")
        axes.grid(visible=True, lw=0.4)
        quiet(axes)
        if any(kinds):
            axes.legend(loc="lower right", title=None)
        return to_svg(drawn)


def _draw(axes: Axes, points: Sequence[Mapping[str, Any]], kind: str, index: int) -> None:
    # Kinds are set beside each other, a hair apart, so that their bars do not cover.
    l0 = [point["l0"] * 1.06**index for point in points]
    share = [point["estimate"] for point in points]
    below = [max(0.0, point["estimate"] - point["interval"][0]) for point in points]
    above = [max(0.0, point["interval"][1] - point["estimate"]) for point in points]
    axes.errorbar(
        l0, share, yerr=[below, above], color=_COLORS[index % len(_COLORS)],
        marker=_MARKERS[index % len(_MARKERS)], ms=4.5, lw=1.2, capsize=3, label=f"start {kind}",
    )  # fmt: skip
