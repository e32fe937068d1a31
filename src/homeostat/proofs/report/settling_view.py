"""A certificate that Simulation settles, as figures: its region, its trees, its multipliers.

Read from the certificate itself. What it proves is for the kernel to say; the figures say how.
"""

import binascii
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from homeostat.errors import InvalidInputError
from homeostat.models.batching import BatchingParameters
from homeostat.proofs.engines.mode_tree.figures import Node, tree_nodes
from homeostat.proofs.polynomials import RejectedError
from homeostat.proofs.trees import Form, System, lines, primitive

__all__ = ["SettlingView", "Tree", "count_nodes", "region_forms", "settles", "system_of"]

NODE_COUNT_MAX: Final = 200_000
"""More nodes than this are not laid out."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The tree of one face: all states whose stages below ``face`` are empty."""

    face: int
    nodes: tuple[Node, ...]

    @property
    def depth_max(self) -> int:
        """The largest number of steps from the root."""
        return max(node.depth for node in self.nodes)

    @property
    def closed_count(self) -> int:
        """How many branches close in the region without evictions."""
        return sum(node.closed for node in self.nodes)

    @property
    def up_count(self) -> int:
        """How many nodes have a step that leads to an earlier tree."""
        return sum(node.leaves_up for node in self.nodes)

    @property
    def widths(self) -> list[int]:
        """Nodes at each depth."""
        counts = Counter(node.depth for node in self.nodes)
        return [counts[depth] for depth in range(self.depth_max + 1)]


@dataclass(frozen=True)
class SettlingView:
    """One certificate, ready to be shown.

    Attributes:
        parameters: The system.
        steps: K: from every start no step after K evicts.
        kept: Numbers of the region's rows; row i: stage 0 is not negative after i + 1 steps.
        trees: One for each face, in the certificate's order.
        proof_count: Inequalities that the kernel multiplies out.
        trivial_count: Those of them that hold coefficient by coefficient.
        digits_max: Digits of the largest multiplier.
        line_bytes: The trees' lines, before compression.
    """

    parameters: BatchingParameters
    steps: int
    kept: tuple[int, ...]
    trees: tuple[Tree, ...]
    proof_count: int
    trivial_count: int
    digits_max: int
    line_bytes: int

    @cached_property
    def node_count(self) -> int:
        """Nodes of all trees."""
        return sum(len(tree.nodes) for tree in self.trees)

    @cached_property
    def closed_count(self) -> int:
        """Branches that close in the region, of all trees."""
        return sum(tree.closed_count for tree in self.trees)

    @property
    def depth_max(self) -> int:
        """The largest depth of all trees."""
        return max(tree.depth_max for tree in self.trees)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "SettlingView":
        """Read a whole certificate.

        Raises:
            InvalidInputError: It is not of the kind's shape, or has too many nodes.
        """
        try:
            return _read(document)
        except (
            *(RejectedError, LookupError, TypeError, ValueError, AttributeError),
            *(RecursionError, binascii.Error),
        ) as error:
            raise InvalidInputError(
                f"certificate {document.get('sha256')!r:.80} must hold trees of modes: "
                f"{type(error).__name__} {error}"
            ) from error


def settles(document: Mapping[str, Any]) -> bool:
    """Return whether a certificate says that Simulation settles."""
    theorem = document.get("theorem")
    of_kind = document.get("kind") == "case_tree" and isinstance(theorem, Mapping)
    return of_kind and document["theorem"].get("says") == "settles"


def system_of(theorem: Mapping[str, Any]) -> BatchingParameters:
    """Read the parameters of a theorem.

    Raises:
        InvalidInputError: They are no system's.
    """
    given = theorem.get("parameters")
    if not isinstance(given, Mapping) or set(given) != {"l0", "l_a", "l_b", "q", "capacity"}:
        raise InvalidInputError(f"parameters={given!r:.80} must be l0, l_a, l_b, q and capacity")
    return BatchingParameters(**given)


def region_forms(system: System, kept: Iterable[int]) -> list[Form]:
    """Return the rows of a region: stage 0 after i + 1 steps of Theory, as forms of the state."""
    wanted = set(kept)
    state, found = system.start(0), []
    for i in range(max(wanted, default=-1) + 1):
        state = system.step(state, 0)
        if i in wanted:
            found.append(primitive(state[0]))
    return found


def count_nodes(document: Mapping[str, Any]) -> int:
    """Return the number of nodes of a whole certificate.

    Raises:
        InvalidInputError: Its trees cannot be read.
    """
    try:
        return sum(1 for _ in lines(document["evidence"]["trees"]))
    except (RejectedError, LookupError, TypeError, ValueError) as error:
        raise InvalidInputError(
            f"certificate {document.get('sha256')!r:.80} must hold trees of modes: {error}"
        ) from error


def _read(document: Mapping[str, Any]) -> SettlingView:
    theorem, evidence = document["theorem"], document["evidence"]
    system, tally = System(theorem["parameters"]), _Tally()
    nodes = tally.counted(lines(evidence["trees"]))
    trees = tuple(
        Tree(face, tuple(tree_nodes(system, face, nodes))) for face in range(system.n - 1, 0, -1)
    )
    kept = tuple(evidence["region"]["rows"])
    if next(nodes, None) is not None or not all(type(i) is int and 0 <= i <= 999 for i in kept):
        raise ValueError("nodes after the last tree, or a region of other rows")
    for proof in evidence["region"]["implied"]:
        tally.add(proof)
    if type(theorem["steps"]) is not int:
        raise TypeError("steps is no integer")
    return SettlingView(
        parameters=BatchingParameters(
            **{key: theorem["parameters"][key] for key in ("l0", "l_a", "l_b", "q", "capacity")}
        ),
        steps=theorem["steps"],
        kept=kept,
        trees=trees,
        proof_count=tally.proof_count,
        trivial_count=tally.trivial_count,
        digits_max=len(str(tally.largest)),
        line_bytes=tally.line_bytes,
    )


class _Tally:
    """Counts what goes by."""

    def __init__(self) -> None:
        self.node_count = self.proof_count = self.trivial_count = 0
        self.largest = self.line_bytes = 0

    def counted(self, nodes: Iterator[Any]) -> Iterator[Any]:
        for node in nodes:
            self.node_count += 1
            if self.node_count > NODE_COUNT_MAX:
                raise ValueError(f"more than {NODE_COUNT_MAX} nodes")
            self.line_bytes += len(json.dumps(node, separators=(",", ":"))) + 1
            proofs = node[1] if node[0] == "in" else [p for p in node[2:] if p is not None]
            for proof in proofs:
                self.add(proof)
            yield node

    def add(self, proof: Any) -> None:
        den, pairs = proof
        self.proof_count += 1
        self.trivial_count += not pairs
        self.largest = max(self.largest, den, *(times for _, times in pairs))
