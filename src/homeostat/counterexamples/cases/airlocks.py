"""Jobs that ask for memory in a case, run by the models."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from homeostat.counterexamples.cases.balls import Figure
from homeostat.counterexamples.cases.reading import (
    Figures,
    Given,
    integer,
    list_of,
    word_of,
)
from homeostat.errors import InvalidInputError
from homeostat.models.airlock.designs import DESIGNS, EVENTS, Event, Run

__all__ = ["AIRLOCK", "airlock"]

AIRLOCK: Final = frozenset({"design", "capacity", "room", "held", "events"})
AMOUNT_MAX: Final = 10**12
JOBS_MAX: Final = 16
EVENTS_MAX: Final = 100


def _event(data: Any, jobs: int) -> Event:
    if not isinstance(data, list) or len(data) not in (2, 3):
        raise InvalidInputError(f"event {data!r:.80} must be [what, job] or [ask, job, amount]")
    what = word_of(data[0], "event", frozenset(EVENTS))
    if (what == "ask") != (len(data) == 3):
        raise InvalidInputError(f"event {data!r:.80} must have an amount if it asks, and else none")
    amount = integer(data[2], "amount", 1, AMOUNT_MAX) if what == "ask" else 0
    return what, integer(data[1], "job", 1, jobs) - 1, amount


def airlock(given: Given) -> Figures:
    """Run a case of jobs on a node. Jobs are counted from 1.

    Raises:
        InvalidInputError: The data break a rule, or an event cannot happen.
    """
    design = word_of(given["design"], "design", frozenset(DESIGNS))
    capacity = integer(given["capacity"], "capacity", 1, AMOUNT_MAX)
    room = integer(given["room"], "room", 0, AMOUNT_MAX)
    held = [integer(x, "memory", 0, AMOUNT_MAX) for x in list_of(given["held"], "held", JOBS_MAX)]
    events = given["events"]
    if not isinstance(events, list) or len(events) > EVENTS_MAX:
        raise InvalidInputError(f"events must be a list of at most {EVENTS_MAX} entries")
    node = Run(design, capacity, room, list(held))
    for data in events:
        node.take(_event(data, len(held)))
    numbers: Mapping[str, int] = {
        "capacity": capacity,
        "room": room,
        "jobs": len(held),
        "alive": node.alive,
        "running": node.running,
        "waiting": len(node.line),
        "stopped": node.stopped,
        "used": node.used,
        "used_max": node.used_max,
        "whole_max": max((ask.whole for ask in node.asks), default=0),
    }

    def exactly(value: int) -> Callable[[], Figure]:
        return lambda: Fraction(value)

    table: dict[str, Callable[..., Figure]] = {
        **{name: exactly(value) for name, value in numbers.items()},
        "asked_#": lambda i: Fraction(node.asks[i].amount),
        "granted_#": lambda i: Fraction(node.asks[i].granted),
        "frozen_held_#": lambda i: Fraction(node.asks[i].frozen_held),
    }
    words = {design, *(("ordered",) if node.in_order else ())}
    return Figures(frozenset(words), table)
