"""Congestion games: their potentials, damped responses, and play at a temperature."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
import z3
from hypothesis import given
from hypothesis import strategies as st

from homeostat.errors import InvalidInputError
from homeostat.models.congestion_game import (
    CongestionGame,
    costs_at,
    curvature,
    damped_response,
    damping_for,
    flow_potential,
    nash_gap,
    polynomial,
)

EIGHTHS = st.integers(0, 16).map(lambda i: Fraction(i, 8))
FLOWS = st.lists(st.tuples(EIGHTHS, EIGHTHS), min_size=1, max_size=5)
PIGOU = [polynomial([0, 1]), polynomial([1])]
"""One road that gets slow, and one that is always as slow as that at its worst."""


# --- flows


@pytest.mark.slow
@given(FLOWS, st.fractions(Fraction(1, 8), 4, max_denominator=8))
def test_a_response_is_the_least_of_what_it_weighs(
    pairs: list[tuple[Fraction, Fraction]], damping: Fraction
) -> None:
    flow, costs = [x for x, _ in pairs], [c for _, c in pairs]
    after = damped_response(flow, costs, damping)
    assert sum(after) == sum(flow)
    assert min(after) >= 0

    def weighed(y: list[Fraction]) -> Fraction:
        linear = sum(c * b for c, b in zip(costs, y, strict=True))
        return linear + damping / 2 * sum((b - a) ** 2 for a, b in zip(flow, y, strict=True))

    # It is convex, so no small shift between two resources may do better.
    for i in range(len(after)):
        for j in range(len(after)):
            shift = min(after[i], Fraction(1, 1000))
            moved = list(after)
            moved[i], moved[j] = moved[i] - shift, moved[j] + shift
            assert weighed(moved) >= weighed(after)


def test_a_response_by_hand() -> None:
    costs = [Fraction(3, 4), Fraction(1, 4)]
    assert damped_response(costs, costs, Fraction(1)) == [Fraction(1, 2), Fraction(1, 2)]
    # Nobody can leave a road that is empty already.
    assert damped_response([0, 1], [Fraction(5), Fraction(1)], Fraction(1)) == [0, 1]


@pytest.mark.slow
@given(FLOWS)
def test_the_same_text_runs_on_fractions_arrays_and_terms(
    pairs: list[tuple[Fraction, Fraction]],
) -> None:
    flow, costs = [x for x, _ in pairs], [c for _, c in pairs]
    exact = damped_response(flow, costs, Fraction(2))
    arrays = damped_response(
        [np.array([float(x), 0.5]) for x in flow], [np.array([float(c), 1.0]) for c in costs], 2.0
    )
    assert [float(a[0]) for a in arrays] == pytest.approx([float(x) for x in exact], abs=1e-12)
    terms = damped_response([z3.Q(x.numerator, x.denominator) for x in flow], costs, Fraction(2))
    assert [_fraction(z3.simplify(t)) for t in terms] == exact


def _fraction(term: Any) -> Fraction:
    return Fraction(term.numerator_as_long(), term.denominator_as_long())


def test_pigou_s_equilibrium_takes_the_road_that_gets_slow() -> None:
    flow = [Fraction(1, 4), Fraction(3, 4)]
    damping = damping_for(PIGOU, sum(flow), least=Fraction(1, 100))
    gaps = []
    for _ in range(60):
        paid = costs_at(PIGOU, flow)
        gaps.append(nash_gap(paid, paid, flow))
        flow = damped_response(flow, paid, damping)
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] == Fraction(3, 4)
    assert gaps[-1] < Fraction(1, 10**15)


def test_the_potential_is_the_integral_of_the_costs() -> None:
    x = sympy.Symbol("x")
    coefficients = [[1, 2, 3], [0, 1]]
    told = flow_potential(coefficients, [x, x])
    costs = sum(polynomial(own)(x) for own in coefficients)
    assert sympy.expand(told - sympy.integrate(costs, (x, 0, x))) == 0
    assert flow_potential([[Fraction(1)]], [Fraction(0)]) == 0


def test_the_curvature_is_the_largest_slope_at_the_mass() -> None:
    costs = [polynomial([0, 1]), polynomial([5, 0, 0, 1]), polynomial([9])]
    assert curvature(costs, 2) == 12
    assert curvature(costs, Fraction(1, 2)) == 1
    assert damping_for(costs, 2, least=1) == 12
    assert damping_for([polynomial([9])], 2, least=Fraction(1, 8)) == Fraction(1, 8)


@pytest.mark.parametrize(
    ("here", "there", "used", "gap"),
    [
        ([1, 2, 3], [2, 3, 4], [1, 1, 0], 0),
        ([1, 2, 3], [2, 3, 4], [1, 1, 1], 1),
        ([3, 5], [4, 6], [0, 2], 1),
        ([3, 5], [4, 6], [1, 0], 0),
        ([7], [8], [1], 0),
    ],
)
def test_the_gap_of_arrays_is_that_of_lists(
    here: list[int], there: list[int], used: list[int], gap: int
) -> None:
    assert nash_gap(here, there, used) == gap
    assert nash_gap(np.array(here), np.array(there), np.array(used)) == gap


# --- players

TABLES = st.integers(2, 3).flatmap(
    lambda n: st.lists(st.tuples(*[st.integers(0, 5)] * n), min_size=2, max_size=3)
)


def everyone_anywhere(delays: list[tuple[int, ...]]) -> CongestionGame:
    players, resources = len(delays[0]), len(delays)
    strategies = [[r] for r in range(resources)]
    # One strategy is of two resources, so that the game is not only about single ones.
    return CongestionGame(delays, [[*strategies, [0, 1]]] * players)


@pytest.mark.slow
@given(TABLES)
def test_a_move_changes_the_potential_by_what_it_changes_for_the_player(
    delays: list[tuple[int, ...]],
) -> None:
    game = everyone_anywhere(delays)
    for profile in game.profiles():
        for player in range(len(profile)):
            for other in game.moved(profile, player):
                paid = game.cost(other, player) - game.cost(profile, player)
                assert game.potential(other) - game.potential(profile) == paid


@pytest.mark.slow
@given(TABLES, st.integers(0, 2))
def test_better_responses_end_where_nobody_gains_more_than_the_least(
    delays: list[tuple[int, ...]], least_gain: int
) -> None:
    game = everyone_anywhere(delays)
    for start in game.profiles():
        profile, still = start, 0
        while still < len(profile):
            player = still
            after = game.better_response(profile, player, least_gain=least_gain)
            fallen = game.potential(profile) - game.potential(after)
            assert fallen > least_gain if after != profile else fallen == 0
            still = 0 if after != profile else still + 1
            profile = after
        assert game.gap(profile) <= least_gain


def test_a_game_worked_out_by_hand() -> None:
    game = CongestionGame([[1, 2], [1, 2]], [[[0], [1]]] * 2)
    assert game.loads((0, 0)) == [2, 0]
    assert [game.gap(p) for p in game.profiles()] == [1, 0, 0, 1]
    assert [game.potential(p) for p in game.profiles()] == [3, 2, 2, 3]
    half = Fraction(1, 2)
    assert game.gibbs(half) == [Fraction(1, 6), Fraction(1, 3), Fraction(1, 3), Fraction(1, 6)]
    # From together: the drawn one stays at cost 2, weight 1/4, or leaves at cost 1, weight 1/2.
    assert game.chances((0, 0), 0, half) == [Fraction(1, 3), Fraction(2, 3)]
    assert all(sum(row) == 1 for row in game.transitions(half))


def test_cold_play_is_nearly_always_at_an_equilibrium_and_hot_play_is_anywhere() -> None:
    game = CongestionGame([[1, 2], [1, 2]], [[[0], [1]]] * 2)
    cold, hot = game.gibbs(Fraction(1, 10**6)), game.gibbs(Fraction(10**6 - 1, 10**6))
    assert cold[0] + cold[3] < Fraction(1, 10**5)
    assert max(hot) - min(hot) < Fraction(1, 10**5)
    u = sympy.Symbol("u", positive=True)
    assert sympy.simplify(game.gibbs(u)[0] - u / (2 * (1 + u))) == 0


@pytest.mark.parametrize(
    ("delays", "strategies", "rule"),
    [
        ([[1]], [], "must have players"),
        ([[1]], [[]], "must have players"),
        ([[1, 2]], [[[0]]], "must have 1 delays"),
        ([[1]], [[[1]]], "must name resources"),
        ([[1]], [[[-1]]], "must name resources"),
        ([[1]], [[[0, 0]]], "each once"),
    ],
)
def test_what_is_no_game_is_refused(delays: Any, strategies: Any, rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        CongestionGame(delays, strategies)
