"""What the strategies draw is valid, varied, and shrinks to what a person can read."""

import random
from fractions import Fraction
from typing import Any

import hypothesis
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from homeostat.counterexamples.library import CONJECTURES
from homeostat.models.batching import (
    BatchingParameters,
    Pair,
    canonical_start,
    merge,
    split,
    validated_start,
)
from homeostat.properties.strategies import (
    batching_parameters,
    pairs,
    shares,
    starts,
    typed_starts,
)

QUICK = settings(max_examples=60, database=None, deadline=None, derandomize=True)
SEARCH = settings(database=None, deadline=None, phases=(Phase.generate, Phase.shrink))
SMALLEST = BatchingParameters(1, 1, 2, "1/2", 1)


def find(strategy: st.SearchStrategy[Any], condition: Any, *, examples: int = 3000) -> Any:
    return hypothesis.find(
        strategy,
        condition,
        settings=settings(SEARCH, max_examples=examples),
        random=random.Random(5),
    )


def test_everything_shrinks_to_the_smallest_system() -> None:
    assert find(shares(), lambda _: True) == Fraction(1, 2)
    assert find(batching_parameters(), lambda _: True) == SMALLEST
    pair = find(pairs(), lambda _: True)
    assert pair == Pair.run(SMALLEST, step_count=12)


def test_a_counterexample_to_dominance_shrinks_to_one_that_a_person_can_follow() -> None:
    dominance = CONJECTURES["g_dominance"]
    pair = find(pairs(), lambda pair: dominance.first_violation(pair) is not None)
    parameters = pair.parameters
    assert dominance.first_violation(pair) in range(5, 9)
    assert parameters.l_b == 3
    assert parameters.l0 <= 3
    assert parameters.q.denominator <= 5
    assert parameters.capacity == 1
    assert sum(m > 0 for m in pair.theory[0]) <= 2


def test_an_eviction_shrinks_to_three_stages() -> None:
    pair = find(pairs(), lambda pair: any(any(lost) for lost in pair.evicted))
    assert pair == Pair.run(BatchingParameters(1, 1, 3, "1/2"), step_count=12)


def test_a_typed_start_shrinks_to_one_type_alone() -> None:
    merging = CONJECTURES["merge_any_split"]
    pair = find(pairs(typed=True), lambda pair: merging.first_violation(pair) is not None)
    assert pair.parameters == SMALLEST
    assert pair.typed_start == ((0,), (Fraction(1, 2), 0))


@pytest.mark.slow
def test_a_condition_that_no_case_meets_is_not_met() -> None:
    """Canary: the search does not make its findings up."""
    with pytest.raises(NoSuchExample):
        find(pairs(), lambda pair: pair.simulation[-1] == (), examples=200)


@given(st.data())
@QUICK
def test_every_start_is_on_the_balance(data: st.DataObject) -> None:
    parameters = data.draw(batching_parameters())
    kind: Any = data.draw(st.sampled_from(("any", "canonical", "sparse", "simplex")))
    start = data.draw(starts(parameters, kind=kind))
    assert validated_start(parameters, start) == start
    if kind == "canonical":
        assert start == canonical_start(parameters)
    if kind == "sparse":
        assert sum(m > 0 for m in start) <= 2


@given(st.data())
@QUICK
def test_every_typed_start_merges_into_its_start(data: st.DataObject) -> None:
    parameters = data.draw(batching_parameters())
    start = data.draw(starts(parameters))
    typed = data.draw(typed_starts(parameters, start))
    assert merge(parameters.q, typed) == start
    assert min(min(part) for part in typed) >= 0


@given(
    batching_parameters(l0=st.just(Fraction(7)), l_a_max=1, l_b_max=3, q=shares(denominator_max=3))
)
@QUICK
def test_limits_are_kept(parameters: BatchingParameters) -> None:
    assert parameters.l0 == 7
    assert parameters.l_a == 1
    assert parameters.l_b <= 3
    assert parameters.q.denominator <= 3


@pytest.mark.parametrize(
    "wanted",
    [
        lambda pair: pair.parameters.l_b == 6,
        lambda pair: not pair.parameters.coprime,
        lambda pair: pair.parameters.l0 == 1000,
        lambda pair: pair.parameters.l0.denominator == 2,
        lambda pair: pair.parameters.q.denominator == 10,
        lambda pair: pair.parameters.capacity > 1,
        lambda pair: min(pair.theory[0]) > 0,
        lambda pair: sum(m > 0 for m in pair.theory[0]) == 1 and pair.theory[0][0] == 0,
        lambda pair: sum(any(lost) for lost in pair.evicted) >= 4,
        lambda pair: min(map(min, pair.theory)) < 0,
    ],
)
def test_all_sorts_of_cases_are_drawn(wanted: Any) -> None:
    find(pairs(), wanted)


def test_any_division_into_types_is_drawn_and_the_even_one_too() -> None:
    def is_split(pair: Pair) -> bool:
        p = pair.parameters
        return pair.typed_start == split(p.q, p.l_a, pair.theory[0])

    find(pairs(typed=True), is_split)
    find(pairs(typed=True), lambda pair: not is_split(pair))
