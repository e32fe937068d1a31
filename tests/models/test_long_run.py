"""What trajectories tell about all later times, against numpy and against long runs."""

from fractions import Fraction

import numpy as np
import pytest

from homeostat.models.batching import BatchingParameters, Pair, is_schur_stable, theory_matrix
from homeostat.models.batching.long_run import annihilating_polynomial, cycle_start

UNSTABLE = BatchingParameters(1, 2, 5, "9/50", "77/10")
"""-6/5 is a root of its stage polynomial; the three others lie inside the circle."""
FORGOTTEN = ("1", "0", "66516328/14658813", "5/3", "37986829/43976439")


def test_a_polynomial_of_vectors_is_the_first_relation_between_them() -> None:
    powers = [[Fraction(1), Fraction(2) ** k, Fraction(3) ** k] for k in range(4)]
    assert annihilating_polynomial(powers) == tuple(map(Fraction, (-6, 11, -6, 1)))
    assert annihilating_polynomial([[Fraction(0)]]) == (Fraction(1),)
    with pytest.raises(ValueError, match="independent"):
        annihilating_polynomial(powers[:3])


def test_an_unstable_theory_forgets_some_starts_and_no_neighbour_of_them() -> None:
    assert not is_schur_stable(UNSTABLE.weights)
    roots = np.roots([float(w) for w in UNSTABLE.weights])
    assert sorted(np.abs(roots) >= 1).count(True) == 1
    forgotten = Pair.run(UNSTABLE, FORGOTTEN, step_count=80)
    assert forgotten.observe("theory_converges", 0) == 1
    assert forgotten.observe("spread_theory", 80) < Fraction(1, 1000)
    start = [Fraction(m) for m in FORGOTTEN]
    step = Fraction(1, 10**6)
    near = [start[0] + step / UNSTABLE.weights[0], *start[1:]]
    near[2] -= step / UNSTABLE.weights[2]
    pair = Pair.run(UNSTABLE, near, step_count=200)
    assert pair.observe("theory_converges", 0) == 0
    assert pair.observe("spread_theory", 200) > 100


def test_from_every_start_of_a_stable_system_theory_converges() -> None:
    stable = BatchingParameters(10, 2, 5, "1/2", 60)
    pair = Pair.run(stable, step_count=1)
    assert is_schur_stable(stable.weights)
    assert pair.observe("theory_converges", 0) == 1
    level = stable.capacity / sum(stable.weights)
    assert Pair.run(stable, (level,) * 5, step_count=0).observe("theory_converges", 0) == 1
    assert len(theory_matrix(stable)) == 5


def test_a_cycle_is_a_state_that_comes_back() -> None:
    pair = Pair.run(UNSTABLE, FORGOTTEN, step_count=14)
    assert [t for t in range(15) if cycle_start(pair.simulation, t) is not None] == [12, 13, 14]
    assert pair.simulation[12] == pair.simulation[10] != pair.simulation[11]
    spreads = [pair.observe("spread_simulation", t) for t in (10, 11)]
    assert pair.observe("cycle_spread_simulation", 12) == max(spreads) > 0
    assert pair.observe("cycle_spread_simulation", 11) == 0
