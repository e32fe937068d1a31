"""A serving engine in simulated time, around the scheduler that really runs.

The scheduler plans a step, the model of step time says how long the engine takes for it, the
scheduler is told that it is done. Nothing here decides who runs. Every request generates exactly
``output_tokens_max`` tokens: a trace tells how many there were.

With ``overlap`` a step is planned while the one before it runs, as engines do to keep the GPU
busy: it knows the arrivals until that one began. What ends in between is taken as known.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from homeostat.errors import InvalidInputError, QueueFullError
from homeostat.runtime.scheduler import Limits, Plan, Request
from homeostat.runtime.scheduler import Sequence as ServedSequence
from homeostat.runtime.scheduler.requests import TIME_NS_MAX
from homeostat.runtime.simulator.prefix_reuse import KeptBlocks
from homeostat.runtime.simulator.step_time import Work
from homeostat.runtime.traces import Trace

__all__ = ["Run", "SimulatedScheduler", "Step", "requests_of", "simulate"]


class SimulatedScheduler(Protocol):
    """What is asked of a scheduler; ``homeostat.runtime.scheduler.Scheduler`` is one."""

    limits: Limits

    def submit(self, request: Request, now_ns: int) -> None:
        """Queue a request, or raise InvalidInputError or QueueFullError."""

    def plan(self, now_ns: int) -> Plan:
        """Decide the next step."""

    def commit(self, plan: Plan, now_ns: int) -> list[ServedSequence]:
        """Take in that a step is done; returns who is finished."""

    @property
    def running(self) -> list[ServedSequence]:
        """Sequences that hold KV."""

    @property
    def running_count(self) -> int:
        """How many sequences hold KV."""

    @property
    def waiting_count(self) -> int:
        """How many sequences wait."""

    @property
    def blocks_used(self) -> int:
        """KV blocks held."""


class Step(NamedTuple):
    """One step of the engine: when, how much work, and what the scheduler held meanwhile.

    ``tokens`` is what was planned; tokens that were found in freed blocks are not in ``work``.
    """

    start_ns: int
    end_ns: int
    work: Work
    tokens: int
    running: int
    waiting: int
    blocks_used: int


@dataclass(slots=True)
class Run:
    """What a simulation gave.

    Attributes:
        finished: In the order in which they ended.
        refused: Ids of requests that the scheduler would not take.
        steps: In the order of time.
        reused_tokens: Planned tokens that were found in freed blocks, so not computed.
    """

    finished: list[ServedSequence] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    reused_tokens: int = 0


def requests_of(trace: Trace) -> tuple[Request, ...]:
    """Return a trace's requests with ids "0", "1", ... in the order of their arrival.

    In a measured run a request arrives when the engine queued it.
    """
    arrivals = [
        (r.arrival_ns if r.measured is None else r.measured.queued_ns, r) for r in trace.requests
    ]
    arrivals.sort(key=lambda arrival: arrival[0])
    return tuple(
        Request(
            id=str(number),
            arrival_ns=arrival_ns,
            prompt_tokens=request.prompt_tokens,
            output_tokens_max=request.output_tokens,
        )
        for number, (arrival_ns, request) in enumerate(arrivals)
    )


def simulate(
    requests: Iterable[Request],
    scheduler: SimulatedScheduler,
    step_time: Callable[[Work], int],
    *,
    overlap: bool = True,
    reuse: bool = True,
    until: Callable[[Run], bool] | None = None,
    progress: Callable[[int], object] | None = None,
) -> Run:
    """Serve requests in simulated time until all have ended.

    Args:
        requests: In any order, without deadlines: who gives up when is not simulated.
        scheduler: Fresh; it is used up.
        step_time: Time of a step in ns, >= 1, from the work in it.
        overlap: Whether a step is planned while the one before it runs.
        reuse: Whether an evicted sequence finds what is left of its KV (``prefix_reuse``). Such
            tokens count against the budget of the step all the same, but take no time.
        until: Asked whenever sequences have finished; True ends the run there.
        progress: Told how many sequences have finished, whenever some have.

    Raises:
        InvalidInputError: A request has a deadline, or the scheduler has work left and plans none
            of it, or a step ends after ``TIME_NS_MAX``.
    """
    engine = _Engine(scheduler, step_time, reuse=reuse)
    run = engine.run
    arrivals = sorted(requests, key=lambda request: request.arrival_ns)
    if any(request.deadline_ns is not None for request in arrivals):
        raise InvalidInputError("requests must have deadline_ns=None to be simulated")
    times = [request.arrival_ns for request in arrivals]
    submitted = 0
    now_ns = seen_ns = 0
    while True:
        while submitted < len(arrivals) and times[submitted] <= seen_ns:
            engine.submit(arrivals[submitted], now_ns)
            submitted += 1
        before = len(run.finished)
        plan = engine.plan(now_ns)
        if plan.tokens:
            end_ns = engine.compute(plan, now_ns)
            now_ns, seen_ns = end_ns, now_ns if overlap else end_ns
        else:
            alarms = [*times[submitted : submitted + 1]]
            if plan.wake_ns is not None:
                alarms.append(plan.wake_ns)
            if not alarms:
                engine.demand_idle()
                return run
            if not min(alarms) > seen_ns:
                raise InvalidInputError(f"wake_ns={plan.wake_ns} must be > {seen_ns}, the time")
            seen_ns = min(alarms)
            now_ns = max(now_ns, seen_ns)
        if len(run.finished) > before:
            if progress is not None:
                progress(len(run.finished))
            if until is not None and until(run):
                return run


class _Engine:
    """The scheduler, the time of its steps, and what its freed blocks still hold."""

    def __init__(
        self, scheduler: SimulatedScheduler, step_time: Callable[[Work], int], *, reuse: bool
    ) -> None:
        self.run = Run()
        self._scheduler = scheduler
        self._step_time = step_time
        self._kept = KeptBlocks(scheduler.limits) if reuse else None

    def submit(self, request: Request, now_ns: int) -> None:
        try:
            self._scheduler.submit(request, now_ns)
        except (InvalidInputError, QueueFullError):
            self.run.refused.append(request.id)

    def plan(self, now_ns: int) -> Plan:
        if self._kept is None:
            return self._scheduler.plan(now_ns)
        self._kept.before_plan(self._scheduler.running)
        plan = self._scheduler.plan(now_ns)
        self._kept.after_plan(plan, self._scheduler.blocks_used)
        return plan

    def compute(self, plan: Plan, now_ns: int) -> int:
        """Compute a plan, and return when it is done."""
        scheduler = self._scheduler
        work = self._work(plan)
        end_ns = now_ns + self._step_time(work)
        if end_ns > TIME_NS_MAX:
            raise InvalidInputError(
                f"a step of the work {work} ends at {end_ns} ns, must be <= {TIME_NS_MAX}: "
                "the step time is too long"
            )
        self.run.steps.append(
            Step(
                now_ns,
                end_ns,
                work,
                plan.tokens,
                scheduler.running_count,
                scheduler.waiting_count,
                scheduler.blocks_used,
            )
        )
        finished = scheduler.commit(plan, end_ns)
        if finished:
            self.run.finished += finished
            if self._kept is not None:
                self._kept.after_commit(scheduler.blocks_used)
        return end_ns

    def demand_idle(self) -> None:
        left = self._scheduler.waiting_count + self._scheduler.running_count
        if left:
            raise InvalidInputError(f"the scheduler plans nothing, but has {left} sequences left")

    def _work(self, plan: Plan) -> Work:
        decoding = len(plan.decodes)
        # A list is summed faster than a generator, and this line sees every token.
        context = decoding + sum([sequence.computed for sequence in plan.decodes])
        prefill = pairs = 0
        for sequence, tokens in plan.prefills:
            start = done = sequence.computed
            if self._kept is not None and sequence.evictions:
                found = self._kept.found_tokens(sequence.request.id)
                start = min(max(done, found), done + tokens)
            new = done + tokens - start
            self.run.reused_tokens += tokens - new
            prefill += new
            context += start
            pairs += new * start + new * (new + 1) // 2
        return Work(prefill, decoding, context, pairs)
