"""A cluster in simulated time: jobs come and go, nodes fail and are cut off; event by event.

What happens to a job
    It comes and is placed, or it does not fit: then it waits, tries again after 10 s, 20 s, 40 s
    and so on, and is rejected when its sixth try fails. A placed job ends after its duration. If
    one of its nodes fails it is displaced: it begins anew, as one that has just come.
What a policy knows
    Room that is taken or freed, at once. That a node fails, is cut off or comes back, only
    ``stale_ns`` later, as from missing heartbeats: until then it may choose a node that is not to
    be had, which is a try that fails. What ran on a failed node is displaced when that is known.

The order of events at one time is that in which they were planned. Nothing but ``seed`` is random,
and the policy has that too, so the same arguments give the same run.
"""

import heapq
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.cluster import Cluster, Placement
from homeostat.runtime.governor.faults import FaultEvent, FaultKind
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.policy import Policy, PolicyMaker
from homeostat.runtime.governor.recording import Recorder
from homeostat.runtime.governor.workloads import Workload

__all__ = ["RETRY_NS", "SAMPLES", "STALE_NS", "TRIES_MAX", "Simulation", "simulate", "size_of"]

RETRY_NS: Final = 10_000_000_000
"""After the first try that fails; twice as long after each further one."""
TRIES_MAX: Final = 6
STALE_NS: Final = 40_000_000_000
"""As long as Kubernetes waits for a node's heartbeat."""
SAMPLES: Final = 64
"""States kept of a run, evenly over its time."""


T = TypeVar("T")


@dataclass(slots=True)
class _Held:
    """A job that runs: where, and the number of its start, so that an old end is known as such.

    It is dead from when a node of it fails until that is known.
    """

    placements: list[Placement]
    start: int
    dead: bool = False


