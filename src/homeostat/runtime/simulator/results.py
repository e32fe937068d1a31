"""A simulation as JSON data, ``homeostat.simulation/1``: for the command line and for pages."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

from homeostat.errors import InvalidInputError
from homeostat.runtime.metrics import summarise
from homeostat.runtime.scheduler import PRESETS, Limits, Policy, Request
from homeostat.runtime.simulator.bids import BIDS, ttft_by_bid_ns
from homeostat.runtime.simulator.comparing import compared, measured_summary, peaks_of
from homeostat.runtime.simulator.fitting import Fit
from homeostat.runtime.simulator.simulation import Run
from homeostat.runtime.simulator.step_time import StepTime
from homeostat.runtime.traces import EngineSample, Trace

__all__ = ["SCHEMA", "Setting", "simulation_document"]

SCHEMA: Final = "homeostat.simulation/1"
_POINTS: Final = 300
"""So many points of a timeline are kept: more than a plot can show."""
_QUANTILES: Final = 101


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """All that a simulation depends on but the policy.

    Attributes:
        trace: What arrives.
        requests: The same, as the scheduler sees it.
        limits: Of the engine.
        step_time: Of the engine.
        overlap, reuse: As in ``simulate``.
        bids_seed: That of ``with_bids``, if the requests have bids from there.
        fit: Where the step time was fitted to this trace, how well.
        samples: The measured engine's gauges.
    """

    trace: Trace
    requests: tuple[Request, ...]
    limits: Limits
    step_time: StepTime
    overlap: bool
    reuse: bool
    bids_seed: int | None = None
    fit: Fit | None = None
    samples: tuple[EngineSample, ...] = field(default=())

    @property
    def measured(self) -> bool:
        """Whether all times of the trace were measured."""
        return all(request.measured is not None for request in self.trace.requests)


def simulation_document(setting: Setting, runs: Sequence[tuple[Policy, Run]]) -> dict[str, Any]:
    """Return what was simulated and what came of it.

    Args:
        setting: Shared by all runs.
        runs: One or more. That under the measured engine's policy, "vllm", is compared with what
            was measured.

    Raises:
        InvalidInputError: A run finished nothing.
    """
    requests = setting.requests
    return {
        "schema": SCHEMA,
        "trace": {
            "name": setting.trace.name,
            "requests": len(requests),
            "prompt_tokens": sum(request.prompt_tokens for request in requests),
            "output_tokens": sum(request.output_tokens_max for request in requests),
            "arrivals_s": requests[-1].arrival_ns / 1e9,
        },
        "limits": asdict(setting.limits),
        "overlap": setting.overlap,
        "reuse": setting.reuse,
        "bids": None if setting.bids_seed is None else {"seed": setting.bids_seed, "count": BIDS},
        "step_time": setting.step_time.to_json(),
        "fit": setting.fit.to_json() if setting.fit else None,
        "measured": _measured(setting) if setting.measured else None,
        "comparison": _comparison(setting, runs),
        "runs": [_run(policy, run, setting) for policy, run in runs],
    }


def _comparison(setting: Setting, runs: Sequence[tuple[Policy, Run]]) -> list[Any] | None:
    found = [run for policy, run in runs if policy.name == PRESETS["vllm"]]
    if not found or not setting.measured:
        return None
    return [error.to_json() for error in compared(found[0], setting.trace, setting.samples)]


def _measured(setting: Setting) -> dict[str, Any]:
    summary = measured_summary(setting.trace)
    times = [r.measured for r in setting.trace.requests if r.measured is not None]
    return {
        "ttft_mean_s": summary.ttft_ns.mean / 1e9,
        "ttft_quantiles_s": _quantiles([t.first_token_ns - t.queued_ns for t in times]),
        "timeline": {
            "time_s": [sample.time_ns / 1e9 for sample in setting.samples],
            "running": [sample.running for sample in setting.samples],
            "waiting": [sample.waiting for sample in setting.samples],
            "kv_percent": [sample.kv_percent for sample in setting.samples],
        },
    }


def _run(policy: Policy, run: Run, setting: Setting) -> dict[str, Any]:
    if not run.finished:
        raise InvalidInputError(f"policy {policy.name}: no request fits under {setting.limits}")
    summary = summarise(run.finished)
    peaks = peaks_of(run)
    return {
        "policy": policy.name,
        "window_ns": policy.window_ns if policy.window != "none" else None,
        "refused": len(run.refused),
        "summary": summary.to_json(),
        "running_peak": peaks.running,
        "waiting_peak": peaks.waiting,
        "steps": len(run.steps),
        "reused_tokens": run.reused_tokens,
        "busy": sum(s.end_ns - s.start_ns for s in run.steps) / run.steps[-1].end_ns,
        "ttft_quantiles_s": _quantiles(
            [(s.first_token_ns or 0) - s.request.arrival_ns for s in run.finished]
        ),
        "ttft_by_bid_s": None if setting.bids_seed is None else _by_bid(run),
        "timeline": _timeline(run, setting.limits),
    }


def _by_bid(run: Run) -> list[float | None]:
    return [None if mean is None else mean / 1e9 for mean in ttft_by_bid_ns(run.finished)]


def _quantiles(values_ns: Sequence[int]) -> list[float]:
    """Return the 0th, 1st, ... 100th percentile in seconds."""
    points = np.quantile(np.asarray(values_ns), np.linspace(0, 1, _QUANTILES)) / 1e9
    return [round(value, 6) for value in points.tolist()]


def _timeline(run: Run, limits: Limits) -> dict[str, list[float]]:
    """Return what the scheduler held, at evenly spaced times."""
    ends = np.array([step.end_ns for step in run.steps])
    times = np.linspace(0, ends[-1], _POINTS)
    at = [run.steps[i] for i in np.searchsorted(ends, times).tolist()]
    # Between two steps the engine stands still and holds nothing.
    busy = [step.start_ns <= time for step, time in zip(at, times.tolist(), strict=True)]
    pairs = list(zip(at, busy, strict=True))
    return {
        "time_s": [round(time / 1e9, 3) for time in times.tolist()],
        "running": [step.running if on else 0 for step, on in pairs],
        "waiting": [step.waiting if on else 0 for step, on in pairs],
        "kv_percent": [
            round(100 * step.blocks_used / limits.kv_blocks, 2) if on else 0.0 for step, on in pairs
        ],
    }
