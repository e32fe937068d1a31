"""Small cases in order of size, and the first of them that breaks a conjecture."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement, product
from typing import Any, Final

from homeostat.counterexamples.cases.case import Case
from homeostat.counterexamples.cases.conjectures import CaseConjecture
from homeostat.errors import WitnessRejectedError

__all__ = ["double_queue", "first_case", "near_ties", "small_queues"]

_GRID: Final = (0, 1, 2)
_SHAPES: Final = (
    ("push", "push", "pop"),
    ("push", "push", "pop", "pop"),
    ("push", "pop", "push", "pop"),
)
"""Two requests, and at least one pop."""
_CLOCK: Final = 1_700_000_000
"""Seconds since 1970, as clocks on the wall give them."""

Given = dict[str, Any]


def first_case(
    conjecture: CaseConjecture, candidates: Iterable[Given], found_by: Mapping[str, Any]
) -> Case | None:
    """Return the case of the first candidate that breaks the conjecture, None if none does."""
    for given in candidates:
        try:
            return Case.of(conjecture, given, found_by)
        except WitnessRejectedError:
            continue
    return None


def small_queues(discipline: str, rates: Sequence[int] = (1,)) -> Iterator[Given]:
    """Yield every run of two requests on a small grid of times, bids and rates, small ones first.

    Runs with fewer events come first, then those with smaller numbers.
    """
    found = []
    for kinds in _SHAPES:
        for times in combinations_with_replacement(_GRID, len(kinds)):
            for requests in product(product(_GRID, rates), repeat=2):
                size = len(kinds), sum(times) + sum(bid + rate for bid, rate in requests)
                found.append((size, kinds, times, requests))
    for _, kinds, times, requests in sorted(found):
        yield {"discipline": discipline, "events": list(_events(kinds, times, requests))}


def _events(
    kinds: Sequence[str], times: Sequence[int], requests: Sequence[tuple[int, int]]
) -> Iterator[list[str]]:
    left = iter(enumerate(requests, start=1))
    for kind, time in zip(kinds, times, strict=True):
        if kind == "pop":
            yield ["pop", str(time)]
        else:
            i, (bid, rate) = next(left)
            yield ["push", str(time), f"r{i}", str(bid), str(rate)]


def double_queue(
    discipline: str,
    rate: float,
    first: tuple[float, float],
    second: tuple[float, float],
    time: float,
) -> Given:
    """Return the run of two requests, (arrival, bid), and one pop, in doubles."""
    requests = sorted([first, second])
    events = [
        ["push", arrival.hex(), f"r{i}", bid.hex(), rate.hex()]
        for i, (arrival, bid) in enumerate(requests, start=1)
    ]
    return {"discipline": discipline, "events": [*events, ["pop", time.hex()]]}


def near_ties(
    discipline: str, seed: int, count: int, *, within: float, rate: float = 0.1
) -> Iterator[Given]:
    """Yield runs of two requests with nearly the same priority, at times of a wall clock.

    Args:
        discipline: One that computes in doubles.
        seed: Of the draws.
        count: How many runs.
        within: By how much the exact priorities differ at most, up to the rounding of a bid.
        rate: The shared rate of aging.
    """
    rng = random.Random(seed)
    for _ in range(count):
        first, second = sorted(_CLOCK + rng.uniform(0, 64) for _ in range(2))
        time = _CLOCK + rng.uniform(64, 128)
        bid = rng.uniform(0, 16)
        level = Fraction(bid) + Fraction(rate) * (Fraction(time) - Fraction(first))
        tied = level - Fraction(rate) * (Fraction(time) - Fraction(second))
        other = float(tied + Fraction(rng.uniform(-within, within)))
        yield double_queue(discipline, rate, (first, bid), (second, other), time)
