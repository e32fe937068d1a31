"""Search on a grid: compiled float sweep, exact confirmation, exact decision below it.

The sweep proposes steps; the smallest are replayed exactly. Once a witness at step H is
known, every point of the grid is decided in exact arithmetic for all steps below H, so
"none has a smaller horizon" does not rest on floats. A grid without a witness counts as
exhausted only when every point was decided exactly for all steps.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from homeostat.counterexamples.exact import decide_points
from homeostat.counterexamples.floats import Lanes, candidate_steps
from homeostat.counterexamples.observing import readable
from homeostat.counterexamples.results import Tally
from homeostat.counterexamples.space import Point, SearchSpace, Start, start_count, starts_of
from homeostat.errors import InvalidInputError
from homeostat.models.batching import BatchingParameters, Pair

__all__ = ["search_grid"]

_REPLAYED_MAX: Final = 200
"""Candidates to replay: the smallest ones suffice, the rest is only counted."""

_LANES_MAX: Final = 1 << 17
_POINTS_MAX: Final = 20_000_000


def search_grid(tally: Tally, space: SearchSpace, start: Start, *, jobs: int) -> None:
    """Search a grid and leave what was found, and what was covered, in the tally.

    Raises:
        InvalidInputError: q is free, or the conjecture is about the division into types,
            which a grid point does not have.
    """
    conjecture = tally.conjecture
    if space.qs is None:
        raise InvalidInputError("method='grid' needs a list of q; only 'smt' leaves q free")
    if conjecture.reads_types:
        raise InvalidInputError(
            f"conjecture {conjecture.name!r} is about types; method must be 'random'"
        )
    systems = list(space.systems(conjecture))
    count = sum(start_count(start, s.l_b, space.lattice) for s in systems)
    if count > _POINTS_MAX:
        raise InvalidInputError(f"the grid has {count} points, must have at most {_POINTS_MAX}")
    tally.coverage |= {"systems": len(systems), "points": count, "points_decided": 0}
    tally.coverage["listed"] = True
    if readable(conjecture):
        _propose_and_replay(tally, space, start, systems)
    _decide(tally, space, start, systems, jobs)


def _points(
    systems: Sequence[BatchingParameters], space: SearchSpace, start: Start
) -> Iterator[Point]:
    for system in systems:
        for shares in starts_of(start, system.l_b, space.lattice):
            yield Point(system, shares)


def _propose_and_replay(
    tally: Tally, space: SearchSpace, start: Start, systems: Sequence[BatchingParameters]
) -> None:
    found: list[tuple[int, int, Point]] = []
    candidate_count = done = 0
    for l_b, group in itertools.groupby(systems, key=lambda system: system.l_b):
        shares = starts_of(start, l_b, space.lattice)
        members = list(group)
        width = max(1, _LANES_MAX // len(shares))
        for base in range(0, len(members), width):
            part = members[base : base + width]
            lanes = Lanes.of(part, [shares] * len(part))
            first = candidate_steps(tally.conjecture, lanes, space.steps).first
            hits = np.flatnonzero(first >= 0)
            candidate_count += len(hits)
            for lane in hits[np.argsort(first[hits], kind="stable")][:_REPLAYED_MAX]:
                point = Point(part[lane // len(shares)], shares[lane % len(shares)])
                found.append((int(first[lane]), done + int(lane), point))
            done += len(first)
            tally.report("float sweep", done, tally.coverage["points"])
    tally.coverage["points_swept"] = done
    tally.coverage["candidates"] = candidate_count
    found.sort(key=lambda item: item[:2])
    for replayed, (step, _, point) in enumerate(found[:_REPLAYED_MAX], 1):
        tally.offer(Pair.run(point.parameters, point.start, step_count=step))
        tally.report("exact replay", replayed, min(len(found), _REPLAYED_MAX))
    tally.coverage["candidates_replayed"] = min(len(found), _REPLAYED_MAX)


def _decide(
    tally: Tally,
    space: SearchSpace,
    start: Start,
    systems: Sequence[BatchingParameters],
    jobs: int,
) -> None:
    total = tally.coverage["points"]
    horizon = space.steps if tally.witness is None else tally.witness.step - 1
    affordable = total * (horizon + 1) <= space.exact_steps_max
    if readable(tally.conjecture) and tally.witness is None and not affordable:
        tally.coverage["not_decided_because"] = (
            f"{total} points x {horizon} steps are more than "
            f"exact_steps_max={space.exact_steps_max}"
        )
        return
    if horizon < 0:
        tally.coverage |= {"points_decided": total, "steps_decided": horizon}
        return
    tally.coverage["steps_decided"] = horizon
    last = None
    for last in decide_points(tally.conjecture, _points(systems, space, start), horizon, jobs=jobs):
        tally.coverage["points_decided"] = last.point_count
        tally.report("exact decision", last.point_count, total)
        if last.point is not None and last.step is not None:
            better = tally.witness is None or last.step < tally.witness.step
            if better:
                pair = Pair.run(last.point.parameters, last.point.start, step_count=last.step)
                tally.offer(pair)
                tally.coverage["steps_decided"] = last.step - 1
    complete = last is None or last.point_count == total or tally.coverage["steps_decided"] < 0
    if complete:
        tally.coverage["points_decided"] = total
    # A point may violate with figures too long for a witness: found, and not to be shown.
    violated = last is not None and last.step is not None
    tally.exhausted = complete and not violated and tally.witness is None and total > 0
