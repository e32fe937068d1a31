"""Who waits until the bounded queue has room: first come, first served, with deadlines."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import final

from homeostat.errors import HomeostatError
from homeostat.runtime.scheduler.requests import Request
from homeostat.runtime.scheduler.streams import TokenStream

__all__ = ["Submitters"]

Ticket = asyncio.Future[TokenStream]


@final
class Submitters:
    """Requests that nobody has queued yet, each with the future that its submitter awaits.

    ``add``, ``discard`` and ``pop`` cost O(1), O(log n) more where there is a deadline.
    """

    def __init__(self) -> None:
        """Start empty."""
        # An ordered dictionary, since a plain one takes ever longer to find its first entry.
        self._waiting: OrderedDict[Ticket, Request] = OrderedDict()
        self._deadlines: list[tuple[int, int, Ticket]] = []
        self._added = 0

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def add(self, request: Request) -> Ticket:
        """Let a request wait; the future gets its stream, or the error that it ends with."""
        ticket: Ticket = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = request
        if request.deadline_ns is not None:
            self._added += 1
            heappush(self._deadlines, (request.deadline_ns, self._added, ticket))
        return ticket

    def discard(self, ticket: Ticket) -> None:
        """Let a request wait no more, if it does."""
        self._waiting.pop(ticket, None)
        if len(self._deadlines) > 2 * len(self._waiting) + 64:
            self._deadlines = [entry for entry in self._deadlines if entry[2] in self._waiting]
            heapify(self._deadlines)

    def pop(self) -> tuple[Request, Ticket]:
        """Remove and return who has waited longest; KeyError where nobody waits."""
        ticket, request = self._waiting.popitem(last=False)
        return request, ticket

    def pop_expired(self, now_ns: int) -> Iterator[tuple[Request, Ticket]]:
        """Remove and yield those whose deadline is not after a time."""
        while (deadline_ns := self.deadline_ns) is not None and deadline_ns <= now_ns:
            ticket = heappop(self._deadlines)[2]
            yield self._waiting.pop(ticket), ticket

    @property
    def deadline_ns(self) -> int | None:
        """The earliest deadline of those who wait."""
        while self._deadlines and self._deadlines[0][2] not in self._waiting:
            heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else None

    def refuse(self, error: type[HomeostatError], message: str) -> None:
        """Turn away all who wait, each with an error of its own."""
        while self._waiting:
            _, ticket = self.pop()
            if not ticket.cancelled():
                ticket.set_exception(error(message))

    def _check(self) -> None:
        timed = {t for t, request in self._waiting.items() if request.deadline_ns is not None}
        assert timed <= {ticket for _, _, ticket in self._deadlines}
        assert all(t.cancelled() or not t.done() for t in self._waiting), "served and still here"
        for place, entry in enumerate(self._deadlines[1:], 1):
            assert self._deadlines[(place - 1) // 2][:2] < entry[:2], "no heap"
