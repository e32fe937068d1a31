"""Two designs for jobs that ask for more memory than is free, run event by event.

naive: who asks for what does not fit is frozen in place, with all that it holds, and thawed when
    it fits; anyone may be stopped by others, too, and keeps its memory.
airlock: a part of the memory, the room, is held by nobody for good. Who asks goes through the
    airlock, one at a time and for no more than the room, gives back what it took there when it
    leaves, and is frozen while someone is before it.

A stopped process keeps its pages; that is what an operating system does, and a test looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from homeostat.errors import InvalidInputError

__all__ = ["DESIGNS", "EVENTS", "Ask", "Event", "Run", "run"]

Event: TypeAlias = tuple[str, int, int]
"""What happens, the job that it happens to, and how much it asks for; 0 where it asks nothing."""

DESIGNS: Final = ("naive", "airlock")
EVENTS: Final = ("ask", "leave", "stop", "resume", "end", "die")
_RUNS, _WAITS, _STOPPED, _GONE = "runs", "waits", "stopped", "gone"
_ALIVE: Final = (_RUNS, _WAITS, _STOPPED)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request for memory.

    Attributes:
        amount: How much.
        whole: The same with what the job held.
        granted: Whether it was given at once.
        frozen_held: What frozen jobs held then.
    """

    amount: int
    whole: int
    granted: bool
    frozen_held: int


@dataclass(slots=True)
class Run:
    """A node, and what happened on it.

    Attributes:
        design: Which.
        capacity: Memory of the node.
        room: What nobody holds for good; 0 in the naive design.
        held: What each job holds, what it has inside the airlock included.
        state: Of each job.
        line: Who waits, in order, for how much, and which of the asks that is.
        inside: Who is in the airlock, and what it took there.
        asks: All requests so far.
        thawed: Which asks were met after a wait, in the order in which they were.
        used_max: The most that was ever held.
    """

    design: str
    capacity: int
    room: int
    held: list[int]
    state: list[str] = field(init=False)
    line: list[tuple[int, int, int]] = field(default_factory=list)
    inside: tuple[int, int] | None = None
    asks: list[Ask] = field(default_factory=list)
    thawed: list[int] = field(default_factory=list)
    used_max: int = field(init=False)

    def __post_init__(self) -> None:
        """Check the start.

        Raises:
            InvalidInputError: No such design, or the jobs do not fit.
        """
        if self.design not in DESIGNS:
            raise InvalidInputError(f"design={self.design!r:.40} must be one of {DESIGNS}")
        if not 0 <= self.room <= self.capacity or (self.design == "naive" and self.room):
            raise InvalidInputError(f"room={self.room} must be in 0 .. capacity, 0 if naive")
        if not self.held or min(self.held) < 0 or self.used + self.room > self.capacity:
            raise InvalidInputError(
                f"held={self.held} must be >= 0 and fit beside the room in {self.capacity}"
            )
        self.state = [_RUNS] * len(self.held)
        self.used_max = self.used

    @property
    def used(self) -> int:
        """Return what all jobs hold."""
        return sum(self.held)

    @property
    def alive(self) -> int:
        """Return how many jobs have not ended."""
        return sum(state in _ALIVE for state in self.state)

    @property
    def running(self) -> int:
        """Return how many jobs are alive and not frozen."""
        return self.state.count(_RUNS)

    @property
    def stopped(self) -> int:
        """Return how many were stopped by others and not resumed."""
        return self.state.count(_STOPPED)

    @property
    def in_order(self) -> bool:
        """Return whether who waited was thawed in the order of coming."""
        return self.thawed == sorted(self.thawed)

    def take(self, event: Event) -> None:
        """Let one thing happen.

        Raises:
            InvalidInputError: It cannot.
        """
        what, job, amount = event
        if what not in EVENTS or not 0 <= job < len(self.held) or (what == "ask") != (amount > 0):
            raise InvalidInputError(f"event {event} must be one of {EVENTS}, of a job there is")
        wanted = {"die": _ALIVE, "resume": (_STOPPED,)}.get(what, (_RUNS,))
        if self.state[job] not in wanted:
            raise InvalidInputError(f"event {event}: job {job} must be {wanted}")
        if what in ("end", "die"):
            self._go(job)
        elif what == "leave":
            self._leave(job)
        elif what == "ask":
            self._ask(job, amount)
        elif self.design == "airlock":
            raise InvalidInputError(f"event {event}: only the line of an airlock freezes")
        else:
            self.state[job] = _STOPPED if what == "stop" else _RUNS
        self._thaw()
        self.used_max = max(self.used_max, self.used)

    def _go(self, job: int) -> None:
        self.state[job], self.held[job] = _GONE, 0
        self.line = [entry for entry in self.line if entry[0] != job]
        if self.inside is not None and self.inside[0] == job:
            self.inside = None

    def _leave(self, job: int) -> None:
        if self.inside is None or self.inside[0] != job:
            raise InvalidInputError(f"job {job} must be inside to leave")
        self.held[job] -= self.inside[1]
        self.inside = None

    def _ask(self, job: int, amount: int) -> None:
        if self.design == "airlock" and (
            amount > self.room or (self.inside is not None and self.inside[0] == job)
        ):
            raise InvalidInputError(f"job {job} must ask for at most {self.room}, from outside")
        frozen = sum(
            held
            for held, state in zip(self.held, self.state, strict=True)
            if state in (_WAITS, _STOPPED)
        )
        granted, whole = self._fits(amount), self.held[job] + amount
        self.asks.append(Ask(amount, whole, granted, frozen))
        if granted:
            self._give(job, amount)
        else:
            self.state[job] = _WAITS
            self.line.append((job, amount, len(self.asks)))

    def _fits(self, amount: int) -> bool:
        if self.design == "airlock" and self.inside is not None:
            return False
        return self.used + amount <= self.capacity

    def _give(self, job: int, amount: int) -> None:
        self.state[job] = _RUNS
        self.held[job] += amount
        if self.design == "airlock":
            self.inside = job, amount

    def _thaw(self) -> None:
        """Give to those in line, in order: all that fit, or in the airlock the first alone."""
        for entry in tuple(self.line):
            job, amount, turn = entry
            if self._fits(amount):
                self.line.remove(entry)
                self._give(job, amount)
                self.thawed.append(turn)


def run(
    design: str, *, capacity: int, room: int, held: Sequence[int], events: Sequence[Event]
) -> Run:
    """Return a node after events.

    Raises:
        InvalidInputError: An event cannot happen, or the start is none.
    """
    node = Run(design, capacity, room, list(held))
    for event in events:
        node.take(event)
    return node
