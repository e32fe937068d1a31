"""The claims of note 000: phases, agents, tokens, games, barriers and the airlock of a cluster."""

from typing import Final

from homeostat.proofs.claims import Claim
from homeostat.proofs.theory.governor import (
    airlock,
)

__all__ = ["CLAIMS"]

CLAIMS: Final[tuple[Claim, ...]] = (*airlock.CLAIMS,)
