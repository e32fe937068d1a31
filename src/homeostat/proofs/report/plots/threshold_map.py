"""The smallest stable whole l0 for each (l_A, l_B), one panel for each q.

Drawn from the proved theorem, not computed here: each cell is a point of its table.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from homeostat.proofs.report.plots.style import Ink, Layout, figure, quiet, to_svg

__all__ = ["Cell", "draw_threshold_map"]

Cell = tuple[int, int, Fraction, int | None]
"""(l_A, l_B, q, smallest stable whole number l0, None if never stable)."""

_BIN_ENDS: Final = (1, 10, 50, 200)
_COLORS: Final = ("#f0d689", "#e9a23b", "#d9553f", "#a8387c", "#6a4bb0")
"""By the bins and what is above the last; from light to dark, so that grey tells them too."""


def draw_threshold_map(cells: Sequence[Cell], layout: Layout) -> str:
    """Return the SVG of all points as small panels with shared axes."""
    shares = sorted({q for _, _, q, _ in cells})
    columns = min(layout.columns, len(shares))
    rows = -(-len(shares) // columns)
    side = layout.width_in / columns
    with figure(layout.width_in, rows * side * 1.08 + 0.9) as drawn:
        panels = drawn.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axes in panels.ravel()[len(shares) :]:
            axes.set_axis_off()
        for index, q in enumerate(shares):
            axes = panels.ravel()[index]
            _draw(axes, [cell for cell in cells if cell[2] == q])
            axes.set_title(f"q = {q}", loc="left", size=8.5)
            axes.tick_params(labelbottom=index + columns >= len(shares))
        drawn.supxlabel("decode steps l_A of the short type", size=9, color=Ink.TEXT)
        drawn.supylabel("decode steps l_B of the long type", size=9, color=Ink.TEXT)
        drawn.legend(
            handles=_legend(), loc="outside upper center", ncols=3 if layout.columns < 5 else 6,
            columnspacing=1.0, handlelength=1.2, handletextpad=0.4,
        )  # fmt: skip
        return to_svg(drawn)


def _draw(axes: Axes, cells: Sequence[Cell]) -> None:
    for l_a, l_b, _, integer in cells:
        look = _look(_bin(integer))
        axes.add_patch(Rectangle((l_a - 0.46, l_b - 0.46), 0.92, 0.92, lw=0, **look))
    l_b_max = max(l_b for _, l_b, _, _ in cells)
    axes.set_xlim(0.4, l_b_max - 0.4)
    axes.set_ylim(1.4, l_b_max + 0.6)
    axes.set_aspect("equal")
    ticks = [x for x in range(l_b_max + 1) if x % max(1, l_b_max // 3) == 0]
    axes.set_xticks([x for x in ticks if x < l_b_max and x])
    axes.set_yticks([x for x in ticks if x > 1])
    quiet(axes)


def _bin(integer: int | None) -> int | None:
    return None if integer is None else sum(integer > end for end in _BIN_ENDS)


def _look(index: int | None) -> dict[str, Any]:
    if index is None:
        return {"fc": "none", "ec": Ink.HATCH, "hatch": "//////"}
    return {"fc": _COLORS[index], "ec": "none"}


def _legend() -> list[Patch]:
    starts = (0, *_BIN_ENDS)
    labels = [
        f"l0 = {end}" if end == start + 1 else f"{start + 1}\N{EN DASH}{end}"
        for start, end in zip(starts, _BIN_ENDS, strict=False)
    ]
    labels.append(f"above {_BIN_ENDS[-1]}")
    shades = [Patch(label=label, **_look(i)) for i, label in enumerate(labels)]
    return [*shades, Patch(label="never", lw=0.5, **_look(None))]
