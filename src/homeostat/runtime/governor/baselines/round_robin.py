"""The next node where the job fits, around and around."""

from typing import Any, final

from homeostat.models.compiling import compiled
from homeostat.runtime.governor.cluster import Cluster
from homeostat.runtime.governor.cluster_kernels import fits
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.policy import BasePolicy

__all__ = ["RoundRobinPolicy", "steps_to_fit"]


def _steps_to_fit(state: Any, wants: Any, start: int) -> int:
    """Return how many nodes to go on from ``start`` to one that fits; all of them if none does."""
    count = len(state[0])
    for step in range(count):
        node = start + step
        if fits(node - count if node >= count else node, state, wants):
            return step
    return count


steps_to_fit = compiled(_steps_to_fit)


@final
class RoundRobinPolicy(BasePolicy):
    """Goes on from the node after the one taken last.

    Args:
        cluster: To be governed.
    """

    name = "round_robin"

    def __init__(self, cluster: Cluster) -> None:
        """Start at the first node."""
        super().__init__(cluster)
        self._next = 0

    def choose(self, cluster: Cluster, job: Job) -> int:
        """Return the next node that fits. O(nodes) at worst."""
        steps = int(steps_to_fit(cluster.state, job.wants, self._next))
        self.probes += min(steps + 1, len(cluster))
        if steps == len(cluster):
            return -1
        node = (self._next + steps) % len(cluster)
        self._next = (node + 1) % len(cluster)
        return node
