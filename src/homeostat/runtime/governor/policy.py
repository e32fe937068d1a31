"""What a policy of placement is asked, and is told."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, final

from homeostat.runtime.governor.cluster import Cluster, Placement
from homeostat.runtime.governor.jobs import Job

__all__ = ["BasePolicy", "Policy", "PolicyMaker"]


class Policy(Protocol):
    """Says where a job goes; whoever asks then takes the room and says so by the hooks.

    Attributes:
        name: As on the command line.
        probes: Nodes whose state the last decision looked at.
    """

    name: str
    probes: int

    def place(self, cluster: Cluster, job: Job) -> Sequence[int] | None:
        """Return a node for each task of a job, or None if no room was found.

        The cluster is left as it was. A policy may miss room that is there, as some look at a
        part of the nodes only.
        """

    def gpus(self, cluster: Cluster, node: int, job: Job) -> tuple[int, ...] | None:
        """Return which GPUs of the node a task is to get, or None to leave it to ``take``."""

    def taken(self, placement: Placement) -> None:
        """Hear that a task was placed; the cluster shows it already."""

    def given(self, placement: Placement) -> None:
        """Hear that a task's room is free again; the cluster shows it already."""

    def changed(self, node: int) -> None:
        """Hear that a node takes jobs again, or no longer."""


PolicyMaker: TypeAlias = Callable[[Cluster, int, Sequence[Job]], Policy]
"""Makes a policy of a cluster, a seed, and jobs such as will come (FGD's target workload)."""


class BasePolicy(ABC):
    """A policy that chooses a node for one task at a time.

    Args:
        cluster: To be governed, in the state it has now.
    """

    name: str

    def __init__(self, cluster: Cluster) -> None:
        """Start with no decision made."""
        self._cluster = cluster
        self.probes = 0

    @abstractmethod
    def choose(self, cluster: Cluster, job: Job) -> int:
        """Return a node where one task fits, or -1; add the nodes looked at to ``probes``."""

    @final
    def place(self, cluster: Cluster, job: Job) -> Sequence[int] | None:
        """Return a node for each task, or None. O(gang) choices."""
        self.probes = 0
        if job.gang == 1:
            node = self.choose(cluster, job)
            return (node,) if node >= 0 else None
        held: list[Placement] = []
        for _ in range(job.gang):
            node = self.choose(cluster, job)
            if node < 0:
                break
            held.append(cluster.take(node, job, self.gpus(cluster, node, job)))
            self.taken(held[-1])
        for placement in reversed(held):
            cluster.give(placement)
            self.given(placement)
        return [placement.node for placement in held] if len(held) == job.gang else None

    def gpus(self, cluster: Cluster, node: int, job: Job) -> tuple[int, ...] | None:
        """Leave the choice of GPUs to the cluster."""
        return None

    # A policy without an index needs to hear nothing.
    def taken(self, placement: Placement) -> None:  # noqa: B027
        """Hear that a task was placed."""

    def given(self, placement: Placement) -> None:  # noqa: B027
        """Hear that a task's room is free again."""

    def changed(self, node: int) -> None:  # noqa: B027
        """Hear that a node takes jobs again, or no longer."""
