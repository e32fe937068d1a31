"""Queues that order waiting requests in five ways, run as written; only one is right.

``exact`` looks at every waiting request at each pop and takes the greatest effective priority.
The others are what the note's text can be read to say (note 001, section 3), or what a runtime
may be tempted to do: one static key although each request has its own rate; a heap that is keyed
by the priority at the push and looked at again at its top alone; the static key, or the priority
at the pop, in double precision.

Ties go to the earliest arrival, then to the first pushed.

Notation
    time: seconds, any exact number; bid, priority: any unit; rate: that unit per second, >= 0.
"""

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Protocol, TypeAlias

from homeostat.models.aging.priorities import effective_priority, static_key
from homeostat.models.numbers import Number

__all__ = [
    "DISCIPLINES",
    "DOUBLES",
    "Discipline",
    "Event",
    "Pop",
    "Popped",
    "Push",
    "double_key",
    "double_priority",
    "priority",
    "run",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A request that arrives, and waits from then on."""

    time: Fraction
    name: str
    bid: Fraction
    rate: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Pop:
    """A moment at which one waiting request is taken."""

    time: Fraction


Event: TypeAlias = Push | Pop


@dataclass(frozen=True, slots=True, kw_only=True)
class Popped:
    """What a pop took.

    Attributes:
        time: When.
        request: The one taken.
        best: The greatest effective priority among those that waited, the one taken included.
    """

    time: Fraction
    request: Push
    best: Fraction


def priority(request: Push, time: Number) -> Number:
    """Return the effective priority b + a (t - t_a), exactly; before its arrival by the formula."""
    return effective_priority(request.bid, request.rate * (time - request.time))


class Discipline(Protocol):
    """A queue of requests."""

    def push(self, request: Push) -> None:
        """Take a request in, at its arrival."""

    def pop(self, time: Fraction) -> Push:
        """Give one back and forget it."""


class _Scan:
    """Looks at every waiting request at each pop."""

    def __init__(self, of: Callable[[Push, Fraction], Number]) -> None:
        self._of = of
        self._waiting: list[Push] = []

    def push(self, request: Push) -> None:
        self._waiting.append(request)

    def pop(self, time: Fraction) -> Push:
        # Of equals, ``max`` gives the first pushed, which is also the first that arrived.
        found = max(self._waiting, key=lambda request: self._of(request, time))
        self._waiting.remove(found)
        return found


def double_priority(request: Push, time: Fraction) -> float:
    """Return the effective priority as doubles compute it, from numbers that are doubles."""
    waited = float(time) - float(request.time)
    return float(effective_priority(float(request.bid), float(request.rate) * waited))


def _exact_key(request: Push) -> Fraction:
    """Return the static key a t_a - b."""
    return Fraction(static_key(request.bid, request.rate * request.time))


def double_key(request: Push) -> float:
    """Return the static key as doubles compute it, from numbers that are doubles."""
    return float(static_key(float(request.bid), float(request.rate) * float(request.time)))


class _StaticKey:
    """A heap by the static key, which is right for one shared rate a if nothing is rounded."""

    def __init__(self, of: Callable[[Push], Number]) -> None:
        self._of = of
        self._heap: list[tuple[Number, int, Push]] = []
        self._count = 0

    def push(self, request: Push) -> None:
        heapq.heappush(self._heap, (self._of(request), self._count, request))
        self._count += 1

    def pop(self, time: Fraction) -> Push:
        return heapq.heappop(self._heap)[2]


class _Snapshot:
    """A heap by the priority at the push; a pop refreshes the top until it still leads."""

    def __init__(self) -> None:
        self._heap: list[tuple[Fraction, int, Push]] = []
        self._count = 0

    def push(self, request: Push) -> None:
        heapq.heappush(self._heap, (-priority(request, request.time), self._count, request))
        self._count += 1

    def pop(self, time: Fraction) -> Push:
        while True:
            _, serial, request = heapq.heappop(self._heap)
            refreshed = (-priority(request, time), serial, request)
            if not self._heap or refreshed[:2] <= self._heap[0][:2]:
                return request
            heapq.heappush(self._heap, refreshed)


DISCIPLINES: Final[Mapping[str, Callable[[], Discipline]]] = {
    "exact": lambda: _Scan(priority),
    "static_key": lambda: _StaticKey(_exact_key),
    "snapshot": _Snapshot,
    "float_key": lambda: _StaticKey(double_key),
    "float_priority": lambda: _Scan(double_priority),
}
DOUBLES: Final = frozenset({"float_key", "float_priority"})
"""Those that compute in double precision, so from numbers that are doubles."""


def run(discipline: str, events: Iterable[Event]) -> tuple[Popped, ...]:
    """Run events through a queue and return what its pops took.

    Args:
        discipline: A key of ``DISCIPLINES``; for one of ``DOUBLES`` all numbers must be doubles.
        events: In order of time, with distinct names.

    Raises:
        ValueError: The times decrease, a name comes twice, a rate is negative, or a pop finds
            the queue empty.
    """
    queue = DISCIPLINES[discipline]()
    waiting: list[Push] = []
    names: set[str] = set()
    popped = []
    last: Fraction | None = None
    for event in events:
        if last is not None and not event.time >= last:
            raise ValueError(f"time={event.time} must be >= {last}, the event before")
        last = event.time
        if isinstance(event, Push):
            if event.name in names or not event.rate >= 0:
                raise ValueError(f"{event} must have a name of its own and a rate >= 0")
            names.add(event.name)
            queue.push(event)
            waiting.append(event)
        elif not waiting:
            raise ValueError(f"the pop at {event.time} must find a request, the queue is empty")
        else:
            best = max(priority(request, event.time) for request in waiting)
            taken = queue.pop(event.time)
            waiting.remove(taken)
            popped.append(Popped(time=event.time, request=taken, best=best))
    return tuple(popped)
