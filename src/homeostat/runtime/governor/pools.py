"""Invented nodes and jobs: what ``cpu``, ``io`` and ``mixed`` are made of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np

from homeostat.runtime.governor.cluster import Node
from homeostat.runtime.governor.jobs import GPU_MILLI, Job

__all__ = ["CPU_NODES", "MIXED_NODES", "MODELS", "TENANTS", "NodeKind", "invented_pool"]

MODELS: Final = ("T4", "G2", "V100M32")
"""GPU models of invented clusters, by id; named as openb's."""
TENANTS: Final = 8
_POOL: Final = 20_000
_POOL_SEED: Final = 6
"""A pool is always the same; a run's seed says what is drawn from it."""
_SECOND_NS: Final = 1_000_000_000
_DAY_S: Final = 86_400
_GIB: Final = 1024


@dataclass(frozen=True, slots=True)
class NodeKind:
    """A size of node, and how often there is one."""

    node: Node
    weight: int


def _node(cpus: int, gib: int, gpus: int = 0, model: str | None = None) -> Node:
    return Node(
        cpu_milli=1000 * cpus,
        memory_mib=_GIB * gib,
        gpus=gpus,
        model=-1 if model is None else MODELS.index(model),
    )


CPU_NODES: Final = (
    NodeKind(_node(64, 256), 6),
    NodeKind(_node(96, 384), 3),
    NodeKind(_node(32, 64), 1),
)
MIXED_NODES: Final = (
    NodeKind(_node(64, 256), 4),
    NodeKind(_node(96, 384, 8, "G2"), 3),
    NodeKind(_node(104, 512, 2, "T4"), 2),
    NodeKind(_node(48, 368, 4, "V100M32"), 1),
)


@dataclass(frozen=True, slots=True)
class _Kinds:
    """Jobs of one sort: what they want, by weight, and how long they run.

    Attributes:
        cpus: (CPUs, weight).
        gib_per_cpu: GiB for each CPU, evenly drawn; empty if ``gib`` says them.
        gib: GiB, evenly drawn.
        gpus: (GPUs, thousandths, weight); empty for none.
        gangs: (tasks, weight).
        median_s: Of the duration.
        sigma: Of its logarithm.
    """

    cpus: Sequence[tuple[int, int]]
    gib_per_cpu: Sequence[int] = ()
    gib: Sequence[int] = ()
    gpus: Sequence[tuple[int, int, int]] = ()
    gangs: Sequence[tuple[int, int]] = ((1, 1),)
    median_s: float = 600.0
    sigma: float = 1.0


_CPU: Final = _Kinds(cpus=((4, 4), (8, 3), (16, 2), (32, 1)), gib_per_cpu=(1, 2, 4))
_IO: Final = _Kinds(cpus=((1, 4), (2, 2), (4, 1)), gib=(16, 32, 64, 128), median_s=60.0)
_GPU: Final = _Kinds(
    cpus=((4, 2), (8, 2), (12, 1)),
    gib_per_cpu=(2, 4),
    gpus=(
        (1, 200, 4), (1, 250, 4), (1, 330, 3), (1, 500, 5), (1, 700, 2), (1, GPU_MILLI, 12),
        (2, GPU_MILLI, 4), (4, GPU_MILLI, 2), (8, GPU_MILLI, 1),
    ),
    gangs=((1, 86), (2, 8), (4, 4), (8, 2)),
    median_s=1800.0,
    sigma=1.2,
)  # fmt: skip
_SORTS: Final = {
    "cpu": ((_CPU, 1.0),),
    "io": ((_IO, 1.0),),
    "mixed": ((_CPU, 0.25), (_IO, 0.25), (_GPU, 0.5)),
}
_PINNED: Final = 0.2
"""Part of the GPU jobs that run on one or two models only."""


@cache
def invented_pool(name: str) -> tuple[Job, ...]:
    """Return the pool of ``cpu``, ``io`` or ``mixed``: always the same jobs."""
    draws = np.random.default_rng((_POOL_SEED, list(_SORTS).index(name)))
    sorts = _SORTS[name]
    of = draws.choice(len(sorts), size=_POOL, p=[part for _, part in sorts])
    return tuple(_job(name, sorts[sort][0], draws) for sort in of.tolist())


def _weighted(draws: np.random.Generator, weights: Sequence[int]) -> int:
    bound = int(draws.integers(sum(weights)))
    for place, weight in enumerate(weights):
        bound -= weight
        if bound < 0:
            return place
    raise AssertionError("a draw below the sum of the weights meets one of them")


def _tenant(name: str, job: Job, coin: int) -> int:
    """Return whose a job is: tenants differ in what they ask for."""
    if name == "cpu":
        return 2 * [4, 8, 16, 32].index(job.cpu_milli // 1000) + coin
    if name == "io":
        return 2 * [16, 32, 64, 128].index(job.memory_mib // _GIB) + coin
    if not job.gpus:
        return coin if job.cpu_milli >= 4000 else 2 + coin
    if job.gang > 1:
        return 7
    return 6 if job.gpus > 1 else 5 if job.gpu_milli == GPU_MILLI else 4


def _job(name: str, kinds: _Kinds, draws: np.random.Generator) -> Job:
    cpus = kinds.cpus[_weighted(draws, [weight for _, weight in kinds.cpus])][0]
    choices = kinds.gib or [cpus * gib for gib in kinds.gib_per_cpu]
    gib = choices[int(draws.integers(len(choices)))]
    gpus = milli = 0
    models: tuple[int, ...] = ()
    if kinds.gpus:
        gpus, milli, _ = kinds.gpus[_weighted(draws, [weight for *_, weight in kinds.gpus])]
        if gpus == 8:
            cpus, gib = 64, 256
        if draws.random() < _PINNED:
            # Eight GPUs are in nodes of one model only, so it is always among them.
            others = [model for model in range(len(MODELS)) if model != 1]
            extra = [others[int(draws.integers(len(others)))]] if draws.random() < 0.5 else []
            models = tuple(sorted({1, *extra}))
    gang = kinds.gangs[_weighted(draws, [weight for _, weight in kinds.gangs])][0]
    seconds = kinds.median_s * float(np.exp(kinds.sigma * draws.standard_normal()))
    job = Job(
        cpu_milli=1000 * cpus,
        memory_mib=_GIB * gib,
        gpus=gpus,
        gpu_milli=milli,
        models=models,
        gang=gang,
        duration_ns=round(min(max(seconds, 1.0), _DAY_S) * _SECOND_NS),
    )
    return replace(job, tenant=_tenant(name, job, int(draws.integers(2))))
