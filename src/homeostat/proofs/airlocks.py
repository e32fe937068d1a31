"""Jobs on one node that ask for memory, in a case; standard library only.

Jobs hold ``held`` of a node's memory, all running. What happens, one after the other:
    ask i n: job i, running, wants n more. Naive: it gets it if it fits. Airlock: it gets it if
        nobody is inside, and is inside then; n is at most the room, and nobody inside asks.
        Who does not get it waits, frozen, with all that it holds.
    leave i: job i, inside and running, gives back what it got there. Airlock only.
    stop i, resume i: others freeze a running job, and thaw it. Naive only.
    end i, die i: a running job, or any that has not ended, is gone with all that it holds.
After each, those who wait get what they want in the order in which they came: all that fit, or in
the airlock the first if nobody is inside. The room is what nobody held at first: 0 if naive.

Words: the design; ``ordered`` where who waited got it in the order of coming.

Figures
    capacity, room, jobs; alive: jobs not gone; running: those of them not frozen; waiting: those in
    line; stopped: those that others froze; used, used_max: what is held now, and at most so far;
    whole_max: the most that a job held and asked for together; asked_#, granted_#, frozen_held_#:
    of the asks in their order, how much, 1 if given at once, and what the frozen held then.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from homeostat.proofs.enclosures import Enclosure, point
from homeostat.proofs.figures import Figure, figures, pick
from homeostat.proofs.polynomials import demand

__all__ = ["airlock"]

AMOUNT_MAX: Final = 10**12
JOBS_MAX: Final = 16
EVENTS_MAX: Final = 100
WORDS: Final = {"ask": 3, "leave": 2, "stop": 2, "resume": 2, "end": 2, "die": 2}


def _whole(value: Any, least: int, most: int, what: str) -> int:
    demand(type(value) is int and least <= value <= most, f"no {what}: {value!r:.40}")
    return int(value)


def airlock(given: Mapping[str, Any]) -> tuple[set[str], Figure]:
    """Read a case of jobs on a node, run it, and return its figures."""
    demand(set(given) == {"design", "capacity", "room", "held", "events"}, "wrong fields")
    design, events = given["design"], given["events"]
    demand(design in ("naive", "airlock"), "no such design")
    capacity = _whole(given["capacity"], 1, AMOUNT_MAX, "capacity")
    room = _whole(given["room"], 0, capacity if design == "airlock" else 0, "room")
    demand(type(given["held"]) is list and 1 <= len(given["held"]) <= JOBS_MAX, "no few jobs")
    demand(type(events) is list and len(events) <= EVENTS_MAX, "no list of few events")
    held = {i: _whole(x, 0, AMOUNT_MAX, "memory") for i, x in enumerate(given["held"], start=1)}
    demand(sum(held.values()) + room <= capacity, "the jobs do not fit beside the room")
    node = _Node(closed=design == "airlock", capacity=capacity, room=room, held=held)
    for event in events:
        demand(type(event) is list and event and type(event[0]) is str, "no event")
        demand(WORDS.get(event[0]) == len(event), f"no such event: {event!r:.40}")
        job = _whole(event[1], 1, node.jobs, "job")
        node.happen(event[0], job, _whole(event[2], 1, AMOUNT_MAX, "amount") if event[2:] else 0)
    words = {design} | ({"ordered"} if node.served == sorted(node.served) else set())
    return words, figures(node.table())


class _Node:
    """A node, its jobs, and what they asked for; ``turn`` is the number of an ask that waited."""

    def __init__(self, *, closed: bool, capacity: int, room: int, held: dict[int, int]) -> None:
        self.closed, self.capacity, self.room, self.held = closed, capacity, room, held
        self.jobs = len(held)
        self.stopped: set[int] = set()
        self.waits: dict[int, tuple[int, int]] = {}
        self.inside: dict[int, int] = {}
        self.asks: list[tuple[int, int, int, int]] = []
        self.served: list[int] = []
        self.most = sum(held.values())

    def happen(self, what: str, job: int, amount: int) -> None:
        demand(job in self.held, "a job that is gone")
        frozen = job in self.stopped or job in self.waits
        demand(what == "die" or frozen == (what == "resume"), f"{what}: frozen, or not")
        if what == "ask":
            self.ask(job, amount)
        elif what == "leave":
            demand(job in self.inside, "leaves from nowhere")
            self.held[job] -= self.inside.pop(job)
        elif what == "stop":
            demand(not self.closed, "only the line of an airlock freezes")
            self.stopped.add(job)
        elif what == "resume":
            demand(job in self.stopped, "waits for memory, and nobody stopped it")
            self.stopped.discard(job)
        else:
            self.inside.pop(job, None)
            self.waits.pop(job, None)
            self.stopped.discard(job)
            del self.held[job]
        for who in sorted(self.waits, key=lambda x: self.waits[x]):
            turn, wanted = self.waits[who]
            if self.possible(wanted):
                del self.waits[who]
                self.give(who, wanted)
                self.served.append(turn)
        self.most = max(self.most, sum(self.held.values()))

    def possible(self, amount: int) -> bool:
        free = self.capacity - sum(self.held.values())
        return amount <= free and not (self.closed and self.inside)

    def give(self, job: int, amount: int) -> None:
        self.held[job] += amount
        if self.closed:
            self.inside[job] = amount

    def ask(self, job: int, amount: int) -> None:
        inside = self.closed and (amount > self.room or job in self.inside)
        demand(not inside, "more than the room, or from inside")
        granted = self.possible(amount)
        frozen = sum(self.held[x] for x in {*self.stopped, *self.waits})
        self.asks.append((amount, self.held[job] + amount, int(granted), frozen))
        if granted:
            self.give(job, amount)
        else:
            self.waits[job] = len(self.asks), amount

    def table(self) -> dict[str, Callable[..., Enclosure]]:
        running = len(self.held) - len(self.stopped) - len(self.waits)
        numbers = {
            "capacity": self.capacity,
            "room": self.room,
            "jobs": self.jobs,
            "alive": len(self.held),
            "running": running,
            "waiting": len(self.waits),
            "stopped": len(self.stopped),
            "used": sum(self.held.values()),
            "used_max": self.most,
            "whole_max": max((ask[1] for ask in self.asks), default=0),
        }
        of_asks = {"asked_#": 0, "granted_#": 2, "frozen_held_#": 3}
        return {
            **{name: lambda x=x: point(Fraction(x)) for name, x in numbers.items()},
            **{
                name: lambda i, k=k: point(Fraction(pick(self.asks, i)[k]))
                for name, k in of_asks.items()
            },
        }
