"""Regions of starts: three stages as triangles, more as the shadows on two coordinate planes."""

from collections.abc import Sequence
from fractions import Fraction
from math import atan2, sqrt
from typing import Final, TypeAlias

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Patch, Polygon

from homeostat.models.batching import BatchingParameters, Pair
from homeostat.proofs.report.plots.mode_tree import MODE_COLORS
from homeostat.proofs.report.plots.style import Ink, Layout, figure, quiet, to_svg
from homeostat.proofs.report.regions import (
    Shares,
    corners,
    mode_pieces,
    settling_pieces,
    shadow,
    shares,
)

__all__ = ["PLANES", "ThreeStages", "draw_shadows", "draw_triangles"]

Point: TypeAlias = tuple[float, float]

PLANES: Final = ((0, 1), (2, 4))
"""Pairs of stages on whose plane a region's shadow is drawn."""
_LABEL_AREA: Final = 0.0035
_HEIGHT: Final = sqrt(3) / 2


class ThreeStages:
    """A system of three stages, computed once for all layouts."""

    def __init__(self, parameters: BatchingParameters) -> None:
        """Cut the triangle of all starts into pieces, exactly."""
        self.parameters = parameters
        self.modes = mode_pieces(parameters)
        self.pieces = settling_pieces(parameters)
        self.last = max(piece.number for piece in self.pieces)
        self.never = [piece for piece in self.pieces if piece.number == 0]

    def start_of_the_longest(self) -> Shares:
        """Return a start with the latest of all last evictions: the middle of its piece."""
        piece = next(piece for piece in self.pieces if piece.number == self.last)
        return tuple(
            sum(column, Fraction(0)) / len(piece.corners)
            for column in zip(*piece.corners, strict=True)
        )

    def run(self, start: Shares) -> tuple[list[Shares], list[int]]:
        """Return Simulation's states from a start, as shares, and the steps that evict."""
        p = self.parameters
        state = [x * p.capacity / w for x, w in zip(start, p.weights, strict=True)]
        pair = Pair.run(p, state, step_count=self.last + 1)
        evicting = [t for t in range(1, self.last + 2) if any(pair.evicted[t])]
        shown = evicting[-1] + 1 if evicting else self.last
        return [shares(p, m) for m in pair.simulation[: shown + 1]], evicting


def draw_triangles(system: ThreeStages, layout: Layout) -> str:
    """Return the SVG: what one step does and two runs; and when the last eviction is."""
    wide = layout.columns > 3
    shape = (1, 2) if wide else (2, 1)
    with figure(layout.width_in, 4.3 if wide else 8.0) as drawn:
        left, right = drawn.subplots(*shape).ravel()
        _draw_modes(left, system)
        _draw_last(right, system)
        return to_svg(drawn)


def _flat(x: Shares) -> Point:
    """Return a point of the triangle: stage 0 left, stage 1 right, stage 2 on top."""
    return float(x[1] + x[2] / 2), float(x[2]) * _HEIGHT


def _outline(points: Sequence[Shares]) -> list[Point]:
    """Return the corners of a convex polygon in the order in which one draws them."""
    flat = [_flat(p) for p in points]
    x, y = (sum(column) / len(flat) for column in zip(*flat, strict=True))
    return sorted(flat, key=lambda p: atan2(p[1] - y, p[0] - x))


def _frame(axes: Axes) -> None:
    ends = [_flat(tuple(Fraction(i == j) for j in range(3))) for i in range(3)]
    axes.add_patch(Polygon(ends, fc="none", ec=Ink.SOFT, lw=1))
    for s, ((x, y), where) in enumerate(zip(ends, ("left", "right", "center"), strict=True)):
        drop = 0.03 if s == 2 else -0.03
        side = "bottom" if s == 2 else "top"
        axes.text(x, y + drop, f"all at stage {s}", ha=where, va=side, size=8.5)
    axes.set_xlim(-0.06, 1.06)
    axes.set_ylim(-0.18, _HEIGHT + 0.12)
    axes.set_aspect("equal")
    axes.set_axis_off()


def _draw_modes(axes: Axes, system: ThreeStages) -> None:
    words = ("evicts nothing", "cuts stage 1", "cuts stage 2")
    for piece in system.modes:
        color = MODE_COLORS[piece.number]
        axes.add_patch(Polygon(_outline(piece.corners), fc=color, alpha=0.4, ec=Ink.PAPER, lw=0.8))
    for piece in system.never:
        axes.add_patch(
            Polygon(_outline(piece.corners), fc=Ink.REGION, alpha=0.55, ec=Ink.REGION, lw=1.4)
        )
    _draw_run(axes, system)
    handles = [
        Patch(fc=MODE_COLORS[piece.number], alpha=0.45, label=words[piece.number])
        for piece in system.modes
    ]
    handles.append(Patch(fc=Ink.REGION, alpha=0.6, label="O: never evicts again"))
    _frame(axes)
    axes.set_title("what the next step does, and one run", loc="left")
    axes.legend(handles=handles, loc="lower center", ncols=2, columnspacing=1.2, handlelength=1.2,
                bbox_to_anchor=(0.5, -0.08))  # fmt: skip


