"""Workloads: the nodes of a cluster and the jobs that come, invented or drawn from a list.

A workload is drawn from a *pool* of jobs, each with what it wants, how long it runs, and whose it
is. Jobs come at random (Poisson) at a rate such that of the resource that is asked for most the
part ``load`` would be in use if everything fitted. The run starts as if it had gone on for ever: at
time 0 come as many jobs as would be running then, each drawn with a weight of its duration, with
what is left of it. So nothing has to warm up, and long jobs are there from the start.

Invented pools (``cpu``, ``io``, ``mixed``) have whole sizes of few kinds, lognormal durations and
eight tenants, who differ in what they ask for; those of openb are its classes of service:
    cpu: 4 to 32 CPUs, 1 to 4 GiB for each, about 10 minutes;
    io: 1 to 4 CPUs, 16 to 128 GiB for what is read and written, about a minute;
    mixed: half of both, half GPU jobs: shares and whole GPUs, one in five on given models only, one
    in seven a gang of 2 to 8 tasks, about half an hour.
``openb`` draws real pods on real nodes; a list of pods in its format can stand for it. What ran for
more than a day counts as a day, so that jobs come and go while a run is watched.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.cluster import Node
from homeostat.runtime.governor.jobs import GPU_MILLI, Job
from homeostat.runtime.governor.pools import (
    CPU_NODES,
    MIXED_NODES,
    MODELS,
    NodeKind,
    invented_pool,
)
from homeostat.runtime.traces.files import kind_of
from homeostat.runtime.traces.openb import openb_data, read_pods

__all__ = [
    "DAY_NS",
    "INVENTED",
    "NODES_MAX",
    "WORKLOADS",
    "Workload",
    "drawn",
    "file_stamp",
    "workload_named",
]

INVENTED: Final = ("cpu", "io", "mixed")
WORKLOADS: Final = (*INVENTED, "openb")
NODES_MAX: Final = 1_000_000
JOBS_MAX: Final = 20_000_000
DAY_NS: Final = 86_400_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Nodes, and jobs in the order in which they come.

    Attributes:
        name: As on the command line.
        nodes: Of the cluster.
        jobs: By time of arrival.
        typical: Jobs such as come; what a policy may know beforehand.
        horizon_ns: When the run ends: at the last arrival.
    """

    name: str
    nodes: tuple[Node, ...]
    jobs: tuple[Job, ...]
    typical: tuple[Job, ...]
    horizon_ns: int

    @property
    def tenants(self) -> int:
        """Return how many tenants there may be."""
        return 1 + max(job.tenant for job in self.jobs)


def workload_named(
    name: str,
    *,
    nodes: int | None = None,
    seed: int = 0,
    load: float = 1.0,
    turnover: float = 1.0,
) -> Workload:
    """Return a workload.

    Args:
        name: ``cpu``, ``io``, ``mixed``, ``openb``, or the path of a list of pods.
        nodes: Of the cluster; by default 100, or all of openb.
        seed: Of all draws.
        load: Part of the scarcest resource that would be in use.
        turnover: Arrivals after the start, in jobs that run at the start.

    Raises:
        InvalidInputError: A number is out of range, there is no such workload, or its data is not
            on this machine.
    """
    for label, value, most in (("load", load, 100.0), ("turnover", turnover, 1e6)):
        if not 0 < value <= most:
            raise InvalidInputError(f"{label}={value} must be > 0 and <= {most:g}")
    if nodes is not None and not 1 <= nodes <= NODES_MAX:
        raise InvalidInputError(f"nodes={nodes} must be >= 1 and <= {NODES_MAX}")
    cluster, pool = _parts(name, nodes, file_stamp(name))
    return drawn(name, cluster, pool, seed=seed, load=load, turnover=turnover)


def file_stamp(name: str) -> tuple[int, ...]:
    """Return what tells whether a list of pods was changed; empty for the named workloads."""
    if name in WORKLOADS or kind_of(Path(name)) != "file":
        return ()
    found = Path(name).stat()
    return (found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=4)
