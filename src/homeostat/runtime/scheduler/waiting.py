"""Those that wait: in the order of the policy, and held back by its window when they are new."""

from homeostat.errors import InvalidInputError
from homeostat.runtime.scheduler.monitor import EntropyMonitor
from homeostat.runtime.scheduler.policies import AgingOrder, Policy, waiting_queue
from homeostat.runtime.scheduler.requests import TIME_NS_MAX, Sequence
from homeostat.runtime.scheduler.window import Window, window_named

__all__ = ["WaitingRoom"]


class WaitingRoom:
    """Waiting sequences by id, and the batching window over them.

    The window opens with an arrival that finds nobody waiting, and closes a width after it, as
    the window says at that arrival. It closes early when one is evicted, who has waited before.
    Every arrival is shown to the window, also while it is open, so that its regime follows.

    Attributes:
        sequences: Who waits, by id; to be changed by the methods only.
        monitor: Has seen every arrival.
        window: Says how wide the window is.
        closes_ns: When the last window closes, at most ``TIME_NS_MAX``.
    """

    __slots__ = ("_latest_ns", "_order", "_queue", "closes_ns", "monitor", "sequences", "window")

    def __init__(self, policy: Policy) -> None:
        """Start empty, with no window open."""
        self._order = policy.order
        self._queue = waiting_queue(policy)
        self.sequences: dict[str, Sequence] = {}
        self.monitor = EntropyMonitor(
            bin_width_ns=policy.bin_width_ns, bins_per_mean=policy.bins_per_mean
        )
        self.window: Window = window_named(
            policy.window, policy.window_ns, temperature_bits=policy.temperature_bits
        )
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
        width_ns = self.window.width_ns(self.monitor)
        if not self.sequences:
            self.closes_ns = min(arrival_ns + width_ns, TIME_NS_MAX)
        self._add(sequence)

    def come_back(self, sequence: Sequence) -> None:
        """Let an evicted one wait; it closes the window."""
        self.close_window()
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

    def close_window(self) -> None:
        """Close the window, if one is open."""
        self.closes_ns = 0

    def change_rate(self, time_ns: int, rate: int, rate_class: int) -> None:
        """Let a class earn at another rate from a time on.

        Raises:
            InvalidInputError: The order is not "aging", or as of ``AgingQueue.change_rate``.
        """
        if not isinstance(self._queue, AgingOrder):
            raise InvalidInputError(f"order={self._order!r} must be 'aging' to have a rate")
        self._queue.change_rate(time_ns, rate, rate_class)

    def _check(self) -> None:
        """Assert every invariant."""
        self._queue._check()
        self.monitor._check()
        assert 0 <= self.closes_ns <= TIME_NS_MAX
        assert len(self._queue) == len(self.sequences)
        assert all(request_id == s.request.id for request_id, s in self.sequences.items())
