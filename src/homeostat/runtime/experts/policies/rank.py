"""LFRU that loads an expert only in the place of one that is worth less."""

from typing import final

from homeostat.models.residency.cache import Value
from homeostat.models.residency.events import Event
from homeostat.runtime.experts.policies.lfru import HALF_LIFE, HalvedCounts
from homeostat.runtime.experts.policies.policy import Policy

__all__ = ["RankPolicy"]


@final
class RankPolicy(Policy):
    """Equal to ``models.residency.rules.RankRule``.

    Args:
        n_expert: Experts of the layer.
        half_life: Events after which a use counts half.
    """

    def __init__(self, n_expert: int, half_life: int = HALF_LIFE) -> None:
        """Start with no expert used."""
        self._counts = HalvedCounts(n_expert, half_life)

    def observe(self, event: Event) -> None:
        """Take note of an event. O(its experts)."""
        self._counts.observe(event)

    def value(self, expert: int) -> Value:
        """Return the halved count, then the last use."""
        return self._counts.value(expert)

    def admits(self, expert: int, victim: int | None) -> bool:
        """Admit into a free place, or in the place of what is worth less."""
        return victim is None or self.value(expert) > self.value(victim)
