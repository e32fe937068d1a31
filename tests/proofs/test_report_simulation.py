from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from homeostat.errors import InvalidInputError
from homeostat.proofs.report import write_report
from homeostat.proofs.report.plots.simulation import RUNS_MAX
from homeostat.proofs.report.simulation import PAGE, views_of, write_simulation
from homeostat.runtime.scheduler import Limits, Policy, Scheduler, policy_named
from homeostat.runtime.simulator import (
    Setting,
    StepTime,
    requests_of,
    simulate,
    simulation_document,
)
from homeostat.runtime.traces import EngineSample, MeasuredTimes, Trace, TraceRequest

LIMITS = Limits(kv_blocks=40, block_tokens=4, tokens_per_step=64, sequences_max=8)
TIME = StepTime(step_ns=2e7, prefill_token_ns=1e5, context_token_ns=1e3, attention_pair_ns=0.0)
HOSTILE = '<script>alert("x")</script> & "quotes"'
A_CLAIM: dict[str, Any] = {
    "id": "batching.open", "title": "Open", "statement": "x >= 0", "scope": "all x",
    "source": {"note": "003", "title": "G Dominance", "section": "4.1"},
    "verdict": "unknown", "reason": "nobody knows", "bound": None, "estimate": None,
    "evidence": [], "trusts": [], "vacuity": None, "canary": None, "cost": {"seconds": 0.5},
}  # fmt: skip
NAMES = (
    "vllm", "shortest+least-decoded+none", "fcfs+last-in+fixed", "fcfs+last-in+adaptive",
)  # fmt: skip


def policies() -> list[Policy]:
    return [replace(policy_named(name), window_ns=500_000_000) for name in NAMES]


def a_document(*, measured: bool = True, name: str = "made") -> dict[str, Any]:
    times = [
        MeasuredTimes(
            queued_ns=i * 10**8,
            scheduled_ns=i * 10**8,
            first_token_ns=(i + 1) * 10**8,
            last_token_ns=(i + 9) * 10**8,
        )
        for i in range(12)
    ]
    trace = Trace.of(
        name,
        [
            TraceRequest(
                arrival_ns=i * 10**8,
                prompt_tokens=10 + i,
                output_tokens=20,
                measured=time if measured else None,
            )
            for i, time in enumerate(times)
        ],
    )
    requests = requests_of(trace)
    samples = (EngineSample(time_ns=10**9, running=3, waiting=0, kv_percent=12.5),)
    setting = Setting(
        trace=trace,
        requests=requests,
        limits=LIMITS,
        step_time=TIME,
        overlap=True,
        reuse=True,
        samples=samples if measured else (),
    )
    runs = [(p, simulate(requests, Scheduler(LIMITS, p), TIME)) for p in policies()]
    return simulation_document(setting, runs)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return a_document()


