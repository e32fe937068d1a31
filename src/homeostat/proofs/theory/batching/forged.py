"""Forged certificates of false theorems on trees of modes: right structure, wrong sums.

A kernel that does not add up the multipliers would accept each of them.
"""

import base64
import json
import lzma
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from homeostat.models.batching import BatchingParameters
from homeostat.proofs.certificates import Certificate
from homeostat.proofs.engines.mode_tree.modes import child_modes
from homeostat.proofs.engines.mode_tree.region import Region, no_eviction_region
from homeostat.proofs.engines.mode_tree.settling import ROW_COUNT_MAX, settling_theorem
from homeostat.proofs.trees import System, lines

__all__ = ["Forged", "closed_after_a_step", "one_step_longer", "region_one_row_short"]

Forged: TypeAlias = tuple[dict[str, Any], dict[str, Any]]
"""Theorem and evidence of a case_tree that is not sealed yet."""


def region_one_row_short(parameters: BatchingParameters) -> Forged:
    """Claim that the last facet of the region follows from the others, and all faces lie in it.

    The row left out gets the multipliers of a row that does follow, as far as they are left;
    each tree is one leaf.
    """
    system, region = _region(parameters)
    kept, (den, pairs) = list(region.kept[:-1]), region.implied[0]
    proof = [den, [pair for pair in pairs if pair[0] < len(kept)]]
    left_out = [i for i in range(kept[-1] + 2) if i not in kept]
    leaf = ["in", [[1, []] for _ in kept]]
    evidence = {
        "region": {"rows": kept, "implied": [proof for _ in left_out]},
        "trees": _packed(leaf for _ in range(1, system.n)),
    }
    return settling_theorem(parameters, kept[-1] + 1), evidence


def closed_after_a_step(parameters: BatchingParameters) -> Forged:
    """Claim that one step from any face leads into the region, or out of the face's tree.

    Each root has all its modes as children, and each of them is a leaf whose proofs use its
    first guard, times 1. An eviction may lead from each face to the next: that is n - 1 steps.
    """
    system, region = _region(parameters)
    n, leaf = system.n, ["in", [[1, [[0, 1]]] for _ in region.kept]]

    def nodes() -> Iterator[Any]:
        for face in range(n - 1, 0, -1):
            state = system.start(face)
            excess = [system.excess(state, j) for j in range(face + 2)]
            yield [0, face, None, None]
            yield from (leaf for _ in child_modes(excess, 0, face, n))

    evidence = {"region": region.to_json(), "trees": _packed(nodes())}
    return settling_theorem(parameters, region.kept[-1] + n), evidence


def one_step_longer(certificate: Certificate) -> Forged:
    """Claim what a "never" certificate proves for one step more.

    Each end gets children for all modes, with the end's own proofs of the cells.
    """
    theorem = dict(certificate["theorem"])
    system, known = System(theorem["parameters"]), lines(certificate["evidence"]["trees"])

    def nodes() -> Iterator[Any]:
        todo = [system.start(0)]
        while todo:
            state = todo.pop()
            *node, proofs = next(known)
            ends = node == ["end"]
            lo, hi = (0, system.n - 1) if ends else node[:2]
            excess = [system.excess(state, j) for j in range(system.n)]
            modes = child_modes(excess, lo, hi, system.n)
            if ends:
                yield [lo, hi, None, None, proofs]
                yield from (["end", proofs] for _ in modes)
            else:
                yield [*node, proofs]
                todo += [system.step(state, mode) for mode in reversed(modes)]

    theorem["steps"] += 1
    return theorem, {"region": None, "trees": _packed(nodes())}


def _region(parameters: BatchingParameters) -> tuple[System, Region]:
    system = System(parameters.to_json())
    return system, no_eviction_region(system, row_count_max=ROW_COUNT_MAX)


def _packed(nodes: Iterable[Any]) -> str:
    text = "".join(json.dumps(node, separators=(",", ":")) + "\n" for node in nodes)
    return base64.b64encode(lzma.compress(text.encode(), preset=1)).decode()
