"""What a certificate of settling consists of: nodes, leaves and depths, for people to read.

A certificate is believed here: check it with the kernel first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from homeostat.proofs.engines.mode_tree.modes import child_modes
from homeostat.proofs.trees import DEPTH_MAX, Form, System, lines

__all__ = ["Node", "TreeFigures", "tree_figures", "tree_nodes"]


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a tree, in preorder.

    Attributes:
        depth: Steps since the root.
        mode: Mode of the step that leads to it; None for a root.
        closed: Whether all its states lie in the region without evictions.
        leaves_up: Whether its next step may evict above the tree's face: then it is in an
            earlier tree.
        ends: Whether it has no children.
    """

    depth: int
    mode: int | None
    closed: bool
    leaves_up: bool
    ends: bool


def tree_nodes(system: System, face: int, nodes: Iterator[Any]) -> Iterator[Node]:
    """Yield the nodes of one tree from the lines of all; the state says which modes have a child.

    Raises:
        ValueError: The lines are no tree.
    """
    todo: list[tuple[list[Form], int, int | None]] = [(system.start(face), 0, None)]
    while todo:
        state, depth, mode = todo.pop()
        node = next(nodes, None)
        if not isinstance(node, list) or depth > DEPTH_MAX:
            raise ValueError("a tree ends too early, or is too deep")
        if node[0] == "in":
            yield Node(depth, mode, closed=True, leaves_up=False, ends=True)
            continue
        lo, hi = node[:2]
        if not 0 <= lo <= hi + 1 <= face + 1:
            raise ValueError(f"no modes {lo} .. {hi}")
        excess = {j: system.excess(state, j) for j in range(lo, hi + 2)}
        modes = child_modes(excess, lo, hi, system.n)
        up = hi == face < system.n - 1
        yield Node(depth, mode, closed=False, leaves_up=up, ends=not modes)
        todo += [(system.step(state, j), depth + 1, j) for j in reversed(modes)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeFigures:
    """Figures of one tree.

    Attributes:
        face: Stages below this one are empty at its root.
        node_count: All nodes.
        leaf_count: Nodes that lie in the region without evictions.
        depth_max: Steps from the root to the deepest node.
    """

    face: int
    node_count: int
    leaf_count: int
    depth_max: int


def tree_figures(certificate: Mapping[str, Any]) -> tuple[TreeFigures, ...]:
    """Return the figures of each tree of a certificate that says "settles", in its order."""
    system = System(certificate["theorem"]["parameters"])
    nodes, found = lines(certificate["evidence"]["trees"]), []
    for face in range(system.n - 1, 0, -1):
        node_count = leaf_count = depth_max = 0
        for node in tree_nodes(system, face, nodes):
            node_count, depth_max = node_count + 1, max(depth_max, node.depth)
            leaf_count += node.closed
        figures = {"node_count": node_count, "leaf_count": leaf_count, "depth_max": depth_max}
        found.append(TreeFigures(face=face, **figures))
    return tuple(found)
