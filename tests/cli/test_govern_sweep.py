from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homeostat.runtime.governor import sweep

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

SMALL = ("govern", "--sweep", "--nodes", "8", "--seeds", "2")


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweep over a few settings only."""
    plan = partial(sweep.Plan, columns=2, slices=1, exponent=1)
    monkeypatch.setattr(sweep, "Plan", plan)


@pytest.mark.slow
def test_a_sweep_gives_maps_indices_and_a_page(cli: "Cli", tmp_path: Path) -> None:
    answer = cli(*SMALL, "--out", str(tmp_path), "--json")
    assert answer.code == 0, answer.err
    document = answer.json("govern-sweep")
    assert [one["damping"] for one in document["maps"]] == [[0.1, 10.0]]
    assert document["plan"]["seeds"] == [0, 1]
    assert (tmp_path / "governing-sweep.html").exists()
    assert (tmp_path / "plots" / "governing-sweep-0.wide.svg").exists()
    assert cli(*SMALL, "--json").json("govern-sweep") == document, "nothing depends on the clock"


@pytest.mark.slow
def test_a_sweep_is_shown_as_a_table(cli: "Cli") -> None:
    answer = cli(*SMALL)
    assert answer.code == 0, answer.err
    for words in ("Sobol", "damping", "temperature", "tax", "GPU allocation", "chance"):
        assert words in answer.out


def test_one_seed_cannot_tell_chance(cli: "Cli") -> None:
    answer = cli("govern", "--sweep", "--seeds", "1")
    assert answer.code == 2
    assert "--seeds=1 must be 2 or more" in answer.err
