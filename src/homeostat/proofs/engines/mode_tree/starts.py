"""Looks for a start with few digits that violates comparisons at a step, among many that should.

The starts come as cones of common points of a region and a cell. Rounded inner points are
tried, coarse ones first; an exact run decides each, so nothing is lost by rounding.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import Final, TypeAlias

from homeostat.counterexamples import Conjecture
from homeostat.counterexamples.exact import first_violation
from homeostat.counterexamples.space import Point, Shares, start_of
from homeostat.models.batching import BatchingParameters, State
from homeostat.proofs.engines.mode_tree.cone import Cone

__all__ = ["short_start"]

_PARTS: Final = (*range(1, 201), *(10**k for k in range(3, 13)))
"""In how many parts the capacity is divided, one attempt after the other."""

_Centre: TypeAlias = list[Fraction]


def short_start(
    parameters: BatchingParameters, conjecture: Conjecture, cones: Sequence[Cone], step: int
) -> State | None:
    """Return a start that violates a conjecture for the first time at a step.

    Args:
        parameters: The system.
        conjecture: Comparisons; what it assumes is not looked at.
        cones: Where to look, rays that begin with the start's coordinates.
        step: The first step at which any start violates it.

    Returns:
        A start whose stages hold multiples of the capacity over a small number, or an inner
        point as it is; None if no point that was tried violates, which can be so only where
        the largest or smallest stages of Simulation tie.
    """
    centres = [_centre(parameters, cone) for cone in cones]
    seen: set[State] = set()
    for parts in _PARTS:
        for centre in centres:
            shares = tuple(round(x * parts) for x in centre)
            if any(shares):
                start = start_of(parameters, shares)
                if start not in seen and _violates(parameters, conjecture, start, step):
                    return start
                seen.add(start)
    exact = (start_of(parameters, _whole_shares(centre)) for centre in centres)
    return next((x for x in exact if _violates(parameters, conjecture, x, step)), None)


def _violates(
    parameters: BatchingParameters, conjecture: Conjecture, start: State, step: int
) -> bool:
    found = first_violation(conjecture, Point(parameters, ()), step, start=start)
    if found not in (None, step):
        raise AssertionError(f"{start} violates at t={found}, where a proof says that none does")
    return found is not None


def _centre(parameters: BatchingParameters, cone: Cone) -> _Centre:
    """Return the shares of the capacity in the middle of a cone's extreme points."""
    points = []
    for ray in cone.rays:
        tokens = [w * m for w, m in zip(parameters.weights, ray, strict=False)]
        points.append([x / sum(tokens) for x in tokens])
    return [sum(column, Fraction(0)) / len(points) for column in zip(*points, strict=True)]


def _whole_shares(centre: _Centre) -> Shares:
    """Return shares as whole numbers, exactly."""
    common = lcm(*(x.denominator for x in centre))
    return tuple(int(x * common) for x in centre)
