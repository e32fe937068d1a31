"""What is proved of every run of the cache of experts, by induction over its transitions.

The systems are those of ``models.residency.automata``, which the tests hold the real cache's runs
against. Each holds for any number of events, experts and copies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from homeostat.models.automata import Automaton, stuck
from homeostat.models.residency.automata import (
    BYPASS,
    BYTES,
    CAPACITY,
    PLACE,
    REDUCTION,
)
from homeostat.proofs.certificates import automaton
from homeostat.proofs.claims import Claim, Source, false_automaton
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS"]

Rows = Mapping[str, Sequence[str]]
Step = tuple[str, dict[str, str]]


def _run(start: Mapping[str, str], *steps: str | Step, **parameters: str) -> dict[str, Any]:
    return {
        "parameters": parameters,
        "start": dict(start),
        "steps": [[step, {}] if isinstance(step, str) else list(step) for step in steps],
    }


def _zeros(system: Automaton, **others: str) -> dict[str, str]:
    return {**dict.fromkeys(system.variables, "0"), **others}


# --- capacity

_HELD: Final = {"*": ["held <= capacity", "held >= 0", "free >= 0"]}
_PLACES: Final = {
    "rest": ["free + held = capacity", "free >= 0", "held >= 0"],
    "moving": ["free + held + 1 = capacity", "free >= 0", "held >= 0"],
}
_FREE: Final = "take a free place"
_ONE_PLACE: Final = _run(
    {"free": "1", "held": "0"},
    *(_FREE, "copy fails", _FREE, "load", "hit", "bypass", "evict", "load"),
    capacity="1",
)
_UNASKED: Final = CAPACITY.without(_FREE, "free >= 1")


def _decide_capacity() -> Proved:
    return Proved(certificates=(automaton(CAPACITY.theorem(_HELD), _PLACES, example=[_ONE_PLACE]),))


# --- bypass

_SAME: Final = {
    "bypassing": ["residents = residents_then", "order = order_then", "bytes = bytes_then"],
}
_SAME_AFTER: Final = {"bypassed": _SAME["bypassing"], "rest": ["home = buffers"]}
_HOME: Final = {
    "rest": ["home = buffers"],
    "bypassing": [*_SAME["bypassing"], "home + 1 = buffers"],
    "bypassed": [*_SAME["bypassing"], "home = buffers"],
}
_MOVED: Final = {"moved": "1"}
_BYPASSES: Final = _run(
    _zeros(BYPASS, home="2"),
    ("load", {"came": "1", "copied": "7", **_MOVED}),
    ("hit", _MOVED),
    *("bypass begins", "bypass read", "next", "bypass begins", "consumer stops", "next"),
    buffers="2",
)
_TOUCHING: Final = replace(
    BYPASS,
    transitions=tuple(
        replace(t, after={**t.after, "order": "order + 1"}) if t.label == "bypass read" else t
        for t in BYPASS.transitions
    ),
)


def _decide_bypass() -> Proved:
    return Proved(
        certificates=(automaton(BYPASS.theorem(_SAME_AFTER), _HOME, example=[_BYPASSES]),)
    )


# --- places

_IN_ORDER: Final = (
    "copies_done <= copies_begun",
    "copies_begun <= copies_done + 1",
    "copies_begun <= uses",
    "uses_over <= copies_begun",
    "copies_begun <= uses_over + 1",
)
_PLACE: Final = {
    "idle": list(_IN_ORDER),
    "reading": [
        "copies_begun = copies_done",
        "copies_done = uses_over + 1",
        "copies_begun <= uses",
    ],
}
_OWN_USE: Final = {
    "reading": ["copies_begun = copies_done", "copies_done = uses_over + 1"],
    "torn": ["0 >= 1"],
}
_WORK: Final = ("more work", "more work while read")
_USES: Final = _run(
    _zeros(PLACE),
    *("more work", "copy begins", "copy done", "read begins", "more work while read", "read done"),
    *("read begins", "last read done", "copy begins", "no more reads", "copy done"),
)
_WITH_STUCK: Final = replace(
    PLACE,
    transitions=(
        *PLACE.transitions,
        *stuck(PLACE, "idle", busy=["uses_over + 1 <= uses"], adds_work=_WORK),
    ),
)
_EARLY: Final = replace(
    PLACE,
    transitions=tuple(
        replace(t, when=tuple(r for r in t.when if r != "copies_begun <= uses_over"))
        for t in PLACE.transitions
    ),
)


def _decide_places() -> Proved:
    theorem = PLACE.theorem(_OWN_USE)
    comes_back = _WITH_STUCK.theorem({"stuck": ["0 >= 1"]})
    return Proved(
        certificates=(
            automaton(theorem, _PLACE, example=[_USES]),
            automaton(comes_back, _PLACE, example=[_USES]),
        )
    )


# --- bytes

_SUM: Final = "up = expert_bytes*misses + expert_bytes*prefetches"
_TOTAL: Final = {"*": [_SUM, "down = 0"]}
_TRAFFIC: Final = _run(
    _zeros(BYTES), "load", "hit", "bypass", "evict", "prefetch", expert_bytes="9437184"
)
_WRITES_BACK: Final = replace(
    BYTES,
    transitions=tuple(
        replace(t, after={"down": "down + expert_bytes"}) if t.label == "evict" else t
        for t in BYTES.transitions
    ),
)


def _decide_bytes() -> Proved:
    theorem = BYTES.theorem(_TOTAL)
    return Proved(
        certificates=(automaton(theorem, {"rest": [_SUM, "down = 0"]}, example=[_TRAFFIC]),)
    )


# --- outputs

_ADDED: Final = {
    "*": ["ours = eager"],
    "reading": ["content = expert", "expert >= last + 1"],
}
_EXACT: Final = {
    "rest": ["content = name", "ours = eager"],
    "reading": ["content = name", "name = expert", "ours = eager", "expert >= last + 1"],
}
_STEP: Final = ("add", {"scale": "1", "shift": "3", "wrong": "5"})
_NOTHING_ADDED: Final = _zeros(REDUCTION, last="-1", expert="-1")
_OUTPUTS: Final = _run(
    _NOTHING_ADDED,
    ("next event", {"first": "2"}),
    ("load", {"chosen": "4"}),
    ("resident", {"chosen": "4"}),
    _STEP,
    ("bypass", {"chosen": "6"}),
    _STEP,
)
_UNWAITED: Final = replace(
    REDUCTION,
    transitions=tuple(
        replace(t, after={name: x for name, x in t.after.items() if name != "content"})
        if t.label == "bypass"
        else t
        for t in REDUCTION.transitions
    ),
)


def _decide_outputs() -> Proved:
    theorem = REDUCTION.theorem(_ADDED)
    return Proved(certificates=(automaton(theorem, _EXACT, example=[_OUTPUTS]),))


_ANY_RUN: Final = "every run, of any number of events; the runtime's steps are these, as tests show"

CLAIMS: Final = (
    Claim(
        id="experts.capacity",
        title="Resident experts never exceed the capacity",
        statement="Whatever is loaded, evicted, bypassed or fails, 0 <= residents <= capacity, and "
        "no place is lost: free ones, held ones and the one on its way are always all.",
        scope=f"every capacity >= 1; {_ANY_RUN}",
        source=Source(note="004", section="3"),
        decide=_decide_capacity,
        canary=false_automaton(
            "the same if a load does not ask whether a place is free",
            _UNASKED.theorem(_HELD),
            _PLACES,
            start={"free": "1", "held": "0"},
            parameters={"capacity": "1"},
        ),
        vacuity="one place, filled at the second try, then read, bypassed and given to another",
        property_twin="capacity",
    ),
    Claim(
        id="experts.bypass_pure",
        title="A bypass changes no resident, no order and no resident byte",
        statement="When a bypass is over, read or not, the residents, the order in which they will "
        "leave and their bytes are what they were when it began, and its buffer is back.",
        scope=f"any number of buffers; {_ANY_RUN}",
        source=Source(note="004", section="3"),
        decide=_decide_bypass,
        canary=false_automaton(
            "the same of a bypass that counts as a use in the order",
            _TOUCHING.theorem(_SAME_AFTER),
            _HOME,
            start=_zeros(BYPASS, home="1"),
            parameters={"buffers": "1"},
            inputs={"load": [{"came": "1", "copied": "7", **_MOVED}], "hit": [_MOVED]},
        ),
        vacuity="two buffers, one bypass that is read and one whose consumer stops",
        remark="One bypass at a time is followed; others beside it change as little. What a policy "
        "notes of an event it notes once, before the bypasses, whether there are any or none.",
        property_twin="bypass_pure",
    ),
    Claim(
        id="experts.buffer_safe",
        title="No place is written while it is read, and every place comes back",
        statement="While a place is read, no copy into it is under way and what it holds is the "
        "copy that was made for this use. While a use is not over, a copy or a read can begin or "
        "end, or the use can end unread: nothing waits for ever, whether the consumer reads all, "
        "stops early or raises.",
        scope=f"every place of the cache, resident or transient, with any number of uses given to "
        f"the lanes ahead; {_ANY_RUN}",
        source=Source(note="004", section="3"),
        decide=_decide_places,
        canary=false_automaton(
            "the same if a copy does not wait for the reads before it",
            _EARLY.theorem(_OWN_USE),
            _PLACE,
            start=_zeros(PLACE),
        ),
        vacuity="two uses: one with two reads, one whose consumer stops while it is copied",
        remark="Lanes run in order, each by itself; CUDA streams are such lanes, and events are "
        "what a copy and a read wait for. That something can always happen, with uses that are "
        "finite in number, lets all of them end.",
        trusts=("kernel", "lanes run what they are given in order, and waits are kept"),
        property_twin="buffer_safe",
    ),
    Claim(
        id="experts.bytes",
        title="Bytes to the device are copies times the size of an expert; none come back",
        statement="Host-to-device bytes = (misses + prefetches) * expert_bytes, and "
        "device-to-host bytes = 0, since weights do not change; without prefetching, that is "
        "misses * expert_bytes.",
        scope=f"experts of one size in a layer; {_ANY_RUN}",
        source=Source(note="004", section="3"),
        decide=_decide_bytes,
        canary=false_automaton(
            "the same of a cache that writes back what it evicts",
            _WRITES_BACK.theorem(_TOTAL),
            {"rest": [_SUM, "down = 0"]},
            start=_zeros(BYTES),
            parameters={"expert_bytes": "1"},
        ),
        vacuity="a load, a bypass and a prefetch",
        remark="The note counts an eviction as a copy each way; an immutable host copy saves one.",
        property_twin="bytes",
    ),
    Claim(
        id="experts.output_exact",
        title="Outputs are those of the model without offloading, to the bit",
        statement="Experts are added in ascending order, and each with its own weights, whatever "
        "is resident and whatever the policy does: the same operations on the same operands in "
        "the same order as without a cache.",
        scope=f"every top-k, policy and state of the cache; {_ANY_RUN}",
        source=Source(note="004", section="3"),
        decide=_decide_outputs,
        canary=false_automaton(
            "the same if a bypass is read before its copy is done",
            _UNWAITED.theorem(_ADDED),
            _EXACT,
            start=_NOTHING_ADDED,
            inputs={
                **{label: [{"chosen": "6"}] for label in ("load", "resident", "bypass")},
                "add": [_STEP[1]],
                "next event": [{"first": "2"}],
            },
        ),
        vacuity="a resident expert and a bypassed one in one event",
        remark="No rounding is modelled and none needs to be: equal operands give equal results. "
        "Tests compare real architectures, in float32 and bfloat16, to the bit.",
        trusts=("kernel", "one operation on equal operands and shapes gives equal bits"),
        property_twin="output_exact",
    ),
)
