"""The steps are one text over every number type: all of them agree with the fractions."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
import torch
import z3

from homeostat.models.batching import (
    BatchingParameters,
    Pair,
    evictions,
    merge,
    simulation_step,
    split,
    spread,
    stage_weights,
    theory_step,
    typed_simulation_step,
    typed_theory_step,
)
from homeostat.models.numbers import maximum, maximum_of, minimum, minimum_of, where
from homeostat.properties.rounding import floats, step_differs_from_float64

Step = Callable[[Sequence[Any], Any, Sequence[Any]], tuple[Any, ...]]

SYSTEMS = (
    BatchingParameters(1, 1, 2, "1/2"),
    BatchingParameters(1, 1, 3, "1/2"),
    BatchingParameters("3/2", 3, 4, "2/7", 5),
    BatchingParameters(2, 2, 5, "1/3", 7),
    BatchingParameters(10, 2, 5, "1/2", 60),
)
STEPS = (theory_step, simulation_step)
TYPED_STEPS = (typed_theory_step, typed_simulation_step)

systems = pytest.mark.parametrize(
    "parameters", SYSTEMS, ids=lambda p: f"{p.l0}-{p.l_a}-{p.l_b}-{p.q}"
)
steps = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
typed_steps = pytest.mark.parametrize("step", TYPED_STEPS, ids=lambda step: step.__name__)


def states(parameters: BatchingParameters) -> tuple[tuple[Fraction, ...], ...]:
    """Return starts that evict in the first step, and a trajectory from the canonical one."""
    n, weights = parameters.stage_count, parameters.weights
    corners = [
        tuple(parameters.capacity / weights[s] * (s == t) for t in range(n)) for s in range(n)
    ]
    even = tuple(parameters.capacity / (n * w) for w in weights)
    return (*corners, even, *Pair.run(parameters, step_count=8).simulation)


def lengths(parameters: BatchingParameters) -> tuple[Fraction, ...]:
    return tuple(parameters.l0 + s + 1 for s in range(parameters.l_b))


def test_the_states_used_here_ask_for_evictions() -> None:
    for parameters in SYSTEMS[1:]:
        lost = [
            evictions(m, simulation_step(parameters.weights, parameters.capacity, m))
            for m in states(parameters)
        ]
        assert any(any(amounts) for amounts in lost)


@steps
@systems
def test_float64_is_the_exact_step_up_to_rounding(parameters: Any, step: Step) -> None:
    weights, capacity = floats(parameters.weights), float(parameters.capacity)
    for state in states(parameters):
        got = step_differs_from_float64(weights, capacity, floats(state), step, step)
        assert got is None


@steps
@systems
def test_a_numpy_batch_is_float64_bit_for_bit(parameters: Any, step: Step) -> None:
    weights, capacity = floats(parameters.weights), float(parameters.capacity)
    members = [floats(state) for state in states(parameters)]
    batch = tuple(np.array(members).T)
    after = step(weights, np.full(len(members), capacity), batch)
    expected = [step(weights, capacity, member) for member in members]
    assert np.array(after).T.tolist() == [list(m) for m in expected]


@steps
@systems
def test_a_numpy_batch_of_systems_has_its_own_weights_each(parameters: Any, step: Step) -> None:
    others = [
        BatchingParameters(l0, parameters.l_a, parameters.l_b, q)
        for l0, q in ((1, "1/2"), (4, "1/4"), (9, "3/4"))
    ]
    start = (1.0, *[0.25] * (parameters.l_b - 1))
    l0, q = np.array([float(o.l0) for o in others]), np.array([float(o.q) for o in others])
    weights = [w + 0 * l0 for w in stage_weights(l0, parameters.l_a, parameters.l_b, q)]
    batch = tuple(m + 0 * l0 for m in start)
    after = np.array(step(weights, 1 + 0 * l0, batch)).T.tolist()
    assert after == [list(step(floats(o.weights), 1.0, start)) for o in others]


@steps
@systems
def test_torch_is_float64_bit_for_bit(parameters: Any, step: Step) -> None:
    weights, capacity = floats(parameters.weights), float(parameters.capacity)
    members = [floats(state) for state in states(parameters)]
    batch = tuple(torch.tensor(members, dtype=torch.float64).T)
    after = step(weights, torch.full((len(members),), capacity, dtype=torch.float64), batch)
    expected = [list(step(weights, capacity, member)) for member in members]
    assert torch.stack(after).T.tolist() == expected


def z3_fraction(term: Any) -> Fraction:
    value = z3.simplify(term)
    assert z3.is_rational_value(value), value
    return Fraction(value.numerator_as_long(), value.denominator_as_long())


@steps
@systems
def test_z3_values_simplify_to_the_fractions(parameters: Any, step: Step) -> None:
    weights = [z3.RealVal(str(w)) for w in parameters.weights]
    capacity = z3.RealVal(str(parameters.capacity))
    for state in states(parameters):
        after = step(weights, capacity, [z3.RealVal(str(m)) for m in state])
        exact = step(parameters.weights, parameters.capacity, state)
        assert tuple(map(z3_fraction, after)) == exact


@steps
@systems
def test_z3_terms_substitute_to_the_fractions(parameters: Any, step: Step) -> None:
    l0, q, capacity = z3.Reals("l0 q B")
    symbols = z3.Reals(" ".join(f"M{s}" for s in range(parameters.l_b)))
    weights = stage_weights(l0, parameters.l_a, parameters.l_b, q)
    after = step(weights, capacity, symbols)
    for state in states(parameters):
        values = (parameters.l0, parameters.q, parameters.capacity, *state)
        pairs = [
            (symbol, z3.RealVal(str(value)))
            for symbol, value in zip((l0, q, capacity, *symbols), values, strict=True)
        ]
        got = tuple(z3_fraction(z3.substitute(term, *pairs)) for term in after)
        assert got == step(parameters.weights, parameters.capacity, state)


@steps
def test_z3_accepts_fractions_beside_terms(step: Step) -> None:
    parameters = SYSTEMS[3]
    symbols = z3.Reals("M0 M1 M2 M3 M4")
    after = step(parameters.weights, parameters.capacity, symbols)
    state = states(parameters)[0]
    pairs = [(m, z3.RealVal(str(x))) for m, x in zip(symbols, state, strict=True)]
    got = tuple(z3_fraction(z3.substitute(term, *pairs)) for term in after)
    assert got == step(parameters.weights, parameters.capacity, state)


@steps
def test_z3_finds_no_start_that_leaves_the_token_balance(step: Step) -> None:
    parameters = SYSTEMS[1]
    symbols = z3.Reals("M0 M1 M2")
    after = step(parameters.weights, parameters.capacity, symbols)
    held = sum(w * m for w, m in zip(parameters.weights, after, strict=True))
    solver = z3.Solver()
    solver.add(*(m >= 0 for m in symbols), held != z3.RealVal(str(parameters.capacity)))
    assert solver.check() == z3.unsat


def sympy_rational(value: Fraction) -> Any:
    return sympy.Rational(value.numerator, value.denominator)


def from_sympy(term: Any) -> Fraction:
    value = sympy.nsimplify(term)
    assert value.is_Rational, value
    return Fraction(int(value.p), int(value.q))


@steps
@systems
def test_sympy_values_are_the_fractions(parameters: Any, step: Step) -> None:
    weights = [sympy_rational(w) for w in parameters.weights]
    for state in states(parameters):
        after = step(
            weights, sympy_rational(parameters.capacity), [sympy_rational(m) for m in state]
        )
        expected = step(parameters.weights, parameters.capacity, state)
        assert tuple(map(from_sympy, after)) == expected


@pytest.mark.slow
@steps
def test_sympy_terms_substitute_to_the_fractions(step: Step) -> None:
    parameters = SYSTEMS[1]
    l0, q, capacity, *symbols = sympy.symbols("l0 q B M0:3", real=True)
    weights = stage_weights(l0, parameters.l_a, parameters.l_b, q)
    after = step(weights, capacity, symbols)
    for state in states(parameters):
        values = (parameters.l0, parameters.q, parameters.capacity, *state)
        given = {
            symbol: sympy_rational(value)
            for symbol, value in zip((l0, q, capacity, *symbols), values, strict=True)
        }
        got = tuple(from_sympy(term.subs(given)) for term in after)
        assert got == step(parameters.weights, parameters.capacity, state)


@pytest.mark.slow
@typed_steps
@systems
def test_typed_steps_agree_over_every_number_type(parameters: Any, step: Any) -> None:
    q, capacity, v = parameters.q, parameters.capacity, lengths(parameters)
    for state in states(parameters):
        typed = split(q, parameters.l_a, state)
        exact = step(v, capacity, q, typed)
        z3_typed = tuple(tuple(z3.RealVal(str(m)) for m in part) for part in typed)
        z3_after = step(v, z3.RealVal(str(capacity)), q, z3_typed)
        assert tuple(tuple(map(z3_fraction, part)) for part in z3_after) == exact
        sympy_typed = tuple(tuple(map(sympy_rational, part)) for part in typed)
        sympy_after = step(
            tuple(map(sympy_rational, v)), sympy_rational(capacity), sympy_rational(q), sympy_typed
        )
        assert tuple(tuple(map(from_sympy, part)) for part in sympy_after) == exact


@typed_steps
@systems
def test_typed_batches_are_float64_bit_for_bit(parameters: Any, step: Any) -> None:
    q, capacity, v = float(parameters.q), float(parameters.capacity), floats(lengths(parameters))
    for state in states(parameters):
        a, b = (floats(part) for part in split(parameters.q, parameters.l_a, state))
        single = step(v, capacity, q, (a, b))
        for library in (np.array, torch.tensor):
            batch: Any = tuple(
                tuple(library([x, x], dtype=_float64(library)) for x in part) for part in (a, b)
            )
            whole = library([capacity, capacity], dtype=_float64(library))
            after = step(v, whole, q, batch)
            assert [[x.tolist() for x in part] for part in after] == [
                [[x, x] for x in part] for part in single
            ]


def _float64(library: Any) -> Any:
    return np.float64 if library is np.array else torch.float64


@systems
def test_typed_steps_merge_into_the_merged_steps(parameters: Any) -> None:
    q, capacity, v = parameters.q, parameters.capacity, lengths(parameters)
    for state in states(parameters):
        typed = split(q, parameters.l_a, state)
        assert merge(q, typed) == state
        for merged_step, typed_step in zip(STEPS, TYPED_STEPS, strict=True):
            after = merge(q, typed_step(v, capacity, q, typed))
            assert after == merged_step(parameters.weights, capacity, state)


def test_exchanged_shares_would_be_seen() -> None:
    """Canary: the typed step that admits q:p instead of p:q does not merge."""
    parameters = SYSTEMS[3]
    v, capacity = lengths(parameters), parameters.capacity
    wrong = 0
    for state in states(parameters):
        typed = split(parameters.q, parameters.l_a, state)
        run = typed
        for _ in range(parameters.l_b):
            run = typed_theory_step(v, capacity, parameters.p, run)
        exact = state
        for _ in range(parameters.l_b):
            exact = theory_step(parameters.weights, capacity, exact)
        wrong += merge(parameters.q, run) != exact
    assert wrong > 0


VALUES = (Fraction(-1, 2), Fraction(0), Fraction(3))


@pytest.mark.parametrize("a", VALUES)
@pytest.mark.parametrize("b", VALUES)
def test_choices_agree_over_every_number_type(a: Fraction, b: Fraction) -> None:
    makers: dict[str, tuple[Callable[[Fraction], Any], Callable[[Any], Any]]] = {
        "fraction": (Fraction, Fraction),
        "float": (float, Fraction),
        "numpy": (lambda x: np.array([float(x)]), lambda x: Fraction(x.item())),
        "torch": (lambda x: torch.tensor([float(x)]), lambda x: Fraction(x.item())),
        "z3": (lambda x: z3.RealVal(str(x)), z3_fraction),
        "sympy": (sympy_rational, from_sympy),
    }
    for make, back in makers.values():
        x, y = make(a), make(b)
        assert back(minimum(x, y)) == min(a, b)
        assert back(maximum(x, y)) == max(a, b)
        assert back(minimum_of([x, y, x])) == min(a, b)
        assert back(maximum_of([x, y, x])) == max(a, b)
        assert back(spread([x, y])) == abs(a - b)
        assert back(where(x <= y, x, y + 1)) == (a if a <= b else b + 1)


def test_simulation_in_floats_is_never_negative_along_a_long_run() -> None:
    rng = np.random.default_rng(7)
    for l0, l_a, l_b, q in ((1, 1, 3, 0.3), (10, 2, 5, 0.5), (2, 3, 7, 0.9)):
        weights = stage_weights(float(l0), l_a, l_b, q)
        state = tuple(rng.random(200) for _ in range(l_b))
        for _ in range(200):
            state = simulation_step(weights, np.ones(200), state)
            assert min(m.min() for m in state) >= 0
