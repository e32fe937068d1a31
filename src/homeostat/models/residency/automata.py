"""What a cache of experts may do, as transition systems over whole numbers.

Proofs read these definitions, and runs of the real cache are held against them step by step.
"""

from typing import Final

from homeostat.models.automata import Automaton, Transition

__all__ = ["BYPASS", "BYTES", "CAPACITY", "PLACE", "REDUCTION"]


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
