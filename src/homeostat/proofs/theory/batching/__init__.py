"""The claims of note 003: two-type continuous batching, Theory against Simulation."""

from typing import Final

from homeostat.proofs.claims import Claim
from homeostat.proofs.theory.batching import (
    conservation,
    convergence,
    deltas,
    dominance,
    fixed_point,
    horizons,
    measured,
    merging,
    runtime,
    stability,
    tables,
    thresholds,
)

__all__ = ["CLAIMS"]

CLAIMS: Final[tuple[Claim, ...]] = (
    *conservation.CLAIMS,
    *merging.CLAIMS,
    *fixed_point.CLAIMS,
    *stability.CLAIMS,
    *thresholds.CLAIMS,
    *convergence.CLAIMS,
    *dominance.CLAIMS,
    *horizons.CLAIMS,
    *deltas.CLAIMS,
    *tables.CLAIMS,
    *measured.CLAIMS,
    *runtime.CLAIMS,
)
