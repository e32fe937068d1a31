"""Aging queues that someone might write, each with one mistake, and one without.

The state machine must catch every mistake and accept ``Own``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from homeostat.runtime.scheduler.queue import AgingQueue

NS = 10**9


@dataclass
class Waiting:
    id: str
    arrival_ns: int
    bid: int
    rate_class: int
    serial: int


class Own:
    """Right, and written apart from the package: no key, no heap, no ``models``."""

    def __init__(self, rates: Sequence[int] = (1,)) -> None:
        self.changes = [[(0, rate)] for rate in rates]
        self.waiting: list[Waiting] = []
        self.serial = 0

    def __len__(self) -> int:
        return len(self.waiting)

    def earned(self, item: Waiting, now_ns: int) -> int:
        """Integrate the rate from arrival to now."""
        changes = self.changes[item.rate_class]
        ends = [time_ns for time_ns, _ in changes[1:]] + [max(now_ns, item.arrival_ns)]
        spans = zip(changes, ends, strict=True)
        return sum(
            rate * max(0, min(end, now_ns) - max(start, item.arrival_ns))
            for (start, rate), end in spans
        )

    def rank(self, item: Waiting, now_ns: int) -> Any:
        """Smaller goes first."""
        return (-item.bid * NS - self.earned(item, now_ns), item.arrival_ns, item.serial)

    def push(self, item_id: str, *, arrival_ns: int, bid: int = 0, rate_class: int = 0) -> None:
        self.waiting.append(Waiting(item_id, arrival_ns, bid, rate_class, self.serial))
        self.serial += 1

    def pop(self, now_ns: int) -> str:
        if not self.waiting:
            raise IndexError("empty")
        first = min(self.waiting, key=lambda item: self.rank(item, now_ns))
        self.waiting.remove(first)
        return first.id

    def cancel(self, item_id: str) -> bool:
        before = len(self.waiting)
        self.waiting = [item for item in self.waiting if item.id != item_id]
        return len(self.waiting) < before

    def rebid(self, item_id: str, bid: int) -> bool:
        for item in self.waiting:
            if item.id == item_id:
                item.bid = bid
                return True
        return False

    def change_rate(self, time_ns: int, rate: int, rate_class: int = 0) -> None:
        self.changes[rate_class].append((time_ns, rate))


class FirstComeFirstServed(Own):
    """Ignores the bids."""

    def rank(self, item: Waiting, now_ns: int) -> Any:
        return (item.arrival_ns, item.serial)


class NeverAges(Own):
    """Counts the bid alone: waiting earns nothing."""

    def rank(self, item: Waiting, now_ns: int) -> Any:
        return (-item.bid, item.arrival_ns, item.serial)


class LatestAmongEquals(Own):
    """Breaks ties by the latest push."""

    def rank(self, item: Waiting, now_ns: int) -> Any:
        return (super().rank(item, now_ns)[0], -item.serial)


class FloatPriorities(Own):
    """Computes the priority in float64."""

    def rank(self, item: Waiting, now_ns: int) -> Any:
        rate = self.changes[item.rate_class][-1][1]
        return (float(rate) * item.arrival_ns - float(item.bid) * NS, item.arrival_ns, item.serial)

    change_rate = None  # type: ignore[assignment]  # so that rounding is its only mistake


class WholeSeconds(Own):
    """Ages once a second: whoever arrived later in the same second is its equal."""

    def rank(self, item: Waiting, now_ns: int) -> Any:
        rate = self.changes[item.rate_class][-1][1]
        seconds = now_ns // NS - item.arrival_ns // NS
        return (-item.bid - rate * seconds, item.arrival_ns, item.serial)

    change_rate = None  # type: ignore[assignment]  # so that rounding is its only mistake


class RebidForgetsWaiting(Own):
    """Counts a re-bid item's waiting from the latest arrival on."""

    def rebid(self, item_id: str, bid: int) -> bool:
        found = super().rebid(item_id, bid)
        for item in self.waiting:
            if item.id == item_id:
                item.arrival_ns = max(other.arrival_ns for other in self.waiting)
        return found


class CancelLeavesAGhost(Own):
    """Cancels out of the count and not out of the queue."""

    def __init__(self, rates: Sequence[int] = (1,)) -> None:
        super().__init__(rates)
        self.cancelled: set[str] = set()

    def __len__(self) -> int:
        return len({item.id for item in self.waiting} - self.cancelled)

    def cancel(self, item_id: str) -> bool:
        known = any(item.id == item_id for item in self.waiting) and item_id not in self.cancelled
        self.cancelled.add(item_id)
        return known


class CancelSaysYes(Own):
    """Says that it cancelled what does not wait."""

    def cancel(self, item_id: str) -> bool:
        super().cancel(item_id)
        return True


class RateRewritesThePast(Own):
    """Applies a changed rate to the time before the change too."""

    def change_rate(self, time_ns: int, rate: int, rate_class: int = 0) -> None:
        self.changes[rate_class] = [(0, rate)]


class OneRateForAll(Own):
    """Ages everything at the rate of the first class."""

    def push(self, item_id: str, *, arrival_ns: int, bid: int = 0, rate_class: int = 0) -> None:
        super().push(item_id, arrival_ns=arrival_ns, bid=bid, rate_class=0)


class LosesTheSixth(Own):
    """Forgets one item when a sixth is pushed."""

    def push(self, item_id: str, *, arrival_ns: int, bid: int = 0, rate_class: int = 0) -> None:
        super().push(item_id, arrival_ns=arrival_ns, bid=bid, rate_class=rate_class)
        if len(self.waiting) == 6:
            del self.waiting[2]


class ReturnsNoneWhenEmpty(Own):
    """Answers None where it should raise."""

    def pop(self, now_ns: int) -> Any:
        return super().pop(now_ns) if self.waiting else None


class CrashesOnRebid(Own):
    """Raises where it should answer."""

    def rebid(self, item_id: str, bid: int) -> bool:
        return bool(self.waiting[0] and super().rebid(item_id, bid))


class StaleHeadsStay(AgingQueue):
    """The package's own queue, which leaves stale entries at the top."""

    _check = None  # type: ignore[assignment]  # its answers have to give it away

    def _drop_stale_heads(self, heap: Any) -> None:
        pass


class CompactionLosesOne(AgingQueue):
    """The package's own queue, which drops an entry when it tidies up."""

    _check = None  # type: ignore[assignment]

    def _tidy(self, heap: Any) -> None:
        tidies_up = self._stale > max(8, len(self))
        super()._tidy(heap)
        if tidies_up and heap:
            heap.pop()


class RebidForgetsTheKey(AgingQueue):
    """The package's own queue, which re-bids for the counter and not for the heap."""

    _check = None  # type: ignore[assignment]

    def rebid(self, item_id: str, bid: int) -> bool:
        return item_id in self
