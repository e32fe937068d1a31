"""The claims of note 001, sections 1, 2, 4 and 5: entropy of arrivals, and what it steers."""

from typing import Final

from homeostat.proofs.claims import Claim
from homeostat.proofs.theory.entropy import measured, proved, refuted

__all__ = ["CLAIMS"]

CLAIMS: Final[tuple[Claim, ...]] = (*proved.CLAIMS, *refuted.CLAIMS, *measured.CLAIMS)
