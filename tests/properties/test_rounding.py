"""The bound on rounding is wide enough for the steps and too tight for a mistake."""

from fractions import Fraction
from typing import Any

import pytest

from homeostat.models.batching import simulation_step, theory_step
from homeostat.properties.rounding import rounding_tokens_max, step_differs_from_float64
from homeostat.properties.targets import Step

WEIGHTS, STATE = (11.0, 12.0, 6.5, 7.0, 7.5), (1.1, 0.7, 3.3, 0.2, 0.5)


def test_the_bound_scales_with_capacity_and_is_some_units_in_the_last_place() -> None:
    weights, state = tuple(map(Fraction, WEIGHTS)), tuple(map(Fraction, STATE))
    bound = rounding_tokens_max(weights, Fraction(60), state)
    assert 60 * 2.0**-53 < bound < 60 * 1e-13
    tenfold = rounding_tokens_max(weights, Fraction(600), [10 * m for m in state])
    assert tenfold == 10 * bound


@pytest.mark.parametrize("step", [theory_step, simulation_step])
@pytest.mark.parametrize("wrong", [1e-12, -1e-12, float("nan"), float("inf")])
def test_a_result_off_by_more_than_rounding_is_seen(step: Step, wrong: float) -> None:
    exact = step

    def off(*arguments: Any) -> list[float]:
        after = list(exact(*arguments))
        after[1] += wrong
        return after

    assert step_differs_from_float64(WEIGHTS, 60.0, STATE, exact, exact) is None
    found = step_differs_from_float64(WEIGHTS, 60.0, STATE, off, exact)
    assert found is not None
    assert found["stage"] == 1
