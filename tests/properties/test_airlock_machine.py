"""The machine that tries airlocks: what it refutes, and which journals are no run as proved."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from homeostat.properties.machines.airlock import AirlockMachine
from homeostat.properties.machines.airlock_runs import refused_books, refused_line
from homeostat.properties.runner import run_property
from homeostat.properties.statements import StatefulProperty
from homeostat.runtime.governor.airlock import Airlock, Inside
from homeostat.runtime.governor.journal import Journal

Json = dict[str, Any]


class RemembersTheDead(Airlock):
    """Goes on counting what a dead job held."""

    def enter(self, *, timeout_s: float | None = None) -> Inside:
        inside = super().enter(timeout_s=timeout_s)
        journal = Journal(self.folder / "journal")
        last = journal.read()[1][-1]
        journal.close()
        if last["do"] == "write off":
            inside.books.used[last["job"]] = last["amount"]
        return inside


class WritesOffTheLiving(Airlock):
    """Takes one who is outside for dead."""

    def enter(self, *, timeout_s: float | None = None) -> Inside:
        inside = super().enter(timeout_s=timeout_s)
        for job, amount in tuple(inside.books.used.items()):
            if job != self.job:
                inside._write("write off", job=job, amount=amount)
        return inside


class LetsAnyoneIn(Airlock):
    """Has a lock for each job."""

    def __init__(self, folder: Path, **options: Any) -> None:
        super().__init__(folder, **options)
        self.folder = folder / f"own-{self.job}"
        for name in ("jobs", "line"):
            (self.folder / name).mkdir(parents=True)


class ForgetsItsJournal(Airlock):
    """Begins anew each time it enters."""

    def enter(self, *, timeout_s: float | None = None) -> Inside:
        self._journal.rewrite([{**(self._journal.first() or {}), "used": {}}])
        return super().enter(timeout_s=timeout_s)


@pytest.mark.slow
@pytest.mark.parametrize(
    "make", [RemembersTheDead, WritesOffTheLiving, LetsAnyoneIn, ForgetsItsJournal]
)
def test_a_broken_airlock_is_refuted(make: Callable[..., Airlock]) -> None:
    tried = StatefulProperty(
        name="broken",
        claim_id=None,
        statement="",
        holds=False,
        machine=lambda: AirlockMachine(make),
        steps=30,
    )
    assert run_property(tried, examples=60, seed=0)[0].outcome == "refuted"


# --- journals

JOURNAL: list[Json] = [
    {"do": "books", "capacity": 10, "room": 3, "used": {}},
    {"do": "enter", "job": "a", "ticket": 1},
    {"do": "reserve", "job": "a", "amount": 5},
    {"do": "commit", "job": "a", "amount": 4},
    {"do": "cancel", "job": "a", "amount": 1},
    {"do": "leave", "job": "a"},
    {"do": "enter", "job": "b", "ticket": 2},
    {"do": "reserve", "job": "b", "amount": 3},
    {"do": "recover", "job": "c", "ticket": 4},
    {"do": "write off", "job": "a", "amount": 4},
    {"do": "reserve", "job": "c", "amount": 2},
    {"do": "leave", "job": "c"},
    {"do": "enter", "job": "d", "ticket": 5},
]
JOURNAL.insert(11, {"do": "cancel", "job": "c", "amount": 2})


def test_a_journal_of_turns_and_a_death_is_a_run() -> None:
    assert refused_books(JOURNAL) is None
    anew: list[Json] = [{**JOURNAL[0], "used": {"a": 4, "z": 3}}, *JOURNAL[6:8]]
    assert refused_books(anew) is None


@pytest.mark.parametrize(
    ("place", "change", "said"),
    [
        (2, {"amount": 11}, "must have used + reserved + amount <= capacity"),
        (2, {"amount": 0}, "must have amount >= 1"),
        (3, {"amount": 6}, "must have amount <= reserved"),
        (4, {"amount": 2}, "must have amount <= reserved"),
        (9, {"amount": 5}, "must have amount <= used"),
        (5, {"do": "enter", "ticket": 2}, "'enter' must start in 'held'"),
        (8, {"do": "enter"}, "'enter' must start in 'held'"),
        (6, {"do": "recover"}, "'holder dies' must start in 'open'"),
        (4, {"do": "leave"}, "must have reserved = 0"),
        (4, {"do": "burn"}, "'burn' must start"),
        (0, {"room": 11}, "room <= capacity"),
        (0, {"room": 7}, "must have used + amount + room <= capacity"),
    ],
)
def test_a_journal_with_one_record_changed_is_no_run(place: int, change: Json, said: str) -> None:
    records = deepcopy(JOURNAL)
    records[place] |= change
    refused = refused_books(records)
    assert refused is not None
    assert said in refused


LINE: Json = {"joined": 8, "ticket": 5, "jobs": 4, "turn_max": 1}


def test_what_a_frozen_job_sees_is_a_run_of_the_line() -> None:
    records = [r for r in JOURNAL if r["do"] != "cancel"]
    del records[8]  # what was written off; the line follows the room alone
    assert refused_line(records, **{**LINE, "joined": 7}) is None


@pytest.mark.parametrize(
    "change",
    [{"ticket": 6}, {"jobs": 1}, {"jobs": 3}, {"turn_max": 0}],
)
def test_what_is_no_run_of_the_line_is_told(change: Json) -> None:
    records = [r for r in JOURNAL if r["do"] != "cancel"]
    del records[8]
    assert refused_line(records, **{**LINE, "joined": 7, **change}) is not None


def test_a_job_that_asks_for_more_than_the_room_is_no_run_of_the_line() -> None:
    records = [r for r in JOURNAL if r["do"] != "cancel"]
    del records[8]
    (late,) = (i for i, r in enumerate(records) if r.get("job") == "c" and r["do"] == "reserve")
    records[late] = {**records[late], "amount": 4}
    refused = refused_line(records, **{**LINE, "joined": 7})
    assert refused is not None
    assert "asked <= room" in refused


def test_journals_of_the_machine_are_read_from_their_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.rewrite(JOURNAL)
    assert journal.first() == JOURNAL[0]
    assert journal.read() == (True, JOURNAL)
    assert journal.read() == (False, [])
    journal.append({"do": "leave", "job": "d"})
    other = Journal(tmp_path / "journal")
    assert other.read()[1][-1] == {"do": "leave", "job": "d"}
    assert journal.read() == (False, [])
    journal.close()
    other.close()
