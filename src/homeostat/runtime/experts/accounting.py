"""What a cache of experts did: counted event by event, and measured against the optimum."""

from dataclasses import dataclass, field
from typing import Final

from homeostat.models.residency.cache import Outcome
from homeostat.models.residency.events import Event

__all__ = ["Account"]

EVENTS_KEPT_MAX: Final = 100_000
"""Events kept for the comparison with the optimum; later ones are counted only."""


@dataclass(slots=True)
class Account:
    """Counts of one layer's cache.

    Attributes:
        capacity: Most experts resident at once.
        expert_bytes: Size of one expert.
        events: Passes decided.
        asked: Experts that they needed, all together.
        hits: Of these, resident when asked for.
        loads: Copies to become resident, on demand.
        bypasses: Copies to a transient buffer.
        prefetches: Copies ahead of any demand.
        kept: The first events, for the comparison with the optimum.
        misses_kept: Misses that were decided on these events.
    """

    capacity: int
    expert_bytes: int
    events: int = 0
    asked: int = 0
    hits: int = 0
    loads: int = 0
    bypasses: int = 0
    prefetches: int = 0
    kept: list[Event] = field(default_factory=list, repr=False)
    misses_kept: int = 0

    def decided(self, event: Event, outcome: Outcome) -> None:
        """Count an event as it is decided; its copies are counted as they start."""
        self.events += 1
        self.asked += len(event.experts)
        self.hits += len(outcome.hits)
        if len(self.kept) < EVENTS_KEPT_MAX:
            self.kept.append(event)
            self.misses_kept += outcome.misses

    def loaded(self) -> None:
        """Count a copy that makes an expert resident."""
        self.loads += 1

    def bypassed(self) -> None:
        """Count a copy to a transient buffer."""
        self.bypasses += 1

    def prefetched(self) -> None:
        """Count a copy ahead of demand."""
        self.prefetches += 1

    @property
    def bytes_up(self) -> int:
        """Bytes copied from host to device."""
        return (self.loads + self.bypasses + self.prefetches) * self.expert_bytes

    @property
    def bytes_down(self) -> int:
        """Bytes copied from device to host: weights do not change, so none."""
        return 0

    @property
    def hit_rate(self) -> float:
        """Hits per expert asked for; 0 before the first event."""
        return self.hits / self.asked if self.asked else 0.0

    @property
    def union_per_capacity(self) -> float:
        """Mean experts per event, in capacities; above 1 the cache cannot hold one event."""
        return self.asked / self.events / self.capacity if self.events else 0.0
