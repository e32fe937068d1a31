"""A priority queue with aging that goes stale: what waiting earns is counted at the top only.

homeostat fuzz aging-queue --target docs/examples/stale_queue.py:StaleQueue
"""

from collections.abc import Sequence
from heapq import heappop, heappush


class StaleQueue:
    """A heap by priority on arrival; its top alone is brought up to date before it goes."""

    def __init__(self, rates: Sequence[int] = (1,)) -> None:
        """Take the rate of each class, micro-bids per second."""
        self.rates = rates
        self.heap: list[tuple[int, int, int, str]] = []
        self.known: dict[str, tuple[int, int, int, int]] = {}
        self.pushed = 0

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self.known)

    def push(self, item_id: str, *, arrival_ns: int, bid: int = 0, rate_class: int = 0) -> None:
        """Add an item under its priority on arrival: its bid, negated for the heap."""
        self.known[item_id] = (bid, arrival_ns, self.pushed, rate_class)
        heappush(self.heap, (-bid * 10**9, arrival_ns, self.pushed, item_id))
        self.pushed += 1

    def pop(self, now_ns: int) -> str:
        """Bring the top up to date until it is still the top: the others are never looked at."""
        while self.heap:
            item_id = heappop(self.heap)[3]
            if item_id not in self.known:
                continue
            bid, arrival_ns, serial, rate_class = self.known[item_id]
            earned = self.rates[rate_class] * (now_ns - arrival_ns)
            fresh = (-bid * 10**9 - earned, arrival_ns, serial, item_id)
            if not self.heap or fresh <= self.heap[0]:
                del self.known[item_id]
                return item_id
            heappush(self.heap, fresh)
        raise IndexError("pop from an empty queue")

    def cancel(self, item_id: str) -> bool:
        """Remove an item."""
        return self.known.pop(item_id, None) is not None

    def rebid(self, item_id: str, bid: int) -> bool:
        """Change a bid."""
        if item_id not in self.known:
            return False
        _, arrival_ns, serial, rate_class = self.known[item_id]
        self.known[item_id] = (bid, arrival_ns, serial, rate_class)
        heappush(self.heap, (-bid * 10**9, arrival_ns, serial, item_id))
        return True
