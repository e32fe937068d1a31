"""The scheduler written the slow and obvious way: one list, everything found anew in each step."""

from dataclasses import dataclass, replace
from itertools import pairwise

from homeostat.models.aging import NANOSECONDS, SharedRate, effective_priority
from homeostat.models.entropy import (
    GAPS_DEFAULT,
    Regime,
    absolute_bins,
    adaptive_window,
    entropy,
    histogram,
    next_regime,
    relative_bins,
)
from homeostat.properties.machines.plan_record import PlanRecord
from homeostat.runtime.scheduler import TIME_NS_MAX, Limits, Policy, Request

__all__ = ["NaiveScheduler", "NaiveSequence"]


@dataclass(slots=True, eq=False)
class NaiveSequence:
    """A live request; it waits, is being prefilled, or decodes."""

    request: Request
    serial: int
    state: str = "waiting"
    generated: int = 0
    computed: int = 0
    admission: int = 0

    @property
    def id(self) -> str:
        """The request's id."""
        return self.request.id

    @property
    def tokens(self) -> int:
        """Prompt and generated tokens."""
        return self.request.prompt_tokens + self.generated


class NaiveScheduler:
    """Continuous batching by the book; costs O(n log n) for everything."""

    def __init__(self, limits: Limits, policy: Policy) -> None:
        """Start with nothing live."""
        self.limits = limits
        self.policy = policy
        self.rates = [SharedRate(rate) for rate in policy.rates]
        self.live: list[NaiveSequence] = []
        self.submissions = 0
        self.admissions = 0
        self.arrivals_ns: list[int] = []
        self.regime = Regime.BATCHING
        self.closes_ns = 0

    def order_key(self, request: Request, now_ns: int) -> int:
        """Return what the policy admits by at a time, least first, without the rule for ties."""
        if self.policy.order == "fcfs":
            return request.arrival_ns
        if self.policy.order == "priority":
            return -request.bid
        if self.policy.order == "shortest":
            return request.prompt_tokens + request.output_tokens_max
        rate = self.rates[request.rate_class]
        earned = rate.credit(now_ns) - rate.credit(request.arrival_ns)
        return -int(effective_priority(request.bid, earned, unit=NANOSECONDS))

    def in_state(self, *states: str) -> list[NaiveSequence]:
        """Return the sequences in some states, in the order of submission."""
        return [s for s in self.live if s.state in states]

    def running(self) -> list[NaiveSequence]:
        """Return what holds memory, in the order of admission."""
        return sorted(self.in_state("prefilling", "decoding"), key=lambda s: s.admission)

    def submit(self, request: Request) -> None:
        """Take a request that fits; the first to wait opens the window."""
        self.arrivals_ns.append(max([request.arrival_ns, *self.arrivals_ns[-1:]]))
        width_ns = self._width_ns()
        if not self.in_state("waiting"):
            self.closes_ns = min(request.arrival_ns + width_ns, TIME_NS_MAX)
        self.live.append(NaiveSequence(request, self.submissions))
        self.submissions += 1

    def _width_ns(self) -> int:
        base_ns = self.policy.window_ns
        if self.policy.window != "adaptive":
            return base_ns if self.policy.window == "fixed" else 0
        gaps = [b - a for a, b in pairwise(self.arrivals_ns[-GAPS_DEFAULT - 1 :])]
        parts, bin_width_ns = self.policy.bins_per_mean, self.policy.bin_width_ns
        bins = relative_bins(gaps, parts) if parts else absolute_bins(gaps, bin_width_ns)
        bits = float(entropy(histogram(bins)))
        self.regime = next_regime(self.regime, bits)
        if self.regime is Regime.REACTIVE:
            return 0
        return int(adaptive_window(base_ns, bits, temperature=self.policy.temperature_bits))

    def drop(self, request_id: str) -> None:
        """Forget a live request."""
        self.live = [s for s in self.live if s.id != request_id]

    def rebid(self, request_id: str, bid: int) -> None:
        """Change the bid of a request, if it is live."""
        for sequence in self.live:
            if sequence.id == request_id:
                sequence.request = replace(sequence.request, bid=bid)

    def blocks(self, tokens: int) -> int:
        """Return how many blocks hold so many tokens."""
        return (tokens + self.limits.block_tokens - 1) // self.limits.block_tokens

    def blocks_planned(self) -> int:
        """Return the blocks that are held while a step runs: of all tokens that are known."""
        if not self.policy.evicts:
            return sum(self.blocks(s.request.kv_tokens_max) for s in self.running())
        return sum(self.blocks(s.tokens) for s in self.running())

    def plan(self, now_ns: int) -> PlanRecord:
        """Decide the next step."""
        expired = self._expire(now_ns)
        evicted = self._evict()
        decodes = self.in_state("decoding")
        room = self.limits.tokens_per_step - len(decodes)
        prefills, admitted = [], []
        for sequence in self.running():
            if sequence.state == "prefilling" and room > 0:
                chunk = min(room, sequence.tokens - sequence.computed)
                prefills.append((sequence.id, chunk))
                room -= chunk
        held = self._is_held_back(now_ns, room)
        while room > 0 and not evicted and not held:
            first = self._first_that_fits(now_ns)
            if first is None:
                break
            first.state, first.admission = "prefilling", self.admissions
            self.admissions += 1
            admitted.append(first.id)
            chunk = min(room, first.tokens)
            prefills.append((first.id, chunk))
            room -= chunk
        return PlanRecord(
            tokens=self.limits.tokens_per_step - room,
            wake_ns=self._wake_ns() if held and not decodes and not prefills else None,
            prefills=prefills,
            decodes=sorted(s.id for s in decodes),
            admitted=admitted,
            evicted=evicted,
            expired=expired,
        )

    def _expire(self, now_ns: int) -> list[str]:
        late = [
            (s.request.deadline_ns, s.serial, s.id)
            for s in self.live
            if s.request.deadline_ns is not None and s.request.deadline_ns <= now_ns
        ]
        for _, _, request_id in late:
            self.drop(request_id)
        return [request_id for _, _, request_id in sorted(late)]

    def _evict(self) -> list[str]:
        evicted = []
        while self.blocks_planned() > self.limits.kv_blocks:
            latest_first = self.running()[::-1]
            if self.policy.eviction == "least-decoded":
                latest_first.sort(key=lambda s: s.generated)
            victim = latest_first[0]
            self.come_back(victim)
            evicted.append(victim.id)
        return evicted

    def come_back(self, sequence: NaiveSequence) -> None:
        """Let one wait again whose KV is lost; it has waited before, so the window closes."""
        sequence.state, sequence.computed, self.closes_ns = "waiting", 0, 0

    def _is_held_back(self, now_ns: int, room: int) -> bool:
        waiting = self.in_state("waiting")
        seats = self.limits.sequences_max - len(self.running())
        blocks = sum(map(self._blocks_to_admit, waiting)) + self.limits.free_blocks_min
        full = (
            len(waiting) >= seats
            or sum(s.tokens for s in waiting) >= room
            or self.blocks_planned() + blocks >= self.limits.kv_blocks
        )
        return bool(waiting) and now_ns < self.closes_ns and not full

    def _blocks_to_admit(self, s: NaiveSequence) -> int:
        return self.blocks(s.tokens if self.policy.evicts else s.request.kv_tokens_max)

    def _wake_ns(self) -> int:
        deadlines = [s.request.deadline_ns for s in self.live if s.request.deadline_ns is not None]
        return min([self.closes_ns, *deadlines])

    def _first_that_fits(self, now_ns: int) -> NaiveSequence | None:
        waiting = sorted(
            self.in_state("waiting"),
            key=lambda s: (
                self.order_key(s.request, now_ns),
                s.request.arrival_ns,
                s.serial,
            ),
        )
        if not waiting or len(self.running()) >= self.limits.sequences_max:
            return None
        first = waiting[0]
        spare = self.limits.free_blocks_min if self.running() else 0
        blocks = self.blocks_planned() + self._blocks_to_admit(first) + spare
        return first if blocks <= self.limits.kv_blocks else None

    def commit(self, prefills: list[tuple[str, int]], stopped: set[str]) -> set[str]:
        """Take in a step; returns who is finished. ``prefills`` as planned, of live ones."""
        sampled = self.in_state("decoding")
        for sequence in sampled:
            sequence.computed += 1
        for request_id, chunk in prefills:
            (sequence,) = (s for s in self.live if s.id == request_id)
            sequence.computed += chunk
            if sequence.computed == sequence.tokens:
                sequence.state = "decoding"
                sampled.append(sequence)
        for sequence in sampled:
            sequence.generated += 1
        finished = {
            s.id for s in sampled if s.id in stopped or s.generated == s.request.output_tokens_max
        }
        for request_id in finished:
            self.drop(request_id)
        return finished
