import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from homeostat.errors import InvalidInputError
from homeostat.proofs.report.governing import GoverningView, write_governing
from homeostat.runtime.governor import comparing
from homeostat.runtime.governor.comparing import Cell, CellRun, Setting, run_cell
from homeostat.runtime.governor.comparison import Cell as RanIn
from homeostat.runtime.governor.comparison import Comparison, Measure, Record
from homeostat.runtime.governor.documents import govern_document
from homeostat.runtime.governor.policies import POLICIES
from homeostat.runtime.governor.standing import standing_of

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

SMALL = ("--nodes", "12", "--policy", "random,best_fit")


def without_clock(document: dict[str, Any]) -> dict[str, Any]:
    """Return what does not depend on the machine."""
    kept = {key: value for key, value in document.items() if key not in ("policies", "measures")}
    kept["policies"] = [
        {key: value for key, value in row.items() if key != "decision_us"}
        for row in document["policies"]
    ]
    kept["measures"] = [
        row for row in document["measures"] if not row["name"].startswith("decision_us")
    ]
    return kept


@pytest.mark.slow
def test_every_policy_is_run_on_the_same_seeds(cli: "Cli") -> None:
    answer = cli("govern", "--nodes", "12", "--faults", "both", "--seeds", "2", "--json")
    assert answer.code == 0, answer.err
    document = answer.json("govern")
    assert [row["policy"] for row in document["policies"]] == list(POLICIES)
    assert document["seeds"] == [0, 1]
    arrived = {tuple(row["figures"]["arrived"]["values"]) for row in document["policies"]}
    assert len(arrived) == 1, "the same jobs for everyone"
    for row in document["policies"]:
        figures = {name: own["mean"] for name, own in row["figures"].items()}
        ends = ("finished", "running", "waiting")
        rejected = figures["arrived"] - sum(figures[name] for name in ends)
        assert rejected == pytest.approx(
            sum(
                part * count
                for part, count in zip(
                    row["figures"]["rejected"]["values"],
                    row["figures"]["arrived"]["values"],
                    strict=True,
                )
            ) / 2,
            abs=1e-6,
        )  # fmt: skip


@pytest.mark.slow
def test_two_processes_give_the_same_but_for_the_clock(cli: "Cli") -> None:
    one = cli("govern", *SMALL, "--seeds", "2", "--json")
    two = cli("govern", *SMALL, "--seeds", "2", "--json", "--jobs", "2")
    assert one.code == two.code == 0
    assert without_clock(one.json("govern")) == without_clock(two.json("govern"))


@pytest.mark.slow
def test_the_table_shows_each_policy(cli: "Cli") -> None:
    answer = cli("govern", *SMALL, "--workload", "io", "--seeds", "1", "--load", "120")
    assert answer.code == 0, answer.err
    for words in ("random", "best_fit", "io, 12 nodes, faults: none; means of 1 run,", "probes"):
        assert words in answer.out


def test_a_list_of_pods_is_a_workload(cli: "Cli", tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,"
        "deletion_time,scheduled_time\n"
        "p,12000,16384,1,460,T4,LS,Running,10,25,15\n"
    )
    answer = cli("govern", *SMALL, "--workload", str(path), "--seeds", "1", "--json")
    assert answer.code == 0, answer.err
    assert answer.json("govern")["workload"] == "own.csv"
    path.write_text("name\n")
    answer = cli("govern", *SMALL, "--workload", str(path))
    assert answer.code == 2
    assert "must have one row or more" in answer.err


