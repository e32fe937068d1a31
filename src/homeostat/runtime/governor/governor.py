"""The governor of a cluster: placer, controller, ledger, admission and safety filter as one.

Time comes in ticks. In each the ledger lets tokens evaporate and mints, the controller sets the
temperature by what was stuck and the tax by contention, and a round of admission places what there
is room for: gangs all or nothing. A node that fails displaces what runs on it, which waits anew;
one that is cut off keeps it, and takes nothing until it is joined again. Nothing is placed beyond
what is free, no token is made or lost but by minting and evaporation, and the same arguments and
calls give the same run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final, final

import numpy as np

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.admission import Admission, Round, Waiting
from homeostat.runtime.governor.cluster import Cluster, Node, Placement
from homeostat.runtime.governor.controller import Controller
from homeostat.runtime.governor.governor_policy import GovernorPolicy
from homeostat.runtime.governor.jobs import GPU_MILLI, Job
from homeostat.runtime.governor.ledger import Ledger
from homeostat.runtime.governor.placer import PlacerSettings
from homeostat.runtime.governor.safety_filter import Decision, SafetyFilter

__all__ = ["Governor", "GovernorSettings"]

_TENANTS_MAX: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernorSettings:
    """How the governor works.

    Attributes:
        placer: How it places; temperature and tax are the controller's.
        tokens: With which each tenant begins.
        mint: For each tenant in a tick, >= 0.
        kappa: Part of every balance that evaporates in a tick, in [0, 1].
        places: Jobs that a tick may place.
        queue_max: Jobs that may wait.
        memory: Filter of how fast memory of a node fills.
    """

    placer: PlacerSettings = field(default_factory=PlacerSettings)
    tokens: int = 1000
    mint: int = 10
    kappa: Fraction = Fraction(1, 100)
    places: int = 64
    queue_max: int = 100_000
    memory: SafetyFilter = field(default_factory=lambda: SafetyFilter(gains=(0.5, 0.5), step=1.0))


@final
class Governor:
    """A cluster and all that governs it.

    Attributes:
        cluster: What is free.
        ledger: Who has how many tokens.
        controller: Temperature and tax.
        running: Placements of each job that runs, by id.
        displaced: How many jobs a failing node threw out.
        finished: How many jobs ended.

    Args:
        nodes: Of the cluster.
        typical: Jobs such as will come.
        tenants: How many there are.
        seed: Of the placer's draws.
        settings: How it works.
        controller: Of temperature and tax; by default a new one.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        typical: Sequence[Job],
        *,
        tenants: int,
        seed: int,
        settings: GovernorSettings | None = None,
        controller: Controller | None = None,
    ) -> None:
        """Begin with nothing placed.

        Raises:
            InvalidInputError: The number of tenants is out of range.
        """
        if not 1 <= tenants <= _TENANTS_MAX:
            raise InvalidInputError(f"tenants={tenants} must be >= 1 and <= {_TENANTS_MAX}")
        self.settings = settings or GovernorSettings()
        self.cluster = Cluster(nodes)
        self.policy = GovernorPolicy(self.cluster, typical, seed, self.settings.placer)
        self.ledger = Ledger([self.settings.tokens] * tenants)
        self.controller = controller or Controller()
        self.admission = Admission(self.ledger, queue_max=self.settings.queue_max)
        self.running: dict[int, list[Placement]] = {}
        self.displaced = 0
        self.finished = 0
        self._submitted = 0
        self._what: dict[int, Waiting] = {}
        self._on: list[dict[int, None]] = [{} for _ in nodes]
        self._failed = np.zeros(len(nodes), np.int64)
        self._cut = np.zeros(len(nodes), np.int64)

    def submit(self, job: Job, bid: int) -> int:
        """Let a job wait, and return its id.

        Raises:
            InvalidInputError: Its tenant has no account, or the bid is out of range.
            QueueFullError: Too many wait.
        """
        waiting = Waiting(self._submitted, job, bid)
        self.admission.offer(waiting)
        self._what[waiting.id] = waiting
        self._submitted += 1
        return waiting.id

    def tick(self) -> Round:
        """Let one tick pass, and return what was placed and refused.

        What the round found stuck moves the controller, so it acts from the next tick on.
        """
        settings, controller = self.settings, self.controller
        self.policy.placer.set(
            replace(settings.placer, temperature=controller.temperature, tax=controller.tax)
        )
        self.ledger.tick(settings.kappa, [settings.mint] * len(self.ledger.supply.balances))
        done = self.admission.clear(settings.places, controller.tax_rate, self._place)
        tried = len(done.placed) + len(done.refused)
        controller.tick(len(done.refused) / tried if tried else 0.0, self.contention)
        return done

    @property
    def contention(self) -> float:
        """Part in use of the resource that is used most, of all nodes, in [0, 1]."""
        cluster = self.cluster
        parts = [
            1 - int(free.sum()) / int(total.sum())
            for free, total in (
                (cluster.cpu_free, cluster.cpu_total),
                (cluster.memory_free, cluster.memory_total),
                (cluster.gpu_free, GPU_MILLI * cluster.gpu_count),
            )
            if int(total.sum())
        ]
        return max(parts, default=0.0)

    def end(self, id: int) -> None:
        """Free what a job holds: it is done. O(gang).

        Raises:
            InvalidInputError: It does not run.
        """
        if id not in self.running:
            raise InvalidInputError(f"id={id} must be of a job that runs")
        self._free(id)
        del self._what[id]
        self.finished += 1

    def fail(self, node: int) -> tuple[int, ...]:
        """Let a node fail; return the ids of the jobs that wait anew.

        They wait although the queue may be full: they were admitted.

        Raises:
            InvalidInputError: There is no such node.
        """
        self._check_node(node)
        self._failed[node] += 1
        lost = tuple(self._on[node])
        for id in lost:
            self._free(id)
            self.admission.readmit(self._what[id])
            self.displaced += 1
        self._see(node)
        return lost

    def recover(self, node: int) -> None:
        """Let a node that failed come back.

        Raises:
            InvalidInputError: It has not failed.
        """
        self._check_node(node)
        if not self._failed[node]:
            raise InvalidInputError(f"node={node} must have failed to recover")
        self._failed[node] -= 1
        self._see(node)

    def cut(self, nodes: Sequence[int]) -> None:
        """Cut nodes off: what runs there goes on, and nothing is placed there.

        Raises:
            InvalidInputError: There is no such node.
        """
        for node in nodes:
            self._check_node(node)
        for node in nodes:
            self._cut[node] += 1
            self._see(node)

    def join(self, nodes: Sequence[int]) -> None:
        """Join nodes again that were cut off.

        Raises:
            InvalidInputError: One was not.
        """
        for node in nodes:
            self._check_node(node)
            if not self._cut[node]:
                raise InvalidInputError(f"node={node} must be cut off to be joined")
        for node in nodes:
            self._cut[node] -= 1
            self._see(node)

    def allow(self, node: int, rate: float, wanted: float) -> Decision:
        """Return what change of a node's rate of memory is safe: it never passes the node's size.

        Args:
            node: Where.
            rate: MiB per second now.
            wanted: Change of it that is asked for, MiB per second squared.

        Raises:
            InvalidInputError: There is no such node, or a number is not finite.
        """
        self._check_node(node)
        cluster = self.cluster
        used = int(cluster.memory_total[node] - cluster.memory_free[node])
        limit = float(cluster.memory_total[node])
        return self.settings.memory.allow(float(used), rate, wanted, limit=limit)

    def check(self) -> None:
        """Demand that no room, token or job was lost or made. O(everything).

        Raises:
            InvalidInputError: One was; we are broken, not the input.
        """
        self.cluster.check()
        self.ledger.check()
        self.controller.check()
        self.policy.placer.check()
        fresh = self.cluster.copy()
        for placements in self.running.values():
            for placement in placements:
                fresh.give(placement)
        if (
            (fresh.cpu_free != fresh.cpu_total).any()
            or (fresh.memory_free != fresh.memory_total).any()
            or fresh.gpu_milli_free != fresh.gpu_milli_total
        ):
            raise InvalidInputError("room is taken by no job that runs")
        waiting = [entry.id for entry in self.admission.waiting()]
        known = sorted([*waiting, *self.running])
        if known != sorted(self._what) or len(known) + self.finished != self._submitted:
            raise InvalidInputError(
                f"{self._submitted} jobs were submitted, {len(known)} are known, "
                f"{self.finished} ended"
            )

    def _place(self, waiting: Waiting) -> bool:
        job, policy, cluster = waiting.job, self.policy, self.cluster
        nodes = policy.place(cluster, job)
        if nodes is None:
            return False
        placements = []
        for node in nodes:
            placement = cluster.take(node, job, policy.gpus(cluster, node, job))
            policy.taken(placement)
            placements.append(placement)
            self._on[node][waiting.id] = None
        self.running[waiting.id] = placements
        return True

    def _free(self, id: int) -> None:
        for placement in self.running.pop(id):
            self.cluster.give(placement)
            self.policy.given(placement)
            self._on[placement.node].pop(id, None)

    def _see(self, node: int) -> None:
        up = not (self._failed[node] or self._cut[node])
        if bool(self.cluster.up[node]) != up:
            self.cluster.up[node] = up
            self.policy.changed(node)

    def _check_node(self, node: int) -> None:
        if not 0 <= node < len(self.cluster):
            raise InvalidInputError(f"node={node} must be >= 0 and < {len(self.cluster)}")
