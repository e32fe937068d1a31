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
]


class Event(NamedTuple):
    """One event.

    Attributes:
        time_ns: When, as the caller of the scheduler says.
        kind: What.
        request_id: Of which request.
        figure: Tokens: of the prompt (submitted, refused); to compute (admitted, resumed);
            whose KV is lost (evicted); generated so far (the others).
    """

    time_ns: int
    kind: Kind
    request_id: str
    figure: int


class EventLog:
    """The last events, or all of them to a sink; what is dropped is counted.

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
        self.recorded = 0

    @property
    def dropped(self) -> int:
        """Events that the ring no longer holds."""
        return self.recorded - len(self._events)

    def __len__(self) -> int:
        """Return how many events are kept."""
        return len(self._events)

    def __iter__(self) -> Iterator[Event]:
        """Iterate over the events that are kept, oldest first."""
        return iter(self._events)

    def record(self, time_ns: int, kind: Kind, request_id: str, figure: int) -> None:
        """Keep an event, and hand it to the sink."""
        event = Event(time_ns, kind, request_id, figure)
        self.recorded += 1
        self._events.append(event)
        if self._sink is not None:
            self._sink(event)

    def _check(self) -> None:
        """Assert that nothing is kept that was not recorded."""
        assert len(self._events) <= self.recorded
