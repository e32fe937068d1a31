"""Traces of requests: readers of public formats, invented arrivals, and public files."""

from homeostat.runtime.traces.azure import read_azure
from homeostat.runtime.traces.mooncake import read_mooncake
from homeostat.runtime.traces.reading import read_trace
from homeostat.runtime.traces.trace import MeasuredTimes, Trace, TraceRequest
from homeostat.runtime.traces.vllm import (
    Engine,
    EngineSample,
    VllmRun,
    read_vllm,
    read_vllm_run,
)

__all__ = [
    "Engine",
    "EngineSample",
    "MeasuredTimes",
    "Trace",
    "TraceRequest",
    "VllmRun",
    "read_azure",
    "read_mooncake",
    "read_trace",
    "read_vllm",
    "read_vllm_run",
]
