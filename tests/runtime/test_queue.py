from collections.abc import Callable
from typing import Any

import pytest

from homeostat.errors import InvalidInputError
from homeostat.models.aging import NANOSECONDS, SharedRate
from homeostat.runtime.scheduler.queue import AgingQueue
from homeostat.runtime.scheduler.requests import BID_MAX, RATE_MAX, TIME_NS_MAX

S = NANOSECONDS


def drained(queue: AgingQueue, now_ns: int) -> list[str]:
    popped = []
    while queue:
        popped.append(queue.pop(now_ns))
        queue._check()
    return popped


def test_waiting_makes_up_for_a_bid_at_the_rate() -> None:
    for waited, first in ((5 * S - 1, "bids"), (5 * S, "waits"), (5 * S + 1, "waits")):
        queue = AgingQueue((2,))
        queue.push("waits", arrival_ns=0)
        queue.push("bids", arrival_ns=waited, bid=10)
        assert queue.peek(waited) == queue.pop(waited) == first


def test_ties_go_to_the_earliest_arrival_and_then_to_the_first_push() -> None:
    queue = AgingQueue((1,))
    queue.push("late", arrival_ns=S, bid=1)
    queue.push("early", arrival_ns=0)
    queue.push("early too", arrival_ns=0)
    assert drained(queue, 2 * S) == ["early", "early too", "late"]


@pytest.mark.parametrize("rates", [(1,), (1, 1)])
def test_a_serial_says_where_among_ties_one_stands(rates: tuple[int, ...]) -> None:
    queue = AgingQueue(rates)
    for item_id, serial in (("c", 7), ("d", None), ("a", 0), ("b", 5), ("e", None)):
        queue.push(item_id, arrival_ns=3, rate_class=len(rates) - 1, serial=serial)
        queue._check()
    assert drained(queue, 9) == ["a", "b", "c", "d", "e"]


def test_with_two_rates_the_order_changes_as_time_passes() -> None:
    def made() -> AgingQueue:
        queue = AgingQueue((1, 3))
        queue.push("bids", arrival_ns=0, bid=4)
        queue.push("ages", arrival_ns=0, rate_class=1)
        return queue

    assert made().pop(2 * S - 1) == "bids"
    assert made().pop(2 * S) == "bids"
    assert made().pop(2 * S + 1) == "ages"


def test_a_changed_rate_counts_from_its_time_on() -> None:
    queue = AgingQueue((0,))
    queue.push("waits", arrival_ns=0)
    queue.change_rate(10 * S, 1)
    queue.push("bids", arrival_ns=14 * S, bid=4)
    queue.push("bids more", arrival_ns=14 * S, bid=5)
    assert drained(queue, 14 * S) == ["bids more", "waits", "bids"]


def test_a_shared_rate_is_copied() -> None:
    rate = SharedRate(1, [(5, 2)])
    queue = AgingQueue((rate,))
    rate.change(6, 100)
    queue.push("a", arrival_ns=10)
    queue._check()
    queue.change_rate(10, 3)
    assert queue.pop(10) == "a"


def test_cancel_and_rebid_say_whether_it_waits() -> None:
    queue = AgingQueue()
    queue.push("a", arrival_ns=0)
    queue.push("b", arrival_ns=0)
    assert queue.rebid("b", 1)
    assert queue.cancel("a")
    assert not queue.cancel("a")
    assert not queue.rebid("a", 3)
    assert ("a" in queue, "b" in queue, len(queue)) == (False, True, 1)
    queue.push("a", arrival_ns=0, bid=2)
    assert drained(queue, 0) == ["a", "b"]


def test_stale_entries_never_outnumber_live_ones_for_long() -> None:
    queue = AgingQueue((1, 2))
    for i in range(100):
        queue.push(str(i), arrival_ns=i, rate_class=i % 2)
    for bid in range(1, 30):
        for i in range(0, 100, 3):
            queue.rebid(str(i), bid)
            queue._check()
    for i in range(95):
        queue.cancel(str(i))
        queue._check()
        assert sum(map(len, queue._heaps)) <= 2 * max(8, len(queue))
    # Bids of 29 micro-bids; and a nanosecond of waiting counts, at twice the rate for odd ones.
    assert drained(queue, 1000) == ["99", "96", "95", "97", "98"]


def test_stale_entries_do_not_outnumber_live_ones_when_the_live_are_popped() -> None:
    queue = AgingQueue()
    for i in range(100):
        queue.push(str(i), arrival_ns=i)
    for i in range(56, 100):
        queue.cancel(str(i))
    for i in range(56):
        assert queue.pop(100) == str(i)
        queue._check()
    assert not len(queue)


@pytest.mark.parametrize("rates", [(RATE_MAX,), (RATE_MAX, RATE_MAX - 1)])
def test_the_ends_of_the_range_are_ordered_exactly(rates: tuple[int, ...]) -> None:
    queue = AgingQueue(rates)
    queue.push("last", arrival_ns=TIME_NS_MAX)
    queue.push("bids", arrival_ns=TIME_NS_MAX, bid=BID_MAX)
    queue.push("a nanosecond", arrival_ns=TIME_NS_MAX - S, bid=1)
    queue.push("less", arrival_ns=TIME_NS_MAX - S + 1, bid=1)
    queue._check()
    assert drained(queue, TIME_NS_MAX) == ["a nanosecond", "bids", "less", "last"]


