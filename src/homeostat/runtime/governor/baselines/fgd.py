"""FGD: fragmentation gradient descent.

Notation
    p_m: how often typical job m comes; F(n) = sum over m of p_m F_m(n): expected fragmentation of
    node n, in thousandths of a GPU: what of its free GPUs job m could not use.
    F_m(n): all that is free if m does not fit on n by CPUs, GPUs or model, or wants no GPU; else
    what is free on those GPUs that have less than m wants of each.
A job goes where F grows least: the score of a node is the logistic of (F - F')/1000 in whole
percent, F' being F after placement, and of equals the first node wins, which fills one node after
the other. A share takes the GPU of the best score. The typical jobs are the most frequent kinds
that cover 95 % of the jobs given, those without GPUs among them; memory makes no kind of its own.

Source: Weng et al., Beware of fragmentation: scheduling GPU-sharing workloads with fragmentation
gradient descent, USENIX ATC 2023; plugin FGD of hkust-adsl/kubernetes-scheduler-simulator.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from homeostat.errors import InvalidInputError
from homeostat.models.compiling import compiled
from homeostat.runtime.governor.baselines.scored import NO_ROOM, ScoredPolicy, Scores
from homeostat.runtime.governor.cluster import Cluster, Integers
from homeostat.runtime.governor.cluster_kernels import fits, gpus_for
from homeostat.runtime.governor.jobs import Job

__all__ = ["COVERED", "FgdPolicy", "fragmentation", "typical_kinds"]

COVERED: Final = 0.95
"""Part of the jobs that the typical ones cover."""
_NONE: Final = NO_ROOM
_SHARE: Final = 1000

Kinds: TypeAlias = tuple[Integers, NDArray[np.float64]]
"""Milli-CPUs, GPUs, thousandths and mask of each kind, shape (kinds, 4), and how often it comes."""


def typical_kinds(jobs: Sequence[Job], *, covered: float = COVERED) -> Kinds:
    """Return the most frequent kinds of job that together are ``covered`` of all.

    Raises:
        InvalidInputError: There is no job.
    """
    if not jobs:
        raise InvalidInputError("fgd must have typical jobs, has none")
    counts = Counter((j.cpu_milli, j.gpus, j.gpu_milli, j.model_mask) for j in jobs)
    kinds, weights, seen = [], [], 0
    for kind, count in counts.most_common():
        kinds.append(kind)
        weights.append(count)
        seen += count
        if seen >= covered * len(jobs):
            break
    return np.array(kinds, np.int64), np.array(weights, np.float64) / seen


def _fragmentation(cpu: int, free: Any, model: int, kinds: Any, weights: Any) -> float:
    """Return F of a node: its free milli-CPUs, thousandths of each GPU, and model."""
    total = 0
    for gpu in range(len(free)):
        total += free[gpu]
    if total == 0:
        return 0.0
    lost = 0.0
    for m in range(len(weights)):
        gpus, milli, mask = kinds[m, 1], kinds[m, 2], kinds[m, 3]
        if gpus == 0 or cpu < kinds[m, 0] or model < 0 or not (mask >> model) & 1:
            lost += weights[m] * total
            continue
        room, small = 0, 0
        for gpu in range(len(free)):
            if free[gpu] >= milli:
                room += 1
            else:
                small += free[gpu]
        lost += weights[m] * (total if room < gpus else small)
    return lost


fragmentation = compiled(_fragmentation)


def _score(
    nodes: Any, state: Any, wants: Any, kinds: Any, weights: Any, scores: Any, gpu_of: Any
) -> None:
    cpu_free, _, gpu_free, models, _ = state
    free = np.empty(gpu_free.shape[1], np.int64)
    for node in nodes:
        gpu_of[node] = -1
        if not fits(node, state, wants):
            scores[node] = _NONE
            continue
        model, cpu = models[node], cpu_free[node] - wants[0]
        free[:] = gpu_free[node]
        before = fragmentation(cpu_free[node], free, model, kinds, weights)
        if wants[2] == 1 and wants[3] < _SHARE:
            best = _NONE
            for gpu in range(len(free)):
                if gpu_free[node, gpu] < wants[3]:
                    continue
                seen = False
                for other in range(gpu):
                    seen = seen or gpu_free[node, other] == gpu_free[node, gpu]
                if seen:
                    continue
                free[gpu] -= wants[3]
                after = fragmentation(cpu, free, model, kinds, weights)
                free[gpu] += wants[3]
                score = int(100 / (1 + np.exp((after - before) / 1000)))
                if score > best:
                    best, gpu_of[node] = score, gpu
            scores[node] = best
            continue
        if wants[2] > 0:
            chosen = gpus_for(node, state, wants)
            for gpu in range(len(free)):
                if (chosen >> gpu) & 1:
                    free[gpu] -= wants[3]
        after = fragmentation(cpu, free, model, kinds, weights)
        scores[node] = int(100 / (1 + np.exp((after - before) / 1000)))


_score_of = compiled(_score)


@final
class FgdPolicy(ScoredPolicy):
    """Goes down the gradient of fragmentation.

    Args:
        cluster: To be governed.
        typical: Jobs such as will come.
    """

    name = "fgd"

    def __init__(self, cluster: Cluster, typical: Sequence[Job]) -> None:
        """Count the kinds."""
        super().__init__(cluster)
        self._kinds_typical, self._weights = typical_kinds(typical)

    def score(self, nodes: Integers, cluster: Cluster, job: Job, scores: Scores) -> None:
        """Score by how little the fragmentation grows."""
        _score_of(
            nodes, cluster.state, job.wants, self._kinds_typical, self._weights,
            scores.of, scores.gpu,
        )  # fmt: skip
