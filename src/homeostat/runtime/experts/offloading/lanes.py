"""Lanes for torch: the processor, which has one for everything, and CUDA streams."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch

from homeostat.errors import InvalidInputError
from homeostat.runtime.experts.lanes import Lanes, Mark
from homeostat.runtime.experts.offloading.weights import DevicePlace, HostExpert, Tensor

__all__ = ["CpuLanes", "CudaLanes", "TorchLanes", "lanes_for"]


class TorchLanes(Lanes[HostExpert, DevicePlace]):
    """What lanes on both kinds of devices share.

    Attributes:
        device: Where the places are.
    """

    device: Any

    def place(self, like: HostExpert) -> DevicePlace:
        """Return new device memory for weights of the same shape and type."""
        return DevicePlace(like, self.device)

    def synchronize(self) -> None:
        """Wait until all that was given to the lanes is done."""

    def bytes_of(self, source: HostExpert) -> int:
        """Return the size of the weights of one expert, in bytes."""
        return source.size_bytes

    def write(self, source: HostExpert, targets: Sequence[Tensor]) -> None:
        """Copy the weights, on the lane that is current."""
        for target, tensor in zip(targets, source.tensors, strict=True):
            target.copy_(tensor, non_blocking=True)


class CpuLanes(TorchLanes):
    """The processor: whatever is given is done at once, so every mark is passed."""

    def __init__(self) -> None:
        """Start with nothing done."""
        self.device = torch.device("cpu")
        self._copies = 0

    def copy(
        self, source: HostExpert, place: DevicePlace, *, after: Iterable[Mark], ahead: bool = False
    ) -> Mark:
        """Copy."""
        del after, ahead
        self.write(source, place.fit(source))
        self._copies += 1
        return self._copies

    def wait(self, mark: Mark) -> None:
        """Wait for nothing."""
        del mark

    def mark(self) -> Mark:
        """Return the number of copies so far."""
        return self._copies


class CudaLanes(TorchLanes):
    """Streams of one card: whichever is current computes, one copies on demand, one ahead.

    Args:
        device: The card.

    Raises:
        InvalidInputError: There is no such card.
    """

    def __init__(self, device: Any = "cuda") -> None:
        """Make the two streams for copies."""
        device = torch.device(device)
        if not torch.cuda.is_available():
            raise InvalidInputError(f"device {str(device)!r} must be there; torch sees no card")
        index = torch.cuda.current_device() if device.index is None else device.index
        self.device = torch.device("cuda", index)
        self._demand = torch.cuda.Stream(self.device)
        self._ahead = torch.cuda.Stream(self.device)
        self._compute = torch.cuda.current_stream(self.device)

    def place(self, like: HostExpert) -> DevicePlace:
        """Return new device memory for weights of the same shape and type."""
        place = super().place(like)
        # The memory may be what a tensor of the compute stream, freed by now, is still read from.
        for stream in (self._demand, self._ahead):
            stream.wait_stream(self._current())
        return place

    def copy(
        self, source: HostExpert, place: DevicePlace, *, after: Iterable[Mark], ahead: bool = False
    ) -> Mark:
        """Give a copy to one of the copy streams, behind the events in ``after``."""
        stream = self._ahead if ahead else self._demand
        with torch.cuda.stream(stream):
            for mark in after:
                stream.wait_event(mark)
            self.write(source, place.fit(source))
            return self._event(stream)

    def wait(self, mark: Mark) -> None:
        """Have the current stream wait for an event."""
        self._current().wait_event(mark)

    def mark(self) -> Mark:
        """Return an event behind all that the current stream was given so far."""
        return self._event(self._current())

    def synchronize(self) -> None:
        """Wait until all that was given to the streams is done."""
        for stream in (self._demand, self._ahead, self._compute):
            stream.synchronize()

    def _event(self, stream: Any) -> Mark:
        event = torch.cuda.Event()
        event.record(stream)
        mark: Mark = event
        return mark

    def _current(self) -> Any:
        """Return the current stream, behind all computes on the one that was current before.

        A place keeps the mark of its last reader only, so the readers must be in one order.
        """
        stream = torch.cuda.current_stream(self.device)
        if stream != self._compute:
            stream.wait_stream(self._compute)
            self._compute = stream
        return stream


def lanes_for(device: Any) -> TorchLanes:
    """Return the lanes of a device.

    Raises:
        InvalidInputError: It is neither the processor nor a card that is there.
    """
    kind = torch.device(device).type
    if kind == "cpu":
        return CpuLanes()
    if kind == "cuda":
        return CudaLanes(device)
    raise InvalidInputError(f"device {str(device)!r} must be 'cpu' or 'cuda'")
