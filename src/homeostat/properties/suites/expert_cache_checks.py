"""Cases and checks of the suite ``expert-cache`` that speak of misses on whole traces."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

import numpy as np
from hypothesis import strategies as st

from homeostat.models.residency.cache import Past, Residency, Rule, serve
from homeostat.models.residency.events import Event
from homeostat.models.residency.optimal import belady, fewest_misses
from homeostat.models.residency.rules import LruRule
from homeostat.models.routing.chain import chain_of
from homeostat.models.routing.returns import discounted_returns
from homeostat.properties.machines.naive_cache import RULES
from homeostat.properties.results import Violation

__all__ = [
    "Trace",
    "Walk",
    "admission_misses_more",
    "belady_is_not_optimal",
    "lru_misses_more_than_the_optimum",
    "next_use_misses_more",
    "traces",
    "walks",
]

_THRESHOLD: Final = Fraction(1, 10)
"""Of note 004, section 3."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Events of one layer, from an empty cache.

    Attributes:
        events: The experts of each.
        capacity: Most experts that are resident at once.
    """

    events: tuple[tuple[int, ...], ...]
    capacity: int

    @property
    def parsed(self) -> list[Event]:
        """The events."""
        return [Event(experts) for experts in self.events]


def traces() -> st.SearchStrategy[Trace]:
    """Return up to eight events of up to three among four experts, all choices of which are few."""
    experts = st.frozensets(st.integers(0, 3), min_size=1, max_size=3).map(sorted).map(tuple)
    return st.builds(Trace, st.lists(experts, max_size=8).map(tuple), st.integers(1, 3))


@dataclass(frozen=True, slots=True)
class Walk:
    """A trace of one expert at a time, and a rule of admission.

    Attributes:
        experts: Of each event, two or more.
        capacity: Most experts that are resident at once.
        percent: The discount.
    """

    experts: tuple[int, ...]
    capacity: int
    percent: int


def walks() -> st.SearchStrategy[Walk]:
    """Return walks among five experts."""
    experts = st.lists(st.integers(0, 4), min_size=2, max_size=12).map(tuple)
    return st.builds(Walk, experts, st.integers(1, 4), st.integers(10, 90))


def _misses(events: Sequence[Event], capacity: int, rule: Rule) -> int:
    state, misses = Residency(capacity), 0
    for event in events:
        state, outcome = serve(state, event, rule)
        misses += outcome.misses
    return misses


def belady_is_not_optimal(case: Trace) -> Violation | None:
    """No policy misses less than every choice tried, and the farthest next use misses as few."""
    for bypass in (True, False):
        best = fewest_misses(case.parsed, case.capacity, bypass=bypass)
        farthest = sum(o.misses for o in belady(case.parsed, case.capacity, bypass=bypass))
        # The one that does not always admit is no match for an optimum that must.
        names = RULES if bypass else RULES.keys() - {"rank"}
        counts = {name: _misses(case.parsed, case.capacity, RULES[name]) for name in sorted(names)}
        if farthest != best or min(counts.values()) < best:
            figures = {"best": str(best), "farthest": str(farthest), "policies": str(counts)}
            return Violation(0, figures)
    return None


def lru_misses_more_than_the_optimum(case: Trace) -> Violation | None:
    """False: the least recently used is always a best choice."""
    best = fewest_misses(case.parsed, case.capacity, bypass=False)
    found = _misses(case.parsed, case.capacity, LruRule())
    return None if found == best else Violation(0, {"lru": str(found), "best": str(best)})


def next_use_misses_more(case: Trace) -> Violation | None:
    """False: what is used soonest again stays, and of equals it matters not which."""
    events, resident, misses = case.parsed, frozenset[int](), 0
    for t, event in enumerate(events):
        future = events[t + 1 :]

        def next_use(expert: int, future: Sequence[Event] = future) -> tuple[int, int]:
            uses = (n for n, later in enumerate(future) if expert in later.experts)
            return next(uses, len(future)), expert

        hits = resident & set(event.experts)
        misses += len(event.experts) - len(hits)
        rivals = sorted(resident ^ set(event.experts), key=next_use)
        resident = hits | set(rivals[: case.capacity - len(hits)])
    best = fewest_misses(events, case.capacity, bypass=True)
    return None if misses == best else Violation(0, {"next_use": str(misses), "best": str(best)})


@dataclass(frozen=True)
class _ThresholdRule(LruRule):
    """LRU that loads only what the chain of the whole trace says will come again.

    Attributes:
        admitted: The experts with a discounted return probability at or above the threshold.
    """

    admitted: frozenset[int]

    def admits(self, expert: int, victim: int | None, past: Past) -> bool:
        """Admit who is likely to return."""
        return expert in self.admitted


def admission_misses_more(case: Walk) -> Violation | None:
    """False: admission by the chance of a return, counted on the trace, never misses more."""
    size = max(case.experts) + 1
    counts = np.zeros((size, size), np.int64)
    for before, after in pairwise(case.experts):
        counts[before, after] += 1
    chain = chain_of(counts, exact=True)
    returns = discounted_returns(chain, Fraction(case.percent, 100)).diagonal()
    admitted = frozenset(e for e in range(size) if returns[e] >= _THRESHOLD)
    events = [Event((expert,)) for expert in case.experts]
    ours = _misses(events, case.capacity, _ThresholdRule(admitted))
    lru = _misses(events, case.capacity, LruRule())
    return Violation(0, {"admission": str(ours), "lru": str(lru)}) if ours > lru else None
