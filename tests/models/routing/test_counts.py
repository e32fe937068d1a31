import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.errors import InvalidInputError
from homeostat.models.routing.counts import (
    as_counts,
    product_edges,
    rank_one_counts,
    shuffled,
    top_transitions,
)

TEXTS = st.lists(st.lists(st.integers(0, 4), max_size=8), max_size=4)


def test_each_step_of_each_text_counts_once_and_nothing_leads_to_the_next_text() -> None:
    counts = top_transitions([[0, 1, 1, 2], [2, 0]], 3)
    assert counts.tolist() == [[0, 1, 0], [0, 1, 1], [1, 0, 0]]


@given(TEXTS)
def test_as_many_transitions_as_tokens_but_the_last_of_each_text(texts: list[list[int]]) -> None:
    assert top_transitions(texts, 5).sum() == sum(max(len(text) - 1, 0) for text in texts)


@given(TEXTS)
def test_with_one_expert_a_token_product_edges_are_the_transitions(texts: list[list[int]]) -> None:
    alone = [[(expert,) for expert in text] for text in texts]
    assert (product_edges(alone, 5) == top_transitions(texts, 5)).all()


def test_product_edges_link_all_experts_of_neighbours() -> None:
    assert product_edges([[(0, 1), (1, 2)]], 3).tolist() == [[0, 1, 1], [0, 1, 1], [0, 0, 0]]


@pytest.mark.parametrize("expert", [-1, 3])
def test_an_expert_out_of_range_is_refused(expert: int) -> None:
    with pytest.raises(InvalidInputError, match="must be >= 0 and < 3"):
        top_transitions([[0, expert]], 3)


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ([[1, 2]], "square"),
        (np.zeros((2, 2, 2), int), "square"),
        (np.zeros((0, 0), int), "1 or more"),
        ([[0.5, 0.5], [1.0, 0.0]], "must be integers"),
        ([[True, False], [False, True]], "must be integers"),
        ([[1, -1], [0, 1]], "must be >= 0"),
        ([[0, 0], [0, 0]], "0 transitions"),
        (np.full((2, 2), 2**62), "transitions must be"),
    ],
)
def test_what_counts_nothing_is_refused(counts: object, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        as_counts(counts)


def test_unsigned_counts_beyond_64_signed_bits_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="transitions must be"):
        as_counts(np.array([[2**64 - 1]], np.uint64))


@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=3, max_size=3))
def test_shuffled_counts_keep_both_marginals(rows: list[list[int]]) -> None:
    counts = np.array(rows) + np.eye(3, dtype=np.int64)
    dealt = shuffled(counts, np.random.default_rng(1))
    assert (dealt.sum(axis=0) == counts.sum(axis=0)).all()
    assert (dealt.sum(axis=1) == counts.sum(axis=1)).all()
    assert dealt.min() >= 0


def test_the_mean_of_shuffled_counts_is_of_rank_one() -> None:
    counts = np.array([[30, 0, 0], [0, 20, 0], [5, 0, 10]])
    rng = np.random.default_rng(3)
    drawn = np.array([shuffled(counts, rng) for _ in range(800)])
    mean, error = drawn.mean(axis=0), drawn.std(axis=0) / np.sqrt(len(drawn))
    assert (np.abs(mean - rank_one_counts(counts)) <= 5 * error + 1e-12).all()
    assert np.linalg.matrix_rank(rank_one_counts(counts)) == 1


def test_the_same_seed_deals_alike_and_another_does_not() -> None:
    counts = np.full((4, 4), 10)
    deals = [shuffled(counts, np.random.default_rng(seed)) for seed in (5, 5, 6)]
    assert (deals[0] == deals[1]).all()
    assert (deals[0] != deals[2]).any()
