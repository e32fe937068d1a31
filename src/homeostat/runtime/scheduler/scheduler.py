"""Continuous batching: which sequences run, what each step computes, who is evicted.

A step decodes every sequence whose KV is complete, then spends what is left of the token budget
on chunks of the running prefills in the order of admission, then admits. An admission takes the
blocks of all tokens that are known (with "reservation" of all that may come), so only decoding
asks for more memory later. Where it is short, sequences are evicted (``policies.evictions``):
they keep the tokens they have generated, wait again under their first arrival and bid, and
compute those tokens anew. A step that evicts admits nobody.

Every call takes the time; nothing here reads a clock. ``plan`` and ``commit`` alternate; requests
may be submitted and cancelled between them. A step costs O(running) list work of some 0.1 us for
each decoding sequence; nothing is sorted unless it evicts.
"""

from collections.abc import Collection
from dataclasses import replace

from homeostat.errors import InvalidInputError, QueueFullError
from homeostat.runtime.scheduler.deadlines import Deadlines
from homeostat.runtime.scheduler.limits import Limits
from homeostat.runtime.scheduler.log import EventLog, Kind
from homeostat.runtime.scheduler.memory import KVMemory
from homeostat.runtime.scheduler.monitor import EntropyMonitor
from homeostat.runtime.scheduler.plan import Plan
from homeostat.runtime.scheduler.policies import EVICTIONS, Policy
from homeostat.runtime.scheduler.requests import TIME_NS_MAX, Request, Sequence, integer_in
from homeostat.runtime.scheduler.waiting import WaitingRoom
from homeostat.runtime.scheduler.window import Window

__all__ = ["Scheduler"]


