import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

import pytest

from homeostat.errors import InvalidInputError
from homeostat.runtime.scheduler import Limits, Scheduler, policy_named
from homeostat.runtime.simulator import (
    Error,
    StepTime,
    compared,
    fit_step_time,
    measured_summary,
    requests_of,
    simulate,
)
from homeostat.runtime.simulator.workloads import Workload, workload_named
from homeostat.runtime.traces import MeasuredTimes, Trace, TraceRequest
from homeostat.runtime.traces.fetching import MissingDataError

VLLM = policy_named("vllm")
LIMITS = Limits(kv_blocks=600, block_tokens=16, tokens_per_step=512, sequences_max=64)
TRUTH = StepTime(
    step_ns=12e6, prefill_token_ns=60e3, context_token_ns=400.0, attention_pair_ns=20.0
)
FITTED = 40


def a_measured_trace(step_time: StepTime = TRUTH, *, count: int = 80) -> Trace:
    """Return a trace with the times of an engine whose step time is known."""
    rng = random.Random(3)
    plain = Trace.of(
        "made",
        [
            TraceRequest(
                arrival_ns=rng.randrange(20 * 10**9),
                prompt_tokens=rng.randrange(20, 900),
                output_tokens=rng.randrange(2, 200),
            )
            for _ in range(count)
        ],
    )
    requests = requests_of(plain)
    run = simulate(requests, Scheduler(LIMITS, VLLM), step_time)
    starts = [step.start_ns for step in run.steps]
    rows = []
    for sequence in run.finished:
        # An overlapping engine decides to admit when the step before begins.
        assert sequence.admitted_ns is not None
        before = starts[max(0, bisect_left(starts, sequence.admitted_ns) - 1)]
        assert sequence.first_token_ns is not None
        assert sequence.finished_ns is not None
        arrival = sequence.request.arrival_ns
        rows.append(
            TraceRequest(
                arrival_ns=arrival,
                prompt_tokens=sequence.request.prompt_tokens,
                output_tokens=sequence.generated,
                measured=MeasuredTimes(
                    queued_ns=arrival,
                    scheduled_ns=max(before, arrival),
                    first_token_ns=sequence.first_token_ns,
                    last_token_ns=sequence.finished_ns,
                ),
            )
        )
    return Trace.of("made", rows)


def with_times(trace: Trace, times: Sequence[MeasuredTimes]) -> Trace:
    """Return a trace with other times, each request still queued when it was."""
    requests = []
    for request, time in zip(trace.requests, times, strict=True):
        assert request.measured is not None
        queued = request.measured.queued_ns
        requests.append(replace(request, measured=replace(time, queued_ns=queued)))
    return Trace(trace.name, tuple(requests))


def times_of(trace: Trace) -> list[MeasuredTimes]:
    times = [request.measured for request in trace.requests]
    return [time for time in times if time is not None]


@pytest.mark.slow
def test_a_known_step_time_is_found_again() -> None:
    trace = a_measured_trace()
    fit = fit_step_time(trace, LIMITS, VLLM, count=FITTED)
    for name, value in TRUTH.to_json().items():
        assert fit.step_time.to_json()[name] == pytest.approx(value, rel=0.02), name
    assert fit.residual_p50 < 0.002
    # The whole run follows, of which half was never looked at.
    run = simulate(requests_of(trace), Scheduler(LIMITS, VLLM), fit.step_time)
    errors = sizes_of(compared(run, trace))
    assert len(errors) == 6
    assert max(errors.values()) < 0.01, errors


@pytest.mark.slow
def test_the_times_of_later_requests_are_not_used() -> None:
    trace = a_measured_trace()
    times = times_of(trace)
    later = times[FITTED:]
    random.Random(0).shuffle(later)
    other = with_times(trace, [*times[:FITTED], *later])
    assert other != trace
    fits = [fit_step_time(t, LIMITS, VLLM, count=FITTED) for t in (trace, other)]
    assert fits[0] == fits[1]
    # The same change among the first ones is seen.
    first = times[:FITTED]
    random.Random(0).shuffle(first)
    changed = with_times(trace, [*first, *times[FITTED:]])
    assert fit_step_time(changed, LIMITS, VLLM, count=FITTED) != fits[0]


