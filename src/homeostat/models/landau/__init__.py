"""Landau's free energy, and a controller that avoids its critical point (note 000, concept 3)."""

from homeostat.models.landau.controller import (
    COLD,
    HOT,
    Control,
    ControlState,
    Damping,
    next_damping,
    next_state,
    ticks_of_crossing,
)
from homeostat.models.landau.energy import (
    Landau,
    free_energy,
    minimiser,
    minimiser_squared,
    relax,
    relaxation_rate,
    slope,
)

__all__ = [
    "COLD",
    "HOT",
    "Control",
    "ControlState",
    "Damping",
    "Landau",
    "free_energy",
    "minimiser",
    "minimiser_squared",
    "next_damping",
    "next_state",
    "relax",
    "relaxation_rate",
    "slope",
    "ticks_of_crossing",
]
