"""Finding a step time from a measured run, by simulating it again and again.

Which steps lie between two measured times is not recorded; a simulation tells. So: simulate with
a guess, match the measured times of the first requests with the simulated steps, find the
coefficients that explain the time between matched steps, go on with those. Where the simulation
has evicted others than the engine did, matches are wrong by far; so residuals are relative, and
large ones count little (Cauchy's loss). Of all guesses the one is returned whose simulated times
are closest to the measured ones.

Only times of the first requests are read. The others are load: their arrivals and lengths are the
workload, their times are not used.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from scipy.optimize import nnls

from homeostat.errors import InvalidInputError
from homeostat.runtime.scheduler import Limits, Policy, Request, Scheduler
from homeostat.runtime.simulator.matching import Floats, Matches
from homeostat.runtime.simulator.simulation import Run, requests_of, simulate
from homeostat.runtime.simulator.step_time import StepTime
from homeostat.runtime.traces import MeasuredTimes, Trace

__all__ = ["FIT_COUNT_MIN", "Fit", "fit_step_time"]

FIT_COUNT_MIN: Final = 10
"""Requests at least whose times are fitted: four coefficients need more than a few."""

_ROUNDS_MAX: Final = 40
_MOVED_MIN: Final = 1e-3
"""A guess that moves by no larger part than this is the last."""
_REWEIGHTINGS: Final = 20
_DAMPING: Final = 0.5
"""How far a guess moves towards the next: too far, and the simulation evicts others."""
_RESIDUAL_HALF: Final = 0.02
"""Relative residual whose square counts half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A step time, and what it leaves unexplained.

    Attributes:
        step_time: The coefficients.
        requests: How many requests' times were used.
        intervals: How many intervals between matched times there were.
        residual_p50, residual_p90: Of the absolute relative residuals of these intervals.
        error_mean_ns: Mean distance of these requests' simulated admissions, first and last
            tokens from the measured ones.
        errors_ns: The same of each guess in turn.
    """

    step_time: StepTime
    requests: int
    intervals: int
    residual_p50: float
    residual_p90: float
    error_mean_ns: float
    errors_ns: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON data."""
        return asdict(self)


def fit_step_time(
    trace: Trace,
    limits: Limits,
    policy: Policy,
    *,
    count: int = 100,
    overlap: bool = True,
    reuse: bool = True,
    progress: Callable[[int], object] | None = None,
) -> Fit:
    """Return the step time that explains the first requests' times.

    Args:
        trace: Of a measured run.
        limits: Those it ran under.
        policy: That of its engine.
        count: Requests whose times are used, the first in the order of queueing.
        overlap: As in ``simulate``.
        reuse: As in ``simulate``.
        progress: Told the number of each guess that was tried.

    Raises:
        InvalidInputError: A time is missing, ``count`` out of range, or a request refused.
    """
    times = _first_times(trace, count)
    requests = requests_of(trace)
    guess = _first_guess(times, requests)
    tried: list[tuple[float, Floats, Matches]] = []
    for number in range(_ROUNDS_MAX):
        run = simulate(
            requests,
            Scheduler(limits, policy),
            _step_time(guess),
            overlap=overlap,
            reuse=reuse,
            until=_done_with(count),
        )
        if run.refused:
            raise InvalidInputError(f"requests {run.refused[:5]} do not fit under {limits}")
        matches = Matches.of(run, times, overlap=overlap)
        tried.append((float(np.abs(matches.distances_ns).mean()), guess, matches))
        if progress is not None:
            progress(number + 1)
        moved = _DAMPING * (_explained(matches, guess) - guess)
        if bool(np.all(np.abs(moved) <= _MOVED_MIN * guess)):
            break
        guess = guess + moved
    error_ns, best, matches = min(tried, key=lambda entry: entry[0])
    sizes = np.abs(matches.residuals(best))
    return Fit(
        step_time=_step_time(best),
        requests=count,
        intervals=len(sizes),
        residual_p50=float(np.median(sizes)),
        residual_p90=float(np.quantile(sizes, 0.9)),
        error_mean_ns=error_ns,
        errors_ns=tuple(error for error, _, _ in tried),
    )


def _first_times(trace: Trace, count: int) -> list[MeasuredTimes]:
    """Return the times of the first requests, and look at no others but when they were queued."""
    measured = [request.measured for request in trace.requests]
    times = [time for time in measured if time is not None]
    if len(times) != len(measured):
        raise InvalidInputError(f"trace {trace.name!r} must have measured times, to be fitted")
    if not FIT_COUNT_MIN <= count <= len(times):
        raise InvalidInputError(f"fit={count} must be >= {FIT_COUNT_MIN} and <= {len(times)}")
    return sorted(times, key=lambda time: time.queued_ns)[:count]


def _first_guess(times: Sequence[MeasuredTimes], requests: Sequence[Request]) -> Floats:
    """Return a rough start: all time per output token is the step's, and prefill is the rest."""
    outputs = [max(1, requests[i].output_tokens_max - 1) for i in range(len(times))]
    prompts = [requests[i].prompt_tokens for i in range(len(times))]
    step = np.median(
        [(t.last_token_ns - t.first_token_ns) / n for t, n in zip(times, outputs, strict=True)]
    )
    token = np.median(
        [(t.first_token_ns - t.scheduled_ns) / n for t, n in zip(times, prompts, strict=True)]
    )
    return np.array([step, token / 2, 0.0, 0.0])


def _step_time(coefficients: Floats) -> StepTime:
    step, prefill, context, pair = coefficients.tolist()
    return StepTime(
        step_ns=step,
        prefill_token_ns=prefill,
        context_token_ns=context,
        attention_pair_ns=pair,
    )


def _done_with(count: int) -> Callable[[Run], bool]:
    """Return whether the first requests have all finished: later steps say nothing of them."""
    return lambda run: sum(int(s.request.id) < count for s in run.finished) == count


def _explained(matches: Matches, guess: Floats) -> Floats:
    """Return the coefficients >= 0 of least Cauchy loss, by reweighted least squares."""
    coefficients = guess
    relative = matches.work / (matches.work @ guess)[:, None]
    target = matches.measured_ns / (matches.work @ guess)
    unit = np.maximum(relative.max(axis=0), np.finfo(float).tiny)
    for _ in range(_REWEIGHTINGS):
        residuals = (target - relative @ coefficients) / _RESIDUAL_HALF
        weights = 1 / np.sqrt(1 + residuals**2)
        scaled, _ = nnls(weights[:, None] * relative / unit, weights * target)
        coefficients = scaled / unit
    return coefficients
