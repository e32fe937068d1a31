"""Congestion games: who shares a resource pays for the load on it (note 000, concept 5).

``players``: finitely many, who each choose resources. ``flow``: so many that shares move. Both have
a potential that falls whenever someone is better off; where nobody can be, it is a Nash
equilibrium.
"""

from homeostat.models.congestion_game.flow import (
    costs_at,
    curvature,
    damped_response,
    damping_for,
    flow_potential,
    polynomial,
)
from homeostat.models.congestion_game.gaps import nash_gap
from homeostat.models.congestion_game.players import CongestionGame

__all__ = [
    "CongestionGame",
    "costs_at",
    "curvature",
    "damped_response",
    "damping_for",
    "flow_potential",
    "nash_gap",
    "polynomial",
]
