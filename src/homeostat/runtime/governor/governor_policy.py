"""The governor as a policy of placement: Langevin agents on the field over shapes of nodes.

A gang is placed task by task, each with the room of those before taken, and all or nothing.
"""

from collections.abc import Sequence
from typing import final

from homeostat.runtime.governor.cluster import Cluster, Placement
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.placer import Placer, PlacerSettings
from homeostat.runtime.governor.policy import BasePolicy

__all__ = ["GovernorPolicy"]


@final
class GovernorPolicy(BasePolicy):
    """Probes a few nodes of shapes of low potential.

    Args:
        cluster: To be governed, in the state it has now.
        typical: Jobs such as will come.
        seed: Of the draws.
        settings: How it decides.
    """

    name = "governor"

    def __init__(
        self,
        cluster: Cluster,
        typical: Sequence[Job],
        seed: int,
        settings: PlacerSettings | None = None,
    ) -> None:
        """File every node."""
        super().__init__(cluster)
        self.placer = Placer(cluster, typical, seed, settings)
        self._chosen: list[tuple[int, ...]] = []
        self._asked = 0

    def choose(self, cluster: Cluster, job: Job) -> int:
        """Return a node that fits. O(probes)."""
        if self.probes == 0:
            self._chosen.clear()
            self._asked = 0
        node = self.placer.choose(job)
        # If it is still 0 there is no node at all, and the gang ends here.
        self.probes += self.placer.probes
        self._chosen.append(self.placer.gpus)
        return node

    def gpus(self, cluster: Cluster, node: int, job: Job) -> tuple[int, ...] | None:
        """Return the GPUs that were chosen with the node.

        It is asked for each task in order: while a gang is placed, and again once it is.
        """
        gpus = self._chosen[self._asked % len(self._chosen)]
        self._asked += 1
        return gpus

    def taken(self, placement: Placement) -> None:
        """File the node anew. O(1)."""
        self.placer.refile(placement.node)

    def given(self, placement: Placement) -> None:
        """File the node anew. O(1)."""
        self.placer.refile(placement.node)

    def changed(self, node: int) -> None:
        """File the node anew, or take it off the lists. O(1)."""
        self.placer.refile(node)
