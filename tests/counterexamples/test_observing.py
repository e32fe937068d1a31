from fractions import Fraction

import numpy as np
import pytest
import z3
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.counterexamples.observing import OBSERVING, Lockstep
from homeostat.counterexamples.smt_child import jury_conditions
from homeostat.counterexamples.space import start_of
from homeostat.models.batching import (
    OBSERVABLES,
    BatchingParameters,
    Pair,
    is_schur_stable,
    stage_weights,
)

SYSTEMS = st.builds(
    lambda l0, l_a, more, k: BatchingParameters(l0, l_a, l_a + more, Fraction(k, 7)),
    st.integers(1, 12),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 6),
)


@st.composite
def runs(draw: st.DrawFn) -> Pair:
    system = draw(SYSTEMS)
    units = draw(st.lists(st.integers(0, 4), min_size=system.l_b, max_size=system.l_b))
    units[0] += not any(units)
    return Pair.run(system, start_of(system, tuple(units)), step_count=6)


def test_only_observables_about_types_and_about_the_whole_run_are_not_here() -> None:
    whole = {"theory_converges", "cycle_spread_simulation"}
    assert set(OBSERVABLES) - set(OBSERVING) == {"merge_gap", *whole}


@pytest.mark.slow
@given(pair=runs())
@settings(max_examples=60, deadline=None)
def test_flint_fractions_observe_the_same_as_the_models(pair: Pair) -> None:
    system = pair.parameters

    def exact(x: Fraction) -> fmpq:
        return fmpq(x.numerator, x.denominator)

    run = Lockstep(
        exact(system.l0),
        [exact(w) for w in system.weights],
        exact(system.capacity),
        [exact(m) for m in pair.theory[0]],
    )
    for t in range(pair.step_count + 1):
        for name, observe in OBSERVING.items():
            value = fmpq(observe(run))
            assert Fraction(int(value.p), int(value.q)) == pair.observe(name, t), name
        run.advance()


def test_numpy_lanes_observe_the_same_as_fractions() -> None:
    systems = [BatchingParameters(l0, 1, 3, Fraction(1, 4)) for l0 in (1, 2, 5)]
    # Dyadic starts and few steps keep ties between stages equal in floats, too.
    pairs = [Pair.run(s, start_of(s, (1, 1, 2)), step_count=3) for s in systems]
    weights = np.array([[float(w) for w in s.weights] for s in systems]).T
    starts = np.array([[float(m) for m in p.theory[0]] for p in pairs]).T
    run = Lockstep(np.array([1.0, 2.0, 5.0]), list(weights), 1.0, list(starts))
    for t in range(4):
        for name, observe in OBSERVING.items():
            expected = [float(p.observe(name, t)) for p in pairs]
            np.testing.assert_allclose(observe(run), expected, rtol=1e-12, atol=1e-15)
        run.advance()


@given(system=SYSTEMS)
@settings(max_examples=50, deadline=None)
def test_jury_s_conditions_for_z3_agree_with_the_models(system: BatchingParameters) -> None:
    assert all(c > 0 for c in jury_conditions(system.weights)) == is_schur_stable(system.weights)


def test_jury_s_conditions_run_on_z3_terms() -> None:
    q = z3.Real("q")
    solver = z3.Solver()
    solver.add(q > 0, q < 1, *(c > 0 for c in jury_conditions(stage_weights(1, 1, 3, q))))
    assert solver.check(q == z3.Q(1, 4)) == z3.sat
    # At 1/2 a root lies on the unit circle.
    assert solver.check(q == z3.Q(1, 2)) == z3.unsat
