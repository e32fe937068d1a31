"""Langevin dynamics on a potential: two updates and the laws they keep (note 000, concept 2)."""

from homeostat.models.langevin.stationary import (
    Covariance,
    Map,
    Well,
    baoab_covariance,
    baoab_dt_max,
    baoab_map,
    gibbs_covariance,
    is_stable,
    note_covariance,
    note_dt_max,
    note_map,
    stationary_covariance,
)
from homeostat.models.langevin.steps import (
    baoab_step,
    kick_variance,
    noise_variance,
    note_step,
    velocity_kept,
)

__all__ = [
    "Covariance",
    "Map",
    "Well",
    "baoab_covariance",
    "baoab_dt_max",
    "baoab_map",
    "baoab_step",
    "gibbs_covariance",
    "is_stable",
    "kick_variance",
    "noise_variance",
    "note_covariance",
    "note_dt_max",
    "note_map",
    "note_step",
    "stationary_covariance",
    "velocity_kept",
]
