import asyncio
import sys
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from homeostat.errors import InvalidInputError, MissingExtraError, QueueFullError
from homeostat.models.entropy import Regime
from homeostat.runtime.metrics import SchedulerMetrics, distribution, summarise
from homeostat.runtime.scheduler import (
    EventLog,
    Limits,
    Plan,
    Request,
    Scheduler,
    Sequence,
    policy_named,
)
from homeostat.runtime.scheduler.front import SchedulerFront
from homeostat.runtime.scheduler.window import AdaptiveWindow

if TYPE_CHECKING:
    from tests.runtime.conftest import Serving


def finished(arrival_ns: int, first_ns: int, end_ns: int, tokens: int, **more: int) -> Sequence:
    request = Request(
        id=f"r{arrival_ns}", arrival_ns=arrival_ns, prompt_tokens=10, output_tokens_max=100
    )
    return Sequence(request, generated=tokens, first_token_ns=first_ns, finished_ns=end_ns, **more)


def test_a_summary_by_hand() -> None:
    summary = summarise(
        [
            finished(0, 100, 500, 5, recomputed=7, evictions=1),
            finished(50, 350, 350, 1),
            finished(100, 300, 1100, 9, recomputed=3, evictions=2),
        ]
    )
    assert summary.requests == 3
    assert (summary.prompt_tokens, summary.output_tokens) == (30, 15)
    assert summary.makespan_ns == 1100
    assert summary.ttft_ns.mean == 200
    assert summary.ttft_ns.p50 == 200
    assert summary.ttft_ns.p90 == 200 + 0.8 * 100
    assert summary.ttft_ns.p99 == pytest.approx(200 + 0.98 * 100)
    assert summary.ttft_ns.max == 300
    assert summary.tpot_ns is not None
    assert (summary.tpot_ns.count, summary.tpot_ns.mean) == (2, 100)
    assert summary.latency_ns.max == 1000
    assert (summary.evictions, summary.recomputed_tokens) == (3, 10)
    assert summary.waste == 10 / (30 + 15 - 3 + 10)
    shares = [5 / 500, 1 / 300, 9 / 1000]
    assert summary.jain_index == pytest.approx(sum(shares) ** 2 / 3 / sum(x * x for x in shares))


def test_equal_shares_are_fair_and_one_token_has_no_tpot() -> None:
    summary = summarise([finished(n, n + 100, n + 100, 1) for n in range(10)])
    assert summary.jain_index == pytest.approx(1)
    assert summary.tpot_ns is None
    assert summary.waste == 0
    data = summary.to_json()
    assert data["tpot_ns"] is None
    assert data["ttft_ns"]["count"] == 10


def test_a_distribution_of_integers_is_made_of_floats() -> None:
    of_integers = distribution([1, 2, 10])
    assert of_integers.count == 3
    figures = (of_integers.mean, of_integers.p50, of_integers.p90, of_integers.p99, of_integers.max)
    assert [type(figure) for figure in figures] == [float] * 5


def test_an_end_in_the_nanosecond_of_arrival_divides_by_one() -> None:
    assert summarise([finished(5, 5, 5, 1)]).jain_index == 1


def test_nothing_finished_has_no_summary() -> None:
    with pytest.raises(InvalidInputError, match="got none"):
        summarise([])
    with pytest.raises(InvalidInputError, match="got none"):
        distribution([])
    unfinished = finished(0, 1, 2, 1)
    unfinished.finished_ns = None
    with pytest.raises(InvalidInputError, match="'r0' must have finished"):
        summarise([unfinished])


def values(metrics: SchedulerMetrics) -> dict[str, float]:
    return {
        sample.name + "".join(f"/{v}" for v in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.text())
        for sample in family.samples
    }


