"""A priority queue in which waiting counts, and in which no key is rewritten as time passes.

An item with bid b that arrived at t_a has at time t the priority b + A(t) - A(t_a), where A is
the credit that its class earns by waiting (``models.aging``). Within a class A(t) is the same for
all, so the class is a heap by the key A(t_a) - b, which time does not change (note 001, section
3). Across classes of different rates the order does change, but the greatest of all is always one
of the greatest of each: a pop compares the heads of K heaps at the time of the pop.

Cancel and re-bid leave a stale entry in its heap, dropped when it comes to the top, or all at once
when stale entries outnumber live ones.

Cost, for n items in K classes, amortised over cancels and re-bids
    push, rebid: O(log n); a random key takes O(1) comparisons on average.
    pop: O(K + log n). peek: O(K). cancel, in, len: O(1).
    A class whose rate has changed c times adds O(log c) where a credit is needed.

Notation, as in ``models.aging``
    key, credit, priority: micro-bids x 10^-9; t: ns; rates: micro-bids per second.
"""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import Final, TypeAlias

from homeostat.errors import InvalidInputError
from homeostat.models.aging import NANOSECONDS, SharedRate, static_key
from homeostat.runtime.scheduler.requests import BID_MAX, RATE_MAX, TIME_NS_MAX, integer_in

__all__ = ["AgingQueue"]

_Entry: TypeAlias = tuple[int, int, int, str, int]
"""(key, arrival in ns, serial, id, class): the order of tuples is the order of the queue."""

_STALE_MIN: Final = 8
"""So few stale entries are never in the way."""


