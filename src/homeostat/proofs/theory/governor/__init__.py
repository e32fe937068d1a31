"""The claims of note 000: phases, agents, tokens, games, barriers and the airlock of a cluster."""

from typing import Final

from homeostat.proofs.claims import Claim
from homeostat.proofs.theory.governor import (
    airlock,
    barrier,
    barrier_gains,
    barrier_limits,
    barrier_noise,
    deadlock,
    entropy,
    landau,
    langevin,
    langevin_steps,
    market,
    measured,
    nash,
    nash_refuted,
    play,
    slopes,
    slowing,
    swept,
)

__all__ = ["CLAIMS"]

CLAIMS: Final[tuple[Claim, ...]] = (
    *landau.CLAIMS,
    *slowing.CLAIMS,
    *langevin.CLAIMS,
    *langevin_steps.CLAIMS,
    *entropy.CLAIMS,
    *market.CLAIMS,
    *nash.CLAIMS,
    *slopes.CLAIMS,
    *nash_refuted.CLAIMS,
    *play.CLAIMS,
    *airlock.CLAIMS,
    *barrier.CLAIMS,
    *barrier_gains.CLAIMS,
    *barrier_noise.CLAIMS,
    *barrier_limits.CLAIMS,
    *deadlock.CLAIMS,
    *measured.CLAIMS,
    *swept.CLAIMS,
)
