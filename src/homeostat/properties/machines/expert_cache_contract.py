"""What any cache of experts must keep to, told from its answers and from what its lanes run.

What is tried is any callable ``(lanes, host, *, capacity, buffers, policy)`` that returns a cache
of the experts whose weights ``host`` has, with

    resident: which experts are resident.
    serve(event): an iterator, as a generator is, of (expert, place) for each expert of the event,
        ascending. A place holds the weights for all that is given to the compute lane until the
        next one is asked for. The event is decided as a whole, by ``models.residency.cache`` under
        the policy, even where the consumer stops early. What the lanes raise is passed on: of an
        event whose copy fails, what was not copied is not resident, and the victims have left.
    prefetch(experts), check(), account.bytes_up: tried where it has them.

Device memory is a place for each resident and ``buffers`` for what is not to become resident.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Literal, TypeAlias, get_args

from homeostat.models.residency.cache import Outcome
from homeostat.models.residency.events import Event
from homeostat.properties.machines.cache_runs import (
    Seen,
    refused_bytes,
    refused_capacity,
    refused_place,
    refused_sum,
)
from homeostat.properties.machines.naive_cache import RULES, NaiveCache
from homeostat.properties.machines.recording import RecordingMachine
from homeostat.properties.machines.simulated_lanes import (
    CopyFailedError,
    SimulatedLanes,
    Weights,
    host_weights,
)

__all__ = ["ASPECTS", "Aspect", "End", "ExpertCacheReferee"]

Aspect: TypeAlias = Literal["capacity", "bypass_pure", "buffer_safe", "bytes", "output_exact"]
"""What a violation is of: residents and memory; residents that are not the twin's; races, lost
buffers and deadlocks; copies that are not the misses; wrong weights, or experts out of order.
Whatever the cache raises is a violation of each."""

ASPECTS: Final[tuple[Aspect, ...]] = get_args(Aspect)

End: TypeAlias = Literal["exhausted", "closed", "thrown into", "failed"]
"""How the consumer leaves an event: at its end, early, by raising, or because a copy failed."""


class ConsumerError(Exception):
    """What goes wrong in the consumer of an event, and is none of the cache's business."""


