"""What every policy answers. One object serves one layer."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from homeostat.models.residency.cache import Value
from homeostat.models.residency.events import Event

__all__ = ["Policy"]


class Policy(ABC):
    """Values residents and admits misses, as ``models.residency.cache`` says.

    For each event ``observe`` comes first, then ``admits`` and ``victim`` for the misses in
    ascending order, and ``evicted`` for each that left.
    """

    @abstractmethod
    def observe(self, event: Event) -> None:
        """Take note of an event that is now decided."""

    @abstractmethod
    def value(self, expert: int) -> Value:
        """Return what it is worth that an expert is resident; the least leaves first."""

    def admits(self, expert: int, victim: int | None) -> bool:
        """Return whether a miss is loaded, in the place of a victim or of nobody."""
        return True

    def evicted(self, expert: int) -> None:
        """Take note that an expert left; most policies keep nothing that this changes."""
        del expert

    def victim(self, idle: Iterable[int]) -> int:
        """Return the resident that leaves first; ties go to the least."""
        return min(idle, key=lambda expert: (self.value(expert), expert))
