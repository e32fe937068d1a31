"""A cluster: what each node has, what of it is free, and the placements that took the rest.

Structure of arrays, one entry a node, all whole numbers. A share of a GPU goes to the fullest GPU
that still has room for it, as in the simulator of Weng et al. (USENIX ATC 2023); whole GPUs are
those of lowest number that are quite free. Nothing is ever taken beyond what is free, and nothing
is given back that was not taken: both are checked at every call.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor import cluster_kernels as kernels
from homeostat.runtime.governor.jobs import (
    GPU_MILLI,
    GPUS_MAX,
    MODELS_MAX,
    RESOURCE_MAX,
    Job,
)

__all__ = ["Cluster", "Flags", "Integers", "Node", "Placement"]

Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]
_GPUS_OF: Final = tuple(
    tuple(gpu for gpu in range(GPUS_MAX) if mask >> gpu & 1) for mask in range(1 << GPUS_MAX)
)
"""The GPUs of each set of bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The size of one node.

    Attributes:
        cpu_milli: Thousandths of a CPU.
        memory_mib: MiB.
        gpus: GPUs, 8 at most.
        model: Id of their model; -1 on a node without GPUs.

    Raises:
        InvalidInputError: A number is out of its range.
    """

    cpu_milli: int
    memory_mib: int
    gpus: int = 0
    model: int = -1

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name, high in (
            ("cpu_milli", RESOURCE_MAX),
            ("memory_mib", RESOURCE_MAX),
            ("gpus", GPUS_MAX),
        ):
            if not 0 <= getattr(self, name) <= high:
                raise InvalidInputError(f"{name}={getattr(self, name)} must be >= 0 and <= {high}")
        if not (-1 <= self.model < MODELS_MAX) or (self.model >= 0) != (self.gpus > 0):
            raise InvalidInputError(
                f"model={self.model} must be >= 0 and < {MODELS_MAX} with GPUs, -1 without; "
                f"gpus={self.gpus}"
            )


@dataclass(frozen=True, slots=True)
class Placement:
    """What one task took: give it back to free it.

    Attributes:
        node: Where.
        gpus: Which of the node's GPUs.
        cpu_milli: Thousandths of a CPU.
        memory_mib: MiB.
        gpu_milli: Of each of those GPUs.
    """

    node: int
    gpus: tuple[int, ...]
    cpu_milli: int
    memory_mib: int
    gpu_milli: int


class Cluster:
    """Nodes and what is free of them.

    Attributes:
        cpu_total: Milli-CPUs of each node, int64, shape (nodes).
        cpu_free: What is left of them.
        memory_total: MiB of each node, int64, shape (nodes).
        memory_free: What is left of it.
        gpu_count: GPUs of each node, int64, shape (nodes).
        gpu_free: Thousandths left of each GPU, int64, shape (nodes, 8); 0 where there is none.
        model: Id of the model of a node's GPUs, int64, shape (nodes); -1 where there is none.
        up: Whether a node takes jobs, bool, shape (nodes); not if it failed or is cut off.
        state: What kernels take: CPUs, memory and GPUs that are free, model, up.
        totals: What kernels take: CPUs, memory and GPUs of each node.

    Read the arrays as you like; write them through ``take`` and ``give`` only, and ``up``.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        """Start with nothing taken.

        Raises:
            InvalidInputError: There is no node.
        """
        if not nodes:
            raise InvalidInputError("a cluster must have 1 node or more, has 0")
        self.cpu_total: Integers = np.array([node.cpu_milli for node in nodes], np.int64)
        self.memory_total: Integers = np.array([node.memory_mib for node in nodes], np.int64)
        self.gpu_count: Integers = np.array([node.gpus for node in nodes], np.int64)
        self.model: Integers = np.array([node.model for node in nodes], np.int64)
        self.up: Flags = np.ones(len(nodes), np.bool_)
        self.cpu_free = self.cpu_total.copy()
        self.memory_free = self.memory_total.copy()
        self.gpu_free: Integers = np.where(
            np.arange(GPUS_MAX) < self.gpu_count[:, np.newaxis], GPU_MILLI, 0
        ).astype(np.int64)
        self._bind()

    def _bind(self) -> None:
        self.state = (self.cpu_free, self.memory_free, self.gpu_free, self.model, self.up)
        self.totals = (self.cpu_total, self.memory_total, self.gpu_count)

    def __len__(self) -> int:
        """Return the number of nodes."""
        return len(self.cpu_total)

    def copy(self) -> "Cluster":
        """Return a cluster of the same nodes in the same state, with arrays of its own."""
        other = object.__new__(Cluster)
        for name, values in vars(self).items():
            if isinstance(values, np.ndarray):
                setattr(other, name, values.copy())
        other._bind()
        return other

    @property
    def gpu_milli_total(self) -> int:
        """Return the thousandths of all GPUs."""
        return GPU_MILLI * int(self.gpu_count.sum())

    @property
    def gpu_milli_free(self) -> int:
        """Return the thousandths of GPUs that are free."""
        return int(self.gpu_free.sum())

    def fits(self, node: int, job: Job) -> bool:
        """Return whether one task of a job fits on a node that takes jobs. O(1)."""
        return bool(kernels.fits(node, self.state, job.wants))

    def take(self, node: int, job: Job, gpus: Sequence[int] | None = None) -> Placement:
        """Place one task of a job, and return what it took. O(1).

        Args:
            node: Where.
            job: What.
            gpus: Which GPUs; by default the fullest that has room, or the first that are free.

        Raises:
            InvalidInputError: It does not fit there.
        """
        wanted = -1 if gpus is None else sum(1 << gpu for gpu in set(gpus))
        taken = kernels.take(node, self.state, job.wants, wanted) if 0 <= node < len(self) else -1
        if taken < 0:
            on = "" if gpus is None else f" on gpus={tuple(gpus)}"
            raise InvalidInputError(f"node={node} must have room for a task of {job}{on}")
        return Placement(node, _GPUS_OF[taken], job.cpu_milli, job.memory_mib, job.gpu_milli)

    def give(self, placement: Placement) -> None:
        """Free what a task took. O(1).

        Raises:
            InvalidInputError: More would be free than the node has; it was given back already.
        """
        mask = sum(1 << gpu for gpu in placement.gpus)
        sizes = (placement.cpu_milli, placement.memory_mib, placement.gpu_milli)
        if not kernels.give(placement.node, self.state, self.totals, sizes, mask):
            raise InvalidInputError(f"{placement} must have been taken, and given back once")

    def check(self) -> None:
        """Demand that no node is over its capacity, and none has more free than it has.

        Raises:
            InvalidInputError: One is; we are broken, not the input.
        """
        there = np.arange(GPUS_MAX) < self.gpu_count[:, np.newaxis]
        for name, free, total in (
            ("cpu_free", self.cpu_free, self.cpu_total),
            ("memory_free", self.memory_free, self.memory_total),
            ("gpu_free", self.gpu_free, np.where(there, GPU_MILLI, 0)),
        ):
            wrong = (free < 0) | (free > total)
            if wrong.any():
                where = tuple(int(place) for place in np.argwhere(wrong)[0])
                raise InvalidInputError(
                    f"{name}[{where}]={free[where]} must be >= 0 and <= {total[where]}"
                )
