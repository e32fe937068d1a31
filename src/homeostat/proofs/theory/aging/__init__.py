"""The claims of note 001, section 3: the lazy-aging queue."""

from typing import Final

from homeostat.proofs.claims import Claim
from homeostat.proofs.theory.aging import doubles, measured, proved, refuted

__all__ = ["CLAIMS"]

CLAIMS: Final[tuple[Claim, ...]] = (
    *proved.CLAIMS,
    *refuted.CLAIMS,
    *doubles.CLAIMS,
    *measured.CLAIMS,
)
