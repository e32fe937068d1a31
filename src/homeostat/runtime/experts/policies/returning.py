"""What the discounted chance of a return says: whom to keep, or whom to let in (note 002, 4)."""

from functools import lru_cache
from typing import Final, final

import numpy as np

from homeostat.errors import InvalidInputError
from homeostat.models.residency.cache import Value
from homeostat.models.residency.events import Event
from homeostat.models.routing.chain import Matrix, chain_of
from homeostat.models.routing.returns import discounted_returns
from homeostat.runtime.experts.policies.lru import LastUse
from homeostat.runtime.experts.policies.policy import Policy
from homeostat.runtime.experts.policies.walkers import Walkers, some_of

__all__ = ["DISCOUNT", "THRESHOLD", "PReturnPolicy", "ReturnChances", "ThresholdPolicy"]

DISCOUNT: Final = 0.9
"""The notes give none."""
THRESHOLD: Final = 0.1
"""Below it an expert is not let in (note 004, section 2)."""
REFIT_EVENTS: Final = 32
"""Events from one estimate of the chain to the next, each of which costs O(experts^3)."""


@lru_cache(maxsize=8)
def _returns_of(counts: bytes, n_expert: int, discount: float) -> Matrix:
    """Return F of counted steps; kept, as policies and capacities on the same routes share them."""
    table = np.frombuffer(counts, np.int64).reshape(n_expert, n_expert)
    return discounted_returns(chain_of(table), discount)


class ReturnChances:
    """The discounted chance that some walker comes to an expert, from where they are.

    The chain leads from the first choice of a token to that of the next; from where nobody ever
    went on it leads anywhere, each as likely. If each walker goes on with the chance ``discount``
    at each event, independently, then 1 - prod over walkers on s of (1 - F_se) is the chance that
    one of them comes to e, where F is that of ``models.routing.returns``.

    Args:
        n_expert: Experts of the layer.
        discount: In [0, 1).
        refit_events: Events from one estimate to the next, 1 or more.

    Raises:
        InvalidInputError: An argument is out of range.
    """

    def __init__(
        self, n_expert: int, *, discount: float = DISCOUNT, refit_events: int = REFIT_EVENTS
    ) -> None:
        """Start with no step seen."""
        if not 0 <= discount < 1:
            raise InvalidInputError(f"discount={discount!r} must be >= 0 and < 1")
        if refit_events < 1:
            raise InvalidInputError(f"refit_events={refit_events} must be 1 or more")
        self._discount = discount
        self._refit_events = refit_events
        self._walkers = Walkers()
        self._counts = np.zeros((n_expert, n_expert), np.int64)
        self._returns = np.zeros((n_expert, n_expert))
        self._events = 0
        self._chances: list[float] | None = None
        self.known = False
        """Whether there was an estimate yet; until then every chance is 0."""

    def observe(self, event: Event) -> None:
        """Take note of an event. O(its tokens), and O(experts^3) where the chain is estimated."""
        for before, top in self._walkers.steps(event):
            self._counts[before, top] += 1
        self._events += 1
        if self._events % self._refit_events == 0 and self._counts.any():
            self._returns = _returns_of(self._counts.tobytes(), len(self._counts), self._discount)
            self.known = True
        self._chances = None

    def of(self, expert: int) -> float:
        """Return the chance of one expert. O(walkers times experts), once an event."""
        if self._chances is None:
            self._chances = some_of(self._returns[list(self._walkers.tops)])
        return self._chances[expert]


@final
class PReturnPolicy(Policy):
    """Values an expert by the chance of its return; ties go by the last use.

    Args:
        n_expert: Experts of the layer.
        discount: Chance with which a walker goes on at each event.
        refit_events: Events from one estimate of the chain to the next.
    """

    def __init__(
        self, n_expert: int, *, discount: float = DISCOUNT, refit_events: int = REFIT_EVENTS
    ) -> None:
        """Start with no step seen."""
        self._last = LastUse(n_expert)
        self._chances = ReturnChances(n_expert, discount=discount, refit_events=refit_events)

    def observe(self, event: Event) -> None:
        """Take note of an event."""
        self._last.observe(event)
        self._chances.observe(event)

    def value(self, expert: int) -> Value:
        """Return the chance of a return, then the last use."""
        return self._chances.of(expert), self._last.of[expert]


@final
class ThresholdPolicy(Policy):
    """LRU that lets no expert in whose chance of a return is below a threshold.

    It is that of note 004, section 2, and bypasses also into a free place. Before the first
    estimate nothing is known, and everything is let in.

    Args:
        n_expert: Experts of the layer.
        threshold: Chance below which an expert stays out.
        discount: Chance with which a walker goes on at each event.
        refit_events: Events from one estimate of the chain to the next.
    """

    def __init__(
        self,
        n_expert: int,
        *,
        threshold: float = THRESHOLD,
        discount: float = DISCOUNT,
        refit_events: int = REFIT_EVENTS,
    ) -> None:
        """Start with no step seen."""
        self._threshold = threshold
        self._last = LastUse(n_expert)
        self._chances = ReturnChances(n_expert, discount=discount, refit_events=refit_events)

    def observe(self, event: Event) -> None:
        """Take note of an event."""
        self._last.observe(event)
        self._chances.observe(event)

    def value(self, expert: int) -> Value:
        """Return the last use."""
        return (self._last.of[expert],)

    def admits(self, expert: int, victim: int | None) -> bool:
        """Admit what is likely enough to return."""
        return not self._chances.known or self._chances.of(expert) >= self._threshold