def test_the_metrics_are_those_of_the_run(serving: "type[Serving]") -> None:
    time = serving.VirtualTime()
    metrics = SchedulerMetrics(clock=time)
    log = EventLog(sink=metrics.record)
    limits = Limits(
        kv_blocks=12, block_tokens=4, tokens_per_step=16, sequences_max=4, waiting_max=6
    )
    scheduler = Scheduler(limits, policy_named("vllm"), log=log)
    done: list[Sequence] = []
    planned = [0, 0]
    steps: list[int] = []

    class Both:
        def observe_step(self, plan: Plan, finished: list[Sequence], now_ns: int) -> None:
            metrics.observe_step(plan, finished, now_ns)
            done.extend(finished)

        def observe_plan(self, plan: Plan) -> None:
            metrics.observe_plan(plan)
            steps.append(plan.tokens)
            planned[0] += plan.tokens - len(plan.decodes)
            planned[1] += len(plan.decodes)

    async def main() -> None:
        engine = serving.EchoEngine(time, step_ns=20_000_000)
        front = SchedulerFront(scheduler, engine, clock=time, sleep=time.sleep, observer=Both())
        metrics.watch(scheduler, front)

        async def ask(deadline_ns: int | None = None, *, wait: bool = True) -> None:
            stream = await front.submit(
                prompt_tokens=8, output_tokens_max=12, deadline_ns=deadline_ns, wait=wait
            )
            await stream.result()

        async with front:
            clients = [asyncio.create_task(ask()) for _ in range(5)]
            clients.append(asyncio.create_task(ask(10_000_000)))
            clients.extend(asyncio.create_task(ask()) for _ in range(2))
            await serving.turns(1)
            now = values(metrics)
            assert now["homeostat_blocked"] == front.blocked_count == 2
            assert now["homeostat_token_budget_utilisation"] == 0
            engine.gate.clear()
            with pytest.raises(QueueFullError):
                await ask(wait=False)
            await serving.turns(1)
            now = values(metrics)
            assert now["homeostat_running"] == scheduler.running_count > 0
            assert now["homeostat_waiting"] == scheduler.waiting_count > 0
            assert now["homeostat_kv_utilisation"] == scheduler.blocks_used / 12 > 0
            assert now["homeostat_token_budget_utilisation"] == steps[-1] / 16 > 0
            assert now["homeostat_blocked"] == front.blocked_count == 0
            time.now_ns += 3_000_000_000
            assert values(metrics)["homeostat_starvation_age_seconds"] == time.now_ns / 1e9
            engine.gate.set()
            results = await asyncio.gather(*clients, return_exceptions=True)
            assert sum(r is not None for r in results) == 1
            gone = asyncio.create_task(ask())
            await serving.turns(4)
            gone.cancel()

    serving.run(main())
    now = values(metrics)
    kinds = {event.kind for event in log}
    assert {"refused", "expired", "cancelled", "evicted", "resumed", "finished"} <= kinds
    for kind in kinds:
        assert now[f"homeostat_events_total/{kind}"] == sum(e.kind == kind for e in log), kind
    summary = summarise(done)
    assert summary.recomputed_tokens > 0
    assert now["homeostat_recomputed_tokens_total"] == summary.recomputed_tokens
    lost = sum(e.figure for e in log if e.kind == "evicted")
    assert now["homeostat_evicted_tokens_total"] == lost >= summary.recomputed_tokens
    assert now["homeostat_tokens_total/prefill"] == planned[0] > 0
    assert now["homeostat_tokens_total/decode"] == planned[1] > 0
    firsts = [e for e in log if e.kind == "first_token"]
    assert now["homeostat_ttft_seconds_count"] == len(firsts)
    assert now["homeostat_tpot_seconds_count"] == len(done)
    assert summary.tpot_ns is not None
    assert now["homeostat_tpot_seconds_sum"] == pytest.approx(
        summary.tpot_ns.mean * len(done) / 1e9
    )
    assert now["homeostat_jain_index"] == pytest.approx(summary.jain_index)
    assert now["homeostat_running"] == now["homeostat_waiting"] == 0
    assert now["homeostat_kv_utilisation"] == now["homeostat_starvation_age_seconds"] == 0
    assert now["homeostat_token_budget_utilisation"] == now["homeostat_blocked"] == 0


