import runpy
import sys
from pathlib import Path

import pytest

from homeostat.runtime.traces.routes import read_routes

EXAMPLE = Path(__file__).parents[3] / "docs/examples/offload_experts.py"


@pytest.mark.slow
def test_the_example_offloads_exactly_and_writes_routes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "routes.csv"
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), str(path)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    assert capsys.readouterr().out.endswith("all 32 logits bit-equal: True\n")
    routes = read_routes(path)
    assert (routes.layers, routes.n_expert, routes.top_k) == (4, 8, 2)
    assert len(routes.events(0)) == 32
