"""The claims of notes 002 and 004: routes of tokens to experts, and the cache that holds these."""

from typing import Final

from homeostat.proofs.claims import Claim
from homeostat.proofs.theory.experts import (
    chains,
    chance_measured,
    optimum,
    policies_measured,
    refuted,
    residency,
    returns,
    routing_measured,
)

__all__ = ["CLAIMS"]

CLAIMS: Final[tuple[Claim, ...]] = (
    *chains.CLAIMS,
    *returns.CLAIMS,
    *residency.CLAIMS,
    *optimum.CLAIMS,
    *refuted.CLAIMS,
    *routing_measured.CLAIMS,
    *chance_measured.CLAIMS,
    *policies_measured.CLAIMS,
)
