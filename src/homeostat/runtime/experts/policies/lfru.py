"""Least recently and frequently used leaves first: counts that halve, exactly and lazily."""

from typing import final

from homeostat.errors import InvalidInputError
from homeostat.models.residency.cache import Value
from homeostat.models.residency.events import Event
from homeostat.models.residency.rules import LFRU_UNIT
from homeostat.runtime.experts.policies.lru import LastUse
from homeostat.runtime.experts.policies.policy import Policy

__all__ = ["HALF_LIFE", "HalvedCounts", "LfruPolicy"]

HALF_LIFE = 32
"""Events after which a use counts half, where nothing else is asked for."""


class HalvedCounts(Policy):
    """Values experts by uses that halve after every ``half_life`` events, then the last use.

    A count is halved when it is looked at: h halvings that round down are one shift by h.

    Args:
        n_expert: Experts of the layer.
        half_life: Events from one halving to the next, 1 or more.

    Raises:
        InvalidInputError: The half-life is below 1.
    """

    def __init__(self, n_expert: int, half_life: int = HALF_LIFE) -> None:
        """Start with no expert used."""
        if half_life < 1:
            raise InvalidInputError(f"half_life={half_life} must be 1 or more")
        self.half_life = half_life
        self._last = LastUse(n_expert)
        self._count = [0] * n_expert
        self._halvings = 0
        self._halved_at = [0] * n_expert

    def observe(self, event: Event) -> None:
        """Take note of an event. O(its experts)."""
        self._halvings = self._last.events // self.half_life
        self._last.observe(event)
        for expert in event.experts:
            self._count[expert] = self._now(expert) + LFRU_UNIT
            self._halved_at[expert] = self._halvings

    def value(self, expert: int) -> Value:
        """Return the halved count, then the last use."""
        return self._now(expert), self._last.of[expert]

    def _now(self, expert: int) -> int:
        return self._count[expert] >> (self._halvings - self._halved_at[expert])


@final
class LfruPolicy(HalvedCounts):
    """Equal to ``models.residency.rules.LfruRule``."""
