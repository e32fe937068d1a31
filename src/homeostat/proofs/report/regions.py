"""Regions of starts as polygons, exact: where Simulation evicts, how often, and where never.

A start is shown by its shares x_s = W_s M_s / B of the capacity; they are >= 0 and add up to 1. So
the starts of n stages are a simplex, with a corner for each stage.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import mul
from typing import TypeAlias

from homeostat.models.batching import BatchingParameters, State
from homeostat.proofs.engines.mode_tree.cone import Cone, Vector
from homeostat.proofs.engines.mode_tree.region import no_eviction_region, stepped
from homeostat.proofs.report.settling_view import region_forms
from homeostat.proofs.trees import System

__all__ = ["Piece", "Shares", "corners", "mode_pieces", "settling_pieces", "shadow", "shares"]

Shares: TypeAlias = tuple[Fraction, ...]
_ROW_COUNT_MAX = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """A polygon of starts.

    Attributes:
        corners: Its extreme points, in no order.
        number: What they have in common: a mode, or the step of the last eviction.
    """

    corners: tuple[Shares, ...]
    number: int


def shares(parameters: BatchingParameters, state: State) -> Shares:
    """Return what part of the capacity each stage holds."""
    return tuple(
        w * m / parameters.capacity for w, m in zip(parameters.weights, state, strict=True)
    )


def corners(parameters: BatchingParameters, kept: Sequence[int]) -> list[Shares]:
    """Return the extreme points of a region without evictions, given the rows that make it."""
    system = System(parameters.to_json())
    cone = Cone.orthant(system.n, lambda unit: unit)
    for form in region_forms(system, kept):
        cone = cone.clipped([_dot(form, ray) for ray in cone.rays])
    return _corners(system, cone)


def mode_pieces(parameters: BatchingParameters) -> list[Piece]:
    """Return the starts by the mode of their first step."""
    system = System(parameters.to_json())
    whole = Cone.orthant(system.n, lambda unit: unit + unit)
    parts = ((mode, _clipped(system, whole, mode)) for mode in range(system.n))
    return [Piece(tuple(_corners(system, cone)), mode) for mode, cone in parts]


def settling_pieces(parameters: BatchingParameters) -> list[Piece]:
    """Return all starts of a stable system, in pieces, by the step of their last eviction.

    The pieces are the ends of the tree of modes that is grown from the whole simplex. Those
    of lower dimension are left out: they lie on the borders of others.

    Raises:
        BudgetError: The region without evictions has too many rows.
    """
    system = System(parameters.to_json())
    region = no_eviction_region(system, row_count_max=_ROW_COUNT_MAX)
    return list(_pieces(system, region.rows))


def _pieces(system: System, region: Sequence[Vector]) -> Iterator[Piece]:
    n = system.n
    todo = [(Cone.orthant(n, lambda unit: unit + unit), 0, 0)]
    while todo:
        cone, depth, last = todo.pop()
        if len(cone.rays) < n:
            continue
        if all(_dot(row, ray[n:]) >= 0 for row in region for ray in cone.rays):
            yield Piece(tuple(_corners(system, cone)), last)
            continue
        for mode in range(n):
            ahead = _ahead(system, _clipped(system, cone, mode), mode)
            todo.append((ahead, depth + 1, depth + 1 if mode else last))


def _ahead(system: System, cone: Cone, mode: int) -> Cone:
    return cone.mapped(lambda ray: stepped(system, ray, mode))


def _clipped(system: System, cone: Cone, mode: int) -> Cone:
    """Return the part of a region whose next step may be in this mode."""
    n = system.n
    if mode:
        cone = cone.clipped([_dot(system.excesses[mode], ray[n:]) for ray in cone.rays])
    if mode + 1 < n:
        cone = cone.clipped([-_dot(system.excesses[mode + 1], ray[n:]) for ray in cone.rays])
    return cone


def _corners(system: System, cone: Cone) -> list[Shares]:
    found = []
    for ray in cone.rays:
        tokens = [Fraction(w * m) for w, m in zip(system.weights, ray, strict=False)]
        found.append(tuple(x / sum(tokens) for x in tokens))
    return found


def shadow(points: Sequence[Shares], across: int, up: int) -> list[tuple[Fraction, Fraction]]:
    """Return the convex hull of points projected on two coordinates, counter-clockwise, exact."""
    flat = sorted({(p[across], p[up]) for p in points})
    lower, upper = _half_hull(flat), _half_hull(flat[::-1])
    return [*lower[:-1], *upper[:-1]]


def _half_hull(points: Sequence[tuple[Fraction, Fraction]]) -> list[tuple[Fraction, Fraction]]:
    """Return one side of a convex hull, by Andrew's monotone chain."""
    hull: list[tuple[Fraction, Fraction]] = []
    for p in points:
        while len(hull) > 1 and _turn(hull[-2], hull[-1], p) <= 0:
            hull.pop()
        hull.append(p)
    return hull


def _turn(
    a: tuple[Fraction, Fraction], b: tuple[Fraction, Fraction], c: tuple[Fraction, Fraction]
) -> Fraction:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _dot(form: Sequence[int], values: Sequence[int]) -> int:
    return sum(map(mul, form, values))
