from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

COMMITTED = Path(__file__).parents[2] / "benchmarks/results/governor_comparison.json"


@pytest.mark.slow
def test_the_committed_comparison_is_summed_up(cli: "Cli") -> None:
    answer = cli("govern", "--comparison", str(COMMITTED), "--json")
    assert answer.code == 0, answer.err
    document = answer.json("govern-standing")
    assert document["words"].startswith("The governor against 7 policies")
    for cell in document["cells"]:
        assert [row["seeds"] for row in cell["rows"]] == [10] * len(document["policies"])


def test_a_comparison_that_is_none_is_refused(cli: "Cli", tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"schema": "x"}')
    answer = cli("govern", "--comparison", str(path))
    assert answer.code == 2
    assert "governor-comparison/1" in answer.err
