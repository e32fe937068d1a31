"""Decides exactly whether a convex cell of a violation meets a region of starts.

A region is a cone of starts, given by rows >= 0 and by its extreme rays. A cell is
(forms > 0, forms >= 0), all at once. By Motzkin's theorem the two have no point in common just
when multipliers >= 0, one of a strict form > 0, add the cell's forms and the region's rows up
to something <= 0 in every component (if no form is strict: < 0 in every component).

Often one strict form is nowhere positive on the region; floats guess which, the rays decide.
Else one implication with one more coordinate z gives the multipliers: if all strict forms are
>= z, then 0 >= z. Where there are none, clipping the rays by the cell leaves the common points.
"""

from collections.abc import Sequence
from itertools import chain
from operator import mul
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from homeostat.proofs.engines.farkas import NoProofError
from homeostat.proofs.engines.mode_tree.cone import Cone, Vector
from homeostat.proofs.engines.mode_tree.multipliers import imply
from homeostat.proofs.trees import Cell

__all__ = ["CellProof", "common_cone", "dot", "exclude_cells"]

CellProof: TypeAlias = list[Any]
"""[[[cell row, num], ...], [[region row, num], ...]], as the kernel reads it."""


class _Guess(NamedTuple):
    """A strict form that may be nowhere positive; ``room``: how far below 0 it stays."""

    row: int
    room: float


def dot(form: Sequence[int], vector: Sequence[int]) -> int:
    """Return the value of a form at a vector; what the vector carries beyond it is ignored."""
    return sum(map(mul, form, vector))


def exclude_cells(
    cells: Sequence[Cell], rows: Sequence[Vector], cone: Cone
) -> list[CellProof | None]:
    """Return for each cell a proof that it does not meet the region, None where it does.

    Args:
        cells: Forms over the start's coordinates; none is empty.
        rows: The region, as forms >= 0 beside M(0) >= 0.
        cone: The same region by its rays, each of which begins with the start's coordinates.
    """
    guesses = _guesses(cells, cone)
    return [_exclude(cell, rows, cone, guess) for cell, guess in zip(cells, guesses, strict=True)]


def _exclude(
    cell: Cell, rows: Sequence[Vector], cone: Cone, guess: _Guess | None
) -> CellProof | None:
    strict, weak = cell
    if guess is not None and all(dot(strict[guess.row], ray) <= 0 for ray in cone.rays):
        goal = tuple(-x for x in strict[guess.row])
        den, pairs = imply(rows, goal, room=guess.room)
        return [[[guess.row, den]], pairs]
    own = [*strict, *weak]
    if strict:
        wider = [(*form, -int(i < len(strict))) for i, form in enumerate(own)]
        wider += [(*row, 0) for row in rows]
        goal = (*(0 for _ in own[0]), -1)
    else:
        wider, goal = [*own, *rows], tuple(-1 for _ in own[0])
    try:
        _, pairs = imply(wider, goal)
    except NoProofError:
        return None
    mine = [pair for pair in pairs if pair[0] < len(own)]
    return [mine, [[i - len(own), times] for i, times in pairs if i >= len(own)]]


def _guesses(cells: Sequence[Cell], cone: Cone) -> list[_Guess | None]:
    """Guess in floats for each cell which strict form is lowest where it is highest."""
    forms = [form for strict, _ in cells for form in strict]
    if not forms or not cone.rays:
        return [None] * len(cells)
    rays = [ray[: len(forms[0])] for ray in cone.rays]
    points = np.array([[x / sum(ray) for x in ray] for ray in rays])
    # Divided as integers: they may be too large for a float.
    size = max(map(abs, chain.from_iterable(forms))) or 1
    scaled = np.array([[x / size for x in form] for form in forms])
    highest = (scaled @ points.T).max(axis=1)
    guesses: list[_Guess | None] = []
    first = 0
    for strict, _ in cells:
        last = first + len(strict)
        if strict:
            i = int(np.argmin(highest[first:last]))
            largest = float(np.abs(scaled[first + i]).max()) or 1.0
            guesses.append(_Guess(i, max(0.0, -float(highest[first + i]) / largest)))
        else:
            guesses.append(None)
        first = last
    return guesses


def common_cone(cell: Cell, cone: Cone) -> Cone | None:
    """Return the closure of the common points of a cell and a region, None if there are none.

    A sum of all its rays with weights > 0 is a common point.
    """
    strict, weak = cell
    for form in (*strict, *weak):
        cone = cone.clipped([dot(form, ray) for ray in cone.rays])
    inside = all(any(dot(form, ray) > 0 for ray in cone.rays) for form in strict)
    return cone if inside and cone.rays else None
