"""Events, what one does to the residents, and the classic rules on cases worked out by hand."""

import re
from dataclasses import dataclass

import pytest

from homeostat.errors import InvalidInputError
from homeostat.models.residency.cache import Load, Outcome, Past, Residency, Rule, Value, serve
from homeostat.models.residency.events import Event, event_of
from homeostat.models.residency.rules import (
    LFRU_UNIT,
    LfruRule,
    LfuRule,
    LruRule,
    RankRule,
    StaticRule,
    last_use,
)


def run(rule: Rule, capacity: int, *events: tuple[int, ...]) -> Residency:
    state = Residency(capacity)
    for experts in events:
        state, _ = serve(state, Event(experts), rule)
    return state


def past_of(*events: tuple[int, ...]) -> Past:
    return [(Event(experts), None) for experts in events]


def test_tokens_make_an_event_of_ascending_experts_and_first_choices_in_order() -> None:
    assert event_of([(4, 1), (1, 7)]) == Event((1, 4, 7), (4, 1))
    assert event_of([]) == Event(())
    assert event_of([(), (2,)]) == Event((2,), (2,))


@pytest.mark.parametrize(
    ("experts", "tops", "message"),
    [
        ((1, 1), (), "experts (1, 1) must ascend, each once"),
        ((2, 1), (), "experts (2, 1) must ascend, each once"),
        ((-1, 2), (), "experts (-1, 2) must be >= 0"),
        ((1, 2), (3,), "first choices (3,) must be among (1, 2)"),
    ],
)
def test_what_is_no_event_is_refused(
    experts: tuple[int, ...], tops: tuple[int, ...], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(message)):
        Event(experts, tops)


def test_a_state_that_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="capacity 0 must be 1 or more"):
        Residency(0)
    with pytest.raises(InvalidInputError, match="2 resident experts must be 1 or fewer"):
        Residency(1, frozenset({1, 2}))


def test_an_expert_of_the_event_never_leaves_and_what_has_no_place_is_a_bypass() -> None:
    state, outcome = serve(Residency(2, frozenset({3, 5})), Event((0, 1, 3, 4)), LruRule())
    assert outcome == Outcome(hits=(3,), loads=(Load(0, 5),), bypasses=(1, 4))
    assert outcome.misses == 3
    assert state.resident == {0, 3}
    assert state.past == ((Event((0, 1, 3, 4)), outcome),)


def test_free_places_are_taken_first_and_ties_go_to_the_least_expert() -> None:
    state, outcome = serve(Residency(3, frozenset({8, 9})), Event((1, 2)), LruRule())
    assert outcome.loads == (Load(1, None), Load(2, 8))
    assert state.resident == {1, 2, 9}


@dataclass(frozen=True)
class Nobody:
    """Admits nothing."""

    def value(self, expert: int, past: Past) -> Value:
        return (0,)

    def admits(self, expert: int, victim: int | None, past: Past) -> bool:
        return False


def test_what_is_not_admitted_changes_no_resident_also_where_there_is_room() -> None:
    state, outcome = serve(Residency(3, frozenset({1})), Event((1, 2)), Nobody())
    assert outcome == Outcome(hits=(1,), loads=(), bypasses=(2,))
    assert state.resident == {1}


def test_an_event_that_needs_nobody_does_nothing() -> None:
    state, outcome = serve(Residency(1, frozenset({1})), Event(()), LruRule())
    assert outcome == Outcome((), (), ())
    assert state.resident == {1}


def test_the_last_use_counts_events_from_zero() -> None:
    past = past_of((0, 1), (1,), (2,))
    assert [last_use(expert, past) for expert in range(4)] == [0, 1, 2, -1]


def test_lru_and_lfu_part_where_one_was_used_often_and_long_ago() -> None:
    trace = ((0,), (0,), (1,), (2,))
    assert run(LruRule(), 2, *trace).resident == {1, 2}
    assert run(LfuRule(), 2, *trace).resident == {0, 2}


def test_lfu_starts_anew_with_who_comes_back() -> None:
    # 0 is used three times and leaves for 2; when it is back it counts 1 and leaves for 3.
    trace = ((0,), (0,), (0,), (1,), (1,), (1,), (1,), (2,), (2,), (0,), (3,))
    state = run(LfuRule(), 1, *trace)
    assert LfuRule().value(0, [*state.past, (Event(()), None)])[0] == 0
    back = run(LfuRule(), 1, *trace[:-1])
    assert LfuRule().value(0, [*back.past, (Event(()), None)])[0] == 1


def test_counts_halve_when_the_number_of_the_event_is_a_multiple() -> None:
    rule = LfruRule(2)
    assert rule.value(0, past_of((0,), (0,))) == (2 * LFRU_UNIT, 1)
    assert rule.value(0, past_of((0,), (0,), ())) == (LFRU_UNIT, 1)
    assert rule.value(0, past_of((0,), (0,), (0,))) == (2 * LFRU_UNIT, 2)
    assert LfruRule(1).value(0, past_of((0,), *[()] * 21)) == (0, 0), "rounded down"


def test_rank_lets_in_only_what_is_worth_more_than_who_leaves() -> None:
    trace = ((0,), (0,), (1,))
    assert run(RankRule(), 1, *trace).resident == {0}
    assert run(LfruRule(), 1, *trace).resident == {1}
    # As often, and later: that is more.
    assert run(RankRule(), 1, *trace, (1,)).resident == {1}
    assert run(RankRule(), 2, *trace).resident == {0, 1}, "a free place is free"


def test_a_static_set_comes_in_when_used_and_stays() -> None:
    state = run(StaticRule(frozenset({1, 3})), 2, (0,), (1, 2), (3,), (0, 2, 4))
    assert state.resident == {1, 3}
    assert state.past[0][1].bypasses == (0,)
