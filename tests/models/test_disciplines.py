"""Queue disciplines as the note can be read: what each pops, and where the right one is known."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.models.aging.disciplines import (
    DISCIPLINES,
    DOUBLES,
    Event,
    Pop,
    Push,
    double_key,
    double_priority,
    priority,
    run,
)


def push(time: int, name: str, bid: int, rate: int = 1) -> Push:
    return Push(time=Fraction(time), name=name, bid=Fraction(bid), rate=Fraction(rate))


def pop(time: int) -> Pop:
    return Pop(time=Fraction(time))


def names(discipline: str, *events: Event) -> list[str]:
    return [popped.request.name for popped in run(discipline, events)]


@st.composite
def runs(draw: st.DrawFn, rates: tuple[int, ...] = (1,)) -> list[Event]:
    events: list[Event] = []
    waiting = 0
    for i, time in enumerate(sorted(draw(st.lists(st.integers(0, 9), min_size=2, max_size=16)))):
        if waiting and draw(st.booleans()):
            events.append(pop(time))
            waiting -= 1
        else:
            bid, rate = draw(st.integers(0, 9)), draw(st.sampled_from(rates))
            events.append(push(time, f"r{i}", bid, rate))
            waiting += 1
    return events


@given(runs(rates=(0, 1, 2, 5)))
def test_the_exact_discipline_pops_the_greatest_priority(events: list[Event]) -> None:
    for popped in run("exact", events):
        assert priority(popped.request, popped.time) == popped.best


@given(runs())
def test_with_one_rate_the_static_key_and_doubles_of_small_numbers_do_as_the_exact_one(
    events: list[Event],
) -> None:
    first = run("exact", events)
    assert run("static_key", events) == first
    # Small integers are doubles, and so are all their sums and products here.
    for discipline in DOUBLES:
        assert run(discipline, events) == first


@given(runs())
def test_a_heap_by_snapshots_pops_by_bid_and_then_in_order(events: list[Event]) -> None:
    waiting: list[Push] = []
    log = iter(run("snapshot", events))
    for event in events:
        if isinstance(event, Push):
            waiting.append(event)
        else:
            greatest = max(waiting, key=lambda request: request.bid)
            assert next(log).request == greatest
            waiting.remove(greatest)


def test_a_snapshot_forgets_who_waited() -> None:
    events = (push(0, "old", 0), push(9, "new", 1), pop(9))
    assert names("snapshot", *events) == ["new"]
    assert names("exact", *events) == ["old"]


def test_one_static_key_is_wrong_for_two_rates() -> None:
    events = (push(0, "fast", 0, 2), push(0, "slow", 1, 0), pop(1))
    assert names("static_key", *events) == ["slow"]
    assert names("exact", *events) == ["fast"]


def test_ties_go_to_the_earliest_arrival_then_to_the_first_pushed() -> None:
    for discipline in DISCIPLINES:
        events = (push(0, "first", 2), push(0, "second", 2), pop(1), pop(1))
        assert names(discipline, *events) == ["first", "second"]
    later = (push(0, "early", 0), push(1, "late", 1), pop(2), pop(2))
    assert names("exact", *later) == names("static_key", *later) == ["early", "late"]


def test_doubles_at_a_wall_clock_lose_what_fractions_keep() -> None:
    clock = 1.7e9
    request = Push(time=Fraction(clock), name="r", bid=Fraction(0.1), rate=Fraction(0.1))
    time = Fraction(clock + 0.3)
    assert double_priority(request, time) == 0.1 + 0.1 * ((clock + 0.3) - clock)
    assert Fraction(double_priority(request, time)) != priority(request, time)
    assert double_key(request) == 0.1 * clock - 0.1
    assert Fraction(double_key(request)) != request.rate * request.time - request.bid


def test_a_key_in_doubles_loses_what_the_priority_at_the_pop_keeps() -> None:
    clock, less = 1.7e9, 1e-9
    events: list[Event] = [
        Push(time=Fraction(clock), name="r1", bid=Fraction(1.0), rate=Fraction(0.5)),
        Push(time=Fraction(clock), name="r2", bid=Fraction(1.0 + less), rate=Fraction(0.5)),
        pop(int(clock) + 1),
    ]
    assert names("exact", *events) == names("float_priority", *events) == ["r2"]
    assert names("float_key", *events) == ["r1"]


def test_the_best_is_that_of_all_who_wait_and_not_of_who_came_later() -> None:
    (popped,) = run("exact", (push(0, "a", 0), pop(1), push(1, "b", 9)))
    assert popped.best == popped.time == 1
    assert priority(push(5, "later", 3), Fraction(1)) == -1


@pytest.mark.parametrize(
    ("events", "rule"),
    [
        ((push(1, "a", 0), pop(0)), "time=0 must be >= 1"),
        ((push(0, "a", 0), push(0, "a", 1)), "a name of its own"),
        ((push(0, "a", 0, -1),), "a rate >= 0"),
        ((pop(0),), "the queue is empty"),
    ],
)
def test_events_that_are_none_are_refused(events: tuple[Event, ...], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        run("exact", events)
