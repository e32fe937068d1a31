"""What an airlock may do, as transition systems over whole numbers.

Proofs read these definitions, and runs of the real airlock are held against them step by step.
Memory is counted in any unit; time in ticks, as long or short as one likes.
"""

from typing import Final

from homeostat.models.automata import Automaton, Transition

__all__ = ["AIRLOCK", "LINE"]


# The books and the lock. ``used`` is what jobs hold for good, ``reserved`` what the one inside may
# take beside it, ``taken`` what is really in use: a job takes what it was given and no more, and of
# one that dies the system has the memory back before its lock.
_ENTER: Final = Transition(
    "enter", "open", "held", ("unlocked >= 1",), {"unlocked": "unlocked - 1"}
)
_MORE: Final = ("more >= 1", "taken + more <= used + reserved")
_LESS: Final = ("less >= 1", "less <= taken")
AIRLOCK: Final = Automaton(
    parameters=("capacity", "room"),
    given=("room >= 0", "room <= capacity"),
    variables=("unlocked", "used", "reserved", "taken"),
    location="open",
    start=("unlocked = 1", "used = 0", "reserved = 0", "taken = 0"),
    transitions=(
        _ENTER,
        Transition("enter beside", "held", "both", _ENTER.when, _ENTER.after),
        Transition(
            "reserve",
            "held",
            "held",
            ("amount >= 1", "used + reserved + amount <= capacity"),
            {"reserved": "reserved + amount"},
        ),
        Transition(
            "commit",
            "held",
            "held",
            ("amount >= 1", "amount <= reserved", "used + amount + room <= capacity"),
            {"reserved": "reserved - amount", "used": "used + amount"},
        ),
        Transition(
            "cancel",
            "held",
            "held",
            ("amount >= 1", "amount <= reserved", "taken + amount <= used + reserved"),
            {"reserved": "reserved - amount"},
        ),
        Transition(
            "release",
            "held",
            "held",
            ("amount >= 1", "amount <= used", "taken + amount <= used + reserved"),
            {"used": "used - amount"},
        ),
        Transition("leave", "held", "open", ("reserved = 0",), {"unlocked": "unlocked + 1"}),
        Transition(
            "holder dies",
            "held",
            "dead",
            ("gone >= 0", "gone <= taken", "taken - gone <= used"),
            {"unlocked": "unlocked + 1", "taken": "taken - gone"},
        ),
        Transition(
            "recover",
            "dead",
            "held",
            ("unlocked >= 1",),
            {"unlocked": "unlocked - 1", "reserved": "0"},
        ),
        *(
            Transition(f"memory {word} {place}", place, place, when, {"taken": after})
            for place in ("open", "held")
            for word, when, after in (
                ("taken", _MORE, "taken + more"),
                ("given back", _LESS, "taken - less"),
            )
        ),
        Transition("memory given back dead", "dead", "dead", _LESS, {"taken": "taken - less"}),
    ),
)
"""The location ``both``: two are inside."""


# The line before an airlock, from when one job joins it: ``ahead`` are those who came before and
# are still in line, beside the one inside. A turn lasts from when the lock comes free until it is
# free again, the next one's way in included; ``lasted`` is its age, ``waited`` the job's wait.
_IN_LINE: Final = ("open", "held", "served")
_PASSES: Final = {"lasted": "lasted + 1", "waited": "waited + 1"}
_GOES: Final = {"reserved": "0", "lasted": "0"}
LINE: Final = Automaton(
    parameters=("capacity", "room", "jobs", "turn_max"),
    given=("room >= 1", "room <= capacity", "jobs >= 2", "turn_max >= 1"),
    variables=("ahead", "used", "reserved", "need", "lasted", "waited"),
    location="served",
    start=(
        "ahead >= 0",
        "ahead + 2 <= jobs",
        "used >= 0",
        "used + room <= capacity",
        "reserved = need",
        "need >= 1",
        "need <= room",
        "lasted >= 0",
        "lasted <= turn_max",
        "waited = 0",
    ),
    transitions=(
        Transition(
            "thaw the first",
            "open",
            "held",
            ("ahead >= 1", "asked >= 1", "asked <= room"),
            {"ahead": "ahead - 1", "need": "asked"},
        ),
        Transition("thaw", "open", "thawed", ("ahead <= 0",)),
        Transition("serve", "held", "served", ("used + need <= capacity",), {"reserved": "need"}),
        Transition(
            "grow",
            "served",
            "served",
            ("amount >= 1", "amount <= reserved", "used + amount + room <= capacity"),
            {"used": "used + amount", "reserved": "reserved - amount"},
        ),
        Transition(
            "shrink",
            "served",
            "served",
            ("amount >= 1", "amount <= used"),
            {"used": "used - amount"},
        ),
        Transition("leave", "served", "open", (), _GOES),
        *(Transition(f"dies {place}", place, "open", (), _GOES) for place in ("held", "served")),
        *(
            Transition(f"gives up {place}", place, place, ("ahead >= 1",), {"ahead": "ahead - 1"})
            for place in _IN_LINE
        ),
        *(
            Transition(f"time {place}", place, place, ("lasted + 1 <= turn_max",), _PASSES)
            for place in _IN_LINE
        ),
    ),
)
"""The location ``thawed``: the job is inside."""
