"""Deciding points of a space in exact arithmetic.

Built-in conjectures run on flint fractions through the same step functions; a user's
own, and those about types, on Python fractions. Nothing here is approximate, so "none
violates" is a statement about every point that was decided.
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from homeostat.counterexamples.conjectures import Conjecture, load_conjecture
from homeostat.counterexamples.library import CONJECTURES
from homeostat.counterexamples.observing import Lockstep, readable, violated_now
from homeostat.counterexamples.parallel import results_in_order
from homeostat.counterexamples.space import Point
from homeostat.models.batching import Pair, State

__all__ = ["Decided", "decide_points", "first_violation", "loaded", "portable"]

_CHUNK = 400


class Decided(NamedTuple):
    """What an exact scan of points found.

    ``point`` is the one with the smallest violated ``step``, None if none violates;
    every one of ``point_count`` points was decided for all steps below ``step``, or up to
    the last step asked for.
    """

    point: Point | None
    step: int | None
    point_count: int


def portable(conjecture: Conjecture) -> Conjecture | str:
    """Return what a worker process can build the conjecture from."""
    if conjecture.origin is not None:
        return conjecture.origin
    return conjecture.name if CONJECTURES.get(conjecture.name) is conjecture else conjecture


def loaded(reference: Conjecture | str) -> Conjecture:
    """Return the conjecture that ``portable`` stands for; a user's file is run once a process."""
    return _loaded(reference) if isinstance(reference, str) else reference


@lru_cache(maxsize=8)
def _loaded(reference: str) -> Conjecture:
    return CONJECTURES[reference] if reference in CONJECTURES else load_conjecture(reference)


def _flint() -> Callable[[Fraction], Any]:
    from flint import fmpq

    return lambda x: fmpq(x.numerator, x.denominator)


def first_violation(
    conjecture: Conjecture, point: Point, step_max: int, *, start: State | None = None
) -> int | None:
    """Return the first step <= step_max at which a point violates, exactly.

    None also where the assumptions do not admit the point.
    """
    state = point.start if start is None else start
    if not conjecture.admits(point.parameters, state):
        return None
    if not readable(conjecture):
        pair = Pair.run(point.parameters, state, step_count=step_max)
        return conjecture.first_violation(pair)
    exact, system = _flint(), point.parameters
    run = Lockstep(
        exact(system.l0),
        [exact(w) for w in system.weights],
        exact(system.capacity),
        [exact(m) for m in state],
    )
    for t in range(step_max + 1):
        if violated_now(conjecture, run, lambda text: exact(Fraction(text))):
            return t
        if t < step_max:
            run.advance()
    return None


def _decide_chunk(conjecture: Conjecture | str, points: Sequence[Point], step_max: int) -> Decided:
    known = loaded(conjecture)
    best, where = None, None
    for point in points:
        limit = step_max if best is None else best - 1
        if limit < 0:
            break
        step = first_violation(known, point, limit)
        if step is not None:
            best, where = step, point
    return Decided(where, best, len(points))


def decide_points(
    conjecture: Conjecture,
    points: Iterator[Point],
    step_max: int,
    *,
    jobs: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Decided]:
    """Decide every point exactly, and yield what is known after each chunk.

    Once a violation at step t is known, later points are only asked for steps below t.
    The last item yielded therefore has the smallest step of the whole, and the first
    such point in order; the answer does not depend on ``jobs``.

    Args:
        conjecture: What to decide.
        points: Points in a fixed order; may be lazy.
        step_max: Steps 0 .. step_max are decided.
        jobs: Worker processes.
        progress: Called with the number of points decided so far.
    """
    known = Decided(None, None, 0)
    reference = portable(conjecture)

    def tasks() -> Iterator[tuple[Conjecture | str, list[Point], int]]:
        while chunk := list(islice(points, _CHUNK)):
            limit = step_max if known.step is None else known.step - 1
            if limit < 0:
                return
            yield reference, chunk, limit

    for answer in results_in_order(_decide_chunk, tasks(), jobs=jobs):
        better = answer.step is not None and (known.step is None or answer.step < known.step)
        best = answer if better else known
        known = Decided(best.point, best.step, known.point_count + answer.point_count)
        if progress is not None:
            progress(known.point_count)
        yield known
