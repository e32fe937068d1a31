"""What one expert tells about the next, and whether a figure differs from what chance gives.

Mutual information I = sum_ij (N_ij/T) log2(N_ij T / (r_i c_j)) is 0 exactly where N has rank one.
Estimated from finitely many transitions it is never 0, so it is read against a null: the same
marginals, successors dealt out at random (``shuffled``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from homeostat.errors import InvalidInputError
from homeostat.models.routing.counts import Counts, rank_one_counts, shuffled

__all__ = [
    "DRAWS_MAX",
    "Comparison",
    "against_null",
    "distance_from_rank_one",
    "mutual_information_bits",
    "null_samples",
]

DRAWS_MAX: Final = 100_000


def mutual_information_bits(counts: Counts) -> float:
    """Return I in bits, >= 0 up to rounding."""
    share = counts / counts.sum()
    by_chance = rank_one_counts(counts) / counts.sum()
    seen = counts > 0
    return float(np.sum(share[seen] * np.log2(share[seen] / by_chance[seen])))


def distance_from_rank_one(counts: Counts) -> float:
    """Return half the sum of |N_ij - r_i c_j / T| / T: total variation, in [0, 1).

    The part of the transitions that would have to change for successors to be independent.
    """
    return float(np.abs(counts - rank_one_counts(counts)).sum() / (2 * counts.sum()))


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure beside the same figure of samples from the null.

    Attributes:
        observed: The figure of the data.
        mean: Of the null.
        deviation: Standard deviation of the null, 0 or more.
        least: Smallest of the null.
        most: Largest of the null.
        p_above: Probability of chance giving the observed or more, (1 + above) / (1 + draws):
            valid as it stands, never 0 (Phipson and Smyth, 2010).
        p_below: The same for the observed or less.
    """

    observed: float
    mean: float
    deviation: float
    least: float
    most: float
    p_above: float
    p_below: float

    @property
    def z(self) -> float | None:
        """How many deviations the observed is above the mean; None if the null never varies."""
        return (self.observed - self.mean) / self.deviation if self.deviation > 0 else None

    @classmethod
    def of(cls, observed: float, null: Sequence[float]) -> "Comparison":
        """Return the comparison with two or more samples.

        Raises:
            InvalidInputError: There are fewer.
        """
        if len(null) < 2:
            raise InvalidInputError(f"{len(null)} draws of the null must be 2 or more")
        values = np.asarray(null, dtype=np.float64)
        return cls(
            observed=float(observed),
            mean=float(values.mean()),
            deviation=float(values.std(ddof=1)),
            least=float(values.min()),
            most=float(values.max()),
            p_above=float(1 + np.sum(values >= observed)) / (1 + len(values)),
            p_below=float(1 + np.sum(values <= observed)) / (1 + len(values)),
        )


def null_samples(
    counts: Counts,
    figures: Sequence[Callable[[Counts], float]],
    *,
    draws: int,
    seed: int | Sequence[int],
) -> list[tuple[float, ...]]:
    """Return the figures of counts dealt out at random, one tuple for each draw.

    Args:
        counts: Whose marginals are kept.
        figures: Each is taken of every draw.
        draws: How many, 2 to 100,000.
        seed: The same seed gives the same draws.

    Raises:
        InvalidInputError: ``draws`` is out of range.
    """
    if not 2 <= draws <= DRAWS_MAX:
        raise InvalidInputError(f"draws={draws} must be >= 2 and <= {DRAWS_MAX}")
    rng = np.random.default_rng(seed)
    return [
        tuple(figure(dealt) for figure in figures)
        for dealt in (shuffled(counts, rng) for _ in range(draws))
    ]


def against_null(
    counts: Counts,
    figures: Sequence[Callable[[Counts], float]],
    *,
    draws: int,
    seed: int | Sequence[int],
) -> tuple[Comparison, ...]:
    """Return each figure of the counts beside the null's; arguments as of ``null_samples``."""
    samples = null_samples(counts, figures, draws=draws, seed=seed)
    return tuple(
        Comparison.of(figure(counts), values)
        for figure, values in zip(figures, zip(*samples, strict=True), strict=True)
    )
