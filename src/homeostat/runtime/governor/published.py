"""The published experiment on the openb cluster: how many of its GPUs a policy can allocate.

Pods are drawn at random with replacement from the list and arrive one at a time; none leaves, and
one that fits nowhere is dropped. Load is the GPUs asked for by all that have arrived over those of
the cluster, allocation the GPUs allocated over those of the cluster.

Source: Weng et al., USENIX ATC 2023, section 6; hkust-adsl/kubernetes-scheduler-simulator.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.cluster import Cluster, Node
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.paired import Interval, interval
from homeostat.runtime.governor.policies import policy_named
from homeostat.runtime.traces.openb import Published

__all__ = [
    "LOADS",
    "PUBLISHED_AS",
    "WITHIN_PERCENT",
    "Allocation",
    "LoadRow",
    "allocate",
    "drawn_jobs",
    "load_rows",
]

LOADS: Final = (60, 80, 90, 100, 110, 120, 130)
"""Percent, as published."""
PUBLISHED_AS: Final[Mapping[str, str]] = {
    "random": "01-Random",
    "dot_product": "02-DotProd",
    "best_fit": "05-BestFit",
    "fgd": "06-FGD",
}
"""Our policies' names in the published table."""
WITHIN_PERCENT: Final = 1.0
"""Percentage points between our mean and the published one that count as reproduced."""
_JOBS_MAX: Final = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """What one policy did with one seed.

    Attributes:
        loads: Percent, ascending.
        allocated_percent: GPUs allocated when that load was reached, in percent of the cluster's.
        arrived: Pods.
        dropped: Pods that fitted nowhere.
        probes: Nodes looked at, over all decisions.
        probes_max: Nodes looked at by one decision, at most.
        seconds: In decisions, as the clock of this machine has it.
    """

    loads: tuple[int, ...]
    allocated_percent: tuple[float, ...]
    arrived: int
    dropped: int
    probes: int
    probes_max: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRow:
    """A policy at a load: what our seeds gave, beside what is published.

    Attributes:
        load_percent: GPUs asked for, in percent of the cluster's.
        mean: GPUs allocated, in percent of the cluster's, mean over seeds, with its interval.
        published_percent: The published mean; None where nothing is published.
    """

    load_percent: int
    mean: Interval
    published_percent: float | None

    @property
    def difference(self) -> float | None:
        """Return ours less theirs, in percentage points."""
        published = self.published_percent
        return None if published is None else self.mean.mean - published

    @property
    def reproduced(self) -> bool | None:
        """Return whether the means are within a percentage point; None where nothing is known."""
        difference = self.difference
        return None if difference is None else abs(difference) <= WITHIN_PERCENT


def load_rows(
    policy: str, runs: Sequence[Allocation], published: Sequence[Published]
) -> list[LoadRow]:
    """Return a row for each load of a policy's runs, all of the same loads.

    Raises:
        InvalidInputError: There is no run, or they are of different loads.
    """
    if not runs or any(run.loads != runs[0].loads for run in runs):
        raise InvalidInputError(f"runs of {policy!r:.60} must be one or more, of the same loads")
    known = {
        row.load_percent: row.mean_percent
        for row in published
        if row.policy == PUBLISHED_AS.get(policy)
    }
    return [
        LoadRow(
            load_percent=load,
            mean=interval([run.allocated_percent[place] for run in runs]),
            published_percent=known.get(load),
        )
        for place, load in enumerate(runs[0].loads)
    ]


def drawn_jobs(jobs: Sequence[Job], gpu_milli: int, seed: int) -> list[Job]:
    """Return jobs drawn with replacement, until they ask for so many thousandths of GPUs.

    The draws do not depend on how many are needed: more load is the same jobs, and some more.

    Raises:
        InvalidInputError: None of the jobs wants a GPU.
    """
    if not any(job.gpus for job in jobs):
        raise InvalidInputError("one of the jobs must want a GPU, none does")
    draws = np.random.default_rng(seed)
    found: list[Job] = []
    asked = 0
    while len(found) < _JOBS_MAX:
        for place in draws.integers(len(jobs), size=1024).tolist():
            found.append(jobs[place])
            asked += jobs[place].gpu_milli_total
            if asked >= gpu_milli:
                return found
    raise InvalidInputError(f"{gpu_milli} thousandths must be asked for by {_JOBS_MAX} jobs")


def allocate(
    nodes: Sequence[Node],
    jobs: Sequence[Job],
    policy: str,
    seed: int,
    loads: Sequence[int] = LOADS,
) -> Allocation:
    """Run the experiment once.

    Args:
        nodes: Of the cluster.
        jobs: The list that pods are drawn from; it is also what the policy knows beforehand.
        policy: Its name.
        seed: Of the draws, and of the policy.
        loads: Percent, ascending.

    Raises:
        InvalidInputError: There is no such policy, or the loads do not ascend from above 0.
    """
    if not loads or list(loads) != sorted(set(loads)) or loads[0] < 1:
        raise InvalidInputError(f"loads={list(loads)!r:.60} must ascend, from 1 % or more")
    cluster = Cluster(nodes)
    placer = policy_named(policy)(cluster, seed, jobs)
    total = cluster.gpu_milli_total
    asked = arrived = dropped = allocated = probes = probes_max = elapsed = 0
    percents: list[float] = []
    for job in drawn_jobs(jobs, -(-total * loads[-1] // 100), seed):
        # A load is reached when the pod that reaches it has been placed or dropped.
        asked += job.gpu_milli_total
        arrived += 1
        begin = time.perf_counter_ns()
        found = placer.place(cluster, job)
        elapsed += time.perf_counter_ns() - begin
        probes += placer.probes
        probes_max = max(probes_max, placer.probes)
        if found is None:
            dropped += 1
        else:
            for node in found:
                placer.taken(cluster.take(node, job, placer.gpus(cluster, node, job)))
            allocated += job.gpu_milli_total
        while len(percents) < len(loads) and 100 * asked >= loads[len(percents)] * total:
            percents.append(100 * allocated / total)
    cluster.check()
    return Allocation(
        loads=tuple(loads),
        allocated_percent=tuple(percents),
        arrived=arrived,
        dropped=dropped,
        probes=probes,
        probes_max=probes_max,
        seconds=elapsed / 1e9,
    )
