"""Jobs: what is asked of a cluster, in whole milli-CPUs, MiB and thousandths of a GPU."""

from dataclasses import dataclass, field
from typing import Final

from homeostat.errors import InvalidInputError

__all__ = [
    "ANY_MODEL",
    "GANG_MAX",
    "GPUS_MAX",
    "GPU_MILLI",
    "MODELS_MAX",
    "RESOURCE_MAX",
    "TIME_NS_MAX",
    "Job",
]

GPU_MILLI: Final = 1000
"""Thousandths of one GPU."""
GPUS_MAX: Final = 8
"""GPUs of one node."""
MODELS_MAX: Final = 62
"""GPU models of a cluster, as a set of them is the bits of one int64."""
GANG_MAX: Final = 4096
RESOURCE_MAX: Final = 2**40
"""Milli-CPUs or MiB of one node or job, so that sums over a cluster stay in int64."""
TIME_NS_MAX: Final = 2**62
ANY_MODEL: Final = 2**MODELS_MAX - 1
"""The mask of a job that runs on every model, and on nodes without GPUs if it wants none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job, or a gang of equal tasks that start together or not at all.

    Attributes:
        cpu_milli: Thousandths of a CPU, of each task.
        memory_mib: MiB, of each task.
        gpus: Whole GPUs of each task, all on one node; 0 for none.
        gpu_milli: Of each of its GPUs: 1000, or less for a share of one GPU; 0 if ``gpus`` is.
        models: Ids of the GPU models that will do; empty if any will.
        gang: Tasks; several may run on one node.
        duration_ns: How long it runs once placed; None if it never ends.
        arrival_ns: When it comes.
        tenant: Whose it is.
        model_mask: The same as ``models``, one bit an id.
        wants: Milli-CPUs, MiB, GPUs, thousandths and mask, as kernels take them.

    Raises:
        InvalidInputError: A number is out of its range.
    """

    cpu_milli: int
    memory_mib: int
    gpus: int = 0
    gpu_milli: int = 0
    models: tuple[int, ...] = ()
    gang: int = 1
    duration_ns: int | None = None
    arrival_ns: int = 0
    tenant: int = 0
    model_mask: int = field(init=False, repr=False, compare=False)
    wants: tuple[int, int, int, int, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name, low, high in (
            ("cpu_milli", 0, RESOURCE_MAX),
            ("memory_mib", 0, RESOURCE_MAX),
            ("gpus", 0, GPUS_MAX),
            ("gang", 1, GANG_MAX),
            ("arrival_ns", 0, TIME_NS_MAX),
            ("tenant", 0, TIME_NS_MAX),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise InvalidInputError(f"{name}={value} must be >= {low} and <= {high}")
        if self.duration_ns is not None and not 0 < self.duration_ns <= TIME_NS_MAX:
            raise InvalidInputError(
                f"duration_ns={self.duration_ns} must be > 0 and <= {TIME_NS_MAX}, or None"
            )
        low, high = {0: (0, 0), 1: (1, GPU_MILLI)}.get(self.gpus, (GPU_MILLI, GPU_MILLI))
        if not low <= self.gpu_milli <= high:
            raise InvalidInputError(
                f"gpu_milli={self.gpu_milli} must be >= {low} and <= {high} with gpus={self.gpus}"
            )
        if any(not 0 <= model < MODELS_MAX for model in self.models):
            raise InvalidInputError(f"models={self.models} must be ids >= 0 and < {MODELS_MAX}")
        mask = sum(1 << model for model in set(self.models)) if self.models else ANY_MODEL
        object.__setattr__(self, "model_mask", mask)
        wants = (self.cpu_milli, self.memory_mib, self.gpus, self.gpu_milli, mask)
        object.__setattr__(self, "wants", wants)

    @property
    def gpu_milli_total(self) -> int:
        """Return the thousandths of GPUs that all its tasks want."""
        return self.gang * self.gpus * self.gpu_milli
