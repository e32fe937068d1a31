"""What happened to requests, as small tuples: kept in a ring, or handed to a callable."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, TypeAlias

from homeostat.runtime.scheduler.requests import integer_in

__all__ = ["Event", "EventLog", "Kind"]

Kind: TypeAlias = Literal[
    "submitted",
    "refused",
    "admitted",
    "resumed",
    "first_token",
    "evicted",
    "finished",
    "cancelled",
    "expired",
    "rebid",
]


class Event(NamedTuple):
    """One event.

    Attributes:
        time_ns: When, as the caller of the scheduler says.
        kind: What.
        request_id: Of which request.
        figure: Tokens: of the prompt (submitted, refused); to compute (admitted, resumed);
            whose KV is lost (evicted); generated so far (the others). The new bid (rebid).
    """

    time_ns: int
    kind: Kind
    request_id: str
    figure: int


class EventLog:
    """The last events, or all of them to a sink; what is dropped is counted.

    A sink that raises must not stop what it looks at: the event counts as dropped, and
    ``sink_error`` is what it raised last.

    Args:
        events_max: Events that are kept; the oldest goes first.
        sink: Called with each event at once. It must not call the scheduler back.

    Raises:
        InvalidInputError: ``events_max`` is negative.
    """

    def __init__(
        self, *, events_max: int = 100_000, sink: Callable[[Event], None] | None = None
    ) -> None:
        """Start empty."""
        integer_in("events_max", events_max, 0)
        self._events: deque[Event] = deque(maxlen=events_max)
        self._sink = sink
        self._failed = 0
        self.recorded = 0
        self.sink_error: Exception | None = None

    @property
    def dropped(self) -> int:
        """Events lost: those at which the sink raised; without one, those no longer kept."""
        return self.recorded - len(self._events) if self._sink is None else self._failed

    def __len__(self) -> int:
        """Return how many events are kept."""
        return len(self._events)

    def __iter__(self) -> Iterator[Event]:
        """Iterate over the events that are kept, oldest first."""
        return iter(self._events)

    def record(self, time_ns: int, kind: Kind, request_id: str, figure: int) -> None:
        """Keep an event, and hand it to the sink; whatever that raises stays here."""
        event = Event(time_ns, kind, request_id, figure)
        self.recorded += 1
        self._events.append(event)
        if self._sink is None:
            return
        try:
            self._sink(event)
        except Exception as error:  # the sink is the user's, and must not stop a step half-way
            self._failed += 1
            self.sink_error = error

    def _check(self) -> None:
        """Assert that nothing is kept that was not recorded."""
        assert len(self._events) <= self.recorded
        assert (self.sink_error is None) == (self._failed == 0)
