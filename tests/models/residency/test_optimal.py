"""Belady's rule on events: what is farthest leaves, tried against every choice there is."""

from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.errors import InvalidInputError
from homeostat.models.residency.cache import Outcome, Residency, serve
from homeostat.models.residency.events import Event
from homeostat.models.residency.optimal import belady, choices, fewest_misses, orders
from homeostat.models.residency.rules import LfuRule, LruRule, RankRule, StaticRule

Events = list[Event]


def events_of(n_expert: int, most: int, *, length: int) -> st.SearchStrategy[Events]:
    one = st.sets(st.integers(0, n_expert - 1), max_size=most)
    return st.lists(one.map(lambda found: Event(tuple(sorted(found)))), max_size=length)


def misses(outcomes: list[Outcome]) -> int:
    return sum(outcome.misses for outcome in outcomes)


def test_the_order_of_future_uses_looks_behind_a_common_next_use() -> None:
    events = [Event((0,)), Event((1,)), Event((0, 1)), Event((1,))]
    assert orders(events) == [(1, 0), (1, 0), (1, 0), (0, 1)]


def test_of_two_with_the_same_next_use_the_wrong_one_costs_a_miss() -> None:
    events = [Event((0,)), Event((1,)), Event((0, 1)), Event((1,))]
    assert misses(belady(events, 1, bypass=True)) == 3 == fewest_misses(events, 1, bypass=True)
    # Whoever keeps 0 for (0, 1), which is used there as soon as 1 is, misses 1 three times.
    kept = Residency(1)
    for event in events:
        kept, _ = serve(kept, event, StaticRule(frozenset({0})))
    assert [outcome.misses for _, outcome in kept.past] == [1, 1, 1, 1]


@pytest.mark.slow
@pytest.mark.parametrize("bypass", [False, True])
@pytest.mark.parametrize(
    ("n_expert", "most", "length"), [(3, 3, 5), (4, 2, 4), (4, 1, 6), (5, 2, 3)]
)
def test_nothing_misses_less_in_every_small_case(
    n_expert: int, most: int, length: int, *, bypass: bool
) -> None:
    sets = [Event(c) for k in range(1, most + 1) for c in combinations(range(n_expert), k)]
    for events in product(sets, repeat=length):
        for capacity in range(1, n_expert):
            found = misses(belady(events, capacity, bypass=bypass))
            assert found == fewest_misses(events, capacity, bypass=bypass), (events, capacity)


@given(events=events_of(6, 4, length=9), capacity=st.integers(1, 5), bypass=st.booleans())
def test_nothing_misses_less(events: Events, capacity: int, *, bypass: bool) -> None:
    found = misses(belady(events, capacity, bypass=bypass))
    assert found == fewest_misses(events, capacity, bypass=bypass)


@given(events=events_of(7, 4, length=30), capacity=st.integers(1, 6), bypass=st.booleans())
def test_what_the_optimum_does_is_allowed(events: Events, capacity: int, *, bypass: bool) -> None:
    resident: frozenset[int] = frozenset()
    for event, outcome in zip(events, belady(events, capacity, bypass=bypass), strict=True):
        loaded = [load.expert for load in outcome.loads]
        assert sorted([*outcome.hits, *loaded, *outcome.bypasses]) == list(event.experts)
        assert resident.intersection(event.experts) == set(outcome.hits)
        after = resident.union(loaded).difference(load.evicted for load in outcome.loads)
        assert after in set(choices(resident, event, capacity, bypass=bypass))
        resident = after


@given(events_of(6, 3, length=20), st.integers(1, 5))
def test_no_rule_misses_less_and_bypass_never_costs(events: Events, capacity: int) -> None:
    least = misses(belady(events, capacity, bypass=True))
    loading = misses(belady(events, capacity, bypass=False))
    assert least <= loading
    for rule, bound in ((LruRule(), loading), (LfuRule(), loading), (RankRule(), least)):
        state = Residency(capacity)
        for event in events:
            state, _ = serve(state, event, rule)
        assert sum(outcome.misses for _, outcome in state.past) >= bound


@given(events_of(6, 3, length=20))
def test_with_room_for_all_only_the_first_uses_miss(events: Events) -> None:
    union = {expert for event in events for expert in event.experts}
    for bypass in (False, True):
        assert misses(belady(events, 6, bypass=bypass)) == len(union)


def test_a_capacity_below_one_is_refused() -> None:
    for bypass in (False, True):
        with pytest.raises(InvalidInputError, match="capacity 0 must be 1 or more"):
            belady([], 0, bypass=bypass)
        with pytest.raises(InvalidInputError, match="capacity 0 must be 1 or more"):
            fewest_misses([], 0, bypass=bypass)
