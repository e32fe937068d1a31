"""The law of the integer system's distance: recomputed in fractions, and on laws that are known."""

from fractions import Fraction
from typing import Any

import pytest

from homeostat.models.batching import (
    BatchingParameters,
    canonical_start,
    integer_start,
    integer_step,
    merged_counts,
    simulation_step,
)
from homeostat.proofs.claims import CanaryError
from homeostat.proofs.theory.batching import runtime


def test_a_distance_is_the_largest_of_all_steps_in_plain_fractions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runtime, "STEP_COUNT", 40)
    system = runtime.SYSTEMS[0]
    point = runtime._distance(system, 500, runtime._simulation(system), integer_step)
    parameters = BatchingParameters(*system, 500)
    whole, real = integer_start(parameters), canonical_start(parameters)
    tokens, requests = [], []
    for _ in range(41):
        apart = [abs(m - x) for m, x in zip(merged_counts(parameters, whole), real, strict=True)]
        rows = zip(parameters.weights, apart, strict=True)
        tokens.append(sum((w * d for w, d in rows), Fraction(0)))
        requests.append(max(apart))
        whole = integer_step(parameters, whole)
        real = simulation_step(parameters.weights, parameters.capacity, real)
    assert point["tokens"] == round(float(max(tokens)), 2)
    assert point["requests"] == round(float(max(requests)), 2)
    assert tokens[point["at_step"]] == max(tokens)


def known(exponent: float) -> list[dict[str, Any]]:
    return [{"B": b, "tokens_per_B": 7 * b**exponent} for b in runtime.CAPACITIES]


@pytest.mark.parametrize("exponent", [-1.0, -0.5, 0.0])
def test_the_slope_of_a_known_law_is_found(exponent: float) -> None:
    slope, interval = runtime._slope(known(exponent))
    assert slope == pytest.approx(exponent, abs=1e-3)
    assert interval[0] <= slope <= interval[1]


def test_a_falsehood_whose_distance_vanishes_is_an_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "_points", lambda *_: known(-1.0))
    with pytest.raises(CanaryError, match=r"falls with slope -1\.0"):
        runtime._catch()


@pytest.mark.slow
def test_the_distance_of_data_set_1_falls_as_one_over_capacity() -> None:
    law = runtime._law(runtime.SYSTEMS[0], runtime._points(runtime.SYSTEMS[0]))
    assert law["stable"]
    assert -1.2 < law["interval"][0] < law["interval"][1] < -0.8
