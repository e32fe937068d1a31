"""The page on simulating says what the benchmark has measured, and its example runs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from homeostat.runtime.metrics import summarise
from homeostat.runtime.scheduler import Limits, Scheduler, policy_named
from homeostat.runtime.simulator import (
    PUBLISHED_ERROR,
    StepTime,
    compared,
    requests_of,
    simulate,
    with_bids,
)
from homeostat.runtime.simulator.bids import ttft_by_bid_ns
from homeostat.runtime.simulator.workloads import workload_named
from homeostat.runtime.traces.fetching import MissingDataError

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "simulating.md").read_text()
KEPT: dict[str, Any] = json.loads((ROOT / "benchmarks/results/simulator.json").read_text())
FIGURES = {
    "TTFT, mean": "ttft_mean_s",
    "TTFT, median": "ttft_p50_s",
    "TTFT, 99th percentile": "ttft_p99_s",
    "first arrival to last token": "makespan_s",
    "TPOT, mean": "tpot_mean_ms",
    "TPOT, median": "tpot_p50_ms",
    "most sequences running": "running_peak",
    "most requests waiting": "waiting_peak",
}
WINDOWS = (
    ("fixed", 10_000_000), ("adaptive", 10_000_000), ("fixed", 10**9), ("adaptive", 10**9),
)  # fmt: skip


def cells(first: str) -> list[str]:
    """Return the other cells of the row that begins so."""
    (row,) = re.findall(rf"^\| {re.escape(first)}[^|]*\|(.*)\|$", PAGE, flags=re.MULTILINE)
    return [cell.strip() for cell in row.split("|")]


def percent(cell: str) -> float:
    return float(cell.strip().removesuffix("%")) / 100


def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    exec(compile(example, "simulating.md", "exec"), {})
    assert int(capsys.readouterr().out) >= 0


@pytest.mark.parametrize("row", FIGURES)
def test_errors_on_the_page_are_those_that_were_measured(row: str) -> None:
    kept = KEPT["accuracy"]["errors"][FIGURES[row]]
    assert percent(cells(row)[2]) == pytest.approx(kept, abs=0.6e-4)


def test_what_the_page_counts_as_closer_than_published_is() -> None:
    errors = KEPT["accuracy"]["errors"]
    closer = [name for name, error in errors.items() if abs(error) < PUBLISHED_ERROR]
    assert f"publishes an error of {100 * PUBLISHED_ERROR:g} %" in PAGE
    assert len(closer) == 5
    assert "Of these figures five are closer" in PAGE
    assert not {"ttft_mean_s", "ttft_p99_s", "running_peak"} & set(closer)


@pytest.mark.parametrize(
    ("variant", "words"),
    [("client's arrivals", "is off by {:+.2%}"), ("no overlap", "within {:.2f} s")],
)
def test_variants_on_the_page_are_those_that_were_measured(variant: str, words: str) -> None:
    kept = KEPT["accuracy"]["variants"][variant]
    value = kept.get("first_100_error_mean_ns", 0) / 1e9 or kept["ttft_mean_s"]
    assert words.format(value).replace("%", " %") in PAGE.replace("\n", " ")


def runs_of(trace: str) -> list[dict[str, Any]]:
    (found,) = [runs for name, runs in KEPT["policies"].items() if trace in name]
    return list(found)


@pytest.mark.parametrize(
    "policy",
    [
        "fcfs+last-in+none", "aging+least-decoded+none", "shortest+least-decoded+none",
        "fcfs+reservation+none",
    ],
)  # fmt: skip
def test_policies_on_the_page_do_what_was_simulated(policy: str) -> None:
    (run,) = [run for run in runs_of("RTX4090") if run["policy"] == policy]
    shown = [percent(c) if c.endswith("%") else float(c) for c in cells(policy)]
    kept = [run["ttft_ns"][name] / 1e9 for name in ("mean", "p50", "p99")]
    kept += [run["tpot_ns"]["mean"] / 1e6, run["makespan_ns"] / 1e9, run["evictions"]]
    kept += [run["waste"], run["jain_index"]]
    for value, true in zip(shown, kept, strict=True):
        assert value == pytest.approx(true, rel=2e-3)


@pytest.mark.parametrize(
    ("row", "trace"), [("vLLM run", "RTX4090"), ("Azure code", "Azure"), ("bursty", "bursty")]
)
def test_windows_on_the_page_do_what_was_simulated(row: str, trace: str) -> None:
    runs = runs_of(trace)
    plain = runs[0]["ttft_ns"]["mean"]
    assert runs[0]["policy"] == "fcfs+last-in+none"
    for (word, width), cell in zip(WINDOWS, cells(row), strict=True):
        name = f"fcfs+last-in+{word}"
        (run,) = [r for r in runs if (r["policy"], r["window_ns"]) == (name, width)]
        change = run["ttft_ns"]["mean"] / plain - 1
        assert percent(cell) == pytest.approx(change, rel=0.1, abs=1e-7)


@pytest.mark.slow
def test_the_kept_errors_are_those_of_this_scheduler() -> None:
    try:
        workload = workload_named("vllm-rtx4090")
    except MissingDataError as error:
        pytest.skip(str(error))
    step_time = StepTime.from_json(KEPT["accuracy"]["fit"]["step_time"])
    scheduler = Scheduler(Limits(kv_blocks=2587), policy_named("vllm"))
    run = simulate(requests_of(workload.trace), scheduler, step_time)
    found = {e.name: e.relative for e in compared(run, workload.trace, workload.samples)}
    assert found == pytest.approx(KEPT["accuracy"]["errors"], abs=1e-6)


@pytest.mark.slow
def test_what_bids_buy_on_the_page_is_what_is_simulated() -> None:
    try:
        workload = workload_named("vllm-rtx4090")
    except MissingDataError as error:
        pytest.skip(str(error))
    step_time = StepTime.from_json(KEPT["accuracy"]["fit"]["step_time"])
    requests = with_bids(requests_of(workload.trace), 1)
    table = PAGE[PAGE.index("## What a bid buys") :]
    for order in ("fcfs", "aging", "priority"):
        scheduler = Scheduler(Limits(kv_blocks=2587), policy_named(f"{order}+last-in+none"))
        run = simulate(requests, scheduler, step_time)
        summary = summarise(run.finished)
        (row,) = re.findall(rf"^\| {order} \|(.*)\|$", table, flags=re.MULTILINE)
        shown = [percent(c) if "%" in c else float(c) for c in row.split("|")]
        quarters = [(mean or 0) / 1e9 for mean in ttft_by_bid_ns(run.finished)]
        true = [*quarters, summary.ttft_ns.mean / 1e9, summary.ttft_ns.p99 / 1e9]
        true += [summary.evictions, summary.waste, summary.jain_index]
        assert shown == pytest.approx(true, rel=2e-3)


def test_the_simulator_reaches_its_target_on_each_workload() -> None:
    assert set(KEPT["speed"]) == {"256 decoding", "vllm-rtx4090", "azure-code"}
    for row in KEPT["speed"].values():
        assert row["tokens_per_s_min"] > KEPT["target_tokens_per_s"] == 1_000_000
