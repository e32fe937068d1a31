"""What is measured of caches on real routes: counts that add up, and known facts of the record."""

import pytest

from homeostat.proofs.claims import Canary, Claim
from homeostat.proofs.theory.experts import policies_measured as measured
from homeostat.proofs.verdicts import Measured
from homeostat.runtime.experts.policies.family import POLICIES
from homeostat.runtime.traces.fetching import MissingDataError, find_data


@pytest.fixture(autouse=True)
def needs_data() -> None:
    try:
        find_data(measured.DATA)
    except MissingDataError as error:
        pytest.skip(str(error))


@pytest.mark.slow
def test_the_engines_rate_is_found_with_every_row() -> None:
    point = measured.recorded_point()
    assert point["rows"] == point["rows_agreed"] == 36_864
    assert (point["engine_rate"], point["decode_rate"]) == (0.7488, 0.8029)


@pytest.mark.slow
def test_counts_add_up_and_no_policy_is_above_the_optimum() -> None:
    points = measured.policy_points()
    best = {p["capacity"]: p for p in points if p["policy"] == "optimum"}
    assert list(best) == [6, 12, 24]
    assert len(points) == 3 * (len(POLICIES) + 2)
    for point in points:
        assert point["hits"] + point["loads"] + point["bypasses"] == point["asked"] == 36_864
        assert point["hit_rate"] == round(point["hits"] / point["asked"], 4)
        assert point["hits"] <= best[point["capacity"]]["hits"]


@pytest.mark.slow
def test_regret_is_the_difference_of_misses() -> None:
    misses = {
        (p["capacity"], p["policy"]): p["loads"] + p["bypasses"] for p in measured.policy_points()
    }
    for point in measured.gap_points():
        here = point["capacity"]
        assert point["misses"] == misses[here, point["policy"]]
        assert point["regret"] == point["misses"] - misses[here, "optimum"]
        loading = misses[here, "optimum that loads"]
        assert point["beyond_the_optimum_that_loads"] == point["misses"] - loading


@pytest.mark.slow
@pytest.mark.parametrize("claim", measured.CLAIMS, ids=lambda claim: claim.id)
def test_each_claim_is_measured_and_catches_its_canary(claim: Claim) -> None:
    assert isinstance(claim.decide(), Measured)
    assert isinstance(claim.canary, Canary)
    assert claim.canary.catch()
    assert claim.missing_data is not None
    assert claim.missing_data() == []
