"""How predictable the arrivals are: the entropy of the last gaps between them, as they come.

The definition is ``models.entropy`` (note 001, section 2); here the histogram is kept up instead
of counted again. Fewer than two arrivals leave no gap, and the entropy of no gaps is 0.
"""

from collections import Counter, deque
from functools import lru_cache

from homeostat.errors import InvalidInputError
from homeostat.models.entropy import (
    GAPS_DEFAULT,
    absolute_bins,
    entropy,
    histogram,
    relative_bins,
)
from homeostat.runtime.scheduler.requests import TIME_NS_MAX, integer_in

__all__ = ["BIN_WIDTH_NS_DEFAULT", "EntropyMonitor"]

BIN_WIDTH_NS_DEFAULT = 1_000_000
"""One millisecond, the note's (section 2)."""


@lru_cache(maxsize=4096)
def _entropy_bits(counts: tuple[int, ...]) -> float:
    """Return the model's entropy of a histogram; the same shapes come again and again."""
    return float(entropy(counts))


class EntropyMonitor:
    """Entropy in bits of the last gaps between arrivals.

    Cost: ``record`` O(1); ``entropy_bits`` O(b log b) for b occupied bins after a new arrival,
    O(1) until the next, and O(gaps) with relative bins, where each gap may change its bin.
    """

    def __init__(
        self,
        *,
        gaps_max: int = GAPS_DEFAULT,
        bin_width_ns: int = BIN_WIDTH_NS_DEFAULT,
        bins_per_mean: int | None = None,
    ) -> None:
        """Create a monitor that has seen nothing.

        Args:
            gaps_max: How many gaps it looks back, >= 1.
            bin_width_ns: Width of the absolute bins, >= 1.
            bins_per_mean: Where given, bins are relative and scale-free instead: this many to
                the mean gap, >= 1.

        Raises:
            InvalidInputError: A value is not an integer in its range.
        """
        self.gaps_max = integer_in("gaps_max", gaps_max, 1)
        self.bin_width_ns = integer_in("bin_width_ns", bin_width_ns, 1)
        if bins_per_mean is not None:
            integer_in("bins_per_mean", bins_per_mean, 1)
        self.bins_per_mean = bins_per_mean
        self._gaps: deque[int] = deque()
        self._bins: Counter[int] = Counter()
        self._last_ns: int | None = None
        self._known: float | None = 0.0

    @property
    def gaps_ns(self) -> tuple[int, ...]:
        """The gaps it looks at, oldest first."""
        return tuple(self._gaps)

    def record(self, arrival_ns: int) -> None:
        """Take note of an arrival, not before the last one.

        Raises:
            InvalidInputError: It is before the last one, or not an integer in range.
        """
        integer_in("arrival_ns", arrival_ns, 0, TIME_NS_MAX)
        last_ns = self._last_ns
        if last_ns is not None:
            if not arrival_ns >= last_ns:
                raise InvalidInputError(
                    f"arrival_ns={arrival_ns!r} must be >= {last_ns}, the last arrival"
                )
            self._append(arrival_ns - last_ns)
        self._last_ns = arrival_ns

    def _append(self, gap_ns: int) -> None:
        self._gaps.append(gap_ns)
        self._bins[self._bin(gap_ns)] += 1
        if len(self._gaps) > self.gaps_max:
            left = self._bin(self._gaps.popleft())
            self._bins[left] -= 1
            if not self._bins[left]:
                del self._bins[left]
        self._known = None

    def _bin(self, gap_ns: int) -> int:
        return absolute_bins((gap_ns,), self.bin_width_ns)[0]

    def entropy_bits(self) -> float:
        """Return H of the gaps it looks at, in bits."""
        if self._known is None:
            self._known = _entropy_bits(self._histogram())
        return self._known

    def _histogram(self) -> tuple[int, ...]:
        if self.bins_per_mean is not None:
            return histogram(relative_bins(self._gaps, self.bins_per_mean))
        return tuple(sorted(self._bins.values(), reverse=True))

    def _check(self) -> None:
        """Assert every invariant. O(gaps)."""
        assert len(self._gaps) <= self.gaps_max
        assert all(gap >= 0 for gap in self._gaps)
        assert self._bins == Counter(absolute_bins(self._gaps, self.bin_width_ns))
        assert all(count > 0 for count in self._bins.values())
        if self.bins_per_mean is None:
            bins = absolute_bins(self._gaps, self.bin_width_ns)
        else:
            bins = relative_bins(self._gaps, self.bins_per_mean)
        assert self.entropy_bits() == float(entropy(histogram(bins)))
