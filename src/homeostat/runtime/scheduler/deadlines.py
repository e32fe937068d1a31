"""Which live request is the next whose deadline passes."""

from homeostat.runtime.scheduler.policies import KeyedQueue
from homeostat.runtime.scheduler.requests import TIME_NS_MAX, Request, Sequence

__all__ = ["Deadlines"]


def _deadline_ns(request: Request) -> tuple[int, int]:
    return (TIME_NS_MAX if request.deadline_ns is None else request.deadline_ns, 0)


class Deadlines:
    """The deadlines of live requests, soonest first; O(log n) amortised."""

    __slots__ = ("_queue",)

    def __init__(self) -> None:
        """Start with none."""
        self._queue = KeyedQueue(_deadline_ns)

    def __len__(self) -> int:
        """Return how many live requests have a deadline."""
        return len(self._queue)

    def watch(self, sequence: Sequence) -> None:
        """Take note of a sequence's deadline, if it has one."""
        if sequence.request.deadline_ns is not None:
            self._queue.add(sequence)

    def forget(self, request_id: str) -> None:
        """Drop a request that has left."""
        self._queue.cancel(request_id)

    def next_ns(self) -> int | None:
        """Return the soonest deadline, None where there is none."""
        return self._queue.first_key()[0] if self._queue else None

    def first(self) -> str:
        """Return the id of the request with the soonest deadline; IndexError without one."""
        return self._queue.peek(0)

    def _check(self) -> None:
        """Assert every invariant."""
        self._queue._check()
