"""Least recently used leaves first."""

from collections.abc import Iterable
from typing import final

from homeostat.models.residency.cache import Value
from homeostat.models.residency.events import Event
from homeostat.runtime.experts.policies.policy import Policy

__all__ = ["LastUse", "LruPolicy"]


class LastUse:
    """The last event that used each expert, from 0 on; -1 before its first."""

    def __init__(self, n_expert: int) -> None:
        """Start before the first event."""
        self.events = 0
        self.of = [-1] * n_expert

    def observe(self, event: Event) -> None:
        """Take note of an event. O(its experts)."""
        for expert in event.experts:
            self.of[expert] = self.events
        self.events += 1


@final
class LruPolicy(Policy):
    """Equal to ``models.residency.rules.LruRule``.

    Args:
        n_expert: Experts of the layer.
    """

    def __init__(self, n_expert: int) -> None:
        """Start with no expert used."""
        self._last = LastUse(n_expert)

    def observe(self, event: Event) -> None:
        """Take note of an event. O(its experts)."""
        self._last.observe(event)

    def value(self, expert: int) -> Value:
        """Return the last use."""
        return (self._last.of[expert],)

    def victim(self, idle: Iterable[int]) -> int:
        """Return the least recently used. O(idle), without a tuple for each."""
        last = self._last.of
        # Ascending, as ``min`` returns the first of equals.
        return min(sorted(idle), key=last.__getitem__)
