"""Landau's free energy: its text over symbols, fractions, floats and arrays."""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy

from homeostat.errors import InvalidModelError
from homeostat.models.landau import (
    Landau,
    free_energy,
    minimiser,
    minimiser_squared,
    relax,
    relaxation_rate,
    slope,
)

MODEL = Landau.of(a=Fraction(2), b=Fraction(1), critical=Fraction(3))


def test_the_slope_is_the_derivative_and_the_rate_the_curvature_at_the_minimiser() -> None:
    a, b = sympy.symbols("a b", positive=True)
    order, temperature, critical = sympy.symbols("f T Tc", real=True)
    model = Landau(a=a, b=b, critical=critical)
    energy = free_energy(model, order, temperature)
    assert sympy.expand(sympy.diff(energy, order) - slope(model, order, temperature)) == 0
    curvature = sympy.diff(energy, order, 2)
    away = sympy.symbols("x", positive=True)
    for sign, wanted in ((1, 2 * a * away), (-1, 4 * a * away)):
        here = critical + sign * away
        square = sympy.simplify(minimiser_squared(model, here))
        found = curvature.subs({temperature: here, order: sympy.sqrt(square)})
        assert sympy.simplify(found - wanted) == 0
        assert sympy.simplify(relaxation_rate(model, here) - wanted) == 0


@pytest.mark.parametrize(
    ("temperature", "square", "rate"), [("1", "2", "16"), ("3", "0", "0"), ("5", "0", "8")]
)
def test_the_minimisers_and_their_rates_are_those_computed_by_hand(
    temperature: str, square: str, rate: str
) -> None:
    assert minimiser_squared(MODEL, Fraction(temperature)) == Fraction(square)
    assert relaxation_rate(MODEL, Fraction(temperature)) == Fraction(rate)
    assert minimiser(MODEL, Fraction(temperature)) == math.sqrt(Fraction(square))


def test_no_order_on_a_fine_grid_has_less_energy_than_the_minimiser() -> None:
    orders = np.linspace(-3, 3, 6001)
    for temperature in (0.0, 1.0, 2.9, 3.0, 3.1, 5.0):
        model = Landau.of(a=2.0, b=1.0, critical=3.0)
        energies = free_energy(model, orders, temperature)
        found = minimiser(model, temperature)
        assert free_energy(model, found, temperature) <= energies.min()
        assert abs(abs(orders[energies.argmin()]) - found) <= 6 / 6000


def test_arrays_and_numbers_give_the_same() -> None:
    temperatures = np.array([1.0, 3.0, 4.5])
    model = Landau.of(a=2.0, b=1.0, critical=3.0)
    for text in (minimiser_squared, relaxation_rate):
        assert text(model, temperatures).tolist() == [text(model, t) for t in temperatures.tolist()]


@pytest.mark.parametrize("temperature", [2, 4])
def test_a_small_displacement_shrinks_at_the_rate_that_is_told(temperature: int) -> None:
    model = Landau.of(a=2.0, b=1.0, critical=3.0)
    rest, dt, away = minimiser(model, temperature), 1e-3, 1e-7
    after = relax(model, rest + away, temperature, dt)
    told = 1 - dt * relaxation_rate(model, temperature)
    # The neglected term of second order is away * 12 b f dt.
    assert (after - rest) / away == pytest.approx(told, abs=1e-5)


def test_far_from_the_critical_point_order_comes_to_rest_and_at_it_only_slowly() -> None:
    model = Landau.of(a=2.0, b=1.0, critical=3.0)
    left = {}
    for temperature in (3.0, 5.0):
        order = 1.0
        for _ in range(1000):
            order = relax(model, order, temperature, 1e-2)
        left[temperature] = order
    assert left[5.0] < 1e-12
    # 1 / sqrt(1 + 8 b time), which no exponential follows.
    assert left[3.0] == pytest.approx(1 / math.sqrt(1 + 80), rel=0.01)


@pytest.mark.parametrize("change", [{"a": 0}, {"b": -1}, {"b": 0}, {"a": float("nan")}])
def test_coefficients_that_bend_it_the_wrong_way_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(InvalidModelError, match="must be > 0"):
        Landau.of(**{"a": 1, "b": 1, "critical": 1, **change})
