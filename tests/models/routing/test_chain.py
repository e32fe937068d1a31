from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.errors import InvalidInputError
from homeostat.models.routing.chain import Chain, Unvisited, chain_of, is_exact, solve

# Many zeros, so that some rows stay empty.
COUNTS = st.integers(1, 5).flatmap(
    lambda n: st.lists(
        st.lists(st.sampled_from((0, 0, 0, 1, 7)), min_size=n, max_size=n), min_size=n, max_size=n
    )
).filter(lambda rows: any(map(any, rows)))  # fmt: skip
CHOICES = st.sampled_from(("uniform", "stay"))


@given(COUNTS, CHOICES)
def test_every_row_of_an_exact_chain_adds_up_to_one(rows: list[list[int]], how: Unvisited) -> None:
    chain = chain_of(rows, unvisited=how, exact=True)
    assert is_exact(chain.matrix)
    assert all(sum(row) == 1 and min(row) >= 0 for row in chain.matrix)
    assert chain.visited == tuple(map(any, rows))


@given(COUNTS, CHOICES)
def test_floats_and_fractions_are_the_same_chain(rows: list[list[int]], how: Unvisited) -> None:
    exact, floats = (chain_of(rows, unvisited=how, exact=exact) for exact in (True, False))
    assert floats.matrix.dtype == np.float64
    assert np.allclose(exact.matrix.astype(float), floats.matrix, rtol=1e-15, atol=0)


def test_an_expert_that_was_never_left_is_treated_as_the_reader_says() -> None:
    counts = [[1, 1], [0, 0]]
    half = Fraction(1, 2)
    assert chain_of(counts, exact=True).matrix.tolist() == [[half, half], [half, half]]
    stays = chain_of(counts, unvisited="stay", exact=True)
    assert stays.matrix.tolist() == [[half, half], [0, 1]]
    dropped = chain_of(counts, unvisited="drop", exact=True)
    assert (dropped.matrix.tolist(), dropped.states) == ([[1]], (0,))


def test_dropping_goes_on_until_every_expert_that_remains_was_left() -> None:
    # 3 leads nowhere, then 2 leads nowhere; 0 and 1 remain.
    counts = [[0, 2, 0, 0], [1, 0, 5, 0], [0, 0, 0, 4], [0, 0, 0, 0]]
    chain = chain_of(counts, unvisited="drop")
    assert (chain.states, chain.visited) == ((0, 1), (True, True))
    assert chain.matrix.tolist() == [[0, 1], [1, 0]]


def test_a_chain_of_which_nothing_remains_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="every expert was dropped"):
        chain_of([[0, 1], [0, 0]], unvisited="drop")


def test_an_unknown_choice_is_refused() -> None:
    choice: Any = "guess"
    with pytest.raises(InvalidInputError, match="uniform, stay, drop"):
        chain_of([[1]], unvisited=choice)


@pytest.mark.parametrize(
    "matrix", [[[0.5, 0.4], [0.0, 1.0]], [[1.5, -0.5], [0.0, 1.0]], [[float("nan"), 1], [0, 1]]]
)
def test_what_is_not_stochastic_is_no_chain(matrix: list[list[float]]) -> None:
    with pytest.raises(InvalidInputError, match="add up to 1"):
        Chain.of(np.array(matrix))


def test_fractions_have_no_tolerance() -> None:
    almost = 1 - Fraction(1, 10**20)
    with pytest.raises(InvalidInputError, match="add up to 1"):
        Chain.of(np.array([[almost]]))


@given(st.lists(st.lists(st.integers(-3, 3), min_size=3, max_size=3), min_size=3, max_size=3))
def test_a_solution_over_fractions_solves_exactly_or_the_matrix_is_singular(
    rows: list[list[int]],
) -> None:
    matrix = np.array([[Fraction(x) for x in row] for row in rows], dtype=object)
    right = np.array([[Fraction(1)], [Fraction(2)], [Fraction(3)]], dtype=object)
    singular = round(np.linalg.det(np.array(rows, float))) == 0
    if singular:
        with pytest.raises(InvalidInputError, match="regular"):
            solve(matrix, right)
    else:
        assert (matrix @ solve(matrix, right) == right).all()


def test_a_singular_matrix_of_floats_is_refused_too() -> None:
    with pytest.raises(InvalidInputError, match="regular"):
        solve(np.zeros((2, 2)), np.ones((2, 1)))