@pytest.fixture(scope="module")
def page(document: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_simulation([document], tmp_path_factory.mktemp("page")).read_text()


@pytest.mark.slow
def test_the_page_shows_the_figures_of_the_document(page: str, document: dict[str, Any]) -> None:
    for row in document["comparison"]:
        if row["relative_error"] is not None:
            assert f"{100 * row['relative_error']:+.2f} %" in page
    for run in document["runs"]:
        assert run["policy"] in page
        assert f"{run['summary']['ttft_ns']['mean'] / 1e9:.2f}" in page


@pytest.mark.slow
def test_what_a_window_changes_is_said_in_figures(page: str, document: dict[str, Any]) -> None:
    none, fixed = document["runs"][0], document["runs"][2]
    change = fixed["summary"]["ttft_ns"]["mean"] / none["summary"]["ttft_ns"]["mean"] - 1
    assert change != 0, "half a second is to be felt"
    assert f"The fixed window of 500 ms changes mean TTFT by {100 * change:+.2g} %" in page


def test_windows_are_compared_only_with_the_same_policy_without_one(
    document: dict[str, Any],
) -> None:
    (view,) = views_of([document])
    assert [[run["policy"] for run in group] for group in view.windows] == [
        ["fcfs+last-in+none", "fcfs+last-in+fixed", "fcfs+last-in+adaptive"]
    ]
    equal = {**document, "runs": [document["runs"][0], dict(document["runs"][0])]}
    equal["runs"][1] |= {"policy": "fcfs+last-in+fixed", "window_ns": 10**7}
    (view,) = views_of([equal])
    assert view.window_words(view.windows[0]) == "The fixed window of 10 ms changes nothing."
    (view,) = views_of([{**document, "runs": document["runs"][1:]}])
    assert view.windows == []


def test_only_an_error_below_the_published_one_is_called_so(document: dict[str, Any]) -> None:
    rows = [
        {
            "name": name,
            "simulated": 1.0,
            "measured": 1.0,
            "relative_error": error,
            "published_error": 0.009,
        }
        for name, error in (("a", -0.0089), ("b", 0.0091), ("c", -0.5), ("d", None))
    ]
    (view,) = views_of([{**document, "comparison": rows}])
    assert [row["better"] for row in view.comparison] == [True, False, False, False]


def test_the_published_error_is_the_documents(document: dict[str, Any], tmp_path: Path) -> None:
    page = write_simulation([document], tmp_path / "true").read_text()
    assert "publishes an error of 0.9 %" in page
    rows = [row | {"published_error": 0.5} for row in document["comparison"]]
    page = write_simulation([document | {"comparison": rows}], tmp_path / "other").read_text()
    assert "publishes an error of 50 %" in page
    assert ">below 50 %<" in page
    assert "0.9 %" not in page.split("<table>")[1].split("<tbody>")[0]


def test_a_plot_of_waits_says_how_many_policies_it_leaves_out(document: dict[str, Any]) -> None:
    plain = document["runs"][0]
    for count, said in ((RUNS_MAX, False), (RUNS_MAX + 1, True)):
        (view,) = views_of([document | {"runs": [plain] * count}])
        words = f"Drawn are the first {RUNS_MAX} of {count} policies"
        assert (words in view.waits.caption) == said


def test_dots_are_only_told_of_where_gauges_were_read(document: dict[str, Any]) -> None:
    (view,) = views_of([document])
    assert "measured as dots" in view.timeline.alt
    none: dict[str, list[float]] = {name: [] for name in document["measured"]["timeline"]}
    measured = document["measured"] | {"timeline": none}
    (view,) = views_of([document | {"measured": measured}])
    assert "measured as dots" not in view.timeline.alt


@pytest.mark.slow
def test_text_from_a_trace_cannot_become_markup(tmp_path: Path) -> None:
    page = write_simulation([a_document(measured=False, name=HOSTILE)], tmp_path).read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.slow
def test_the_same_document_gives_the_same_files(document: dict[str, Any], tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_simulation([document], tmp_path / name)
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*.*"))
    assert len(files) == 6
    for path in files:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()


def test_another_document_and_a_file_in_the_way_are_refused(
    document: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(InvalidInputError, match="schema='homeostat"):
        views_of([{**document, "schema": "homeostat.search/1"}])
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInputError, match="must be a folder"):
        write_simulation([document], tmp_path / "file")


@pytest.mark.slow
def test_the_report_has_the_page_and_names_missing_files(
    document: dict[str, Any], tmp_path: Path
) -> None:
    ledger = {"schema": "homeostat.ledger/1", "homeostat": "0.1.0", "claims": [A_CLAIM]}
    missing = [("azure-code", ("folder/azure.csv",))]
    index = write_report(ledger, tmp_path / "report", jobs=1, simulations=([document], missing))
    page = index.with_name(PAGE[0]).read_text()
    assert "folder/azure.csv" in page
    assert PAGE[0] in index.read_text()
    for picture in views_of([document])[0].timeline, views_of([document])[0].waits:
        assert (index.parent / "plots" / f"{picture.name}.wide.svg").is_file()
    assert "index.html" in page


def test_bids_are_said_and_what_they_bought_is_shown(
    document: dict[str, Any], tmp_path: Path
) -> None:
    plain = write_simulation([document], tmp_path / "plain").read_text()
    assert "The requests carry no bids" in plain
    assert "Waiting by bid" not in plain
    runs = [run | {"ttft_by_bid_s": [41.25, None, 3.5, 0.75]} for run in document["runs"]]
    with_bids = document | {"bids": {"seed": 1, "count": 60_000_000}, "runs": runs}
    page = write_simulation([with_bids], tmp_path / "bids").read_text()
    assert "The requests carry no bids" not in page
    assert page.count('<td class="num">41.25</td><td class="num"></td>') == 2
