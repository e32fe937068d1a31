"""The claims of note 000: phases, agents, tokens, games, barriers and the airlock of a cluster."""

from typing import Final

from homeostat.proofs.claims import Claim
from homeostat.proofs.theory.governor import (
    airlock,
    nash,
    nash_refuted,
    slopes,
)

__all__ = ["CLAIMS"]

CLAIMS: Final[tuple[Claim, ...]] = (
    *nash.CLAIMS,
    *slopes.CLAIMS,
    *nash_refuted.CLAIMS,
    *airlock.CLAIMS,
)
