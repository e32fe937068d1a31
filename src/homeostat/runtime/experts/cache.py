"""The cache of experts of one layer: weights on the device for whoever computes with them.

Weights live in host memory and are never written; what is on the device is a copy, so that nothing
goes back. The policy decides (``residency.py``), this file moves: loads into the places of those
that left, bypasses through transient buffers, one of which is filled while another is read.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from homeostat.errors import HomeostatError
from homeostat.models.residency.cache import Load, Outcome
from homeostat.models.residency.events import Event
from homeostat.runtime.experts.accounting import Account
from homeostat.runtime.experts.buffers import Memory, TransientBuffers
from homeostat.runtime.experts.lanes import Lanes, Place
from homeostat.runtime.experts.residency import ResidentSet

__all__ = ["ExpertCache"]

Weights = TypeVar("Weights")


class ExpertCache(Generic[Weights, Place]):
    """The weights of one layer's experts, some on the device and all in host memory.

    Args:
        lanes: Where copies and computes run.
        host: The weights of each expert in host memory.
        residents: Who is resident; nobody else may use it.
        buffers: Places for the bypass, of the shape of these weights.
    """

    def __init__(
        self,
        lanes: Lanes[Weights, Place],
        host: Sequence[Weights],
        *,
        residents: ResidentSet,
        buffers: TransientBuffers[Place],
    ) -> None:
        """Allocate the places of the residents; nothing is copied yet."""
        self._lanes = lanes
        self._host = host
        self._residents = residents
        self._buffers = buffers
        self._free = [
            Memory(lanes.place(host[0])) for _ in range(min(residents.capacity, len(host)))
        ]
        self._held: dict[int, Memory[Place]] = {}
        self._open = False
        self.account = Account(residents.capacity, lanes.bytes_of(host[0]))

    @property
    def resident(self) -> frozenset[int]:
        """Which experts are resident now."""
        return self._residents.resident

    def serve(self, event: Event) -> Iterator[tuple[int, Place]]:
        """Yield each expert of an event, ascending, with its weights on the device.

        A place may be read until the next one is asked for; computes that were given to the
        compute lane by then are waited for by whoever writes the place next. It is safe to stop
        early, or to raise: close the iterator, and the buffers are back.

        Raises:
            HomeostatError: The iterator of the event before is still open.
            IndexError: There is no such expert.
        """
        self._refuse_if_open("serve an event")
        if event.experts and event.experts[-1] >= len(self._host):
            raise IndexError(f"expert {event.experts[-1]} must be below {len(self._host)}")
        self._open = True
        try:
            outcome = self._residents.serve(event)
            self.account.decided(event, outcome)
            self._load(outcome.loads)
            yield from self._deliver(event, outcome)
        finally:
            self._open = False

    def prefetch(self, experts: Iterable[int]) -> int:
        """Load experts that no event asked for, where the policy values them above a resident.

        Returns:
            How many copies were started, on the lane for copies ahead.

        Raises:
            HomeostatError: An event is being served.
        """
        self._refuse_if_open("prefetch")
        started = 0
        for expert in experts:
            load = self._residents.ahead(expert)
            if load is not None:
                self._bring(load, ahead=True)
                self.account.prefetched()
                started += 1
        return started

    def check(self) -> None:
        """Assert what is proved of the cache, at rest.

        Raises:
            AssertionError: A place is lost or held twice, or a buffer did not come back.
        """
        held = self._held.keys()
        assert held == self.resident, f"places of {set(held)}, residents {set(self.resident)}"
        places = [id(memory) for memory in (*self._held.values(), *self._free)]
        count = min(self._residents.capacity, len(self._host))
        assert len(set(places)) == len(places) == count, f"{len(places)} places, not {count}"
        home = self._buffers.home
        assert self._open or home == self._buffers.count, f"{home} buffers are home"

    def _refuse_if_open(self, what: str) -> None:
        if self._open:
            raise HomeostatError(
                f"cannot {what} while the event before is served: exhaust or close its iterator"
            )

    def _place_for(self, load: Load) -> Memory[Place]:
        return self._free.pop() if load.evicted is None else self._held.pop(load.evicted)

    def _bring(self, load: Load, *, ahead: bool = False) -> None:
        """Start the copy of an admitted expert; if that fails, it is as if it had left at once."""
        memory = self._place_for(load)
        try:
            memory.fill(self._lanes, self._host[load.expert], ahead=ahead)
        except BaseException:
            self._free.append(memory)
            self._residents.forget(load.expert)
            raise
        self._held[load.expert] = memory

    def _load(self, loads: Sequence[Load]) -> None:
        """Start the copies of the admitted. If one fails, those behind it have left, too."""
        for number, load in enumerate(loads):
            try:
                self._bring(load)
            except BaseException:
                for other in loads[number + 1 :]:
                    self._free.append(self._place_for(other))
                    self._residents.forget(other.expert)
                raise
            self.account.loaded()

    def _deliver(self, event: Event, outcome: Outcome) -> Iterator[tuple[int, Place]]:
        waiting = deque(outcome.bypasses)
        lent: dict[int, Memory[Place]] = {}
        try:
            for expert in event.experts:
                self._start_bypasses(waiting, lent)
                memory = lent[expert] if expert in lent else self._held[expert]
                memory.await_contents(self._lanes)
                try:
                    yield expert, memory.place
                finally:
                    memory.read = self._lanes.mark()
                    if expert in lent:
                        self._buffers.give(lent.pop(expert))
        finally:
            # What was copied for nobody is overwritten behind its own copy, which is marked.
            for memory in lent.values():
                self._buffers.give(memory)

    def _start_bypasses(self, waiting: deque[int], lent: dict[int, Memory[Place]]) -> None:
        # Without one of its own it asks all the same, and is told that all are lent.
        while waiting and (self._buffers.home or not lent):
            expert = waiting.popleft()
            lent[expert] = self._buffers.take()
            lent[expert].fill(self._lanes, self._host[expert])
            self.account.bypassed()
