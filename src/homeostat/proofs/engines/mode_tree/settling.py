"""Proves that from every start Simulation evicts no more after finitely many steps.

The tree of modes is grown from each face F_j (what an eviction at stage j leaves), highest
first, over the extreme rays of the regions; a branch closes when its region lies in the region
without evictions, or when its step evicts above its own face. ``trees`` in the kernel says why
that is enough.

Notation as there: A_j tokens that advance into stages j and up, B all tokens.
"""

import base64
import json
import lzma
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from operator import mul
from typing import Any, Final

from homeostat.models.batching import BatchingParameters
from homeostat.proofs.certificates import Certificate, sealed
from homeostat.proofs.engines.farkas import NoProofError
from homeostat.proofs.engines.mode_tree.cone import Cone, Vector
from homeostat.proofs.engines.mode_tree.modes import child_modes
from homeostat.proofs.engines.mode_tree.multipliers import Proof, imply
from homeostat.proofs.engines.mode_tree.region import (
    RAY_COUNT_MAX,
    Region,
    no_eviction_region,
    stepped,
)
from homeostat.proofs.engines.mode_tree.subtrees import Grown, Part, Path, Progress, grow
from homeostat.proofs.polynomials import RejectedError
from homeostat.proofs.store import current_store
from homeostat.proofs.trees import System

__all__ = ["NODE_COUNT_MAX", "ROW_COUNT_MAX", "settle", "settling_theorem"]

NODE_COUNT_MAX: Final = 1_000_000
ROW_COUNT_MAX: Final = 500
PRESET: Final = 1
"""Digits hardly compress: the larger presets of xz take many times as long for the same."""


@dataclass(frozen=True, slots=True)
class _Node:
    """A region of starts with one sequence of modes."""

    path: Path
    cone: Cone
    state: list[Vector]
    rows: list[Vector]


class _Tree:
    """The tree of one face."""

    def __init__(self, system: System, region: Sequence[Vector], face: int) -> None:
        self.system, self.region, self.face = system, region, face
        self.size = system.n - face
        self.failing = region[0]

    def root(self) -> _Node:
        cone = Cone.orthant(self.size, lambda unit: (*unit, *(0,) * self.face, *unit))
        return _Node((self.face,), cone, self.system.start(self.face), [])

    def node(self, path: Path) -> _Node:
        """Return the node at a path."""
        node = self.root()
        for mode in path[1:]:
            node = self.child(node, mode)
        return node

    def child(self, node: _Node, mode: int) -> _Node:
        cone, n = node.cone, self.system.n
        if mode:
            cone = cone.clipped([self.excess(ray)[mode] for ray in cone.rays])
        if mode + 1 < n:
            cone = cone.clipped([-self.excess(ray)[mode + 1] for ray in cone.rays])
        return _Node(
            (*node.path, mode),
            cone.mapped(lambda ray: stepped(self.system, ray, mode)),
            self.system.step(node.state, mode),
            [*node.rows, *self.system.guards(node.state, mode)],
        )

    def excess(self, ray: Vector) -> list[int]:
        """Return A_j - B for j = 0 .. n-1 in the state that a ray carries; that of 0 is 0."""
        weights, state = self.system.weights, ray[self.size :]
        sums = [-_dot(weights, state)]
        for j in range(self.system.n - 1, 0, -1):
            sums.append(sums[-1] + weights[j] * state[j - 1])
        return [0, *reversed(sums[1:])]

    def leaf(self, node: _Node) -> list[Any] | None:
        """Return the line of a node whose states all lie in the region; else None."""
        states = [ray[self.size :] for ray in node.cone.rays]
        # The row that failed at the last node fails at most of its neighbours too.
        for row in (self.failing, *self.region):
            if any(_dot(row, state) < 0 for state in states):
                self.failing = row
                return None
        columns = list(zip(*node.state, strict=True))
        goals = [tuple(_dot(row, column) for column in columns) for row in self.region]
        facets = _facets(node, self.size)
        return ["in", [self.proof(node, facets, goal) for goal in goals]]

    def inner(self, node: _Node) -> tuple[list[Any], list[int]]:
        """Return the line of a node that branches, and the modes of its children."""
        system, face = self.system, self.face
        excess = [system.excess(node.state, j) for j in range(system.n)]
        at_rays = list(zip(*map(self.excess, node.cone.rays), strict=True)) or [()] * system.n
        lo, hi = 0, face
        while lo <= face and lo + 1 < system.n and all(x >= 0 for x in at_rays[lo + 1]):
            lo += 1
        while hi > lo and all(x <= 0 for x in at_rays[hi]):
            hi -= 1
        facets = _facets(node, self.size)
        below = self.proof(node, facets, excess[lo]) if lo else None
        above = self.proof(node, facets, tuple(-x for x in excess[hi + 1])) if hi < face else None
        return [lo, hi, below, above], child_modes(excess, lo, hi, system.n)

    def proof(self, node: _Node, facets: Sequence[int], goal: Vector) -> Proof:
        """Prove that a form is >= 0 on a node's region."""
        largest, room = max(map(abs, goal)), 0.0
        if largest and node.cone.rays:
            values = (_dot(goal, ray) / (largest * sum(ray[: self.size])) for ray in node.cone.rays)
            room = min(values)
        try:
            den, pairs = imply([node.rows[i] for i in facets], goal, room=room)
        except NoProofError:
            # A region of lower dimension needs more rows than its facets.
            return imply(node.rows, goal, room=room)
        return [den, [[facets[i], times] for i, times in pairs]]


