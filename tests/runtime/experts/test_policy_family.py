"""What holds of every policy of the family, and what the ones that estimate do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.errors import InvalidInputError
from homeostat.models.residency.events import Event, event_of
from homeostat.models.routing.chain import Chain
from homeostat.models.routing.returns import discounted_returns
from homeostat.runtime.experts.policies.family import (
    CANDIDATES,
    NEED_PREFIX,
    POLICIES,
    policy_named,
)
from homeostat.runtime.experts.policies.lru import LruPolicy
from homeostat.runtime.experts.policies.markov import MarkovPolicy
from homeostat.runtime.experts.policies.returning import (
    PReturnPolicy,
    ReturnChances,
    ThresholdPolicy,
)
from homeostat.runtime.experts.policies.selector import (
    Selection,
    SelectorPolicy,
    select,
    together,
)
from homeostat.runtime.experts.policies.walkers import Walkers
from homeostat.runtime.experts.replay import flat_events, optimal, replay
from homeostat.runtime.experts.residency import ResidentSet

N_EXPERT = 6
TOKEN = st.permutations(range(N_EXPERT)).map(lambda order: tuple(order[:2]))
EVENTS = st.lists(st.lists(TOKEN, min_size=1, max_size=3).map(event_of), max_size=50)
PREFIX = [event_of([(0, 1)]), event_of([(1, 2)]), event_of([(0, 2)])]


@pytest.mark.slow
@pytest.mark.parametrize("name", POLICIES)
@settings(deadline=None, max_examples=40)
@given(events=EVENTS, capacity=st.integers(1, N_EXPERT))
def test_every_policy_keeps_to_the_capacity_and_loses_nobody(
    name: str, events: list[Event], capacity: int
) -> None:
    residents = ResidentSet(capacity, POLICIES[name](N_EXPERT, capacity, 2, prefix=PREFIX))
    misses = 0
    for event in events:
        before = residents.resident
        outcome = residents.serve(event)
        loaded = {load.expert for load in outcome.loads}
        gone = {load.evicted for load in outcome.loads} - {None}
        assert sorted([*outcome.hits, *loaded, *outcome.bypasses]) == list(event.experts)
        assert set(outcome.hits) == before.intersection(event.experts)
        assert residents.resident == (before | loaded) - gone
        assert not gone.intersection(event.experts)
        assert len(residents) <= capacity
        misses += outcome.misses
    assert misses >= optimal(flat_events(events, N_EXPERT), capacity, bypass=True).misses


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_is_made_by_its_name_and_does_the_same_again(name: str) -> None:
    make = policy_named(name)
    rng = np.random.default_rng(3)
    events = [event_of([rng.permutation(N_EXPERT)[:2].tolist()]) for _ in range(80)]
    first, second = (replay(events, 3, make(N_EXPERT, 3, 2, prefix=PREFIX)) for _ in range(2))
    assert first == second


def test_an_unknown_name_is_refused_and_some_need_events() -> None:
    with pytest.raises(InvalidInputError, match="policy 'magic' must be one of lfru, lru"):
        policy_named("magic")
    for name in POLICIES:
        if name in NEED_PREFIX:
            with pytest.raises(InvalidInputError, match="events"):
                POLICIES[name](N_EXPERT, 3, 2)
        else:
            POLICIES[name](N_EXPERT, 3, 2)


def test_steps_are_counted_only_while_the_batch_stays_as_large() -> None:
    walkers = Walkers()
    assert not list(walkers.steps(Event((0, 1), (0, 1))))
    assert list(walkers.steps(Event((1, 2), (2, 1)))) == [(0, 2), (1, 1)]
    assert not list(walkers.steps(Event((3,), (3,))))
    assert list(walkers.steps(Event((3, 4), (4,)))) == [(3, 4)]


def test_markov_values_what_follows_where_the_walkers_are() -> None:
    policy = MarkovPolicy(5)
    for top, other in ((0, 3), (1, 2), (0, 3), (1, 4), (0, 3)):
        policy.observe(event_of([(top, other)]))
    # From 0 it went on twice, to (1, 2) and (1, 4).
    chances = [policy.value(expert)[0] for expert in range(5)]
    assert chances == [0.0, 1.0, 0.5, 0.0, 0.5]
    assert policy.value(4) > policy.value(2), "of equal chances the last use decides"
    policy.observe(event_of([(2, 4)]))
    # Nobody ever went on from 2: what all five steps so far used.
    assert [policy.value(e)[0] for e in range(5)] == pytest.approx([0.4, 0.4, 0.4, 0.4, 0.4])


def test_markov_takes_walkers_as_independent_and_knows_only_their_first_choices() -> None:
    policy = MarkovPolicy(4)
    for tops in ((0, 1), (2, 2), (0, 1), (3, 2), (0, 1)):
        policy.observe(Event(tuple(sorted({*tops})), tops))
    # From 0 once to 2 and once to 3; from 1 twice to 2.
    assert [policy.value(e)[0] for e in range(4)] == [0.0, 0.0, 1.0, 0.5]


def test_chances_of_a_return_are_those_of_the_model() -> None:
    chances = ReturnChances(3, discount=0.5, refit_events=7)
    tops = [0, 1, 0, 2, 0, 1, 0]
    for top in tops:
        assert not chances.known
        chances.observe(Event((top,), (top,)))
    assert chances.known
    chain = Chain.of(np.array([[0, 2 / 3, 1 / 3], [1, 0, 0], [1, 0, 0]]))
    expected = discounted_returns(chain, 0.5)
    assert [chances.of(e) for e in range(3)] == pytest.approx(expected[0].tolist())
    chances.observe(Event((1, 2), (1, 2)))
    both = 1 - (1 - expected[1]) * (1 - expected[2])
    assert [chances.of(e) for e in range(3)] == pytest.approx(both.tolist())


def test_retention_by_return_differs_from_lru_where_history_does() -> None:
    policy = PReturnPolicy(4, refit_events=6)
    for top in (0, 1, 0, 1, 0, 2):
        policy.observe(Event((top,), (top,)))
    # From 2 anything may follow, after that 0 and 1 follow each other; 3 was never seen.
    assert policy.value(1) > policy.value(3)
    assert policy.value(0)[0] > policy.value(2)[0]
    assert policy.victim([0, 1, 2]) == 2, "the last that LRU would give up"


def test_the_threshold_lets_in_all_before_the_first_estimate_and_then_only_who_returns() -> None:
    policy = ThresholdPolicy(40, refit_events=8)
    for _ in range(4):
        for top in (0, 1):
            assert policy.admits(7, None)
            policy.observe(Event((top,), (top,)))
    assert policy.admits(0, None)
    assert policy.admits(1, 0)
    # From 1 the chain goes to 0 for ever, so 7 does not come; a free place does not help it.
    assert not policy.admits(7, None)
    assert not policy.admits(7, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"discount": 1.0}, "discount=1.0 must be >= 0 and < 1"),
        ({"discount": float("nan")}, "discount=nan must be"),
        ({"refit_events": 0}, "refit_events=0 must be 1 or more"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, float], message: str) -> None:
    for policy in (PReturnPolicy, ThresholdPolicy):
        with pytest.raises(InvalidInputError, match=message):
            policy(4, **options)  # type: ignore[arg-type]


LOOP = [Event((expert,), (expert,)) for expert in (0, 1, 2)] * 10


def test_the_selector_takes_who_missed_least_and_says_why() -> None:
    found = select(CANDIDATES, LOOP, n_expert=3, capacity=2, top_k=1)
    assert found.asked == 15
    assert found.misses["lru"] == 15, "a loop over one more than fits"
    assert found.misses[found.chosen] == min(found.misses.values()) < 15
    assert found.reason.startswith(f"{found.chosen} missed {found.misses[found.chosen]} of 15, ")
    for name, misses in found.misses.items():
        policy = CANDIDATES[name](3, 2, 1, prefix=LOOP[:15])
        residents = ResidentSet(2, policy)
        outcomes = [residents.serve(event) for event in LOOP]
        assert misses == sum(outcome.misses for outcome in outcomes[15:])


def test_the_selector_runs_as_the_chosen_one_and_may_choose_again() -> None:
    policy = SelectorPolicy(CANDIDATES, LOOP, n_expert=3, capacity=2, top_k=1)
    chosen = policy.selection.chosen
    alone = CANDIDATES[chosen](3, 2, 1, prefix=LOOP)
    assert replay(LOOP, 2, policy) == replay(LOOP, 2, alone)
    only = SelectorPolicy({"lru": CANDIDATES["lru"]}, LOOP, n_expert=3, capacity=2, top_k=1)
    assert only.selection.reason == "lru missed 15 of 15"
    steady = [Event((0,), (0,))] * 4
    assert only.reselect(steady).misses == {"lru": 0}
    assert replay(LOOP, 2, only) == replay(LOOP, 2, LruPolicy(3))


def test_of_equals_the_first_candidate_is_taken() -> None:
    assert Selection(9, {"a": 3, "b": 2, "c": 2}).chosen == "b"
    assert Selection(9, {"a": 3, "b": 2, "c": 2}).reason == "b missed 2 of 9, the next is c with 2"


def test_the_choice_for_a_model_adds_its_layers_up() -> None:
    layers = [Selection(5, {"a": 1, "b": 2}), Selection(6, {"a": 5, "b": 2})]
    assert together(layers) == Selection(11, {"a": 6, "b": 4})
    with pytest.raises(InvalidInputError, match="at least one layer"):
        together([])


def test_a_choice_from_nothing_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="at least one candidate"):
        select({}, LOOP, n_expert=3, capacity=2, top_k=1)
    with pytest.raises(InvalidInputError, match="1 measured events must be 2 or more"):
        select(CANDIDATES, LOOP[:1], n_expert=3, capacity=2, top_k=1)