class Scheduler:
    """Requests in, plans out.

    Args:
        limits: What the engine can hold and do.
        policy: Who is admitted and evicted.
        log: Where events are recorded; None for nowhere.
    """

    def __init__(self, limits: Limits, policy: Policy, *, log: EventLog | None = None) -> None:
        """Start with nothing live, at time 0."""
        self.limits = limits
        self.policy = policy
        self._log = log
        self._memory = KVMemory(limits)
        self._waiting = WaitingRoom(policy)
        self._prefilling: dict[str, Sequence] = {}
        self._decoding: dict[str, Sequence] = {}
        self._deadlines = Deadlines()
        self._open: Plan | None = None
        self._gone_since_plan = False
        self._submissions = 0
        self._admissions = 0
        self._now_ns = 0

    # What can be seen.

    @property
    def running(self) -> list[Sequence]:
        """Sequences that hold KV: the decoding ones, then the running prefills; O(running)."""
        return [*self._decoding.values(), *self._prefilling.values()]

    @property
    def running_count(self) -> int:
        """How many sequences run."""
        return len(self._decoding) + len(self._prefilling)

    @property
    def waiting(self) -> list[Sequence]:
        """Sequences that wait, in no particular order; O(waiting)."""
        return list(self._waiting.sequences.values())

    @property
    def waiting_count(self) -> int:
        """How many sequences wait."""
        return len(self._waiting)

    @property
    def blocks_used(self) -> int:
        """KV blocks held by running sequences."""
        return self._memory.used

    @property
    def window(self) -> Window:
        """The batching window, with its regime where it is adaptive."""
        return self._waiting.window

    @property
    def monitor(self) -> EntropyMonitor:
        """The entropy of the arrivals."""
        return self._waiting.monitor

    # What users ask for.

    def submit(self, request: Request, now_ns: int) -> None:
        """Queue a request; O(log waiting).

        Raises:
            InvalidInputError: It could never run, its id is live, its rate class unknown, or it
                arrives later than now.
            QueueFullError: ``waiting_max`` requests wait already.
        """
        complaint = self._complaint(request, now_ns)
        if complaint is not None:
            self._record(now_ns, "refused", request.id, request.prompt_tokens)
            raise InvalidInputError(f"request {request.id!r}: {complaint}")
        if len(self._waiting) >= self.limits.waiting_max:
            self._record(now_ns, "refused", request.id, request.prompt_tokens)
            raise QueueFullError(
                f"request {request.id!r}: {len(self._waiting)} requests wait, "
                f"must be < waiting_max={self.limits.waiting_max}"
            )
        sequence = Sequence(request, self._submissions)
        self._submissions += 1
        self._waiting.arrive(sequence)
        self._deadlines.watch(sequence)
        self._record(now_ns, "submitted", request.id, request.prompt_tokens)

    def cancel(self, request_id: str, now_ns: int) -> bool:
        """Drop a request, waiting or running; False where none of that id is live."""
        sequence = self._live(request_id)
        if sequence is None:
            return False
        self._drop(sequence)
        self._record(now_ns, "cancelled", request_id, sequence.generated)
        return True

    def rebid(self, request_id: str, bid: int, now_ns: int) -> bool:
        """Change a request's bid; its arrival stays. False where none of that id is live.

        A running one keeps running; its bid counts again if it is evicted.

        Raises:
            InvalidInputError: The bid is out of range.
        """
        sequence = self._live(request_id)
        if sequence is None:
            return False
        sequence.request = replace(sequence.request, bid=bid)
        if request_id in self._waiting.sequences:
            self._waiting.reorder(sequence)
        return True

    # What the engine asks for.

    def plan(self, now_ns: int) -> Plan:
        """Decide the next step, and hold the memory that it needs.

        A plan with ``tokens`` > 0 is to be computed and committed before the next is made.

        Raises:
            InvalidInputError: The last plan is not committed, or time runs backwards.
        """
        if self._open is not None:
            raise InvalidInputError("the last plan must be committed before the next is made")
        self._advance(now_ns)
        plan = Plan(now_ns)
        self._expire(plan)
        if self.policy.evicts:
            self._make_room(plan)
        plan.decodes = list(self._decoding.values())
        plan.tokens = len(plan.decodes)
        self._plan_prefills(plan)
        if self._waiting and not plan.evicted:
            self._admit(plan)
        if plan.tokens:
            self._open, self._gone_since_plan = plan, False
        return plan

    def commit(self, plan: Plan, now_ns: int, stopped: Collection[str] = ()) -> list[Sequence]:
        """Take in that the engine has computed a plan; returns who is finished.

        Sequences that were cancelled since the plan was made are ignored.

        Args:
            plan: The last one made.
            now_ns: When the step was done.
            stopped: Ids whose sampled token ends the sequence; others end at their limit.

        Raises:
            InvalidInputError: It is not the last plan, time runs backwards, or an id in
                ``stopped`` samples nothing in this plan; nothing has changed then.
        """
        if plan is not self._open:
            raise InvalidInputError("commit takes the last plan made, once, and one with tokens")
        ended = self._ended(plan, stopped) if stopped else []
        self._advance(now_ns)
        decodes, prefills = plan.decodes, plan.prefills
        if self._gone_since_plan:
            decodes = [s for s in decodes if self._decoding.get(s.request.id) is s]
            prefills = [(s, n) for s, n in prefills if self._prefilling.get(s.request.id) is s]
        self._open = None
        for sequence in decodes:
            sequence.computed += 1
            sequence.generated = generated = sequence.generated + 1
            if generated == sequence.request.output_tokens_max:
                ended.append(sequence)
        for sequence, tokens in prefills:
            if self._prefilled(sequence, tokens):
                ended.append(sequence)
        return self._finish(ended)

    # Steps of plan.

    def _expire(self, plan: Plan) -> None:
        while (deadline_ns := self._deadlines.next_ns()) is not None:
            if deadline_ns > plan.now_ns:
                return
            sequence = self._live(self._deadlines.first())
            assert sequence is not None
            self._drop(sequence)
            plan.expired.append(sequence)
            self._record(plan.now_ns, "expired", sequence.request.id, sequence.generated)

    def _make_room(self, plan: Plan) -> None:
        """Give a block to each decoding sequence whose blocks are full; evict until they fit."""
        size = self.limits.block_tokens
        full = [s for s in self._decoding.values() if s.computed == s.blocks * size]
        if len(full) > self._memory.free:
            for victim in self._victims():
                self._evict(victim, plan)
                full = [s for s in full if s.blocks]
                if len(full) <= self._memory.free:
                    break
        for sequence in full:
            self._memory.take(sequence, 1)

    def _victims(self) -> list[Sequence]:
        """Return whom to evict, first first."""
        return sorted(self.running, key=EVICTIONS[self.policy.eviction])

    def _evict(self, sequence: Sequence, plan: Plan) -> None:
        self._record(plan.now_ns, "evicted", sequence.request.id, sequence.computed)
        self._stop_running(sequence)
        sequence.evictions += 1
        self._waiting.come_back(sequence)
        plan.evicted.append(sequence)

    def _plan_prefills(self, plan: Plan) -> None:
        for sequence in self._prefilling.values():
            self._plan_chunk(sequence, plan)

    def _plan_chunk(self, sequence: Sequence, plan: Plan) -> None:
        budget = self.limits.tokens_per_step - plan.tokens
        tokens = min(sequence.tokens - sequence.computed, budget)
        if tokens:
            plan.prefills.append((sequence, tokens))
            plan.tokens += tokens

    def _admit(self, plan: Plan) -> None:
        """Admit in the policy's order, while budget, seats and memory last.

        The first that does not fit holds up the others: to pass it by would starve it.
        """
        limits = self.limits
        seats = limits.sequences_max - self.running_count
        tokens = limits.tokens_per_step - plan.tokens
        if self._waiting.is_held_back(plan.now_ns, seats, tokens):
            if not plan.tokens:
                times = (self._waiting.closes_ns, self._deadlines.next_ns())
                plan.wake_ns = min(time_ns for time_ns in times if time_ns is not None)
            return
        while self._waiting and plan.tokens < limits.tokens_per_step:
            if self.running_count >= limits.sequences_max:
                return
            sequence = self._waiting.first(plan.now_ns)
            blocks = self._memory.blocks_for(self._tokens_to_hold(sequence))
            spare = limits.free_blocks_min if self.running_count else 0
            if blocks + spare > self._memory.free:
                return
            self._waiting.call_first(plan.now_ns)
            self._start_running(sequence, blocks, plan)

    def _tokens_to_hold(self, sequence: Sequence) -> int:
        return sequence.tokens if self.policy.evicts else sequence.request.kv_tokens_max

    def _start_running(self, sequence: Sequence, blocks: int, plan: Plan) -> None:
        self._memory.take(sequence, blocks)
        sequence.admission = self._admissions
        self._admissions += 1
        self._prefilling[sequence.request.id] = sequence
        kind: Kind = "resumed" if sequence.evictions else "admitted"
        if sequence.admitted_ns is None:
            sequence.admitted_ns = plan.now_ns
        self._record(plan.now_ns, kind, sequence.request.id, sequence.tokens)
        plan.admitted.append(sequence)
        self._plan_chunk(sequence, plan)

    # Steps of commit.

    def _ended(self, plan: Plan, stopped: Collection[str]) -> list[Sequence]:
        """Return who stops before its limit; those at it end anyway."""
        chunks = {s.request.id: (s, tokens) for s, tokens in plan.prefills}
        chunks |= {s.request.id: (s, 1) for s in plan.decodes}
        ended = []
        for request_id in sorted(set(stopped)):
            sequence, tokens = chunks.get(request_id, (None, 0))
            if sequence is not None and self._live(request_id) is not sequence:
                continue
            if sequence is None or sequence.computed + tokens < sequence.tokens:
                raise InvalidInputError(f"stopped={request_id!r} must have sampled in this step")
            if sequence.generated + 1 < sequence.request.output_tokens_max:
                ended.append(sequence)
        return ended

    def _prefilled(self, sequence: Sequence, tokens: int) -> bool:
        """Count a chunk; returns whether the sequence has reached its limit."""
        lost = min(tokens, sequence.computed_before - sequence.computed)
        if lost > 0:
            sequence.recomputed += lost
        sequence.computed += tokens
        if sequence.computed < sequence.tokens:
            return False
        sequence.generated += 1
        request = sequence.request
        del self._prefilling[request.id]
        self._decoding[request.id] = sequence
        if sequence.first_token_ns is None:
            sequence.first_token_ns = self._now_ns
            self._record(self._now_ns, "first_token", request.id, 1)
        return sequence.generated == request.output_tokens_max

    def _finish(self, ended: list[Sequence]) -> list[Sequence]:
        for sequence in ended:
            sequence.finished_ns = self._now_ns
            self._drop(sequence)
            self._record(self._now_ns, "finished", sequence.request.id, sequence.generated)
        return ended

    # Bookkeeping.

    def _complaint(self, request: Request, now_ns: int) -> str | None:
        integer_in("now_ns", now_ns, 0, TIME_NS_MAX)
        if self._live(request.id) is not None:
            return "its id must not be live"
        if request.arrival_ns > now_ns:
            return f"arrival_ns={request.arrival_ns} must be <= now_ns={now_ns}"
        if not request.rate_class < len(self.policy.rates):
            return f"rate_class={request.rate_class} must be < {len(self.policy.rates)}"
        blocks = self._memory.blocks_for(request.kv_tokens_max)
        if blocks > self.limits.kv_blocks:
            return f"it may need {blocks} KV blocks, must be <= {self.limits.kv_blocks}"
        return None

    def _advance(self, now_ns: int) -> None:
        integer_in("now_ns", now_ns, self._now_ns, TIME_NS_MAX)
        self._now_ns = now_ns

    def _live(self, request_id: str) -> Sequence | None:
        for place in (self._decoding, self._prefilling, self._waiting.sequences):
            if request_id in place:
                return place[request_id]
        return None

    def _drop(self, sequence: Sequence) -> None:
        """Forget a live sequence."""
        self._deadlines.forget(sequence.request.id)
        if not self._waiting.leave(sequence.request.id):
            self._stop_running(sequence)
            self._gone_since_plan = True

    def _stop_running(self, sequence: Sequence) -> None:
        request_id = sequence.request.id
        if self._decoding.pop(request_id, None) is None:
            del self._prefilling[request_id]
        self._memory.release(sequence)
        sequence.computed_before = max(sequence.computed_before, sequence.computed)
        sequence.computed = 0

    def _record(self, now_ns: int, kind: Kind, request_id: str, figure: int) -> None:
        if self._log is not None:
            self._log.record(now_ns, kind, request_id, figure)

    def _check(self) -> None:
        """Assert every invariant. O(live + stale)."""
        self._waiting._check()
        self._memory._check()
        places = (self._waiting.sequences, self._prefilling, self._decoding)
        live = [sequence for place in places for sequence in place.values()]
        assert all(key == s.request.id for place in places for key, s in place.items())
        assert len({s.request.id for s in live}) == len(live), "an id is in two places"
        assert sum(s.blocks for s in live) == self.blocks_used
        assert self.running_count <= self.limits.sequences_max
        assert len(self._deadlines) == sum(s.request.deadline_ns is not None for s in live)
        self._deadlines._check()
        for sequence in live:
            self._check_sequence(sequence)

    def _check_sequence(self, sequence: Sequence) -> None:
        request = sequence.request
        held = sequence.blocks * self.limits.block_tokens
        assert 0 <= sequence.generated < request.output_tokens_max, sequence
        assert sequence.serial < self._submissions
        if request.id in self._waiting.sequences:
            assert sequence.blocks == sequence.computed == 0, sequence
        elif request.id in self._prefilling:
            assert sequence.computed < sequence.tokens <= held, sequence
        else:
            assert sequence.computed == sequence.tokens - 1 <= held, sequence
        assert (sequence.first_token_ns is None) == (sequence.generated == 0), sequence
        assert sequence.evictions or not sequence.recomputed, sequence
