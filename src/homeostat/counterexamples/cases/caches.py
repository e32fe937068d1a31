"""A cache of experts in a case: what its policies miss, by the models."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Final

from homeostat.counterexamples.cases.balls import Figure
from homeostat.counterexamples.cases.chains import chain_of, discount_of
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


def _admitted(data: object) -> Callable[[int], bool]:
    given = read_fields(data, "admission", "chain discount threshold")
    chain, discount = chain_of(given["chain"]), discount_of(given["discount"])
    threshold = number(given["threshold"])

    @cache
    def admitted(expert: int) -> bool:
        if expert >= len(chain.rows):
            raise WitnessRejectedError(f"the chain must have expert {expert}")
        return chain.p_return(expert, discount) >= threshold

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
    admitted = None if given["admission"] is None else _admitted(given["admission"])

    def by_threshold() -> Figure:
        if admitted is None:
            raise WitnessRejectedError("the case must have a chain to admit by")
        return _misses(events, capacity, _Threshold(admitted))

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
    }
    return Figures(frozenset(), table)
