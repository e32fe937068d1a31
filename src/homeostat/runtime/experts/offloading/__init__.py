"""The cache of experts under a model of transformers: one line, and the outputs stay the same."""

from homeostat.runtime.experts.offloading.extra import NEEDED
from homeostat.runtime.experts.offloading.offloaded import Offloaded, offload
from homeostat.runtime.experts.offloading.probe import RouteRecorder, record_routes
from homeostat.runtime.experts.offloading.reports import LayerReport, OffloadReport

__all__ = [
    "NEEDED",
    "LayerReport",
    "OffloadReport",
    "Offloaded",
    "RouteRecorder",
    "offload",
    "record_routes",
]
