"""The code of the tutorial runs and says what the tutorial says."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from homeostat.properties import fuzz
from homeostat.properties.fuzzing import chosen_properties, find_suite
from homeostat.properties.runner import run_property

PAGE = Path(__file__).parents[2] / "docs" / "properties.md"


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.slow
def test_the_scheduler_is_refuted_and_the_mended_one_conforms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = (block for block in blocks() if block.startswith("def step"))
    Path("my_scheduler.py").write_text(code)
    found = fuzz("batching", target="my_scheduler.py:step", examples=60)
    outcomes = {r.name: r.outcome for r in found.results}
    assert found.exit_code == 20
    assert outcomes["agrees_in_fractions"] == outcomes["agrees_in_float64"] == "refuted"
    (example,) = (r.example for r in found.results if r.name == "agrees_in_fractions")
    assert example is not None
    assert example["parameters"]["l_b"] == 3

    mended = code.replace("zip(weights[1:], state):", "list(zip(weights[1:], state))[::-1]:")
    Path("mended.py").write_text(mended.replace("*kept]", "*kept[::-1]]"))
    assert fuzz("batching", target="mended.py:step", examples=60).exit_code == 0


@pytest.mark.slow
def test_the_request_scheduler_is_refuted_and_the_mended_one_conforms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = (block for block in blocks() if "class MyScheduler" in block)
    mended = code.replace('policy_named("shortest+last-in+none")', "policy_named(policy_name)")
    assert mended != code
    for name, text, outcome in (("wrong", code, "refuted"), ("mended", mended, "survived")):
        Path(f"{name}.py").write_text(text)
        target = f"{name}.py:MyScheduler"
        (contract,) = chosen_properties(find_suite("scheduler"), target, ["keeps_the_contract"])
        # What is expected to fall is not shrunk, which takes half a minute.
        contract = replace(contract, holds=name == "mended")
        result, _ = run_property(contract, examples=20, seed=0)
        assert result.outcome == outcome
        if result.example is not None:
            assert "nobody may be admitted past" in str(result.example)


@pytest.mark.slow
def test_the_other_blocks_run(capsys: pytest.CaptureFixture[str]) -> None:
    for block in blocks():
        if not re.search("my_scheduler|def step|class MyScheduler", block):
            scope: dict[str, object] = {}
            exec(compile(block, str(PAGE), "exec"), scope)
            for name, value in scope.items():
                if name.startswith("test_") and callable(value):
                    value()
    assert "'l0': '1'" in capsys.readouterr().out


@pytest.mark.slow
def test_every_table_row_names_a_property_of_the_conformance_run() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    target = f"{PAGE.parents[1] / 'tests' / 'canaries' / 'broken_targets.py'}:own"
    names = {r.name for r in fuzz("batching", target=target, examples=1).results if r.holds}
    assert names <= set(rows)
