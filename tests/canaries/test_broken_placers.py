"""Each broken placer or ledger is caught in the aspect that it breaks, by its answers alone."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from homeostat.properties import fuzz
from homeostat.properties.machines.placement_contract import ASPECTS
from homeostat.properties.results import PropertyResult
from homeostat.properties.runner import run_property
from homeostat.properties.suites.governor import GOVERNOR

BROKEN = Path(__file__).with_name("broken_placers.py")
PAGE = Path(__file__).parents[2] / "docs" / "properties.md"

RULES = {
    "CountsAGangOnce": ("placement_fits", "a task must have room on its node"),
    "NeverHearsOfEnds": ("empty_nodes_serve", "every node has room"),
    "NeverHearsOfStarts": ("placement_fits", "a task must have room on its node"),
    "SharesAFullGpu": ("placement_fits", "its GPUs must not raise"),
    "ForgetsTheModel": ("placement_fits", "a task must have room on its node"),
    "TakesAndForgets": ("place_only_looks", "must leave the cluster as it was"),
    "DrawsFromElsewhere": ("same_seed_same_run", "must have the same answers"),
    "MournsForEver": ("empty_nodes_serve", "every node has room"),
    "SeesNoPartition": ("down_nodes_rest", "failed or is cut off"),
    "RaisesIfFull": ("gang_whole", "place must not raise"),
    "PlacesOneMore": ("gang_whole", "a gang must have a node for each task"),
    "LendsToAnyone": ("tokens_kept", "pay must raise ValueError"),
    "MintsForWhoPaysItself": ("tokens_kept", "must be what was done"),
    "NeverEvaporatesSmallSums": ("tokens_kept", "must be what was done"),
    "LosesWhatEvaporates": ("tokens_kept", "must be what was done"),
    "SellsWithoutTax": ("tokens_kept", ""),
}
"""Which aspect each breaks, and what is said of it."""


def tried(target: str, aspect: str) -> PropertyResult:
    """Run the machine, which stops at the first violation and does not shrink it."""
    (found,) = (p for p in GOVERNOR.conformance(target) if p.name == aspect)
    return run_property(replace(found, holds=False), examples=50, seed=0)[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_a_broken_placer_is_caught_in_the_aspect_that_it_breaks(name: str) -> None:
    aspect, problem = RULES[name]
    result = tried(f"{BROKEN}:{name}", aspect)
    assert result.outcome == "refuted"
    assert result.example is not None
    assert problem in result.example["observed"]["problem"]


@pytest.mark.slow
def test_a_placer_made_as_the_broken_ones_are_conforms() -> None:
    found = fuzz("governor", target=f"{BROKEN}:Own", examples=20)
    assert found.verdict == "survived"
    survived = {r.name for r in found.results if r.holds}
    assert {aspect for aspect, _ in RULES.values()} <= survived
    assert sum(r.outcome == "refuted" for r in found.results) == len(survived)


@pytest.mark.slow
def test_a_placer_without_a_ledger_is_not_tried_for_tokens() -> None:
    target = "homeostat.properties.suites.governor_canaries:SplitsGangs"
    found = fuzz("governor", target=target, only=["gang_whole", "placement_fits"], examples=20)
    whole, fits = sorted(found.results, key=lambda r: r.name)
    assert (whole.outcome, fits.outcome) == ("refuted", "survived")
    assert whole.minimal
    assert whole.example is not None
    assert [entry["call"] for entry in whole.example["operations"]] == ["make", "place"]
    assert "tokens_kept" not in {p.name for p in GOVERNOR.conformance(target)}


@pytest.mark.slow
def test_the_placer_of_the_documents_is_refuted_and_the_mended_one_conforms(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (code,) = (block for block in blocks if "class MyPlacer" in block)
    wrong, mended = tmp_path / "wrong.py", tmp_path / "mended.py"
    wrong.write_text(code)
    mended.write_text(re.sub("if cluster.up.*", "if cluster.fits(node, job):", code))
    assert mended.read_text() != code
    found = fuzz("governor", target=f"{wrong}:MyPlacer", only=["placement_fits"], examples=20)
    assert found.exit_code == 20
    (result,) = found.results
    assert result.example is not None
    calls = [entry["call"] for entry in result.example["operations"]]
    assert calls[0] == "make"
    assert set(calls[1:]) == {"place"}
    assert len(calls) <= 3
    assert fuzz("governor", target=f"{mended}:MyPlacer", examples=20).exit_code == 0


def test_the_documents_name_every_part_of_the_contract() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(ASPECTS) <= set(rows)
