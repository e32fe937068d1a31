"""Continuous batching: which sequences run, what each step computes, who is evicted.

A step decodes every sequence whose KV is complete, then spends what is left of the token budget
on chunks of the running prefills in the order of admission, then admits. An admission takes the
blocks of all tokens that are known (with "reservation" of all that may come), so only decoding
asks for more memory later. Where it is short, sequences are evicted (``policies.evictions``):
they keep the tokens they have generated, wait again under their first arrival and bid, and
compute those tokens anew. A step that evicts admits nobody.

Every call takes the time; nothing here reads a clock. Each ``plan`` that has work is followed by
``commit`` or ``abandon``; requests may be submitted and cancelled between them. A step costs
O(running) list work of some 0.1 us for each decoding sequence; nothing is sorted unless it evicts.
"""

from collections.abc import Collection

from homeostat.errors import InvalidInputError
from homeostat.runtime.scheduler.live import LiveRequests
from homeostat.runtime.scheduler.log import Kind
from homeostat.runtime.scheduler.plan import Plan
from homeostat.runtime.scheduler.policies import EVICTIONS
from homeostat.runtime.scheduler.requests import Sequence

__all__ = ["Scheduler"]


class Scheduler(LiveRequests):
    """Requests in, plans out.

    Args:
        limits: What the engine can hold and do.
        policy: Who is admitted and evicted.
        log: Where events are recorded; None for nowhere.
    """

    def plan(self, now_ns: int) -> Plan:
        """Decide the next step, and hold the memory that it needs.

        A plan with ``tokens`` > 0 is to be committed or abandoned before the next is made.

        Raises:
            InvalidInputError: The last plan is still open, or time runs backwards.
        """
        if self._open is not None:
            raise InvalidInputError("the last plan must be committed or abandoned before the next")
        self._advance(now_ns)
        plan = Plan(now_ns)
        self._expire(plan)
        if self.policy.evicts:
            self._make_room(plan)
        plan.decodes = list(self._batch.decoding.values())
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
        self._demand_open(plan)
        ended = self._ended(plan, stopped) if stopped else []
        self._advance(now_ns)
        decodes, prefills = plan.decodes, plan.prefills
        if self._gone_since_plan:
            decodes = [s for s in decodes if self._batch.get(s.request.id) is s]
            prefills = [(s, n) for s, n in prefills if self._batch.get(s.request.id) is s]
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

    def abandon(self, plan: Plan, now_ns: int) -> list[Sequence]:
        """Give up a plan that the engine has failed to compute; returns whose KV is lost.

        Nobody can tell how far the engine came, so all that the plan computes and that is still
        live waits again, as after an eviction, whatever the policy; it samples nothing.

        Raises:
            InvalidInputError: It is not the last plan, or time runs backwards.
        """
        self._demand_open(plan)
        self._advance(now_ns)
        self._open = None
        lost = Plan(now_ns)
        for sequence in (*plan.decodes, *(s for s, _ in plan.prefills)):
            if self._batch.get(sequence.request.id) is sequence:
                self._evict(sequence, lost)
        return lost.evicted

    # Steps of plan.

    def _expire(self, plan: Plan) -> None:
        while (deadline_ns := self._deadlines.next_ns()) is not None:
            if deadline_ns > plan.now_ns:
                return
            sequence = self._live(self._deadlines.first())
            assert sequence is not None
            self._drop(sequence)
            plan.expired.append(sequence)
            self._record("expired", sequence.request.id, sequence.generated)

    def _make_room(self, plan: Plan) -> None:
        """Give a block to each decoding sequence whose blocks are full; evict until they fit."""
        size = self.limits.block_tokens
        memory = self._batch.memory
        full = [s for s in self._batch.decoding.values() if s.computed == s.blocks * size]
        if len(full) > memory.free:
            for victim in self._victims():
                self._evict(victim, plan)
                full = [s for s in full if s.blocks]
                if len(full) <= memory.free:
                    break
        for sequence in full:
            memory.take(sequence, 1)

    def _victims(self) -> list[Sequence]:
        """Return whom to evict, first first."""
        return sorted(self._batch, key=EVICTIONS[self.policy.eviction])

    def _evict(self, sequence: Sequence, plan: Plan) -> None:
        self._record("evicted", sequence.request.id, sequence.computed)
        self._batch.stop(sequence)
        sequence.evictions += 1
        self._waiting.come_back(sequence)
        plan.evicted.append(sequence)

    def _plan_prefills(self, plan: Plan) -> None:
        for sequence in self._batch.prefilling.values():
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
        if self._is_held_back(plan):
            if not plan.tokens:
                times = (self._waiting.closes_ns, self._deadlines.next_ns())
                plan.wake_ns = min(time_ns for time_ns in times if time_ns is not None)
            return
        limits, batch = self.limits, self._batch
        while self._waiting and plan.tokens < limits.tokens_per_step:
            if len(batch) >= limits.sequences_max:
                return
            sequence = self._waiting.first(plan.now_ns)
            blocks = self._blocks_to_admit(sequence)
            if blocks + (limits.free_blocks_min if batch else 0) > batch.memory.free:
                return
            self._waiting.call_first(plan.now_ns)
            self._start_running(sequence, blocks, plan)

    def _is_held_back(self, plan: Plan) -> bool:
        """Return whether the window is open, and one more would fit into the batch.

        O(1) where no window is open, else O(seats).
        """
        limits, waiting = self.limits, self._waiting.sequences
        if plan.now_ns >= self._waiting.closes_ns:
            return False
        if len(waiting) + len(self._batch) >= limits.sequences_max:
            return False
        tokens = sum(sequence.tokens for sequence in waiting.values())
        blocks = sum(map(self._blocks_to_admit, waiting.values()))
        return (
            tokens + plan.tokens < limits.tokens_per_step
            and blocks + limits.free_blocks_min < self._batch.memory.free
        )

    def _start_running(self, sequence: Sequence, blocks: int, plan: Plan) -> None:
        self._batch.start(sequence, blocks)
        kind: Kind = "resumed" if sequence.evictions else "admitted"
        if sequence.admitted_ns is None:
            sequence.admitted_ns = plan.now_ns
        self._record(kind, sequence.request.id, sequence.tokens)
        plan.admitted.append(sequence)
        self._plan_chunk(sequence, plan)

    # Steps of commit.

    def _ended(self, plan: Plan, stopped: Collection[str]) -> list[Sequence]:
        """Return who stops before its limit; those at it end anyway."""
        if isinstance(stopped, str):
            raise InvalidInputError(f"stopped={stopped!r} must be a collection of ids")
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
        sequence.recomputed += sequence.recomputed_of(tokens)
        sequence.computed += tokens
        if sequence.computed < sequence.tokens:
            return False
        sequence.generated += 1
        self._batch.decode(sequence)
        if sequence.first_token_ns is None:
            sequence.first_token_ns = self._now_ns
            self._record("first_token", sequence.request.id, 1)
        return sequence.generated == sequence.request.output_tokens_max

    def _finish(self, ended: list[Sequence]) -> list[Sequence]:
        for sequence in ended:
            sequence.finished_ns = self._now_ns
            self._drop(sequence)
            self._record("finished", sequence.request.id, sequence.generated)
        return ended

    def _demand_open(self, plan: Plan) -> None:
        if plan is not self._open:
            raise InvalidInputError("it must be the last plan made, once, and one with tokens")