def _facets(node: _Node, size: int) -> list[int]:
    """Return the rows that may be facets: a facet has size - 1 rays at least."""
    often = [-1] + [0] * (size - 1)
    for tight in node.cone.tight:
        for k in range(size - 1, 0, -1):
            often[k] |= often[k - 1] & tight
    return [i for i in range(len(node.rows)) if often[-1] >> (size + i) & 1]


def _dot(form: Sequence[int], values: Sequence[int]) -> int:
    """Return the product over the form's length; a ray may go on after it."""
    return sum(map(mul, form, values))


def _explore(
    parameters: dict[str, Any], region: Sequence[Vector], path: Path, node_count: int
) -> Part:
    """Grow a subtree in preorder, up to so many nodes."""
    tree = _Tree(System(parameters), region, path[0])
    todo, lines = [tree.node(path)], list[str]()
    leaf_depth, escape_depth = 0, -1
    while todo and len(lines) < node_count:
        node = todo.pop()
        depth = len(node.path) - 1
        line = tree.leaf(node)
        if line is None:
            line, modes = tree.inner(node)
            if line[1] == tree.face < tree.system.n - 1:
                escape_depth = max(escape_depth, depth + 1)
            todo += [tree.child(node, mode) for mode in reversed(modes)]
        else:
            leaf_depth = max(leaf_depth, depth)
        lines.append(json.dumps(line, separators=(",", ":")) + "\n")
    return Part(
        lines="".join(lines),
        node_count=len(lines),
        open=tuple(node.path for node in reversed(todo)),
        leaf_depth_max=leaf_depth,
        escape_depth_max=escape_depth,
    )


def settling_theorem(parameters: BatchingParameters, steps: int) -> dict[str, Any]:
    """Return the theorem: from every start Simulation evicts at no step after ``steps``."""
    return {"parameters": parameters.to_json(), "says": "settles", "steps": steps, "never": []}


def settle(
    parameters: BatchingParameters,
    *,
    node_count_max: int = NODE_COUNT_MAX,
    row_count_max: int = ROW_COUNT_MAX,
    ray_count_max: int = RAY_COUNT_MAX,
    progress: Progress | None = None,
) -> Certificate:
    """Prove that from every start Simulation evicts only finitely often, with a uniform bound.

    Runs on as many processes as ``joblib.parallel_config(n_jobs=...)`` says around the call; the
    certificate is the same for any number. With ``store.use_store`` a certificate found earlier
    is taken from there, and a run that was interrupted goes on where it was.

    Args:
        parameters: The system; for most that are not stable there is nothing to find.
        node_count_max: Budget: nodes of all trees together.
        row_count_max: Budget: rows of the region without evictions.
        ray_count_max: Budget: extreme rays of that region, while it is cut out.
        progress: Told about every row of the region, then about every part of the trees.

    Raises:
        BudgetError: Nothing was proved within the budget; the error says what was covered.
        InvalidInputError: The certificate is too large for the store, which keeps the parts.
    """
    store, theorem = current_store(), settling_theorem(parameters, 0)
    known = store.find("case_tree", theorem) if store else None
    if known is not None:
        return known
    system = System(theorem["parameters"])
    region = no_eviction_region(
        system, row_count_max=row_count_max, ray_count_max=ray_count_max, progress=progress
    )
    roots = [(face,) for face in range(system.n - 1, 0, -1)]
    explore = partial(_explore, theorem["parameters"], region.rows)
    kept = store.parts("case_tree", theorem) if store else None

    def proved() -> Certificate:
        grown = grow(explore, roots, node_count_max=node_count_max, kept=kept, progress=progress)
        return _sealed(parameters, region, grown)

    try:
        certificate = proved()
    except (RejectedError, LookupError):
        if kept is None:
            raise
        # Some part that was kept is not what this program would have found.
        kept.forget()
        certificate = proved()
    if store is not None:
        store.keep(certificate)
    return certificate


def _sealed(parameters: BatchingParameters, region: Region, grown: Grown) -> Certificate:
    packer, packed, latest = lzma.LZMACompressor(preset=PRESET), [], 0
    for root in grown.roots:
        leaf, escape = 0, -1
        for part in grown.tree(root):
            leaf, escape = max(leaf, part.leaf_depth_max), max(escape, part.escape_depth_max)
            packed.append(packer.compress(part.lines.encode()))
        latest = max(latest, leaf, escape + latest if escape >= 0 else 0)
    packed.append(packer.flush())
    theorem = settling_theorem(parameters, region.kept[-1] + 1 + latest)
    trees = base64.b64encode(b"".join(packed)).decode()
    return sealed("case_tree", theorem, {"region": region.to_json(), "trees": trees})