def test_tokens_recomputed_count_step_by_step_and_for_those_who_never_finish() -> None:
    metrics = SchedulerMetrics(clock=lambda: 0)
    limits = Limits(kv_blocks=6, block_tokens=4, tokens_per_step=8, sequences_max=4)
    scheduler = Scheduler(limits, policy_named("vllm"))
    metrics.watch(scheduler)
    requests = [
        Request(id=name, arrival_ns=0, prompt_tokens=8, output_tokens_max=16) for name in "ab"
    ]
    for request in requests:
        scheduler.submit(request, 0)
    seen: dict[str, Sequence] = {}
    counted = [0.0]
    while scheduler.running_count or scheduler.waiting_count:
        plan = scheduler.plan(scheduler.now_ns)
        metrics.observe_plan(plan)
        seen |= {s.request.id: s for s in (*plan.decodes, *dict(plan.prefills))}
        finished = scheduler.commit(plan, scheduler.now_ns + 1)
        metrics.observe_step(plan, finished, scheduler.now_ns)
        counted.append(values(metrics)["homeostat_recomputed_tokens_total"])
        assert counted[-1] == sum(s.recomputed for s in seen.values())
        if counted[-1] > counted[-2] > 0:  # in the midst of a recomputation of two chunks
            assert scheduler.cancel("b", scheduler.now_ns)
    assert counted[-1] > 8
    assert seen["b"].finished_ns is None
    assert values(metrics)["homeostat_token_budget_utilisation"] == 0


@pytest.mark.parametrize("window", ["none", "fixed", "adaptive"])
def test_entropy_window_and_regime_are_the_schedulers(
    window: str,
) -> None:
    metrics = SchedulerMetrics(clock=lambda: 0)
    policy = policy_named(f"fcfs+last-in+{window}")
    scheduler = Scheduler(Limits(kv_blocks=100), policy, log=EventLog(sink=metrics.record))
    metrics.watch(scheduler)
    now_ns = 0

    def arrive(gap_ns: int) -> dict[str, float]:
        nonlocal now_ns
        now_ns += gap_ns
        request = Request(id=str(now_ns), arrival_ns=now_ns, prompt_tokens=1, output_tokens_max=1)
        scheduler.submit(request, now_ns)
        return values(metrics)

    now = [arrive(1_000_000) for _ in range(5)][-1]
    assert now["homeostat_arrival_entropy_bits"] == 0
    width_s = 0 if window == "none" else policy.window_ns / 1e9
    assert now["homeostat_batching_window_seconds"] == width_s
    assert now.get("homeostat_regime_reactive") == (0 if window == "adaptive" else None)
    now = [arrive(gap * 2_000_000) for gap in range(1, 20)][-1]
    assert now["homeostat_arrival_entropy_bits"] == scheduler.monitor.entropy_bits() > 2.5
    if window == "adaptive":
        assert isinstance(scheduler.window, AdaptiveWindow)
        assert now["homeostat_batching_window_seconds"] == 0
        assert now["homeostat_regime_reactive"] == 1
        assert scheduler.window.regime is Regime.REACTIVE


def test_registries_are_apart_and_unwatched_metrics_have_no_gauges() -> None:
    first, second = (SchedulerMetrics(clock=lambda: 0) for _ in range(2))
    Scheduler(Limits(kv_blocks=100), policy_named("vllm"), log=EventLog(sink=first.record)).submit(
        Request(id="a", arrival_ns=0, prompt_tokens=1, output_tokens_max=1), 0
    )
    assert values(first)["homeostat_events_total/submitted"] == 1
    assert values(second)["homeostat_events_total/submitted"] == 0
    assert "homeostat_running" not in values(first)


def test_without_prometheus_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'homeostat\[serve\]'"):
        SchedulerMetrics(clock=lambda: 0)
