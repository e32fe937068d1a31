"""Fast policies against the rules that they implement, and what holds of the whole family."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.errors import InvalidInputError
from homeostat.models.residency.cache import Outcome, Residency, Rule, serve
from homeostat.models.residency.events import Event
from homeostat.models.residency.rules import LfruRule, LfuRule, LruRule, RankRule, StaticRule
from homeostat.runtime.experts.policies.lfru import LfruPolicy
from homeostat.runtime.experts.policies.lfu import LfuPolicy
from homeostat.runtime.experts.policies.lru import LruPolicy
from homeostat.runtime.experts.policies.policy import Policy
from homeostat.runtime.experts.policies.rank import RankPolicy
from homeostat.runtime.experts.policies.static import StaticPolicy, most_used
from homeostat.runtime.experts.residency import ResidentSet

N_EXPERT = 7
EVENTS = st.lists(
    st.sets(st.integers(0, N_EXPERT - 1), max_size=4).map(lambda e: Event(tuple(sorted(e)))),
    max_size=40,
)

PAIRS: dict[str, tuple[Callable[[], Policy], Rule]] = {
    "lru": (lambda: LruPolicy(N_EXPERT), LruRule()),
    "lfu": (lambda: LfuPolicy(N_EXPERT), LfuRule()),
    "lfru": (lambda: LfruPolicy(N_EXPERT, half_life=5), LfruRule(5)),
    "lfru as it is": (lambda: LfruPolicy(N_EXPERT), LfruRule()),
    "lfru that forgets at once": (lambda: LfruPolicy(N_EXPERT, half_life=1), LfruRule(1)),
    "rank": (lambda: RankPolicy(N_EXPERT, half_life=3), RankRule(3)),
    "static": (lambda: StaticPolicy({0, 3, 5}), StaticRule(frozenset({0, 3, 5}))),
}


def slow(events: list[Event], capacity: int, rule: Rule) -> list[Outcome]:
    state, outcomes = Residency(capacity), []
    for event in events:
        state, outcome = serve(state, event, rule)
        outcomes.append(outcome)
    return outcomes


@pytest.mark.parametrize("name", PAIRS)
@given(events=EVENTS, capacity=st.integers(1, N_EXPERT))
def test_a_policy_does_what_its_rule_does_event_for_event(
    name: str, events: list[Event], capacity: int
) -> None:
    policy, rule = PAIRS[name]
    residents = ResidentSet(capacity, policy())
    assert [residents.serve(event) for event in events] == slow(events, capacity, rule)


@given(events=EVENTS, capacity=st.integers(1, N_EXPERT))
def test_the_quick_choice_of_lru_is_the_least_value(events: list[Event], capacity: int) -> None:
    policy = LruPolicy(N_EXPERT)
    for event in events:
        policy.observe(event)
        for idle in ({3, 1, 6}, set(range(N_EXPERT))):
            assert policy.victim(idle) == Policy.victim(policy, idle)


def test_the_neighbours_are_told_apart() -> None:
    """One trace on which no two of the family do the same."""
    draw = random.Random(1)
    events = [Event(tuple(sorted(draw.sample(range(N_EXPERT), 2)))) for _ in range(60)]
    names = ("lru", "lfu", "lfru", "rank", "static")
    done = {tuple(slow(events, 4, PAIRS[name][1])) for name in names}
    assert len(done) == len(names)


def test_the_most_used_experts_are_those_of_most_events() -> None:
    events = [Event((1, 2)), Event((2, 4)), Event((0, 4)), Event((3,))]
    assert most_used(events, 2) == {2, 4}
    assert most_used(events, 3) == {2, 4, 0}
    assert most_used(events, 9) == {0, 1, 2, 3, 4}
    with pytest.raises(InvalidInputError, match="need events to count"):
        most_used([Event(())], 2)


def test_a_half_life_below_one_is_refused() -> None:
    for made in (LfruPolicy, RankPolicy):
        with pytest.raises(InvalidInputError, match="half_life=0 must be 1 or more"):
            made(4, half_life=0)
