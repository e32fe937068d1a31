"""Any node where the job fits, each as likely as the others."""

from typing import final

import numpy as np

from homeostat.runtime.governor.cluster import Cluster
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

    def choose(self, cluster: Cluster, job: Job) -> int:
        """Return a node that fits. O(nodes)."""
        self.probes += len(cluster)
        fitting = [node for node in range(len(cluster)) if cluster.fits(node, job)]
        return fitting[self._draws.integers(len(fitting))] if fitting else -1