class ExpertCacheReferee(RecordingMachine):
    """Serves events, consumes what comes, and judges it."""

    def __init__(
        self,
        make: Callable[..., Any],
        policies: Sequence[str] = tuple(RULES),
        aspects: Sequence[Aspect] = ASPECTS,
    ) -> None:
        """Say what makes the cache, under which policies it is tried, and what is judged."""
        super().__init__()
        self.make = make
        self.policies = policies
        self.aspects = aspects
        self.subject: Any = None
        self.lanes = SimulatedLanes(())
        self.twin = NaiveCache(1, RULES["lru"])
        self.places_max = 0
        self.history: list[Seen] = []

    def create(self, experts: int, capacity: int, buffers: int, policy: str) -> None:
        """Create the cache and its twin."""
        host = host_weights(experts)
        self.lanes = SimulatedLanes(host)
        self.twin = NaiveCache(capacity, RULES[policy])
        self.places_max = min(capacity, experts) + buffers
        options: dict[str, Any] = {"capacity": capacity, "buffers": buffers, "policy": policy}
        self.subject = self.perform(self, "make", self.lanes, host, **options)
        self.operations[-1]["arguments"] = [f"{experts} experts"]

    def demand(self, aspect: Aspect, *, holds: bool, problem: str, **observed: object) -> None:
        """End the run if something of an aspect that is judged does not hold."""
        if not holds and aspect in self.aspects:
            self.fail(problem, **observed)

    def resident(self) -> frozenset[int]:
        """Return which experts the cache says are resident."""
        found: frozenset[int] = self.observe("resident", lambda: frozenset(self.subject.resident))
        self.demand(
            "capacity",
            holds=len(found) <= self.twin.state.capacity,
            problem="residents must not exceed the capacity",
            resident=sorted(found),
        )
        return found

    def look_at_lanes(self) -> None:
        """Judge what the lanes have run so far."""
        for problem in self.lanes.problems[:1]:
            self.demand("buffer_safe", holds=False, problem=problem)
            self.demand("output_exact", holds=False, problem=problem)
        self.demand(
            "bytes", holds=self.lanes.host_is_unchanged, problem="host memory must not be written"
        )
        self.demand(
            "capacity",
            holds=len(self.lanes.places) <= self.places_max,
            problem="device memory must be residents and buffers",
            places=len(self.lanes.places),
        )

    def serve_event(
        self,
        event: Event,
        moves: list[int],
        end: End = "exhausted",
        *,
        count: int | None = None,
        computes_last: bool = True,
    ) -> None:
        """Have an event served, consume it, and compare what it did with the twin.

        Args:
            event: What is asked for.
            moves: What the adversary does meanwhile.
            end: How the consumer leaves.
            count: After how many experts, None for all.
            computes_last: Whether it computes with the last one before it leaves.
        """
        before, outcome = self.twin.resident, self.twin.serve(event)
        given = len(self.lanes.log)
        self.lanes.failed = None
        self.lanes.moves.extend(moves)
        entry: dict[str, Any] = {"call": "serve", "arguments": [list(event.experts)]}
        entry["named"] = {"moves": moves, "end": end, "count": count}
        self.operations.append(entry)
        wanted = event.experts[:count]
        served = self._consume(event, wanted, end, computes_last=computes_last)
        entry["returned"] = served
        failed = self.lanes.failed is not None
        self.demand(
            "output_exact",
            holds=failed or sorted(served) == list(wanted),
            problem="every expert must be yielded",
            yielded=served,
        )
        self.see_copies(given, outcome, whole=not failed and count is None)
        if failed:
            self._see_failure(before, outcome)

    def see_copies(self, since: int, outcome: Outcome, *, whole: bool, ahead: bool = False) -> None:
        """Judge which copies were given since a line of the log, and note what was seen."""
        lines = self.lanes.log[since:]
        copied, computed = (
            [line.expert for line in lines if line.what == f"{what} given"]
            for what in ("copy", "compute")
        )
        seen = Seen(outcome, ahead, copied, computed, self.resident(), self.lanes.bytes_up)
        self.history.append(seen)
        misses = {load.expert for load in outcome.loads} | set(outcome.bypasses)
        self.demand(
            "bytes",
            holds=len(set(copied)) == len(copied) and set(copied) <= misses,
            problem="a miss must be copied once, and nothing else",
            copied=copied,
            misses=sorted(misses),
        )
        self.demand(
            "bytes",
            holds=not whole or misses <= set(copied),
            problem="every miss must be copied",
            copied=copied,
            misses=sorted(misses),
        )

    def see_runs(self) -> None:
        """Judge whether all that was seen are runs of the automata that proofs speak of."""
        size = self.lanes.bytes_of(self.lanes.host[0])
        capacity = self.twin.state.capacity
        refused: list[tuple[Aspect, str | None]] = [
            ("capacity", refused_capacity(self.history, capacity)),
            ("bytes", refused_bytes(self.history, size)),
            ("output_exact", refused_sum(self.history, self.lanes.contents)),
            *(
                ("buffer_safe", refused_place(self.lanes.log, place))
                for place in range(len(self.lanes.places))
            ),
        ]
        for aspect, reason in refused:
            self.demand(
                aspect, holds=reason is None, problem="the automaton must accept", reason=reason
            )

    def _consume(
        self, event: Event, wanted: Sequence[int], end: End, *, computes_last: bool
    ) -> list[int]:
        """Ask for the wanted experts and compute with them; returns those that came."""
        served: list[int] = []
        iterator = self._ask(lambda: iter(self.subject.serve(event)))
        while iterator is not None:
            if len(served) == len(wanted) and end in ("closed", "thrown into"):
                self._leave(iterator, end)
                break
            item = self._ask(lambda: next(iterator, None))
            if item is None:
                break
            expert, place = self._pair(item)
            served.append(expert)
            self.demand(
                "output_exact",
                holds=served == list(event.experts[: len(served)]),
                problem="experts must come in ascending order, each once",
                yielded=served,
            )
            if computes_last or len(served) < len(wanted):
                self.lanes.compute(place, expert)
            self.look_at_lanes()
            self.resident()
        return served

    def _ask(self, question: Callable[[], Any]) -> Any:
        """Ask the cache for something; None if it passes on that a copy failed."""
        failed = self.lanes.failed

        def answer() -> Any:
            try:
                return question()
            except CopyFailedError:
                return None

        got = self.observe("serve", answer)
        self.demand(
            "output_exact",
            holds=got is None or self.lanes.failed == failed,
            problem="a copy that fails must be told",
            expert=self.lanes.failed,
        )
        return got

    def _pair(self, item: Any) -> tuple[int, Weights]:
        if not (isinstance(item, tuple) and len(item) == 2 and type(item[0]) is int):
            self.fail("serve must yield an expert and a place", got=repr(item)[:99])
        expert, place = item
        if not 0 <= expert < len(self.lanes.host):
            self.fail("there must be an expert of that number", expert=expert)
        if not any(place is known for known in self.lanes.places):
            self.fail("a place must be one that the lanes returned", expert=expert)
        return expert, place

    def _leave(self, iterator: Iterator[Any], end: End) -> None:
        if end == "closed" or not hasattr(iterator, "throw"):
            self.observe("close", getattr(iterator, "close", lambda: None))
            return

        def throw() -> bool:
            try:
                iterator.throw(ConsumerError())
            except ConsumerError:
                return True
            return False

        passed = self.observe("throw", throw)
        if not passed:
            self.fail("what the consumer raises must pass")

    def _see_failure(self, before: frozenset[int], outcome: Outcome) -> None:
        resident = self.resident()
        self.demand(
            "bypass_pure",
            holds=before & self.twin.resident <= resident and self.lanes.failed not in resident,
            problem="a copy that fails must change nothing but who it was for",
            failed=self.lanes.failed,
            resident=sorted(resident),
        )
        self.twin.forget(sorted({load.expert for load in outcome.loads} - resident))
