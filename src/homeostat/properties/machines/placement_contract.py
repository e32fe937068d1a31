"""What any placer must keep to, told from its answers alone; and any ledger of tokens.

What is tried is a callable ``(cluster, seed, typical)`` that returns a policy as of
``homeostat.runtime.governor.policy``: ``place``, ``gpus``, ``taken``, ``given``, ``changed``. If
the callable has an attribute ``ledger``, that makes a ledger from a list of balances, and the
ledger is tried as well: it has the methods of ``homeostat.runtime.governor.ledger.Ledger``.

Everything is counted here a second time, in plain lists, node by node.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from homeostat.properties.machines.token_contract import TokenReferee
from homeostat.runtime.governor.cluster import Cluster, Node, Placement
from homeostat.runtime.governor.jobs import GPU_MILLI, Job

__all__ = ["ASPECTS", "Aspect", "PlacementReferee", "Room"]

Aspect: TypeAlias = Literal[
    "placement_fits",
    "gang_whole",
    "down_nodes_rest",
    "place_only_looks",
    "same_seed_same_run",
    "empty_nodes_serve",
    "tokens_kept",
]
"""What a violation is of: a task where it has no room; a gang in part; a node that failed or is cut
off; a cluster that deciding changed; another answer for the same seed; no answer though every node
has room; tokens made or lost. Whatever the placer raises is a violation of each."""

ASPECTS: tuple[Aspect, ...] = get_args(Aspect)

_ARRAYS = (
    *("cpu_total", "cpu_free", "memory_total", "memory_free"),
    *("gpu_count", "gpu_free", "model", "up"),
)


@dataclass(slots=True)
class Room:
    """One node, counted by hand."""

    node: Node
    cpu: int = field(init=False)
    memory: int = field(init=False)
    gpus: list[int] = field(init=False)
    failed: bool = False
    cut: bool = False

    def __post_init__(self) -> None:
        """Begin with nothing taken."""
        self.cpu, self.memory = self.node.cpu_milli, self.node.memory_mib
        self.gpus = [GPU_MILLI] * self.node.gpus

    @property
    def up(self) -> bool:
        """Return whether it takes jobs."""
        return not (self.failed or self.cut)

    def fits(self, job: Job) -> bool:
        """Return whether there is room for one task, up or not."""
        if job.gpus and job.models and self.node.model not in job.models:
            return False
        enough = sum(left >= job.gpu_milli for left in self.gpus)
        return job.cpu_milli <= self.cpu and job.memory_mib <= self.memory and enough >= job.gpus

    def move(self, placement: Placement, sign: int) -> bool:
        """Take what a task takes, or give it back; return whether it was there."""
        self.cpu += sign * placement.cpu_milli
        self.memory += sign * placement.memory_mib
        if any(gpu >= len(self.gpus) for gpu in placement.gpus):
            return False
        for gpu in placement.gpus:
            self.gpus[gpu] += sign * placement.gpu_milli
        whole = (
            (self.cpu, self.node.cpu_milli),
            (self.memory, self.node.memory_mib),
            *((left, GPU_MILLI) for left in self.gpus),
        )
        return all(0 <= left <= most for left, most in whole)


@dataclass(frozen=True, slots=True)
class _Running:
    number: int
    job: Job
    placements: tuple[Placement, ...]


class PlacementReferee(TokenReferee):
    """Asks a placer, does what it says, and judges it."""

    def __init__(self, make: Callable[..., Any], aspects: Sequence[Aspect] = ASPECTS) -> None:
        """Say what makes the placer, and what is judged."""
        super().__init__(getattr(make, "ledger", None), aspects)
        self.make = make
        self.subject: Any = None
        self.again: Any = None
        self.cluster = Cluster([Node(cpu_milli=1, memory_mib=1)])
        self.rooms: list[Room] = []
        self.running: list[_Running] = []
        self.numbers = 0

    def create(self, nodes: Sequence[Node], seed: int, typical: Sequence[Job]) -> None:
        """Make the placer, and a second one of the same seed."""
        self.rooms = [Room(node) for node in nodes]
        self.cluster = Cluster(nodes)
        self.subject = self.perform(self, "make", self.cluster, seed, list(typical))
        self.operations[-1]["arguments"] = [[_node_text(node) for node in nodes], f"seed={seed}"]
        if "same_seed_same_run" in self.aspects:
            self.again = self.observe(
                "a second one", lambda: self.make(self.cluster, seed, list(typical))
            )

    def arrive(self, job: Job) -> None:
        """Ask where a job goes, and place it there."""
        before = self.cluster.copy()
        answer = self.perform(self.subject, "place", self.cluster, job)
        self.operations[-1]["arguments"] = [_job_text(job)]
        same = all(
            np.array_equal(getattr(before, name), getattr(self.cluster, name)) for name in _ARRAYS
        )
        self.demand(
            "place_only_looks", holds=same, problem="place must leave the cluster as it was"
        )
        nodes = self._nodes(answer)
        if self.again is not None:
            other = self._nodes(self.observe("place", lambda: self.again.place(self.cluster, job)))
            self.demand(
                "same_seed_same_run",
                holds=nodes == other,
                problem="the same seed and the same questions must have the same answers",
                first=nodes,
                second=other,
            )
        if nodes is None:
            everywhere = all(room.up and room.fits(job) for room in self.rooms)
            self.demand(
                "empty_nodes_serve",
                holds=job.gang > 1 or not everywhere,
                problem="a task must be placed where every node has room for it",
            )
            return
        self.demand(
            "gang_whole",
            holds=len(nodes) == job.gang,
            problem="a gang must have a node for each task, or none",
            nodes=nodes,
            gang=job.gang,
        )
        self._take(job, nodes)

    def _nodes(self, answer: Any) -> list[int] | None:
        """Read an answer: a sequence of nodes, or None."""
        if answer is None:
            return None
        nodes: list[int] = self.observe("its answer", lambda: [int(node) for node in answer])
        if any(not 0 <= node < len(self.rooms) for node in nodes):
            self.fail("nodes must be in the cluster", nodes=nodes)
        return nodes

    def _take(self, job: Job, nodes: Sequence[int]) -> None:
        placements: list[Placement] = []
        for node in nodes:
            room = self.rooms[node]
            self.demand(
                "down_nodes_rest",
                holds=room.up,
                problem="nothing may be placed on a node that failed or is cut off",
                node=node,
            )
            gpus = self.observe("gpus", partial(self.subject.gpus, self.cluster, node, job))
            self.demand(
                "placement_fits",
                holds=room.fits(job),
                problem="a task must have room on its node",
                node=node,
                cpu_free=room.cpu,
                memory_free=room.memory,
                gpus_free=room.gpus,
            )
            if not (room.up and room.fits(job)):
                # Judged under another aspect: the job is not placed at all.
                self._undo(placements)
                return
            placement = self.observe("its GPUs", partial(self.cluster.take, node, job, gpus))
            self.demand(
                "placement_fits",
                holds=room.move(placement, -1),
                problem="a task must take what is free",
                placement=placement,
            )
            placements.append(placement)
            self._tell("taken", placement)
        self.numbers += 1
        self.running.append(_Running(self.numbers, job, tuple(placements)))

    def _undo(self, placements: Sequence[Placement]) -> None:
        for placement in placements:
            self.cluster.give(placement)
            self.rooms[placement.node].move(placement, 1)
            self._tell("given", placement)

    def _tell(self, hook: str, what: Any) -> None:
        for placer in (self.subject, self.again):
            if placer is not None:
                self.observe(hook, partial(getattr(placer, hook), what))

    def end(self, which: int) -> None:
        """Let a job that runs end."""
        job = self.running.pop(which % len(self.running))
        self.operations.append({"call": "end", "arguments": [job.number]})
        self._undo(job.placements)

    def change(self, node: int, *, failed: bool | None = None, cut: bool | None = None) -> None:
        """Let a node fail or come back, be cut off or joined; what runs on a failed one is lost."""
        room = self.rooms[node]
        before = room.up
        room.failed = room.failed if failed is None else failed
        room.cut = room.cut if cut is None else cut
        if failed:
            dead = [job for job in self.running if any(p.node == node for p in job.placements)]
            self.running = [job for job in self.running if job not in dead]
            for job in dead:
                self._undo(job.placements)
        if room.up != before:
            self.cluster.up[node] = room.up
            self._tell("changed", node)

    def count(self) -> None:
        """Demand that cluster and rooms agree."""
        self.cluster.check()
        for node, room in enumerate(self.rooms):
            free = self.cluster.cpu_free[node], self.cluster.memory_free[node]
            gpus = self.cluster.gpu_free[node].tolist()[: len(room.gpus)]
            self.demand(
                "placement_fits",
                holds=(*free, gpus) == (room.cpu, room.memory, room.gpus),
                problem="what is free must be what was not taken",
                node=node,
            )


def _node_text(node: Node) -> str:
    gpus = f", {node.gpus} GPUs of model {node.model}" if node.gpus else ""
    return f"{node.cpu_milli} mCPU, {node.memory_mib} MiB{gpus}"


def _job_text(job: Job) -> str:
    gpus = f", {job.gpus} x {job.gpu_milli} mGPU" if job.gpus else ""
    models = f" of {list(job.models)}" if job.models else ""
    return f"{job.gang} x ({job.cpu_milli} mCPU, {job.memory_mib} MiB{gpus}{models})"
