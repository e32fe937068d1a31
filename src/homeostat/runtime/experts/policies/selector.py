"""Chooses among policies by what each would have missed on events that were measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, final

from homeostat.errors import InvalidInputError
from homeostat.models.residency.cache import Value
from homeostat.models.residency.events import Event
from homeostat.runtime.experts.policies.policy import Policy
from homeostat.runtime.experts.residency import ResidentSet

__all__ = ["EVENTS_MIN", "PolicyFactory", "Selection", "SelectorPolicy", "select", "together"]

EVENTS_MIN: Final = 2
"""One event to learn from and one to be judged on."""


class PolicyFactory(Protocol):
    """Makes the policy of one layer."""

    def __call__(
        self, n_expert: int, capacity: int, top_k: int, *, prefix: Sequence[Event] = ()
    ) -> Policy:
        """Return a fresh policy.

        Args:
            n_expert: Experts of the layer.
            capacity: Most experts resident at once.
            top_k: Experts of a token.
            prefix: Events measured before, from which it may learn.
        """


@dataclass(frozen=True, slots=True)
class Selection:
    """Which policy was chosen, and why.

    Attributes:
        asked: Experts asked for in the events that the candidates were judged on.
        misses: Of each candidate on these, in the order of the candidates.
    """

    asked: int
    misses: Mapping[str, int]

    @property
    def chosen(self) -> str:
        """Name of the candidate with the fewest misses; of equals the first."""
        return min(self.misses, key=self.misses.__getitem__)

    @property
    def reason(self) -> str:
        """Return the choice in words."""
        first = self.chosen
        others = {name: count for name, count in self.misses.items() if name != first}
        words = f"{first} missed {self.misses[first]} of {self.asked}"
        if not others:
            return words
        second = min(others, key=others.__getitem__)
        return f"{words}, the next is {second} with {others[second]}"


def select(
    candidates: Mapping[str, PolicyFactory],
    events: Sequence[Event],
    *,
    n_expert: int,
    capacity: int,
    top_k: int,
) -> Selection:
    """Replay each candidate on measured events, and count its misses in their second half.

    In the first half caches fill and counts begin; what a candidate learns beforehand it learns
    there, so that nobody is judged on what it was told.

    Args:
        candidates: By name; the first of equals is chosen.
        events: Two or more.
        n_expert: Experts of the layer.
        capacity: Most experts resident at once.
        top_k: Experts of a token.

    Raises:
        InvalidInputError: There is no candidate, or there are fewer than two events.
    """
    if not candidates:
        raise InvalidInputError("a choice needs at least one candidate, got none")
    if len(events) < EVENTS_MIN:
        raise InvalidInputError(f"{len(events)} measured events must be {EVENTS_MIN} or more")
    half = len(events) // 2
    misses = {}
    for name, make in candidates.items():
        residents = ResidentSet(capacity, make(n_expert, capacity, top_k, prefix=events[:half]))
        outcomes = [residents.serve(event) for event in events]
        misses[name] = sum(outcome.misses for outcome in outcomes[half:])
    return Selection(sum(len(event.experts) for event in events[half:]), misses)


def together(selections: Sequence[Selection]) -> Selection:
    """Return the choice for a whole model, from those of its layers with the same candidates.

    Raises:
        InvalidInputError: There is none.
    """
    if not selections:
        raise InvalidInputError("a choice for a model needs at least one layer, got none")
    names = selections[0].misses
    return Selection(
        sum(own.asked for own in selections),
        {name: sum(own.misses[name] for own in selections) for name in names},
    )


@final
class SelectorPolicy(Policy):
    """The candidate that missed least on measured events; it may be chosen again.

    Args:
        candidates: By name.
        events: Measured, two or more.
        n_expert: Experts of the layer.
        capacity: Most experts resident at once.
        top_k: Experts of a token.

    Raises:
        InvalidInputError: There is no candidate, or there are fewer than two events.
    """

    def __init__(
        self,
        candidates: Mapping[str, PolicyFactory],
        events: Sequence[Event],
        *,
        n_expert: int,
        capacity: int,
        top_k: int,
    ) -> None:
        """Choose for the first time."""
        self._candidates = candidates
        self._size = {"n_expert": n_expert, "capacity": capacity, "top_k": top_k}
        self.reselect(events)

    def reselect(self, events: Sequence[Event]) -> Selection:
        """Choose anew; what is resident stays, and the chosen one learns from the events.

        Raises:
            InvalidInputError: There are fewer than two events.
        """
        self.selection = select(self._candidates, events, **self._size)
        make = self._candidates[self.selection.chosen]
        self._policy = make(**self._size, prefix=events)
        return self.selection

    def observe(self, event: Event) -> None:
        """Hand it to the chosen one."""
        self._policy.observe(event)

    def value(self, expert: int) -> Value:
        """Return what the chosen one says."""
        return self._policy.value(expert)

    def admits(self, expert: int, victim: int | None) -> bool:
        """Return what the chosen one says."""
        return self._policy.admits(expert, victim)

    def evicted(self, expert: int) -> None:
        """Hand it to the chosen one."""
        self._policy.evicted(expert)