@pytest.mark.slow
def test_times_that_no_engine_has_are_told_by_the_error() -> None:
    trace = a_measured_trace()
    sound = fit_step_time(trace, LIMITS, VLLM, count=FITTED)
    times = times_of(trace)
    random.Random(0).shuffle(times)
    shuffled = fit_step_time(with_times(trace, times), LIMITS, VLLM, count=FITTED)
    assert shuffled.error_mean_ns > 20 * sound.error_mean_ns
    # So are limits that the engine did not have.
    smaller = replace(LIMITS, kv_blocks=LIMITS.kv_blocks // 4)
    assert fit_step_time(trace, smaller, VLLM, count=FITTED).error_mean_ns > (
        20 * sound.error_mean_ns
    )


def test_a_fit_needs_measured_times_of_enough_requests() -> None:
    trace = a_measured_trace(count=20)
    for count in (9, 21):
        with pytest.raises(InvalidInputError, match=f"fit={count}"):
            fit_step_time(trace, LIMITS, VLLM, count=count)
    bare = Trace(trace.name, tuple(replace(r, measured=None) for r in trace.requests))
    with pytest.raises(InvalidInputError, match="measured times"):
        fit_step_time(bare, LIMITS, VLLM, count=10)
    with pytest.raises(InvalidInputError, match="measured times"):
        measured_summary(bare)
    with pytest.raises(InvalidInputError, match="do not fit"):
        fit_step_time(trace, replace(LIMITS, kv_blocks=4), VLLM, count=10)


def test_a_measured_summary_is_what_the_times_say() -> None:
    trace = a_measured_trace(count=12)
    summary = measured_summary(trace)
    waits = [t.first_token_ns - t.queued_ns for t in times_of(trace)]
    assert summary.ttft_ns.mean == pytest.approx(sum(waits) / 12)
    assert summary.makespan_ns == max(t.last_token_ns for t in times_of(trace))
    assert summary.requests == 12


def sizes_of(errors: Sequence[Error]) -> dict[str, float]:
    return {error.name: abs(error.relative) for error in errors if error.relative is not None}


def the_real_run() -> Workload:
    try:
        return workload_named("vllm-rtx4090")
    except MissingDataError as error:
        pytest.skip(str(error))


def real_limits(workload: Workload) -> Limits:
    assert workload.engine is not None
    return workload.engine.limits


@pytest.mark.slow
def test_the_real_run_is_foretold_from_its_first_hundred_requests() -> None:
    workload = the_real_run()
    limits = real_limits(workload)
    fit = fit_step_time(workload.trace, limits, VLLM)
    requests = requests_of(workload.trace)
    run = simulate(requests, Scheduler(limits, VLLM), fit.step_time)
    errors = sizes_of(compared(run, workload.trace, workload.samples))
    assert errors["ttft_mean_s"] < 0.05
    assert max(errors.values()) < 0.05, errors
    # A step time that is off by a tenth does not pass.
    slower = StepTime(**{name: 1.1 * ns for name, ns in fit.step_time.to_json().items()})
    run = simulate(requests, Scheduler(limits, VLLM), slower)
    worse = sizes_of(compared(run, workload.trace, workload.samples))
    assert worse["ttft_mean_s"] > 0.05


@pytest.mark.slow
def test_on_the_real_run_the_later_times_are_not_used() -> None:
    workload = the_real_run()
    limits = real_limits(workload)
    times = sorted(times_of(workload.trace), key=lambda time: time.queued_ns)
    ordered = sorted(
        workload.trace.requests, key=lambda r: r.measured.queued_ns if r.measured else 0
    )
    later = times[100:]
    random.Random(0).shuffle(later)
    trace = Trace("real", tuple(replace(r, arrival_ns=i) for i, r in enumerate(ordered)))
    other = with_times(trace, [*times[:100], *later])
    fits = [fit_step_time(t, limits, VLLM) for t in (trace, other)]
    assert fits[0] == fits[1]
