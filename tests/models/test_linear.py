"""Theory's matrix, its stability and its fixed point."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from homeostat.models.batching import (
    DATA_SETS,
    BatchingParameters,
    DataSet,
    Pair,
    canonical_start,
    equilibrium,
    is_schur_stable,
    simulation_step,
    single_type_weights,
    spread,
    theory_matrix,
    theory_step,
)

FAMILY = [
    BatchingParameters(l0, l_a, l_b, q)
    for l0, l_b, q in itertools.product((1, 2, 10, 100), range(2, 8), ("1/10", "1/2", "4/5"))
    for l_a in range(1, l_b)
]


@pytest.mark.parametrize("data_set", DATA_SETS, ids=lambda d: d.name)
def test_matrix_and_offset_are_the_theory_step(data_set: DataSet) -> None:
    parameters = data_set.parameters
    matrix, offset = theory_matrix(parameters), canonical_start(parameters)
    for before in Pair.run(parameters, step_count=12).theory:
        image = tuple(
            sum((a * m for a, m in zip(row, before, strict=True)), b)
            for row, b in zip(matrix, offset, strict=True)
        )
        assert image == theory_step(parameters.weights, parameters.capacity, before)


def test_the_equilibrium_is_flat_balanced_and_rests() -> None:
    for parameters in FAMILY:
        rest = equilibrium(parameters)
        assert spread(rest) == 0
        assert sum(w * m for w, m in zip(parameters.weights, rest, strict=True)) == 1
        assert theory_step(parameters.weights, parameters.capacity, rest) == rest
        assert simulation_step(parameters.weights, parameters.capacity, rest) == rest


def test_stability_agrees_with_float_roots_away_from_the_circle() -> None:
    decided = 0
    for parameters in FAMILY:
        radius = max(abs(np.roots([float(w) for w in parameters.weights])))
        if abs(radius - 1) < 1e-6:
            continue
        decided += 1
        assert is_schur_stable(parameters.weights) == (radius < 1), parameters
        eigenvalues = np.linalg.eigvals(np.array(theory_matrix(parameters), dtype=float))
        assert max(abs(eigenvalues)) == pytest.approx(radius, rel=1e-9)
    assert decided > 0.9 * len(FAMILY)
    assert {is_schur_stable(p.weights) for p in FAMILY} == {True, False}


def test_a_root_exactly_on_the_circle_is_not_stable() -> None:
    boundary = BatchingParameters(1, 1, 3, "1/2")
    # 2 z^2 + 3/2 z + 2: a complex pair whose product is 1.
    weights: object = (2, Fraction(3, 2), 2)
    assert boundary.weights == weights
    assert not is_schur_stable(boundary.weights)
    below, above = (
        BatchingParameters(1, 1, 3, Fraction(1, 2) + sign * Fraction(1, 10**30)) for sign in (-1, 1)
    )
    assert is_schur_stable(below.weights)
    assert not is_schur_stable(above.weights)


@pytest.mark.parametrize(
    ("coefficients", "stable"),
    [
        ([1], True),
        ([1, 0], True),
        ([2, 1], True),
        ([1, 1], False),
        ([1, -1], False),
        ([1, 2], False),
        ([1, 0, 1], False),
        ([4, 0, 1], True),
        ([1, -2, 1], False),
        ([10**30, 10**30 - 1], True),
    ],
)
def test_small_polynomials_are_decided_exactly(
    coefficients: list[int],
    stable: bool,  # noqa: FBT001  # a table of cases
) -> None:
    assert is_schur_stable([Fraction(c) for c in coefficients]) is stable


def test_one_type_alone_has_every_root_outside() -> None:
    for l0, n in itertools.product((1, 3, 50), range(2, 8)):
        weights = single_type_weights(Fraction(l0), n)
        assert not is_schur_stable(weights)
        assert is_schur_stable(weights[::-1])


def test_a_stable_theory_settles_at_the_equilibrium() -> None:
    parameters = BatchingParameters(10, 2, 5, "1/2", 60)
    assert is_schur_stable(parameters.weights)
    weights, state = [float(w) for w in parameters.weights], (60 / 11, 0.0, 0.0, 0.0, 0.0)
    for _ in range(3000):
        state = theory_step(weights, 60.0, state)
    assert state == pytest.approx([float(m) for m in equilibrium(parameters)], rel=1e-9)
