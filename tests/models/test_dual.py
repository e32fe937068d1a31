"""Dual numbers: their slopes are the derivatives, exactly, whatever the numbers are made of."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
import z3
from hypothesis import given, reject
from hypothesis import strategies as st

from homeostat.errors import InvalidInputError
from homeostat.models.dual import Dual, lifted, slope_at
from homeostat.models.numbers import maximum, minimum

X = sympy.Symbol("x")
Function = Callable[[Any], Any]


def combined(parts: st.SearchStrategy[Function]) -> st.SearchStrategy[Function]:
    """Return functions put together from others; the text of each is run on every number type."""
    pair = st.tuples(parts, parts)
    return st.one_of(
        pair.map(lambda fg: lambda x: fg[0](x) + fg[1](x)),
        pair.map(lambda fg: lambda x: fg[0](x) - fg[1](x)),
        pair.map(lambda fg: lambda x: fg[0](x) * fg[1](x)),
        pair.map(lambda fg: lambda x: fg[0](x) / fg[1](x)),
        parts.map(lambda f: lambda x: -f(x)),
        st.tuples(parts, st.integers(-2, 3)).map(lambda fn: lambda x: fn[0](x) ** fn[1]),
    )


def constant(number: int) -> Function:
    # As a function of x, so that a quotient of two of them is no float.
    return lambda x: number + 0 * x


LEAVES = st.one_of(st.just(lambda x: x), st.integers(-3, 3).map(constant))
EXPRESSIONS = st.recursive(LEAVES, combined, max_leaves=8)


@pytest.mark.slow
@given(EXPRESSIONS, st.fractions(-3, 3, max_denominator=5))
def test_the_slope_of_a_random_expression_is_its_symbolic_derivative(
    function: Function, at: Fraction
) -> None:
    try:
        dual = Dual.of(function(Dual(at, Fraction(1))))
    except ZeroDivisionError:
        reject()  # a pole: it has no slope there
    point = sympy.Rational(at.numerator, at.denominator)
    expression = sympy.sympify(function(X))
    assert sympy.simplify(expression.subs(X, point) - _symbolic(dual.value)) == 0
    assert sympy.simplify(sympy.diff(expression, X).subs(X, point) - _symbolic(dual.slope)) == 0


def _symbolic(x: Any) -> Any:
    return sympy.Rational(x.numerator, x.denominator)


def test_slopes_that_are_known_by_heart() -> None:
    assert slope_at(lambda x: x**3, 2) == 12
    assert slope_at(lambda x: 1 / x, 2) == Fraction(-1, 4)
    assert slope_at(lambda x: 7, 2) == 0
    assert slope_at(lambda x: 3 - x, 2) == -1
    assert slope_at(lambda x: x**0, 2) == 0
    assert slope_at(lambda x: x**-2, Fraction(1, 2)) == -16


def test_integers_divide_as_fractions_do() -> None:
    third = Dual(1, 1) / Dual(3, 0)
    assert (third.value, third.slope) == (Fraction(1, 3), Fraction(1, 3))
    assert all(isinstance(x, Fraction) for x in (third.value, third.slope))


def test_a_choice_has_the_slope_of_the_branch_that_is_taken() -> None:
    def capped(x: Any) -> Any:
        return minimum(maximum(x * x, 1), 9)

    slopes = [slope_at(capped, x) for x in (Fraction(1, 2), 2, 4)]
    assert slopes == [0, 4, 0]
    # Values that meet exactly: the first of the two is taken.
    assert slope_at(lambda x: maximum(x, 2 - x), 1) == 1
    assert slope_at(lambda x: maximum(2 - x, x), 1) == -1


def test_the_four_comparisons_look_at_values_alone() -> None:
    low, high = Dual(1, 9), Dual(2, -9)
    assert (low < high, low <= high, high > low, high >= 2) == (True,) * 4
    assert (high < low, high <= 1, low > high, low >= high) == (False,) * 4


def test_arrays_choose_entry_by_entry_in_value_and_slope() -> None:
    x = Dual(np.array([0.5, 2.0, 4.0]), np.ones(3))
    found = minimum(maximum(x * x, 1.0), 9.0)
    assert found.value.tolist() == [1.0, 4.0, 9.0]
    assert found.slope.tolist() == [0.0, 4.0, 0.0]


def test_terms_of_z3_choose_too() -> None:
    x = z3.Real("x")
    found = slope_at(lambda y: maximum(y * y, 1), x)
    solver = z3.Solver()
    solver.add(x > 1, found != 2 * x)
    assert solver.check() == z3.unsat


def test_duals_of_duals_have_the_second_derivative() -> None:
    def first(x: Any) -> Any:
        return slope_at(lambda y: y**3 / (1 + y), x)

    second = sympy.diff(X**3 / (1 + X), X, 2).subs(X, 2)
    assert slope_at(first, 2) == Fraction(int(second.p), int(second.q))


def test_a_lifted_function_obeys_the_chain_rule() -> None:
    exp, log = lifted(sympy.exp, sympy.exp), lifted(sympy.log, lambda x: 1 / x)
    found = slope_at(lambda x: exp(x * x) * log(x), X)
    assert sympy.simplify(found - sympy.diff(sympy.exp(X * X) * sympy.log(X), X)) == 0
    assert slope_at(lifted(math.sin, math.cos), 0.0) == 1.0


@pytest.mark.parametrize("exponent", [0.5, Fraction(1, 2), Dual(1, 1)])
def test_only_whole_powers_have_a_slope_of_their_own(exponent: Any) -> None:
    with pytest.raises(InvalidInputError, match="must be an integer"):
        _ = Dual(2, 1) ** exponent
