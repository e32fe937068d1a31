"""A simulated run beside the measured one, and the check that a run lost or invented nothing."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from homeostat.errors import InvalidInputError
from homeostat.models.aging import NANOSECONDS
from homeostat.runtime.metrics import Summary, summarise
from homeostat.runtime.scheduler import Request
from homeostat.runtime.scheduler import Sequence as ServedSequence
from homeostat.runtime.simulator.simulation import Run, requests_of
from homeostat.runtime.traces import EngineSample, Trace

__all__ = [
    "PUBLISHED_ERROR",
    "Error",
    "Peaks",
    "compared",
    "demand_conserved",
    "measured_summary",
    "peaks_of",
]

PUBLISHED_ERROR: Final = 0.009
"""Relative error of the best simulator of such a run that we know, as published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """One figure, simulated and measured, in the unit that its name ends in."""

    name: str
    simulated: float
    measured: float

    @property
    def relative(self) -> float | None:
        """Simulated over measured, less 1; None where 0 was measured."""
        return self.simulated / self.measured - 1 if self.measured else None

    def to_json(self) -> dict[str, Any]:
        """Return the fields, the relative error and the published one as JSON data."""
        return {
            **asdict(self),
            "relative_error": self.relative,
            "published_error": PUBLISHED_ERROR,
        }


@dataclass(frozen=True, slots=True)
class Peaks:
    """The most sequences that ran, and that waited, as seen once a second."""

    running: int
    waiting: int


def measured_summary(trace: Trace) -> Summary:
    """Return the summary of what an engine did; evictions and waste were not measured.

    Raises:
        InvalidInputError: A time is missing.
    """
    times = [request.measured for request in trace.requests]
    if any(time is None for time in times):
        raise InvalidInputError(f"trace {trace.name!r} must have measured times")
    ordered = sorted((time for time in times if time is not None), key=lambda t: t.queued_ns)
    return summarise(
        ServedSequence(
            request,
            generated=request.output_tokens_max,
            first_token_ns=time.first_token_ns,
            finished_ns=time.last_token_ns,
        )
        for request, time in zip(requests_of(trace), ordered, strict=True)
    )


def peaks_of(run: Run) -> Peaks:
    """Return the peaks of a run as a reader of its gauges once a second would see them."""
    running = waiting = 0
    next_ns = 0
    for step in run.steps:
        if step.end_ns > next_ns:
            running, waiting = max(running, step.running), max(waiting, step.waiting)
            next_ns = (step.end_ns // NANOSECONDS + 1) * NANOSECONDS
    return Peaks(running, waiting)


def compared(run: Run, trace: Trace, samples: Sequence[EngineSample] = ()) -> tuple[Error, ...]:
    """Return the figures of a run beside those measured.

    Args:
        run: Of this trace.
        trace: With measured times.
        samples: What the engine's gauges showed, if anyone read them.
    """
    simulated, measured = summarise(run.finished), measured_summary(trace)
    readings: list[tuple[str, Callable[[Summary], float]]] = [
        ("ttft_mean_s", lambda s: s.ttft_ns.mean / 1e9),
        ("ttft_p50_s", lambda s: s.ttft_ns.p50 / 1e9),
        ("ttft_p99_s", lambda s: s.ttft_ns.p99 / 1e9),
        ("makespan_s", lambda s: s.makespan_ns / 1e9),
    ]
    if simulated.tpot_ns is not None and measured.tpot_ns is not None:
        readings += [
            ("tpot_mean_ms", lambda s: s.tpot_ns.mean / 1e6 if s.tpot_ns else 0.0),
            ("tpot_p50_ms", lambda s: s.tpot_ns.p50 / 1e6 if s.tpot_ns else 0.0),
        ]
    errors = [
        Error(name=name, simulated=read(simulated), measured=read(measured))
        for name, read in readings
    ]
    if samples:
        peaks = peaks_of(run)
        errors += [
            Error(
                name="running_peak",
                simulated=peaks.running,
                measured=max(sample.running for sample in samples),
            ),
            Error(
                name="waiting_peak",
                simulated=peaks.waiting,
                measured=max(sample.waiting for sample in samples),
            ),
        ]
    return tuple(errors)


def demand_conserved(requests: Iterable[Request], run: Run) -> None:
    """Demand that a complete run served each request once, in order of time, token for token.

    Every planned token is one of: the prompt and all outputs but the last, once for each finished
    request; or recomputed after an eviction.

    Raises:
        InvalidInputError: It did not; the message shows the first thing wrong. The scheduler or
            the simulator is broken, not the trace.
    """
    asked = {request.id: request for request in requests}
    ended = [sequence.request.id for sequence in run.finished] + run.refused
    if sorted(ended) != sorted(asked):
        raise InvalidInputError(f"{len(ended)} ends of {len(asked)} requests, or not each once")
    for sequence in run.finished:
        _demand_served(asked[sequence.request.id], sequence)
    for before, after in zip(run.steps, run.steps[1:], strict=False):
        if not before.start_ns < before.end_ns <= after.start_ns:
            raise InvalidInputError(f"steps {before} and {after} overlap in time")
    planned = sum(step.tokens for step in run.steps)
    needed = sum(s.request.prompt_tokens + s.generated - 1 + s.recomputed for s in run.finished)
    if planned != needed:
        raise InvalidInputError(f"{planned} tokens were planned, but {needed} were needed")
    computed = sum(step.work.prefill_tokens + step.work.decoding for step in run.steps)
    if computed + run.reused_tokens != planned:
        raise InvalidInputError(
            f"{computed} tokens computed and {run.reused_tokens} reused are not {planned} planned"
        )


def _demand_served(request: Request, sequence: ServedSequence) -> None:
    first, last = sequence.first_token_ns, sequence.finished_ns
    if sequence.generated != request.output_tokens_max:
        raise InvalidInputError(
            f"request {request.id!r}: {sequence.generated} tokens generated, must be "
            f"{request.output_tokens_max}"
        )
    if first is None or last is None or not request.arrival_ns < first <= last:
        raise InvalidInputError(
            f"request {request.id!r}: arrival_ns={request.arrival_ns}, first_token_ns={first}, "
            f"finished_ns={last} must be in this order"
        )
