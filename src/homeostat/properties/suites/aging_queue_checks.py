"""Cases and checks of the suite ``aging-queue`` that need no state machine.

Notation, as in ``models.aging``
    t: ns; bids: micro-bids; rates a: micro-bids per second; P: micro-bids x 10^-9.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from hypothesis import strategies as st

from homeostat.models.aging import NANOSECONDS, SharedRate, effective_priority, static_key
from homeostat.properties.results import Violation
from homeostat.runtime.scheduler.queue import AgingQueue
from homeostat.runtime.scheduler.requests import BID_MAX, RATE_MAX, TIME_NS_MAX

__all__ = [
    "Contest",
    "Extremes",
    "History",
    "contests",
    "extremes",
    "float_order_is_lost",
    "histories",
    "later_never_overtakes",
    "order_changes",
    "order_changes_with_own_rates",
    "overtaken_too_late",
    "priority_order_is_lost",
    "stated_order_is_broken",
]

_SPANS_NS: Final = st.integers(0, 8).map(lambda halves: halves * NANOSECONDS // 2)


def _sign(x: int) -> int:
    return (x > 0) - (x < 0)


@dataclass(frozen=True, slots=True)
class Contest:
    """Two requests that both wait at two times.

    Attributes:
        changes: (time in ns, rate) of the shared rate, from time 0 on.
        requests: (arrival in ns, bid) of both.
        times_ns: Two times after both arrivals, in order.
    """

    changes: tuple[tuple[int, int], ...]
    requests: tuple[tuple[int, int], tuple[int, int]]
    times_ns: tuple[int, int]


@st.composite
def contests(draw: st.DrawFn) -> Contest:
    """Return contests; shrinks to two equal requests at time 0."""
    rates = draw(st.lists(st.integers(0, 5), min_size=1, max_size=4))
    gaps = draw(st.lists(st.integers(1, 10**10), min_size=len(rates) - 1, max_size=len(rates) - 1))
    times = [sum(gaps[:i]) for i in range(len(rates))]
    first, second = ((draw(_SPANS_NS), draw(st.integers(0, 8))) for _ in range(2))
    early = max(first[0], second[0]) + draw(_SPANS_NS)
    late = early + draw(st.integers(0, 10**10))
    return Contest(tuple(zip(times, rates, strict=True)), (first, second), (early, late))


def _lead(contest: Contest, rates: tuple[SharedRate, SharedRate], now_ns: int) -> int:
    """Return by how much the first request's priority exceeds the second's."""
    priorities = [
        effective_priority(bid, rate.credit(now_ns) - rate.credit(arrival_ns), unit=NANOSECONDS)
        for (arrival_ns, bid), rate in zip(contest.requests, rates, strict=True)
    ]
    return int(priorities[0] - priorities[1])


def _turns(contest: Contest, rates: tuple[SharedRate, SharedRate]) -> Violation | None:
    leads = [_lead(contest, rates, now_ns) for now_ns in contest.times_ns]
    if _sign(leads[0]) == _sign(leads[1]):
        return None
    return Violation(0, {"lead_early": str(leads[0]), "lead_late": str(leads[1])})


def order_changes(contest: Contest) -> Violation | None:
    """Two that wait under one shared rate, which may vary, never change their order."""
    rate = SharedRate(contest.changes[0][1], contest.changes[1:])
    return _turns(contest, (rate, rate))


def order_changes_with_own_rates(contest: Contest) -> Violation | None:
    """False neighbour: nor do two with a rate of their own."""
    rate = SharedRate(contest.changes[0][1], contest.changes[1:])
    return _turns(contest, (rate, SharedRate(1)))


@dataclass(frozen=True, slots=True)
class Extremes:
    """Two requests anywhere in the range that the runtime admits.

    Attributes:
        rate: Micro-bids per second.
        requests: (arrival in ns, bid) of both.
    """

    rate: int
    requests: tuple[tuple[int, int], tuple[int, int]]


def extremes() -> st.SearchStrategy[Extremes]:
    """Return pairs of requests, often neighbours and at the ends of the range."""

    def ends(largest: int) -> st.SearchStrategy[int]:
        return st.one_of(
            st.integers(0, 3), st.integers(0, largest), st.integers(0, 3).map(largest.__sub__)
        )

    request = st.tuples(ends(TIME_NS_MAX), ends(BID_MAX))
    return st.builds(Extremes, ends(RATE_MAX), st.tuples(request, request))


def _keys(case: Extremes) -> list[int]:
    return [static_key(b, case.rate * arrival, unit=NANOSECONDS) for arrival, b in case.requests]


def _misordered(case: Extremes, keys: Sequence[float]) -> Violation | None:
    """Compare the order of two keys with that of the exact priorities."""
    exact = [
        effective_priority(Fraction(b), Fraction(case.rate) * Fraction(TIME_NS_MAX - t, 10**9))
        for t, b in case.requests
    ]
    if (keys[0] < keys[1], keys[0] > keys[1]) == (exact[0] > exact[1], exact[0] < exact[1]):
        return None
    return Violation(0, {"keys": str(keys), "priorities": ", ".join(map(str, exact))})


def priority_order_is_lost(case: Extremes) -> Violation | None:
    """The integer keys fit 128 bits and order as the exact priorities do."""
    keys = _keys(case)
    if not all(-(2**127) <= key < 2**127 for key in keys):
        return Violation(0, {"keys": str(keys)})
    return _misordered(case, keys)


def float_order_is_lost(case: Extremes) -> Violation | None:
    """So do the same keys, computed in float64."""
    times_bids = [(float(arrival), float(b)) for arrival, b in case.requests]
    return _misordered(
        case, [static_key(b, float(case.rate) * t, unit=float(NANOSECONDS)) for t, b in times_bids]
    )


@dataclass(frozen=True, slots=True)
class History:
    """Pushes and pops of one queue with one constant rate.

    Attributes:
        rate: Micro-bids per second.
        arrivals: For each request: ns since the one before, its bid, and how many pops
            follow its push at the same time. What is left is popped at the end.
    """

    rate: int
    arrivals: tuple[tuple[int, int, int], ...]


def histories() -> st.SearchStrategy[History]:
    """Return histories of up to eight requests; shrinks to few, with small bids."""
    arrival = st.tuples(_SPANS_NS, st.integers(0, 6), st.integers(0, 2))
    arrivals = st.lists(arrival, min_size=1, max_size=8).map(tuple)
    return st.builds(History, st.integers(0, 3), arrivals)


@dataclass(frozen=True, slots=True)
class _Served:
    index: int
    arrival_ns: int
    bid: int
    popped_ns: int


def _served(history: History) -> list[_Served]:
    """Return the requests in the order in which the runtime's queue lets them go."""
    queue, now_ns, pushed, served = AgingQueue((history.rate,)), 0, [], []
    pops_left = [pops for _, _, pops in history.arrivals[:-1]] + [len(history.arrivals)]
    for index, (gap_ns, bid, _) in enumerate(history.arrivals):
        now_ns += gap_ns
        queue.push(str(index), arrival_ns=now_ns, bid=bid)
        pushed.append((now_ns, bid))
        for _ in range(min(pops_left[index], len(queue))):
            popped = int(queue.pop(now_ns))
            served.append(_Served(popped, *pushed[popped], now_ns))
    return served


