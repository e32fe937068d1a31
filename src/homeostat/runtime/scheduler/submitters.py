"""Who waits until the bounded queue has room: first come, first served, with deadlines."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from typing import final

from homeostat.errors import HomeostatError
from homeostat.runtime.scheduler.requests import Request
from homeostat.runtime.scheduler.streams import TokenStream

__all__ = ["Submission", "Submitters"]


@final
@dataclass(slots=True, eq=False)
class Submission:
    """A request that nobody has queued yet, and what its submitter awaits."""

    request: Request
    stream: asyncio.Future[TokenStream]


@final
class Submitters:
    """Submissions that wait for room, by the id of their request, which is theirs alone.

    ``add``, ``discard`` and ``pop`` cost O(1), O(log n) more where there is a deadline.
    """

    def __init__(self) -> None:
        """Start empty."""
        # An ordered dictionary, since a plain one takes ever longer to find its first entry.
        self._waiting: OrderedDict[str, Submission] = OrderedDict()
        self._deadlines: list[tuple[int, int, Submission]] = []
        self._added = 0

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def __contains__(self, request_id: str) -> bool:
        """Return whether a request of that id waits."""
        return request_id in self._waiting

    def add(self, request: Request) -> Submission:
        """Let a request wait; its future gets its stream, or the error that it ends with."""
        assert request.id not in self._waiting, request.id
        future: asyncio.Future[TokenStream] = asyncio.get_running_loop().create_future()
        submission = self._waiting[request.id] = Submission(request, future)
        if request.deadline_ns is not None:
            self._added += 1
            heappush(self._deadlines, (request.deadline_ns, self._added, submission))
        return submission

    def discard(self, submission: Submission) -> None:
        """Let a submission wait no more, if it does."""
        if self._waits(submission):
            del self._waiting[submission.request.id]
        if len(self._deadlines) > 2 * len(self._waiting) + 64:
            self._deadlines = [entry for entry in self._deadlines if self._waits(entry[2])]
            heapify(self._deadlines)

    def rebid(self, request_id: str, bid: int) -> bool:
        """Change the bid of a request; False where none of that id waits.

        Raises:
            InvalidInputError: The bid is out of range.
        """
        submission = self._waiting.get(request_id)
        if submission is None:
            return False
        submission.request = replace(submission.request, bid=bid)
        return True

    def pop(self) -> Submission:
        """Remove and return who has waited longest; KeyError where nobody waits."""
        return self._waiting.popitem(last=False)[1]

    def pop_expired(self, now_ns: int) -> Iterator[Submission]:
        """Remove and yield those whose deadline is not after a time."""
        while (deadline_ns := self.deadline_ns) is not None and deadline_ns <= now_ns:
            submission = heappop(self._deadlines)[2]
            yield self._waiting.pop(submission.request.id)

    @property
    def deadline_ns(self) -> int | None:
        """The earliest deadline of those who wait."""
        while self._deadlines and not self._waits(self._deadlines[0][2]):
            heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else None

    def refuse(self, error: type[HomeostatError], message: str) -> None:
        """Turn away all who wait, each with an error of its own."""
        while self._waiting:
            stream = self.pop().stream
            if not stream.cancelled():
                stream.set_exception(error(message))

    def _waits(self, submission: Submission) -> bool:
        return self._waiting.get(submission.request.id) is submission

    def _check(self) -> None:
        """Assert all invariants."""
        waiting = self._waiting.values()
        assert all(key == s.request.id for key, s in self._waiting.items())
        timed = {s for s in waiting if s.request.deadline_ns is not None}
        assert timed <= {submission for _, _, submission in self._deadlines}
        assert all(s.stream.cancelled() or not s.stream.done() for s in waiting), (
            "served and still here"
        )
        for place, entry in enumerate(self._deadlines[1:], 1):
            assert self._deadlines[(place - 1) // 2][:2] < entry[:2], "no heap"
