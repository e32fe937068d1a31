"""Grows the tree of modes over all starts of one system, level by level.

A level is taken in when no start violates there: every cell of the violation is excluded on
the region of every node. Else the common points of cells and regions are handed out, and the
tree stays as it was.
"""

import base64
import json
import lzma
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeGuard

from homeostat.proofs.certificates import Certificate, sealed
from homeostat.proofs.engines.mode_tree.cone import Cone, Vector
from homeostat.proofs.engines.mode_tree.exclusion import (
    CellProof,
    common_cone,
    dot,
    exclude_cells,
)
from homeostat.proofs.engines.mode_tree.modes import child_modes
from homeostat.proofs.engines.mode_tree.multipliers import Proof, imply
from homeostat.proofs.engines.mode_tree.region import stepped
from homeostat.proofs.engines.mode_tree.subtrees import in_processes
from homeostat.proofs.polynomials import demand
from homeostat.proofs.store import Parts
from homeostat.proofs.trees import Form, System, cells, step_both

__all__ = ["Progress", "Tree"]

Never: TypeAlias = list[list[str]]
Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with (what is being done, nodes done of the level, nodes in it)."""

_CHUNK: Final = 8
"""Nodes that a process grows at once; the result does not depend on it."""
_PRESET: Final = 1
"""Digits hardly compress: the larger presets of xz take many times as long for the same."""


@dataclass(frozen=True, slots=True)
class _Region:
    """All starts with one sequence of modes, and both states there, as forms of the start."""

    both: list[Form]
    rows: list[Form]
    cone: Cone

    def after(self, system: System, mode: int) -> "_Region":
        """Return the starts whose next step is in this mode."""
        guards = system.guards(self.both[: system.n], mode)
        cone = self.cone
        for guard in guards:
            cone = cone.clipped([dot(guard, ray) for ray in cone.rays])
        return _Region(
            step_both(system, self.both, mode),
            [*self.rows, *guards],
            cone.mapped(lambda ray: _stepped_both(system, ray, mode)),
        )


def _stepped_both(system: System, ray: Vector, mode: int) -> Vector:
    """Step a ray (start, Simulation, Theory); all of it keeps one common scale."""
    n = system.n
    once = stepped(system, ray, 0)
    start, simulation, theory = once[:n], once[n : 2 * n], once[2 * n :]
    twice = stepped(system, (*start, *theory, *simulation), mode)
    return (*twice[:n], *twice[2 * n :], *twice[n : 2 * n])


@dataclass(slots=True)
class _Node:
    """A node of the certificate; without ``modes`` it is an end."""

    cells: list[CellProof]
    modes: list[Any] | None = None
    children: list["_Node"] = field(default_factory=list)


_Tried: TypeAlias = tuple[_Region, list[CellProof | None]]
_Grown: TypeAlias = tuple[list[Any], list[_Tried]]
"""The modes of a node, with proofs that they cover it, and its children, with their cells."""


class Tree:
    """The tree of all starts, to a depth up to which no start violates.

    Attributes:
        depth: The last step that is taken in; -1 at first, when the start is not looked at yet.
        node_count: Nodes of all levels.
    """

    def __init__(self, theorem: Mapping[str, Any], kept: Parts | None) -> None:
        """Begin with nothing.

        Args:
            theorem: What the certificate will say, but for its steps.
            kept: Proofs of cells found earlier; new ones are kept there, chunk by chunk.
        """
        self.theorem, self.kept = theorem, kept
        self.system = System(theorem["parameters"])
        self.never: Never = theorem["never"]
        self.depth, self.node_count = -1, 0
        self.root: _Node | None = None
        self.ends: list[tuple[_Node, _Region]] = []

    def grow(self, progress: Progress | None) -> list[Cone]:
        """Grow by one level if no start violates there; else return where some should."""
        parents: list[_Node | None] = [None]
        grown: list[_Grown] = []
        if self.root is None:
            grown.append(([], [_whole_simplex(self.system, self.never)]))
        else:
            parents = [node for node, _ in self.ends]
            with closing(self._grown()) as chunks:
                for found in chunks:
                    grown += found
                    if progress is not None:
                        progress(f"step {self.depth + 1}, nodes", len(grown), len(parents))
        met = [cone for _, children in grown for child in children for cone in self._met(child)]
        if met:
            return met
        self.ends = []
        for parent, (modes, children) in zip(parents, grown, strict=True):
            nodes = [_Node([proof for proof in proofs if proof]) for _, proofs in children]
            if parent is None:
                (self.root,) = nodes
            else:
                parent.modes, parent.children = modes, nodes
            self.ends += [(n, region) for n, (region, _) in zip(nodes, children, strict=True)]
        self.depth += 1
        self.node_count += len(self.ends)
        return []

    def _grown(self) -> Generator[list[_Grown], None, None]:
        """Yield the nodes of the next level, by chunks; those kept earlier are not sought again."""
        regions = [region for _, region in self.ends]
        chunks = [regions[i : i + _CHUNK] for i in range(0, len(regions), _CHUNK)]
        known = [self._known(i, len(chunk)) for i, chunk in enumerate(chunks)]
        missing = (
            (self.system, self.never, chunk)
            for chunk, proofs in zip(chunks, known, strict=True)
            if proofs is None
        )
        with in_processes(_grow_all, missing) as sought:
            for i, (chunk, proofs) in enumerate(zip(chunks, known, strict=True)):
                if proofs is not None:
                    yield _grow_all(self.system, self.never, chunk, proofs)
                    continue
                found = next(sought)
                own = [[cells for _, cells in children] for _, children in found]
                met = any(None in cells for node in own for cells in node)
                if self.kept is not None and not met:
                    self.kept.keep(self._name(i), {"cells": own})
                yield found

    def _known(self, i: int, size: int) -> list[Any] | None:
        piece = None if self.kept is None else self.kept.find(self._name(i))
        proofs = None if piece is None else piece.get("cells")
        return proofs if _is_lists(proofs) and len(proofs) == size else None

    def _name(self, i: int) -> list[int]:
        return [self.depth + 1, i, _CHUNK]

    def _met(self, child: _Tried) -> list[Cone]:
        region, proofs = child
        if None not in proofs:
            return []
        found = zip(cells(self.system, region.both, self.never), proofs, strict=True)
        common = [common_cone(cell, region.cone) for cell, proof in found if proof is None]
        if None in common:
            raise AssertionError("multipliers must exist where a cell does not meet a region")
        return [cone for cone in common if cone is not None]

    def certificate(self) -> Certificate | None:
        """Return the theorem up to the depth, accepted by the kernel; None without a level."""
        if self.root is None:
            return None
        theorem = {**self.theorem, "steps": self.depth}
        return sealed("case_tree", theorem, {"region": None, "trees": self._packed()})

    def _packed(self) -> str:
        packer = lzma.LZMACompressor(preset=_PRESET)
        parts, todo = [], [self.root]
        while todo:
            node = todo.pop()
            assert node is not None
            line = ["end", node.cells] if node.modes is None else [*node.modes, node.cells]
            text = json.dumps(line, separators=(",", ":")) + "\n"
            parts.append(packer.compress(text.encode()))
            todo += reversed(node.children)
        return base64.b64encode(b"".join([*parts, packer.flush()])).decode()


def _is_lists(proofs: Any) -> TypeGuard[list[Any]]:
    """Return whether data from a file has the shape of proofs: by node, child and cell."""
    return isinstance(proofs, list) and all(
        isinstance(node, list)
        and all(isinstance(cells, list) and None not in cells for cells in node)
        for node in proofs
    )


def _whole_simplex(system: System, never: Never) -> _Tried:
    cone = Cone.orthant(system.n, lambda unit: unit * 3)
    return _tried(system, never, _Region(system.start(0) * 2, [], cone))


def _tried(system: System, never: Never, region: _Region) -> _Tried:
    return region, exclude_cells(cells(system, region.both, never), region.rows, region.cone)


def _grow_all(
    system: System, never: Never, regions: Sequence[_Region], known: list[Any] | None = None
) -> list[_Grown]:
    """Grow the children of nodes, with proofs for their cells or with those that are known."""
    grown = []
    for i, region in enumerate(regions):
        modes, after = _modes(system, region)
        entered = [region.after(system, mode) for mode in after]
        if known is None:
            children = [_tried(system, never, child) for child in entered]
        else:
            demand(len(known[i]) == len(entered), "proofs were kept for other nodes")
            children = list(zip(entered, known[i], strict=True))
        grown.append((modes, children))
    return grown


def _modes(system: System, region: _Region) -> tuple[list[Any], list[int]]:
    """Return [lo, hi, p_lo, p_hi] of a node, and those of lo .. hi that need a child."""
    n, cone = system.n, region.cone
    excess = [system.excess(region.both[:n], j) for j in range(n + 1)]
    values = [[dot(form, ray) for ray in cone.rays] for form in excess]
    lo, hi = 0, n - 1
    while lo < n and all(x >= 0 for x in values[lo + 1]):
        lo += 1
    while hi > lo and all(x <= 0 for x in values[hi]):
        hi -= 1
    below = _implied(region, excess[lo]) if lo else None
    above = _implied(region, tuple(-x for x in excess[hi + 1])) if hi + 1 < n else None
    return [lo, hi, below, above], child_modes(excess, lo, hi, n)


def _implied(region: _Region, goal: Form) -> Proof:
    """Prove that a form is >= 0 on a region; the rays tell how much room there is."""
    size = max(map(abs, goal)) or 1
    rooms = [dot(goal, ray) / (size * sum(ray[: len(goal)])) for ray in region.cone.rays]
    return imply(region.rows, goal, room=min(rooms, default=0.0))
