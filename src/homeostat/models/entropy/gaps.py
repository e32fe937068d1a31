"""The histogram of the last gaps between arrivals, and its Shannon entropy.

H = sum over the occupied bins of (c/k) log2(k/c), for c of k gaps in a bin (note 001, section 2).
Written with k/c, so that one bin gives log2(1) = 0 without rounding.

Notation
    gap: time between two arrivals in turn, >= 0, in ns in the runtime; k: number of gaps;
    H: bits.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any, Final

from homeostat.models.numbers import Number

__all__ = ["GAPS_DEFAULT", "absolute_bins", "entropy", "histogram", "relative_bins"]

GAPS_DEFAULT: Final = 50
"""How many gaps the note looks back (section 5, item 1)."""


def absolute_bins(gaps: Iterable[Number], bin_width: Number) -> list[int]:
    """Return the bin of each gap, floor(gap / width): exact for integers and fractions."""
    return [int(gap // bin_width) for gap in gaps]


def relative_bins(gaps: Sequence[int], bins_per_mean: int) -> list[int]:
    """Return bins whose width is a fixed part of the mean gap: a scale-free variant, ours.

    The bin of g among k gaps of sum s is floor(g k b / s): multiplying all gaps by a number does
    not change it. Where all gaps are 0, so are all bins.
    """
    total = sum(gaps)
    return [gap * len(gaps) * bins_per_mean // total if total else 0 for gap in gaps]


def histogram(bins: Iterable[int]) -> tuple[int, ...]:
    """Return how many gaps each occupied bin holds, largest first.

    Sorted, so that equal multisets of gaps give the same sum also in floating point.
    """
    return tuple(sorted(Counter(bins).values(), reverse=True))


def entropy(counts: Sequence[int], *, log2: Callable[[Any], Number] = math.log2) -> Number:
    """Return H in bits of a histogram with positive counts; 0 for an empty one.

    Args:
        counts: Gaps in each occupied bin.
        log2: Logarithm of a Fraction >= 1, in the number type that is wanted.
    """
    total = sum(counts)
    return sum(Fraction(count, total) * log2(Fraction(total, count)) for count in counts)
