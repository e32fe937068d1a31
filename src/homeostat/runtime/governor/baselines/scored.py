"""Policies that take the node of the highest score of all, and remember scores.

A score depends on a node's state and on what a job wants, so it stands until the node changes. For
each kind of job the scores of all nodes are kept, and only nodes that changed since the last job of
that kind are scored again; what is left for each decision is one pass over an array. So the result
is that of scoring every node every time, without the work.
"""

from abc import abstractmethod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homeostat.runtime.governor.cluster import Cluster, Integers, Placement
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.policy import BasePolicy

__all__ = ["NO_ROOM", "ScoredPolicy", "Scores"]

NO_ROOM: Final = -(2**31)
"""The score of a node where the job does not fit."""
_ENTRIES_MAX: Final = 2**25
"""Scores kept in all: 160 MiB."""


class Scores:
    """Of one kind of job: a score for each node, and for a share of a GPU which GPU is best.

    Attributes:
        of: Scores, int32, shape (nodes).
        gpu: The GPU to take, int8, shape (nodes); -1 leaves it to the cluster.
        until: How many changes of nodes they know.
    """

    def __init__(self, count: int) -> None:
        """Start with no node scored."""
        self.of: NDArray[np.int32] = np.full(count, NO_ROOM, np.int32)
        self.gpu: NDArray[np.int8] = np.full(count, -1, np.int8)
        self.until = -1


class ScoredPolicy(BasePolicy):
    """Takes the node of the highest score, the first of equals.

    Args:
        cluster: To be governed.
    """

    def __init__(self, cluster: Cluster) -> None:
        """Start with no kind of job known."""
        super().__init__(cluster)
        count = len(cluster)
        self._every: Integers = np.arange(count, dtype=np.int64)
        self._changes: Integers = np.empty(max(1024, 4 * count), np.int64)
        self._changed = 0
        self._kinds: dict[tuple[int, ...], Scores] = {}
        self._kinds_max = max(1, _ENTRIES_MAX // count)

    @abstractmethod
    def score(self, nodes: Integers, cluster: Cluster, job: Job, scores: Scores) -> None:
        """Write the scores of some nodes, ``NO_ROOM`` where the job does not fit."""

    def choose(self, cluster: Cluster, job: Job) -> int:
        """Return the node of the highest score. O(nodes), and O(changed nodes) scores."""
        scores = self._current(cluster, job)
        self.probes += len(cluster)
        node = int(scores.of.argmax())
        return node if scores.of[node] > NO_ROOM else -1

    def gpus(self, cluster: Cluster, node: int, job: Job) -> tuple[int, ...] | None:
        """Return the GPU that was found best when the node was scored, if any was."""
        if job.gpus != 1:
            return None
        gpu = int(self._current(cluster, job).gpu[node])
        return None if gpu < 0 else (gpu,)

    def taken(self, placement: Placement) -> None:
        """Note that a node's scores are old."""
        self._note(placement.node)

    def given(self, placement: Placement) -> None:
        """Note that a node's scores are old."""
        self._note(placement.node)

    def changed(self, node: int) -> None:
        """Note that a node's scores are old."""
        self._note(node)

    def _note(self, node: int) -> None:
        if self._changed == len(self._changes):
            # Too many to go through: every kind is scored anew when it comes again.
            self._kinds.clear()
            self._changed = 0
        self._changes[self._changed] = node
        self._changed += 1

    def _current(self, cluster: Cluster, job: Job) -> Scores:
        scores = self._kinds.get(job.wants)
        if scores is None:
            if len(self._kinds) == self._kinds_max:
                self._kinds.clear()
            scores = self._kinds[job.wants] = Scores(len(cluster))
        if scores.until != self._changed:
            since = self._changes[scores.until : self._changed]
            nodes = self._every if scores.until < 0 or len(since) > len(cluster) else since
            self.score(nodes, cluster, job, scores)
            scores.until = self._changed
        return scores
