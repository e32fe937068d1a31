import itertools
import math
import random
from fractions import Fraction

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from homeostat.models.entropy import (
    ENTROPY_HIGH,
    ENTROPY_LOW,
    Regime,
    absolute_bins,
    adaptive_window,
    entropy,
    histogram,
    jain_index,
    next_regime,
    relative_bins,
)

GAPS = st.lists(st.integers(0, 10**9), min_size=1, max_size=50)


def test_entropy_counts_bits_of_known_histograms() -> None:
    assert entropy(()) == 0
    assert entropy((9,)) == 0
    assert entropy((5, 5)) == 1
    assert entropy((1,) * 8) == 3
    assert entropy((2, 1, 1)) == 1.5


def test_entropy_is_exact_over_symbols() -> None:
    counts = (3, 2, 1)
    own = entropy(counts, log2=lambda x: sympy.log(sympy.Rational(x.numerator, x.denominator), 2))
    shares = [sympy.Rational(c, 6) for c in counts]
    assert sympy.simplify(own + sum(p * sympy.log(p, 2) for p in shares)) == 0


@given(GAPS)
def test_entropy_is_that_of_the_definition(gaps: list[int]) -> None:
    counts = histogram(absolute_bins(gaps, 10**6))
    shares = [count / len(gaps) for count in counts]
    assert entropy(counts) == pytest.approx(-math.fsum(p * math.log2(p) for p in shares), abs=1e-12)


@given(GAPS, st.integers(0, 100))
def test_the_order_of_the_gaps_changes_no_bit_of_the_entropy(gaps: list[int], seed: int) -> None:
    mixed = random.Random(seed).sample(gaps, len(gaps))
    assert entropy(histogram(absolute_bins(mixed, 10**6))) == entropy(
        histogram(absolute_bins(gaps, 10**6))
    )


@given(GAPS, st.integers(1, 10**6), st.integers(1, 20))
def test_relative_bins_do_not_see_the_unit_of_time(gaps: list[int], unit: int, bins: int) -> None:
    assert relative_bins(gaps, bins) == relative_bins([gap * unit for gap in gaps], bins)


def test_absolute_bins_see_the_unit_of_time() -> None:
    assert absolute_bins([1, 2, 3], 2) == [0, 1, 1]
    assert absolute_bins([10, 20, 30], 2) == [5, 10, 15]
    assert absolute_bins([Fraction(3, 2)], Fraction(1, 2)) == [3]


def test_gaps_that_are_all_zero_share_a_bin() -> None:
    assert relative_bins([0, 0, 0], 4) == [0, 0, 0]


def test_the_window_is_the_base_at_entropy_zero_and_falls_with_it() -> None:
    windows = [adaptive_window(8, h) for h in (0, 1, 2, 4)]
    assert windows[0] == 8
    assert windows == sorted(windows, reverse=True)
    assert adaptive_window(1, 5, temperature=5) == pytest.approx(1 / math.e)


def test_the_regime_changes_only_beyond_the_far_threshold() -> None:
    between = (ENTROPY_LOW + ENTROPY_HIGH) / 2
    for regime, h in itertools.product(Regime, (ENTROPY_LOW, between, ENTROPY_HIGH)):
        assert next_regime(regime, h) is regime
    for regime in Regime:
        assert next_regime(regime, ENTROPY_HIGH + 0.01) is Regime.REACTIVE
        assert next_regime(regime, ENTROPY_LOW - 0.01) is Regime.BATCHING


def test_jain_is_one_for_equal_shares_and_one_part_of_n_for_a_single_winner() -> None:
    assert jain_index([Fraction(2)] * 3) == 1
    assert jain_index([Fraction(5), Fraction(0), Fraction(0)]) == Fraction(1, 3)
    assert jain_index([0, 0]) == 1
    with pytest.raises(ValueError, match="at least one share"):
        jain_index([])
