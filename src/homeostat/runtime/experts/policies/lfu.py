"""Least frequently used since it came leaves first."""

from typing import final

from homeostat.models.residency.cache import Value
from homeostat.models.residency.events import Event
from homeostat.runtime.experts.policies.lru import LastUse
from homeostat.runtime.experts.policies.policy import Policy

__all__ = ["LfuPolicy"]


@final
class LfuPolicy(Policy):
    """Equal to ``models.residency.rules.LfuRule``.

    Args:
        n_expert: Experts of the layer.
    """

    def __init__(self, n_expert: int) -> None:
        """Start with no expert used."""
        self._last = LastUse(n_expert)
        self._uses = [0] * n_expert

    def observe(self, event: Event) -> None:
        """Take note of an event. O(its experts)."""
        self._last.observe(event)
        for expert in event.experts:
            self._uses[expert] += 1

    def value(self, expert: int) -> Value:
        """Return the uses since the expert last left, then the last use."""
        return self._uses[expert], self._last.of[expert]

    def evicted(self, expert: int) -> None:
        """Forget what was counted of an expert."""
        self._uses[expert] = 0
