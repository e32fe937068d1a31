"""The less loaded of d nodes drawn at random.

Load is the largest part in use of CPUs, memory and GPUs. As a node may have no room, up to 8 times
d nodes are drawn; if none of them fits, the first that fits from a random node on is taken, so that
no room is missed.

Source: Mitzenmacher, The power of two choices in randomized load balancing, IEEE TPDS 12, 2001.
"""

from typing import Any, Final, final

import numpy as np

from homeostat.errors import InvalidInputError
from homeostat.models.compiling import compiled
from homeostat.runtime.governor.baselines.round_robin import steps_to_fit
from homeostat.runtime.governor.cluster import Cluster
from homeostat.runtime.governor.cluster_kernels import fits, load
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.policy import BasePolicy

__all__ = ["CHOICES", "PowerOfDPolicy"]

CHOICES: Final = 2
_ROUNDS: Final = 8


def _least_loaded(nodes: Any, state: Any, totals: Any, wants: Any) -> int:
    """Return the least loaded of some nodes where a task fits, the first of equals, or -1."""
    best, least = -1, 0
    for node in nodes:
        if fits(node, state, wants):
            own = load(node, state, totals)
            if best < 0 or own < least:
                best, least = node, own
    return best


_least_loaded_of = compiled(_least_loaded)


@final
class PowerOfDPolicy(BasePolicy):
    """Draws d nodes and takes the less loaded.

    Args:
        cluster: To be governed.
        seed: Of the draws.
        choices: d.
    """

    name = "power_of_d"

    def __init__(self, cluster: Cluster, seed: int, choices: int = CHOICES) -> None:
        """Start the draws.

        Raises:
            InvalidInputError: ``choices`` is below 1.
        """
        if choices < 1:
            raise InvalidInputError(f"choices={choices} must be >= 1")
        super().__init__(cluster)
        self._draws = np.random.default_rng(seed)
        self._choices = choices

    def choose(self, cluster: Cluster, job: Job) -> int:
        """Return a node that fits. O(d) where there is much room, O(nodes) at worst."""
        count = len(cluster)
        for _ in range(_ROUNDS):
            drawn = self._draws.integers(count, size=self._choices)
            self.probes += self._choices
            best = int(_least_loaded_of(drawn, cluster.state, cluster.totals, job.wants))
            if best >= 0:
                return best
        start = int(self._draws.integers(count))
        steps = int(steps_to_fit(cluster.state, job.wants, start))
        self.probes += min(steps + 1, count)
        return -1 if steps == count else (start + steps) % count
