import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import laplacian

from homeostat.errors import InvalidInputError
from homeostat.models.routing.chain import Chain, chain_of
from homeostat.models.routing.classes import components, stationary_law
from homeostat.models.routing.gaps import (
    GAPS,
    eigenvalue_gap,
    laplacian_gap,
    normalised_laplacian_gap,
    reversible_gap,
    singular_gap,
)
from homeostat.models.routing.unions import lazy_uniform_chain, memoryless_chain

POSITIVE = st.integers(2, 6).flatmap(
    lambda n: st.lists(
        st.lists(st.integers(1, 9), min_size=n, max_size=n), min_size=n, max_size=n
    ).map(np.array)
)


def chung_laplacian(chain: Chain) -> np.ndarray:
    """Chung 2005, (2.1), written out entry by entry."""
    law, count = stationary_law(chain), len(chain.states)
    return np.array(
        [
            [
                (i == j)
                - math.sqrt(law[i] / law[j]) * chain.matrix[i, j] / 2
                - math.sqrt(law[j] / law[i]) * chain.matrix[j, i] / 2
                for j in range(count)
            ]
            for i in range(count)
        ]
    )


def backwards(chain: Chain) -> np.ndarray:
    law = stationary_law(chain)
    reversed_matrix: np.ndarray = chain.matrix.T * law[None, :] / law[:, None]
    return reversed_matrix


@pytest.mark.slow
@given(POSITIVE)
def test_the_reversible_gap_is_that_of_chungs_laplacian(counts: np.ndarray) -> None:
    chain = chain_of(counts)
    chung = np.linalg.eigvalsh(chung_laplacian(chain))
    assert chung[0] == pytest.approx(0, abs=1e-12)
    assert reversible_gap(chain) == pytest.approx(chung[1], abs=1e-12)


@given(POSITIVE)
def test_the_reversible_gap_is_that_of_the_mean_with_the_chain_run_backwards(
    counts: np.ndarray,
) -> None:
    chain = chain_of(counts)
    values = np.sort(np.linalg.eigvals((chain.matrix + backwards(chain)) / 2).real)
    assert reversible_gap(chain) == pytest.approx(1 - values[-2], abs=1e-9)


@given(POSITIVE)
def test_the_singular_gap_is_that_of_a_step_and_a_step_back(counts: np.ndarray) -> None:
    chain = chain_of(counts)
    values = np.sort(np.linalg.eigvals(chain.matrix @ backwards(chain)).real)
    assert (1 - singular_gap(chain)) ** 2 == pytest.approx(max(values[-2], 0), abs=1e-9)


@given(POSITIVE)
def test_no_eigenvalue_has_a_larger_modulus_than_the_singular_value(counts: np.ndarray) -> None:
    # Weyl: |lambda_1 lambda_2| <= sigma_1 sigma_2, and both first ones are 1.
    chain = chain_of(counts)
    assert eigenvalue_gap(chain) >= singular_gap(chain) - 1e-9
    assert reversible_gap(chain) >= singular_gap(chain) - 1e-9


@given(POSITIVE)
def test_of_symmetric_counts_two_definitions_agree(counts: np.ndarray) -> None:
    symmetric = counts + counts.T
    gap = reversible_gap(chain_of(symmetric))
    assert normalised_laplacian_gap(symmetric.astype(float)) == pytest.approx(gap, abs=1e-12)
    assert eigenvalue_gap(chain_of(symmetric)) <= gap + 1e-9


@given(POSITIVE)
def test_laplacians_are_those_of_scipy(counts: np.ndarray) -> None:
    weights = (counts + counts.T) / 2
    for normed, own in ((False, laplacian_gap), (True, normalised_laplacian_gap)):
        # SciPy leaves loops out of the degree; they change D - W by nothing, the other one not.
        bare = weights - np.diag(np.diag(weights))
        theirs = np.linalg.eigvalsh(laplacian(bare, normed=normed))[1]
        assert own(bare) == pytest.approx(theirs, abs=1e-10)
    assert laplacian_gap(weights) == pytest.approx(
        laplacian_gap(weights - np.diag(np.diag(weights))), abs=1e-10
    )


@pytest.mark.parametrize("stay", [0.0, 0.3, 0.99])
def test_a_lazy_uniform_chain_has_the_gap_one_minus_its_laziness(stay: float) -> None:
    chain = lazy_uniform_chain(7, stay)
    for gap in (eigenvalue_gap, reversible_gap, singular_gap):
        assert gap(chain) == pytest.approx(1 - stay, abs=1e-12)


def test_a_memoryless_chain_has_gap_one_however_concentrated() -> None:
    chain = memoryless_chain([0.97, 0.01, 0.01, 0.01])
    for gap in (eigenvalue_gap, reversible_gap, singular_gap):
        assert gap(chain) == pytest.approx(1, abs=1e-7)


def test_two_closed_classes_have_gap_zero_and_more_components_at_a_threshold_have_not() -> None:
    split = chain_of(np.kron(np.eye(2, dtype=int), np.ones((2, 2), int)))
    assert eigenvalue_gap(split) == pytest.approx(0, abs=1e-12)
    with pytest.raises(InvalidInputError, match="2 closed classes"):
        reversible_gap(split)
    even = lazy_uniform_chain(40, 0.0)
    assert len(components(even, threshold=0.05)) == 40
    assert eigenvalue_gap(even) == pytest.approx(1, abs=1e-7)


def test_a_period_of_two_is_gap_zero_by_modulus_alone() -> None:
    turning = Chain.of(np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert eigenvalue_gap(turning) == pytest.approx(0, abs=1e-12)
    assert reversible_gap(turning) == pytest.approx(2, abs=1e-12)


def test_states_outside_the_closed_class_do_not_change_the_reversible_gap() -> None:
    inner = np.array([[3, 1], [2, 5]])
    outer = np.array([[3, 1, 0], [2, 5, 0], [1, 1, 4]])
    gaps = [reversible_gap(chain_of(counts)) for counts in (inner, outer)]
    assert gaps[0] == pytest.approx(gaps[1], abs=1e-12)


def test_a_single_state_is_mixed_at_once_and_has_no_laplacian() -> None:
    one = chain_of([[4]])
    assert eigenvalue_gap(one) == reversible_gap(one) == singular_gap(one) == 1
    with pytest.raises(InvalidInputError, match="2 or more"):
        laplacian_gap(np.ones((1, 1)))


def test_all_definitions_differ_on_a_chain_that_is_not_reversible() -> None:
    counts = np.array([[80, 20, 0], [0, 5, 5], [6, 1, 13]])
    found = {name: round(gap(counts), 6) for name, gap in GAPS.items()}
    assert len(set(found.values())) == len(GAPS), found
