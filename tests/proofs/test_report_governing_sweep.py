import math
import re
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest

from homeostat.errors import InvalidInputError
from homeostat.proofs.report.governing_sweep import GoverningSweepView, write_governing_sweep
from homeostat.runtime.governor.comparison import Measure
from homeostat.runtime.governor.sweep import Plan, Settings, sweep_document

MEASURES = (
    Measure("allocation", "GPU allocation", "%", higher_is_better=True),
    Measure("failures", "failures", "", higher_is_better=False),
    Measure("chance", "throughput", "jobs/s", higher_is_better=True),
)


def known(settings: Settings, seed: int) -> Mapping[str, float]:
    """Cold agents allocate more; failures never come; throughput is the seed's own affair."""
    return {
        "allocation": 0.9 - 0.1 * math.log10(settings.temperature),
        "failures": 0.0,
        "chance": Random(f"{seed} {settings}").random(),
    }


@pytest.mark.slow
def test_the_page_says_which_setting_matters_and_what_is_chance(tmp_path: Path) -> None:
    document = sweep_document(known, MEASURES, Plan(columns=3, slices=2, exponent=6))
    page = write_governing_sweep(document, tmp_path).read_text()
    said = re.findall(r"<li>(.*?)</li>", page)
    assert said[0].startswith("GPU allocation: temperature matters most, with 100% of the")
    assert "Best on the maps: 100 at damping 0.1, temperature 0.1, tax 0.1." in said[0]
    assert said[1] == "failures: the same at every setting."
    assert said[2].startswith("throughput: settings change it by no more than the seeds do")
    for name in re.findall(r'src(?:set)?="([^"]+)"', page):
        assert (tmp_path / name).exists()
    assert len(GoverningSweepView(document).plots()) == 2


def test_another_document_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"must be 'homeostat\.governor-sweep/1'"):
        write_governing_sweep({"schema": "x"}, tmp_path)