def _overtakings(served: list[_Served]) -> list[tuple[_Served, _Served]]:
    """Return (who was overtaken, by whom): pushed before, popped after."""
    return [
        (late, early)
        for i, early in enumerate(served)
        for late in served[i + 1 :]
        if late.index < early.index
    ]


def overtaken_too_late(history: History) -> Violation | None:
    """Only who arrived before t_a + (b_max - b)/a overtakes; with a = 0 the bid has to be less."""
    bid_max = max(bid for _, bid, _ in history.arrivals)
    for slow, fast in _overtakings(_served(history)):
        room = (bid_max - slow.bid) * NANOSECONDS
        if not history.rate * (fast.arrival_ns - slow.arrival_ns) < room:
            return Violation(fast.index, {"overtaken": str(slow), "by": str(fast)})
    return None


def later_never_overtakes(history: History) -> Violation | None:
    """False neighbour: nobody is overtaken by a request that was pushed later."""
    for slow, fast in _overtakings(_served(history)):
        return Violation(fast.index, {"overtaken": str(slow), "by": str(fast)})
    return None


def stated_order_is_broken(history: History) -> Violation | None:
    """Theorem 2 to the letter: P(r1, t1) >= P(r2, t1) also where r2 arrives after t1."""
    served = _served(history)
    for i, first in enumerate(served):
        now_ns = first.popped_ns
        for second in served[i + 1 :]:
            ours, theirs = (
                effective_priority(r.bid, history.rate * (now_ns - r.arrival_ns), unit=NANOSECONDS)
                for r in (first, second)
            )
            if second.popped_ns > now_ns and not ours >= theirs:
                return Violation(i, {"first": str(first), "second": str(second)})
    return None
