"""The real airlock: order, books, and what is left when its holder is killed."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from homeostat.errors import InvalidInputError
from homeostat.properties.machines.airlock_runs import refused_books, refused_line
from homeostat.runtime.governor.airlock import Airlock
from homeostat.runtime.governor.airlock_books import Books
from homeostat.runtime.governor.journal import Journal
from homeostat.runtime.governor.ledger import SharedLedger

CAPACITY, ROOM = 100, 20
PATIENCE_S = 60.0
"""Of a wait that should be over at once; only a deadlock takes so long."""

Child = subprocess.Popen[str]
Start = Callable[..., Child]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    children: list[Child] = []

    def begin(what: str, *numbers: int, says: str | None = None) -> Child:
        script = Path(__file__).with_name("airlock_child.py")
        words = [str(tmp_path), str(CAPACITY), str(ROOM), what, *map(str, numbers)]
        child = subprocess.Popen(
            [sys.executable, str(script), *words], stdout=subprocess.PIPE, text=True
        )
        children.append(child)
        if says is not None:
            assert child.stdout is not None
            assert child.stdout.readline() == f"{says}\n"
        return child

    yield begin
    for child in children:
        child.kill()
        child.communicate()


def joined(folder: Path) -> Airlock:
    return Airlock(folder, capacity=CAPACITY, room=ROOM)


def records(folder: Path) -> list[dict[str, Any]]:
    journal = Journal(folder / "journal")
    found = journal.read()[1]
    journal.close()
    return found


def in_line(folder: Path) -> int:
    return len([name for name in os.listdir(folder / "line") if name.isdecimal()])


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def until_in_line(folder: Path, count: int) -> None:
    until(lambda: in_line(folder) == count)


def kill(child: Child) -> None:
    child.send_signal(signal.SIGKILL)
    child.wait()


# --- books


def test_what_is_reserved_comes_back_when_one_leaves_and_what_is_committed_stays(
    tmp_path: Path,
) -> None:
    with joined(tmp_path) as airlock:
        with airlock.enter() as inside:
            assert inside.reserve(50)
            assert inside.commit(30)
            assert inside.books.free == 50
        with airlock.enter() as inside:
            assert inside.books.reserved == 0
            assert inside.books.used == {airlock.job: 30}
            inside.release(10)
    with joined(tmp_path) as other, other.enter() as inside:
        assert inside.books.used == {}
    assert refused_books(records(tmp_path)) is None


def test_the_room_is_always_free_for_who_enters(tmp_path: Path) -> None:
    with joined(tmp_path) as first, joined(tmp_path) as second:
        with first.enter() as inside:
            assert inside.reserve(CAPACITY)
            assert not inside.reserve(1)
            assert not inside.commit(CAPACITY - ROOM + 1)
            assert inside.commit(CAPACITY - ROOM)
        with second.enter() as inside:
            assert inside.reserve(ROOM)
            assert not inside.commit(1)
    assert refused_books(records(tmp_path)) is None


@pytest.mark.parametrize(
    ("method", "amount"),
    [("cancel", 6), ("release", 4), ("reserve", 0), ("commit", 6), ("reserve", True)],
)
def test_amounts_that_are_not_there_are_refused(tmp_path: Path, method: str, amount: int) -> None:
    with joined(tmp_path) as airlock, airlock.enter() as inside:
        inside.reserve(8)
        inside.commit(3)
        before = vars_of(inside.books)
        with pytest.raises(InvalidInputError):
            getattr(inside, method)(amount)
        assert vars_of(inside.books) == before
    assert refused_books(records(tmp_path)) is None


def vars_of(books: Books) -> tuple[Any, ...]:
    return books.total, books.reserved, books.inside, dict(books.used)


def test_an_airlock_of_other_numbers_is_refused(tmp_path: Path) -> None:
    with joined(tmp_path):
        for capacity, room in ((CAPACITY, ROOM + 1), (CAPACITY + 1, ROOM), (0, 0), (5, 6)):
            with pytest.raises(InvalidInputError):
                Airlock(tmp_path, capacity=capacity, room=room)
    assert os.listdir(tmp_path / "jobs") == []


def test_who_has_left_writes_nothing(tmp_path: Path) -> None:
    with joined(tmp_path) as airlock:
        inside = airlock.enter()
        with pytest.raises(InvalidInputError, match="must leave before it enters again"):
            airlock.enter()
        inside.leave()
        with pytest.raises(InvalidInputError, match="must be inside"):
            inside.reserve(1)


def test_the_journal_is_written_anew_and_everyone_reads_on(tmp_path: Path) -> None:
    first = Airlock(tmp_path, capacity=CAPACITY, room=ROOM, records_max=10)
    second = joined(tmp_path)
    for turn in range(30):
        airlock = (first, second)[turn % 3 == 0]
        with airlock.enter() as inside:
            assert inside.books.total == min(turn, 30)
            assert inside.reserve(1)
            assert inside.commit(1)
    assert len(records(tmp_path)) < 25
    assert refused_books(records(tmp_path)) is None
    first.close()
    second.close()


def test_a_torn_last_record_is_cut_off_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    with joined(tmp_path) as airlock:
        with airlock.enter() as inside:
            assert inside.reserve(5)
            assert inside.commit(5)
        path = tmp_path / "journal"
        whole = path.read_bytes()
        path.write_bytes(whole + whole.splitlines()[-1][:20])
        with airlock.enter() as inside:
            assert inside.books.total == 5
        assert refused_books(records(tmp_path)) is None
        content = path.read_bytes()
        path.write_bytes(content.replace(b'"amount":5', b'"amount":6', 1))
        with joined(tmp_path) as other:
            with pytest.raises(InvalidInputError, match="undamaged"):
                other.enter()
            path.write_bytes(content)


@pytest.mark.parametrize("written", [False, True])
def test_a_write_that_is_interrupted_counts_if_it_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, written: bool
) -> None:
    append = Journal.append

    def interrupted(journal: Journal, record: dict[str, Any]) -> None:
        if written:
            append(journal, record)
        raise KeyboardInterrupt

    with joined(tmp_path) as airlock:
        inside = airlock.enter()
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "append", interrupted)
            with pytest.raises(KeyboardInterrupt):
                inside.reserve(9)
        assert inside.reserve(1)
        assert inside.books.reserved == (10 if written else 1)
        inside.leave()
        with airlock.enter() as again:
            assert again.books.reserved == 0
    assert refused_books(records(tmp_path)) is None


def test_books_that_do_not_balance_are_refused() -> None:
    record = {"do": "books", "capacity": 10, "room": 2, "used": {"a": 8}}
    books = Books.of(record)
    assert books.record() == record
    changes: tuple[dict[str, Any], ...] = (
        {"used": {"a": 9}},
        {"used": {"a": 0}},
        {"used": {"a": -1, "b": 9}},
        {"used": {"a": True}},
        {"used": []},
        {"room": 3},
        {"capacity": 9},
        {"capacity": "10"},
        {"do": "enter"},
        {"more": 1},
    )
    for change in changes:
        with pytest.raises(InvalidInputError):
            Books.of({**record, **change})


@pytest.mark.parametrize(
    "second",
    [
        {"do": "enter", "job": "b", "ticket": 2},
        {"do": "leave", "job": "b"},
        {"do": "reserve", "job": "b", "amount": 1},
        {"do": "reserve", "job": "a", "amount": 11},
        {"do": "reserve", "job": "a", "amount": -1},
        {"do": "reserve", "job": "a", "amount": 1.0},
        {"do": "reserve", "job": "a"},
        {"do": "commit", "job": "a", "amount": 1},
        {"do": "write off", "job": "b", "amount": 1},
        {"do": "recover", "job": "b"},
        {"do": "recover", "job": "", "ticket": 2},
        {"do": ["enter"], "job": "a", "ticket": 2},
        {"do": "burn", "job": "a"},
    ],
)
def test_a_record_that_may_not_come_next_is_refused(second: dict[str, Any]) -> None:
    books = Books(10, 2)
    books.apply({"do": "enter", "job": "a", "ticket": 1})
    with pytest.raises(InvalidInputError):
        books.apply(second)
    assert vars_of(books) == (0, 0, "a", {})


# --- one at a time, in order


def test_a_second_one_waits_outside_and_may_give_up(tmp_path: Path) -> None:
    with joined(tmp_path) as first, joined(tmp_path) as second:
        with first.enter():
            with pytest.raises(TimeoutError):
                second.enter(timeout_s=0.0)
            assert in_line(tmp_path) == 1
        with second.enter(timeout_s=0.0):
            pass


def test_threads_are_never_inside_together(tmp_path: Path) -> None:
    inside_now, most = [0], [0]

    def turns() -> None:
        with joined(tmp_path) as airlock:
            for _ in range(20):
                with airlock.enter():
                    inside_now[0] += 1
                    most[0] = max(most[0], inside_now[0])
                    time.sleep(0)
                    inside_now[0] -= 1

    threads = [threading.Thread(target=turns) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    found = records(tmp_path)
    assert sum(record["do"] == "enter" for record in found) == 80
    assert refused_books(found) is None


@pytest.mark.slow
def test_who_is_frozen_is_thawed_in_order_and_the_dead_are_stepped_over(
    tmp_path: Path, start: Start
) -> None:
    with joined(tmp_path) as airlock:
        inside = airlock.enter()
        assert inside.reserve(7)
        before, children = len(records(tmp_path)), []
        for number in range(5):
            children.append(start("turn", number + 1, says="joins"))
            until_in_line(tmp_path, number + 2)
        kill(children[1])
        inside.leave()
        for number in (0, 2, 3, 4):
            assert children[number].wait(PATIENCE_S) == 0
    found = records(tmp_path)
    reserved = [r["amount"] for r in found[before:] if r["do"] == "reserve"]
    assert reserved == [1, 3, 4, 5]
    assert refused_books(found) is None
    for ticket in (2, 4, 5, 6):
        line = {"joined": before, "ticket": ticket, "jobs": 6, "turn_max": 1}
        assert refused_line(found, **line) is None
    # The canary: a ticket that never came.
    assert refused_line(found, joined=before, ticket=3, jobs=6, turn_max=1) is not None


def test_a_forked_child_does_not_keep_the_lock(tmp_path: Path) -> None:
    with joined(tmp_path) as airlock:
        inside = airlock.enter()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:  # pragma: no cover
            os.close(writing)
            try:
                airlock.enter(timeout_s=0.0)
            except InvalidInputError:
                os.read(reading, 1)
                os._exit(0)
            os._exit(1)
        os.close(reading)
        inside.leave()
        with joined(tmp_path) as other, other.enter(timeout_s=PATIENCE_S):
            pass
        os.close(writing)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# --- the holder is killed


@pytest.mark.slow
def test_of_a_killed_holder_nothing_is_left_in_lock_or_books(tmp_path: Path, start: Start) -> None:
    with joined(tmp_path) as airlock:
        for turn in range(8):
            child = start("hold", 30, 15 if turn % 2 else 0, says="inside")
            with pytest.raises(TimeoutError):
                airlock.enter(timeout_s=0.0)
            child.send_signal(signal.SIGKILL)
            with airlock.enter(timeout_s=PATIENCE_S) as inside:
                assert vars_of(inside.books) == (0, 0, airlock.job, {})
    found = records(tmp_path)
    assert sum(record["do"] == "recover" for record in found) == 8
    assert sum(record["do"] == "write off" for record in found) == 4
    assert refused_books(found) is None
    assert in_line(tmp_path) == 0
    assert os.listdir(tmp_path / "jobs") == []


@pytest.mark.slow
def test_processes_killed_at_any_moment_leave_books_and_ledger_balanced(
    tmp_path: Path, start: Start
) -> None:
    rng = random.Random(6)
    ledger = SharedLedger(tmp_path / "tokens", [1000, 1000, 1000])
    with Airlock(tmp_path, capacity=CAPACITY, room=ROOM, records_max=10**6) as airlock:
        for seed in range(0, 100, 2):
            children = [start("work", seed + i, says="begins") for i in range(2)]
            time.sleep(rng.uniform(0.0, 0.03))
            kill(children[0])
            with airlock.enter(timeout_s=PATIENCE_S) as inside:
                inside.books.check()
                assert inside.books.reserved == 0
                with ledger.open() as tokens:
                    tokens.check()
                    assert tokens.origin == 3000
            kill(children[1])
            found = records(tmp_path)
            # Enough is seen once some were killed inside.
            if seed >= 10 and sum(record["do"] == "recover" for record in found) >= 5:
                break
        with airlock.enter(timeout_s=PATIENCE_S) as inside:
            assert inside.books.used == {}
    found = records(tmp_path)
    assert sum(record["do"] == "recover" for record in found) >= 5
    assert sum(record["do"] == "commit" for record in found) > 20
    assert refused_books(found) is None


@pytest.mark.slow
def test_a_stopped_process_keeps_its_memory_and_its_place(tmp_path: Path, start: Start) -> None:
    child = start("hold", 5, 5, says="inside")

    def resident() -> int:
        return int(Path(f"/proc/{child.pid}/statm").read_text().split()[1])

    before = resident()
    child.send_signal(signal.SIGSTOP)
    until(lambda: Path(f"/proc/{child.pid}/stat").read_text().rsplit(")")[1].split()[0] == "T")
    assert resident() == before > 0
    with joined(tmp_path) as airlock:
        with pytest.raises(TimeoutError):
            airlock.enter(timeout_s=0.05)
        kill(child)
        with airlock.enter(timeout_s=PATIENCE_S) as inside:
            assert inside.books.used == {}
