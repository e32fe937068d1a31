"""Device memory for one expert at a time: who may write it, and when."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic

from homeostat.errors import HomeostatError, InvalidInputError
from homeostat.runtime.experts.lanes import Lanes, Mark, Place

__all__ = ["Memory", "TransientBuffers"]


@dataclass(slots=True)
class Memory(Generic[Place]):
    """One place, with the marks that the next writer must wait for.

    Attributes:
        place: The device memory.
        written: Behind the last copy into it; a reader waits for this one.
        read: Behind the last compute that read it.
    """

    place: Place
    written: Mark | None = None
    read: Mark | None = None

    def fill(self, lanes: Lanes[Any, Place], source: Any, *, ahead: bool = False) -> None:
        """Start copying weights into the place, behind all that reads or writes it now."""
        after = [mark for mark in (self.written, self.read) if mark is not None]
        self.written = lanes.copy(source, self.place, after=after, ahead=ahead)

    def await_contents(self, lanes: Lanes[Any, Place]) -> None:
        """Have the computes from now on wait for the last copy."""
        if self.written is not None:
            lanes.wait(self.written)


class TransientBuffers(Generic[Place]):
    """The places of the bypass, lent one at a time and shared by all layers of one shape.

    Args:
        places: Two, so that one is filled while the other is read; more do no harm.

    Raises:
        InvalidInputError: There is none.
    """

    def __init__(self, places: Iterable[Place]) -> None:
        """Start with every buffer at home."""
        self._home = [Memory(place) for place in places]
        self.count = len(self._home)
        if not self._home:
            raise InvalidInputError("0 transient buffers must be 1 or more")

    @property
    def home(self) -> int:
        """How many are not lent."""
        return len(self._home)

    def take(self) -> Memory[Place]:
        """Borrow the one that came back first.

        Raises:
            HomeostatError: All are lent.
        """
        if not self._home:
            raise HomeostatError(f"all {self.count} transient buffers are lent")
        return self._home.pop(0)

    def give(self, buffer: Memory[Place]) -> None:
        """Return a borrowed one; the marks on it say when it may be written."""
        self._home.append(buffer)
