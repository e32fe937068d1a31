"""What a run of the simulator did, kept while it runs.

Sums over time are whole numbers, so they are exact; the entropy is kept up to date in floats.

Notation
    w_i: load of node i, the largest part in use of its CPUs, memory and GPUs, in millionths; W
    their sum; S = -sum of (w_i/W) ln(w_i/W) = ln W - (sum of w_i ln w_i)/W: entropy, in nats, of
    where a unit of load is; 0 if nothing is in use.
    Produced: the sum of the changes of S by placements, what decisions add to the disorder.
    Exported: the sum of its changes by everything else: jobs that end, nodes that fail. Both
    together are the change of S over the run, which is how an open system's entropy is accounted
    for (de Groot and Mazur, Non-equilibrium thermodynamics, chapter III). What happens at time 0,
    when a cluster is filled, counts for neither.
    Nash gap: of the congestion game among nodes of one kind, in which a node costs its load: the
    most loaded node that is in use, less the least loaded one that takes jobs
    (``models.congestion_game.nash_gap``); mean over the nodes, each counting the gap of its kind.
"""

import math
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from homeostat.models.congestion_game import nash_gap
from homeostat.runtime.governor.cluster import Cluster, Placement
from homeostat.runtime.governor.cluster_kernels import load, loads

__all__ = ["Counters", "Recorder", "Sample"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The state at one time.

    Attributes:
        time_ns: When.
        cpu: Part of all CPUs in use.
        memory: Part of all memory in use.
        gpu: Part of all GPUs in use; 0 if there are none.
        waiting: Jobs that wait.
        entropy: S, nats.
        nash_gap: In parts of a node.
    """

    time_ns: int
    cpu: float
    memory: float
    gpu: float
    waiting: int
    entropy: float
    nash_gap: float


@dataclass(slots=True)
class Counters:
    """How often what happened."""

    arrived: int = 0
    finished: int = 0
    rejected: int = 0
    displaced: int = 0
    misplaced: int = 0
    failures: int = 0
    partitions: int = 0
    decisions: int = 0
    placed: int = 0


@dataclass(slots=True)
class _Used:
    cpu: int = 0
    memory: int = 0
    gpu: int = 0


class Recorder:
    """Takes note of everything that happens to a cluster.

    Args:
        cluster: With nothing taken.
        tenants: How many there may be.
    """

    def __init__(self, cluster: Cluster, tenants: int) -> None:
        """Start at time 0."""
        self._cluster = cluster
        self.counters = Counters()
        self.samples: list[Sample] = []
        self.latencies_ns: list[int] = []
        self.hooks_ns = 0
        self.probes: list[int] = []
        self.waits_ns: list[int] = []
        self.tenant_asked = [0] * tenants
        self.tenant_lost = [0] * tenants
        self.now_ns = 0
        self.used = _Used()
        self.used_ns = _Used()
        self.entropy_produced = 0.0
        self.entropy_exported = 0.0
        sizes = np.stack(
            [cluster.cpu_total, cluster.memory_total, cluster.gpu_count, cluster.model], axis=1
        )
        _, kind = np.unique(sizes, axis=0, return_inverse=True)
        self._kinds = [np.flatnonzero(kind == own) for own in range(kind.max() + 1)]
        self._load = [0] * len(cluster)
        self._load_sum = 0
        self._load_log = 0.0
        self._digest = blake2b(digest_size=16)

    @property
    def digest(self) -> str:
        """Return a fingerprint of everything that happened, in order; no clock is in it."""
        return self._digest.hexdigest()

    def at(self, time_ns: int) -> None:
        """Let time pass."""
        passed = time_ns - self.now_ns
        if passed:
            self.used_ns.cpu += passed * self.used.cpu
            self.used_ns.memory += passed * self.used.memory
            self.used_ns.gpu += passed * self.used.gpu
            self.now_ns = time_ns

    def note(self, what: str, job: int, nodes: object = ()) -> None:
        """Add an event to the fingerprint."""
        self._digest.update(f"{self.now_ns} {what} {job} {nodes}\n".encode())

    def taken(self, placement: Placement) -> None:
        """Take note that room was taken, by a decision."""
        self._count(placement, 1)
        change = self._moved(placement.node)
        if self.now_ns:
            self.entropy_produced += change

    def given(self, placement: Placement) -> None:
        """Take note that room is free again."""
        self._count(placement, -1)
        change = self._moved(placement.node)
        if self.now_ns:
            self.entropy_exported += change

    @property
    def entropy(self) -> float:
        """Return S, in nats."""
        if not self._load_sum:
            return 0.0
        return math.log(self._load_sum) - self._load_log / self._load_sum

    def sample(self, waiting: int) -> None:
        """Keep the state as it is now. O(nodes)."""
        cluster, used = self._cluster, self.used
        self.samples.append(
            Sample(
                time_ns=self.now_ns,
                cpu=_part(used.cpu, int(cluster.cpu_total.sum())),
                memory=_part(used.memory, int(cluster.memory_total.sum())),
                gpu=_part(used.gpu, cluster.gpu_milli_total),
                waiting=waiting,
                entropy=self.entropy,
                nash_gap=self._gap(),
            )
        )

    def _gap(self) -> float:
        cluster = self._cluster
        share = loads(cluster.state, cluster.totals) / 1e6
        total = 0.0
        for members in self._kinds:
            here = share[members]
            there = np.where(cluster.up[members], here, np.inf)
            # With nowhere to go nobody is better off elsewhere.
            if np.isfinite(there).any():
                total += len(members) * float(nash_gap(here, there, here))
        return total / len(cluster)

    def _count(self, placement: Placement, sign: int) -> None:
        self.used.cpu += sign * placement.cpu_milli
        self.used.memory += sign * placement.memory_mib
        self.used.gpu += sign * placement.gpu_milli * len(placement.gpus)

    def _moved(self, node: int) -> float:
        """Bring the entropy up to date at one node and return its change. O(1)."""
        before = self.entropy
        old, new = self._load[node], int(load(node, self._cluster.state, self._cluster.totals))
        self._load[node] = new
        self._load_sum += new - old
        self._load_log += (new * math.log(new) if new else 0.0) - (
            old * math.log(old) if old else 0.0
        )
        return self.entropy - before


def _part(used: int, total: int) -> float:
    return used / total if total else 0.0
