import itertools
from fractions import Fraction
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.errors import InvalidInputError
from homeostat.models.routing.chain import Chain, chain_of
from homeostat.models.routing.classes import stationary_law
from homeostat.models.routing.gaps import eigenvalue_gap
from homeostat.models.routing.unions import (
    expected_union,
    expected_union_over,
    law_after,
    lazy_uniform_chain,
    memoryless_chain,
)

LAWS = st.integers(1, 3).flatmap(
    lambda n: st.lists(
        st.lists(st.integers(0, 4), min_size=n, max_size=n).filter(any), min_size=1, max_size=4
    )
)
COUNTS = st.integers(1, 3).flatmap(
    lambda n: st.lists(
        st.lists(st.integers(0, 3), min_size=n, max_size=n), min_size=n, max_size=n
    ).filter(lambda rows: any(map(any, rows)))
)


def shares(weights: list[int]) -> np.ndarray:
    return np.array([Fraction(w, sum(weights)) for w in weights], dtype=object)


def paths(chain: Chain, start: np.ndarray, steps: int) -> list[tuple[tuple[int, ...], Fraction]]:
    """Every path with its probability."""
    count = len(chain.states)
    return [
        (path, start[path[0]] * prod(chain.matrix[a, b] for a, b in itertools.pairwise(path)))
        for path in itertools.product(range(count), repeat=steps + 1)
    ]


@given(LAWS)
def test_the_union_is_the_mean_over_all_places_of_all_walkers(weights: list[list[int]]) -> None:
    laws = [shares(row) for row in weights]
    mean = sum(
        len(set(places)) * prod(law[place] for law, place in zip(laws, places, strict=True))
        for places in itertools.product(range(len(laws[0])), repeat=len(laws))
    )
    assert expected_union(laws) == mean


@given(COUNTS, st.integers(0, 2))
def test_the_union_over_time_is_the_mean_over_all_paths_of_two_walkers(
    rows: list[list[int]], steps: int
) -> None:
    chain = chain_of(rows, exact=True)
    starts = [shares([1] * len(rows)), shares([1] + [0] * (len(rows) - 1))]
    first, second = (paths(chain, start, steps) for start in starts)
    mean = sum(p * q * len({*a, *b}) for a, p in first for b, q in second)
    assert expected_union_over(chain, starts, steps) == mean


@given(COUNTS, st.integers(0, 3))
def test_the_law_after_some_steps_is_that_of_the_ends_of_all_paths(
    rows: list[list[int]], steps: int
) -> None:
    chain = chain_of(rows, exact=True)
    start = shares([1] * len(rows))
    ends = [Fraction(0)] * len(rows)
    for path, probability in paths(chain, start, steps):
        ends[path[-1]] += probability
    assert law_after(chain, start, steps).tolist() == ends


def test_a_small_gap_and_the_largest_union_go_together() -> None:
    count, walkers, stay = 60, 64, Fraction(99, 100)
    chain = lazy_uniform_chain(count, stay)
    law = np.array([Fraction(1, count)] * count, dtype=object)
    assert (law @ chain.matrix == law).all()
    union = expected_union([law] * walkers)
    assert union == count * (1 - (1 - Fraction(1, count)) ** walkers)
    assert eigenvalue_gap(Chain.of(chain.matrix.astype(float))) == pytest.approx(0.01, abs=1e-9)
    # No law gives more, as 1 - (1 - p)^B is concave in p.
    assert union > expected_union([shares([1] * 59 + [2])] * walkers)


def test_gap_one_and_a_small_union_go_together() -> None:
    law = shares([941] + [1] * 9)
    chain = memoryless_chain(law.tolist())
    assert (stationary_law(chain) == law).all()
    assert expected_union([law] * 64) < 2


@pytest.mark.slow
def test_a_monte_carlo_interval_holds_the_union() -> None:
    chain = chain_of([[5, 1, 0, 2], [1, 1, 1, 1], [0, 3, 3, 0], [4, 0, 1, 1]])
    rng = np.random.default_rng(11)
    runs, walkers, steps = 4000, 3, 4
    sizes_last, sizes_over = np.empty(runs), np.empty(runs)
    for run in range(runs):
        last, over = set(), set()
        for _ in range(walkers):
            place = 0
            over.add(place)
            for _ in range(steps):
                place = int(rng.choice(4, p=chain.matrix[place]))
                over.add(place)
            last.add(place)
        sizes_last[run], sizes_over[run] = len(last), len(over)
    start = np.array([1.0, 0.0, 0.0, 0.0])
    for sizes, expected in (
        (sizes_last, expected_union([law_after(chain, start, steps)] * walkers)),
        (sizes_over, expected_union_over(chain, [start] * walkers, steps)),
    ):
        # Four standard errors: missed by chance once in 16,000 seeds.
        assert abs(sizes.mean() - expected) <= 4 * sizes.std(ddof=1) / np.sqrt(runs)


def test_nobody_has_no_union_and_no_time_runs_backwards() -> None:
    chain = lazy_uniform_chain(2, 0.5)
    with pytest.raises(InvalidInputError, match="1 walker or more"):
        expected_union([])
    with pytest.raises(InvalidInputError, match="steps=-1"):
        law_after(chain, np.array([1.0, 0.0]), -1)
    with pytest.raises(InvalidInputError, match="steps=-1"):
        expected_union_over(chain, [np.array([1.0, 0.0])], -1)


@pytest.mark.parametrize(("count", "stay"), [(0, 0.5), (3, 1), (3, -0.1), (3, float("nan"))])
def test_a_lazy_chain_that_is_none_is_refused(count: int, stay: float) -> None:
    with pytest.raises(InvalidInputError, match="must be >="):
        lazy_uniform_chain(count, stay)
