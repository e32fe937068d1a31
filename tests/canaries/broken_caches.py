"""Caches of experts that someone might write, each with one mistake, and one without.

The contract must catch every mistake and accept the last. They check nothing themselves: what
gives them away is what they answer, and what their lanes run.
"""

from collections import deque
from collections.abc import Generator, Hashable, Iterable, Iterator, Sequence
from typing import Any

from homeostat.models.residency.cache import Load, Outcome
from homeostat.models.residency.events import Event
from homeostat.properties.machines.expert_cache import our_policy
from homeostat.properties.machines.simulated_lanes import CopyFailedError, LaneMark, Weights
from homeostat.runtime.experts.buffers import Memory, TransientBuffers
from homeostat.runtime.experts.cache import ExpertCache
from homeostat.runtime.experts.lanes import Lanes
from homeostat.runtime.experts.residency import ResidentSet

DeviceLanes = Lanes[Weights, Weights]


class Own(ExpertCache[Weights, Weights]):
    """Right."""

    residents: type[ResidentSet] = ResidentSet
    transient: type[TransientBuffers[Weights]] = TransientBuffers

    def __init__(
        self,
        lanes: DeviceLanes,
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
        pass


class OverwritesTheEvicted(Own):
    """Forgets who reads a resident that leaves."""

    def _place_for(self, load: Load) -> Memory[Weights]:
        memory = super()._place_for(load)
        memory.read = None
        return memory


class ReadsTooEarly(Own):
    """Computes without a wait for the copy of a bypass."""

    def _start_bypasses(self, waiting: deque[int], lent: dict[int, Memory[Weights]]) -> None:
        super()._start_bypasses(waiting, lent)
        for memory in lent.values():
            memory.written = None


class WaitsForTheCopyBefore(Own):
    """Off by one: waits for the copies that were given before the last one."""

    class OffByOne:
        def __init__(self, lanes: DeviceLanes) -> None:
            self._lanes = lanes

        def __getattr__(self, name: str) -> Any:
            return getattr(self._lanes, name)

        def copy(
            self, source: Weights, place: Weights, *, after: Iterable[Hashable], ahead: bool = False
        ) -> Hashable:
            mark = self._lanes.copy(source, place, after=after, ahead=ahead)
            assert isinstance(mark, LaneMark)
            return LaneMark(mark.lane, mark.position - 2)

    def __init__(self, lanes: DeviceLanes, host: Sequence[Weights], **options: Any) -> None:
        super().__init__(self.OffByOne(lanes), host, **options)


class WritesBehindAYield(Own):
    """Clears a place as soon as the consumer asks for the next one, past all lanes."""

    def _deliver(self, event: Event, outcome: Outcome) -> Iterator[tuple[int, Weights]]:
        for expert, place in super()._deliver(event, outcome):
            yield expert, place
            if expert in outcome.bypasses:
                place.fill(0)


class AllocatesForEachLoad(Own):
    """Never uses a place again."""

    def _place_for(self, load: Load) -> Memory[Weights]:
        super()._place_for(load)
        return Memory(self._lanes.place(self._host[0]))


class BypassEvicts(Own):
    """Drops a resident for a bypass that takes no place of theirs."""

    def serve(self, event: Event) -> Iterator[tuple[int, Weights]]:
        before = self.account.bypasses
        yield from super().serve(event)
        if self.account.bypasses > before and self.resident:
            victim = min(self.resident)
            self._residents.forget(victim)
            self._free.append(self._held.pop(victim))


class _Leaks(Own):
    """Loses the buffers that are lent when something ends the iterator early."""

    on: type[BaseException]

    def _deliver(self, event: Event, outcome: Outcome) -> Iterator[tuple[int, Weights]]:
        inner = super()._deliver(event, outcome)
        assert isinstance(inner, Generator)
        for pair in inner:
            try:
                yield pair
            except self.on:
                home = list(self._buffers._home)
                inner.close()
                self._buffers._home = home
                raise


class LeaksWhenClosed(_Leaks):
    on = GeneratorExit


class LeaksWhenTheConsumerRaises(_Leaks):
    on = Exception


class EvictsTheNeeded(Own):
    """Takes the place of a resident that the same event needs."""

    class Careless(ResidentSet):
        def _idle(self, event: Event) -> set[int]:
            return set(self._resident)

    residents = Careless

    def _deliver(self, event: Event, outcome: Outcome) -> Iterator[tuple[int, Weights]]:
        lost = [e for e in event.experts if e not in self._held and e not in outcome.bypasses]
        again = Outcome(outcome.hits, outcome.loads, tuple(sorted((*outcome.bypasses, *lost))))
        yield from super()._deliver(event, again)


class KeepsStaleWeights(Own):
    """Takes a place that an expert once had for one that still has its weights."""

    def __init__(self, lanes: DeviceLanes, host: Sequence[Weights], **options: Any) -> None:
        super().__init__(lanes, host, **options)
        self._once: dict[int, Memory[Weights]] = {}

    def _bring(self, load: Load, *, ahead: bool = False) -> None:
        place = self._free[-1] if load.evicted is None else self._held[load.evicted]
        if self._once.get(load.expert) is place:
            self._held[load.expert] = self._place_for(load)
            return
        super()._bring(load, ahead=ahead)
        self._once[load.expert] = place


class WritesBack(Own):
    """Copies what leaves back to host memory."""

    def _place_for(self, load: Load) -> Memory[Weights]:
        memory = super()._place_for(load)
        if load.evicted is not None:
            host = self._host[load.evicted]
            host.setflags(write=True)
            host[...] = memory.place
        return memory


class CountsHitsAsBytes(Own):
    """Accounts for a copy of everything that was asked for."""

    def serve(self, event: Event) -> Iterator[tuple[int, Weights]]:
        yield from super().serve(event)
        self.account.loads = self.account.asked


class DecidesAsItGoes(Own):
    """Loads each expert when its turn comes: after an early stop the others never came."""

    def serve(self, event: Event) -> Iterator[tuple[int, Weights]]:
        for expert in event.experts:
            yield from super().serve(Event((expert,)))


class KeepsTheFailed(Own):
    """Takes an expert for resident whose copy failed."""

    def _bring(self, load: Load, *, ahead: bool = False) -> None:
        memory = self._place_for(load)
        self._held[load.expert] = memory
        memory.fill(self._lanes, self._host[load.expert], ahead=ahead)


class HidesTheFailure(Own):
    """Yields the place of a bypass all the same when its copy fails."""

    def _start_bypasses(self, waiting: deque[int], lent: dict[int, Memory[Weights]]) -> None:
        try:
            super()._start_bypasses(waiting, lent)
        except CopyFailedError:
            self.account.bypassed()


class WaitsForEver(Own):
    """Waits for a mark that nobody sets."""

    def _bring(self, load: Load, *, ahead: bool = False) -> None:
        super()._bring(load, ahead=ahead)
        if load.evicted is not None:
            self._held[load.expert].written = LaneMark(0, 10**9)
