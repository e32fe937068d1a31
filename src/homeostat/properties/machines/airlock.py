"""Drives a real airlock through turns, refusals and deaths, beside books kept by hand.

Several jobs of one process use it, each by its own files, as processes do. One dies as a killed
process does: its locks come free, and it writes nothing more, or half a record.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from homeostat.errors import InvalidInputError
from homeostat.properties.machines.airlock_runs import refused_books
from homeostat.properties.machines.recording import RecordingMachine
from homeostat.runtime.governor.airlock import Airlock
from homeostat.runtime.governor.journal import Journal

__all__ = ["AirlockMachine"]

_JOBS: Final = 3
_AMOUNTS: Final = st.integers(1, 12)


class AirlockMachine(RecordingMachine):
    """One is inside at a time; books, refusals and what the dead leave are those kept by hand."""

    def __init__(self, make: Callable[..., Airlock] = Airlock) -> None:
        """Say what makes an airlock: ``(folder, *, capacity, room, records_max)``."""
        super().__init__()
        self.make = make
        self.folder: Path | None = None
        self.capacity = self.room = 0
        self.jobs: list[Airlock] = []
        self.inside: Any = None
        self.who = -1
        self.held: list[int] = []
        self.lost = self.reserved = 0

    @initialize(capacity=st.integers(1, 20), room=st.integers(0, 20))
    def begin(self, capacity: int, room: int) -> None:
        """Create the airlock, and its jobs."""
        self.folder = Path(tempfile.mkdtemp(prefix="airlock-"))
        self.capacity, self.room = capacity, min(room, capacity)
        self.jobs = [self._join() for _ in range(_JOBS)]
        self.held = [0] * _JOBS

    def _join(self) -> Airlock:
        numbers = {"capacity": self.capacity, "room": self.room, "records_max": 10**6}
        self.operations.append({"call": "join", "arguments": [], "named": numbers})
        joined: Airlock = self.observe("join", lambda: self.make(self.folder, **numbers))
        return joined

    @property
    def free(self) -> int:
        """Return what is neither held nor reserved, by hand."""
        return self.capacity - sum(self.held) - self.lost - self.reserved

    @precondition(lambda self: self.inside is None)
    @rule(who=st.integers(0, _JOBS - 1))
    def enter(self, who: int) -> None:
        """One enters; what the dead held is written off."""
        self.inside = self.perform(self.jobs[who], "enter", timeout_s=1.0)
        self.operations[-1]["arguments"] = [who]
        self.who, self.lost, self.reserved = who, 0, 0

    @precondition(lambda self: self.inside is not None)
    @rule(who=st.integers(0, _JOBS - 1))
    def knock(self, who: int) -> None:
        """Another one may not enter meanwhile, nor the same one twice."""
        refusal = ValueError if who == self.who else TimeoutError
        self.perform(self.jobs[who], "enter", timeout_s=0.0, refusal=refusal)
        self.operations[-1]["arguments"] = [who]

    @precondition(lambda self: self.inside is not None)
    @rule(amount=_AMOUNTS)
    def reserve(self, amount: int) -> None:
        """What is free is reserved, and no more; the room is free for who has nothing yet."""
        fits = amount <= self.free
        if self.perform(self.inside, "reserve", amount) != fits:
            self.fail("reserve must tell whether so much is free", free=self.free)
        if not self.reserved and amount <= self.room and not fits:
            self.fail("the room must be free for who enters", free=self.free, room=self.room)
        self.reserved += amount if fits else 0

    @precondition(lambda self: self.inside is not None)
    @rule(amount=_AMOUNTS)
    def commit(self, amount: int) -> None:
        """What is reserved can be held, beside the room."""
        refusal = ValueError if amount > self.reserved else None
        found = self.perform(self.inside, "commit", amount, refusal=refusal)
        if refusal is not None:
            return
        fits = sum(self.held) + self.lost + amount + self.room <= self.capacity
        if found != fits:
            self.fail("commit must tell whether the room stays free", held=self.held)
        if fits:
            self.reserved -= amount
            self.held[self.who] += amount

    @precondition(lambda self: self.inside is None)
    @rule(who=st.integers(0, _JOBS - 1), amount=_AMOUNTS, dies=st.booleans())
    def take_a_turn(self, who: int, amount: int, *, dies: bool) -> None:
        """One enters, takes what it can for good, and leaves or dies."""
        self.enter(who)
        amount = min(amount, self.free)
        if amount:
            self.reserve(amount)
            self.commit(amount)
        if dies:
            self.die(who, amount)
        else:
            self.leave()

    @precondition(lambda self: self.inside is not None)
    @rule(amount=_AMOUNTS)
    def cancel(self, amount: int) -> None:
        """What is reserved can be given back."""
        refusal = ValueError if amount > self.reserved else None
        self.perform(self.inside, "cancel", amount, refusal=refusal)
        self.reserved -= 0 if refusal else amount

    @precondition(lambda self: self.inside is not None)
    @rule(amount=_AMOUNTS)
    def release(self, amount: int) -> None:
        """What one holds can be given back."""
        refusal = ValueError if amount > self.held[self.who] else None
        self.perform(self.inside, "release", amount, refusal=refusal)
        self.held[self.who] -= 0 if refusal else amount

    @precondition(lambda self: self.inside is not None)
    @rule()
    def leave(self) -> None:
        """One leaves, and gives back what it reserved."""
        self.perform(self.inside, "leave")
        self.inside, self.who, self.reserved = None, -1, 0

    @precondition(lambda self: bool(self.jobs))
    @rule(who=st.integers(0, _JOBS - 1), torn=st.integers(0, 30))
    def die(self, who: int, torn: int) -> None:
        """One dies, inside or not, and another job takes its name in the test."""
        self.operations.append({"call": "die", "arguments": [who, torn]})
        job, was_inside = self.jobs[who], who == self.who
        if was_inside:
            with job._journal.path.open("ab") as file:
                file.write(b"00000000 {" + b"x" * torn if torn else b"")
            self.inside._lock.close()
            self.inside._ticket.close()
            self.inside, self.who, self.reserved = None, -1, 0
        job._journal.close()
        job._life.close()
        # Until the next one enters, the books still have what it held.
        self.lost += self.held[who] if self.inside is not None else 0
        self.held[who] = 0
        self.jobs[who] = self._join()

    @precondition(lambda self: self.inside is not None)
    @invariant()
    def books_are_those_kept_by_hand(self) -> None:
        """What is held and reserved is what was done, and fits."""
        books = self.inside.books
        found = (
            books.total - self.lost,
            books.reserved,
            books.used.get(self.jobs[self.who].job, 0),
        )
        want = (sum(self.held), self.reserved, self.held[self.who])
        if found != want:
            self.fail("the books must be those kept by hand", found=found, expected=want)
        if books.total + books.reserved > self.capacity:
            self.fail("used + reserved must be <= capacity", books=books)

    def teardown(self) -> None:
        """See that the journal is a run of the automaton."""
        try:
            if self.folder is not None and self.violation is None:
                self._see_the_run()
        finally:
            for job in self.jobs:
                inside = job._inside
                for lock in (job._life, *((inside._lock, inside._ticket) if inside else ())):
                    lock.close()
                job._journal.close()
            if self.folder is not None:
                shutil.rmtree(self.folder)

    def _see_the_run(self) -> None:
        assert self.folder is not None
        journal = Journal(self.folder / "journal")
        records = self.observe("the journal", lambda: journal.read()[1])
        journal.close()
        try:
            refused = refused_books(records)
        except (InvalidInputError, KeyError) as error:
            refused = str(error)
        if refused is not None:
            self.fail("the journal must be a run of the automaton", refused=refused)
