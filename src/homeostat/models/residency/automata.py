"""What a cache of experts may do, as transition systems: rows of text over numbers.

Proofs read these definitions, and runs of the real cache are held against them step by step.
A transition may be taken where its rows ``when`` hold; it gives new values to variables, all at
once, and the others keep theirs. Names in it that are neither parameters nor variables are its
inputs, chosen anew each time. All numbers are whole, so "less" is written with a + 1.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

__all__ = ["BYPASS", "BYTES", "CAPACITY", "PLACE", "REDUCTION", "Automaton", "Transition", "stuck"]


@dataclass(frozen=True, slots=True)
class Transition:
    """One kind of step from a location to a location.

    Attributes:
        label: Its name, as it stands in a run.
        source: Where it starts.
        target: Where it ends.
        when: Rows that must hold.
        after: New values, by variable.
    """

    label: str
    source: str
    target: str
    when: tuple[str, ...] = ()
    after: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Automaton:
    """A transition system.

    Attributes:
        variables: What changes.
        transitions: How.
        location: Where it starts.
        start: Rows that hold there.
        parameters: What never changes.
        given: Rows on the parameters.
    """

    variables: tuple[str, ...]
    transitions: tuple[Transition, ...]
    location: str
    start: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    given: tuple[str, ...] = ()

    def theorem(self, always: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Return, as data, that rows hold in every state reached; by location, ``*`` for all."""
        return {
            "parameters": list(self.parameters),
            "given": list(self.given),
            "variables": list(self.variables),
            "start": {"location": self.location, "rows": list(self.start)},
            "transitions": [
                {
                    "label": t.label,
                    "from": t.source,
                    "to": t.target,
                    "when": list(t.when),
                    "next": dict(t.after),
                }
                for t in self.transitions
            ],
            "always": {place: list(rows) for place, rows in always.items()},
        }

    def without(self, label: str, row: str) -> "Automaton":
        """Return the system whose one transition does not ask for one row: a false neighbour."""
        return Automaton(
            self.variables,
            tuple(
                Transition(
                    t.label, t.source, t.target, tuple(r for r in t.when if r != row), t.after
                )
                if t.label == label
                else t
                for t in self.transitions
            ),
            self.location,
            self.start,
            self.parameters,
            self.given,
        )


def _negations(row: str) -> tuple[str, ...]:
    """Return rows of which one holds where a row of whole numbers does not."""
    for sign in ("<=", ">=", "="):
        left, found, right = row.partition(f" {sign} ")
        if found:
            below, above = f"{left} + 1 <= {right}", f"{left} >= {right} + 1"
            return {"<=": (above,), ">=": (below,), "=": (below, above)}[sign]
    raise ValueError(f"row {row!r} must compare by <=, >= or =")


def stuck(
    system: Automaton, location: str, *, busy: Iterable[str], adds_work: Iterable[str]
) -> tuple[Transition, ...]:
    """Return transitions to the location ``stuck``: from where there is work and no way on.

    Args:
        system: A system whose guards have no inputs, and whose numbers are whole.
        location: Where it might be stuck.
        busy: Rows that say that something is left to do.
        adds_work: Labels of transitions that do none of it.
    """
    idle = set(adds_work)
    ways = [t for t in system.transitions if t.source == location and t.label not in idle]
    blocks = [[row for guard in way.when for row in _negations(guard)] for way in ways]
    return tuple(
        Transition(f"stuck {number}", location, "stuck", (*busy, *blocked))
        for number, blocked in enumerate(product(*blocks))
    )


# One place on the device: uses that the host gave to the lanes, each a copy into the place and any
# number of reads of it, or none; copies begun and done; uses whose last read is done or that will
# not be read. Either lane runs in order. The copy of a use waits for the reads of the one before.
_COPYING: Final = Transition(
    "copy begins",
    "idle",
    "idle",
    (
        "copies_begun = copies_done",
        "copies_begun + 1 <= uses",
        "copies_begun <= uses_over",
    ),
    {"copies_begun": "copies_begun + 1"},
)
PLACE: Final = Automaton(
    variables=("uses", "copies_begun", "copies_done", "uses_over"),
    location="idle",
    start=("uses = 0", "copies_begun = 0", "copies_done = 0", "uses_over = 0"),
    transitions=(
        Transition("more work", "idle", "idle", (), {"uses": "uses + 1"}),
        Transition("more work while read", "reading", "reading", (), {"uses": "uses + 1"}),
        _COPYING,
        Transition("copy begins while read", "reading", "torn", _COPYING.when, _COPYING.after),
        Transition(
            "copy done",
            "idle",
            "idle",
            ("copies_begun = copies_done + 1",),
            {"copies_done": "copies_done + 1"},
        ),
        Transition("read begins", "idle", "reading", ("copies_done >= uses_over + 1",)),
        Transition("last read done", "reading", "idle", (), {"uses_over": "uses_over + 1"}),
        Transition("read done", "reading", "idle"),
        Transition(
            "no more reads",
            "idle",
            "idle",
            ("copies_begun >= uses_over + 1",),
            {"uses_over": "uses_over + 1"},
        ),
    ),
)
"""The location ``torn``: a place is written while it is read."""


