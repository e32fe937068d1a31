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


def _choose(state: Any, totals: Any, wants: Any, choices: int, draws: Any) -> tuple[int, int]:
    """Return a node that fits, or -1, and how many were looked at."""
    count = len(state[0])
    for tried in range(_ROUNDS):
        best, least = -1, 0
        for _ in range(choices):
            node = draws.integers(0, count)
            if fits(node, state, wants):
                own = load(node, state, totals)
                if best < 0 or own < least:
                    best, least = node, own
        if best >= 0:
            return best, (tried + 1) * choices
    start = draws.integers(0, count)
    steps = steps_to_fit(state, wants, start)
    looked = _ROUNDS * choices + min(steps + 1, count)
    return -1 if steps == count else (start + steps) % count, looked


_chosen = compiled(_choose)


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
        node, looked = _chosen(cluster.state, cluster.totals, job.wants, self._choices, self._draws)
        self.probes += int(looked)
        return int(node)
