import math

import pytest

from homeostat.proofs.claims import Canary
from homeostat.proofs.theory.governor import deadlock
from homeostat.proofs.verdicts import Measured


def test_kramers_time_is_that_worked_out_by_hand() -> None:
    # w_0^2 = 8, w_b^2 = 4, g = 3, m = 1: the growth over the barrier is 5/2 - 3/2 = 1.
    found = deadlock.kramers_time(2.0, damping=3.0)
    assert found == pytest.approx(2 * math.pi * 2 / math.sqrt(8) * math.exp(2), rel=1e-12)
    ratio = deadlock.kramers_time(3.0, damping=3.0) / found
    assert ratio == pytest.approx(math.e, rel=1e-12)


@pytest.mark.slow
def test_everyone_gets_out_and_sooner_when_hotter() -> None:
    points = [deadlock.exit_point(barrier, agents=200) for barrier in (1, 2, 3)]
    for point in points:
        assert point["out"] == point["agents"] == 200
        low, high = point["interval"]
        assert low < point["mean_time"] < high
    means = [point["mean_time"] for point in points]
    assert means[0] < means[1] < means[2]


@pytest.mark.slow
def test_same_seed_same_times_and_another_seed_others() -> None:
    one, same, other = (deadlock.exit_times(0.5, agents=20, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_times_beyond_the_horizon_are_not_made_up() -> None:
    assert deadlock.exit_times(0.5, agents=20, seed=1, steps_max=10) == []


@pytest.mark.slow
def test_the_claim_is_measured_and_catches_its_canary(monkeypatch: pytest.MonkeyPatch) -> None:
    (claim,) = deadlock.CLAIMS
    assert isinstance(claim.canary, Canary)
    assert "without noise none left" in claim.canary.catch()
    monkeypatch.setattr(deadlock, "BARRIERS", (1, 2))
    verdict = claim.decide()
    assert isinstance(verdict, Measured)
    assert [point["barrier_per_temperature"] for point in verdict.estimate["points"]] == [1, 2]
    assert verdict.estimate["times_faster_when_hottest"] > 1
