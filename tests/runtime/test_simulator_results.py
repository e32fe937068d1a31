from typing import Any

import pytest

from homeostat.errors import InvalidInputError
from homeostat.runtime.scheduler import Limits, Scheduler, policy_named
from homeostat.runtime.simulator import (
    Run,
    Setting,
    StepTime,
    requests_of,
    simulate,
    simulation_document,
)
from homeostat.runtime.traces import EngineSample, MeasuredTimes, Trace, TraceRequest

LIMITS = Limits(kv_blocks=50, block_tokens=4, tokens_per_step=64, sequences_max=8)
TIME = StepTime(step_ns=1e8, prefill_token_ns=0.0, context_token_ns=0.0, attention_pair_ns=0.0)
PAUSE_NS = 60 * 10**9


def a_setting(*, measured: bool) -> Setting:
    """Return two requests a minute apart, each of ten steps of 0.1 s."""
    rows = []
    for number in range(2):
        queued = number * PAUSE_NS
        times = MeasuredTimes(
            queued_ns=queued,
            scheduled_ns=queued,
            first_token_ns=queued + (number + 1) * 10**9,
            last_token_ns=queued + 5 * 10**9,
        )
        rows.append(
            TraceRequest(
                arrival_ns=queued,
                prompt_tokens=8,
                output_tokens=10,
                measured=times if measured else None,
            )
        )
    trace = Trace("two", tuple(rows))
    return Setting(
        trace=trace,
        requests=requests_of(trace),
        limits=LIMITS,
        step_time=TIME,
        overlap=True,
        reuse=True,
        samples=(EngineSample(time_ns=10**9, running=1, waiting=0, kv_percent=4.0),),
    )


def a_document(*, measured: bool = True, policies: tuple[str, ...] = ("vllm",)) -> dict[str, Any]:
    setting = a_setting(measured=measured)
    chosen = [policy_named(name) for name in policies]
    runs = [(p, simulate(setting.requests, Scheduler(LIMITS, p), TIME)) for p in chosen]
    return simulation_document(setting, runs)


def test_an_idle_engine_holds_nothing() -> None:
    (run,) = a_document()["runs"]
    line = run["timeline"]
    assert line["time_s"][0] == 0
    assert line["time_s"][-1] == pytest.approx(61)
    held = {
        (running, kv)
        for time, running, kv in zip(
            line["time_s"], line["running"], line["kv_percent"], strict=True
        )
        if 1 < time < 60
    }
    assert held == {(0, 0.0)}
    assert line["running"][1] == line["running"][-1] == 1
    # The last step has 8 + 9 tokens, in five of fifty blocks.
    assert line["kv_percent"][-1] == 10.0
    assert run["busy"] == pytest.approx(2 / 61)


def test_measured_and_simulated_waits_are_each_ones_own() -> None:
    document = a_document()
    measured = document["measured"]["ttft_quantiles_s"]
    assert (measured[0], measured[50], measured[100]) == (1.0, 1.5, 2.0)
    simulated = document["runs"][0]["ttft_quantiles_s"]
    assert simulated[0] == simulated[100] == 0.1
    assert document["measured"]["timeline"]["kv_percent"] == [4.0]


def test_only_the_measured_engines_policy_is_compared_with_it() -> None:
    both = a_document(policies=("shortest+least-decoded+none", "vllm"))
    alone = a_document()
    assert both["comparison"] == alone["comparison"] is not None
    assert a_document(policies=("default",))["comparison"] is None
    unmeasured = a_document(measured=False)
    assert unmeasured["comparison"] is None is unmeasured["measured"]


def test_a_run_that_finished_nothing_has_no_figures() -> None:
    with pytest.raises(InvalidInputError, match="no request fits"):
        simulation_document(a_setting(measured=False), [(policy_named("vllm"), Run())])
