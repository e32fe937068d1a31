import itertools
from fractions import Fraction
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.errors import InvalidInputError
from homeostat.models.routing.chain import Chain, chain_of
from homeostat.models.routing.returns import discounted_returns, returns_within, visits_within
from homeostat.models.routing.unions import lazy_uniform_chain

COUNTS = st.integers(1, 4).flatmap(
    lambda n: st.lists(
        st.lists(st.integers(0, 3), min_size=n, max_size=n), min_size=n, max_size=n
    ).filter(lambda rows: any(map(any, rows)))
)
DISCOUNTS = st.fractions(0, Fraction(19, 20), max_denominator=20)


def first_passage(chain: Chain, i: int, j: int, steps: int) -> Fraction:
    """The probability of all paths from i that are on j at the last step and not in between."""
    between = [k for k in range(len(chain.states)) if k != j]
    return sum(
        (
            prod(chain.matrix[a, b] for a, b in itertools.pairwise((i, *middle, j)))
            for middle in itertools.product(between, repeat=steps - 1)
        ),
        Fraction(0),
    )


@given(COUNTS, DISCOUNTS, st.integers(0, 3))
def test_returns_within_a_horizon_are_those_of_all_paths(
    rows: list[list[int]], discount: Fraction, steps: int
) -> None:
    chain = chain_of(rows, exact=True)
    found = returns_within(chain, steps, discount)
    for i, j in itertools.product(range(len(rows)), repeat=2):
        paths = (discount**t * first_passage(chain, i, j, t) for t in range(1, steps + 1))
        assert found[i, j] == sum(paths, Fraction(0))


@pytest.mark.slow
@given(COUNTS, DISCOUNTS, st.integers(0, 6))
def test_the_closed_form_exceeds_a_horizon_by_what_the_discount_leaves(
    rows: list[list[int]], discount: Fraction, steps: int
) -> None:
    chain = chain_of(rows, exact=True)
    rest = discounted_returns(chain, discount) - returns_within(chain, steps, discount)
    assert rest.min() >= 0
    assert rest.max() <= discount ** (steps + 1)


@pytest.mark.slow
@given(COUNTS, DISCOUNTS, DISCOUNTS)
def test_a_return_is_a_probability_and_rises_with_the_discount(
    rows: list[list[int]], first: Fraction, second: Fraction
) -> None:
    chain = chain_of(rows, exact=True)
    low, high = (discounted_returns(chain, g) for g in sorted((first, second)))
    assert (low >= 0).all()
    assert (low <= high).all()
    # g^(steps) <= g for one step or more.
    assert high.max() <= max(first, second)


@given(COUNTS, DISCOUNTS)
def test_returns_satisfy_the_first_step_equation(rows: list[list[int]], discount: Fraction) -> None:
    chain = chain_of(rows, exact=True)
    returns = discounted_returns(chain, discount)
    for i, j in itertools.product(range(len(rows)), repeat=2):
        onward = sum(
            chain.matrix[i, k] * (1 if k == j else returns[k, j]) for k in range(len(rows))
        )
        assert returns[i, j] == discount * onward


@pytest.mark.slow
@given(COUNTS, DISCOUNTS)
def test_floats_and_fractions_agree(rows: list[list[int]], discount: Fraction) -> None:
    exact, floats = (chain_of(rows, exact=exact) for exact in (True, False))
    for function in (discounted_returns, lambda chain, g: returns_within(chain, 5, g)):
        own = function(floats, discount)
        assert own.dtype == np.float64
        assert np.allclose(function(exact, discount).astype(float), own, atol=1e-12)


@pytest.mark.parametrize("count", [8, 128])
def test_the_return_to_an_expert_of_a_uniform_chain_falls_with_their_number(count: int) -> None:
    # Every step finds j with probability 1/n: F = g / (n - (n - 1) g).
    chain, discount = lazy_uniform_chain(count, 0.0), 0.9
    returns = discounted_returns(chain, discount)
    assert np.allclose(returns, discount / (count - (count - 1) * discount), atol=1e-12)


def test_visits_count_the_start_and_need_no_discount() -> None:
    half = Fraction(1, 2)
    chain = Chain.of(np.array([[half, half], [Fraction(0), Fraction(1)]]))
    assert visits_within(chain, 0).tolist() == [[1, 0], [0, 1]]
    assert visits_within(chain, 2).tolist() == [[1, Fraction(3, 4)], [0, 1]]


@pytest.mark.slow
def test_a_monte_carlo_interval_holds_the_discounted_return() -> None:
    chain = chain_of([[5, 1, 0], [1, 1, 2], [0, 3, 3]])
    discount, runs = 0.8, 20_000
    rng = np.random.default_rng(5)
    reached = 0
    for _ in range(runs):
        place = 0
        while rng.random() < discount:
            place = int(rng.choice(3, p=chain.matrix[place]))
            if place == 2:
                reached += 1
                break
    expected = discounted_returns(chain, discount)[0, 2]
    assert abs(reached / runs - expected) <= 4 * np.sqrt(expected * (1 - expected) / runs)


@pytest.mark.parametrize("discount", [-0.1, 1, 1.5, float("nan")])
def test_a_discount_out_of_range_is_refused(discount: float) -> None:
    with pytest.raises(InvalidInputError, match="must be >= 0 and < 1"):
        discounted_returns(chain_of([[1]]), discount)


def test_what_no_horizon_can_be_is_refused() -> None:
    chain = chain_of([[1]])
    with pytest.raises(InvalidInputError, match="steps=-1"):
        returns_within(chain, -1)
    with pytest.raises(InvalidInputError, match="must be >= 0 and <= 1"):
        returns_within(chain, 1, 1.5)


def test_a_float_among_fractions_is_refused() -> None:
    chain = chain_of([[1]], exact=True)
    with pytest.raises(InvalidInputError, match="must be a fraction"):
        discounted_returns(chain, 0.5)
    assert discounted_returns(chain, Fraction(1, 2)).tolist() == [[Fraction(1, 2)]]
