"""What is measured of the governor: counts that are exact, comparisons that can tell."""

import json
import os
import subprocess
import sys

import pytest

from homeostat.proofs.claims import Canary
from homeostat.proofs.theory.governor import measured, swept
from homeostat.proofs.verdicts import Measured
from homeostat.runtime.governor.measures import MEASURES
from homeostat.runtime.governor.placer import PROBES_MAX
from homeostat.runtime.governor.policies import POLICIES
from homeostat.runtime.governor.sweep import Plan
from homeostat.runtime.governor.sweep_runs import GovernorRuns

# The placer as plain Python; each node whose room is looked at is noted by who reads it.
COUNTED = """
import json
import numpy as np
from homeostat.proofs.theory.governor.measured import _parts
from homeostat.runtime.governor import placer_kernels
from homeostat.runtime.governor.placer import Placer

looked = []
plain = placer_kernels.fits
placer_kernels.fits = lambda node, state, wants: looked.append(node) or plain(node, state, wants)
cluster, typical, wants = _parts(120)
placer = Placer(cluster, typical, 1)
found = []
for row in wants[:1500]:
    looked.clear()
    (decision,) = placer.choose_many(row[np.newaxis, :])
    found.append((int(decision[2]), len(looked)))
print(json.dumps(found))
"""


@pytest.mark.slow
def test_probes_are_the_nodes_whose_room_is_looked_at() -> None:
    plain = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONWARNINGS": "ignore"}
    run = subprocess.run(
        [sys.executable, "-c", COUNTED], env=plain, capture_output=True, text=True, check=True
    )
    counts = json.loads(run.stdout)
    assert len(counts) == 1500
    assert all(said == looked for said, looked in counts)
    # Room runs out on the way, so both short and long searches are among them.
    assert min(said for said, _ in counts) < PROBES_MAX / 4
    assert max(said for said, _ in counts) > PROBES_MAX / 2


@pytest.mark.slow
@pytest.mark.parametrize("load", [0.1, 0.9])
def test_probes_are_bounded_and_do_not_grow(load: float) -> None:
    points = [measured.probe_point(nodes, load, decisions=2000) for nodes in (1000, 10_000)]
    for point in points:
        assert point["placed"] > 0
        assert point["probes"] <= PROBES_MAX * point["decisions"]
        assert point["probes_most"] <= PROBES_MAX
    few, many = (point["probes_mean"] for point in points)
    assert many < 1.5 * few


@pytest.mark.slow
def test_the_claim_on_probes_is_measured_and_catches_its_canary(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    claim = measured.CLAIMS[0]
    monkeypatch.setattr(measured, "SIZES", (100, 1000))
    monkeypatch.setattr(measured, "LOADS", (0.1, 1.2))
    verdict = claim.decide()
    assert isinstance(verdict, Measured)
    assert len(verdict.estimate["points"]) == 4
    assert verdict.estimate["most"] <= verdict.estimate["limit"] == PROBES_MAX
    assert isinstance(claim.canary, Canary)
    assert "looks at 100 of 100 nodes" in claim.canary.catch()


@pytest.fixture
def needs_data() -> None:
    missing = measured.CLAIMS[1].lacks
    if missing:
        pytest.skip(f"not on this machine: {missing[0]}")


@pytest.mark.slow
@pytest.mark.usefixtures("needs_data")
def test_the_comparison_has_every_policy_and_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    claim = measured.CLAIMS[1]
    monkeypatch.setattr(measured, "COMPARED", ((20, 2, 0.5),))
    verdict = claim.decide()
    assert isinstance(verdict, Measured)
    points = verdict.estimate["points"]
    assert {(p["workload"], p["policy"]) for p in points} == {
        (workload, policy) for workload in ("cpu", "io", "mixed", "openb") for policy in POLICIES
    }
    for point in points:
        assert (point["nodes"], point["seeds"]) == (20, 2)
        for measure in MEASURES:
            mean, low, high = point[measure.name]
            assert low <= mean <= high
    counted = verdict.estimate["wins_ties_losses"]
    for measure in MEASURES:
        assert set(counted[measure.name]) == set(POLICIES) - {"governor"}
        # What is 0 for everyone in a cell, such as GPUs where there are none, is not compared.
        cells = {"gpu_allocation": 2, "cpu_utilisation": 4, "probes_mean": 4}.get(measure.name)
        for three in counted[measure.name].values():
            assert sum(three) == cells or (cells is None and sum(three) <= 4)
    assert verdict.estimate["standing"].startswith("The governor against 7 policies in 4 cells")


@pytest.mark.slow
@pytest.mark.usefixtures("needs_data")
def test_a_policy_against_itself_and_one_that_packs_are_told_apart() -> None:
    canary = measured.CLAIMS[1].canary
    assert isinstance(canary, Canary)
    assert "FGD ties with itself" in canary.catch()


@pytest.mark.slow
def test_the_sweep_is_measured_and_catches_its_canary(monkeypatch: pytest.MonkeyPatch) -> None:
    (claim,) = swept.CLAIMS
    monkeypatch.setattr(swept, "PLAN", Plan(columns=2, slices=1, exponent=1, seeds=(0, 1)))
    monkeypatch.setattr(swept, "RUNS", GovernorRuns(workload="mixed", nodes=10, turnover=0.5))
    verdict = claim.decide()
    assert isinstance(verdict, Measured)
    assert verdict.estimate["maps"][0]["damping"] == [0.1, 10.0]
    for point in verdict.estimate["points"]:
        assert {"best", "deviation", "chance", "is_chance", "indices"} <= set(point)
    assert isinstance(claim.canary, Canary)
    assert "of damping alone" in claim.canary.catch()
