"""What to simulate, from a name or a file: the trace, and the measured engine if there was one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from homeostat.errors import InvalidInputError
from homeostat.runtime.traces import (
    Engine,
    EngineSample,
    Trace,
    read_trace,
    read_vllm_run,
)
from homeostat.runtime.traces.arrivals import (
    bursty_arrivals,
    generated_trace,
    lognormal_lengths,
)
from homeostat.runtime.traces.fetching import DATASETS, find_data
from homeostat.runtime.traces.files import kind_of

__all__ = ["BURSTY", "Workload", "workload_named"]

BURSTY: Final = "bursty"
"""Name of an invented trace."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A trace; of a measured run also its engine and what its gauges showed, if known."""

    trace: Trace
    engine: Engine | None = None
    samples: tuple[EngineSample, ...] = ()


def workload_named(text: str) -> Workload:
    """Return what a file's path, a data set's name or "bursty" stands for.

    Raises:
        InvalidInputError: Nothing of that name, or the file breaks the rules of its format.
        MissingDataError: The data set is not on this machine.
    """
    if text == BURSTY:
        return Workload(_bursty())
    path = find_data(text) if text in _names() else Path(text)
    if kind_of(path) == "nothing":
        raise InvalidInputError(f"trace {text!r:.200} must be a file, or {', '.join(_names())}")
    trace = read_trace(path)
    if trace.requests[0].measured is None:
        return Workload(trace)
    run = read_vllm_run(path)
    return Workload(run.trace, run.engine, run.samples)


def _names() -> tuple[str, ...]:
    return (*(name for name, held in DATASETS.items() if held.kind == "requests"), BURSTY)


def _bursty() -> Trace:
    """Return 2,000 requests in bursts: 4 a second for some 10 s, then 1 in 2 s for some 30 s.

    Invented, and the same every time. An engine that computes 10,000 prompt tokens a second
    cannot follow the bursts, and catches up between them.
    """
    rng = np.random.default_rng(1)
    arrivals = bursty_arrivals(
        2_000, burst_rate_per_s=4.0, burst_s=10.0, calm_rate_per_s=0.5, calm_s=30.0, rng=rng
    )
    return generated_trace(
        BURSTY,
        arrivals,
        prompt_tokens=lognormal_lengths(median=800, sigma=1.0, maximum=8_192),
        output_tokens=lognormal_lengths(median=150, sigma=0.8, maximum=1_024),
        rng=rng,
    )
