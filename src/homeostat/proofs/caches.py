"""A cache of experts in a case, and kind optimal: what no policy can do better. Standard library.

An event is the experts that one layer needs at once. Those resident are hits, the others misses,
which are taken in ascending order: one that the policy does not admit is a bypass; one that it
does is loaded into a free place, else in the place of the least valued resident that the event
does not need, of equals the least one; and if there is none, it is a bypass. The cache begins
empty.

Word
    counted: the events are of one expert each, and the chain is that of the trace itself: from each
        expert the shares of those that came next, and any as likely from one that was never left.

Policies, by what they miss
    misses_lru: value is the last event that used it; everything is admitted.
    misses_threshold: the same, and only those are admitted that the chain comes back to, with the
        discount, at least as surely as the threshold says (``chains.p_return``).
    misses_rank: value is the uses, each counted 2^20, all counts halved and rounded down at every
        event whose number, from 0, the half-life divides; then the last use. Admitted where there
        is room, or instead of what is worth less.
    misses_never_admit: nothing is resident.
    misses_next_use: the whole future is known; of what is needed or resident the soonest used
        again is kept, of equals the least.
    misses_belady: the same, and of equals the one whose use after that is sooner, and so on.
    misses_optimal: the least over every choice: any set, as long as nothing is kept that was
        neither needed nor resident, and a hit stays.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache, lru_cache
from itertools import combinations, pairwise
from typing import Any, Final, NamedTuple

from homeostat.proofs.chains import Chain, chain_of, discount_of, p_return
from homeostat.proofs.enclosures import Enclosure, number, point
from homeostat.proofs.figures import Figure, figures
from homeostat.proofs.polynomials import RejectedError, demand

__all__ = ["check_optimal", "expert_cache"]

CAPACITY_MAX: Final = 64
EVENTS_MAX: Final = 100
SIZE_MAX: Final = 16
EXPERT_MAX: Final = 199
CHOSEN_MAX: Final = 6
"""Of so many experts every set is tried."""
HALF_LIFE_MAX: Final = 10**6
WORK_MAX: Final = 1_500_000
USE: Final = 2**20

Events = list[tuple[int, ...]]
Worth = tuple[int, ...]
Kept = Callable[[frozenset[int], tuple[int, ...], int], frozenset[int]]
"""What is resident after an event: from what was, what is needed, and the event's number."""


def _events(data: Any) -> Events:
    demand(type(data) is list and 1 <= len(data) <= EVENTS_MAX, "no list of few events")
    for event in data:
        demand(type(event) is list and 1 <= len(event) <= SIZE_MAX, "no list of few experts")
        demand(all(type(x) is int and 0 <= x <= EXPERT_MAX for x in event), "not an expert")
        demand(event == sorted(set(event)), "the experts of an event must ascend, each once")
    return [tuple(event) for event in data]


def _misses(events: Events, kept: Kept) -> int:
    """Run a policy and count."""
    resident, count = frozenset[int](), 0
    for t, event in enumerate(events):
        count += len(set(event) - resident)
        resident = kept(resident, event, t)
    return count


def _online(
    capacity: int,
    worth: Callable[[int, int], Worth],
    admits: Callable[[int, int | None, int], bool],
) -> Kept:
    """Return the policy that values residents, and admits in the place of a victim or of nobody."""

    def kept(resident: frozenset[int], event: tuple[int, ...], t: int) -> frozenset[int]:
        now = set(resident)
        for expert in sorted(set(event) - resident):
            idle = sorted(now - set(event), key=lambda e: (worth(e, t), e))
            free = len(now) < capacity
            if free or idle:
                victim = None if free else idle[0]
                if admits(expert, victim, t):
                    now -= {victim}
                    now |= {expert}
        return frozenset(now)

    return kept


