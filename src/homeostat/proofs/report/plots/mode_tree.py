"""The tree of modes of one certificate: every node where it fits, else how many at each depth."""

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from homeostat.proofs.report.plots.style import Ink, Layout, figure, quiet, to_svg
from homeostat.proofs.report.settling_view import SettlingView, Tree

__all__ = ["MODE_COLORS", "draw_tree", "is_small"]

MODE_COLORS: Final = ("#a9b4c0", "#d98a3d", "#c2547d", "#7b62b3", "#4a55a8", "#3a7f9c", "#5e8f4e")
"""By mode, or face; readable on light and on dark paper."""

_ROOT: Final = "#76828f"
_MARK: Final = "#1b1d20"
_ENDS_MAX: Final = 150
_WIDTH_MIN: Final = 9


def is_small(view: SettlingView) -> bool:
    """Return whether every node can be drawn."""
    return sum(_end_count(tree) for tree in view.trees) <= _ENDS_MAX


def draw_tree(view: SettlingView, layout: Layout) -> str:
    """Return the SVG: an icicle for each face, or the nodes at each depth by face."""
    if not is_small(view):
        return _draw_widths(view, layout)
    wide = layout.columns > 3
    with figure(layout.width_in, 4.4 if wide else 6.2) as drawn:
        for axes, tree in zip(_panels(drawn, view.trees, wide=wide), view.trees, strict=True):
            _draw_icicle(axes, tree, view.depth_max)
        modes = {node.mode for tree in view.trees for node in tree.nodes} - {None}
        drawn.legend(
            handles=_legend(sorted(m for m in modes if m is not None)),
            loc="outside upper center", ncols=5 if wide else 2, columnspacing=1.2, handlelength=1.3,
        )  # fmt: skip
        drawn.supylabel("steps since the root", size=9, color=Ink.TEXT)
        return to_svg(drawn)


def _panels(drawn: Figure, trees: Sequence[Tree], *, wide: bool) -> list[Axes]:
    """Return axes for the trees; on a narrow page the last tree has a row of its own."""
    widths = [max(_end_count(tree), _WIDTH_MIN) for tree in trees]
    if wide:
        row = drawn.subplots(1, len(trees), sharey=True, squeeze=False, width_ratios=widths)
        return list(row.ravel())
    if len(trees) == 1:
        return [drawn.subplots()]
    grid = drawn.add_gridspec(2, len(trees) - 1, width_ratios=widths[:-1])
    upper = [drawn.add_subplot(grid[0, i]) for i in range(len(trees) - 1)]
    return [*upper, drawn.add_subplot(grid[1, :])]


def _end_count(tree: Tree) -> int:
    return sum(node.ends for node in tree.nodes)


def _spans(tree: Tree) -> list[tuple[int, int]]:
    """Return for each node where it begins and how wide it is, an end being one wide."""
    nodes = tree.nodes
    parents, path = [], list[int]()
    for i, node in enumerate(nodes):
        del path[node.depth :]
        parents.append(path[-1] if path else -1)
        path.append(i)
    widths = [int(node.ends) for node in nodes]
    for i in range(len(nodes) - 1, 0, -1):
        widths[parents[i]] += widths[i]
    begins, free = [0] * len(nodes), [0] * len(nodes)
    for i in range(1, len(nodes)):
        begins[i] = free[i] = free[parents[i]]
        free[parents[i]] += widths[i]
    return list(zip(begins, widths, strict=True))


def _draw_icicle(axes: Axes, tree: Tree, depth_max: int) -> None:
    patches, colors, up_x, up_y = [], [], [], []
    for node, (begin, width) in zip(tree.nodes, _spans(tree), strict=True):
        patches.append(Rectangle((begin, node.depth), width, 1))
        mode_color = _ROOT if node.mode is None else MODE_COLORS[node.mode % len(MODE_COLORS)]
        colors.append(Ink.REGION if node.closed else mode_color)
        if node.leaves_up:
            up_x.append(begin + width / 2)
            up_y.append(node.depth + 0.5)
    axes.add_collection(
        PatchCollection(patches, facecolor=colors, edgecolor=Ink.PAPER, linewidth=0.4)
    )
    axes.plot(up_x, up_y, "^", color=_MARK, ms=2.6, mew=0)
    axes.set_xlim(0, max(_end_count(tree), 1))
    axes.set_ylim(depth_max + 1.2, 0)
    axes.set_xticks([])
    axes.set_yticks(list(range(0, depth_max + 1, 4)))
    axes.set_title(f"face $F_{tree.face}$\n{len(tree.nodes)} nodes", loc="left", size=8.5)
    quiet(axes)
    axes.spines["bottom"].set_visible(False)


def _legend(modes: Sequence[int]) -> list[Patch | Line2D]:
    words = {0: "no eviction"}
    shades: list[Patch | Line2D] = [
        Patch(
            color=MODE_COLORS[mode % len(MODE_COLORS)], label=words.get(mode, f"cuts stage {mode}")
        )
        for mode in modes
    ]
    return [
        Patch(color=_ROOT, label="the whole face"),
        *shades,
        Patch(color=Ink.REGION, label="closed: inside O"),
        Line2D([], [], ls="", marker="^", color=Ink.TEXT, ms=4, mew=0, label="may cut higher up"),
    ]


def _draw_widths(view: SettlingView, layout: Layout) -> str:
    depths = range(view.depth_max + 1)
    widths = [tree.widths + [0] * (view.depth_max + 1 - len(tree.widths)) for tree in view.trees]
    with figure(layout.width_in, 3.2 if layout.columns > 3 else 3.6) as drawn:
        axes = drawn.subplots()
        axes.stackplot(
            depths, *widths, colors=[MODE_COLORS[t.face % len(MODE_COLORS)] for t in view.trees],
            labels=[f"face $F_{tree.face}$: {len(tree.nodes):,} nodes" for tree in view.trees],
            edgecolor=Ink.PAPER, lw=0.4,
        )  # fmt: skip
        axes.set_xlim(0, view.depth_max)
        axes.set_xlabel("steps since the root")
        axes.set_ylabel("nodes")
        axes.grid(visible=True, lw=0.4)
        quiet(axes)
        axes.legend(loc="upper left", reverse=True)
        return to_svg(drawn)
