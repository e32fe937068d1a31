import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import homeostat.cli.simulate as command
from homeostat.cli.simulation_inputs import chosen_policies
from homeostat.runtime.simulator import PUBLISHED_ERROR, simulate

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

STEP_TIME = {
    "step_ns": 15e6,
    "prefill_token_ns": 86e3,
    "context_token_ns": 240.0,
    "attention_pair_ns": 2.4,
}
LENGTHS = ((120, 30), (700, 9), (40, 77), (1500, 15), (260, 40), (90, 5)) * 3


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """An invented Azure trace, an invented vLLM run, and a step time."""
    rows = [
        f"2023-11-16 18:17:{second:02d}.0000000,{prompt},{output}"
        for second, (prompt, output) in enumerate(LENGTHS)
    ]
    azure = tmp_path / "azure.csv"
    azure.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n" + "\n".join(rows) + "\n")
    (tmp_path / "step.json").write_text(json.dumps(STEP_TIME))
    requests = []
    for second, (prompt, output) in enumerate(LENGTHS):
        times = {"queued_ts": 0.0, "scheduled_ts": 0.0, "first_token_ts": 0.2}
        times |= {"last_token_ts": 0.2 + 0.02 * output}
        requests.append(
            {"input_toks": prompt, "output_toks": output, "arrival_time": 1000 + second}
            | {name: round(500 + second + time, 6) for name, time in times.items()}
        )
    lines = "\n".join(json.dumps(row) for row in requests)
    (tmp_path / "own_requests.jsonl").write_text(lines + "\n")
    meta = {
        "kv_cache": {"num_gpu_blocks": 301, "block_size": 16},
        "engine_kwargs": {"max_num_seqs": 8, "max_num_batched_tokens": 512},
    }
    (tmp_path / "own_meta.json").write_text(json.dumps(meta))
    (tmp_path / "own_timeseries.csv").write_text("t,running,waiting,kv_cache_pct\n1.0,1,0,3.5\n")
    return {
        name: str(tmp_path / name)
        for name in ("azure.csv", "step.json", "own_requests.jsonl", "own_meta.json")
    }


