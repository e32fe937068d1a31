"""Lanes: where copies to the device and computes run, and the marks by which one waits for another.

A lane runs what it is given in order; two lanes run side by side. A mark is passed once everything
that was given to its lane before it is done. CUDA streams and events are such lanes and marks.
"""

from collections.abc import Hashable, Iterable
from typing import Protocol, TypeAlias, TypeVar

__all__ = ["Host", "Lanes", "Mark", "Place"]

Host = TypeVar("Host", contravariant=True)
"""The weights of one expert in host memory: read, never written."""
Place = TypeVar("Place")
"""Device memory for the weights of one expert."""
Mark: TypeAlias = Hashable


class Lanes(Protocol[Host, Place]):
    """One compute lane, one lane for copies on demand and one for copies ahead of it."""

    def place(self, like: Host) -> Place:
        """Return new device memory for weights of the same shape and type."""

    def copy(
        self, source: Host, place: Place, *, after: Iterable[Mark], ahead: bool = False
    ) -> Mark:
        """Give a copy to the copy lane, to start once all marks in ``after`` are passed.

        Returns:
            The mark behind the copy.
        """

    def wait(self, mark: Mark) -> None:
        """Have what is given to the compute lane from now on wait for a mark."""

    def mark(self) -> Mark:
        """Return the mark behind all that the compute lane was given so far."""

    def bytes_of(self, source: Host) -> int:
        """Return the size of the weights of one expert, in bytes."""
