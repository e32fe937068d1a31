"""The cache of experts as a transition system: from what is resident, by an event, to the next.

One event is decided as a whole, in this order:

1. Hits are the experts of the event that are resident; the others are misses.
2. Misses are taken in ascending order. One that the rule does not admit is a bypass: it is computed
   from a transient buffer, and nothing that is resident changes.
3. One that is admitted is loaded: into a free place if there is one, else in the place of the
   resident of least value, ties to the least expert, among those that the event does not need. If
   the event needs every resident, there is no such place, and it is a bypass.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from homeostat.errors import InvalidInputError
from homeostat.models.residency.events import Event

__all__ = ["Load", "Outcome", "Past", "Residency", "Rule", "Value", "serve"]

Value: TypeAlias = tuple[float, ...]
"""What a resident is worth; the least goes first. Whole numbers wherever a tie matters."""


@dataclass(frozen=True, slots=True)
class Load:
    """An expert that became resident, and the one that left for it; None if there was room."""

    expert: int
    evicted: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one event did: each of its experts is in one of the three, ascending."""

    hits: tuple[int, ...]
    loads: tuple[Load, ...]
    bypasses: tuple[int, ...]

    @property
    def misses(self) -> int:
        """Experts that were copied to the device."""
        return len(self.loads) + len(self.bypasses)


Past: TypeAlias = Sequence[tuple[Event, Outcome | None]]
"""Events with what they did; the last one is being decided, so its outcome is None."""


class Rule(Protocol):
    """A policy, as a function of the whole past: easy to read, slow to run."""

    def value(self, expert: int, past: Past) -> Value:
        """Return what it is worth that an expert is resident."""

    def admits(self, expert: int, victim: int | None, past: Past) -> bool:
        """Return whether an expert is loaded, in the place of a victim or of nobody."""


@dataclass(frozen=True, slots=True)
class Residency:
    """What is resident in one layer, and how it came about.

    Attributes:
        capacity: Most experts that are resident at once, 1 or more.
        resident: Which ones.
        past: All events so far, with what each did.
    """

    capacity: int
    resident: frozenset[int] = frozenset()
    past: tuple[tuple[Event, Outcome], ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Refuse a state that cannot be.

        Raises:
            InvalidInputError: The capacity is below 1 or exceeded.
        """
        if self.capacity < 1:
            raise InvalidInputError(f"capacity {self.capacity} must be 1 or more")
        if len(self.resident) > self.capacity:
            raise InvalidInputError(
                f"{len(self.resident)} resident experts must be {self.capacity} or fewer"
            )


def serve(state: Residency, event: Event, rule: Rule) -> tuple[Residency, Outcome]:
    """Return the state after an event, and what the event did."""
    past: Past = (*state.past, (event, None))
    resident = set(state.resident)
    loads: list[Load] = []
    bypasses: list[int] = []
    needed = set(event.experts)

    def worth(expert: int) -> tuple[Value, int]:
        return rule.value(expert, past), expert

    for expert in (e for e in event.experts if e not in state.resident):
        free = len(resident) < state.capacity
        idle = resident - needed
        victim = None if free or not idle else min(idle, key=worth)
        if (free or idle) and rule.admits(expert, victim, past):
            resident -= {victim}
            resident.add(expert)
            loads.append(Load(expert, victim))
        else:
            bypasses.append(expert)
    hits = tuple(e for e in event.experts if e in state.resident)
    outcome = Outcome(hits, tuple(loads), tuple(bypasses))
    after = Residency(state.capacity, frozenset(resident), (*state.past, (event, outcome)))
    return after, outcome
