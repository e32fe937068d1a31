"""Nodes grouped by shape: how the placer finds where to look without looking at every node.

The *shape* of a node that takes jobs is its GPUs' model, how many GPUs are quite free, the level of
its largest part-free GPU, and the level of its scarcer resource. The levels' bounds are what
typical jobs want, so that nodes of one shape are alike to them. A *family* is a shape but for the
last; which of its levels have nodes is one word of bits.

A change of a node moves it from one list to another: O(1). How many shapes there can be depends on
the models and the levels, not on how many nodes there are.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.cluster import Cluster, Integers
from homeostat.runtime.governor.jobs import GPUS_MAX
from homeostat.runtime.governor.potential import LEVELS_MAX, Field

__all__ = ["LEVEL_PLACES", "Shapes", "check_shapes", "no_shapes"]

LEVEL_PLACES = LEVELS_MAX + 1
"""Shapes of a family."""


class Shapes(NamedTuple):
    """The lists of nodes by shape; compiled code reads and writes it.

    Attributes:
        head: First node of each shape; -1 for none.
        following: The node after, of each node; -1 at the end.
        before: The node before.
        shape_of: Of each node; -1 if it takes no jobs.
        population: Nodes of each shape.
        levels: Bits of the levels that have nodes, of each family, uint64.
        families: Those that have nodes come first, in any order.
        place_of: Where a family is in ``families``; -1 if it has no nodes.
        family_count: How many have nodes, shape (1).
        energy: Of each node, as it was filed.
        slot_of: Number of each model among those of this cluster, shape (64); 0 without GPUs.
        model_of: The model of each slot; -1 for none.
    """

    head: Integers
    following: Integers
    before: Integers
    shape_of: Integers
    population: Integers
    levels: NDArray[np.uint64]
    families: Integers
    place_of: Integers
    family_count: Integers
    energy: Integers
    slot_of: Integers
    model_of: Integers


def no_shapes(cluster: Cluster, field: Field) -> Shapes:
    """Return the lists with no node filed. O(nodes + shapes)."""
    models = np.unique(cluster.model[cluster.model >= 0])
    model_of = np.concatenate([[-1], models]).astype(np.int64)
    slot_of = np.zeros(64, np.int64)
    slot_of[models] = np.arange(1, len(model_of))
    families = len(model_of) * (GPUS_MAX + 1) * field.holes
    nodes = len(cluster)
    return Shapes(
        head=np.full(families * LEVEL_PLACES, -1, np.int64),
        following=np.full(nodes, -1, np.int64),
        before=np.full(nodes, -1, np.int64),
        shape_of=np.full(nodes, -1, np.int64),
        population=np.zeros(families * LEVEL_PLACES, np.int64),
        levels=np.zeros(families, np.uint64),
        families=np.zeros(families, np.int64),
        place_of=np.full(families, -1, np.int64),
        family_count=np.zeros(1, np.int64),
        energy=np.zeros(nodes, np.int64),
        slot_of=slot_of,
        model_of=model_of,
    )


def _walk(shapes: Shapes, shape: int) -> list[int]:
    found: list[int] = []
    node, before = int(shapes.head[shape]), -1
    while node >= 0:
        if int(shapes.before[node]) != before or len(found) > len(shapes.shape_of):
            raise InvalidInputError(f"node={node} must follow node {before} of shape {shape}")
        found.append(node)
        before, node = node, int(shapes.following[node])
    return found


def check_shapes(shapes: Shapes) -> dict[int, set[int]]:
    """Demand that lists, counts and bits agree, and return the nodes by shape. O(nodes + shapes).

    Raises:
        InvalidInputError: They do not; we are broken, not the input.
    """
    filed = {
        int(shape): set(_walk(shapes, int(shape))) for shape in np.flatnonzero(shapes.head >= 0)
    }
    for shape, nodes in filed.items():
        wrong = [node for node in nodes if int(shapes.shape_of[node]) != shape]
        if wrong or len(nodes) != int(shapes.population[shape]):
            raise InvalidInputError(
                f"shape {shape} must have {int(shapes.population[shape])} nodes of its own, "
                f"has {len(nodes)}, of others {wrong!r:.60}"
            )
    listed = sum(len(nodes) for nodes in filed.values())
    if listed != int((shapes.shape_of >= 0).sum()) or int(shapes.population.sum()) != listed:
        raise InvalidInputError(f"{listed} nodes must be listed, each once")
    bits: dict[int, int] = {}
    for shape in filed:
        family, level = divmod(shape, LEVEL_PLACES)
        bits[family] = bits.get(family, 0) | 1 << level
    count = int(shapes.family_count[0])
    active = shapes.families[:count].tolist()
    if sorted(active) != sorted(bits):
        raise InvalidInputError(f"families {active!r:.80} must be those with nodes")
    for place, family in enumerate(active):
        if int(shapes.levels[family]) != bits[family] or int(shapes.place_of[family]) != place:
            raise InvalidInputError(f"family {family} must have the bits of its nodes' levels")
    return filed
