from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.models.aging import NANOSECONDS, SharedRate, effective_priority, static_key

TIMES = st.integers(0, 10**6)
RATES = st.integers(0, 50)


@st.composite
def shared_rates(draw: st.DrawFn) -> SharedRate:
    times = sorted(draw(st.sets(st.integers(1, 10**6), max_size=5)))
    return SharedRate(draw(RATES), [(time, draw(RATES)) for time in times])


def test_waiting_a_second_at_rate_a_is_worth_a_micro_bids() -> None:
    earned = SharedRate(7).credit(NANOSECONDS)
    assert effective_priority(3, earned, unit=NANOSECONDS) == 10 * NANOSECONDS


@given(shared_rates(), TIMES, TIMES)
def test_credit_is_the_sum_of_the_rate_over_every_nanosecond(
    rate: SharedRate, a: int, b: int
) -> None:
    first, last = min(a, b), max(a, b)
    parts = rate.changes
    ends = [*(time for time, _ in parts[1:]), max(last, parts[-1][0]) + 1]
    earned = sum(
        each * max(0, min(last, end) - max(first, begin))
        for (begin, each), end in zip(parts, ends, strict=True)
    )
    assert rate.credit(last) - rate.credit(first) == earned


@given(shared_rates(), TIMES, TIMES, TIMES, st.integers(-9, 9), st.integers(-9, 9))
def test_a_smaller_key_is_a_greater_priority_at_every_later_time(
    rate: SharedRate, s: int, t: int, later: int, bid: int, other: int
) -> None:
    now = max(s, t) + later
    keys = static_key(bid, rate.credit(s)), static_key(other, rate.credit(t))
    priorities = [
        effective_priority(b, rate.credit(now) - rate.credit(at))
        for b, at in ((bid, s), (other, t))
    ]
    assert (keys[0] < keys[1]) == (priorities[0] > priorities[1])
    assert (keys[0] == keys[1]) == (priorities[0] == priorities[1])


def test_the_same_text_runs_on_fractions_and_floats() -> None:
    assert effective_priority(Fraction(1, 3), Fraction(1, 6)) == Fraction(1, 2)
    assert static_key(0.5, 0.25) == -0.25


def test_a_change_keeps_what_was_earned_before_it() -> None:
    rate = SharedRate(2)
    before = rate.credit(10)
    rate.change(10, 5)
    assert rate.credit(10) == before
    assert rate.credit(12) == before + 10


@pytest.mark.parametrize("wrong", [-1, -(10**30)])
def test_a_negative_rate_or_time_is_refused_with_its_value(wrong: int) -> None:
    with pytest.raises(ValueError, match=f"rate={wrong} must be >= 0"):
        SharedRate(wrong)
    with pytest.raises(ValueError, match=f"time_ns={wrong} must be >= 0"):
        SharedRate(1).credit(wrong)


def test_a_change_of_the_past_is_refused() -> None:
    rate = SharedRate(1, [(10, 2)])
    with pytest.raises(ValueError, match="time_ns=10 must be > 10"):
        rate.change(10, 3)
    assert rate.changes == ((0, 1), (10, 2))