def test_a_trace_without_times_takes_a_given_step_time(cli: "Cli", files: dict[str, str]) -> None:
    answer = cli(
        "simulate", files["azure.csv"], "--step-time", files["step.json"], "--kv-blocks", "500",
        "--policy", "vllm,shortest+least-decoded+none", "--json",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    document = answer.json("simulate")
    assert document["fit"] is None is document["comparison"]
    assert document["step_time"] == STEP_TIME
    assert [run["policy"] for run in document["runs"]] == [
        "fcfs+last-in+none",
        "shortest+least-decoded+none",
    ]
    assert all(run["summary"]["requests"] == len(LENGTHS) for run in document["runs"])


def test_a_measured_run_is_fitted_and_compared_under_its_own_limits(
    cli: "Cli", files: dict[str, str]
) -> None:
    answer = cli("simulate", files["own_requests.jsonl"], "--fit", "10", "--json")
    assert answer.code == 0, answer.err
    document = answer.json("simulate")
    # One block of vLLM's stands for no block.
    assert document["limits"]["kv_blocks"] == 300
    assert document["limits"]["tokens_per_step"] == 512
    assert document["fit"]["requests"] == 10
    names = {row["name"]: row for row in document["comparison"]}
    assert names["ttft_mean_s"]["measured"] == pytest.approx(0.2)
    assert names["running_peak"]["measured"] == 1
    assert {row["published_error"] for row in document["comparison"]} == {PUBLISHED_ERROR}
    again = cli("simulate", files["own_requests.jsonl"], "--fit", "10", "--json")
    assert again.out == answer.out


def test_an_earlier_simulation_gives_step_time_and_limits(
    cli: "Cli", files: dict[str, str], tmp_path: Path
) -> None:
    first = cli("simulate", files["own_requests.jsonl"], "--fit", "10", "--json")
    earlier = tmp_path / "earlier.json"
    earlier.write_text(first.out)
    second = cli(
        "simulate", files["azure.csv"], "--step-time", str(earlier), "--sequences-max", "4",
        "--json",
    )  # fmt: skip
    document = second.json("simulate")
    assert document["step_time"] == first.json()["step_time"]
    assert document["limits"] == first.json()["limits"] | {"sequences_max": 4}


def test_overlap_and_reuse_are_those_of_the_run_then_of_the_earlier_simulation(
    cli: "Cli", files: dict[str, str], tmp_path: Path
) -> None:
    def switches(*arguments: str) -> tuple[bool, bool]:
        document = cli("simulate", *arguments, "--json").json("simulate")
        return document["overlap"], document["reuse"]

    run, fit = files["own_requests.jsonl"], ("--fit", "10")
    assert switches(run, *fit) == (True, True), "the run does not say"
    meta = json.loads(Path(files["own_meta.json"]).read_text())
    meta["resolved_config"] = {
        "scheduler_config": {"async_scheduling": False},
        "cache_config": {"enable_prefix_caching": False},
    }
    Path(files["own_meta.json"]).write_text(json.dumps(meta))
    assert switches(run, *fit) == (False, False)
    assert switches(run, *fit, "--reuse") == (False, True)
    earlier = tmp_path / "earlier.json"
    earlier.write_text(cli("simulate", run, *fit, "--reuse", "--json").out)
    azure = (files["azure.csv"], "--step-time", str(earlier))
    assert switches(*azure) == (False, True)
    assert switches(*azure, "--overlap", "--no-reuse") == (True, False)


def test_bids_tell_orders_apart_and_the_first_come_first_does_not_see_them(
    cli: "Cli", files: dict[str, str], tmp_path: Path
) -> None:
    slow = tmp_path / "slow.json"
    slow.write_text(json.dumps(STEP_TIME | {"step_ns": 15e7}))

    def simulated(*arguments: str) -> dict[str, Any]:
        answer = cli(
            "simulate", files["azure.csv"], "--step-time", str(slow), "--kv-blocks", "120",
            "--sequences-max", "1", "--policy", "vllm,aging+last-in+none,priority+last-in+none",
            *arguments,
        )  # fmt: skip
        assert answer.code == 0, answer.err
        if "--json" in arguments:
            return answer.json("simulate")
        return {"text": answer.out}

    plain, bids = simulated("--json"), simulated("--bids", "1", "--json")
    assert plain["bids"] is None is plain["runs"][0]["ttft_by_bid_s"]
    assert bids["bids"] == {"seed": 1, "count": 60_000_000}
    fcfs, aging, priority = bids["runs"]
    assert fcfs["summary"] == plain["runs"][0]["summary"] == plain["runs"][1]["summary"]
    assert len({str(run["summary"]) for run in (fcfs, aging, priority)}) == 3
    assert simulated("--bids", "2", "--json")["runs"][1]["summary"] != aging["summary"]
    text = simulated("--bids", "1")["text"]
    means = [mean for mean in aging["ttft_by_bid_s"] if mean is not None]
    assert means
    assert all(f"{mean:.2f}" in text for mean in means)


def test_the_tables_show_what_the_json_has(cli: "Cli", files: dict[str, str]) -> None:
    arguments = ("simulate", files["own_requests.jsonl"], "--fit", "10")
    text, document = cli(*arguments).out, cli(*arguments, "--json").json("simulate")
    error = document["comparison"][0]["relative_error"]
    assert f"{error:+.2%}" in text
    assert f"{PUBLISHED_ERROR:.1%}" in text
    assert f"{document['runs'][0]['summary']['ttft_ns']['mean'] / 1e9:.2f}" in text
    assert "first 10 requests" in text


def test_a_page_with_its_plots_is_written(
    cli: "Cli", files: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "page"
    answer = cli(
        "simulate", files["azure.csv"], "--step-time", files["step.json"], "--kv-blocks", "500",
        "--out", str(out),
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert json.loads((out / "simulation.json").read_text())["schema"] == "homeostat.simulation/1"
    page = (out / "scheduler.html").read_text()
    assert "fcfs+last-in+none" in page
    for plot in (out / "plots").iterdir():
        assert plot.read_text().startswith("<?xml")


def test_requests_that_never_fit_are_told(cli: "Cli", files: dict[str, str]) -> None:
    answer = cli(
        "simulate", files["azure.csv"], "--step-time", files["step.json"], "--kv-blocks", "50"
    )
    assert answer.code == 0, answer.err
    assert "3 requests were refused" in answer.out


BAD: dict[str, tuple[Callable[[dict[str, str]], list[str]], str]] = {
    "no such trace": (lambda f: ["nowhere.csv"], "nowhere.csv"),
    "no times to fit": (lambda f: [f["azure.csv"]], "--step-time"),
    "memory unknown": (lambda f: [f["azure.csv"], "--step-time", f["step.json"]], "--kv-blocks"),
    "policy unknown": (lambda f: [f["own_requests.jsonl"], "--policy", "best"], "'best'"),
    "policy twice": (
        lambda f: [f["own_requests.jsonl"], "--policy", "vllm,fcfs+last-in+none"],
        "once",
    ),
    "no seed": (lambda f: [f["own_requests.jsonl"], "--bids", "-1"], "--bids='-1'"),
    "name too long": (lambda f: ["x" * 5000], "must be a readable file"),
    "two sources": (
        lambda f: [f["own_requests.jsonl"], "--fit", "10", "--step-time", f["step.json"]],
        "exclude",
    ),
    "too few": (lambda f: [f["own_requests.jsonl"], "--fit", "9"], "--fit='9'"),
    "too many": (lambda f: [f["own_requests.jsonl"], "--fit", "19"], "fit=19"),
    "no step time": (
        lambda f: [f["azure.csv"], "--kv-blocks", "9", "--step-time", f["own_meta.json"]],
        "fields",
    ),
    "nothing fits": (
        lambda f: [f["azure.csv"], "--kv-blocks", "1", "--step-time", f["step.json"]],
        "no request fits",
    ),
    "budget below seats": (
        lambda f: [f["own_requests.jsonl"], "--fit", "10", "--tokens-per-step", "4"],
        "tokens_per_step=4",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_exit_2(cli: "Cli", files: dict[str, str], case: str) -> None:
    arguments, word = BAD[case]
    answer = cli("simulate", *arguments(files))
    assert answer.code == 2, answer.err
    assert word in answer.err
    assert not answer.out


def test_missing_data_is_named(cli: "Cli", monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOMEOSTAT_DATA", str(tmp_path))
    answer = cli("simulate", "vllm-rtx4090")
    assert answer.code == 2
    assert "requests.jsonl" in answer.err
    documents, missing = command.report_documents()
    assert documents == []
    assert "vllm-rtx4090" in dict(missing)


def test_ctrl_c_ends_with_130(
    cli: "Cli", files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("homeostat.runtime.simulator.simulate", interrupted)
    answer = cli(
        "simulate", files["azure.csv"], "--step-time", files["step.json"], "--kv-blocks", "500"
    )
    assert answer.code == 130
    assert not answer.out
    assert answer.err == "interrupted: 0 of 1 policies simulated\n"


def test_ctrl_c_tells_how_many_policies_were_simulated(
    cli: "Cli", files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter((simulate, simulate))

    def at_the_third(*arguments: Any, **options: Any) -> Any:
        found = next(calls, None)
        if found is None:
            raise KeyboardInterrupt
        return found(*arguments, **options)

    monkeypatch.setattr("homeostat.runtime.simulator.simulate", at_the_third)
    answer = cli(
        "simulate", files["azure.csv"], "--step-time", files["step.json"], "--kv-blocks", "500",
        "--policy", "vllm,default,fcfs+reservation+none,shortest+least-decoded+none",
    )  # fmt: skip
    assert answer.code == 130
    assert not answer.out
    assert answer.err == "interrupted: 2 of 4 policies simulated\n"


def test_a_vllm_run_of_any_name_is_simulated_under_given_limits(
    cli: "Cli", files: dict[str, str], tmp_path: Path
) -> None:
    mine = tmp_path / "mine.jsonl"
    mine.write_text(Path(files["own_requests.jsonl"]).read_text())
    given = (str(mine), "--fit", "10", "--kv-blocks", "300")
    document = cli("simulate", *given, "--json").json("simulate")
    assert document["limits"]["kv_blocks"] == 300
    assert document["measured"]["timeline"]["time_s"] == []
    assert "ttft_mean_s" in {row["name"] for row in document["comparison"]}
    assert cli("simulate", *given, "--out", str(tmp_path / "page")).code == 0
    earlier = tmp_path / "earlier.json"
    whole = cli("simulate", files["own_requests.jsonl"], "--fit", "10", "--json")
    earlier.write_text(whole.out)
    again = cli("simulate", str(mine), "--step-time", str(earlier), "--json").json("simulate")
    assert again["limits"] == whole.json()["limits"]
    Path(files["own_meta.json"]).unlink()
    for path in (str(mine), files["own_requests.jsonl"]):
        answer = cli("simulate", path, "--fit", "10")
        assert answer.code == 2
        assert "--kv-blocks" in answer.err
        assert "PREFIXmeta.json" in answer.err


def test_spaces_around_the_names_of_policies_are_nothing() -> None:
    assert chosen_policies("vllm, default ", 10) == chosen_policies("vllm,default", 10)
    assert chosen_policies(" all", 10) == chosen_policies("all", 10)


@pytest.mark.slow
def test_the_invented_trace_is_always_the_same(cli: "Cli", files: dict[str, str]) -> None:
    arguments = (
        "simulate", "bursty", "--step-time", files["step.json"], "--kv-blocks", "2587", "--json",
    )  # fmt: skip
    answer = cli(*arguments)
    assert answer.json("simulate")["trace"]["requests"] == 2000
    assert cli(*arguments).out == answer.out
