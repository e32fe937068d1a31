"""Entropy of the gaps between arrivals, and what is steered by it (note 001, sections 1, 2, 5)."""

from homeostat.models.entropy.fairness import jain_index
from homeostat.models.entropy.gaps import (
    GAPS_DEFAULT,
    absolute_bins,
    entropy,
    histogram,
    relative_bins,
)
from homeostat.models.entropy.laws import law_entropy
from homeostat.models.entropy.poisson import poisson_entropy
from homeostat.models.entropy.steering import (
    ENTROPY_HIGH,
    ENTROPY_LOW,
    TEMPERATURE_DEFAULT,
    Regime,
    adaptive_window,
    next_regime,
)

__all__ = [
    "ENTROPY_HIGH",
    "ENTROPY_LOW",
    "GAPS_DEFAULT",
    "TEMPERATURE_DEFAULT",
    "Regime",
    "absolute_bins",
    "adaptive_window",
    "entropy",
    "histogram",
    "jain_index",
    "law_entropy",
    "next_regime",
    "poisson_entropy",
    "relative_bins",
]
