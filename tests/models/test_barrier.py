"""Barriers: known chains and relative degrees, and one text for every type of number."""

import math
import random
from fractions import Fraction

import numpy as np
import pytest
import sympy
import z3

from homeostat.errors import InvalidModelError
from homeostat.models.barrier import (
    allowed_acceleration,
    braking_distance,
    braking_filter,
    braking_headroom,
    chain_value,
    euler_step,
    filtered,
    headroom,
    hocbf_chain,
    least_chance,
    lie_derivative,
    relative_degree,
    within,
)
from homeostat.models.barrier.systems import text_of

X = sympy.symbols("x1 x2 x3")
K = sympy.symbols("k1 k2")
INTEGRATORS = ((X[1], X[2], sympy.Integer(0)), (0, 0, 1))


@pytest.mark.parametrize(("barrier", "degree"), [(-X[2], 1), (-X[1], 2), (-X[0], 3)])
def test_a_chain_of_integrators_has_the_relative_degree_of_its_place(
    barrier: sympy.Expr, degree: int
) -> None:
    assert relative_degree(barrier, *INTEGRATORS, X) == degree


def test_a_barrier_that_no_input_reaches_has_no_relative_degree() -> None:
    drift, control = (X[1], sympy.Integer(0), X[0]), (0, 0, 1)
    with pytest.raises(InvalidModelError, match="must depend on the input"):
        relative_degree(X[0], drift, control, X)


def test_a_field_with_a_component_too_few_is_refused() -> None:
    with pytest.raises(InvalidModelError, match="field has 2 components, must have 3"):
        lie_derivative(X[0], (1, 2), X)
    with pytest.raises(InvalidModelError, match="gains must be 3"):
        hocbf_chain(-X[0], *INTEGRATORS, X, K)


def test_the_lie_derivative_is_the_slope_along_the_field() -> None:
    x, y = sympy.symbols("x y")
    function, field = x**2 * y + sympy.sin(y), (y, -x)
    found = lie_derivative(function, field, (x, y))
    assert sympy.simplify(found - (2 * x * y**2 - x**3 - x * sympy.cos(y))) == 0


def test_the_chain_of_a_pendulum_is_the_one_worked_out_by_hand() -> None:
    angle, speed, k1, k2 = sympy.symbols("a w k1 k2")
    drift, control = (speed, -sympy.sin(angle)), (sympy.Integer(0), sympy.Integer(1))
    chain = hocbf_chain(1 - angle, drift, control, (angle, speed), (k1, k2))
    assert chain.degree == 2
    assert chain.gain == -1
    assert chain.psi == (1 - angle, sympy.expand(k1 * (1 - angle) - speed))
    by_hand = sympy.sin(angle) - k1 * speed + k2 * (k1 * (1 - angle) - speed)
    assert sympy.expand(chain.rest - by_hand) == 0


def test_a_barrier_of_degree_one_has_a_chain_of_itself() -> None:
    v, k = sympy.symbols("v k")
    chain = hocbf_chain(5 - v, (-2 * v,), (3,), (v,), (k,))
    assert chain.psi == (5 - v,)
    assert chain.gain == -3
    assert sympy.expand(chain.rest - (2 * v + k * (5 - v))) == 0


def test_the_numeric_filter_is_the_symbolic_chain_solved_for_the_input() -> None:
    x, v, u, limit, k1, k2 = sympy.symbols("x v u L k1 k2")
    chain = hocbf_chain(headroom(x, limit), (v, 0), (0, 1), (x, v), (k1, k2))
    (solved,) = sympy.solve(chain.rest + chain.gain * u, u)
    own = allowed_acceleration(x, v, limit=limit, gains=(k1, k2))
    assert sympy.expand(solved - own) == 0
    above = chain_value(x, v, limit=limit, first_gain=k1)
    assert sympy.expand(chain.psi[1] - above) == 0


def _drawn(rng: random.Random) -> Fraction:
    return Fraction(rng.randrange(-64, 65), 8)


def test_fractions_floats_and_arrays_run_the_same_text() -> None:
    rng = random.Random(4)
    rows = [[_drawn(rng) for _ in range(4)] for _ in range(50)]
    limits = {"limit": 3, "input_max": 2, "step": Fraction(1, 2)}
    columns = [np.array([float(row[i]) for row in rows]) for i in range(4)]
    x, v, wanted, margin = columns
    floats = {"limit": 3.0, "input_max": 2.0, "step": 0.5}
    allowed = allowed_acceleration(x, v, limit=3.0, gains=(0.5, 1.5), margin=margin)
    braked = braking_filter(x, v, wanted, **floats)
    room = braking_headroom(x, v, **floats)
    for i, row in enumerate(rows):
        exact = allowed_acceleration(
            *row[:2], limit=3, gains=(Fraction(1, 2), Fraction(3, 2)), margin=row[3]
        )
        # Eighths and halves are exact in doubles.
        assert allowed[i] == exact
        assert room[i] == braking_headroom(*row[:2], **limits)
        assert braked[i] == braking_filter(*row[:3], **limits)
        assert np.all(filtered(wanted, allowed)[i] == min(row[2], exact))


def test_the_braking_filter_runs_on_symbols_of_a_solver() -> None:
    x, v, wanted = z3.Reals("x v wanted")
    limits = {"limit": z3.RealVal(3), "input_max": z3.RealVal(2), "step": z3.RealVal(1)}
    u = braking_filter(x, v, wanted, **limits)
    then = euler_step(x, v, u, step=limits["step"])
    solver = z3.Solver()
    solver.add(braking_headroom(x, v, **limits) >= 0, braking_headroom(*then, **limits) < 0)
    assert solver.check() == z3.unsat


@pytest.mark.parametrize("count", range(8))
def test_the_braking_distance_is_what_the_steps_add_up_to_and_a_rest(count: int) -> None:
    step, hardest = Fraction(1, 3), Fraction(3, 2)
    v = start = count * step * hardest
    gone = Fraction(0)
    while v > 0:
        gone, v = gone + step * v, v - step * hardest
    distance = braking_distance(start, input_max=hardest, step=step)
    assert distance == gone + step**2 * hardest / 8


def test_a_filter_passes_what_is_allowed_and_cuts_the_rest() -> None:
    assert filtered(Fraction(2), Fraction(3)) == 2
    assert filtered(Fraction(5), Fraction(3)) == 3
    assert [within(Fraction(u), Fraction(2)) for u in (-5, -1, 0, 2, 7)] == [-2, -1, 0, 2, 2]


@pytest.mark.parametrize("z", [0.0, 0.5, 1.0, 2.0, 3.0, 6.0])
def test_the_least_chance_is_below_the_true_one(z: float) -> None:
    true = math.erfc(z / math.sqrt(2)) / 2
    assert 0 < least_chance(z * 3, 3.0, exp=math.exp) < true


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (sympy.Integer(0), "0"),
        (sympy.Rational(-3, 2), "-3/2"),
        (X[0], "x1"),
        (-(X[0] ** 2) * X[1] + 2, "- x1*x1*x2 + 2"),
        (X[0] * K[0] / 2 - 3 * X[1], "1/2*k1*x1 - 3*x2"),
    ],
)
def test_polynomials_are_written_without_powers_and_brackets(
    expression: sympy.Expr, text: str
) -> None:
    assert text_of(expression) == text
