"""Means with intervals over seeds, and who is better where both ran on the same seeds.

Runs of two policies on one seed share jobs and faults, so what counts is the difference seed by
seed: most of what differs between seeds cancels in it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from scipy.stats import t as student

from homeostat.errors import InvalidInputError

__all__ = ["LEVEL", "Interval", "Outcome", "interval", "paired"]

LEVEL: Final = 0.95
"""Of every interval, each by itself: one in twenty misses its mean."""


class Outcome(StrEnum):
    """How one policy did against another in one measure."""

    WINS = "wins"
    TIES = "ties"
    LOSES = "loses"


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and Student's interval of it; one value alone has an interval without ends."""

    mean: float
    low: float
    high: float


def interval(values: Sequence[float], *, level: float = LEVEL) -> Interval:
    """Return the mean of independent values and its interval, by Student's t.

    Raises:
        InvalidInputError: There is no value, or one is not finite.
    """
    count = len(values)
    if not count or not all(map(math.isfinite, values)):
        raise InvalidInputError(f"values={list(values)!r:.60} must be finite, and one or more")
    mean = math.fsum(values) / count
    if count == 1:
        return Interval(mean, -math.inf, math.inf)
    variance = math.fsum((x - mean) ** 2 for x in values) / (count - 1)
    half = _quantile((1 + level) / 2, count - 1) * math.sqrt(variance / count)
    return Interval(mean, mean - half, mean + half)


@cache
def _quantile(probability: float, degrees: int) -> float:
    return float(student.ppf(probability, degrees))


def paired(
    ours: Sequence[float], theirs: Sequence[float], *, higher_is_better: bool, level: float = LEVEL
) -> tuple[Interval, Outcome]:
    """Return ours less theirs, seed by seed, and who is better beyond chance.

    It is a tie wherever the interval of the difference holds 0, its ends included.

    Raises:
        InvalidInputError: They are not of equally many seeds, or of none.
    """
    if len(ours) != len(theirs):
        raise InvalidInputError(f"{len(ours)} and {len(theirs)} seeds must be the same")
    found = interval([a - b for a, b in zip(ours, theirs, strict=True)], level=level)
    if found.low <= 0 <= found.high:
        return found, Outcome.TIES
    return found, Outcome.WINS if (found.mean > 0) is higher_is_better else Outcome.LOSES
