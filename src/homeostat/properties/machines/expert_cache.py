"""Drives a cache of experts through random events, with lanes that an adversary runs.

Consumers stop early and raise, copies fail, and the lanes are idle or busy: what must hold
however that goes is in ``expert_cache_contract``.
"""

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from homeostat.models.residency.cache import Outcome
from homeostat.models.residency.events import Event
from homeostat.properties.machines.expert_cache_contract import End, ExpertCacheReferee
from homeostat.properties.machines.simulated_lanes import AHEAD, COMPUTE, DEMAND, GO_ON, Weights
from homeostat.runtime.experts.buffers import TransientBuffers
from homeostat.runtime.experts.cache import ExpertCache
from homeostat.runtime.experts.lanes import Lanes
from homeostat.runtime.experts.policies.family import policy_named
from homeostat.runtime.experts.policies.policy import Policy
from homeostat.runtime.experts.residency import ResidentSet

__all__ = ["ExpertCacheMachine", "our_cache", "our_policy"]

_EXPERTS: Final = st.frozensets(st.integers(0, 5), max_size=6)
_MOVES: Final = st.lists(st.sampled_from((GO_ON, COMPUTE, DEMAND, AHEAD)), max_size=40)
_ORDERS: Final = st.permutations((COMPUTE, DEMAND, AHEAD))


class ExpertCacheMachine(ExpertCacheReferee):
    """Order, contents, residents and bytes must be right however the lanes run."""

    @initialize(
        experts=st.integers(2, 6),
        capacity=st.integers(1, 7),
        buffers=st.integers(1, 3),
        which=st.integers(0, 719),
    )
    def begin(self, experts: int, capacity: int, buffers: int, which: int) -> None:
        """Create the cache."""
        self.create(experts, capacity, buffers, self.policies[which % len(self.policies)])

    @rule(experts=_EXPERTS, moves=_MOVES)
    def serve(self, experts: frozenset[int], moves: list[int]) -> None:
        """Serve an event to its end."""
        self.serve_event(self._event(experts), moves)

    @rule(events=st.lists(_EXPERTS, max_size=8), order=_ORDERS)
    def serve_many(self, events: list[frozenset[int]], order: list[int]) -> None:
        """Serve several, with the lanes idle until the last is given."""
        for experts in events:
            self.serve_event(self._event(experts), [])
        self.rest(order)

    @rule(
        experts=_EXPERTS,
        moves=_MOVES,
        count=st.integers(1, 6),
        computes=st.booleans(),
        raises=st.booleans(),
    )
    def stop_early(
        self,
        experts: frozenset[int],
        moves: list[int],
        count: int,
        *,
        computes: bool,
        raises: bool,
    ) -> None:
        """Leave an event after some experts, or raise there."""
        event = self._event(experts)
        if event.experts:
            end: End = "thrown into" if raises else "closed"
            self.serve_event(event, moves, end, count=count, computes_last=computes)

    @rule(experts=_EXPERTS, moves=_MOVES, nth=st.integers(1, 4))
    def fail_a_copy(self, experts: frozenset[int], moves: list[int], nth: int) -> None:
        """Serve an event of which a copy is refused, if it has so many."""
        self.lanes.fails_at = nth
        self.serve_event(self._event(experts), moves, "failed")
        self.lanes.fails_at = None

    @precondition(lambda self: callable(getattr(self.subject, "prefetch", None)))
    @rule(experts=st.lists(st.integers(0, 5), max_size=3), moves=_MOVES)
    def prefetch(self, experts: list[int], moves: list[int]) -> None:
        """Load ahead what is worth more than what leaves."""
        chosen = [expert % len(self.lanes.host) for expert in experts]
        given = len(self.lanes.log)
        self.lanes.moves.extend(moves)
        loads = tuple(load for load in map(self.twin.ahead, chosen) if load is not None)
        self.perform(self.subject, "prefetch", chosen)
        self.see_copies(given, Outcome((), loads, ()), whole=True, ahead=True)

    @rule(moves=_MOVES)
    def run_lanes(self, moves: list[int]) -> None:
        """Let the lanes run for a while."""
        self.operations.append({"call": "run_lanes", "arguments": moves})
        self.lanes.moves.extend(moves)
        self.lanes.interleave()

    @rule(order=_ORDERS)
    def rest(self, order: list[int]) -> None:
        """Let the lanes run until all is done, and look at what is there."""
        self.operations.append({"call": "rest", "arguments": list(order)})
        self.lanes.moves.clear()
        self.lanes.drain(order)
        self.look_at_lanes()
        missing = [expert for expert in sorted(self.resident()) if not self.lanes.holds(expert)]
        self.demand(
            "bypass_pure",
            holds=not missing,
            problem="the weights of residents must be on the device",
            missing=missing,
        )

    def teardown(self) -> None:
        """See the end of all that was given."""
        if self.violation is None and self.subject is not None:
            self.rest([DEMAND, COMPUTE, AHEAD])
            self.see_runs()

    @precondition(lambda self: self.subject is not None)
    @invariant()
    def agrees(self) -> None:
        """Residents are the twin's, bytes are accounted for, and nothing went wrong."""
        self.look_at_lanes()
        resident, expected = self.resident(), self.twin.resident
        self.demand(
            "bypass_pure",
            holds=resident == expected,
            problem="residents must be the twin's",
            got=sorted(resident),
            expected=sorted(expected),
        )
        self.check(self.subject)
        if callable(getattr(self.subject, "check", None)):
            self.observe("its own check", self.subject.check)
        counted = getattr(getattr(self.subject, "account", None), "bytes_up", None)
        self.demand(
            "bytes",
            holds=counted in (None, self.lanes.bytes_up),
            problem="bytes must be those of the copies",
            counted=counted,
            copied=self.lanes.bytes_up,
        )

    def _event(self, experts: frozenset[int]) -> Event:
        return Event(tuple(sorted({expert % len(self.lanes.host) for expert in experts})))


def our_policy(name: str, experts: int, capacity: int) -> Policy:
    """Return the runtime's policy of a name, for tokens that each need one expert."""
    return policy_named(name)(experts, capacity, 1)


def our_cache(
    lanes: Lanes[Weights, Weights],
    host: Sequence[Weights],
    *,
    capacity: int,
    buffers: int,
    policy: str,
) -> ExpertCache[Weights, Weights]:
    """Return the runtime's cache of one layer."""
    return ExpertCache(
        lanes,
        host,
        residents=ResidentSet(capacity, our_policy(policy, len(host), capacity)),
        buffers=TransientBuffers(lanes.place(host[0]) for _ in range(buffers)),
    )
