"""The aging queue at its plainest: a list, scanned whole for every question.

It never computes a key. Each item's priority is the formula of note 001, section 3, at the time of
the question, in integers; so it shows what the keys of the runtime's queue have to come to.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from homeostat.models.aging import NANOSECONDS, SharedRate, effective_priority

__all__ = ["Item", "NaiveQueue"]


@dataclass(slots=True)
class Item:
    """One that waits.

    Attributes:
        id: Its name.
        arrival_ns: ns.
        bid: Micro-bids.
        rate_class: Index into the rates.
        serial: How many were pushed before it.
    """

    id: str
    arrival_ns: int
    bid: int
    rate_class: int
    serial: int


class NaiveQueue:
    """What ``AgingQueue`` must be equal to, O(n) or worse in everything."""

    def __init__(self, rates: Sequence[int]) -> None:
        """Create an empty queue with one rate a class, in micro-bids per second."""
        self.rates = [SharedRate(rate) for rate in rates]
        self.items: list[Item] = []
        self.pushed = 0

    def push(self, item_id: str, *, arrival_ns: int, bid: int, rate_class: int) -> None:
        """Add an item."""
        self.items.append(Item(item_id, arrival_ns, bid, rate_class, self.pushed))
        self.pushed += 1

    def priority(self, item: Item, now_ns: int) -> int:
        """Return the effective priority, micro-bids x 10^-9."""
        rate = self.rates[item.rate_class]
        earned = rate.credit(now_ns) - rate.credit(item.arrival_ns)
        priority: int = effective_priority(item.bid, earned, unit=NANOSECONDS)
        return priority

    def first(self, now_ns: int) -> Item:
        """Return the item of the greatest priority: earliest arrival, then push, among equals."""
        return min(self.items, key=lambda i: (-self.priority(i, now_ns), i.arrival_ns, i.serial))

    def find(self, item_id: str) -> Item | None:
        """Return the item of that name, None if it does not wait."""
        return next((item for item in self.items if item.id == item_id), None)