def _future(events: Events, experts: Sequence[int], t: int, *, further: bool) -> list[int]:
    """Return experts in the order of their next uses after an event, of equals the least first.

    Further: of those with the same next use the one whose use after that is sooner, and so on.
    """

    def uses(expert: int) -> Worth:
        found = [s for s in range(t + 1, len(events)) if expert in events[s]]
        return (*found, len(events)) if further else (*found, len(events))[:1]

    return sorted(experts, key=lambda expert: (uses(expert), expert))


def _keep(
    resident: frozenset[int], event: Sequence[int], order: Sequence[int], capacity: int
) -> frozenset[int]:
    """Keep what was hit, and of what is needed or resident those that stand first in an order."""
    hits, others = resident & set(event), resident ^ set(event)
    return hits | set([e for e in order if e in others][: capacity - len(hits)])


def _clairvoyant(events: Events, capacity: int, *, further: bool) -> int:
    """Return the misses of the policy that keeps what is used soonest again."""
    experts = sorted({expert for event in events for expert in event})

    def kept(resident: frozenset[int], event: tuple[int, ...], t: int) -> frozenset[int]:
        order = _future(events, experts, t, further=further)
        return _keep(resident, event, order, capacity)

    return _misses(events, kept)


@lru_cache(maxsize=4096)
def _choices(
    resident: frozenset[int], event: tuple[int, ...], capacity: int
) -> tuple[frozenset[int], ...]:
    """Return whatever may be resident after an event."""
    hits, others = resident & set(event), sorted(resident ^ set(event))
    counts = range(min(capacity - len(hits), len(others)) + 1)
    return tuple(hits | set(some) for count in counts for some in combinations(others, count))


Least = dict[frozenset[int], int]
"""By what is resident: the least number of misses from here on."""


def _after_all(experts: Sequence[int], capacity: int) -> Least:
    counts = range(min(capacity, len(experts)) + 1)
    return {frozenset(some): 0 for count in counts for some in combinations(experts, count)}


def _before(event: tuple[int, ...], least: Least, capacity: int) -> Least:
    """Return the same, one event earlier."""
    return {
        resident: len(set(event) - resident)
        + min(least[after] for after in _choices(resident, event, capacity))
        for resident in least
    }


def _optimal(events: Events, capacity: int) -> int:
    """Return the least number of misses, by trying every choice from the last event backwards."""
    experts = sorted({expert for event in events for expert in event})
    demand(len(experts) <= CHOSEN_MAX, f"more than {CHOSEN_MAX} experts: too many sets to try")
    least = _after_all(experts, capacity)
    for event in reversed(events):
        least = _before(event, least, capacity)
    return least[frozenset()]


class Admission(NamedTuple):
    """By which the threshold policy admits."""

    chain: Chain
    discount: Fraction
    threshold: Fraction


def _admission(data: Any) -> Admission:
    demand(type(data) is dict and set(data) == {"chain", "discount", "threshold"}, "wrong fields")
    discount, threshold = discount_of(data["discount"]), number(data["threshold"])
    return Admission(chain_of(data["chain"]), discount, threshold)


def _counted(events: Events, chain: Chain) -> bool:
    """Tell whether the chain is that of the trace itself."""
    n = len(chain.matrix)
    if any(len(event) > 1 or event[0] >= n for event in events):
        return False
    counts = [[0] * n for _ in range(n)]
    for (a,), (b,) in pairwise(events):
        counts[a][b] += 1
    return chain.matrix == [
        [Fraction(x, sum(row)) if any(row) else Fraction(1, n) for x in row] for row in counts
    ]


def _admits(by: Admission | None) -> Callable[[int], bool]:
    """Return which experts are admitted."""

    @cache
    def admits(expert: int) -> bool:
        demand(by is not None, "the case has no chain to admit by")
        demand(by and expert < by.chain.size, f"the chain has no expert {expert}")
        return bool(by and p_return(by.chain, expert, by.discount) >= by.threshold)

    return admits