@pytest.mark.slow
def test_the_page_says_what_the_numbers_say(cli: "Cli", tmp_path: Path) -> None:
    out = tmp_path / "page"
    policies = "random,best_fit,fgd"
    answer = cli(
        "govern", "--nodes", "30", "--policy", policies, "--seeds", "3", "--faults", "nodes",
        "--out", str(out), "--json",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    document = json.loads((out / "governing.json").read_text())
    assert document == answer.json("govern")
    page = (out / "governing.html").read_text()
    view = GoverningView(document)
    assert "Nodes fail" in view.setting
    assert len(view.measures) >= 8
    for measure in view.measures:
        means = {row["policy"]: view.figure(row, measure)["mean"] for row in document["policies"]}
        best = (max if measure["higher_is_better"] else min)(means.values())
        assert means[measure["best"]] == best
        assert view.words(measure).replace("'", "&#39;") in page
    for name in view.plots():
        for layout in ("wide", "narrow"):
            assert (out / "plots" / f"{name}.{layout}.svg").stat().st_size > 1000
    assert "http" not in page.replace("http://www.w3.org", "")


@pytest.mark.slow
def test_a_difference_that_may_be_chance_is_said_to_be_one() -> None:
    setting = Setting(workload="cpu", nodes=6)
    runs = [run_cell(Cell(setting, "best_fit", seed)) for seed in (0, 1, 2)]

    def shifted(policy: str, by: tuple[float, ...]) -> list[CellRun]:
        return [
            replace(
                run,
                cell=Cell(setting, policy, run.cell.seed),
                outcome=replace(run.outcome, cpu_utilisation=run.outcome.cpu_utilisation + own),
            )
            for run, own in zip(runs, by, strict=True)
        ]

    far = shifted("random", (-0.11, -0.1, -0.1))
    near = shifted("fgd", (-0.1, 0.02, 0.01))
    document = govern_document([*runs, *far, *near], "cpu")
    cpu = next(row for row in document["measures"] if row["name"] == "cpu_utilisation")
    assert (cpu["best"], cpu["tied"], cpu["matters"]) == ("best_fit", ["fgd"], True)
    jain = next(row for row in document["measures"] if row["name"] == "jain")
    assert jain["matters"] is False
    with pytest.raises(InvalidInputError, match="must be of one setting, and of the same seeds"):
        govern_document([*runs, *far[:2]], "cpu")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--workload", "magic"), "workload 'magic' must be one of cpu, io, mixed, openb"),
        (("--policy", "magic"), "policy 'magic' must be one of filter_and_score"),
        (("--policy", "fgd,fgd"), "must name each policy once"),
        (("--nodes", "0"), "--nodes='0' must be an integer >= 1"),
        (("--seeds", "0"), "--seeds='0' must be an integer >= 1"),
        (("--load", "1001"), "--load='1001' must be an integer >= 1 and <= 1000"),
        (("--faults", "some"), "some"),
        (("--comparison", "nothing.json"), "nothing.json must be a readable file"),
    ],
)
def test_bad_input_exits_with_2_and_says_the_rule(
    cli: "Cli", arguments: tuple[str, ...], words: str
) -> None:
    answer = cli("govern", *arguments)
    assert answer.code == 2
    assert words in answer.err


def test_missing_data_exits_with_2_and_says_how_to_get_it(
    cli: "Cli", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMEOSTAT_DATA", str(tmp_path))
    answer = cli("govern", "--workload", "openb", "--nodes", "7")
    assert answer.code == 2
    assert "homeostat data fetch openb-gpu" in answer.err


@pytest.mark.slow
def test_ctrl_c_says_how_far_it_came(cli: "Cli", monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Cell] = []

    def interrupted(cell: Cell) -> CellRun:
        if made:
            raise KeyboardInterrupt
        made.append(cell)
        return run_cell(cell)

    monkeypatch.setattr(comparing, "run_cell", interrupted)
    answer = cli("govern", *SMALL, "--seeds", "1")
    assert answer.code == 130
    assert "interrupted: 1 of 2 runs made" in answer.err
    assert not answer.out


@pytest.mark.slow
def test_a_kept_comparison_is_summed_up_without_a_run(cli: "Cli", tmp_path: Path) -> None:
    measure = Measure("gpu_allocation", "GPU allocation", "%", higher_is_better=True)
    cell = RanIn("mixed", 100, faults=True)
    records = tuple(
        Record(cell, policy, (0, 1, 2), {"gpu_allocation": values})
        for policy, values in (("governor", (0.9, 0.91, 0.92)), ("fgd", (0.8, 0.811, 0.82)))
    )
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps(Comparison((measure,), records, {}).document()))
    words = standing_of(Comparison((measure,), records, {})).words
    answer = cli("govern", "--comparison", str(kept))
    assert answer.code == 0, answer.err
    assert answer.out.split() == words.split()
    answer = cli("govern", "--comparison", str(kept), "--out", "page", "--json")
    assert answer.json()["words"] == words
    assert (tmp_path / "page" / "governing-comparison.html").stat().st_size > 1000
    assert json.loads((tmp_path / "page" / "governing-comparison.json").read_text()) == (
        answer.json()
    )
    kept.write_text("{}")
    answer = cli("govern", "--comparison", str(kept))
    assert answer.code == 2
    assert "must have the schema" in answer.err


def test_a_page_is_made_of_such_a_document_only_and_into_a_folder_only(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="schema='x' must be 'homeostat"):
        write_governing({"schema": "x"}, tmp_path)
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(InvalidInputError, match="must be a folder"):
        write_governing({"schema": "homeostat.govern/1"}, file)
