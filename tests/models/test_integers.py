"""Simulation with whole requests: by hand on small systems, and near Simulation on large ones."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import islice
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.errors import InvalidModelError
from homeostat.models.batching import (
    BatchingParameters,
    IntegerState,
    canonical_start,
    integer_start,
    integer_step,
    is_long,
    merged_counts,
    recompute_step,
    simulation_step,
)
from homeostat.models.batching.integers import Cohort

Step: TypeAlias = Callable[[BatchingParameters, IntegerState], IntegerState]
either = pytest.mark.parametrize("step", [integer_step, recompute_step])


def run(
    parameters: BatchingParameters, step_count: int, step: Step = integer_step
) -> list[IntegerState]:
    states = [integer_start(parameters)]
    for _ in range(step_count):
        states.append(step(parameters, states[-1]))
    return states


def counts(parameters: BatchingParameters, states: Iterable[IntegerState]) -> list[tuple[int, ...]]:
    return [state.counts(parameters) for state in states]


@given(q=st.fractions(0, 1, max_denominator=50), n=st.integers(0, 200), k=st.integers(0, 60))
@settings(max_examples=60, database=None, deadline=None)
def test_every_run_of_admissions_has_its_share_of_long_ones(q: Fraction, n: int, k: int) -> None:
    assert abs(sum(is_long(q, m) for m in range(n + 1, n + k + 1)) - k * q) < 1


def test_a_small_system_by_hand() -> None:
    # V = 2, 3, 4; short requests have one step; the types are A B A B ...
    parameters = BatchingParameters(1, 1, 3, "1/2", 20)
    states = run(parameters, 5)
    assert counts(parameters, states) == [
        (10, 0, 0),  # 20 tokens; admissions 1 .. 10 are 5 A and 5 B
        (2, 5, 0),  # 5 B go on to 15 tokens; 5 are left for 2 more, 11 and 12
        (0, 0, 5),  # the 5 take all 20; 12, the one long of the two, is evicted
        (10, 0, 0),
        (2, 5, 0),
        (0, 0, 5),
    ]
    assert states[-1].admitted == 24


def test_the_last_admitted_of_the_lowest_stage_goes_first() -> None:
    # V = 2, 3, 4, 5. Of 7 at stage 0 (A A A B A A A) six fit at stage 1, and nobody is admitted.
    parameters = BatchingParameters(1, 2, 4, "1/4", 15)
    assert counts(parameters, run(parameters, 3)) == [
        (7, 0, 0, 0),
        (0, 5, 0, 0),
        (5, 0, 1, 0),
        (0, 3, 0, 1),
    ]


def test_who_was_evicted_comes_back_to_its_stage_before_fresh_ones() -> None:
    # V = 2, 3, 4; the types are A B A B ... Until the eviction all is as above.
    parameters = BatchingParameters(1, 1, 3, "1/2", 20)
    states = run(parameters, 6, recompute_step)
    assert counts(parameters, states) == [
        (10, 0, 0),
        (2, 5, 0),
        (0, 0, 5),  # 12, the long one of 11 and 12, is evicted from stage 1
        (8, 1, 0),  # 12 is back with 3 tokens; 13 .. 20 are new
        (2, 4, 1),  # 12 is the oldest; 21 and 22 are new
        (0, 1, 4),  # 19 tokens
        (8, 0, 1),
    ]
    assert [state.waiting for state in states if state.waiting] == [(Cohort(1, 10, 1),)]


def test_the_first_that_does_not_fit_holds_up_fresh_ones() -> None:
    # V = 2, 3, 4, 5, 6; the types are A B A B ...
    parameters = BatchingParameters(1, 2, 5, "1/2", 7)
    states = run(parameters, 7, recompute_step)
    assert counts(parameters, states) == [
        (3, 0, 0, 0, 0),
        (0, 2, 0, 0, 0),  # 3 is evicted
        (0, 1, 1, 0, 0),  # 1 has ended; 3 is back
        (1, 0, 0, 1, 0),  # 3 has ended; 4 is new
        (0, 0, 0, 0, 1),  # 4 is evicted
        (2, 1, 0, 0, 0),  # 2 has ended; 4 is back, 5 and 6 are new
        (0, 1, 1, 0, 0),  # 6 is evicted
        (0, 0, 0, 1, 0),  # 5 has ended; of the 2 tokens left 6 needs 3, and 7 must wait
    ]
    assert states[-1].waiting == (Cohort(1, 5, 1),)
    assert states[-1].admitted == 6


def tokens(parameters: BatchingParameters, state: IntegerState) -> int:
    l0 = int(parameters.l0)
    return sum(count * (l0 + s + 1) for s, count in enumerate(state.counts(parameters)))


@either
@given(
    l0=st.integers(1, 20),
    l_a=st.integers(1, 4),
    more=st.integers(1, 4),
    tenths=st.integers(1, 9),
    spare=st.integers(0, 500),
)
@settings(max_examples=60, database=None, deadline=None)
def test_memory_holds_and_no_request_that_would_fit_is_kept_out(
    step: Step, l0: int, l_a: int, more: int, tenths: int, spare: int
) -> None:
    l_b = l_a + more
    parameters = BatchingParameters(l0, l_a, l_b, Fraction(tenths, 10), l0 + l_b + spare)
    states = run(parameters, 30, step)
    assert sum(states[0].counts(parameters)) == states[0].admitted
    for before, after in zip(states, islice(states, 1, None), strict=False):
        held = tokens(parameters, after)
        assert held <= parameters.capacity
        fresh = after.admitted - before.admitted
        if fresh:
            assert not after.waiting
            assert parameters.capacity - held < l0 + 1
        assert fresh <= after.counts(parameters)[0]


@pytest.mark.parametrize(("l0", "capacity"), [("3/2", 60), (10, "121/2")])
def test_only_whole_tokens_are_counted(l0: str | int, capacity: str | int) -> None:
    with pytest.raises(InvalidModelError, match="must be integers"):
        integer_start(BatchingParameters(l0, 2, 5, "1/2", capacity))


def test_a_large_system_is_near_simulation_and_a_small_one_is_not() -> None:
    def distance(capacity: int) -> Fraction:
        parameters = BatchingParameters(10, 2, 5, "1/2", capacity)
        state, real = integer_start(parameters), canonical_start(parameters)
        worst = Fraction(0)
        for _ in range(30):
            whole = merged_counts(parameters, state)
            rows = zip(parameters.weights, whole, real, strict=True)
            worst = max(worst, sum((w * abs(m - x) for w, m, x in rows), Fraction(0)) / capacity)
            state = integer_step(parameters, state)
            real = simulation_step(parameters.weights, parameters.capacity, real)
        return worst

    assert distance(100_000) < Fraction(1, 200) < Fraction(1, 4) < distance(100)