class AgingQueue:
    """Items by greatest priority now; ties by earliest arrival, then by first push.

    Exact: keys are integers, and the values allowed keep each within 128 bits. A queue of one
    class needs no clock; its order holds at any time.
    """

    __slots__ = ("_constant_rate", "_entries", "_heaps", "_rates", "_serial", "_stale")

    def __init__(self, rates: Sequence[int | SharedRate] = (1,)) -> None:
        """Create an empty queue.

        Args:
            rates: Micro-bids per second that each class earns by waiting; an item names its
                class by index. A ``SharedRate`` is copied.

        Raises:
            InvalidInputError: There is no rate, or one is not an integer in 0 .. ``RATE_MAX``.
        """
        if not rates:
            raise InvalidInputError(f"rates={rates!r} must have at least one rate")
        self._rates = [_copied(rate) for rate in rates]
        self._heaps: list[list[_Entry]] = [[] for _ in self._rates]
        self._entries: dict[str, _Entry] = {}
        self._serial = 0
        self._stale = 0
        self._constant_rate = _constant(self._rates)

    def __len__(self) -> int:
        """Return how many items wait."""
        return len(self._entries)

    def __contains__(self, item_id: object) -> bool:
        """Return whether an item waits."""
        return item_id in self._entries

    def push(
        self,
        item_id: str,
        *,
        arrival_ns: int,
        bid: int = 0,
        rate_class: int = 0,
        serial: int | None = None,
    ) -> None:
        """Add an item.

        Args:
            item_id: Unique among those that wait.
            arrival_ns: When its waiting began, 0 .. ``TIME_NS_MAX``; it may lie in the past.
            bid: Micro-bids, 0 .. ``BID_MAX``.
            rate_class: Index into the rates.
            serial: Its place among ties, >= 0; no other item that waits may have it. None for
                the one after all that were pushed.

        Raises:
            InvalidInputError: The item waits already, or a value is not an integer in its range.
        """
        rate = self._constant_rate
        if (
            rate is not None
            and type(rate_class) is int
            and rate_class == 0
            and type(arrival_ns) is int
            and type(bid) is int
            and 0 <= arrival_ns <= TIME_NS_MAX
            and 0 <= bid <= BID_MAX
        ):
            # What ``_key`` comes to in the usual case, at a third of its cost.
            key = rate * arrival_ns - bid * NANOSECONDS
        else:
            key = self._key(arrival_ns, bid, rate_class)
        if serial is None:
            serial = self._serial
            self._serial = serial + 1
        else:
            self._serial = max(self._serial, integer_in("serial", serial, 0) + 1)
        entry = (key, arrival_ns, serial, item_id, rate_class)
        # One look-up finds a double and files the entry.
        if self._entries.setdefault(item_id, entry) is not entry:
            raise InvalidInputError(f"item_id={item_id!r} must not wait already")
        heappush(self._heaps[rate_class], entry)

    def pop(self, now_ns: int) -> str:
        """Remove and return the item of the greatest priority at a time.

        Raises:
            IndexError: The queue is empty.
            InvalidInputError: The time is not an integer in 0 .. ``TIME_NS_MAX``.
        """
        heaps = self._heaps
        heap = heaps[0] if len(heaps) == 1 else heaps[self._leading_class(now_ns)]
        if not heap:
            raise IndexError("pop from an empty queue")
        if type(now_ns) is not int or not 0 <= now_ns <= TIME_NS_MAX:
            integer_in("now_ns", now_ns, 0, TIME_NS_MAX)
        item_id = heappop(heap)[3]
        del self._entries[item_id]
        if self._stale:
            self._tidy(heap)
        return item_id

    def peek(self, now_ns: int) -> str:
        """Return the item that ``pop`` would, and leave it.

        Raises:
            IndexError: The queue is empty.
            InvalidInputError: As of ``pop``.
        """
        integer_in("now_ns", now_ns, 0, TIME_NS_MAX)
        heap = self._heaps[self._leading_class(now_ns)]
        if not heap:
            raise IndexError("peek into an empty queue")
        return heap[0][3]

    def cancel(self, item_id: str) -> bool:
        """Remove an item wherever it stands; return whether it was waiting."""
        entry = self._entries.pop(item_id, None)
        if entry is None:
            return False
        self._stale += 1
        self._tidy(self._heaps[entry[4]])
        return True

    def rebid(self, item_id: str, bid: int) -> bool:
        """Change an item's bid, keep its arrival and its place among ties.

        Returns:
            Whether it was waiting.

        Raises:
            InvalidInputError: The bid is not an integer in 0 .. ``BID_MAX``.
        """
        integer_in("bid", bid, 0, BID_MAX)
        entry = self._entries.get(item_id)
        if entry is None:
            return False
        _, arrival_ns, serial, _, rate_class = entry
        key = self._key(arrival_ns, bid, rate_class)
        changed = (key, arrival_ns, serial, item_id, rate_class)
        self._entries[item_id] = changed
        heappush(self._heaps[rate_class], changed)
        self._stale += 1
        self._tidy(self._heaps[rate_class])
        return True

    def change_rate(self, time_ns: int, rate: int, rate_class: int = 0) -> None:
        """Let a class earn at another rate from a time on; no key changes. O(n).

        Raises:
            InvalidInputError: A value is not an integer in its range; the time is not after the
                class's last change; or an item of the class arrived after it, so that its key
                already counts the old rate beyond the change.
        """
        integer_in("time_ns", time_ns, 0, TIME_NS_MAX)
        integer_in("rate", rate, 0, RATE_MAX)
        integer_in("rate_class", rate_class, 0, len(self._rates) - 1)
        latest = max((e[1] for e in self._entries.values() if e[4] == rate_class), default=0)
        if not time_ns >= latest:
            raise InvalidInputError(
                f"time_ns={time_ns!r} must be >= {latest}, the latest arrival that waits"
            )
        try:
            self._rates[rate_class].change(time_ns, rate)
        except ValueError as error:
            raise InvalidInputError(str(error)) from error
        self._constant_rate = _constant(self._rates)

    def _key(self, arrival_ns: int, bid: int, rate_class: int) -> int:
        integer_in("arrival_ns", arrival_ns, 0, TIME_NS_MAX)
        integer_in("bid", bid, 0, BID_MAX)
        integer_in("rate_class", rate_class, 0, len(self._rates) - 1)
        credit = self._rates[rate_class].credit(arrival_ns)
        key: int = static_key(bid, credit, unit=NANOSECONDS)
        return key

    def _leading_class(self, now_ns: int) -> int:
        """Return the class whose head is the greatest at a time; 0 if all are empty."""
        heaps = self._heaps
        if len(heaps) == 1:
            return 0
        integer_in("now_ns", now_ns, 0, TIME_NS_MAX)
        leaders = (
            (heap[0][0] - rate.credit(now_ns), heap[0][1], heap[0][2], index)
            for index, (heap, rate) in enumerate(zip(heaps, self._rates, strict=True))
            if heap
        )
        return min(leaders, default=(0, 0, 0, 0))[3]

    def _drop_stale_heads(self, heap: list[_Entry]) -> None:
        entries = self._entries
        while heap and entries.get(heap[0][3]) is not heap[0]:
            heappop(heap)
            self._stale -= 1

    def _tidy(self, heap: list[_Entry]) -> None:
        """Keep the head of a heap live, and stale entries fewer than live ones."""
        if self._stale > max(_STALE_MIN, len(self._entries)):
            for each in self._heaps:
                each.clear()
            for entry in self._entries.values():
                self._heaps[entry[4]].append(entry)
            for each in self._heaps:
                heapify(each)
            self._stale = 0
        else:
            self._drop_stale_heads(heap)

    def _check(self) -> None:
        """Assert every invariant. O(n log c)."""
        filed = [entry for heap in self._heaps for entry in heap]
        live = [entry for entry in filed if self._entries.get(entry[3]) is entry]
        assert len(live) == len(self._entries)
        assert len(filed) == len(live) + self._stale
        assert self._stale <= max(_STALE_MIN, len(live))
        for rate_class, heap in enumerate(self._heaps):
            assert all(entry[4] == rate_class for entry in heap)
            assert all(heap[(i - 1) // 2] <= heap[i] for i in range(1, len(heap)))
            assert not heap or self._entries.get(heap[0][3]) is heap[0]
        for item_id, (key, arrival_ns, serial, own_id, rate_class) in self._entries.items():
            bid = (self._rates[rate_class].credit(arrival_ns) - key) // NANOSECONDS
            assert own_id == item_id
            assert 0 <= bid <= BID_MAX
            assert key == self._key(arrival_ns, bid, rate_class)
            assert 0 <= serial < self._serial
        assert len({entry[2] for entry in live}) == len(live)


def _copied(rate: int | SharedRate) -> SharedRate:
    changes = rate.changes if isinstance(rate, SharedRate) else ((0, rate),)
    for time_ns, value in changes:
        integer_in("time_ns", time_ns, 0, TIME_NS_MAX)
        integer_in("rate", value, 0, RATE_MAX)
    return SharedRate(changes[0][1], changes[1:])


def _constant(rates: Sequence[SharedRate]) -> int | None:
    """Return the first class's rate if it has never changed, else None."""
    changes = rates[0].changes
    return changes[0][1] if len(changes) == 1 else None
