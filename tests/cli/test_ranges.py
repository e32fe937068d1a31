from fractions import Fraction

import pytest

from homeostat.cli.ranges import VALUES_MAX, integers, rationals
from homeostat.errors import InvalidInputError


def test_a_range_holds_both_ends() -> None:
    assert integers("1..5", "l0") == (1, 2, 3, 4, 5)


def test_lists_and_ranges_mix_and_repeat_nothing() -> None:
    assert integers("7, 1..3,2,3..9:3", "l0") == (1, 2, 3, 6, 7, 9)


def test_a_rational_range_has_its_own_step() -> None:
    assert rationals("1/20..19/20:1/20", "q") == tuple(Fraction(k, 20) for k in range(1, 20))


def test_a_range_stops_below_an_end_that_its_step_misses() -> None:
    assert rationals("0..1:2/5", "q") == (Fraction(0), Fraction(2, 5), Fraction(4, 5))


@pytest.mark.parametrize(
    "text", ["", "x", "1..", "..3", "3..1", "1..3:0", "1..3:-1", "1,,2", "nan", "1..2..3", "1e3"]
)
def test_what_is_no_range_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(InvalidInputError, match="must") as caught:
        rationals(text, "l0")
    assert "l0=" in str(caught.value)


def test_an_integer_option_refuses_a_fraction() -> None:
    with pytest.raises(InvalidInputError, match="holds 3/2, must hold integers only"):
        integers("1..2:1/2", "l_b")


@pytest.mark.slow
def test_a_range_of_too_many_values_is_refused_and_not_built() -> None:
    with pytest.raises(InvalidInputError, match=f"at most {VALUES_MAX} values"):
        rationals("1..999999999999", "l0")
