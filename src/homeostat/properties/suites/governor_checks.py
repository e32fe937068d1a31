"""Cases and checks of the suite ``governor`` that speak of jobs which freeze."""

from dataclasses import dataclass

from hypothesis import strategies as st

from homeostat.errors import InvalidInputError
from homeostat.models.airlock.designs import EVENTS, Event, Run
from homeostat.properties.results import Violation

__all__ = [
    "Freezing",
    "all_are_frozen",
    "freezings",
    "frozen_memory_is_not_given",
    "frozen_out_of_turn",
]


@dataclass(frozen=True, slots=True)
class Freezing:
    """Jobs on a node, and what happens to them; what cannot happen is left out.

    Attributes:
        design: ``naive`` or ``airlock``.
        slack: Memory that is free beside the room at first.
        room: What nobody holds for good; 0 if naive.
        held: What each job holds at first.
        events: What happens.
    """

    design: str
    slack: int
    room: int
    held: tuple[int, ...]
    events: tuple[Event, ...]

    @property
    def start(self) -> Run:
        """The node before anything happens."""
        capacity = sum(self.held) + self.room + self.slack
        return Run(self.design, capacity, self.room, list(self.held))


def _event(what: str, job: int, amount: int) -> Event:
    return what, job, amount if what == "ask" else 0


def freezings(design: str) -> st.SearchStrategy[Freezing]:
    """Return up to twelve events of up to three jobs that ask for more."""
    events = st.builds(_event, st.sampled_from((*EVENTS, "ask", "ask")), st.integers(0, 2),
                       st.integers(1, 4))  # fmt: skip
    return st.builds(
        Freezing,
        st.just(design),
        st.integers(0, 2),
        st.integers(1, 4) if design == "airlock" else st.just(0),
        st.lists(st.integers(0, 3), min_size=2, max_size=3).map(tuple),
        st.lists(events, max_size=12).map(tuple),
    )


def _happens(node: Run, event: Event) -> bool:
    try:
        node.take(event)
    except InvalidInputError:
        return False
    return True


def _figures(node: Run) -> dict[str, str]:
    return {"held": str(node.held), "state": str(node.state), "asks": str(len(node.asks))}


def frozen_out_of_turn(case: Freezing) -> Violation | None:
    """Who waits is thawed in the order of coming, someone runs, and memory is within capacity."""
    node = case.start
    for step, event in enumerate(case.events, start=1):
        if not _happens(node, event):
            continue
        stuck = node.alive and not node.running
        # Between events nobody waits that could enter: of a line the first is inside or served.
        idle = node.line and node.inside is None
        if stuck or idle or not node.in_order or node.used_max > node.capacity:
            return Violation(step, _figures(node))
    return None


def all_are_frozen(case: Freezing) -> Violation | None:
    """False: jobs that freeze while what they ask for does not fit are never all frozen."""
    node = case.start
    for step, event in enumerate(case.events, start=1):
        if event[0] == "stop" or not _happens(node, event):
            continue
        if node.asks and node.asks[-1].whole > node.capacity:
            return None  # not spoken of: alone it would not fit
        if node.alive and not node.running:
            return Violation(step, _figures(node))
    return None


def frozen_memory_is_not_given(case: Freezing) -> Violation | None:
    """False: who asks for no more than frozen jobs hold is given it."""
    node = case.start
    for step, event in enumerate(case.events, start=1):
        asked = len(node.asks)
        if not _happens(node, event) or len(node.asks) == asked:
            continue
        ask = node.asks[-1]
        if ask.frozen_held >= ask.amount and not ask.granted:
            return Violation(step, _figures(node))
    return None
