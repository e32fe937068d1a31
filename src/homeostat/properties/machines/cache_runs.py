"""What a cache was seen to do, written as runs of the automata that proofs speak of."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from homeostat.models.automata.runs import Step, refusal
from homeostat.models.residency.automata import BYTES, CAPACITY, PLACE, REDUCTION
from homeostat.models.residency.cache import Outcome
from homeostat.properties.machines.simulated_lanes import Operation

__all__ = ["Seen", "refused_bytes", "refused_capacity", "refused_place", "refused_sum"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One event, or one call to load ahead, as it was seen from outside.

    Attributes:
        outcome: What the twin decided.
        ahead: Whether nobody asked for these experts.
        copied: The experts whose copies were given, in order.
        computed: The experts that were computed with, in order.
        resident: Who was resident behind it.
        bytes_up: All bytes copied until then.
    """

    outcome: Outcome
    ahead: bool
    copied: Sequence[int]
    computed: Sequence[int]
    resident: frozenset[int]
    bytes_up: int


def refused_place(log: Iterable[Operation], place: int) -> str | None:
    """Return why what was done with one place is no run of ``PLACE``; None if it is."""
    return refusal(PLACE, _place_steps(log, place), start=dict.fromkeys(PLACE.variables, 0))


def refused_capacity(history: Iterable[Seen], capacity: int) -> str | None:
    """Return why the residents are no run of ``CAPACITY``; None if they are."""
    steps = (step for seen in history for step in _capacity_steps(seen))
    parameters = {"capacity": capacity}
    return refusal(CAPACITY, steps, start={"free": capacity, "held": 0}, parameters=parameters)


def refused_bytes(history: Iterable[Seen], expert_bytes: int) -> str | None:
    """Return why the copies are no run of ``BYTES``; None if they are."""
    steps = (step for seen in history for step in _bytes_steps(seen))
    start = dict.fromkeys(BYTES.variables, 0)
    return refusal(BYTES, steps, start=start, parameters={"expert_bytes": expert_bytes})


def refused_sum(history: Iterable[Seen], contents: Iterable[int]) -> str | None:
    """Return why what was added up is no run of ``REDUCTION``; None if it is.

    Args:
        history: What was computed, event by event.
        contents: For each compute that ran, in order, whose weights it read; -1 for nobody's.
    """
    start = {"last": -1, "expert": -1, "name": 0, "content": 0, "ours": 0, "eager": 0}
    return refusal(REDUCTION, _sum_steps(history, iter(contents)), start=start)


def _capacity_steps(seen: Seen) -> Iterator[Step]:
    yield from (Step("hit") for _ in seen.outcome.hits)
    for load in seen.outcome.loads:
        yield Step("take a free place" if load.evicted is None else "evict")
        came = seen.ahead or load.expert in seen.resident
        yield Step("load" if came else "copy fails")
    yield from (Step("bypass") for _ in seen.outcome.bypasses)
    # A bypass changes nothing, so here it only says what was counted.
    yield Step("bypass", seen={"held": len(seen.resident)})


def _bytes_steps(seen: Seen) -> Iterator[Step]:
    yield from (Step("hit") for _ in seen.outcome.hits)
    for expert in seen.copied:
        label = "bypass" if expert in seen.outcome.bypasses else "load"
        yield Step("prefetch" if seen.ahead else label)
    yield Step("evict", seen={"up": seen.bytes_up, "down": 0})


def _sum_steps(history: Iterable[Seen], contents: Iterator[int]) -> Iterator[Step]:
    for seen in history:
        total = 0
        yield Step("next event", {"first": total})
        for expert in seen.computed:
            if expert in seen.outcome.bypasses:
                yield Step("bypass", {"chosen": expert})
            else:
                yield Step("load", {"chosen": expert})
                yield Step("resident", {"chosen": expert})
            read = next(contents, -1)
            total = 2 * total + read + 1
            inputs = {"scale": 2, "shift": expert + 1, "wrong": 1}
            yield Step("add", inputs, {"ours": total, "eager": total, "content": read})


def _place_steps(log: Iterable[Operation], place: int) -> list[Step]:
    """Return the steps of one place.

    A use is a copy and the computes that were given between it and the next copy. It is over with
    the last of these, or, if there are none, at the latest when the next copy begins. The last use
    of all is not over: more computes may come.
    """
    own = [entry.what for entry in log if entry.place == place]
    reads = _reads_of_uses(own)
    steps: list[str] = []
    reading, begun, over, done = False, 0, 0, 0
    for what in own:
        if what == "copy given":
            steps.append("more work while read" if reading else "more work")
        elif what == "copy begins":
            if not reading and over < begun and reads[over] == 0:
                steps.append("no more reads")
                over += 1
            begun += 1
            steps.append("copy begins while read" if reading else "copy begins")
        elif what == "copy done":
            steps.append("copy done")
        elif what == "compute begins":
            reading = True
            steps.append("read begins")
        elif what == "compute done":
            reading, done = False, done + 1
            last = over < len(reads) - 1 and done == reads[over]
            steps.append("last read done" if last else "read done")
            over, done = (over + 1, 0) if last else (over, done)
    return [Step(label) for label in steps]


def _reads_of_uses(own: Sequence[str]) -> list[int]:
    """Return how many computes were given for each copy."""
    reads: list[int] = []
    for what in own:
        if what == "copy given":
            reads.append(0)
        elif what == "compute given" and reads:
            reads[-1] += 1
    return reads
