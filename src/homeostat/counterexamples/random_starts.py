"""Search over random starts, with a little evolution towards small margins.

A start is drawn as whole numbers k_s, sparse on purpose (violations like empty stages),
so it is exact from the beginning; half of each round varies the starts that came
closest. The work is cut into a fixed number of independent islands, each with its own
child of the seed, so the answer depends on the seed and not on the number of jobs.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from homeostat.counterexamples.conjectures import Conjecture
from homeostat.counterexamples.exact import first_violation, loaded, portable
from homeostat.counterexamples.floats import Lanes, candidate_steps
from homeostat.counterexamples.observing import readable
from homeostat.counterexamples.parallel import results_in_order
from homeostat.counterexamples.results import Tally
from homeostat.counterexamples.space import Point, SearchSpace, Shares, Start
from homeostat.errors import InvalidInputError
from homeostat.models.batching import BatchingParameters, Pair, TypedState

__all__ = ["search_random"]

_ISLANDS: Final = 8
_ROUND: Final = 1024
_ELITE: Final = 64
_UNITS_MAX: Final = 12
_REPLAYED_MAX: Final = 10
"""Candidates that an island replays in each round: those with the smallest steps."""

_EXACT_COST: Final = 50
"""A start decided exactly costs about as much as this many in floats."""


class _Drawn(NamedTuple):
    point: Point
    typed_start: TypedState | None
    step: int


class _Island(NamedTuple):
    candidates: list[_Drawn]
    candidate_count: int
    sample_count: int


def search_random(tally: Tally, space: SearchSpace, start: Start, *, jobs: int, seed: int) -> None:
    """Draw starts and leave what was found in the tally; never exhausts a space.

    Raises:
        InvalidInputError: q is free.
    """
    if space.qs is None:
        raise InvalidInputError("method='random' needs a list of q; only 'smt' leaves q free")
    systems = list(space.systems(tally.conjecture))
    tally.coverage |= {"systems": len(systems), "samples": 0, "candidates": 0}
    if not systems:
        return
    seeds = np.random.SeedSequence(seed).spawn(_ISLANDS)
    budget = -(-space.samples // _ISLANDS)
    if not readable(tally.conjecture):
        budget = -(-budget // _EXACT_COST)
    reference = portable(tally.conjecture)
    tasks = ((reference, systems, start, space.steps, budget, child) for child in seeds)
    for done, island in enumerate(results_in_order(_explore, tasks, jobs=jobs), 1):
        tally.coverage["samples"] += island.sample_count
        tally.coverage["candidates"] += island.candidate_count
        for drawn in island.candidates:
            system, state = drawn.point.parameters, drawn.point.start
            tally.offer(
                Pair.run(system, state, step_count=drawn.step, typed_start=drawn.typed_start)
            )
        tally.report("random starts", done, _ISLANDS)


def _explore(
    reference: Conjecture | str,
    systems: Sequence[BatchingParameters],
    start: Start,
    step_max: int,
    budget: int,
    seed: np.random.SeedSequence,
) -> _Island:
    conjecture = loaded(reference)
    rng = np.random.default_rng(seed)
    explore = _explore_floats if readable(conjecture) else _explore_exactly
    return explore(conjecture, systems, start, step_max, budget, rng)


def _drawn_shares(rng: np.random.Generator, start: Start, stage_count: int) -> Shares:
    if start == "canonical":
        return (1,) + (0,) * (stage_count - 1)
    kept = rng.random(stage_count) < rng.uniform(0.2, 1.0)
    kept[rng.integers(stage_count)] = True
    units = rng.integers(1, _UNITS_MAX + 1, stage_count) * kept
    return tuple(int(k) for k in units)


def _varied(rng: np.random.Generator, shares: Shares) -> Shares:
    units = np.array(shares)
    stage = rng.integers(len(units))
    units[stage] = max(0, units[stage] + rng.integers(-2, 3))
    return tuple(int(k) for k in units) if units.any() else shares


def _explore_floats(
    conjecture: Conjecture,
    systems: Sequence[BatchingParameters],
    start: Start,
    step_max: int,
    budget: int,
    rng: np.random.Generator,
) -> _Island:
    elite: list[tuple[float, Point]] = []
    kept: list[_Drawn] = []
    candidate_count = sample_count = 0
    while sample_count < budget:
        points = [_fresh_or_varied(rng, systems, start, elite) for _ in range(_ROUND)]
        sample_count += len(points)
        noted: list[tuple[float, int, Point]] = []
        for stage_count in sorted({p.parameters.l_b for p in points}):
            group = [p for p in points if p.parameters.l_b == stage_count]
            lanes = Lanes.of([p.parameters for p in group], [[p.shares] for p in group])
            steps = candidate_steps(conjecture, lanes, step_max)
            noted += zip(steps.margin.tolist(), steps.first.tolist(), group, strict=True)
        hits = [item for item in noted if item[1] >= 0]
        candidate_count += len(hits)
        hits.sort(key=lambda item: (item[1], item[0]))
        kept += [_Drawn(point, None, step) for _, step, point in hits[:_REPLAYED_MAX]]
        elite += [(margin, point) for margin, _, point in noted]
        elite = sorted(elite, key=lambda item: item[0])[:_ELITE]
    return _Island(kept, candidate_count, sample_count)


def _fresh_or_varied(
    rng: np.random.Generator,
    systems: Sequence[BatchingParameters],
    start: Start,
    elite: Sequence[tuple[float, Point]],
) -> Point:
    if elite and start == "free" and rng.random() < 0.5:
        point = elite[int(rng.integers(len(elite)))][1]
        return Point(point.parameters, _varied(rng, point.shares))
    system = systems[int(rng.integers(len(systems)))]
    return Point(system, _drawn_shares(rng, start, system.l_b))


def _explore_exactly(
    conjecture: Conjecture,
    systems: Sequence[BatchingParameters],
    start: Start,
    step_max: int,
    budget: int,
    rng: np.random.Generator,
) -> _Island:
    kept = []
    for _ in range(budget):
        point = _fresh_or_varied(rng, systems, start, ())
        typed = _drawn_types(rng, point) if conjecture.reads_types else None
        step = _exact_step(conjecture, point, typed, step_max)
        if step is not None:
            kept.append(_Drawn(point, typed, step))
    return _Island(kept, len(kept), budget)


def _drawn_types(rng: np.random.Generator, point: Point) -> TypedState:
    """Divide every shared stage at random between the types, in whole twelfths."""
    system, state = point.parameters, point.start
    a = tuple(m * int(rng.integers(_UNITS_MAX + 1)) / _UNITS_MAX for m in state[: system.l_a])
    shared = tuple(m - own for m, own in zip(state, a, strict=False))
    return a, shared + tuple(system.q * m for m in state[system.l_a :])


def _exact_step(
    conjecture: Conjecture, point: Point, typed: TypedState | None, step_max: int
) -> int | None:
    if typed is None:
        return first_violation(conjecture, point, step_max)
    pair = Pair.run(point.parameters, point.start, step_count=step_max, typed_start=typed)
    return conjecture.first_violation(pair)
