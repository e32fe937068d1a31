"""Routes through a cache that holds no weights: what each policy would have missed.

``replay`` runs the decisions that the cache really makes; ``replay_compiled`` the same for the
policies that only count, some hundred times faster. Both count experts: a hit is an expert of an
event that was resident, a miss one that was copied, to stay or not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from homeostat.errors import InvalidInputError
from homeostat.models.residency.events import Event
from homeostat.models.residency.rules import LFRU_UNIT
from homeostat.runtime.experts.policies.lfru import HALF_LIFE
from homeostat.runtime.experts.policies.policy import Policy
from homeostat.runtime.experts.residency import ResidentSet

__all__ = [
    "COMPILED",
    "FlatEvents",
    "Tally",
    "flat_events",
    "optimal",
    "replay",
    "replay_compiled",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a cache did with events; of several layers it adds up.

    Attributes:
        capacity: Most experts resident at once, of all layers together.
        events: How many.
        asked: Experts that they needed, all together.
        hits: Of these, resident when asked for.
        loads: Copied to stay.
        bypasses: Copied to be used once.
    """

    capacity: int
    events: int
    asked: int
    hits: int
    loads: int
    bypasses: int

    @property
    def misses(self) -> int:
        """Experts that were copied."""
        return self.loads + self.bypasses

    @property
    def hit_rate(self) -> float:
        """Hits per expert asked for; 0 if none was."""
        return self.hits / self.asked if self.asked else 0.0

    @property
    def union_per_capacity(self) -> float:
        """Mean experts of an event in capacities of a layer, for one layer; above 1 none fits."""
        return self.asked / self.events / self.capacity if self.events else 0.0

    def regret(self, least: "Tally") -> int:
        """Return the misses beyond those of an optimum on the same events.

        Raises:
            InvalidInputError: It is of other events.
        """
        if (least.capacity, least.events, least.asked) != (self.capacity, self.events, self.asked):
            raise InvalidInputError(f"{least} must be of the same events as {self}")
        return self.misses - least.misses

    def __add__(self, other: "Tally") -> "Tally":
        """Return both together, as of two layers."""
        return Tally(
            capacity=self.capacity + other.capacity,
            events=self.events + other.events,
            asked=self.asked + other.asked,
            hits=self.hits + other.hits,
            loads=self.loads + other.loads,
            bypasses=self.bypasses + other.bypasses,
        )


def replay(events: Sequence[Event], capacity: int, policy: Policy) -> Tally:
    """Return what a fresh cache of one layer does under a policy.

    Raises:
        InvalidInputError: The capacity is below 1.
    """
    residents = ResidentSet(capacity, policy)
    hits = loads = bypasses = 0
    for event in events:
        outcome = residents.serve(event)
        hits += len(outcome.hits)
        loads += len(outcome.loads)
        bypasses += len(outcome.bypasses)
    return Tally(
        capacity=capacity,
        events=len(events),
        asked=hits + loads + bypasses,
        hits=hits,
        loads=loads,
        bypasses=bypasses,
    )


@dataclass(frozen=True, slots=True)
class FlatEvents:
    """Events of one layer as arrays, for compiled replays.

    Attributes:
        experts: Of all events, one event behind the other.
        offsets: Where each event begins, and the end.
        n_expert: Experts of the layer.
    """

    experts: NDArray[np.int64]
    offsets: NDArray[np.int64]
    n_expert: int


def flat_events(events: Sequence[Event], n_expert: int) -> FlatEvents:
    """Return events as arrays.

    Raises:
        InvalidInputError: An expert is not below ``n_expert``.
    """
    experts = np.array([e for event in events for e in event.experts], dtype=np.int64)
    if len(experts) and experts.max() >= n_expert:
        raise InvalidInputError(f"expert {experts.max()} must be below {n_expert}")
    sizes = np.array([0, *(len(event.experts) for event in events)], dtype=np.int64)
    return FlatEvents(experts, np.cumsum(sizes), n_expert)


COMPILED: Final[dict[str, tuple[int, int, bool, bool]]] = {
    "lru": (0, 0, False, False),
    "lfu": (1, 0, True, False),
    "lfru": (LFRU_UNIT, HALF_LIFE, False, False),
    "rank": (LFRU_UNIT, HALF_LIFE, False, True),
}
"""What a use counts, the half-life, whether leaving forgets, and whether rank admits."""


def replay_compiled(events: FlatEvents, capacity: int, name: str) -> Tally:
    """Return what ``replay`` returns for a policy of ``COMPILED``, in compiled code.

    Raises:
        InvalidInputError: The policy is not among them, or the capacity is below 1.
    """
    # Compiling takes seconds where no folder keeps what was compiled.
    from homeostat.runtime.experts.replay_kernels import replay_counted

    if name not in COMPILED:
        raise InvalidInputError(f"compiled policy {name!r} must be one of {', '.join(COMPILED)}")
    _demand(capacity)
    counts = replay_counted(
        events.experts, events.offsets, events.n_expert, capacity, *COMPILED[name]
    )
    return _tally(events, capacity, counts)


def optimal(events: FlatEvents, capacity: int, *, bypass: bool) -> Tally:
    """Return what ``models.residency.optimal.belady`` does, in compiled code.

    Raises:
        InvalidInputError: The capacity is below 1.
    """
    from homeostat.runtime.experts.replay_kernels import replay_optimal

    _demand(capacity)
    counts = replay_optimal(events.experts, events.offsets, events.n_expert, capacity, bypass)
    return _tally(events, capacity, counts)


def _demand(capacity: int) -> None:
    if capacity < 1:
        raise InvalidInputError(f"capacity {capacity} must be 1 or more")


def _tally(events: FlatEvents, capacity: int, counts: Any) -> Tally:
    hits, loads, bypasses = (int(count) for count in counts)
    return Tally(
        capacity=capacity,
        events=len(events.offsets) - 1,
        asked=len(events.experts),
        hits=hits,
        loads=loads,
        bypasses=bypasses,
    )
