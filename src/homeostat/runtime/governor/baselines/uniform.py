"""Any node where the job fits, each as likely as the others."""

from typing import final

import numpy as np

from homeostat.runtime.governor.cluster import Cluster
from homeostat.runtime.governor.cluster_kernels import fitting
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.policy import BasePolicy

__all__ = ["RandomPolicy"]


@final
class RandomPolicy(BasePolicy):
    """Uniform over the nodes that fit.

    Args:
        cluster: To be governed.
        seed: Of the draws.
    """

    name = "random"

    def __init__(self, cluster: Cluster, seed: int) -> None:
        """Start the draws."""
        super().__init__(cluster)
        self._draws = np.random.default_rng(seed)
        self._found = np.empty(len(cluster), np.int64)

    def choose(self, cluster: Cluster, job: Job) -> int:
        """Return a node that fits. O(nodes)."""
        self.probes += len(cluster)
        count = fitting(cluster.state, job.wants, self._found)
        return int(self._found[self._draws.integers(count)]) if count else -1
