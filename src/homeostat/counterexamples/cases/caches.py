"""A cache of experts in a case: what its policies miss, by the models."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Final

from homeostat.counterexamples.cases.balls import Figure
from homeostat.counterexamples.cases.chains import CaseChain, chain_of, discount_of
from homeostat.counterexamples.cases.reading import (
    Figures,
    Given,
    integer,
    list_of,
    number,
    read_fields,
)
from homeostat.errors import WitnessRejectedError
from homeostat.models.residency.cache import Past, Residency, Rule, Value, serve
from homeostat.models.residency.events import Event
from homeostat.models.residency.optimal import belady, fewest_misses
from homeostat.models.residency.rules import LruRule, RankRule, StaticRule
from homeostat.models.routing.chain import chain_of as chain_from
from homeostat.models.routing.counts import top_transitions

__all__ = ["EXPERT_CACHE", "expert_cache"]

EXPERT_CACHE: Final = frozenset({"capacity", "events", "half_life", "admission"})
CAPACITY_MAX: Final = 64
EVENTS_MAX: Final = 100
SIZE_MAX: Final = 16
EXPERT_MAX: Final = 199
CHOSEN_MAX: Final = 6
HALF_LIFE_MAX: Final = 10**6


@dataclass(frozen=True, slots=True)
class _Threshold:
    """LRU that loads only what a chain comes back to surely enough, by its discounted chance."""

    admitted: Callable[[int], bool]

    def value(self, expert: int, past: Past) -> Value:
        """Return the last use."""
        return LruRule().value(expert, past)

    def admits(self, expert: int, victim: int | None, past: Past) -> bool:
        """Admit by the threshold alone."""
        return self.admitted(expert)


def _event(data: object) -> Event:
    experts = list_of(data, "an event", SIZE_MAX)
    return Event(tuple(integer(expert, "expert", 0, EXPERT_MAX) for expert in experts))


@dataclass(frozen=True, slots=True)
class _Admission:
    """By which the threshold policy admits."""

    chain: CaseChain
    discount: Fraction
    threshold: Fraction

    @classmethod
    def of(cls, data: object) -> "_Admission":
        given = read_fields(data, "admission", "chain discount threshold")
        discount, threshold = discount_of(given["discount"]), number(given["threshold"])
        return cls(chain_of(given["chain"]), discount, threshold)


def _counted(events: list[Event], chain: CaseChain) -> bool:
    """Tell whether a chain, given as a matrix, is that of a trace of one expert an event."""
    count = len(chain.rows)
    firsts = [event.experts[0] for event in events]
    if chain.law is not None or any(len(event.experts) > 1 for event in events):
        return False
    if max(firsts) >= count:
        return False
    # Without a single transition nothing was counted, and any expert is as likely as another.
    counts = top_transitions([firsts], count)
    exact = chain_from(counts, exact=True).matrix.tolist() if counts.any() else None
    return chain.rows == (exact or [[Fraction(1, count)] * count] * count)


def _admitted(by: _Admission) -> Callable[[int], bool]:
    @cache
    def admitted(expert: int) -> bool:
        if expert >= len(by.chain.rows):
            raise WitnessRejectedError(f"the chain must have expert {expert}")
        return by.chain.p_return(expert, by.discount) >= by.threshold

    return admitted


def _misses(events: list[Event], capacity: int, rule: Rule) -> Figure:
    state, count = Residency(capacity), 0
    for event in events:
        state, outcome = serve(state, event, rule)
        count += outcome.misses
    return Fraction(count)


def _next_use(events: list[Event], capacity: int) -> Figure:
    """Keep what is used soonest again; of equals the least, whatever comes after that."""
    resident, count = set[int](), 0
    for t, event in enumerate(events):
        hits = resident.intersection(event.experts)
        count += len(event.experts) - len(hits)

        def wait(expert: int, t: int = t) -> int:
            return next(
                (s for s, e in enumerate(events[t + 1 :]) if expert in e.experts), len(events)
            )

        others = sorted(resident.union(event.experts) - hits, key=lambda e: (wait(e), e))
        resident = hits.union(others[: capacity - len(hits)])
    return Fraction(count)


def expert_cache(given: Given) -> Figures:
    """Run a case of a cache of experts.

    Raises:
        InvalidInputError: The data break a rule.
    """
    capacity = integer(given["capacity"], "capacity", 1, CAPACITY_MAX)
    half_life = integer(given["half_life"], "half_life", 1, HALF_LIFE_MAX)
    events = [_event(data) for data in list_of(given["events"], "events", EVENTS_MAX)]
    experts = {expert for event in events for expert in event.experts}
    by = None if given["admission"] is None else _Admission.of(given["admission"])

    def admission() -> _Admission:
        if by is None:
            raise WitnessRejectedError("the case must have a chain to admit by")
        return by

    def by_threshold() -> Figure:
        return _misses(events, capacity, _Threshold(_admitted(admission())))

    def by_belady() -> Figure:
        return Fraction(sum(o.misses for o in belady(events, capacity, bypass=True)))

    def least() -> Figure:
        if len(experts) > CHOSEN_MAX:
            raise WitnessRejectedError(f"{len(experts)} experts must be {CHOSEN_MAX} or fewer")
        return Fraction(fewest_misses(events, capacity, bypass=True))

    table: Mapping[str, Callable[..., Figure]] = {
        "misses_lru": lambda: _misses(events, capacity, LruRule()),
        "misses_threshold": by_threshold,
        "misses_rank": lambda: _misses(events, capacity, RankRule(half_life)),
        "misses_never_admit": lambda: _misses(events, capacity, StaticRule(frozenset())),
        "misses_next_use": lambda: _next_use(events, capacity),
        "misses_belady": by_belady,
        "misses_optimal": least,
        "capacity": lambda: Fraction(capacity),
        "events": lambda: Fraction(len(events)),
        "uses": lambda: Fraction(sum(len(event.experts) for event in events)),
        "experts": lambda: Fraction(len(experts)),
        "discount": lambda: admission().discount,
        "threshold": lambda: admission().threshold,
    }
    counted = by is not None and _counted(events, by.chain)
    return Figures(frozenset({"counted"} if counted else ()), table)
