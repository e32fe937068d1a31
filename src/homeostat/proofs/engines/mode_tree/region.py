"""The region from which Theory's dynamics never asks Simulation for an eviction.

It is the maximal output admissible set of a linear system (Gilbert and Tan 1991): the states
whose stage 0 stays >= 0 for ever. For a stable system finitely many steps determine it: once
the row of one more step cuts nothing off, no later one does. Rows that are no facet are left
out, with proofs that they follow.
"""

from dataclasses import dataclass
from operator import mul
from typing import Any, Final

import flint

from homeostat.proofs.engines.mode_tree.cone import Cone, Vector
from homeostat.proofs.engines.mode_tree.multipliers import imply
from homeostat.proofs.engines.mode_tree.subtrees import BudgetError, Progress
from homeostat.proofs.trees import System, primitive

__all__ = ["RAY_COUNT_MAX", "Region", "no_eviction_region", "stepped"]

RAY_COUNT_MAX: Final = 4_000
"""A row takes time with the third power of the rays: about two minutes at this many."""


@dataclass(frozen=True, slots=True)
class Region:
    """Rows >= 0 that together with M >= 0 describe the region.

    Attributes:
        kept: Numbers of the rows; row i says that stage 0 is not negative after i + 1 steps.
        rows: The rows themselves, integer forms of the state.
        implied: Proofs from them for the other rows up to one past the last kept.
        ray_count: How many extreme rays the region has.
    """

    kept: tuple[int, ...]
    rows: tuple[Vector, ...]
    implied: tuple[list[Any], ...]
    ray_count: int

    def to_json(self) -> dict[str, Any]:
        """Return the region as evidence of a certificate."""
        return {"rows": list(self.kept), "implied": list(self.implied)}


def stepped(system: System, ray: Vector, mode: int) -> Vector:
    """Return a ray, whose last n entries are a state, after a step in this mode."""
    n, weights = system.n, system.weights
    start, state = ray[:-n], ray[-n:]
    room = sum(map(mul, weights, state)) - sum(map(mul, weights[mode + 1 :], state[mode:-1]))
    weight = weights[mode]
    kept = (weight * m for m in state[mode:-1])
    return (*(weight * x for x in start), *(0,) * mode, room, *kept)


def no_eviction_region(
    system: System,
    *,
    row_count_max: int,
    ray_count_max: int = RAY_COUNT_MAX,
    progress: Progress | None = None,
) -> Region:
    """Return the region with as few rows as possible.

    Args:
        system: The system.
        row_count_max: Budget: rows, of which those of an unstable system cut for ever.
        ray_count_max: Budget: extreme rays, of the region cut out so far.
        progress: Told about every row.

    Raises:
        BudgetError: A row beyond the budget still cuts, or the rays are too many to cut them.
    """
    n = system.n
    state, rows = system.start(0), []
    cone = Cone.orthant(n, lambda unit: unit + unit)
    while True:
        state = system.step(state, 0)
        rows.append(primitive(state[0]))
        cone = cone.mapped(lambda ray: stepped(system, ray, 0))
        values = [ray[n] for ray in cone.rays]
        if min(values) >= 0:
            break
        if len(rows) > row_count_max:
            raise BudgetError(
                f"the region without evictions takes more than {row_count_max} rows",
                f"{len(cone.rays)} extreme rays so far, no tree was begun",
            )
        if len(cone.rays) > ray_count_max:
            raise BudgetError(
                f"the region without evictions takes more than {ray_count_max} extreme rays",
                f"{len(cone.rays)} after {len(rows) - 1} rows, no tree was begun",
            )
        if progress is not None:
            progress(f"region of {len(cone.rays)} extreme rays, rows", len(rows), 0)
        cone = cone.clipped(values)
    # Where no state ever evicts, no row cuts; a certificate names one nevertheless.
    kept = _facets(cone, n) or (0,)
    while len(rows) < kept[-1] + 2:
        state = system.step(state, 0)
        rows.append(primitive(state[0]))
    assumed = tuple(rows[i] for i in kept)
    implied = tuple(imply(assumed, row) for i, row in enumerate(rows) if i not in kept)
    return Region(kept, assumed, implied, len(cone.rays))


def _facets(cone: Cone, n: int) -> tuple[int, ...]:
    """Return which of the rows after the first n are facets, and no facet twice."""
    seen, kept = set(), []
    for i in range(cone.row_count):
        on = frozenset(k for k, tight in enumerate(cone.tight) if tight >> i & 1)
        if on in seen or flint.fmpz_mat([cone.rays[k][:n] for k in on]).rank() < n - 1:
            continue
        seen.add(on)
        if i >= n:
            kept.append(i - n)
    return tuple(kept)
