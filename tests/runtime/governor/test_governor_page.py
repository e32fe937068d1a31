"""What docs/governor.md shows runs, and the committed comparison is whole."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from homeostat.counterexamples.files import read_bounded
from homeostat.runtime.governor.comparison import Comparison, read_comparison
from homeostat.runtime.governor.measures import MEASURES
from homeostat.runtime.governor.policies import POLICIES
from homeostat.runtime.governor.standing import standing_of
from homeostat.runtime.governor.workloads import WORKLOADS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/governor.md").read_text()
FIGURES = ("batch_us", "python_place_us")
SIZES = (100, 1_000, 10_000)


def test_the_example_of_the_page_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["placed"] == (0,)
    names["governor"].check()


def test_every_policy_is_on_the_page_and_no_other() -> None:
    table = PAGE.partition("## Policies")[2].partition("##")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)) == set(POLICIES)


def test_every_file_that_the_page_names_is_there() -> None:
    table = PAGE.partition("| in the runtime")[2].partition("\n\n")[0]
    named = re.findall(r"`(\w+\.py)`", table)
    assert len(named) > 5
    for name in named:
        assert (ROOT / "src/homeostat/runtime/governor" / name).exists(), name
    for path in re.findall(r"`(models/[\w/.]+)`", table):
        assert (ROOT / "src/homeostat" / path).exists(), path


def test_the_times_on_the_page_are_those_of_the_committed_benchmark() -> None:
    found = json.loads((ROOT / "benchmarks/results/governor_decisions.json").read_text())
    least, *_, most = found["governor"]["sizes"]
    assert (least["nodes"], most["nodes"]) == (10**2, 10**5)
    batches, singles = ([size[name]["median"] for size in (least, most)] for name in FIGURES)
    words = " ".join(PAGE.split())
    for said in (
        f"{batches[0]:.1f} microseconds at 10^2 nodes and {batches[1]:.1f} at 10^5",
        f"{round(most['batch_per_s'], -3):,} decisions a second",
        f"{singles[0]:.1f} and {singles[1]:.1f} to choose",
        f"{least['probes_mean']:.1f} nodes at 10^2 and {most['probes_mean']:.1f} at 10^5",
    ):
        assert said in words


@pytest.fixture(scope="module")
def committed() -> Comparison:
    return read_comparison(read_bounded(ROOT / "benchmarks/results/governor_comparison.json"))


@pytest.mark.slow
def test_the_committed_comparison_has_all_policies_on_ten_seeds(committed: Comparison) -> None:
    assert committed.measures == MEASURES
    cells = {(cell.workload, cell.nodes) for cell in committed.cells}
    assert cells >= {(workload, nodes) for workload in WORKLOADS for nodes in SIZES}
    for cell in committed.cells:
        there = committed.of(cell)
        assert set(there) == set(POLICIES), cell.words
        assert {record.seeds for record in there.values()} == {tuple(range(10))}, cell.words


@pytest.mark.slow
def test_the_committed_comparison_says_where_the_governor_loses(committed: Comparison) -> None:
    standing = standing_of(committed)
    words = standing.words
    for measure in committed.measures:
        assert measure.words in words
        for rival in standing.behind(measure):
            assert re.search(rf"{measure.words} \([^)]*behind [^)]*{rival} in", words)
