"""The chance that the next event uses an expert, given where the walkers are; one step ahead."""

from typing import final

import numpy as np
from numpy.typing import NDArray

from homeostat.models.residency.cache import Value
from homeostat.models.residency.events import Event
from homeostat.runtime.experts.policies.lru import LastUse
from homeostat.runtime.experts.policies.policy import Policy
from homeostat.runtime.experts.policies.walkers import Walkers, some_of

__all__ = ["MarkovPolicy"]


@final
class MarkovPolicy(Policy):
    """Values an expert by the chance that the next event uses it; ties go by the last use.

    ``u_se`` is the part of steps from first choice s after which the walker used expert e. A walker
    alone used all experts of its event; of several, only the first choice of each is known. From
    where nobody ever went on, the part of all steps counts; before the first step every chance is
    0. Walkers are taken to be independent: 1 - prod over walkers on s of (1 - u_se). It is
    estimated anew with each event, which costs one row.

    Args:
        n_expert: Experts of the layer.
    """

    def __init__(self, n_expert: int) -> None:
        """Start with no step seen."""
        self._last = LastUse(n_expert)
        self._walkers = Walkers()
        self._uses = np.zeros((n_expert, n_expert))
        self._steps = np.zeros(n_expert)
        self._none = np.zeros(n_expert)
        self._chances: list[float] | None = None

    def observe(self, event: Event) -> None:
        """Take note of an event. O(its experts)."""
        self._last.observe(event)
        for before, top in self._walkers.steps(event):
            self._steps[before] += 1
            self._uses[before, list(event.experts) if len(event.tops) == 1 else [top]] += 1
        self._chances = None

    def value(self, expert: int) -> Value:
        """Return the chance of use in the next event, then the last use."""
        if self._chances is None:
            self._chances = self._estimate()
        return self._chances[expert], self._last.of[expert]

    def _estimate(self) -> list[float]:
        """Return the chance of each expert. O(walkers times experts), once an event."""
        return some_of(np.array([self._row(top) for top in self._walkers.tops] or [self._none]))

    def _row(self, top: int) -> NDArray[np.float64]:
        uses, steps = self._uses[top], self._steps[top]
        if not steps:
            uses, steps = self._uses.sum(axis=0), self._steps.sum()
        return np.asarray(uses / steps if steps else self._none)
