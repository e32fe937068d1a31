"""A cache of experts with one mistake: a copy does not wait for what still reads its place.

homeostat fuzz expert-cache --target docs/examples/eager_cache.py:EagerCache
"""

from collections.abc import Iterator, Sequence
from typing import Any

from homeostat.models.residency.events import Event


class EagerCache:
    """Least recently used; copies what finds no place into one buffer, when its turn comes."""

    policies = ("lru",)

    def __init__(
        self, lanes: Any, host: Sequence[Any], *, capacity: int, buffers: int, policy: str
    ) -> None:
        """Allocate a place for each resident, and one for the others."""
        self.lanes, self.host = lanes, host
        self.spare = lanes.place(host[0])
        self.free = [lanes.place(host[0]) for _ in range(min(capacity, len(host)))]
        self.held: dict[int, Any] = {}
        self.last_use = [-1] * len(host)
        self.events = 0

    @property
    def resident(self) -> set[int]:
        """Return which experts are resident."""
        return set(self.held)

    def serve(self, event: Event) -> Iterator[tuple[int, Any]]:
        """Yield each expert with a place that has its weights."""
        for expert in event.experts:
            self.last_use[expert] = self.events
        self.events += 1
        bypassed = self.load(event.experts)
        for expert in event.experts:
            if expert in bypassed:
                self.copy(expert, self.spare)
            yield expert, self.held.get(expert, self.spare)

    def load(self, experts: Sequence[int]) -> list[int]:
        """Load what finds a place, and return what does not."""
        missing = [expert for expert in experts if expert not in self.held]
        idle = sorted(set(self.held).difference(experts), key=lambda e: (self.last_use[e], e))
        count = min(len(missing), len(self.free) + len(idle))
        while len(self.free) < count:
            self.free.append(self.held.pop(idle.pop(0)))
        for expert in missing[:count]:
            self.copy(expert, self.free[-1])
            self.held[expert] = self.free.pop()
        return missing[count:]

    def copy(self, expert: int, place: Any) -> None:
        """Copy the weights of an expert, and have the computes from now on wait for them."""
        self.lanes.wait(self.lanes.copy(self.host[expert], place, after=[]))
