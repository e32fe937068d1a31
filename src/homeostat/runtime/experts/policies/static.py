"""A fixed set of experts, such as those that were used most before."""

from collections import Counter
from collections.abc import Iterable
from typing import final

from homeostat.errors import InvalidInputError
from homeostat.models.residency.cache import Value
from homeostat.models.residency.events import Event
from homeostat.runtime.experts.policies.policy import Policy

__all__ = ["StaticPolicy", "most_used"]


def most_used(events: Iterable[Event], capacity: int) -> frozenset[int]:
    """Return the experts that most events used, as many as the capacity; ties go to the least.

    Raises:
        InvalidInputError: There is no event to count.
    """
    uses = Counter(expert for event in events for expert in event.experts)
    if not uses:
        raise InvalidInputError("the experts used most need events to count, got none")
    return frozenset(sorted(uses, key=lambda expert: (-uses[expert], expert))[:capacity])


@final
class StaticPolicy(Policy):
    """Equal to ``models.residency.rules.StaticRule``.

    Args:
        chosen: Experts that become resident when they are first used; others never do.
    """

    def __init__(self, chosen: Iterable[int]) -> None:
        """Start with the set that never changes."""
        self.chosen = frozenset(chosen)

    def observe(self, event: Event) -> None:
        """Take note of nothing."""

    def value(self, expert: int) -> Value:
        """Return 1 for the chosen, else 0."""
        return (int(expert in self.chosen),)

    def admits(self, expert: int, victim: int | None) -> bool:
        """Admit the chosen."""
        return expert in self.chosen
