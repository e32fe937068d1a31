import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.errors import InvalidInputError
from homeostat.models.routing.information import (
    Comparison,
    against_null,
    distance_from_rank_one,
    mutual_information_bits,
    null_samples,
)

LAW = st.lists(st.integers(1, 9), min_size=2, max_size=5)
FIGURES = (mutual_information_bits, distance_from_rank_one)


@given(LAW, LAW)
def test_both_figures_are_zero_of_rank_one_counts(rows: list[int], columns: list[int]) -> None:
    # Square, by repeating the last of the shorter one.
    size = max(len(rows), len(columns))
    rows, columns = ([*law, *law[-1:] * (size - len(law))] for law in (rows, columns))
    counts = np.outer(rows, columns)
    for figure in FIGURES:
        assert figure(counts) == pytest.approx(0, abs=1e-12)


def test_a_permutation_tells_the_next_expert_in_full() -> None:
    counts = 5 * np.eye(8, dtype=int)[[3, 0, 1, 2, 7, 4, 5, 6]]
    assert mutual_information_bits(counts) == pytest.approx(3)
    assert distance_from_rank_one(counts) == pytest.approx(7 / 8)


@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=3, max_size=3))
def test_information_is_what_entropies_leave(rows: list[list[int]]) -> None:
    counts = np.array(rows) + np.eye(3, dtype=np.int64)
    share = counts / counts.sum()

    def bits(law: np.ndarray) -> float:
        return float(-sum(p * np.log2(p) for p in law.ravel() if p))

    expected = bits(share.sum(axis=0)) + bits(share.sum(axis=1)) - bits(share)
    assert mutual_information_bits(counts) == pytest.approx(expected, abs=1e-12)


def test_a_comparison_counts_draws_on_either_side_and_the_data_itself() -> None:
    found = Comparison.of(3.0, [1.0, 2.0, 3.0, 4.0])
    assert (found.p_above, found.p_below) == (3 / 5, 4 / 5)
    assert (found.mean, found.least, found.most) == (2.5, 1.0, 4.0)
    assert found.z == pytest.approx(0.5 / np.std([1, 2, 3, 4], ddof=1))


def test_a_null_that_never_varies_has_no_z() -> None:
    assert Comparison.of(3.0, [2.0, 2.0]).z is None


def test_structure_is_told_from_chance() -> None:
    counts = 20 * np.eye(5, dtype=int) + 5
    for found in against_null(counts, FIGURES, draws=99, seed=1):
        assert found.p_above == 1 / 100
        assert found.z is not None
        assert found.z > 10


@pytest.mark.slow
def test_a_memoryless_source_is_told_from_chance_as_rarely_as_the_level_says() -> None:
    rng = np.random.default_rng(7)
    law = np.array([0.4, 0.3, 0.2, 0.1])
    trials, level = 300, 0.1
    rejected = 0
    for trial in range(trials):
        text = rng.choice(4, size=200, p=law)
        counts = np.zeros((4, 4), np.int64)
        np.add.at(counts, (text[:-1], text[1:]), 1)
        (found,) = against_null(counts, [mutual_information_bits], draws=39, seed=trial)
        rejected += found.p_above <= level
    # Five standard deviations of a binomial at the level.
    assert abs(rejected / trials - level) <= 5 * np.sqrt(level * (1 - level) / trials)


def test_the_same_seed_draws_alike_and_another_does_not() -> None:
    counts = np.full((3, 3), 4)
    samples = [null_samples(counts, FIGURES, draws=5, seed=seed) for seed in (1, 1, 2)]
    assert samples[0] == samples[1] != samples[2]


@pytest.mark.parametrize("draws", [1, 100_001])
def test_too_few_or_too_many_draws_are_refused(draws: int) -> None:
    with pytest.raises(InvalidInputError, match="draws="):
        null_samples(np.ones((2, 2), int), FIGURES, draws=draws, seed=0)
    with pytest.raises(InvalidInputError, match="1 draws"):
        Comparison.of(1.0, [1.0])
