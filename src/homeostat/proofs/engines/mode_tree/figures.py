"""What a certificate of settling consists of: nodes, leaves and depths, for people to read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from homeostat.proofs.trees import System, lines

__all__ = ["TreeFigures", "tree_figures"]


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
    """Return the figures of each tree of a certificate that says "settles", in its order.

    The certificate is believed: check it with the kernel first. Cost: a fraction of that.
    """
    system = System(certificate["theorem"]["parameters"])
    nodes, found = lines(certificate["evidence"]["trees"]), []
    for face in range(system.n - 1, 0, -1):
        node_count = leaf_count = depth_max = 0
        todo = [(system.start(face), 0)]
        while todo:
            state, depth = todo.pop()
            node = next(nodes)
            node_count, depth_max = node_count + 1, max(depth_max, depth)
            if node[0] == "in":
                leaf_count += 1
                continue
            lo, hi = node[:2]
            excess = {j: system.excess(state, j) for j in range(lo, hi + 2)} if lo < hi else {}
            todo += [
                (system.step(state, j), depth + 1)
                for j in range(hi, lo - 1, -1)
                if j == lo or j + 1 == system.n or excess[j] != excess[j + 1]
            ]
        found.append(
            TreeFigures(
                face=face, node_count=node_count, leaf_count=leaf_count, depth_max=depth_max
            )
        )
    return tuple(found)