class Simulation:
    """One run, which can be looked at between events.

    Args:
        workload: Nodes and jobs.
        maker: Of the policy.
        seed: Of the policy.
        faults: By time.
        stale_ns: How late the policy learns of faults.

    Attributes:
        cluster: As the policy sees it.
        policy: Who places.
        recorder: What happened.
        waiting: Tries that failed of each job that waits.
        running: Jobs that run.
    """

    def __init__(
        self,
        workload: Workload,
        maker: PolicyMaker,
        *,
        seed: int = 0,
        faults: tuple[FaultEvent, ...] = (),
        stale_ns: int = 0,
    ) -> None:
        """Plan all arrivals and faults.

        Raises:
            InvalidInputError: ``stale_ns`` is negative.
        """
        if stale_ns < 0:
            raise InvalidInputError(f"stale_ns={stale_ns} must be >= 0")
        self._jobs = workload.jobs
        self._horizon_ns = workload.horizon_ns
        self.cluster = Cluster(workload.nodes)
        self.policy: Policy = maker(self.cluster, seed, workload.typical)
        self.recorder = Recorder(self.cluster, workload.tenants)
        self.waiting: dict[int, int] = {}
        self.running: dict[int, _Held] = {}
        self._failed = [0] * len(self.cluster)
        self._cut = [0] * len(self.cluster)
        self._on: list[dict[int, None]] = [{} for _ in workload.nodes]
        """Jobs on each node, in the order in which they came."""
        self._since: dict[int, int] = {}
        self._stale_ns = stale_ns
        self._starts = 0
        self._planned = 0
        self._events: list[tuple[int, int, Callable[..., None], tuple[object, ...]]] = []
        for number, job in enumerate(self._jobs):
            self._plan(job.arrival_ns, self._arrive, number)
        for event in faults:
            self._plan(event.time_ns, self._happen, event)
        for index in range(1, SAMPLES + 1):
            self._plan(self._horizon_ns * index // SAMPLES, self._sample)

    def job(self, number: int) -> Job:
        """Return a job by its number, its place among the arrivals."""
        return self._jobs[number]

    def step(self) -> bool:
        """Let one event happen; return False when the time is over."""
        if not self._events or self._events[0][0] > self._horizon_ns:
            self.recorder.at(self._horizon_ns)
            return False
        time_ns, _, action, arguments = heapq.heappop(self._events)
        self.recorder.at(time_ns)
        action(*arguments)
        return True

    def check(self) -> None:
        """Demand that nothing was lost or invented: room, and jobs. O(everything).

        Raises:
            InvalidInputError: Something was; we are broken, not the input.
        """
        self.cluster.check()
        fresh = self.cluster.copy()
        for held in self.running.values():
            for placement in held.placements:
                fresh.give(placement)
        if (
            (fresh.cpu_free != fresh.cpu_total).any()
            or (fresh.memory_free != fresh.memory_total).any()
            or fresh.gpu_milli_free != fresh.gpu_milli_total
        ):
            raise InvalidInputError("room is taken by no job that runs")
        counters = self.recorder.counters
        known = counters.finished + counters.rejected + len(self.waiting) + len(self.running)
        if known != counters.arrived or self.waiting.keys() & self.running.keys():
            raise InvalidInputError(f"{counters.arrived} jobs came, {known} are known of")

    def _plan(self, time_ns: int, action: Callable[..., None], *arguments: object) -> None:
        self._planned += 1
        heapq.heappush(self._events, (time_ns, self._planned, action, arguments))

    def _sample(self) -> None:
        self.recorder.sample(len(self.waiting))

    def _arrive(self, number: int) -> None:
        job, recorder = self._jobs[number], self.recorder
        recorder.counters.arrived += 1
        recorder.tenant_asked[job.tenant] += size_of(job)
        self._since[number] = recorder.now_ns
        self.waiting[number] = 0
        self._try(number)

    def _try(self, number: int) -> None:
        """Place a job that waits, or let it wait longer, or reject it."""
        job, recorder, counters = self._jobs[number], self.recorder, self.recorder.counters
        begin = time.perf_counter_ns()
        nodes = self.policy.place(self.cluster, job)
        recorder.latencies_ns.append(time.perf_counter_ns() - begin)
        recorder.probes.append(self.policy.probes)
        counters.decisions += 1
        if nodes is not None and any(self._failed[node] or self._cut[node] for node in nodes):
            counters.misplaced += 1
            nodes = None
        if nodes is not None:
            self._start(number, job, nodes)
            return
        tries = self.waiting[number] = self.waiting[number] + 1
        if tries == TRIES_MAX:
            del self.waiting[number]
            counters.rejected += 1
            recorder.tenant_lost[job.tenant] += size_of(job)
            recorder.note("reject", number)
        else:
            self._plan(recorder.now_ns + (RETRY_NS << tries - 1), self._try, number)

    def _start(self, number: int, job: Job, nodes: Sequence[int]) -> None:
        recorder = self.recorder
        placements: list[Placement] = []
        for node in nodes:
            placement = self.cluster.take(node, job, self.policy.gpus(self.cluster, node, job))
            self._tell(self.policy.taken, placement)
            recorder.taken(placement)
            placements.append(placement)
            self._on[node][number] = None
        del self.waiting[number]
        self._starts += 1
        self.running[number] = _Held(placements, self._starts)
        recorder.counters.placed += 1
        recorder.waits_ns.append(recorder.now_ns - self._since[number])
        recorder.note("start", number, tuple(nodes))
        if job.duration_ns is not None:
            self._plan(recorder.now_ns + job.duration_ns, self._end, number, self._starts)

    def _end(self, number: int, start: int) -> None:
        held = self.running.get(number)
        if held is None or held.start != start or held.dead:
            return
        self._free(number, held)
        self.recorder.counters.finished += 1
        self.recorder.note("end", number)

    def _free(self, number: int, held: _Held) -> None:
        del self.running[number]
        for placement in held.placements:
            self.cluster.give(placement)
            self._tell(self.policy.given, placement)
            self.recorder.given(placement)
            self._on[placement.node].pop(number, None)

    def _happen(self, event: FaultEvent) -> None:
        """Let a fault begin or end; the policy learns of it later."""
        down = self._failed if event.kind in (FaultKind.FAIL, FaultKind.RECOVER) else self._cut
        begins = event.kind in (FaultKind.FAIL, FaultKind.CUT)
        for node in event.nodes:
            down[node] += 1 if begins else -1
        self.recorder.note(event.kind, -1, event.nodes)
        if event.kind is FaultKind.FAIL:
            self.recorder.counters.failures += 1
            dead = [number for node in event.nodes for number in self._on[node]]
            for number in dead:
                self.running[number].dead = True
            self._later(self._displace, dead)
        elif event.kind is FaultKind.CUT:
            self.recorder.counters.partitions += 1
        self._later(self._learn, event.nodes)

    def _tell(self, hook: Callable[[T], None], about: T) -> None:
        """Let the policy hear of a change, and count its time: it is part of deciding."""
        begin = time.perf_counter_ns()
        hook(about)
        self.recorder.hooks_ns += time.perf_counter_ns() - begin

    def _later(self, action: Callable[..., None], *arguments: object) -> None:
        if self._stale_ns:
            self._plan(self.recorder.now_ns + self._stale_ns, action, *arguments)
        else:
            action(*arguments)

    def _learn(self, nodes: tuple[int, ...]) -> None:
        """Let the policy see which nodes take jobs."""
        for node in nodes:
            up = not (self._failed[node] or self._cut[node])
            if bool(self.cluster.up[node]) != up:
                self.cluster.up[node] = up
                self._tell(self.policy.changed, node)

    def _displace(self, dead: list[int]) -> None:
        """Let jobs of a failed node begin anew."""
        for number in dead:
            held = self.running.get(number)
            # A gang on two nodes that failed is displaced once.
            if held is not None and held.dead:
                self._free(number, held)
                self.recorder.counters.displaced += 1
                self.recorder.note("displace", number)
                self.waiting[number] = 0
                self._since[number] = self.recorder.now_ns
                self._plan(self.recorder.now_ns, self._try, number)


def size_of(job: Job) -> int:
    """Return what fairness counts of a job: milli-CPUs, and thousandths of GPUs tenfold."""
    return job.gang * job.cpu_milli + 10 * job.gpu_milli_total


def simulate(
    workload: Workload,
    maker: PolicyMaker,
    *,
    seed: int = 0,
    faults: tuple[FaultEvent, ...] = (),
    stale_ns: int = 0,
) -> Simulation:
    """Run to the end and return the run, checked.

    Args:
        workload: Nodes and jobs.
        maker: Of the policy.
        seed: Of the policy.
        faults: By time.
        stale_ns: How late the policy learns of faults.
    """
    run = Simulation(workload, maker, seed=seed, faults=faults, stale_ns=stale_ns)
    while run.step():
        pass
    run.check()
    return run
