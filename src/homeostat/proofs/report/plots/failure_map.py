"""Where in (l0, q) dominance fails from the canonical start, for each (l_a, l_b).

In float64, over a grid: an illustration. Both systems run through the same step functions as
everything else, all grid points at once. A cell counts as failing when G^S exceeds G^T by
``RELATIVE_MIN`` of itself while it is still above ``FLOOR`` of the start, so that rounding
does not paint: where both spreads are near zero, their comparison is noise.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Patch
from numpy.typing import NDArray

from homeostat.models.batching import simulation_step, spread, stage_weights, theory_step
from homeostat.proofs.report.plots.style import Ink, Layout, figure, quiet, to_svg

__all__ = [
    "L0_MAX",
    "STEP_COUNT",
    "FailureMap",
    "draw_failure_maps",
    "stage_pairs",
    "swept_failures",
]

L0_MAX: Final = 1000.0
STEP_COUNT: Final = 200
RELATIVE_MIN: Final = 1e-6
FLOOR: Final = 1e-9
_L_B_MAX: Final = 6
_L0_COUNT, _Q_COUNT = 110, 80

_BINS: Final = (5, 10, 20, 50, STEP_COUNT)
_COLORS: Final = ("#e9a23b", "#e0693f", "#c23b6c", "#84409b", "#4a55a8")
"""By the first failing step, up to each bin's end; readable on light and on dark paper."""


@dataclass(frozen=True, slots=True)
class FailureMap:
    """The grid of one pair (l_a, l_b).

    Attributes:
        l_a, l_b: The stages.
        l0, q: Grid points, shapes (columns,) and (rows,).
        first_failure: First step with G^T < G^S, 0 where none was seen; (rows, columns).
        root_max: Largest modulus of Theory's roots; unstable at 1 and above; same shape.
    """

    l_a: int
    l_b: int
    l0: NDArray[np.float64]
    q: NDArray[np.float64]
    first_failure: NDArray[np.int64]
    root_max: NDArray[np.float64]

    @property
    def coprime(self) -> bool:
        """Whether gcd(l_a, l_b) = 1."""
        return math.gcd(self.l_a, self.l_b) == 1


def stage_pairs() -> list[tuple[int, int]]:
    """Return every (l_a, l_b) with l_b <= 6, coprime pairs first."""
    pairs = [(a, b) for b in range(2, _L_B_MAX + 1) for a in range(1, b)]
    return sorted(pairs, key=lambda pair: (math.gcd(*pair) > 1, pair[1], pair[0]))


def swept_failures(
    l_a: int, l_b: int, *, l0_count: int = _L0_COUNT, q_count: int = _Q_COUNT
) -> FailureMap:
    """Return the grid of one pair; cost O(grid * steps * l_b) float operations."""
    l0 = np.geomspace(1.0, L0_MAX, l0_count)
    q = np.linspace(0.01, 0.99, q_count)
    grid_q, grid_l0 = (axis.ravel() for axis in np.meshgrid(q, l0, indexing="ij"))
    weights = [np.broadcast_to(w, grid_q.shape) for w in stage_weights(grid_l0, l_a, l_b, grid_q)]
    shape = (q_count, l0_count)
    return FailureMap(
        l_a,
        l_b,
        l0,
        q,
        _first_failures(weights).reshape(shape),
        _largest_roots(weights).reshape(shape),
    )


def _first_failures(weights: list[NDArray[np.float64]]) -> NDArray[np.int64]:
    """Run all points from B = W_0, that is from the start [1, 0, ..., 0]."""
    capacity = weights[0]
    one, zero = np.ones_like(capacity), np.zeros_like(capacity)
    theory: Any = (one, *(zero for _ in weights[1:]))
    simulation: Any = theory
    first = np.zeros(capacity.shape, np.int64)
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(1, STEP_COUNT + 1):
            theory = theory_step(weights, capacity, theory)
            simulation = simulation_step(weights, capacity, simulation)
            gap, own = spread(theory), spread(simulation)
            fails = (gap < own * (1 - RELATIVE_MIN)) & (own > FLOOR)
            first[fails & (first == 0)] = t
    return first


def _largest_roots(weights: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the largest modulus among the roots of sum W_s z^(n-1-s), point by point."""
    n = len(weights)
    companion = np.zeros((weights[0].size, n - 1, n - 1))
    companion[:, 0, :] = -np.stack(weights[1:], axis=1) / weights[0][:, None]
    companion[:, range(1, n - 1), range(n - 2)] = 1.0
    return np.asarray(np.abs(np.linalg.eigvals(companion)).max(axis=1))


def draw_failure_maps(maps: list[FailureMap], layout: Layout) -> str:
    """Return the SVG of all pairs as small panels with shared axes."""
    rows = -(-len(maps) // layout.columns)
    side = layout.width_in / layout.columns
    with figure(layout.width_in, rows * side * 0.93 + 1.1) as drawn:
        panels = drawn.subplots(rows, layout.columns, sharex=True, sharey=True, squeeze=False)
        for axes in panels.ravel()[len(maps) :]:
            axes.set_axis_off()
        for index, grid in enumerate(maps):
            axes = panels.ravel()[index]
            _draw(axes, grid)
            axes.tick_params(labelbottom=index + layout.columns >= len(maps))
        drawn.supxlabel("prompt length l0 (log scale)", size=9, color=Ink.TEXT)
        drawn.supylabel("share q of the long type", size=9, color=Ink.TEXT)
        drawn.legend(
            handles=_legend(), loc="outside upper center", ncols=layout.columns + 1,
            columnspacing=1.0, handlelength=1.2, handletextpad=0.4,
        )  # fmt: skip
        return to_svg(drawn)


def _draw(axes: Axes, grid: FailureMap) -> None:
    bounds = (0.0, math.log10(L0_MAX), 0.0, 1.0)
    axes.imshow(
        _painted(grid.first_failure), extent=bounds, origin="lower", aspect="auto",
        interpolation="none",
    )  # fmt: skip
    if (grid.root_max >= 1).any():
        axes.contourf(
            np.log10(grid.l0), grid.q, grid.root_max, levels=[1.0, np.inf],
            colors="none", hatches=["////"],
        )  # fmt: skip
    word = "" if grid.coprime else ", not coprime"
    axes.set_title(f"({grid.l_a}, {grid.l_b}){word}", loc="left", size=8.5)
    decades = range(int(math.log10(L0_MAX)) + 1)
    axes.set_xticks(list(decades), [str(10**k) for k in decades])
    axes.set_yticks([0, 0.5, 1], ["0", "½", "1"])
    quiet(axes)


def _painted(first_failure: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return RGBA, transparent where dominance was not seen to fail."""
    bins = np.searchsorted(_BINS, first_failure, side="left")
    colors = np.array([to_rgba(color) for color in _COLORS])[bins]
    colors[first_failure == 0] = 0.0
    return colors


def _legend() -> list[Patch]:
    starts = (1, *(end + 1 for end in _BINS[:-1]))
    shades = [
        Patch(color=color, label=f"t {start}\N{EN DASH}{end}")
        for color, start, end in zip(_COLORS, starts, _BINS, strict=True)
    ]
    return [*shades, Patch(fc="none", ec=Ink.HATCH, hatch="////", label="unstable", lw=0.5)]
