"""What a run is judged by, as plain numbers."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Final

import numpy as np

from homeostat.models.entropy import jain_index
from homeostat.runtime.governor.simulator import Simulation, size_of

__all__ = ["CLOCKED", "Outcome", "outcome_of"]

_HOUR_NS: Final = 3_600_000_000_000
CLOCKED: Final = (
    "decision_us_mean",
    "decision_us_p50",
    "decision_us_p99",
    "decision_us_whole",
)
"""What depends on the machine's clock; everything else is the same in each run of a seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The figures of a run.

    Attributes:
        decision_us_mean: Time of a decision on this machine, microseconds, mean.
        decision_us_p50: The median.
        decision_us_p99: Of 100 decisions one takes longer.
        decision_us_whole: All time in the policy over the decisions: also what it does when it
            hears of placements and departures, such as keeping an index.
        probes_mean: Nodes looked at by a decision.
        probes_max: The most.
        cpu_utilisation: Part of all CPUs in use, mean over the time of the run.
        memory_utilisation: Part of all memory in use.
        gpu_allocation: Part of all GPUs allocated; 0 if there are none.
        throughput_per_hour: Jobs finished, per simulated hour.
        rejected: Part of the jobs that were rejected.
        displaced: Jobs that a failing node threw out.
        misplaced: Decisions for a node that was not to be had.
        wait_s_mean: From arrival, or displacement, to placement, of jobs that were placed.
        wait_s_p99: Of 100 such waits one is longer.
        entropy: Of where a unit of load is, nats, mean of the samples.
        entropy_produced_per_hour: By placements, nats per simulated hour.
        entropy_exported_per_hour: By all else.
        jain: Jain's index of the part that each tenant got of what it asked for, in (0, 1].
        nash_gap: Most loaded node in use less least loaded node, by kind of node, mean of the
            samples.
        arrived: Jobs.
        finished: Jobs that ended.
        running: Jobs that run at the end.
        waiting: Jobs that wait at the end.
        decisions: Tries to place.
        failures: Of nodes.
        partitions: Of the cluster.
    """

    decision_us_mean: float
    decision_us_p50: float
    decision_us_p99: float
    decision_us_whole: float
    probes_mean: float
    probes_max: int
    cpu_utilisation: float
    memory_utilisation: float
    gpu_allocation: float
    throughput_per_hour: float
    rejected: float
    displaced: int
    misplaced: int
    wait_s_mean: float
    wait_s_p99: float
    entropy: float
    entropy_produced_per_hour: float
    entropy_exported_per_hour: float
    jain: float
    nash_gap: float
    arrived: int
    finished: int
    running: int
    waiting: int
    decisions: int
    failures: int
    partitions: int

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON data."""
        return asdict(self)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of all figures, in order."""
        return tuple(field.name for field in fields(cls))


def outcome_of(run: Simulation) -> Outcome:
    """Return the figures of a run that has come to its end."""
    recorder, cluster = run.recorder, run.cluster
    counters, used, passed = recorder.counters, recorder.used_ns, max(1, recorder.now_ns)
    latency_us = np.array(recorder.latencies_ns or [0], np.float64) / 1e3
    waits_s = np.array(recorder.waits_ns or [0], np.float64) / 1e9
    hours = passed / _HOUR_NS
    return Outcome(
        decision_us_mean=float(latency_us.mean()),
        decision_us_p50=float(np.quantile(latency_us, 0.5)),
        decision_us_p99=float(np.quantile(latency_us, 0.99)),
        decision_us_whole=float(latency_us.mean())
        + recorder.hooks_ns / 1e3 / max(1, counters.decisions),
        probes_mean=float(np.mean(recorder.probes or [0])),
        probes_max=max(recorder.probes, default=0),
        cpu_utilisation=_part(used.cpu, passed * int(cluster.cpu_total.sum())),
        memory_utilisation=_part(used.memory, passed * int(cluster.memory_total.sum())),
        gpu_allocation=_part(used.gpu, passed * cluster.gpu_milli_total),
        throughput_per_hour=counters.finished / hours,
        rejected=_part(counters.rejected, counters.arrived),
        displaced=counters.displaced,
        misplaced=counters.misplaced,
        wait_s_mean=float(waits_s.mean()),
        wait_s_p99=float(np.quantile(waits_s, 0.99)),
        entropy=float(np.mean([sample.entropy for sample in recorder.samples] or [0.0])),
        entropy_produced_per_hour=recorder.entropy_produced / hours,
        entropy_exported_per_hour=recorder.entropy_exported / hours,
        jain=jain_index(_served(run)),
        nash_gap=float(np.mean([sample.nash_gap for sample in recorder.samples] or [0.0])),
        arrived=counters.arrived,
        finished=counters.finished,
        running=len(run.running),
        waiting=len(run.waiting),
        decisions=counters.decisions,
        failures=counters.failures,
        partitions=counters.partitions,
    )


def _served(run: Simulation) -> list[float]:
    """Return of each tenant the part that it got: what was neither rejected nor waits."""
    lost = list(run.recorder.tenant_lost)
    for number in run.waiting:
        job = run.job(number)
        lost[job.tenant] += size_of(job)
    asked = run.recorder.tenant_asked
    return [1 - missing / own for missing, own in zip(lost, asked, strict=True) if own]


def _part(value: int, total: int) -> float:
    return value / total if total else 0.0
