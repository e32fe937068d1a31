import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.errors import InvalidInputError
from homeostat.models.residency.events import Event
from homeostat.models.residency.optimal import belady
from homeostat.runtime.experts.policies.lfru import LfruPolicy
from homeostat.runtime.experts.policies.lfu import LfuPolicy
from homeostat.runtime.experts.policies.lru import LruPolicy
from homeostat.runtime.experts.policies.policy import Policy
from homeostat.runtime.experts.policies.rank import RankPolicy
from homeostat.runtime.experts.replay import (
    COMPILED,
    Tally,
    flat_events,
    optimal,
    replay,
    replay_compiled,
)

N_EXPERT = 9
EVENTS = st.lists(
    st.sets(st.integers(0, N_EXPERT - 1), max_size=4).map(lambda e: Event(tuple(sorted(e)))),
    max_size=120,
)
PYTHON: dict[str, type[Policy]] = {
    "lru": LruPolicy,
    "lfu": LfuPolicy,
    "lfru": LfruPolicy,
    "rank": RankPolicy,
}


def test_every_compiled_policy_has_one_to_be_held_against() -> None:
    assert COMPILED.keys() == PYTHON.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPILED)
@settings(deadline=None)  # the first example may compile
@given(events=EVENTS, capacity=st.integers(1, N_EXPERT))
def test_compiled_replays_count_what_the_cache_does(
    name: str, events: list[Event], capacity: int
) -> None:
    policy = PYTHON[name](N_EXPERT)  # type: ignore[call-arg]
    assert replay_compiled(flat_events(events, N_EXPERT), capacity, name) == replay(
        events, capacity, policy
    )


@pytest.mark.slow
@settings(deadline=None)
@given(events=EVENTS, capacity=st.integers(1, N_EXPERT), bypass=st.booleans())
def test_the_compiled_optimum_counts_what_belady_does(
    events: list[Event], capacity: int, *, bypass: bool
) -> None:
    tally = optimal(flat_events(events, N_EXPERT), capacity, bypass=bypass)
    outcomes = belady(events, capacity, bypass=bypass)
    assert tally.hits == sum(len(outcome.hits) for outcome in outcomes)
    assert tally.misses == sum(outcome.misses for outcome in outcomes)
    assert tally.asked == sum(len(event.experts) for event in events)
    if not bypass:
        assert tally.loads == sum(len(outcome.loads) for outcome in outcomes)


def test_a_tally_counts_experts_and_adds_up() -> None:
    events = [Event((0, 1)), Event((1, 2)), Event((0, 1, 2))]
    tally = replay(events, 2, LruPolicy(3))
    assert tally == Tally(capacity=2, events=3, asked=7, hits=3, loads=3, bypasses=1)
    assert (tally.misses, tally.hit_rate, tally.union_per_capacity) == (4, 3 / 7, 7 / 3 / 2)
    both = tally + tally
    assert (both.capacity, both.misses, both.hit_rate) == (4, 8, tally.hit_rate)
    none = replay([], 2, LruPolicy(3))
    assert (none.hit_rate, none.union_per_capacity) == (0.0, 0.0)


def test_regret_is_against_an_optimum_of_the_same_events() -> None:
    events = [Event((0,)), Event((1,)), Event((2,))] * 4
    flat = flat_events(events, 3)
    lru = replay(events, 2, LruPolicy(3))
    assert lru.misses == 12, "a loop over one more than fits"
    assert lru.regret(optimal(flat, 2, bypass=True)) == 12 - 6, "two of three stay"
    with pytest.raises(InvalidInputError, match="must be of the same events"):
        lru.regret(optimal(flat, 1, bypass=True))


def test_what_cannot_be_replayed_is_refused() -> None:
    flat = flat_events([Event((0,))], 3)
    with pytest.raises(InvalidInputError, match="capacity 0 must be 1 or more"):
        replay([], 0, LruPolicy(3))
    with pytest.raises(InvalidInputError, match="capacity 0 must be 1 or more"):
        replay_compiled(flat, 0, "lru")
    with pytest.raises(InvalidInputError, match="capacity 0 must be 1 or more"):
        optimal(flat, 0, bypass=True)
    with pytest.raises(InvalidInputError, match="compiled policy 'magic' must be one of lru, lfu"):
        replay_compiled(flat, 2, "magic")
    with pytest.raises(InvalidInputError, match="expert 3 must be below 3"):
        flat_events([Event((3,))], 3)
