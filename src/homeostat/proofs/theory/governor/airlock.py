"""The airlock of a node: its books, its lock and its line, proved of every run; and freezing alone.

The systems are those of ``models.airlock.automata``, which the tests hold the real airlock's runs
against. They hold for any number of jobs, any capacity and room, and any number of deaths.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from homeostat.counterexamples import CASE_CONJECTURES
from homeostat.counterexamples.cases.airlock_searching import airlock_case, small_runs
from homeostat.models.airlock.automata import AIRLOCK, LINE
from homeostat.models.automata import Automaton, stuck
from homeostat.proofs.certificates import automaton
from homeostat.proofs.claims import Claim, Source, false_automaton, false_case, unbroken
from homeostat.proofs.theory.small_cases import both, by_case
from homeostat.proofs.verdicts import Proved, Verdict

__all__ = ["CLAIMS"]

Step = tuple[str, dict[str, str]]


def _run(start: Mapping[str, str], *steps: str | Step, **parameters: str) -> dict[str, Any]:
    return {
        "parameters": parameters,
        "start": dict(start),
        "steps": [[step, {}] if isinstance(step, str) else list(step) for step in steps],
    }


def _of(**amounts: int) -> dict[str, str]:
    return {name: str(amount) for name, amount in amounts.items()}


# --- safe

_SAFE: Final = {
    "*": [
        "used + reserved <= capacity",
        "taken <= used + reserved",
        "used + room <= capacity",
        "used >= 0",
        "reserved >= 0",
    ],
    "open": ["reserved = 0", "unlocked = 1"],
    "held": ["unlocked = 0"],
    "both": ["0 >= 1"],
}
_BOOKS: Final = (
    "used >= 0",
    "reserved >= 0",
    "used + reserved <= capacity",
    "used + room <= capacity",
    "taken >= 0",
    "taken <= used + reserved",
)
_KEPT: Final = {
    "open": [*_BOOKS, "unlocked = 1", "reserved = 0"],
    "held": [*_BOOKS, "unlocked = 0"],
    "dead": [*_BOOKS, "unlocked = 1", "taken <= used"],
}
_EMPTY: Final = {"unlocked": "1", "used": "0", "reserved": "0", "taken": "0"}
_SHIFT: Final = _run(
    _EMPTY,
    "enter",
    ("reserve", _of(amount=3)),
    ("memory taken held", _of(more=3)),
    ("commit", _of(amount=2)),
    ("memory given back held", _of(less=2)),
    ("cancel", _of(amount=1)),
    ("release", _of(amount=1)),
    "leave",
    ("memory given back open", _of(less=1)),
    ("memory taken open", _of(more=1)),
    "enter",
    ("reserve", _of(amount=3)),
    ("memory taken held", _of(more=2)),
    ("holder dies", _of(gone=2)),
    ("memory given back dead", _of(less=1)),
    "recover",
    "leave",
    capacity="4",
    room="2",
)
_UNASKED: Final = AIRLOCK.without("reserve", "used + reserved + amount <= capacity")
_UNLOCKED: Final = AIRLOCK.without("enter beside", "unlocked >= 1")
_INPUTS: Final = {
    "reserve": [_of(amount=2)],
    "commit": [_of(amount=1)],
    "cancel": [_of(amount=1)],
    "release": [_of(amount=1)],
    "holder dies": [_of(gone=0)],
    **{f"memory taken {place}": [_of(more=1)] for place in ("open", "held")},
    **{f"memory given back {place}": [_of(less=1)] for place in ("open", "held", "dead")},
}
_ONE: Final = {"capacity": "1", "room": "0"}


def _decide_safe() -> Proved:
    return Proved(certificates=(automaton(AIRLOCK.theorem(_SAFE), _KEPT, example=[_SHIFT]),))


# --- live

_BOUND: Final = {
    "*": ["waited <= jobs*turn_max", "used + reserved <= capacity"],
    "stuck": ["0 >= 1"],
}
_ALWAYS: Final = (
    "ahead >= 0",
    "lasted >= 0",
    "lasted <= turn_max",
    "used >= 0",
    "used + room <= capacity",
    "turn_max*ahead >= 0",
)
# In time: the rest of this turn, a turn for each job ahead, and the job's own way in.
_WAITS: Final = "waited + turn_max*ahead + turn_max - lasted <= jobs*turn_max"
_BEHIND: Final = "waited + turn_max*ahead + 2*turn_max - lasted <= jobs*turn_max"
_ROOM: Final = ("need >= 1", "need <= room")
_LINED: Final = {
    "open": [*_ALWAYS, _WAITS, "reserved = 0"],
    "held": [*_ALWAYS, _BEHIND, "reserved = 0", *_ROOM],
    "served": [*_ALWAYS, _BEHIND, "reserved >= 0", "reserved <= room"],
    "thawed": [*_ALWAYS, _WAITS, "reserved = 0"],
}
_WORKS: Final = ("grow", "shrink", "dies held", "dies served")
_PASSES: Final = tuple(
    f"{what} {place}" for what in ("time", "gives up") for place in ("open", "held", "served")
)


def _with_stuck(system: Automaton) -> Automaton:
    """Add the location ``stuck``: there the job is in line and nothing lets the line go on.

    That a job ahead gives up or dies, that time passes or that who is inside works is no way on.
    """
    asks = replace(
        system,
        transitions=tuple(
            replace(t, when=tuple(row for row in t.when if "asked" not in row))
            for t in system.transitions
        ),
    )
    ways = [
        way
        for place in ("open", "held", "served")
        for way in stuck(asks, place, busy=(), adds_work=(*_WORKS, *_PASSES))
    ]
    named = tuple(replace(way, label=f"{way.source} {way.label}") for way in ways)
    return replace(system, transitions=(*system.transitions, *named))


_START: Final = _of(ahead=1, used=2, reserved=2, need=2, lasted=1, waited=0)
_IN_TURN: Final = _run(
    _START,
    "time served",
    ("grow", _of(amount=1)),
    ("shrink", _of(amount=1)),
    "leave",
    "time open",
    ("thaw the first", _of(asked=1)),
    "time held",
    "serve",
    "leave",
    "time open",
    "time open",
    "thaw",
    capacity="5",
    room="2",
    jobs="3",
    turn_max="2",
)
_IMPATIENT: Final = _run(
    _of(ahead=4, used=0, reserved=1, need=1, lasted=0, waited=0),
    "gives up served",
    "dies served",
    "gives up open",
    ("thaw the first", _of(asked=1)),
    "gives up held",
    "dies held",
    "thaw",
    capacity="2",
    room="1",
    jobs="6",
    turn_max="1",
)
_CROWDED: Final = LINE.without("grow", "used + amount + room <= capacity")
_NO_END: Final = LINE.without("time served", "lasted + 1 <= turn_max")
_TRIED: Final = {
    "thaw the first": [_of(asked=1)],
    "grow": [_of(amount=1)],
    "shrink": [_of(amount=1)],
}
_SMALL: Final = {"capacity": "2", "room": "1", "jobs": "3", "turn_max": "1"}
_JOINED: Final = _of(ahead=1, used=1, reserved=1, need=1, lasted=0, waited=0)


def _decide_live() -> Proved:
    theorem = _with_stuck(LINE).theorem(_BOUND)
    return Proved(certificates=(automaton(theorem, _LINED, example=[_IN_TURN, _IMPATIENT]),))


# --- freezing alone


def _decide_naive() -> Verdict:
    return by_case(
        airlock_case("mutual_freezing"),
        detail="Two jobs that hold half the node each ask for more. Each is frozen until the other "
        "gives something back, which what is frozen never does.",
    )


def _decide_freeze() -> Verdict:
    return by_case(
        airlock_case("freeze_releases_memory"),
        detail="A stopped process keeps its pages. Memory comes back when a job ends, dies or "
        "leaves the airlock, and by nothing else.",
    )


_ONE_LEFT: Final = replace(
    CASE_CONJECTURES["mutual_freezing"],
    assumes=("airlock", *CASE_CONJECTURES["mutual_freezing"].assumes[1:]),
)


def _airlocks() -> Iterator[dict[str, Any]]:
    return small_runs("airlock")


_NOTE: Final = Source(note="000", section="6")
_ANY_RUN: Final = "every run, of any length; the runtime's steps are these, as tests show"

CLAIMS: Final = (
    Claim(
        id="governor.airlock_safe",
        title="What is used and reserved never exceeds the capacity, and one is inside at a time",
        statement="Whatever is reserved, committed, cancelled or released, and whenever a holder "
        "dies: 0 <= used, 0 <= reserved, used + reserved <= capacity, memory in use is at most "
        "that, the room is never held for good, the lock is free exactly while nobody is inside, "
        "and no second one is ever inside.",
        scope=f"every capacity >= room >= 0, any number of jobs; {_ANY_RUN}",
        source=_NOTE,
        decide=_decide_safe,
        canary=both(
            false_automaton(
                "the same if a reservation does not ask for what is free",
                _UNASKED.theorem(_SAFE),
                _KEPT,
                start=_EMPTY,
                parameters=_ONE,
                inputs=_INPUTS,
            ),
            false_automaton(
                "the same if one enters without the lock",
                _UNLOCKED.theorem(_SAFE),
                _KEPT,
                start=_EMPTY,
                parameters=_ONE,
                inputs=_INPUTS,
            ),
        ),
        vacuity="a node of 4 with a room of 2: a job that grows and shrinks, and one that dies "
        "inside with all that is free reserved, whom the next one clears up after",
        remark="Induction over one step is enough, as the invariants say what the lock's state "
        "means in each location. A job takes no more memory than it was given: the airlock "
        "keeps books, and does not look into processes.",
        trusts=("kernel", "of a process that dies the system frees the memory, then the lock"),
        property_twin="airlock_safe",
    ),
    Claim(
        id="governor.airlock_live",
        title="Who is frozen before the airlock is thawed within N turns",
        statement="A job in line is thawed at the latest after as many turns as there are jobs, "
        "and until then there is always a next step: the one inside is served from the room, it "
        "can leave, or the first in line can enter.",
        scope="N jobs, inside or in line; every turn, from lock free to lock free, lasts at most "
        f"turn_max, as who is inside leaves or dies; room >= what is asked for; {_ANY_RUN}",
        source=_NOTE,
        decide=_decide_live,
        canary=both(
            false_automaton(
                "the same if what is kept for good may use the room up",
                _with_stuck(_CROWDED).theorem(_BOUND),
                _LINED,
                start=_JOINED,
                parameters=_SMALL,
                inputs=_TRIED,
            ),
            false_automaton(
                "the same if who is inside may stay for ever",
                _with_stuck(_NO_END).theorem(_BOUND),
                _LINED,
                start=_JOINED,
                parameters=_SMALL,
                inputs=_TRIED,
            ),
        ),
        vacuity="three jobs with every step once; six of which some give up and some die inside",
        remark="One job is followed from when it joins the line; those behind it change nothing "
        "for it. Time passes in ticks of any length and never beyond the bound, so with a next "
        "step always there the job is thawed. A holder that others stop is the one case outside "
        "the scope: nobody thaws then until it is resumed or killed.",
        trusts=("kernel", "who is inside leaves or dies within turn_max"),
        property_twin="airlock_live",
    ),
    Claim(
        id="governor.airlock_live.naive",
        title="Jobs that freeze one another while memory is short go on in the end",
        statement="Jobs that are frozen while what they ask for does not fit, and thawed when it "
        "does, are never all frozen, if what each holds and asks for fits alone.",
        scope="every run of asks, ends and deaths, on every node",
        source=_NOTE,
        decide=_decide_naive,
        canary=unbroken("all jobs are frozen before an airlock, too", _ONE_LEFT, _airlocks),
        vacuity="each of the two jobs fits alone",
        remark="The airlock has no such run: what is asked for comes out of a room that nobody "
        "who waits can hold.",
        refuted_by=("mutual_freezing",),
        property_twin="mutual_freezing",
    ),
    Claim(
        id="governor.airlock_live.freeze",
        title="Freezing jobs makes room for others",
        statement="Who asks for no more than frozen jobs hold is given it.",
        scope="every run of asks, stops, ends and deaths, on every node",
        source=_NOTE,
        decide=_decide_freeze,
        canary=false_case(
            "an ask that fits beside a frozen job is refused",
            CASE_CONJECTURES["freeze_releases_memory"],
            {
                "design": "naive",
                "capacity": 3,
                "room": 0,
                "held": [1, 1],
                "events": [["stop", 2], ["ask", 1, 1]],
            },
        ),
        vacuity="the frozen job holds what is asked for",
        remark="So a freeze alone turns no lack of memory into a wait; an order of entry and a "
        "room do. Tests stop a real process and look at its memory.",
        refuted_by=("freeze_releases_memory",),
        property_twin="freeze_releases_memory",
    ),
)
