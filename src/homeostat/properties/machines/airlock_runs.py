"""Whether what a real airlock did is a run of the automata that are proved (``models.airlock``).

Read from its journal: each record is a transition. That a holder died is not written by itself; it
is where the next one recovers.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from homeostat.models.airlock.automata import AIRLOCK, LINE
from homeostat.models.automata.runs import Step, refusal

__all__ = ["refused_books", "refused_line"]

Record = Mapping[str, Any]


def refused_books(records: Sequence[Record]) -> str | None:
    """Return why a journal is no run of ``AIRLOCK``, or None if it is one.

    Args:
        records: From the first one on. If that has books with something in them, as of a journal
            that was written anew, they are taken for what one job reserved and committed.
    """
    first = records[0]
    start = {"unlocked": 1, "used": 0, "reserved": 0, "taken": 0}
    fixed = {name: first[name] for name in ("capacity", "room")}
    return refusal(AIRLOCK, _book_steps(records), start=start, parameters=fixed)


def _book_steps(records: Sequence[Record]) -> Iterator[Step]:
    held = sum(records[0]["used"].values())
    if held:
        yield from (Step("enter"), Step("reserve", {"amount": held}))
        yield from (Step("commit", {"amount": held}), Step("leave"))
    for record in records[1:]:
        what = record["do"]
        inputs = {"amount": record["amount"]} if "amount" in record else {}
        if what == "recover":
            yield Step("holder dies", {"gone": 0})
        yield Step("release" if what == "write off" else what, inputs)


def refused_line(
    records: Sequence[Record], *, joined: int, ticket: int, jobs: int, turn_max: int
) -> str | None:
    """Return why what one job saw from the line is no run of ``LINE``, or None if it is one.

    Args:
        records: The journal, of an airlock whose holders reserve once each.
        joined: How many records there were when the job joined the line; the one inside had
            reserved, and committed nothing.
        ticket: The job's.
        jobs: How many there are.
        turn_max: The longest turn, in ticks; none are counted here.
    """
    before = records[joined - 1]
    used = _used(records[:joined])
    start = {
        **dict.fromkeys(LINE.variables, 0),
        "ahead": ticket - _entered(records[:joined]) - 1,
        "used": used,
        "reserved": before["amount"],
        "need": before["amount"],
    }
    fixed = {
        **{name: records[0][name] for name in ("capacity", "room")},
        "jobs": jobs,
        "turn_max": turn_max,
    }
    steps = _line_steps(records, joined, ticket)
    return refusal(LINE, steps, start=start, parameters=fixed)


def _used(records: Sequence[Record]) -> int:
    signs = {"commit": 1, "release": -1, "write off": -1}
    moved = sum(signs.get(r["do"], 0) * r.get("amount", 0) for r in records[1:])
    return int(sum(records[0]["used"].values()) + moved)


def _entered(records: Sequence[Record]) -> int:
    """Return the ticket of the last who entered."""
    return int([r["ticket"] for r in records if "ticket" in r][-1])


def _line_steps(records: Sequence[Record], joined: int, ticket: int) -> Iterator[Step]:
    last, place = _entered(records[:joined]), "served"
    for i, record in enumerate(records[joined:], start=joined):
        what = record["do"]
        if what in ("enter", "recover"):
            if what == "recover":
                yield Step(f"dies {place}")
            # Tickets between are of those who gave up, or died in line.
            yield from (Step("gives up open") for _ in range(record["ticket"] - last - 1))
            last = record["ticket"]
            if last == ticket:
                yield Step("thaw", seen={"reserved": 0})
                return
            yield Step("thaw the first", {"asked": _asked(records[i:])})
            place = "held"
        elif what == "reserve":
            place = "served"
            yield Step("serve", seen={"reserved": record["amount"]})
        elif what == "leave":
            yield Step("leave")
        elif what in ("commit", "release"):
            yield Step("grow" if what == "commit" else "shrink", {"amount": record["amount"]})
    yield Step("was never thawed")


def _asked(records: Sequence[Record]) -> int:
    """Return what the one who enters first reserves, 1 if it dies before it does."""
    for record in records[1:]:
        if record["do"] == "reserve":
            return int(record["amount"])
        if "ticket" in record:
            break
    return 1
