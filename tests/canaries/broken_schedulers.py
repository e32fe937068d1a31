"""Schedulers that someone might write, each with one mistake, and one without.

The contract must catch every mistake and accept the last. They say nothing of their own state:
what gives them away is what they answer.
"""

from collections.abc import Collection

from homeostat.runtime.scheduler import Limits, Plan, Request, Scheduler, Sequence, policy_named
from homeostat.runtime.scheduler.window import window_named


class Own(Scheduler):
    """Right."""

    def __init__(self, limits: Limits, policy_name: str) -> None:
        super().__init__(limits, policy_named(policy_name))

    def _check(self) -> None:
        pass


class CountsBlocksLate(Own):
    """Off by one: asks for the next block one token after the last is full."""

    def _make_room(self, plan: Plan) -> None:
        for sequence in self._batch.decoding.values():
            sequence.computed -= 1
        super()._make_room(plan)
        for sequence in self._batch.decoding.values():
            sequence.computed += 1
        for sequence in plan.evicted:
            sequence.computed = 0


class ForgetsTheBudget(Own):
    """Computes every prompt whole."""

    def _plan_chunk(self, sequence: Sequence, plan: Plan) -> None:
        tokens = sequence.tokens - sequence.computed
        plan.prefills.append((sequence, tokens))
        plan.tokens += tokens


class OneSeatTooMany(Own):
    def __init__(self, limits: Limits, policy_name: str) -> None:
        super().__init__(limits, policy_name)
        self.limits = Limits(
            kv_blocks=limits.kv_blocks,
            block_tokens=limits.block_tokens,
            tokens_per_step=limits.tokens_per_step,
            sequences_max=min(limits.sequences_max + 1, limits.tokens_per_step),
            waiting_max=limits.waiting_max,
        )


class LosesTheSecondChunk(Own):
    """Goes on with what decodes, and never with a prompt that did not fit into one step."""

    def _plan_prefills(self, plan: Plan) -> None:
        pass


class LosesGeneratedTokens(Own):
    """Starts an evicted sequence from its prompt again."""

    def _evict(self, sequence: Sequence, plan: Plan) -> None:
        super()._evict(sequence, plan)
        sequence.generated = 0


class EndsTwice(Own):
    """Returns what ended at its limit in two steps."""

    _last: tuple[Sequence, ...] = ()

    def commit(self, plan: Plan, now_ns: int, stopped: Collection[str] = ()) -> list[Sequence]:
        ended = super().commit(plan, now_ns, stopped)
        again, self._last = self._last, tuple(ended)
        return [*again, *ended]


class EndsTheCancelled(Own):
    """Returns from a commit what was cancelled since the plan was made."""

    def commit(self, plan: Plan, now_ns: int, stopped: Collection[str] = ()) -> list[Sequence]:
        gone = [s for s in plan.decodes if self._live(s.request.id) is not s]
        return super().commit(plan, now_ns, stopped) + gone


class ForgetsDeadlines(Own):
    def _expire(self, plan: Plan) -> None:
        pass


class ExpiresEarly(Own):
    """Off by one: the deadline of the next nanosecond counts as passed."""

    def _expire(self, plan: Plan) -> None:
        plan.now_ns += 1
        super()._expire(plan)
        plan.now_ns -= 1


class ServesTheLastFirst(Own):
    """A stack, whatever the policy says."""

    def _admit(self, plan: Plan) -> None:
        if self.policy.window != "none":
            super()._admit(plan)
            return
        newest = max(self.waiting, key=lambda s: s.serial)
        older = [s for s in self.waiting if s is not newest]
        for sequence in older:
            self._waiting.leave(sequence.request.id)
        super()._admit(plan)
        for sequence in older:
            self._waiting.come_back(sequence)


class PassesTheHead(Own):
    """Admits whatever fits, past those that are too big for now: they may starve."""

    def _admit(self, plan: Plan) -> None:
        put_off = []
        super()._admit(plan)
        while self._waiting and self.policy.window == "none":
            super()._admit(plan)
            if self._waiting:
                put_off.append(self._waiting.first(plan.now_ns))
                self._waiting.call_first(plan.now_ns)
        for sequence in put_off:
            self._waiting.come_back(sequence)


class ReservesThePromptOnly(Own):
    """Says reservation, holds what is known, and evicts when more is needed."""

    def __init__(self, limits: Limits, policy_name: str) -> None:
        super().__init__(limits, policy_name.replace("reservation", "last-in"))


class TakesAnything(Own):
    """Queues what can never run: it waits for ever, and all behind it."""

    def submit(self, request: Request, now_ns: int) -> None:
        too_big = self._batch.memory.blocks_for(request.kv_tokens_max) > self.limits.kv_blocks
        if not too_big:
            super().submit(request, now_ns)
            return
        sequence = Sequence(request, self._submissions)
        self._submissions += 1
        self._waiting.arrive(sequence)


class AdmitsNobody(Own):
    def _admit(self, plan: Plan) -> None:
        pass


class EvictsForEver(Own):
    """Starts every unfinished prefill again in the same step: work without end."""

    def plan(self, now_ns: int) -> Plan:
        early = Plan(now_ns)
        if self.policy.evicts:
            for sequence in list(self._batch.prefilling.values()):
                self._evict(sequence, early)
        plan = super().plan(now_ns)
        plan.evicted += [s for s in early.evicted if s not in plan.expired]
        return plan


class HoldsABlockTooMany(Own):
    """Takes one block more than it needs wherever one is free; its own check is to see it."""

    _check = Scheduler._check

    def _start_running(self, sequence: Sequence, blocks: int, plan: Plan) -> None:
        spare = 1 if self._batch.memory.free > blocks else 0
        super()._start_running(sequence, blocks + spare, plan)


class ForgetsTheRate(Own):
    def change_rate(self, rate: int, now_ns: int, rate_class: int = 0) -> None:
        pass


class KeepsTheWindowOpen(Own):
    def close_window(self) -> None:
        pass


class KeepsWhatFailed(Own):
    """Takes the KV of a step that failed for computed."""

    def abandon(self, plan: Plan, now_ns: int) -> list[Sequence]:
        self._open = None
        return [*plan.decodes, *(sequence for sequence, _ in plan.prefills)]


class LooksAwayWhileTheyWait(Own):
    """Asks for the width, and with it the regime, only at an arrival that finds nobody waiting."""

    def submit(self, request: Request, now_ns: int) -> None:
        window = self._waiting.window
        if self.waiting_count:
            self._waiting.window = window_named("none")
        super().submit(request, now_ns)
        self._waiting.window = window


class WaitsForMoreThanFits(Own):
    """Holds admissions back though those that wait fill the memory."""

    _blind = False

    def _is_held_back(self, plan: Plan) -> bool:
        self._blind = True
        held = super()._is_held_back(plan)
        self._blind = False
        return held

    def _blocks_to_admit(self, sequence: Sequence) -> int:
        return 0 if self._blind else super()._blocks_to_admit(sequence)


class FirstComeFirstServed(Own):
    """Right, and knows one order alone."""

    policies = ("fcfs+last-in+none", "fcfs+reservation+none")

    def __init__(self, limits: Limits, policy_name: str) -> None:
        if policy_name not in self.policies:
            raise KeyError(policy_name)
        super().__init__(limits, policy_name)