def expert_cache(given: Mapping[str, Any]) -> tuple[set[str], Figure]:
    """Read a case of a cache of experts, and return its figures."""
    demand(set(given) == {"capacity", "events", "half_life", "admission"}, "wrong fields")
    capacity, half_life = given["capacity"], given["half_life"]
    events = _events(given["events"])
    demand(type(capacity) is int and 1 <= capacity <= CAPACITY_MAX, "no capacity")
    demand(type(half_life) is int and 1 <= half_life <= HALF_LIFE_MAX, "no half-life")
    by = None if given["admission"] is None else _admission(given["admission"])
    admitted = _admits(by)

    def last_use(expert: int, t: int) -> int:
        return max((s for s in range(t + 1) if expert in events[s]), default=-1)

    def recent(expert: int, t: int) -> Worth:
        return (last_use(expert, t),)

    def rank(expert: int, t: int) -> Worth:
        count = 0
        for s in range(t + 1):
            count = count // 2 if s % half_life == 0 else count
            count += USE if expert in events[s] else 0
        return count, last_use(expert, t)

    def better(expert: int, victim: int | None, t: int) -> bool:
        return victim is None or rank(expert, t) > rank(victim, t)

    def threshold(expert: int, _: int | None, __: int) -> bool:
        return admitted(expert)

    def online(
        worth: Callable[[int, int], Worth], admits: Callable[[int, int | None, int], bool]
    ) -> Callable[[], Enclosure]:
        return lambda: point(_misses(events, _online(capacity, worth, admits)))

    table = {} if by is None else {"discount": by.discount, "threshold": by.threshold}
    words = {"counted"} if by is not None and _counted(events, by.chain) else set()
    return words, figures(
        {
            "misses_lru": online(recent, lambda *_: True),
            "misses_threshold": online(recent, threshold),
            "misses_rank": online(rank, better),
            "misses_never_admit": online(recent, lambda *_: False),
            "misses_next_use": lambda: point(_clairvoyant(events, capacity, further=False)),
            "misses_belady": lambda: point(_clairvoyant(events, capacity, further=True)),
            "misses_optimal": lambda: point(_optimal(events, capacity)),
            "capacity": lambda: point(capacity),
            "events": lambda: point(len(events)),
            "uses": lambda: point(sum(map(len, events))),
            "experts": lambda: point(len({expert for event in events for expert in event})),
            **{name: lambda x=x: point(x) for name, x in table.items()},
        }
    )


def check_optimal(theorem: Mapping[str, Any], _: Mapping[str, Any]) -> None:
    """Check that no choices at all miss less than Belady's, for every short trace.

    From every set of residents, for every trace of so many events or fewer, each of 1 .. ``size``
    of the experts. A trace is built from its last event backwards; if the first choice leads to the
    least number of misses wherever the others follow, all of them together reach it.
    """
    bounds = [theorem[key] for key in ("experts", "size", "capacity", "events")]
    demand(all(type(x) is int and x >= 1 for x in bounds), "bounds must be integers >= 1")
    n, size, capacity, most = bounds
    demand(size <= n <= CHOSEN_MAX and capacity <= n, "more than there are experts")
    experts = range(n)
    every = [e for count in range(1, size + 1) for e in combinations(experts, count)]
    nothing = _after_all(experts, capacity)
    traces = sum(len(every) ** length for length in range(1, min(most, EVENTS_MAX) + 1))
    demand(traces * len(nothing) <= WORK_MAX, f"more than {WORK_MAX} residents and traces")

    def grow(events: Events, least: Least) -> None:
        for event in every if len(events) < most else ():
            longer = [event, *events]
            order = _future(longer, experts, 0, further=True)
            found = _before(event, least, capacity)
            for resident, misses in found.items():
                after = _keep(resident, event, order, capacity)
                if len(set(event) - resident) + least[after] != misses:
                    raise RejectedError(f"not so for {longer} with {sorted(resident)} resident")
            grow(longer, found)

    grow([], nothing)
