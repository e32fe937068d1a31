"""A simulated serving engine around the scheduler that really runs."""

from homeostat.runtime.simulator.bids import with_bids
from homeostat.runtime.simulator.comparing import (
    PUBLISHED_ERROR,
    Error,
    Peaks,
    compared,
    demand_conserved,
    measured_summary,
    peaks_of,
)
from homeostat.runtime.simulator.fitting import Fit, fit_step_time
from homeostat.runtime.simulator.results import SCHEMA, Setting, simulation_document
from homeostat.runtime.simulator.simulation import Run, Step, requests_of, simulate
from homeostat.runtime.simulator.step_time import StepTime, Work

__all__ = [
    "PUBLISHED_ERROR",
    "SCHEMA",
    "Error",
    "Fit",
    "Peaks",
    "Run",
    "Setting",
    "Step",
    "StepTime",
    "Work",
    "compared",
    "demand_conserved",
    "fit_step_time",
    "measured_summary",
    "peaks_of",
    "requests_of",
    "simulate",
    "simulation_document",
    "with_bids",
]
