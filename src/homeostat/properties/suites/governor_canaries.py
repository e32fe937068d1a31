"""Placers, a ledger and airlocks with one mistake each; the suite must refute every one."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from homeostat.models.market import Supply
from homeostat.runtime.governor.airlock import Airlock, Inside
from homeostat.runtime.governor.cluster import Cluster
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.ledger import Ledger

__all__ = [
    "ForgetsItsSeed",
    "ForgetsTheRoom",
    "GivesUp",
    "IgnoresMemory",
    "PlacesOnTheDead",
    "SplitsGangs",
    "TakesWhatItChooses",
    "TaxesVanish",
]


class _FirstFit:
    """Each task goes to the first node that has room; no mistake yet."""

    name = "first_fit"

    def __init__(self, cluster: Cluster, seed: int, typical: Sequence[Job]) -> None:
        self.probes = 0

    def _fits(self, cluster: Cluster, node: int, job: Job) -> bool:
        return cluster.fits(node, job)

    def place(self, cluster: Cluster, job: Job) -> Sequence[int] | None:
        """Try the nodes in order, on a copy."""
        room, chosen = cluster.copy(), []
        for _ in range(job.gang):
            found = [node for node in range(len(room)) if self._fits(room, node, job)]
            if not found:
                return None
            chosen.append(found[0])
            if room.fits(found[0], job):
                room.take(found[0], job)
        return chosen

    def gpus(self, cluster: Cluster, node: int, job: Job) -> tuple[int, ...] | None:
        """Leave them to the cluster."""
        return None

    def taken(self, placement: Any) -> None:
        """Hear of it."""

    def given(self, placement: Any) -> None:
        """Hear of it."""

    def changed(self, node: int) -> None:
        """Hear of it."""


class IgnoresMemory(_FirstFit):
    """Looks at CPUs alone."""

    def _fits(self, cluster: Cluster, node: int, job: Job) -> bool:
        return bool(cluster.up[node]) and job.cpu_milli <= cluster.cpu_free[node]


class SplitsGangs(_FirstFit):
    """Places as much of a gang as there is room for."""

    def place(self, cluster: Cluster, job: Job) -> Sequence[int] | None:
        """Stop at the first task that has no room."""
        room, chosen = cluster.copy(), []
        for _ in range(job.gang):
            found = [node for node in range(len(room)) if room.fits(node, job)]
            if not found:
                break
            room.take(found[0], job)
            chosen.append(found[0])
        return chosen or None


class PlacesOnTheDead(_FirstFit):
    """Does not hear that a node failed."""

    def place(self, cluster: Cluster, job: Job) -> Sequence[int] | None:
        """Ask a copy on which every node is up."""
        room = cluster.copy()
        room.up[:] = True
        return super().place(room, job)


class TakesWhatItChooses(_FirstFit):
    """Takes the room itself, before it is told to."""

    def place(self, cluster: Cluster, job: Job) -> Sequence[int] | None:
        """Decide, and take."""
        nodes = super().place(cluster, job)
        for node in nodes or ():
            cluster.take(node, job)
        return nodes


class ForgetsItsSeed(_FirstFit):
    """Begins at another node each time it is made."""

    _made = count()

    def __init__(self, cluster: Cluster, seed: int, typical: Sequence[Job]) -> None:
        """Look at no seed."""
        super().__init__(cluster, seed, typical)
        self._first = next(self._made)

    def place(self, cluster: Cluster, job: Job) -> Sequence[int] | None:
        """Try the nodes from another one on."""
        if job.gang > 1:
            return super().place(cluster, job)
        nodes = [(self._first + i) % len(cluster) for i in range(len(cluster))]
        return next(((node,) for node in nodes if cluster.fits(node, job)), None)


class GivesUp(_FirstFit):
    """Places nothing that wants a GPU."""

    def place(self, cluster: Cluster, job: Job) -> Sequence[int] | None:
        """Say that there is no room."""
        return None if job.gpus else super().place(cluster, job)


class _Burning(Ledger):
    def auction(self, *arguments: Any) -> tuple[int, ...]:
        """Forget the treasury's part."""
        before = self.supply.treasury
        winners = super().auction(*arguments)
        now = self.supply
        self.supply = Supply(now.balances, before, now.minted, now.evaporated)
        return winners


class TaxesVanish(_FirstFit):
    """Its ledger takes what bidders pay and gives it to nobody."""

    ledger = _Burning


class ForgetsTheRoom(Airlock):
    """Lets jobs hold the room for good."""

    def enter(self, *, timeout_s: float | None = None) -> Inside:
        """Enter, and think that there is no room to keep."""
        inside = super().enter(timeout_s=timeout_s)
        inside.books.room = 0
        return inside
