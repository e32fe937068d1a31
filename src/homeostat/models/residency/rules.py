"""Classic policies as functions of the whole past: what the runtime's fast ones are held against.

LRU: the last event that used the expert. LFU: uses since it last left, then the last use (so an
expert that comes back starts anew, as in most caches). LFRU: uses, each of which halves after every
``half_life`` events, then the last use; rounded down as integers are, so that every implementation
agrees to the bit. After LRFU (Lee et al., IEEE Trans. Computers 50(12), 2001), with the halving of
all counters at once that TinyLFU has (Einziger, Friedman and Manes, ACM TOS 13(4), 2017).
"""

from dataclasses import dataclass
from typing import Final

from homeostat.models.residency.cache import Past, Value

__all__ = ["LFRU_UNIT", "LfruRule", "LfuRule", "LruRule", "RankRule", "StaticRule", "last_use"]

LFRU_UNIT: Final = 2**20
"""What one use counts before the first halving."""


def last_use(expert: int, past: Past) -> int:
    """Return the number of the last event that used an expert, from 0 on; -1 if none did."""
    return max((t for t, (event, _) in enumerate(past) if expert in event.experts), default=-1)


@dataclass(frozen=True, slots=True)
class LruRule:
    """Least recently used leaves first; everything is admitted."""

    def value(self, expert: int, past: Past) -> Value:
        """Return the last use."""
        return (last_use(expert, past),)

    def admits(self, expert: int, victim: int | None, past: Past) -> bool:
        """Admit."""
        return True


@dataclass(frozen=True, slots=True)
class LfuRule:
    """Least frequently used since it came leaves first; everything is admitted."""

    def value(self, expert: int, past: Past) -> Value:
        """Return the uses since the expert last left, then the last use."""
        left = max(
            (
                t
                for t, (_, outcome) in enumerate(past)
                if outcome and expert in {load.evicted for load in outcome.loads}
            ),
            default=-1,
        )
        uses = sum(expert in event.experts for event, _ in past[left + 1 :])
        return uses, last_use(expert, past)

    def admits(self, expert: int, victim: int | None, past: Past) -> bool:
        """Admit."""
        return True


@dataclass(frozen=True, slots=True)
class LfruRule:
    """Least recently and frequently used leaves first; everything is admitted.

    Attributes:
        half_life: All counts halve when the number of the event is a multiple of it.
    """

    half_life: int = 32

    def value(self, expert: int, past: Past) -> Value:
        """Return the halved count, then the last use."""
        count = 0
        for t, (event, _) in enumerate(past):
            if t % self.half_life == 0:
                count //= 2
            if expert in event.experts:
                count += LFRU_UNIT
        return count, last_use(expert, past)

    def admits(self, expert: int, victim: int | None, past: Past) -> bool:
        """Admit."""
        return True


@dataclass(frozen=True, slots=True)
class RankRule:
    """LFRU that loads an expert only in the place of one that is worth less.

    Unlike an absolute threshold this has no scale: it compares two experts of the same layer.
    """

    half_life: int = 32

    def value(self, expert: int, past: Past) -> Value:
        """Return what LFRU returns."""
        return LfruRule(self.half_life).value(expert, past)

    def admits(self, expert: int, victim: int | None, past: Past) -> bool:
        """Admit into a free place, or in the place of what is worth less."""
        return victim is None or self.value(expert, past) > self.value(victim, past)


@dataclass(frozen=True, slots=True)
class StaticRule:
    """A fixed set of experts is resident once used, and nothing else ever.

    Attributes:
        chosen: The set; as many as the capacity or fewer.
    """

    chosen: frozenset[int]

    def value(self, expert: int, past: Past) -> Value:
        """Return 1 for the chosen, else 0."""
        return (int(expert in self.chosen),)

    def admits(self, expert: int, victim: int | None, past: Past) -> bool:
        """Admit the chosen."""
        return expert in self.chosen
