from pathlib import Path
from typing import Any

import numpy as np
import pytest

from homeostat.cli.topology import topology_document
from homeostat.cli.topology_inputs import LayerCounts
from homeostat.errors import InvalidInputError
from homeostat.proofs.report.topology import TopologyView, write_topology

HOSTILE = '<script>alert("x")</script> & "quotes"'


def a_document(name: str = "made", *, layers: int = 5) -> dict[str, Any]:
    rng = np.random.default_rng(2)
    counts = {n: rng.integers(0, 9 + n, (7, 7)) for n in range(layers)}
    return topology_document([LayerCounts(name, counts)], draws=3, seed=1)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return a_document()


@pytest.mark.slow
def test_the_page_and_each_plot_it_shows_are_written(
    document: dict[str, Any], tmp_path: Path
) -> None:
    page = write_topology(document, tmp_path / "page")
    html = page.read_text()
    plots = {path.name for path in (tmp_path / "page" / "plots").iterdir()}
    assert len(plots) == 6
    assert all(f"plots/{name}" in html for name in plots)
    assert (tmp_path / "page" / "report.css").is_file()


@pytest.mark.slow
def test_the_same_document_gives_the_same_bytes(document: dict[str, Any], tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_topology(document, tmp_path / name)
    for path in (tmp_path / "a").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


@pytest.mark.slow
def test_a_hostile_name_stays_text(tmp_path: Path) -> None:
    html = write_topology(a_document(HOSTILE, layers=1), tmp_path).read_text()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.slow
def test_only_the_notes_own_figures_are_marked(tmp_path: Path) -> None:
    document = a_document("qwen1.5-transitions")
    name = document["definitions"][0]
    gaps = [0.4968, 0.4976, 0.5, 0.6, 0.7]
    for layer, gap in zip(document["files"][0]["layers"], gaps, strict=True):
        layer["gaps"] = dict.fromkeys(document["definitions"], 0.3) | {name: gap}
        layer["components_at"] = [17, *layer["components_at"][1:]]
    html = write_topology(document, tmp_path / "noted").read_text()
    assert html.count('<b class="same">0.497</b>') == 1
    assert html.count('<b class="same">17</b>') == 5
    assert "the smallest is 0.300" in html
    document["files"][0]["name"] = "another"
    assert 'class="same"' not in write_topology(document, tmp_path / "another").read_text()


def test_a_rank_correlation_needs_layers_that_differ(document: dict[str, Any]) -> None:
    view = TopologyView(document)
    found = view.rank_correlation(document["files"][0])
    assert found is not None
    assert -1 <= found[0] <= 1
    few = {**document["files"][0], "layers": document["files"][0]["layers"][:3]}
    assert view.rank_correlation(few) is None


def test_another_document_or_place_is_refused(document: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"homeostat\.topology/1"):
        write_topology({"schema": "homeostat.simulation/1"}, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInputError, match="must be a folder"):
        write_topology(document, tmp_path / "file")