class Counting(int):
    """An integer whose keys count how often they are compared."""

    seen = 0

    def __rmul__(self, other: int) -> "Counting":
        return Counting(other * int(self))

    def __radd__(self, other: int) -> "Counting":
        return Counting(other + int(self))

    def __sub__(self, other: int) -> "Counting":
        return Counting(int(self) - other)

    def __eq__(self, other: object) -> bool:
        Counting.seen += 1
        return int.__eq__(self, other)

    def __hash__(self) -> int:
        return hash(int(self))


@pytest.mark.parametrize("size", [1, 10, 1000])
def test_time_passing_compares_nothing_and_a_pop_at_most_twice_the_height(size: int) -> None:
    queue = AgingQueue((1,))
    for i in range(size):
        queue.push(str(i), arrival_ns=Counting(i * 7919 % size))
    Counting.seen = 0
    for now_ns in (10**6, 10**12, 10**18):
        queue.peek(now_ns)
    assert Counting.seen == 0
    for left in range(size, 0, -1):
        before = Counting.seen
        queue.pop(10**18)
        # Tuples are compared by == first, once for each comparison of the heap.
        assert Counting.seen - before <= 2 * left.bit_length()
    assert (Counting.seen > 0) == (size > 2)


BAD: list[tuple[Callable[[AgingQueue], Any], str]] = [
    (lambda q: AgingQueue(()), "at least one rate"),
    (lambda q: AgingQueue((-1,)), "rate=-1 must be an integer >= 0"),
    (lambda q: AgingQueue((1.5,)), "rate=1.5 must be an integer"),  # type: ignore[arg-type]
    (lambda q: AgingQueue((RATE_MAX + 1,)), "must be an integer <= "),
    (lambda q: q.push("a", arrival_ns=0), "item_id='a' must not wait already"),
    (lambda q: q.push("b", arrival_ns=-1), "arrival_ns=-1 must be an integer >= 0"),
    (lambda q: q.push("b", arrival_ns=TIME_NS_MAX + 1), "must be an integer <= "),
    (lambda q: q.push("b", arrival_ns=0.5), "arrival_ns=0.5 must be an integer"),  # type: ignore[arg-type]
    (lambda q: q.push("b", arrival_ns=True), "arrival_ns=True must be an integer"),
    (lambda q: q.push("b", arrival_ns=0, bid=-1), "bid=-1 must be"),
    (lambda q: q.push("b", arrival_ns=0, bid=BID_MAX + 1), "must be an integer <= "),
    (lambda q: q.push("b", arrival_ns=0, rate_class=1), "rate_class=1 must be an integer <= 0"),
    (lambda q: q.push("b", arrival_ns=0, rate_class=-1), "rate_class=-1 must be"),
    (lambda q: q.push("b", arrival_ns=0, rate_class=0.0), "rate_class=0.0 must be an integer"),  # type: ignore[arg-type]
    (lambda q: q.push("b", arrival_ns=0, rate_class=False), "rate_class=False must be an integer"),
    (lambda q: q.push("b", arrival_ns=0, serial=-1), "serial=-1 must be an integer >= 0"),
    (lambda q: q.push("b", arrival_ns=0, serial=1.0), "serial=1.0 must be an integer"),  # type: ignore[arg-type]
    (lambda q: q.rebid("a", -1), "bid=-1 must be"),
    (lambda q: q.pop(-1), "now_ns=-1 must be"),
    (lambda q: q.pop(0.0), "now_ns=0.0 must be an integer"),  # type: ignore[arg-type]
    (lambda q: q.peek(-1), "now_ns=-1 must be"),
    (lambda q: q.change_rate(4, 1), "time_ns=4 must be >= 5, the latest arrival that waits"),
    (lambda q: q.change_rate(5, -1), "rate=-1 must be"),
    (lambda q: q.change_rate(5, 1, 1), "rate_class=1 must be"),
]


@pytest.mark.parametrize(("act", "shown"), BAD)
def test_bad_input_shows_value_and_rule_and_changes_nothing(
    act: Callable[[AgingQueue], Any], shown: str
) -> None:
    queue = AgingQueue()
    queue.push("a", arrival_ns=5)
    with pytest.raises(InvalidInputError) as caught:
        act(queue)
    assert shown in str(caught.value)
    queue._check()
    assert drained(queue, 5) == ["a"]


def test_a_rate_cannot_change_before_its_last_change() -> None:
    queue = AgingQueue()
    queue.change_rate(7, 2)
    with pytest.raises(InvalidInputError, match="time_ns=7 must be > 7, the last change"):
        queue.change_rate(7, 3)


@pytest.mark.parametrize("rates", [(1,), (1, 2)])
def test_an_empty_queue_has_nothing_to_give(rates: tuple[int, ...]) -> None:
    queue = AgingQueue(rates)
    for method in (queue.pop, queue.peek):
        with pytest.raises(IndexError):
            method(0)
    queue.push("a", arrival_ns=0)
    queue.cancel("a")
    with pytest.raises(IndexError):
        queue.pop(0)


def test_its_own_check_sees_a_key_that_is_wrong() -> None:
    queue = AgingQueue()
    queue.push("a", arrival_ns=5)
    entry = (queue._heaps[0][0][0] + 1, *queue._heaps[0][0][1:])
    queue._heaps[0][0] = queue._entries["a"] = entry
    with pytest.raises(AssertionError):
        queue._check()
