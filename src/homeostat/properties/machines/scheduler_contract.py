"""What any scheduler must keep to, told from its calls and answers alone.

The referee believes nothing: from the plans it works out itself what each request has computed
and generated and what memory that takes.

The contract
    memory: tokens computed and planned, rounded up to blocks for each sequence, fit.
    budget: ``tokens_per_step`` and ``sequences_max``; chunks begin where the last one ended.
    exactly once: what was submitted ends once: finished at its limit or where the engine stops
        it, cancelled, or expired at its deadline. Evicted tokens are computed again, not lost.
    order: nobody is admitted while one that the policy puts strictly before it goes on waiting.
    reservation: never evicts.
    progress: while requests are live a plan has work, unless the batching window holds them back
        and says until when; and in bounded time somebody ends (``steps_max``).
"""

from collections.abc import Callable
from typing import NoReturn

from homeostat.properties.machines.naive_scheduler import NaiveScheduler, NaiveSequence
from homeostat.properties.machines.plan_record import PlanRecord
from homeostat.runtime.scheduler import Limits, Policy, Request

__all__ = ["Referee"]


class Referee(NaiveScheduler):
    """Follows a scheduler's answers; of the naive one it uses the list, not the decisions."""

    def __init__(self, limits: Limits, policy: Policy, fail: Callable[..., NoReturn]) -> None:
        """Say whom to tell of a violation: ``fail(problem, **observed)``."""
        super().__init__(limits, policy)
        self.fail = fail
        self.steps_since_end = 0

    def steps_max(self) -> int:
        """Return a bound on the steps until somebody ends, if nothing else comes.

        The most tokens that a running sequence has generated never fall, and grow at the latest
        when one prefill is done, which takes as many steps as the memory holds tokens (see
        ``runtime.scheduler.policies.evictions``).
        """
        longest = max((s.request.output_tokens_max for s in self.live), default=0)
        return (longest + 1) * (self.limits.kv_blocks * self.limits.block_tokens + 2)

    def refuses(self, request: Request) -> bool:
        """Return whether a request must be turned away: too big, or the queue is full."""
        too_big = self.blocks(request.kv_tokens_max) > self.limits.kv_blocks
        return too_big or len(self.in_state("waiting")) >= self.limits.waiting_max

    def find(self, request_id: str) -> NaiveSequence:
        """Return a live sequence; a plan must not speak of others."""
        found = next((s for s in self.live if s.id == request_id), None)
        if found is None:
            self.fail("a plan must speak of live requests only", id=request_id)
        return found

    def samples(self, request_id: str, count: int) -> bool:
        """Return whether a sequence samples a token once so many more are computed."""
        sequence = self.find(request_id)
        return sequence.computed + count == sequence.tokens

    def end(self, request_id: str) -> None:
        """Take note that a request has left."""
        self.drop(request_id)
        self.steps_since_end = 0

    def see_plan(self, plan: PlanRecord, now_ns: int) -> None:
        """Check a plan."""
        work = plan.work
        self._see_expired(plan.expired, now_ns)
        self._see_evicted(plan.evicted)
        self._see_budget(work, plan.tokens)
        for name in plan.decodes:
            if not self.samples(name, 1):
                self.fail("a decode must have one token left to compute", id=name)
        begun = [s for s in (self.find(name) for name, _ in work) if s.state == "waiting"]
        for sequence in begun:
            sequence.state = "running"
        self._see_order(begun, now_ns)
        self._see_memory(dict(work))
        if self.live and not work:
            self._see_pause(plan.wake_ns, now_ns)

    def _see_expired(self, expired: list[str], now_ns: int) -> None:
        late = [s.id for s in self.live if _late(s.request, now_ns)]
        if sorted(expired) != sorted(late):
            self.fail("a plan must drop exactly the expired", expired=expired, late=late)
        for request_id in late:
            self.end(request_id)

    def _see_evicted(self, evicted: list[str]) -> None:
        if evicted and not self.policy.evicts:
            self.fail("a policy with reservation must never evict", evicted=evicted)
        for request_id in evicted:
            sequence = self.find(request_id)
            if sequence.state == "waiting":
                self.fail("what is evicted must run", id=request_id)
            sequence.state, sequence.computed = "waiting", 0

    def _see_budget(self, work: list[tuple[str, int]], tokens: int) -> None:
        if len({name for name, _ in work}) != len(work):
            self.fail("a step must compute a sequence once", work=work)
        total = sum(count for _, count in work)
        if not tokens == total <= self.limits.tokens_per_step:
            self.fail("tokens must be those of the step, and within budget", tokens=tokens)
        for name, count in work:
            sequence = self.find(name)
            if not 1 <= count <= sequence.tokens - sequence.computed:
                self.fail(
                    "a chunk must be of tokens that are known and not computed",
                    id=name,
                    chunk=count,
                    known=sequence.tokens,
                    computed=sequence.computed,
                )

    def _see_order(self, begun: list[NaiveSequence], now_ns: int) -> None:
        passed = self.in_state("waiting")
        for first in begun:
            key = self.order_key(first.request, now_ns)
            for other in passed:
                if self.order_key(other.request, now_ns) < key:
                    self.fail("nobody may be admitted past", first=first.id, waits=other.id)

    def _see_memory(self, work: dict[str, int]) -> None:
        running = self.in_state("running")
        if not len(running) <= self.limits.sequences_max:
            self.fail("sequences_max must not be exceeded", running=len(running))
        held = sum(self.blocks(s.computed + work.get(s.id, 0)) for s in running)
        if not held <= self.limits.kv_blocks:
            self.fail("the blocks must fit", held=held, kv_blocks=self.limits.kv_blocks)

    def _see_pause(self, wake_ns: int | None, now_ns: int) -> None:
        if self.policy.window == "none" or self.in_state("running") or wake_ns is None:
            self.fail("a plan must have work while requests are live", wake_ns=wake_ns)
        latest_ns = self.arrivals_ns[-1] + self.policy.window_ns
        if not now_ns < wake_ns <= latest_ns:
            self.fail("wake_ns must be within the window", wake_ns=wake_ns, latest_ns=latest_ns)

    def see_commit(
        self, work: list[tuple[str, int]], stopped: set[str], finished: list[str]
    ) -> None:
        """Check who is finished after a step; ``work`` of those that are still live."""
        due = []
        for name, count in work:
            sequence = self.find(name)
            sequence.computed += count
            if sequence.computed == sequence.tokens:
                sequence.generated += 1
                if name in stopped or sequence.generated == sequence.request.output_tokens_max:
                    due.append(name)
        if sorted(finished) != sorted(due):
            self.fail("a commit must return who is finished, once", got=finished, due=due)
        self.steps_since_end += bool(work)
        for name in due:
            self.end(name)
        if not self.steps_since_end <= self.steps_max():
            self.fail("somebody must end in bounded time", steps=self.steps_since_end)


def _late(request: Request, now_ns: int) -> bool:
    return request.deadline_ns is not None and request.deadline_ns <= now_ns
