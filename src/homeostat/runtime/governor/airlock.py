"""A real airlock between processes: who wants memory of a node enters, one at a time and in turn.

What is proved of it (``models.airlock.automata``): used + reserved <= capacity always; one holder
at a time; who waits is thawed in order, within as many turns as there are jobs.

How. Each waiting process holds the lock of its own ticket file, and waits for the tickets before
its own; so order needs no polling, and a waiter that dies is stepped over. The one whose turn it is
takes the lock ``lock``. All locks are the system's and end with their process. The books are the
sum of a journal, one record for each step: of a holder that was killed the next one drops what it
had reserved, and what jobs hold that no longer live is written off.

A holder that is stopped, not dead, keeps the airlock: nobody can tell it from a slow one.
"""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.airlock_books import AMOUNT_MAX, Books
from homeostat.runtime.governor.journal import Journal
from homeostat.runtime.governor.locks import FileLock, is_held, wait_for

__all__ = ["Airlock", "Inside"]

_DYING_S: Final = 1.0

RECORDS_MAX: Final = 4096
"""The journal is written anew after so many."""


class Airlock:
    """One job's way into the airlock of a node; one thread at a time may use it.

    Attributes:
        folder: Where the airlock is, on a local file system.
        job: Name of this job, while it lives.
    """

    def __init__(
        self, folder: Path, *, capacity: int, room: int, records_max: int = RECORDS_MAX
    ) -> None:
        """Join, or make the airlock if there is none.

        Args:
            folder: Where it is.
            capacity: Memory of the node, in any unit; that of the others.
            room: What no job may hold for good; that of the others.
            records_max: Records after which the journal is written anew.

        Raises:
            InvalidInputError: The numbers are not those of the others, or out of range.
        """
        if not 0 <= room <= capacity <= AMOUNT_MAX or capacity < 1:
            raise InvalidInputError(f"room={room} must be in 0 .. capacity={capacity} <= 2^60")
        self.folder = folder
        self.job = os.urandom(8).hex()
        self._records_max = records_max
        for name in ("jobs", "line"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._journal = Journal(folder / "journal")
        self._life = FileLock(folder / "jobs" / self.job, hidden=True)
        self._process = os.getpid()
        self._inside: Inside | None = None
        self._books: Books | None = None
        try:
            with FileLock(folder / "door"):
                self._begin(capacity, room)
        except BaseException:
            self._life.close(remove=True)
            raise

    def _begin(self, capacity: int, room: int) -> None:
        first = self._journal.first()
        if first is None:
            self._journal.rewrite([Books(capacity, room).record()])
            return
        books = Books.of(first)
        if (books.capacity, books.room) != (capacity, room):
            raise InvalidInputError(
                f"capacity={capacity} and room={room} must be {books.capacity} and {books.room}, "
                "as the airlock was made"
            )

    def enter(self, *, timeout_s: float | None = None) -> "Inside":
        """Wait for one's turn, and enter; use it by ``with``.

        Raises:
            TimeoutError: It was not one's turn in time; one is out of the line then.
            InvalidInputError: One is inside already, the books are damaged, or this is a fork.
        """
        if self._process != os.getpid():
            raise InvalidInputError(f"process={os.getpid()} must join by itself, it is a fork")
        if self._inside is not None:
            raise InvalidInputError(f"job={self.job} must leave before it enters again")
        end = None if timeout_s is None else time.monotonic() + timeout_s
        number, ticket = self._draw()
        try:
            for earlier in reversed([n for n in self._tickets() if n < number]):
                wait_for(self.folder / "line" / str(earlier), timeout_s=_left(end))
            lock = FileLock(self.folder / "lock", timeout_s=_left(end))
        except BaseException:
            ticket.close(remove=True)
            raise
        try:
            self._inside = Inside(self, lock, ticket, number)
        except BaseException:
            lock.close()
            ticket.close(remove=True)
            raise
        return self._inside

    def _draw(self) -> tuple[int, FileLock]:
        """Return the next ticket, locked."""
        with FileLock(self.folder / "door"):
            number = max(self._tickets(), default=0) + 1
            return number, FileLock(self.folder / "line" / str(number), hidden=True)

    def _tickets(self) -> list[int]:
        names = os.listdir(self.folder / "line")
        return sorted(int(name) for name in names if name.isdecimal())

    def _read(self) -> Books:
        """Bring the books up to date; only for who holds the lock."""
        anew, records = self._journal.read()
        if anew:
            self._books = None
        for record in records:
            if self._books is None:
                self._books = Books.of(record)
            else:
                self._books.apply(record)
        if self._books is None:
            raise InvalidInputError(f"{self._journal.path} must begin with books, is empty")
        return self._books

    def _known(self) -> Books:
        """Return the books; only for who holds the lock, and has read them."""
        return self._read() if self._books is None else self._books

    def _forget(self) -> None:
        self._books = None
        self._journal.close()

    def close(self) -> None:
        """Leave, give back all that this job holds, and end the job."""
        if self._process != os.getpid():
            return
        if self._inside is not None:
            self._inside.leave()
        # What it holds nobody else changes, while it lives.
        held = 0 if self._books is None else self._books.used.get(self.job, 0)
        if held:
            with self.enter() as inside:
                inside.release(held)
        self._books = None
        self._journal.close()
        self._life.close(remove=True)

    def __enter__(self) -> "Airlock":
        """Be one of the jobs."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the job."""
        self.close()


def _left(end: float | None) -> float | None:
    return None if end is None else max(0.0, end - time.monotonic())


class Inside:
    """The airlock, held: the only place from which the books are read and written."""

    def __init__(self, airlock: Airlock, lock: FileLock, ticket: FileLock, number: int) -> None:
        """Open the books, clear up after the dead, and note that one is inside."""
        self._airlock, self._lock, self._ticket = airlock, lock, ticket
        self.books = books = airlock._read()
        jobs, dead = airlock.folder / "jobs", books.inside
        self._write("enter" if dead is None else "recover", ticket=number)
        if dead is not None:
            # The system frees the locks of a process one after the other.
            with suppress(TimeoutError):
                wait_for(jobs / dead, timeout_s=_DYING_S)
        for earlier in airlock._tickets():
            if earlier < number:  # of the dead: who lives was waited for
                (airlock.folder / "line" / str(earlier)).unlink(missing_ok=True)
        for job, amount in tuple(books.used.items()):
            if job != airlock.job and not is_held(jobs / job):
                self._write("write off", job=job, amount=amount)
        for name in os.listdir(jobs):
            if not name.startswith(".") and name != airlock.job and not is_held(jobs / name):
                (jobs / name).unlink(missing_ok=True)

    def _write(self, what: str, job: str | None = None, **more: Any) -> None:
        """Write a record and take it into the books, which must admit it."""
        self.books = self._airlock._known()
        record = {"do": what, "job": job or self._airlock.job, **more}
        problem = self.books.refusal(record)
        if problem is not None:
            raise InvalidInputError(f"{what}: {problem}")
        try:
            self._airlock._journal.append(record)
            self.books.apply(record)
        except BaseException:
            # Whether it was written is not known now: it is read again before the next one.
            self._airlock._forget()
            raise

    def _ask(self, what: str, amount: int) -> None:
        if self._airlock._inside is not self:
            raise InvalidInputError(f"{what}: one must be inside")
        if type(amount) is not int or not 1 <= amount <= AMOUNT_MAX:
            raise InvalidInputError(f"{what}: amount={amount!r:.40} must be in 1 .. 2^60")
        self._write(what, amount=amount)

    def reserve(self, amount: int) -> bool:
        """Reserve memory until one leaves, if so much is free; return whether it is.

        What is no more than the room is always free, for who has reserved nothing yet.
        """
        if 1 <= amount <= AMOUNT_MAX and amount > self.books.free:
            return False
        self._ask("reserve", amount)
        return True

    def commit(self, amount: int) -> bool:
        """Hold what is reserved for good, if the room stays free; return whether it does."""
        books = self.books
        if 1 <= amount <= books.reserved and books.total + amount + books.room > books.capacity:
            return False
        self._ask("commit", amount)
        return True

    def cancel(self, amount: int) -> None:
        """Give back what is reserved."""
        self._ask("cancel", amount)

    def release(self, amount: int) -> None:
        """Give back what this job holds for good."""
        self._ask("release", amount)

    def leave(self) -> None:
        """Give back what is reserved and not committed, and let the next one in."""
        airlock = self._airlock
        if airlock._inside is not self:
            return
        self.books = airlock._known()
        if self.books.reserved:
            self.cancel(self.books.reserved)
        self._write("leave")
        if airlock._journal.count > airlock._records_max:
            airlock._journal.rewrite([self.books.record()])
        airlock._inside = None
        self._lock.close()
        self._ticket.close(remove=True)

    def __enter__(self) -> "Inside":
        """Be inside."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave."""
        self.leave()
