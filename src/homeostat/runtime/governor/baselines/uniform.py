"""Any node where the job fits, each as likely as the others.

Nodes are drawn until one fits: the first that does is as likely to be any of those that fit. After
64 draws without one, all that fit are listed, and one of them is drawn.
"""

from typing import Any, Final, final

import numpy as np

from homeostat.models.compiling import compiled
from homeostat.runtime.governor.cluster import Cluster
from homeostat.runtime.governor.cluster_kernels import fits, fitting
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.policy import BasePolicy

__all__ = ["RandomPolicy"]

_DRAWS_MAX: Final = 64


def _draw(state: Any, wants: Any, draws: Any, found: Any) -> tuple[int, int]:
    """Return a node that fits, or -1, and how many were looked at."""
    count = len(state[0])
    for tried in range(_DRAWS_MAX):
        node = draws.integers(0, count)
        if fits(node, state, wants):
            return node, tried + 1
    fit = fitting(state, wants, found)
    return found[draws.integers(0, fit)] if fit else -1, _DRAWS_MAX + count


_drawn = compiled(_draw)


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
        """Return a node that fits. O(nodes/nodes that fit), O(nodes) at worst."""
        node, looked = _drawn(cluster.state, job.wants, self._draws, self._found)
        self.probes += int(looked)
        return int(node)