# The places of the residents: free ones, held ones, and at most one that is on its way.
CAPACITY: Final = Automaton(
    parameters=("capacity",),
    given=("capacity >= 1",),
    variables=("free", "held"),
    location="rest",
    start=("free = capacity", "held = 0"),
    transitions=(
        Transition("hit", "rest", "rest", ("held >= 1",)),
        Transition("bypass", "rest", "rest"),
        Transition("take a free place", "rest", "moving", ("free >= 1",), {"free": "free - 1"}),
        Transition("evict", "rest", "moving", ("held >= 1",), {"held": "held - 1"}),
        Transition("load", "moving", "rest", (), {"held": "held + 1"}),
        Transition("copy fails", "moving", "rest", (), {"free": "free + 1"}),
    ),
)


# What a bypass leaves alone: who is resident, in which order they leave, and their bytes, each
# as a number that any change changes; with what they were when the bypass began.
_SEEN: Final = {"residents_then": "residents", "order_then": "order", "bytes_then": "bytes"}
_ENDS: Final = {"home": "home + 1"}
BYPASS: Final = Automaton(
    parameters=("buffers",),
    given=("buffers >= 1",),
    variables=("residents", "order", "bytes", "home", *_SEEN),
    location="rest",
    start=(
        "home = buffers",
        *(f"{then} = {now}" for then, now in _SEEN.items()),
    ),
    transitions=(
        Transition("hit", "rest", "rest", (), {"order": "order + moved"}),
        Transition(
            "load",
            "rest",
            "rest",
            (),
            {
                "residents": "residents + came",
                "order": "order + moved",
                "bytes": "bytes + copied",
            },
        ),
        Transition(
            "bypass begins", "rest", "bypassing", ("home >= 1",), {**_SEEN, "home": "home - 1"}
        ),
        Transition("bypass read", "bypassing", "bypassed", (), _ENDS),
        Transition("consumer stops", "bypassing", "bypassed", (), _ENDS),
        Transition("next", "bypassed", "rest"),
    ),
)


# Bytes over the link between host and device.
BYTES: Final = Automaton(
    parameters=("expert_bytes",),
    given=("expert_bytes >= 1",),
    variables=("misses", "prefetches", "up", "down"),
    location="rest",
    start=("misses = 0", "prefetches = 0", "up = 0", "down = 0"),
    transitions=(
        Transition("hit", "rest", "rest"),
        Transition("evict", "rest", "rest"),
        *(
            Transition(
                label,
                "rest",
                "rest",
                (),
                {counted: f"{counted} + 1", "up": "up + expert_bytes"},
            )
            for label, counted in (
                ("load", "misses"),
                ("bypass", "misses"),
                ("prefetch", "prefetches"),
            )
        ),
    ),
)


# One layer's sum, ours beside eager's: each expert applies a step y -> scale y + shift that is the
# same on both sides if the weights read are its own, and differs by any amount if not. ``name``:
# the expert that a place stands for; ``content``: the one whose weights it holds.
_NAMED: Final = {"name": "chosen", "content": "chosen"}
REDUCTION: Final = Automaton(
    variables=("name", "content", "last", "expert", "ours", "eager"),
    location="rest",
    start=("content = name", "last = 0 - 1", "expert = 0 - 1", "ours = eager"),
    transitions=(
        Transition("load", "rest", "rest", ("chosen >= 0",), _NAMED),
        Transition(
            "resident",
            "rest",
            "reading",
            ("chosen = name", "chosen >= last + 1"),
            {"expert": "chosen"},
        ),
        Transition(
            "bypass",
            "rest",
            "reading",
            ("chosen >= last + 1",),
            {**_NAMED, "expert": "chosen"},
        ),
        Transition(
            "add",
            "reading",
            "rest",
            (),
            {
                "last": "expert",
                "ours": "scale*ours + shift + wrong*content - wrong*expert",
                "eager": "scale*eager + shift",
            },
        ),
        Transition(
            "next event",
            "rest",
            "rest",
            (),
            {"last": "0 - 1", "ours": "first", "eager": "first"},
        ),
    ),
)
