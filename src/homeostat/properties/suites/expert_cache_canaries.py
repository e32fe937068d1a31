"""Caches of experts with one mistake each, one an aspect; the suite must refute every one."""

from collections.abc import Iterator, Sequence
from typing import Any

from homeostat.models.residency.cache import Load, Outcome
from homeostat.models.residency.events import Event
from homeostat.properties.machines.expert_cache import our_policy
from homeostat.properties.machines.simulated_lanes import Weights
from homeostat.runtime.experts.buffers import Memory, TransientBuffers
from homeostat.runtime.experts.cache import ExpertCache
from homeostat.runtime.experts.lanes import Lanes
from homeostat.runtime.experts.residency import ResidentSet

__all__ = [
    "BypassRefreshes",
    "CopiesTwice",
    "OneTooMany",
    "OverwritesItsBuffer",
    "ServesResidentsFirst",
]


class _Broken(ExpertCache[Weights, Weights]):
    """Made as every target is."""

    residents: type[ResidentSet] = ResidentSet
    transient: type[TransientBuffers[Weights]] = TransientBuffers

    def __init__(
        self,
        lanes: Lanes[Weights, Weights],
        host: Sequence[Weights],
        *,
        capacity: int,
        buffers: int,
        policy: str,
    ) -> None:
        super().__init__(
            lanes,
            host,
            residents=self.residents(capacity, our_policy(policy, len(host), capacity)),
            buffers=self.transient(lanes.place(host[0]) for _ in range(buffers)),
        )

    def check(self) -> None:
        """Say nothing: its answers alone must give it away."""


class OneTooMany(_Broken):
    """Off by one: holds one more than it was told."""

    def __init__(
        self,
        lanes: Lanes[Weights, Weights],
        host: Sequence[Weights],
        *,
        capacity: int,
        **options: Any,
    ) -> None:
        """Create it one too large."""
        super().__init__(lanes, host, capacity=capacity + 1, **options)


class _Refreshing(ResidentSet):
    def serve(self, event: Event) -> Outcome:
        outcome = super().serve(event)
        if outcome.bypasses and self.resident:
            self.policy.observe(Event((min(self.resident),)))
        return outcome


class BypassRefreshes(_Broken):
    """Lets a bypass count as a use of a resident that it did not replace."""

    residents = _Refreshing


class _Forgetful(TransientBuffers[Weights]):
    def give(self, buffer: Memory[Weights]) -> None:
        buffer.read = None
        super().give(buffer)


class OverwritesItsBuffer(_Broken):
    """Forgets who reads a buffer, so that the next copy does not wait for it."""

    transient = _Forgetful


class CopiesTwice(_Broken):
    """Copies what is admitted again."""

    def _bring(self, load: Load, *, ahead: bool = False) -> None:
        super()._bring(load, ahead=ahead)
        self._held[load.expert].fill(self._lanes, self._host[load.expert], ahead=ahead)


class ServesResidentsFirst(_Broken):
    """Serves what it has before what it copies."""

    def serve(self, event: Event) -> Iterator[tuple[int, Weights]]:
        """Put what was not resident off."""
        hits = self.resident
        late: list[tuple[int, Weights]] = []
        for expert, place in super().serve(event):
            if expert in hits or expert not in self.resident:
                yield expert, place
            else:
                late.append((expert, place))
        yield from late
