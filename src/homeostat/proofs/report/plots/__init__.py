"""The report's plots, each drawn in two widths; SVG text that is the same on every run."""

from homeostat.proofs.report.plots.estimate import draw_estimates, has_intervals
from homeostat.proofs.report.plots.failure_map import (
    FailureMap,
    draw_failure_maps,
    stage_pairs,
    swept_failures,
)
from homeostat.proofs.report.plots.mode_tree import draw_tree, is_small
from homeostat.proofs.report.plots.regions import (
    PLANES,
    ThreeStages,
    draw_shadows,
    draw_triangles,
)
from homeostat.proofs.report.plots.sensor import draw_sensor
from homeostat.proofs.report.plots.spreads import draw_spreads
from homeostat.proofs.report.plots.style import LAYOUTS, Layout
from homeostat.proofs.report.plots.witness import draw_witness

__all__ = [
    "LAYOUTS",
    "PLANES",
    "FailureMap",
    "Layout",
    "ThreeStages",
    "draw_estimates",
    "draw_failure_maps",
    "draw_sensor",
    "draw_shadows",
    "draw_spreads",
    "draw_tree",
    "draw_triangles",
    "draw_witness",
    "has_intervals",
    "is_small",
    "stage_pairs",
    "swept_failures",
]
