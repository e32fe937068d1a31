"""Who is admitted next: the orders of the waiting requests.

An evicted sequence waits again under its first arrival, bid and serial number, so an eviction
costs it neither credit nor its place among equals.
"""

import heapq
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Protocol, TypeAlias

from homeostat.runtime.scheduler.requests import Request, Sequence

__all__ = ["KEYS", "KeyedQueue", "WaitingQueue"]

Key: TypeAlias = tuple[int, int]


class WaitingQueue(Protocol):
    """Waiting sequences in the order in which a policy admits them, by the ids of requests."""

    def add(self, sequence: Sequence) -> None:
        """Add a sequence whose id is not in the queue."""

    def peek(self, now_ns: int) -> str:
        """Return the id that is next at a time; IndexError where nothing waits."""

    def pop(self, now_ns: int) -> str:
        """Remove the id that is next at a time, and return it; IndexError where nothing waits."""

    def cancel(self, item_id: str) -> bool:
        """Remove an id; False where it does not wait."""

    def reorder(self, sequence: Sequence) -> None:
        """Order a waiting sequence by its request's new bid."""

    def __len__(self) -> int:
        """Return how many wait."""

    def _check(self) -> None:
        """Assert all invariants."""


def _fcfs(request: Request) -> Key:
    return (request.arrival_ns, 0)


def _priority(request: Request) -> Key:
    return (-request.bid, request.arrival_ns)


def _shortest(request: Request) -> Key:
    return (request.prompt_tokens + request.output_tokens_max, request.arrival_ns)


KEYS: Final[Mapping[str, Callable[[Request], Key]]] = MappingProxyType(
    {"fcfs": _fcfs, "priority": _priority, "shortest": _shortest}
)
"""Keys that time does not change; the least goes first, ties in the order of submission."""


class KeyedQueue:
    """A heap by a key that time does not change.

    Removal leaves a stale entry behind, which is dropped when it comes to the top, or with all
    the others once they outnumber the live ones. Push, pop, cancel: O(log n) amortised.
    """

    __slots__ = ("_entries", "_heap", "_key")

    def __init__(self, key: Callable[[Request], Key]) -> None:
        """Start empty."""
        self._key = key
        self._heap: list[tuple[Key, int, str]] = []
        self._entries: dict[str, tuple[Key, int, str]] = {}

    def add(self, sequence: Sequence) -> None:
        """Add a sequence whose id is not in the queue."""
        request = sequence.request
        assert request.id not in self._entries, request.id
        entry = (self._key(request), sequence.serial, request.id)
        self._entries[request.id] = entry
        heapq.heappush(self._heap, entry)

    def peek(self, now_ns: int) -> str:
        """Return the id that is next; IndexError where nothing waits."""
        return self._first()[2]

    def first_key(self) -> Key:
        """Return the key of the one that is next; IndexError where nothing waits."""
        return self._first()[0]

    def _first(self) -> tuple[Key, int, str]:
        while self._stale(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0]

    def pop(self, now_ns: int) -> str:
        """Remove the id that is next, and return it; IndexError where nothing waits."""
        item_id = self.peek(now_ns)
        heapq.heappop(self._heap)
        del self._entries[item_id]
        self._compact()
        return item_id

    def cancel(self, item_id: str) -> bool:
        """Remove an id; False where it does not wait."""
        if self._entries.pop(item_id, None) is None:
            return False
        self._compact()
        return True

    def reorder(self, sequence: Sequence) -> None:
        """Order a waiting sequence by its request's new bid."""
        del self._entries[sequence.request.id]
        self.add(sequence)
        self._compact()

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._entries)

    def _stale(self, entry: tuple[Key, int, str]) -> bool:
        return self._entries.get(entry[2]) is not entry

    def _compact(self) -> None:
        if len(self._heap) > 2 * len(self._entries) + 16:
            self._heap = sorted(self._entries.values())

    def _check(self) -> None:
        heap = self._heap
        assert all(heap[(i - 1) // 2] <= heap[i] for i in range(1, len(heap))), "not a heap"
        live = [entry for entry in heap if not self._stale(entry)]
        assert len(live) == len(self._entries), "an entry is lost or doubled"
        assert len(heap) <= 2 * len(live) + 16, "stale entries pile up"
