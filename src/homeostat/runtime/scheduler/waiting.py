"""Those that wait: in the order of the policy, and held back by its window when they are new."""

from homeostat.runtime.scheduler.monitor import EntropyMonitor
from homeostat.runtime.scheduler.policies import Policy, waiting_queue
from homeostat.runtime.scheduler.requests import Sequence
from homeostat.runtime.scheduler.window import Window, window_named

__all__ = ["WaitingRoom"]


class WaitingRoom:
    """Waiting sequences by id, and the batching window over them.

    The window opens with an arrival that finds nobody waiting, and closes a width after it; the
    width is asked for once. Until then nobody is admitted, unless those that wait fill the batch,
    or one of them was evicted: it has waited before.

    Attributes:
        sequences: Who waits, by id; to be changed by the methods only.
        monitor: Has seen every arrival.
        window: Says how wide the window is.
        closes_ns: When the last window closes.
    """

    __slots__ = ("_latest_ns", "_queue", "closes_ns", "monitor", "sequences", "window")

    def __init__(self, policy: Policy) -> None:
        """Start empty, with no window open."""
        self._queue = waiting_queue(policy)
        self.sequences: dict[str, Sequence] = {}
        self.monitor = EntropyMonitor()
        self.window: Window = window_named(policy.window, policy.window_ns)
        self.closes_ns = 0
        self._latest_ns = 0

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self.sequences)

    def arrive(self, sequence: Sequence) -> None:
        """Let a new one wait. One that arrived before the last counts as simultaneous with it."""
        arrival_ns = sequence.request.arrival_ns
        self._latest_ns = max(self._latest_ns, arrival_ns)
        self.monitor.record(self._latest_ns)
        if not self.sequences:
            self.closes_ns = arrival_ns + self.window.width_ns(self.monitor)
        self._add(sequence)

    def come_back(self, sequence: Sequence) -> None:
        """Let an evicted one wait; it closes the window."""
        self.closes_ns = 0
        self._add(sequence)

    def _add(self, sequence: Sequence) -> None:
        self.sequences[sequence.request.id] = sequence
        self._queue.add(sequence)

    def first(self, now_ns: int) -> Sequence:
        """Return who is next; IndexError where nobody waits."""
        return self.sequences[self._queue.peek(now_ns)]

    def call_first(self, now_ns: int) -> None:
        """Let the next one go; IndexError where nobody waits."""
        del self.sequences[self._queue.pop(now_ns)]

    def leave(self, request_id: str) -> bool:
        """Let one go wherever it stands; False where it does not wait."""
        if self.sequences.pop(request_id, None) is None:
            return False
        self._queue.cancel(request_id)
        return True

    def reorder(self, sequence: Sequence) -> None:
        """Order one that waits by its request's new bid."""
        self._queue.reorder(sequence)

    def is_held_back(self, now_ns: int, seats: int, tokens: int) -> bool:
        """Return whether the window is open and so many seats and tokens would not be filled.

        O(1) where no window is open, else O(seats).
        """
        if now_ns >= self.closes_ns or len(self.sequences) >= seats:
            return False
        return sum(sequence.tokens for sequence in self.sequences.values()) < tokens

    def _check(self) -> None:
        """Assert every invariant."""
        self._queue._check()
        self.monitor._check()
        assert len(self._queue) == len(self.sequences)
        assert all(request_id == s.request.id for request_id, s in self.sequences.items())