def _parts(
    name: str, nodes: int | None, stamp: tuple[int, ...]
) -> tuple[tuple[Node, ...], tuple[Job, ...]]:
    if name in ("cpu", "io"):
        return _spread(CPU_NODES, nodes or 100), invented_pool(name)
    if name == "mixed":
        return _spread(MIXED_NODES, nodes or 100), invented_pool(name)
    if name == "openb":
        found, _ = openb_data()
        return _sampled(found.nodes, nodes or len(found.nodes)), _within_a_day(found.jobs)
    path = Path(name)
    if kind_of(path) != "file":
        raise InvalidInputError(
            f"workload {name!r:.200} must be one of {', '.join(WORKLOADS)}, or a list of pods"
        )
    return _spread(MIXED_NODES, nodes or 100), _within_a_day(read_pods(path, MODELS))


def drawn(
    name: str,
    nodes: Sequence[Node],
    pool: Sequence[Job],
    *,
    seed: int,
    load: float,
    turnover: float,
) -> Workload:
    """Return a workload of jobs drawn from a pool, as this module says.

    Raises:
        InvalidInputError: A job of the pool has no end, the cluster has nothing of what is asked
            for, or too many jobs would come.
    """
    draws = np.random.default_rng(seed)
    durations = np.array([job.duration_ns or 0 for job in pool], np.float64)
    if not durations.all():
        raise InvalidInputError("every job of a pool must have a duration")
    rate = load / _scarcest(nodes, pool, durations)
    running, coming = rate * durations.mean(), turnover * rate * durations.mean()
    if running + coming > JOBS_MAX:
        raise InvalidInputError(f"{running + coming:.0f} jobs must be {JOBS_MAX} or fewer")
    start = draws.choice(len(pool), size=draws.poisson(running), p=durations / durations.sum())
    left = np.maximum(1, durations[start] * draws.random(len(start))).astype(np.int64)
    jobs = [
        replace(pool[place], arrival_ns=0, duration_ns=duration)
        for place, duration in zip(start.tolist(), left.tolist(), strict=True)
    ]
    count = max(1, round(coming))
    times = np.cumsum(draws.exponential(1 / rate, size=count)).astype(np.int64) + 1
    places = draws.integers(len(pool), size=count)
    jobs += [
        replace(pool[place], arrival_ns=time)
        for place, time in zip(places.tolist(), times.tolist(), strict=True)
    ]
    return Workload(
        name=name,
        nodes=tuple(nodes),
        jobs=tuple(jobs),
        typical=tuple(pool),
        horizon_ns=int(times[-1]),
    )


def _scarcest(nodes: Sequence[Node], pool: Sequence[Job], durations: np.ndarray) -> float:
    """Return how long the most wanted resource of the whole cluster is taken by a mean job, ns."""
    wanted = np.array(
        [[j.gang * j.cpu_milli, j.gang * j.memory_mib, j.gpu_milli_total] for j in pool], np.float64
    )
    there = np.array([[n.cpu_milli, n.memory_mib, GPU_MILLI * n.gpus] for n in nodes], np.float64)
    asked = (wanted * durations[:, np.newaxis]).mean(axis=0)
    total = there.sum(axis=0)
    if (asked > 0)[total == 0].any() or not asked.any():
        raise InvalidInputError(f"the cluster must have what jobs ask for, has {total.tolist()}")
    return float((asked[total > 0] / total[total > 0]).max())


def _spread(kinds: Sequence[NodeKind], count: int) -> tuple[Node, ...]:
    """Return so many nodes of some kinds, in their proportions, evenly mixed."""
    parts = np.array([kind.weight for kind in kinds], np.float64)
    parts /= parts.sum()
    given = np.zeros(len(kinds))
    nodes = []
    for number in range(1, count + 1):
        # Whoever lags most behind its part is next.
        next_kind = int(np.argmax(parts * number - given))
        given[next_kind] += 1
        nodes.append(kinds[next_kind].node)
    return tuple(nodes)


def _sampled(nodes: Sequence[Node], count: int) -> tuple[Node, ...]:
    """Return so many nodes of a list, evenly taken, and again from its start if it is too short."""
    return tuple(nodes[(i * len(nodes) // count if count < len(nodes) else i) % len(nodes)]
                 for i in range(count))  # fmt: skip


def _within_a_day(jobs: Sequence[Job]) -> tuple[Job, ...]:
    return tuple(
        replace(job, arrival_ns=0, duration_ns=min(job.duration_ns or DAY_NS, DAY_NS))
        for job in jobs
    )
