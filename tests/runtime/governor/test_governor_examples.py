"""The note's three scenarios, as docs/examples run them."""

import re
import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[3] / "docs/examples"


def output_of(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    return capsys.readouterr().out


@pytest.mark.slow
def test_evaporation_bounds_the_tokens_and_lets_new_conversations_in(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = output_of("kv_evaporation.py", capsys)
    waited = [int(x) for x in re.findall(r"(\d+) waited", out)]
    decoded = [int(x) for x in re.findall(r"(\d+) steps decoded", out)]
    assert len(waited) == len(decoded) == 3
    assert {a + b for a, b in zip(waited, decoded, strict=True)} == {12 * 4000}
    evaporating, hoarding, recency = waited
    assert recency < evaporating < hoarding / 2
    ((most, bound),) = re.findall(r"most tokens (\d+), bound (\d+)", out)
    assert int(most) <= int(bound) == 32 * 120
    assert re.search(r"most tokens 480000, bound none", out)


@pytest.mark.slow
def test_gangs_start_whole_where_workers_alone_block_each_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = output_of("gang_training.py", capsys)
    assert "worker by worker: [8, 8] of 12 each, and neither starts" in out
    assert "the first starts: True; the second beside it: False" in out
    days = re.findall(r"(\d+) of (\d+) jobs finished, (\d+) turned away, (\d+) started anew", out)
    governor, rival = (tuple(map(int, day)) for day in days)
    assert governor[1] == rival[1] == 1600
    assert governor[0] > rival[0]
    assert min(governor[3], rival[3]) > 0


@pytest.mark.slow
def test_the_controller_dissolves_the_deadlock_that_stays_without_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = output_of("tool_slots.py", capsys)
    runs = re.findall(r"(\d+) plans done, in deadlock in (\d+) of 400 ticks, let go (\d+)", out)
    cold, governed, ordered = (
        [tuple(map(int, run)) for run in runs[first : first + 5]] for first in (0, 5, 10)
    )
    assert len(runs) == 15
    assert all((done, blocked, gone) == (0, 400, 0) for done, blocked, gone in cold)
    for done, blocked, gone in governed:
        assert done > 100
        assert 0 < blocked < 100
        assert gone > 0
    # What the textbook does costs nothing, where plans allow it.
    assert all(blocked == 0 and done > governed[0][0] for done, blocked, _ in ordered)
