"""LFRU that loads an expert only in the place of one that is worth less."""

from typing import final

from homeostat.runtime.experts.policies.lfru import HalvedCounts

__all__ = ["RankPolicy"]


@final
class RankPolicy(HalvedCounts):
    """Equal to ``models.residency.rules.RankRule``."""

    def admits(self, expert: int, victim: int | None) -> bool:
        """Admit into a free place, or in the place of what is worth less."""
        return victim is None or self.value(expert) > self.value(victim)
