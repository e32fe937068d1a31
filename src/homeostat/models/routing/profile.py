"""All figures of one layer's routing side by side, and what chance alone would give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from homeostat.errors import InvalidInputError
from homeostat.models.routing.chain import Chain, Matrix, chain_of
from homeostat.models.routing.classes import components, stationary_laws
from homeostat.models.routing.counts import Counts
from homeostat.models.routing.gaps import GAPS, eigenvalue_gap
from homeostat.models.routing.information import (
    Comparison,
    against_null,
    distance_from_rank_one,
    mutual_information_bits,
)
from homeostat.models.routing.unions import expected_union, law_after

__all__ = [
    "GROWING",
    "STEPS",
    "THRESHOLDS",
    "WALKERS",
    "LayerProfile",
    "UnionProfile",
    "layer_profile",
    "null_profile",
    "union_profile",
]

WALKERS: Final = (1, 2, 4, 8, 16, 32, 64)
"""Numbers of independent walkers whose union is given."""
GROWING: Final = 8
"""Walkers that start on one expert and spread."""
STEPS: Final = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Times at which their union is given."""
THRESHOLDS: Final = tuple(Fraction(n, 100) for n in (0, 1, 2, 3, 4, 5, 6, 8, 10))
"""At which strong components are counted."""


@dataclass(frozen=True, slots=True)
class UnionProfile:
    """How many experts walkers of one chain need, and its gap.

    Attributes:
        gap: 1 - |lambda_2|.
        effective_experts: 2^H of the stationary law, H in bits: as many as a uniform law's.
        stationary: E|union| of ``WALKERS`` walkers, each in the stationary law.
        growth: E|union| after ``STEPS`` of ``GROWING`` walkers that start together, on an expert
            drawn from the stationary law.
    """

    gap: float
    effective_experts: float
    stationary: tuple[float, ...]
    growth: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LayerProfile:
    """What was counted in one layer.

    Attributes:
        transitions: How many.
        left: Experts from which a transition leads, so whose rows are estimated.
        closed_classes: Closed classes of the chain; where an expert was never left its row is
            uniform.
        components: Strong components at the threshold asked for.
        components_at: The same at each of ``THRESHOLDS``.
        gaps: By definition; None where it has no unique meaning, as there are several closed
            classes.
        information_bits: Mutual information of an expert and the next.
        distance: Total variation from independent successors.
        union: None where there are several closed classes.
    """

    transitions: int
    left: int
    closed_classes: int
    components: int
    components_at: tuple[int, ...]
    gaps: Mapping[str, float | None]
    information_bits: float
    distance: float
    union: UnionProfile | None


def union_profile(chain: Chain) -> UnionProfile | None:
    """Return how many experts walkers need; None if there are several closed classes."""
    laws = stationary_laws(chain)
    if len(laws) > 1:
        return None
    law = np.asarray(laws[0][1], dtype=np.float64)
    mass = law[law > 0]
    return UnionProfile(
        gap=eigenvalue_gap(chain),
        effective_experts=float(2 ** -np.sum(mass * np.log2(mass))),
        stationary=tuple(float(expected_union([law] * walkers)) for walkers in WALKERS),
        growth=tuple(float(law @ spread) for spread in _spreads(chain)),
    )


def _spreads(chain: Chain) -> Sequence[Matrix]:
    """Return for each of ``STEPS`` the union of walkers from each common start."""
    starts = np.eye(len(chain.states))
    return [
        np.asarray(expected_union([law_after(chain, starts, steps).T] * GROWING)) for steps in STEPS
    ]


def _gap_or_none(name: str, counts: Counts) -> float | None:
    try:
        return GAPS[name](counts)
    except InvalidInputError:
        # Said by the number of closed classes.
        return None


def layer_profile(counts: Counts, *, threshold: Fraction) -> LayerProfile:
    """Return the figures of one layer; components are counted exactly, in fractions."""
    chain, exact = chain_of(counts), chain_of(counts, exact=True)
    return LayerProfile(
        transitions=int(counts.sum()),
        left=sum(chain.visited),
        closed_classes=len(stationary_laws(chain)),
        components=len(components(exact, threshold=threshold)),
        components_at=tuple(len(components(exact, threshold=t)) for t in THRESHOLDS),
        gaps={name: _gap_or_none(name, counts) for name in GAPS},
        information_bits=mutual_information_bits(counts),
        distance=distance_from_rank_one(counts),
        union=union_profile(chain),
    )


def null_profile(
    counts: Counts, *, threshold: Fraction, draws: int, seed: int | Sequence[int]
) -> dict[str, Comparison]:
    """Return components, gap and information beside those of a memoryless source.

    Args:
        counts: Whose marginals the source shares.
        threshold: Of the components.
        draws: Samples of the source.
        seed: The same seed gives the same samples.

    Raises:
        InvalidInputError: An argument is out of range.
    """
    # A quotient of counts that is not the threshold is far more from it than floats round.
    figures = {
        "components": lambda own: float(len(components(chain_of(own), threshold=float(threshold)))),
        "gap": lambda own: eigenvalue_gap(chain_of(own)),
        "information_bits": mutual_information_bits,
    }
    found = against_null(counts, list(figures.values()), draws=draws, seed=seed)
    return dict(zip(figures, found, strict=True))
