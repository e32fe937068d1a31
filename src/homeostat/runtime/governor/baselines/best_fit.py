"""Greedy best fit: the node where least is left, of CPUs and GPUs.

What would be left of each, as a part of the most that a node of the cluster has, counts half;
memory is filtered by and not scored, as in the simulator of Weng et al.

Source: hkust-adsl/kubernetes-scheduler-simulator, plugin BestFit; Weng et al., USENIX ATC 2023.
"""

from typing import Any, Final, final

from homeostat.models.compiling import compiled
from homeostat.runtime.governor.baselines.scored import NO_ROOM, ScoredPolicy, Scores
from homeostat.runtime.governor.cluster import Cluster, Integers
from homeostat.runtime.governor.cluster_kernels import fits
from homeostat.runtime.governor.jobs import Job

__all__ = ["BestFitPolicy"]

_WHOLE: Final = 1_000_000
_NONE: Final = NO_ROOM


def _score(nodes: Any, state: Any, wants: Any, cpu_most: int, gpu_most: int, scores: Any) -> None:
    for node in nodes:
        if not fits(node, state, wants):
            scores[node] = _NONE
            continue
        left = -wants[2] * wants[3]
        for gpu in range(state[2].shape[1]):
            left += state[2][node, gpu]
        cpu = (state[0][node] - wants[0]) / cpu_most
        scores[node] = int(_WHOLE * (1 - (cpu + left / gpu_most) / 2))


_score_of = compiled(_score)


@final
class BestFitPolicy(ScoredPolicy):
    """Leaves least.

    Args:
        cluster: To be governed.
    """

    name = "best_fit"

    def __init__(self, cluster: Cluster) -> None:
        """Note the largest sizes."""
        super().__init__(cluster)
        self._cpu_most = max(1, int(cluster.cpu_total.max()))
        self._gpu_most = max(1, 1000 * int(cluster.gpu_count.max()))

    def score(self, nodes: Integers, cluster: Cluster, job: Job, scores: Scores) -> None:
        """Score by what would be left."""
        _score_of(nodes, cluster.state, job.wants, self._cpu_most, self._gpu_most, scores.of)
