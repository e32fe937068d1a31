"""The weights of one expert: in host memory, and in device memory at the same alignment.

Where a weight lies decides in some libraries which of their kernels reads it, and so the last bits
of a result: MKL, asked for one row times a matrix, differs by the address modulo 64 bytes. So a
place shows each weight at the address that it has without offloading, modulo ``ALIGNMENT_BYTES``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import torch

from homeostat.errors import InvalidInputError

__all__ = [
    "ALIGNMENT_BYTES",
    "DevicePlace",
    "HostExpert",
    "Tensor",
    "host_experts",
    "host_rows",
]

Tensor: TypeAlias = Any
"""A torch.Tensor; mypy does not read torch."""

ALIGNMENT_BYTES: Final = 512
"""What torch's allocator for CUDA aligns to; a multiple of what the one for processors does."""


@dataclass(frozen=True, slots=True)
class HostExpert:
    """The weights of one expert in host memory: read, never written.

    Attributes:
        tensors: The weights, in an order that is the same for all experts of a layer.
        phases: The address of each without offloading, modulo ``ALIGNMENT_BYTES``.
    """

    tensors: tuple[Tensor, ...]
    phases: tuple[int, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes of all weights."""
        return sum(int(tensor.nbytes) for tensor in self.tensors)


class DevicePlace:
    """Device memory for the weights of one expert.

    Attributes:
        tensors: The weights that were copied here last; empty before the first copy.
    """

    def __init__(self, like: HostExpert, device: Any) -> None:
        """Allocate for weights of the same shape, with room to align them."""
        # A tensor that is born in inference mode could not be written outside of it.
        with torch.inference_mode(mode=False):
            self._raw = tuple(
                torch.empty(extent_bytes(t) + ALIGNMENT_BYTES, dtype=torch.uint8, device=device)
                for t in like.tensors
            )
        self.tensors: tuple[Tensor, ...] = ()

    def fit(self, source: HostExpert) -> tuple[Tensor, ...]:
        """Return where to copy the weights of an expert; from now on these are ``tensors``."""
        self.tensors = tuple(
            aligned(raw, like, phase)
            for raw, like, phase in zip(self._raw, source.tensors, source.phases, strict=True)
        )
        return self.tensors


def extent_bytes(tensor: Tensor) -> int:
    """Return from the first to behind the last element of a tensor, in bytes."""
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    return int((1 + sum((size - 1) * step for size, step in steps)) * tensor.element_size())


def aligned(raw: Tensor, like: Tensor, phase: int) -> Tensor:
    """Return a part of raw bytes as a tensor like another, at an address of a given phase."""
    start = (phase - raw.data_ptr()) % ALIGNMENT_BYTES
    part = raw[start : start + extent_bytes(like)].view(like.dtype)
    return part.as_strided(like.shape, like.stride())


def host_copy(tensor: Tensor, device: Any) -> tuple[Tensor, int]:
    """Return a tensor in host memory, and its phase on the device.

    For a card the host memory is pinned, so that copies run beside computes. For the processor it
    is the tensor itself.

    Raises:
        InvalidInputError: It is not loaded.
    """
    source = tensor.detach()
    if source.is_meta:
        raise InvalidInputError("expert weights must be loaded, not on the device 'meta'")
    # Memory that torch allocates on a card starts at phase 0.
    phase = source.data_ptr() % ALIGNMENT_BYTES if source.device.type == device.type else 0
    if device.type == "cpu":
        return source.cpu(), phase
    pinned = torch.empty_strided(source.shape, source.stride(), dtype=source.dtype, pin_memory=True)
    return pinned.copy_(source), phase


def host_rows(stacks: Sequence[Tensor], device: Any) -> tuple[list[HostExpert], list[Tensor]]:
    """Return the experts of stacked weights, expert first, and the stacks in host memory."""
    held = [host_copy(stack, device) for stack in stacks]
    experts = [
        HostExpert(
            tuple(stack[row] for stack, _ in held),
            tuple(
                (phase + row * stack.stride(0) * stack.element_size()) % ALIGNMENT_BYTES
                for stack, phase in held
            ),
        )
        for row in range(len(stacks[0]))
    ]
    return experts, [stack for stack, _ in held]


def host_experts(
    experts: Sequence[Sequence[Tensor]], device: Any
) -> tuple[list[HostExpert], list[list[Tensor]]]:
    """Return experts whose weights are apart, and the weights of each in host memory."""
    held = [[host_copy(weight, device) for weight in expert] for expert in experts]
    return (
        [HostExpert(tuple(w for w, _ in e), tuple(phase for _, phase in e)) for e in held],
        [[weight for weight, _ in expert] for expert in held],
    )
