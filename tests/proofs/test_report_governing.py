import json
import re
from pathlib import Path
from typing import Any

import pytest

from homeostat.errors import InvalidInputError
from homeostat.proofs.report.governing_comparison import (
    GoverningComparisonView,
    write_governing_comparison,
)
from homeostat.runtime.governor.comparison import Cell, Comparison, Measure, Record
from homeostat.runtime.governor.standing import standing_of

MEASURES = (
    Measure("allocation", "GPU allocation", "%", higher_is_better=True),
    Measure("nash_gap", "Nash gap", "", higher_is_better=False),
)


def document(*, faults: bool = False) -> dict[str, Any]:
    records = [
        Record(
            Cell(workload, nodes, faults),
            policy,
            (0, 1, 2),
            {
                "allocation": tuple(share + 0.001 * seed for seed in range(3)),
                "nash_gap": tuple(1234.5 * share + seed for seed in range(3)),
            },
        )
        for workload in ("cpu", "<mixed>")
        for nodes in (100, 1000)
        for policy, share in (("governor", 0.9), ("fgd", 0.8))
    ]
    return standing_of(Comparison(MEASURES, tuple(records), {"seeds": 3})).document()


@pytest.mark.slow
def test_the_first_paragraph_says_where_ours_wins_and_loses(tmp_path: Path) -> None:
    page = write_governing_comparison(document(), tmp_path).read_text()
    first = re.findall(r"<p[^>]*>(.*?)</p>", page, flags=re.DOTALL)[0]
    assert "It wins on GPU allocation (ahead of fgd)." in first
    assert "It loses on Nash gap (behind fgd in 4)." in first
    assert "<mixed>" not in page, "names come from a file, so they are escaped"
    drawn = {path.name for path in (tmp_path / "plots").iterdir()}
    assert {f"governing-{name}.wide.svg" for name in ("allocation", "nash-gap")} <= drawn
    for name in re.findall(r'src(?:set)?="([^"]+)"', page):
        assert (tmp_path / name).exists()


@pytest.mark.slow
def test_the_same_document_gives_the_same_bytes(tmp_path: Path) -> None:
    pages = [write_governing_comparison(document(faults=True), tmp_path / x) for x in "ab"]
    assert pages[0].read_bytes() == pages[1].read_bytes()
    for path in (tmp_path / "a" / "plots").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / "plots" / path.name).read_bytes()


def test_figures_are_shown_with_half_of_their_interval() -> None:
    read = json.loads(json.dumps(document()))
    view = GoverningComparisonView(read)
    figure = read["cells"][0]["rows"][0]["figures"]
    assert read["cells"][0]["rows"][0]["policy"] == "fgd"
    assert view.number(view.measures[0], figure["allocation"]) == "80.1 \N{PLUS-MINUS SIGN} 0.2484"
    assert view.number(view.measures[1], figure["nash_gap"]) == "988.6 \N{PLUS-MINUS SIGN} 2.484"
    assert [view.sign(figure[m["name"]]) for m in view.measures] == ["+", "\N{MINUS SIGN}"]


def test_another_document_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"must be .homeostat\.governor-standing/1"):
        write_governing_comparison({"schema": "x"}, tmp_path)
