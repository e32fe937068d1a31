"""Dot product: the node whose free room is least like what the job wants.

The free CPUs and GPUs of a node and those that a job wants are vectors of parts of the most that a
node of the cluster has; the smallest product wins. A share of a GPU sees one GPU, and takes the one
of the smallest product, which is the fullest with room.

Source: hkust-adsl/kubernetes-scheduler-simulator, plugin DotProduct; Panigrahy et al., Heuristics
for vector bin packing, 2011; Weng et al., USENIX ATC 2023.
"""

from typing import Any, Final, final

from homeostat.models.compiling import compiled
from homeostat.runtime.governor.baselines.scored import NO_ROOM, ScoredPolicy, Scores
from homeostat.runtime.governor.cluster import Cluster, Integers
from homeostat.runtime.governor.cluster_kernels import fits
from homeostat.runtime.governor.jobs import Job

__all__ = ["DotProductPolicy"]

_WHOLE: Final = 1_000_000
_NONE: Final = NO_ROOM
_SHARE: Final = 1000


def _score(nodes: Any, state: Any, wants: Any, cpu_most: int, gpu_most: int, scores: Any) -> None:
    wanted = wants[2] * wants[3]
    for node in nodes:
        if not fits(node, state, wants):
            scores[node] = _NONE
            continue
        free, fullest = 0, _SHARE
        for gpu in range(state[2].shape[1]):
            own = state[2][node, gpu]
            free += own
            if own >= wants[3] and own < fullest:
                fullest = own
        if wants[2] == 1 and wants[3] < _SHARE:
            free = fullest
        product = state[0][node] / cpu_most * (wants[0] / cpu_most)
        product += free / gpu_most * (wanted / gpu_most)
        scores[node] = int(_WHOLE * (1 - product))


_score_of = compiled(_score)


@final
class DotProductPolicy(ScoredPolicy):
    """Takes the smallest product.

    Args:
        cluster: To be governed.
    """

    name = "dot_product"

    def __init__(self, cluster: Cluster) -> None:
        """Note the largest sizes."""
        super().__init__(cluster)
        self._cpu_most = max(1, int(cluster.cpu_total.max()))
        self._gpu_most = max(1, 1000 * int(cluster.gpu_count.max()))

    def score(self, nodes: Integers, cluster: Cluster, job: Job, scores: Scores) -> None:
        """Score by the product."""
        _score_of(nodes, cluster.state, job.wants, self._cpu_most, self._gpu_most, scores.of)
