from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.errors import InvalidInputError
from homeostat.models.routing.chain import Chain, chain_of
from homeostat.models.routing.classes import components, stationary_law, stationary_laws

COUNTS = st.integers(1, 6).flatmap(
    lambda n: st.lists(
        st.lists(st.sampled_from((0, 0, 1, 3)), min_size=n, max_size=n), min_size=n, max_size=n
    )
).filter(lambda rows: any(map(any, rows)))  # fmt: skip
TWO_CLASSES = [[3, 1, 0, 0, 0], [1, 1, 0, 0, 0], [1, 0, 1, 1, 0], [0, 0, 0, 1, 2], [0, 0, 0, 1, 0]]


def reaches(matrix: np.ndarray, threshold: float) -> np.ndarray:
    """Reachability by repeated squaring of the edge relation, itself included."""
    seen = (matrix > threshold) | np.eye(len(matrix), dtype=bool)
    for _ in range(len(matrix)):
        seen = (seen.astype(int) @ seen.astype(int)) > 0
    return seen


@pytest.mark.slow
@given(COUNTS, st.sampled_from((0.0, 0.2, 0.4)))
def test_components_are_the_classes_of_mutual_reachability(
    rows: list[list[int]], threshold: float
) -> None:
    chain = chain_of(rows, unvisited="stay")
    reach = reaches(chain.matrix, threshold)
    found = components(chain, threshold=threshold)
    assert sorted(row for part in found for row in part.rows) == list(range(len(rows)))
    for part in found:
        first = part.rows[0]
        assert part.rows == tuple(np.flatnonzero(reach[first] & reach[:, first]))
        assert part.closed == (set(np.flatnonzero(reach[first])) == set(part.rows))


def test_an_edge_must_be_above_the_threshold() -> None:
    chain = chain_of([[1, 1], [1, 1]], exact=True)
    assert len(components(chain, threshold=Fraction(1, 2))) == 2
    assert len(components(chain, threshold=Fraction(49, 100))) == 1


@pytest.mark.parametrize("threshold", [-0.1, float("nan")])
def test_a_threshold_below_zero_is_refused(threshold: float) -> None:
    with pytest.raises(InvalidInputError, match="must be >= 0"):
        components(chain_of([[1]]), threshold=threshold)


def test_each_closed_class_has_a_law_of_its_own_and_none_is_the_only_one() -> None:
    chain = chain_of(TWO_CLASSES, exact=True)
    laws = stationary_laws(chain)
    assert [part.rows for part, _ in laws] == [(0, 1), (3, 4)]
    for part, law in laws:
        assert sum(law) == 1
        assert tuple(np.flatnonzero(law)) == part.rows
        assert (law @ chain.matrix == law).all()
    with pytest.raises(InvalidInputError, match="2 closed classes"):
        stationary_law(chain)


@given(COUNTS)
def test_a_stationary_law_is_invariant_exactly(rows: list[list[int]]) -> None:
    chain = chain_of(rows, unvisited="stay", exact=True)
    laws = stationary_laws(chain)
    assert laws, "a finite chain has a closed class"
    for part, law in laws:
        assert (law @ chain.matrix == law).all()
        assert sum(law) == 1
        assert all((p > 0) == (row in part.rows) for row, p in enumerate(law))


def test_floats_find_the_same_law() -> None:
    rows = [[1, 2, 0], [0, 1, 3], [4, 0, 1]]
    exact, floats = (stationary_law(chain_of(rows, exact=exact)) for exact in (True, False))
    assert np.allclose(exact.astype(float), floats, atol=1e-15)


def test_a_periodic_chain_has_a_law_too() -> None:
    assert stationary_law(Chain.of(np.array([[0.0, 1.0], [1.0, 0.0]]))).tolist() == [0.5, 0.5]
