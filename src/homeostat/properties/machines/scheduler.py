"""Runs a scheduler under the eyes of the referee, and ours beside its naive twin.

What is tried is any callable that takes ``Limits`` and a policy's name and returns an object with
the methods ``submit``, ``cancel``, ``plan`` and ``commit`` of ``runtime.scheduler.Scheduler``;
``_check`` is called where it has one. Limits are tiny, so that evictions are frequent.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from homeostat.properties.machines.naive_scheduler import NaiveScheduler
from homeostat.properties.machines.plan_record import PlanRecord, request_ids
from homeostat.properties.machines.recording import RecordingMachine
from homeostat.properties.machines.scheduler_contract import Referee
from homeostat.runtime.scheduler import Limits, Request, Scheduler, policy_named

__all__ = ["SchedulerContractMachine", "SchedulerTwinMachine", "our_scheduler"]

_LIMITS: Final = st.builds(
    lambda tokens, size, seats, more, waiting, spare: Limits(
        kv_blocks=tokens // size,
        block_tokens=size,
        sequences_max=seats,
        tokens_per_step=seats + more,
        waiting_max=waiting,
        free_blocks_min=spare,
    ),
    st.integers(8, 20),
    st.integers(1, 4),
    st.integers(2, 5),
    st.integers(0, 6),
    st.integers(2, 9),
    st.integers(0, 1),
)
_REQUESTS: Final = st.lists(
    st.fixed_dictionaries(
        {
            "prompt_tokens": st.integers(1, 7),
            "output_tokens_max": st.integers(1, 7),
            "bid": st.integers(0, 3),
        },
        optional={"deadline_ns": st.integers(0, 9)},
    ),
    min_size=1,
    max_size=4,
)
_WHICH: Final = st.integers(0, 7)
_WAITS_NS: Final = st.integers(0, 3) | st.integers(0, 12).map(lambda ms: ms * 10**6)


def our_scheduler(limits: Limits, policy_name: str) -> Scheduler:
    """Return the runtime's scheduler."""
    return Scheduler(limits, policy_named(policy_name))


class SchedulerContractMachine(RecordingMachine):
    """Every answer must keep to the contract of ``scheduler_contract``."""

    def __init__(self, make: Callable[..., Any], policies: Sequence[str]) -> None:
        """Say what makes the scheduler, and under which policies it is tried."""
        super().__init__()
        self.make = make
        self.policies = policies
        self.subject: Any = None
        self.now_ns = 0
        self.submissions = 0
        self.referee: Referee

    @initialize(limits=_LIMITS, which=st.integers(0, 719))
    def begin(self, limits: Limits, which: int) -> None:
        """Create the scheduler."""
        name = self.policies[which % len(self.policies)]
        self.subject = self.perform(self, "make", limits, name)
        self.operations[-1]["arguments"][0] = asdict(limits)
        self.referee = Referee(limits, policy_named(name), self.fail)

    @rule(wanted=_REQUESTS, ago_ns=st.integers(0, 2))
    def submit(self, wanted: list[dict[str, int]], ago_ns: int) -> None:
        """Submit requests, which may have arrived some time ago; deadlines count from now."""
        for fields in wanted:
            deadline_ns = fields.get("deadline_ns")
            request = Request(
                id=f"r{self.submissions}",
                arrival_ns=max(0, self.now_ns - ago_ns),
                prompt_tokens=fields["prompt_tokens"],
                output_tokens_max=fields["output_tokens_max"],
                bid=fields["bid"],
                deadline_ns=None if deadline_ns is None else self.now_ns + deadline_ns,
            )
            self.submissions += 1
            self._submit(request)

    def _submit(self, request: Request) -> None:
        refusal = Exception if self.referee.refuses(request) else None
        self.perform(self.subject, "submit", request, self.now_ns, refusal=refusal)
        self.operations[-1]["arguments"][0] = asdict(request)
        if refusal is None:
            self.submitted(request)

    def submitted(self, request: Request) -> None:
        """Take note that a request was taken."""
        self.referee.submit(request)

    @rule(elapsed_ns=_WAITS_NS)
    def wait(self, elapsed_ns: int) -> None:
        """Let time pass."""
        self.now_ns += elapsed_ns

    @precondition(lambda self: self.submissions)
    @rule(which=_WHICH)
    def cancel(self, which: int) -> None:
        """Cancel one of the last submissions, live or not."""
        request_id = f"r{max(0, self.submissions - 1 - which)}"
        live = any(s.id == request_id for s in self.referee.live)
        got = self.perform(self.subject, "cancel", request_id, self.now_ns)
        if got is not live:
            self.fail("cancel must tell whether the request was live", got=got, live=live)
        if live:
            self.ended(request_id)

    def ended(self, request_id: str) -> None:
        """Take note that a request was cancelled."""
        self.referee.end(request_id)

    @rule(
        steps=st.integers(1, 8),
        took_ns=st.integers(0, 2),
        stops=st.sets(_WHICH, max_size=2),
        cancels=st.sets(_WHICH, max_size=1),
    )
    def run(self, steps: int, took_ns: int, stops: set[int], cancels: set[int]) -> None:
        """Run some steps; in the first, cancel and stop some of what is planned."""
        for _ in range(steps):
            self.step(took_ns, stops, cancels)
            stops, cancels = set(), set()

    @precondition(lambda self: self.referee.live)
    @rule()
    def drain(self) -> None:
        """Run until nobody is left; the referee counts the steps."""
        self.operations.append({"call": "drain", "arguments": []})
        while self.referee.live:
            plan = self.observe("plan", partial(self.subject.plan, self.now_ns))
            record = self.planned(plan)
            if record.work:
                done = self.observe("commit", partial(self.subject.commit, plan, self.now_ns))
                self.committed(record.work, set(), done)
            elif record.wake_ns is not None:
                self.now_ns = record.wake_ns

    def step(self, took_ns: int, stops: set[int], cancels: set[int]) -> None:
        """Plan, perhaps cancel something planned, commit, perhaps with sequences that stop."""
        plan = self.perform(self.subject, "plan", self.now_ns)
        record = self.planned(plan)
        self.check(self.subject)
        if not record.work:
            return
        sampled = [name for name, count in record.work if self.referee.samples(name, count)]
        stopped = {sampled[i] for i in stops if i < len(sampled)}
        for name in sorted(record.work[i][0] for i in cancels if i < len(record.work)):
            self.perform(self.subject, "cancel", name, self.now_ns)
            self.ended(name)
        self.now_ns += took_ns
        done = self.perform(self.subject, "commit", plan, self.now_ns, sorted(stopped))
        live = {s.id for s in self.referee.live}
        self.committed([w for w in record.work if w[0] in live], stopped & live, done)

    def planned(self, plan: Any) -> PlanRecord:
        """Check a plan; returns what it says."""
        record: PlanRecord = self.observe("a look at the plan", lambda: PlanRecord.of(plan))
        if self.operations[-1]["call"] == "plan":
            self.operations[-1]["returned"] = record.to_json()
        self.referee.see_plan(record, self.now_ns)
        return record

    def committed(self, work: list[tuple[str, int]], stopped: set[str], done: Any) -> None:
        """Check what a commit returned."""
        names = self.observe("a look at the finished", lambda: request_ids(done))
        if self.operations[-1]["call"] == "commit":
            self.operations[-1] |= {"arguments": [sorted(stopped)], "returned": names}
        self.referee.see_commit(work, stopped, names)

    @precondition(lambda self: self.operations)
    @invariant()
    def sound(self) -> None:
        """Its own invariants hold."""
        self.check(self.subject)


