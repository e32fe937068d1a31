"""The laws of the integer systems' distance: recomputed in fractions, and on known laws."""

from fractions import Fraction
from typing import Any

import pytest

from homeostat.models.batching import (
    BatchingParameters,
    canonical_start,
    evictions,
    integer_start,
    integer_step,
    merged_counts,
    recompute_step,
    simulation_step,
)
from homeostat.proofs.claims import CanaryError
from homeostat.proofs.theory.batching import runtime

DATA_SET_1 = runtime.SYSTEMS[0]


@pytest.fixture(autouse=True)
def forget_runs() -> None:
    runtime._simulation.cache_clear()


@pytest.mark.parametrize("step", [integer_step, recompute_step])
def test_a_distance_is_the_largest_of_all_steps_in_plain_fractions(
    monkeypatch: pytest.MonkeyPatch, step: runtime.Step
) -> None:
    monkeypatch.setattr(runtime, "STEP_COUNT", 40)
    run = runtime._simulation(DATA_SET_1)
    point = runtime._distance(DATA_SET_1, 500, run, step)
    parameters = BatchingParameters(*DATA_SET_1, 500)
    whole, real = integer_start(parameters), canonical_start(parameters)
    tokens, last_eviction = [], 0
    for t in range(41):
        rows = zip(parameters.weights, merged_counts(parameters, whole), real, strict=True)
        tokens.append(sum((w * abs(m - x) for w, m, x in rows), Fraction(0)))
        whole, before = step(parameters, whole), real
        real = simulation_step(parameters.weights, parameters.capacity, real)
        if t < 40 and any(evictions(before, real)):
            last_eviction = t + 1
    assert point["tokens"] == round(float(max(tokens)), 2)
    assert tokens[point["at_step"]] == max(tokens)
    assert point["tokens_at_end"] == round(float(tokens[-1]), 2)
    assert run[1] == last_eviction > 0


def known(exponent: float) -> list[dict[str, Any]]:
    return [{"B": b, "tokens_per_B": 7 * b**exponent} for b in runtime.CAPACITIES]


@pytest.mark.parametrize("exponent", [-1.0, -0.5, 0.0])
def test_the_slope_of_a_known_law_is_found_and_nothing_is_off_it(exponent: float) -> None:
    assert runtime._slope(known(exponent)) == (exponent, 1.0)


def test_a_point_off_the_line_is_told_by_its_factor() -> None:
    points = known(-1.0)
    points[6]["tokens_per_B"] *= 2
    slope, factor = runtime._slope(points)
    assert slope == pytest.approx(-1, abs=1e-3)
    assert 1.8 < factor < 2


def test_a_falsehood_whose_distance_vanishes_is_an_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "_points", lambda *_: known(-1.0))
    with pytest.raises(CanaryError, match=r"falls with slope -1\.0"):
        runtime._catch_wrong_eviction()


def test_a_measurement_that_sees_no_fall_is_an_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "_points", lambda *_: known(0.0))
    with pytest.raises(CanaryError, match="though the evicted are gone"):
        runtime._catch_a_fall()


def law(system: runtime.System, step: runtime.Step) -> dict[str, Any]:
    return runtime._law(system, runtime._points(system, step))


def test_of_data_set_1_the_distance_falls_only_where_the_evicted_are_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runtime, "STEP_COUNT", 100)
    fresh, recompute = (law(DATA_SET_1, step) for step in (integer_step, recompute_step))
    assert fresh["stable"]
    assert fresh["slope_large"] < -0.8
    assert abs(recompute["slope_large"]) < 0.05
    assert recompute["per_B_large"][0] > 0.15


def test_where_simulation_never_evicts_the_two_systems_are_at_one_distance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runtime, "STEP_COUNT", 100)
    system = (10, 1, 3, "1/2")
    fresh, recompute = (law(system, step) for step in (integer_step, recompute_step))
    assert fresh["simulation_evicts_last_at"] == 0
    assert fresh["slope_large"] == recompute["slope_large"] < -0.8


@pytest.mark.slow
@pytest.mark.parametrize("step", [integer_step, recompute_step])
def test_every_system_is_measured_at_every_capacity_that_can_run(
    monkeypatch: pytest.MonkeyPatch, step: runtime.Step
) -> None:
    monkeypatch.setattr(runtime, "STEP_COUNT", 50)
    points = runtime._decide(step).estimate["points"]
    # With l0 = 100 no request fits in 100 tokens.
    assert len(points) == len(runtime.SYSTEMS) * len(runtime.CAPACITIES) - 1
