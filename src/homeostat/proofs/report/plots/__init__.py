"""The report's plots, each drawn in two widths; SVG text that is the same on every run."""

from homeostat.proofs.report.plots.estimate import draw_estimates, has_intervals
from homeostat.proofs.report.plots.failure_map import (
    FailureMap,
    draw_failure_maps,
    stage_pairs,
    swept_failures,
)
from homeostat.proofs.report.plots.spreads import draw_spreads
from homeostat.proofs.report.plots.style import LAYOUTS, Layout
from homeostat.proofs.report.plots.witness import draw_witness

__all__ = [
    "LAYOUTS",
    "FailureMap",
    "Layout",
    "draw_estimates",
    "draw_failure_maps",
    "draw_spreads",
    "draw_witness",
    "has_intervals",
    "stage_pairs",
    "swept_failures",
]