def _draw_run(axes: Axes, system: ThreeStages) -> None:
    (states, evicting), color = system.run(system.start_of_the_longest()), Ink.SIMULATION
    flat = [_flat(state) for state in states]
    xs, ys = zip(*flat, strict=True)
    axes.plot(xs, ys, "-", color=color, lw=0.7, alpha=0.7)
    axes.plot(xs, ys, "o", color=color, ms=2.2, mew=0)
    # A step that evicts ends on the edge opposite to stage 0, or at a corner of it.
    axes.plot(
        [xs[t] for t in evicting], [ys[t] for t in evicting],
        "o", mfc=Ink.PAPER, mec=color, mew=0.9, ms=4,
    )  # fmt: skip
    axes.plot(xs[0], ys[0], "s", color=color, ms=5, mew=0)


def _draw_last(axes: Axes, system: ThreeStages) -> None:
    for piece in sorted(system.pieces, key=lambda piece: piece.number):
        outline, later = _outline(piece.corners), piece.number > 0
        color = _shade(piece.number, system.last) if later else Ink.REGION
        axes.add_patch(Polygon(outline, fc=color, ec=Ink.PAPER, lw=0.5, alpha=1 if later else 0.55))
        if _area(outline) < _LABEL_AREA:
            continue
        x, y = (sum(column) / len(outline) for column in zip(*outline, strict=True))
        ink = (
            ("#1b1d20" if piece.number <= 0.45 * system.last else "#ffffff") if later else Ink.TEXT
        )
        axes.text(
            x, y, str(piece.number) if later else "O", ha="center", va="center",
            size=6.5 if later else 9, color=ink,
        )  # fmt: skip
    steps = sorted({round(1 + k * (system.last - 1) / 4) for k in range(5)})
    key = [Patch(fc=Ink.REGION, alpha=0.6, label="never (O)")]
    key += [Patch(fc=_shade(step, system.last), label=f"t = {step}") for step in steps]
    _frame(axes)
    axes.set_title("the step of the last eviction, by start", loc="left")
    axes.legend(handles=key, loc="lower center", ncols=3, columnspacing=1.2, handlelength=1.2,
                bbox_to_anchor=(0.5, -0.08))  # fmt: skip


def _shade(step: int, last: int) -> str:
    """Return the colour of a step, darker for later ones."""
    return to_hex(mpl.colormaps["plasma"](0.88 - 0.78 * (step - 1) / max(last - 1, 1)))


def _area(outline: Sequence[Point]) -> float:
    turned = [*outline[1:], outline[0]]
    return abs(sum(a * d - b * c for (a, b), (c, d) in zip(outline, turned, strict=True))) / 2


def draw_shadows(
    parameters: BatchingParameters, kept: Sequence[int], step_count: int, layout: Layout
) -> str:
    """Return the SVG: simplex and region projected on coordinate planes, and the canonical run.

    Args:
        parameters: The system, of five stages or more.
        kept: Numbers of the region's rows.
        step_count: How far the canonical run is shown.
        layout: The shape.
    """
    points = corners(parameters, kept)
    pair = Pair.run(parameters, step_count=step_count)
    states = [shares(parameters, state) for state in pair.simulation]
    evicting = [t for t in range(1, step_count + 1) if any(pair.evicted[t])]
    wide = layout.columns > 3
    shape = (1, 2) if wide else (2, 1)
    with figure(layout.width_in, 4.2 if wide else 8.0) as drawn:
        for axes, plane in zip(drawn.subplots(*shape).ravel(), PLANES, strict=True):
            _draw_shadow(axes, points, states, evicting, plane)
        handles, labels = drawn.axes[0].get_legend_handles_labels()
        drawn.legend(handles, labels, loc="outside upper center", ncols=2 if wide else 1)
        return to_svg(drawn)


def _draw_shadow(
    axes: Axes,
    points: Sequence[Shares],
    states: Sequence[Shares],
    evicting: Sequence[int],
    plane: tuple[int, int],
) -> None:
    a, b = plane
    axes.add_patch(
        Polygon([(0, 0), (1, 0), (0, 1)], fc=Ink.SOFT, alpha=0.12, ec="none", label="all starts")
    )
    hull = [(float(x), float(y)) for x, y in shadow(points, a, b)]
    axes.add_patch(
        Polygon(hull, fc=Ink.REGION, alpha=0.4, ec=Ink.REGION, lw=1.4, label="shadow of O")
    )
    xs, ys = ([float(state[s]) for state in states] for s in plane)
    axes.plot(xs, ys, "-", color=Ink.SIMULATION, lw=0.6, alpha=0.6)
    axes.plot(
        xs, ys, "o", color=Ink.SIMULATION, ms=2.2, mew=0, label="run from the canonical start"
    )
    axes.plot(
        [xs[t] for t in evicting], [ys[t] for t in evicting], "o", mfc=Ink.PAPER,
        mec=Ink.SIMULATION, mew=0.9, ms=4.5, label="after a step that evicted",
    )  # fmt: skip
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")
    axes.set_xlabel(f"share of the tokens at stage {a}")
    axes.set_ylabel(f"at stage {b}")
    quiet(axes)
