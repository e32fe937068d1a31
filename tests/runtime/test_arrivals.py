import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from homeostat.errors import InvalidInputError
from homeostat.runtime.traces.arrivals import (
    bursty_arrivals,
    generated_trace,
    lognormal_lengths,
    observed_lengths,
    periodic_arrivals,
    poisson_arrivals,
    uniform_lengths,
)

COUNT = 20_000
Generate = Callable[[int, np.random.Generator], tuple[int, ...]]


def _poisson(count: int, rng: np.random.Generator) -> tuple[int, ...]:
    return poisson_arrivals(count, rate_per_s=40.0, rng=rng)


def _bursty(count: int, rng: np.random.Generator) -> tuple[int, ...]:
    return bursty_arrivals(
        count, burst_rate_per_s=100, burst_s=0.2, calm_rate_per_s=10, calm_s=0.4, rng=rng
    )


RANDOM = pytest.mark.parametrize("generate", [_poisson, _bursty])


@RANDOM
def test_the_same_seed_gives_the_same_arrivals_and_another_seed_others(generate: Generate) -> None:
    once, again, other = (generate(500, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert once == again
    assert once != other


@RANDOM
def test_arrivals_are_whole_ordered_and_begin_at_0(generate: Generate) -> None:
    for count in (1, 2, 999):
        times = generate(count, np.random.default_rng(7))
        assert len(times) == count
        assert times[0] == 0
        assert all(type(t) is int for t in times)
        assert all(a <= b for a, b in pairwise(times))


@RANDOM
def test_the_mean_rate_is_40_a_second_within_five_standard_errors(generate: Generate) -> None:
    # In blocks far longer than a burst, so that they are nearly independent.
    times = np.array(generate(COUNT, np.random.default_rng(11)))
    blocks = np.diff(times[:: COUNT // 100]) / (COUNT // 100) / 1e9
    error = blocks.std(ddof=1) / math.sqrt(len(blocks))
    assert abs(blocks.mean() - 1 / 40) < 5 * error
    # The bound can fail: it is far narrower than a rate of twice as much.
    assert 5 * error < 1 / 80


def test_poisson_gaps_are_exponential_and_bursty_ones_more_spread() -> None:
    def variation(times: tuple[int, ...]) -> float:
        gaps = np.diff(times)
        return float(gaps.std() / gaps.mean())

    # The coefficient of variation of n exponential gaps is 1 with standard error 1/sqrt(n).
    assert abs(variation(_poisson(COUNT, np.random.default_rng(2))) - 1) < 5 / math.sqrt(COUNT)
    assert variation(_bursty(COUNT, np.random.default_rng(2))) > 1.3


def test_rounding_does_not_add_up() -> None:
    # Gaps of half a ns in the mean: rounding each would give 0 ns or 1 ns for all of them.
    times = poisson_arrivals(COUNT, rate_per_s=2e9, rng=np.random.default_rng(5))
    assert abs(times[-1] / (COUNT - 1) - 0.5) < 5 * 0.5 / math.sqrt(COUNT)


def test_calm_may_be_silent() -> None:
    times = bursty_arrivals(
        200,
        burst_rate_per_s=1e4,
        burst_s=0.01,
        calm_rate_per_s=0,
        calm_s=10,
        rng=np.random.default_rng(1),
    )
    gaps = sorted(b - a for a, b in pairwise(times))
    assert gaps[-1] > 10**8
    assert gaps[len(gaps) // 2] < 10**6


def test_periodic_arrivals_are_exact() -> None:
    assert periodic_arrivals(4, period_ns=333_333_333) == (0, 333333333, 666666666, 999999999)
    assert periodic_arrivals(3, period_ns=0) == (0, 0, 0)


def test_lengths_keep_to_their_ranges() -> None:
    rng = np.random.default_rng(0)
    assert set(uniform_lengths(2, 4)(rng, 200)) == {2, 3, 4}
    assert set(observed_lengths([5, 9])(rng, 100)) == {5, 9}
    assert set(observed_lengths(np.array([5, 9]))(rng, 100)) == {5, 9}
    drawn = lognormal_lengths(median=100, sigma=1.0, maximum=300)(rng, 4_000)
    assert all(1 <= x <= 300 for x in drawn)
    # Above 100 half of the time: a share of 4000 draws, five standard errors.
    assert abs(sum(x > 100 for x in drawn) / 4_000 - 0.5) < 5 * 0.5 / math.sqrt(4_000)
    assert max(drawn) == 300


def test_a_generated_trace_has_given_arrivals_and_drawn_lengths() -> None:
    def trace(seed: int) -> object:
        return generated_trace(
            "made",
            periodic_arrivals(50, period_ns=10),
            prompt_tokens=uniform_lengths(1, 1_000),
            output_tokens=lognormal_lengths(median=20, sigma=0.5, maximum=100),
            rng=np.random.default_rng(seed),
        )

    assert trace(1) == trace(1)
    assert trace(1) != trace(2)


NAN = math.nan
HALF: Any = 0.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: poisson_arrivals(0, rate_per_s=1, rng=rng), "count=0"),
        (lambda rng: poisson_arrivals(10**7 + 1, rate_per_s=1, rng=rng), "count=10000001"),
        (lambda rng: poisson_arrivals(5, rate_per_s=0, rng=rng), "rate_per_s=0 must be > 0"),
        (lambda rng: poisson_arrivals(5, rate_per_s=NAN, rng=rng), "rate_per_s=nan"),
        (lambda rng: poisson_arrivals(5, rate_per_s=1e-300, rng=rng), "the last arrival"),
        (lambda rng: periodic_arrivals(5, period_ns=-1), "period_ns=-1"),
        (lambda rng: periodic_arrivals(5, period_ns=2**62), "period_ns"),
        (lambda rng: periodic_arrivals(3, period_ns=HALF), "period_ns=0.5 must be an integer"),
        (lambda rng: poisson_arrivals(HALF, rate_per_s=1, rng=rng), "count=0.5 must be an integer"),
        (lambda rng: uniform_lengths(0, 5), "low=0"),
        (lambda rng: uniform_lengths(6, 5), "high=5 must be an integer >= 6"),
        (lambda rng: uniform_lengths(HALF, 5), "low=0.5 must be an integer"),
        (
            lambda rng: lognormal_lengths(median=1, sigma=1, maximum=HALF),
            "maximum=0.5 must be an integer",
        ),
        (lambda rng: lognormal_lengths(median=0, sigma=1, maximum=5), "median=0"),
        (lambda rng: lognormal_lengths(median=1, sigma=NAN, maximum=5), "sigma=nan"),
        (lambda rng: lognormal_lengths(median=1, sigma=1, maximum=0), "maximum=0"),
        (lambda rng: observed_lengths([]), "at least one"),
        (lambda rng: observed_lengths([3, 0]), "length=0"),
        (lambda rng: observed_lengths(np.array([1.0])), "length=1.0 must be an integer"),
    ],
)
def test_arguments_out_of_range_are_shown(
    call: Callable[[np.random.Generator], object], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        call(np.random.default_rng(0))


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("burst_s", 0.0, "burst_s=0.0"),
        ("calm_s", -1.0, "calm_s=-1.0"),
        ("burst_rate_per_s", NAN, "burst_rate_per_s=nan"),
        ("burst_rate_per_s", 0.5, r"burst_rate_per_s=0\.5 \* burst_s=1\.0 must be >= 1"),
        ("burst_s", 1e9, r"burst_s=1000000000\.0 must be >= 1 and <= 10000000"),
        ("calm_s", 1e9, r"calm_s=1000000000\.0 must be <= 10000000"),
        ("calm_s", 1e300, r"calm_s=1e\+300 must be <= 4\.6.* s"),
        ("calm_rate_per_s", 2.5, "calm_rate_per_s=2.5"),
        ("calm_rate_per_s", -0.5, "calm_rate_per_s=-0.5"),
    ],
)
def test_bursts_out_of_range_are_shown(argument: str, value: float, message: str) -> None:
    good = {"burst_rate_per_s": 2.0, "burst_s": 1.0, "calm_rate_per_s": 0.25, "calm_s": 1.0}
    rng = np.random.default_rng(0)
    assert len(bursty_arrivals(9, rng=rng, **good)) == 9
    with pytest.raises(InvalidInputError, match=message):
        bursty_arrivals(9, rng=rng, **{**good, argument: value})
