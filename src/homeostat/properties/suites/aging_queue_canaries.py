"""Queues that order by something else than the priority now; the suite must tell each of them.

Each is a claim about queues made code: note 001, section 3, proposes a heap that is refreshed on
access only, and one key for all would do if all rates were equal.
"""

from collections.abc import Sequence
from typing import Any

from homeostat.models.aging import NANOSECONDS, effective_priority, static_key

__all__ = ["OneKeyQueue", "SnapshotQueue"]


class _ByKey:
    """A list of items with a key that is computed when they are pushed; least first."""

    def __init__(self, rates: Sequence[int] = (1,)) -> None:
        self.rates = tuple(rates)
        self.items: list[list[Any]] = []
        self.pushed = 0

    def __len__(self) -> int:
        return len(self.items)

    def key(self, arrival_ns: int, bid: int, rate_class: int) -> Any:
        """Return the key, smaller first."""
        return static_key(bid, self.rates[rate_class] * arrival_ns, unit=NANOSECONDS)

    def push(self, item_id: str, *, arrival_ns: int, bid: int = 0, rate_class: int = 0) -> None:
        """Add an item under its key."""
        key = self.key(arrival_ns, bid, rate_class)
        self.items.append([key, arrival_ns, self.pushed, item_id, rate_class])
        self.pushed += 1

    def pop(self, now_ns: int) -> str:
        """Remove the item of the least key."""
        if not self.items:
            raise IndexError("pop from an empty queue")
        first = min(self.items)
        self.items.remove(first)
        return str(first[3])

    def cancel(self, item_id: str) -> bool:
        """Remove an item."""
        kept = [item for item in self.items if item[3] != item_id]
        found = len(kept) < len(self.items)
        self.items = kept
        return found

    def rebid(self, item_id: str, bid: int) -> bool:
        """Compute an item's key again."""
        found = next((item for item in self.items if item[3] == item_id), None)
        if found is not None:
            found[0] = self.key(found[1], bid, found[4])
        return found is not None


class OneKeyQueue(_ByKey):
    """One static key for items of all rates: right for one rate, wrong for two."""


class SnapshotQueue(_ByKey):
    """Keyed by the priority on arrival; on a pop the first alone is refreshed, while it leads."""

    def __init__(self, rates: Sequence[int] = (1,)) -> None:
        """Create it without bids."""
        super().__init__(rates)
        self.bids: dict[str, int] = {}

    def key(self, arrival_ns: int, bid: int, rate_class: int) -> int:
        """Return minus the priority on arrival, when nothing is earned yet."""
        return -int(effective_priority(bid, 0, unit=NANOSECONDS))

    def push(self, item_id: str, *, arrival_ns: int, bid: int = 0, rate_class: int = 0) -> None:
        """Add an item and remember its bid."""
        self.bids[item_id] = bid
        super().push(item_id, arrival_ns=arrival_ns, bid=bid, rate_class=rate_class)

    def rebid(self, item_id: str, bid: int) -> bool:
        """Remember the new bid."""
        self.bids[item_id] = bid
        return super().rebid(item_id, bid)

    def pop(self, now_ns: int) -> str:
        """Refresh the first until it is still the first, and remove it."""
        while self.items:
            first = min(self.items)
            earned = self.rates[first[4]] * (now_ns - first[1])
            key = -int(effective_priority(self.bids[first[3]], earned, unit=NANOSECONDS))
            if first[0] == key:
                break
            first[0] = key
        return super().pop(now_ns)
