"""Random clusters and jobs for tests of the placer."""

import random
from collections.abc import Iterator
from typing import Final

import pytest

from homeostat.runtime.governor.cluster import Cluster, Node, Placement
from homeostat.runtime.governor.jobs import Job


class RandomClusters:
    """Clusters of four kinds of nodes, and jobs of few kinds."""

    NODES: Final = (
        Node(cpu_milli=16_000, memory_mib=65_536, gpus=2, model=0),
        Node(cpu_milli=96_000, memory_mib=393_216, gpus=8, model=1),
        Node(cpu_milli=32_000, memory_mib=131_072, gpus=4, model=4),
        Node(cpu_milli=64_000, memory_mib=262_144),
    )

    @staticmethod
    def typical_jobs(random_: random.Random, count: int) -> list[Job]:
        """Return jobs of few kinds, shares and whole GPUs, some on given models only."""
        jobs = []
        for _ in range(count):
            gpus = random_.choice([0, 1, 1, 1, 2, 4, 8])
            milli = random_.choice([160, 320, 470, 810, 1000, 1000]) if gpus == 1 else 1000
            jobs.append(
                Job(
                    cpu_milli=random_.choice([0, 1000, 3152, 4000, 11_300]),
                    memory_mib=random_.choice([0, 1024, 15_258, 60_000]),
                    gpus=gpus,
                    gpu_milli=milli if gpus else 0,
                    models=random_.choice([(), (), (), (1,), (0, 4)]),
                )
            )
        return jobs

    @staticmethod
    def some_cluster(random_: random.Random, count: int) -> Cluster:
        return Cluster([random_.choice(RandomClusters.NODES) for _ in range(count)])

    @staticmethod
    def cases(number: int, nodes: int) -> Iterator[tuple[random.Random, Cluster, list[Job]]]:
        for seed in range(number):
            random_ = random.Random(seed)
            yield (
                random_,
                RandomClusters.some_cluster(random_, nodes),
                RandomClusters.typical_jobs(random_, 60),
            )

    @staticmethod
    def fill(
        random_: random.Random, cluster: Cluster, jobs: list[Job], tries: int
    ) -> list[Placement]:
        held = []
        for _ in range(tries):
            node, job = random_.randrange(len(cluster)), random_.choice(jobs)
            if cluster.fits(node, job):
                held.append(cluster.take(node, job))
        return held


@pytest.fixture
def clusters() -> type[RandomClusters]:
    """Return what makes them."""
    return RandomClusters
