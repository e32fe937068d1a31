"""What is measured of a scheduler: a summary of a finished run, and live Prometheus metrics."""

from homeostat.runtime.metrics.prometheus import SchedulerMetrics
from homeostat.runtime.metrics.summary import Distribution, Summary, distribution, summarise

__all__ = [
    "Distribution",
    "SchedulerMetrics",
    "Summary",
    "distribution",
    "summarise",
]
