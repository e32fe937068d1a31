"""Filter, then score, as the default scheduler of Kubernetes does.

It goes around the nodes from where it stopped last, and looks for room until it has found enough
nodes: in a cluster of n nodes 50 - n/125 percent of them, 5 percent at least, and at least 100. Of
those found it takes the highest score: the mean of LeastAllocated (what part of CPUs and memory
would be free, in whole percent) and BalancedAllocation (how near the parts in use of CPUs and
memory are). Of equals each is as likely as the others. GPUs are filtered by and not scored, as is
the default.

Source: kubernetes/pkg/scheduler/schedule_one.go, numFeasibleNodesToFind; plugins noderesources.
"""

from typing import Any, Final, final

import numpy as np

from homeostat.models.compiling import compiled
from homeostat.runtime.governor.cluster import Cluster
from homeostat.runtime.governor.cluster_kernels import fits
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.policy import BasePolicy

__all__ = ["FilterAndScorePolicy", "nodes_to_find"]

_NODES_MIN: Final = 100
_PERCENT_MIN: Final = 5


def nodes_to_find(count: int) -> int:
    """Return among how many nodes with room the best is sought, of ``count`` nodes."""
    if count < _NODES_MIN:
        return count
    percent = max(50 - count // 125, _PERCENT_MIN)
    return max(count * percent // 100, _NODES_MIN)


def _score(node: int, state: Any, totals: Any, wants: Any) -> int:
    cpu_total, memory_total = max(totals[0][node], 1), max(totals[1][node], 1)
    cpu = state[0][node] - wants[0]
    memory = state[1][node] - wants[1]
    least: int = (100 * cpu // cpu_total + 100 * memory // memory_total) // 2
    # The standard deviation of two parts is half their difference.
    apart = abs(cpu / cpu_total - memory / memory_total) / 2
    return least + int(100 * (1 - apart))


_score_of = compiled(_score)


def _sample(
    state: Any, totals: Any, wants: Any, start: int, enough: int, draws: Any
) -> tuple[int, int]:
    """Return the best node of the first ``enough`` that fit, or -1, and how many were looked at."""
    count = len(state[0])
    found, equal, best, highest, looked = 0, 0, -1, -1, 0
    while looked < count and found < enough:
        node = start + looked
        if node >= count:
            node -= count
        looked += 1
        if not fits(node, state, wants):
            continue
        found += 1
        score = _score_of(node, state, totals, wants)
        if score > highest:
            best, highest, equal = node, score, 1
        elif score == highest:
            equal += 1
            if draws.random() * equal < 1:
                best = node
    return best, looked


_sample_of = compiled(_sample)


@final
class FilterAndScorePolicy(BasePolicy):
    """Samples as Kubernetes does.

    Args:
        cluster: To be governed.
        seed: Of the draws among equals.
    """

    name = "filter_and_score"

    def __init__(self, cluster: Cluster, seed: int) -> None:
        """Start at the first node."""
        super().__init__(cluster)
        self._draws = np.random.default_rng(seed)
        self._enough = nodes_to_find(len(cluster))
        self._start = 0

    def choose(self, cluster: Cluster, job: Job) -> int:
        """Return a node that fits. O(nodes)."""
        best, looked = _sample_of(
            cluster.state, cluster.totals, job.wants, self._start, self._enough, self._draws
        )
        self.probes += int(looked)
        self._start = (self._start + int(looked)) % len(cluster)
        return int(best)
