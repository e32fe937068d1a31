from fractions import Fraction

import numpy as np
import pytest

from homeostat.models.routing.chain import chain_of
from homeostat.models.routing.gaps import GAPS
from homeostat.models.routing.profile import (
    GROWING,
    STEPS,
    THRESHOLDS,
    WALKERS,
    layer_profile,
    null_profile,
    union_profile,
)
from homeostat.models.routing.unions import halving_law, lazy_uniform_chain, memoryless_chain

COUNTS = np.array([[8, 2, 1], [1, 5, 5], [6, 1, 3]])
TWO_CLASSES = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]])


def test_a_profile_says_what_its_parts_say() -> None:
    found = layer_profile(COUNTS, threshold=Fraction(1, 2))
    assert (found.transitions, found.left, found.closed_classes) == (32, 3, 1)
    assert found.gaps == {name: gap(COUNTS) for name, gap in GAPS.items()}
    # Above 1/2 remain 0 -> 0 and 2 -> 0.
    assert found.components == 3
    assert found.components_at[0] == 1
    assert len(found.components_at) == len(THRESHOLDS)
    assert found.union == union_profile(chain_of(COUNTS))


def test_a_probability_equal_to_the_threshold_is_no_edge() -> None:
    counts = np.full((49, 49), 3)
    assert layer_profile(counts, threshold=Fraction(1, 49)).components == 49
    assert layer_profile(counts, threshold=Fraction(1, 50)).components == 1


def test_several_closed_classes_have_no_union_and_not_every_gap() -> None:
    found = layer_profile(TWO_CLASSES, threshold=Fraction(0))
    assert (found.closed_classes, found.union) == (2, None)
    missing = {name for name, gap in found.gaps.items() if gap is None}
    assert missing == {"1 - lambda_2 of (P + P*)/2", "1 - sigma_2 of P"}
    assert found.gaps["1 - |lambda_2| of P"] == pytest.approx(0, abs=1e-12)


def test_walkers_of_a_lazy_uniform_chain_spread_as_the_formula_says() -> None:
    count, stay = 10, 0.8
    found = union_profile(lazy_uniform_chain(count, stay))
    assert found is not None
    assert found.gap == pytest.approx(1 - stay)
    assert found.effective_experts == pytest.approx(count)
    for walkers, size in zip(WALKERS, found.stationary, strict=True):
        assert size == pytest.approx(count * (1 - (1 - 1 / count) ** walkers))
    for steps, size in zip(STEPS, found.growth, strict=True):
        other = (1 - stay**steps) / count
        home = other + stay**steps
        expected = 1 - (1 - home) ** GROWING + (count - 1) * (1 - (1 - other) ** GROWING)
        assert size == pytest.approx(expected)


def test_walkers_without_memory_have_spread_after_one_step() -> None:
    found = union_profile(memoryless_chain(halving_law(12)))
    assert found is not None
    assert found.growth[0] == pytest.approx(1)
    assert found.growth[1:] == pytest.approx([found.stationary[WALKERS.index(GROWING)]] * 10)


def test_a_halving_law_is_a_law() -> None:
    assert halving_law(1) == [1.0]
    assert halving_law(4) == [0.5, 0.25, 0.125, 0.125]


def test_the_null_keeps_the_data_as_observed() -> None:
    found = null_profile(COUNTS, threshold=Fraction(1, 4), draws=5, seed=1)
    own = layer_profile(COUNTS, threshold=Fraction(1, 4))
    assert own.union is not None
    assert found["components"].observed == own.components
    assert found["gap"].observed == own.union.gap
    assert found["information_bits"].observed == own.information_bits