class SchedulerTwinMachine(SchedulerContractMachine):
    """Beyond the contract, every decision must be the naive twin's."""

    twin: NaiveScheduler
    prefills: list[tuple[str, int]]

    @initialize(limits=_LIMITS, which=st.integers(0, 719))
    def begin(self, limits: Limits, which: int) -> None:
        """Create the scheduler and its twin."""
        super().begin(limits, which)
        self.twin = NaiveScheduler(limits, self.referee.policy)

    @precondition(lambda self: self.submissions)
    @rule(which=_WHICH, bid=st.integers(0, 3))
    def rebid(self, which: int, bid: int) -> None:
        """Change the bid of one of the last submissions."""
        request_id = f"r{max(0, self.submissions - 1 - which)}"
        got = self.perform(self.subject, "rebid", request_id, bid, self.now_ns)
        if got is not any(s.id == request_id for s in self.twin.live):
            self.fail("rebid must tell whether the request was live", got=got)
        self.referee.rebid(request_id, bid)
        self.twin.rebid(request_id, bid)

    @precondition(lambda self: self.twin.policy.order == "aging")
    @rule(rate=st.sampled_from((0, 10**9)))
    def change_rate(self, rate: int) -> None:
        """Let all earn at another rate from now on, or a moment later."""
        last_ns = self.twin.rates[0].changes[-1][0]
        self.now_ns = max(self.now_ns, last_ns + 1)
        self.perform(self.subject, "change_rate", rate, self.now_ns)
        for believer in (self.referee, self.twin):
            believer.rates[0].change(self.now_ns, rate)

    @rule()
    def close_window(self) -> None:
        """Hold nobody back any longer."""
        self.perform(self.subject, "close_window")
        self.twin.closes_ns = 0

    @rule()
    def fail_a_step(self) -> None:
        """Plan, and abandon the plan: what it computes waits again."""
        plan = self.perform(self.subject, "plan", self.now_ns)
        work = self.planned(plan).work
        if not work:
            return
        got = self.perform(self.subject, "abandon", plan, self.now_ns)
        for believer in (self.referee, self.twin):
            for name, _ in work:
                believer.come_back(next(s for s in believer.live if s.id == name))
        self._compare("abandoned", sorted(request_ids(got)), sorted(name for name, _ in work))
        self.referee.steps_since_end = 0

    def submitted(self, request: Request) -> None:
        """Give the twin the request, too."""
        super().submitted(request)
        self.twin.submit(request)

    def ended(self, request_id: str) -> None:
        """Cancel it in the twin, too."""
        super().ended(request_id)
        self.twin.drop(request_id)

    def planned(self, plan: Any) -> PlanRecord:
        """Compare every part of a plan with the twin's."""
        record = super().planned(plan)
        expected = self.twin.plan(self.now_ns)
        self.prefills = expected.prefills
        for part in expected.__dataclass_fields__:
            self._compare(part, getattr(record, part), getattr(expected, part))
        waiting = len(self.twin.in_state("waiting"))
        self._compare("blocks_used", self.subject.blocks_used, self.twin.blocks_planned())
        self._compare("waiting_count", self.subject.waiting_count, waiting)
        self._compare("running_count", self.subject.running_count, len(self.twin.running()))
        return record

    def committed(self, work: list[tuple[str, int]], stopped: set[str], done: Any) -> None:
        """Compare what is known of each that runs after a commit."""
        super().committed(work, stopped, done)
        live = {s.id for s in self.twin.live}
        self.twin.commit([(name, n) for name, n in self.prefills if name in live], stopped)
        got = {s.request.id: (s.generated, s.computed) for s in self.subject.running}
        expected = {s.id: (s.generated, s.computed) for s in self.twin.running()}
        self._compare("generated and computed", got, expected)

    def _compare(self, what: str, got: object, twin: object) -> None:
        if got != twin:
            self.fail(f"{what} must be the twin's", got=got, twin=twin)
