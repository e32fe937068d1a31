"""Congestion games in a case: flows that respond with a damping, players at a temperature."""

from collections.abc import Callable
from fractions import Fraction
from math import prod
from typing import Any, Final

import numpy as np

from homeostat.counterexamples.cases.balls import Figure
from homeostat.counterexamples.cases.reading import (
    Figures,
    Given,
    integer,
    list_of,
    number,
    positive,
)
from homeostat.errors import InvalidInputError, WitnessRejectedError
from homeostat.models.congestion_game import (
    CongestionGame,
    costs_at,
    curvature,
    damped_response,
    flow_potential,
    nash_gap,
    polynomial,
)
from homeostat.models.numbers import maximum_of
from homeostat.models.routing.chain import Chain
from homeostat.models.routing.classes import stationary_law

__all__ = ["CONGESTION_FLOW", "CONGESTION_GAME", "congestion_flow", "congestion_game"]

CONGESTION_FLOW: Final = frozenset({"costs", "start", "damping"})
CONGESTION_GAME: Final = frozenset({"delays", "strategies", "boltzmann"})
RESOURCES_MAX: Final = 6
TERMS_MAX: Final = 5
STATES_MAX: Final = 64
BITS_MAX: Final = 20_000
PLAYERS_MAX: Final = 4
PROFILES_MAX: Final = 36
DELAY_MAX: Final = 12


def congestion_flow(given: Given) -> Figures:
    """Run a case of a flow on resources whose costs are polynomials.

    Raises:
        InvalidInputError: The data break a rule.
    """
    start = [number(x) for x in list_of(given["start"], "start", RESOURCES_MAX)]
    listed, damping = list_of(given["costs"], "costs", RESOURCES_MAX), positive(given, "damping")
    terms = [[number(a) for a in list_of(cost, "a cost", TERMS_MAX)] for cost in listed]
    if len(terms) != len(start) or min(a for own in terms for a in own) < 0:
        raise InvalidInputError(f"costs must be {len(start)} polynomials, no coefficient negative")
    if min(start) < 0 or not any(start):
        raise InvalidInputError(f"start={[str(x) for x in start]} must be >= 0, and not all 0")
    costs, states, mass = [polynomial(own) for own in terms], [start], sum(start, Fraction(0))

    def state(k: int) -> list[Fraction]:
        range(STATES_MAX)[k]  # No case has more states.
        while len(states) <= k:
            if max(x.denominator.bit_length() for x in states[-1]) > BITS_MAX:
                raise WitnessRejectedError(f"a flow must have {BITS_MAX} bits at most")
            states.append(damped_response(states[-1], costs_at(costs, states[-1]), damping))
        return states[k]

    def gap(k: int) -> Figure:
        paid = costs_at(costs, state(k))
        return Fraction(nash_gap(paid, paid, state(k)))

    def distance(j: int, k: int) -> Figure:
        pairs = zip(state(j), state(k), strict=True)
        return Fraction(maximum_of(maximum_of((x - y, y - x)) for x, y in pairs))

    table: dict[str, Callable[..., Figure]] = {
        "mass": lambda: mass,
        "damping": lambda: damping,
        "half_curvature": lambda: Fraction(curvature(costs, mass)) / 2,
        "flow_#_#": lambda r, k: state(k)[r],
        "nash_gap_#": gap,
        "potential_#": lambda k: Fraction(flow_potential(terms, state(k))),
        "distance_#_#": distance,
    }
    return Figures(frozenset(), table)


def _game(given: Given) -> CongestionGame:
    listed = list_of(given["strategies"], "strategies", PLAYERS_MAX)
    delays = [
        [integer(x, "delay", 0, DELAY_MAX) for x in list_of(own, "delays", PLAYERS_MAX)]
        for own in list_of(given["delays"], "delays", RESOURCES_MAX)
    ]

    def strategy(data: object) -> list[int]:
        used = list_of(data, "a strategy", RESOURCES_MAX)
        return [integer(r, "resource", 0, len(delays) - 1) for r in used]

    strategies = [
        [strategy(one) for one in list_of(own, "strategies", PROFILES_MAX)] for own in listed
    ]
    if prod(len(own) for own in strategies) > PROFILES_MAX:
        raise InvalidInputError(f"a game must have {PROFILES_MAX} profiles at most")
    return CongestionGame(delays, strategies)


def congestion_game(given: Given) -> Figures:
    """Run a case of players who choose anew, one at a time, at a temperature.

    The law that play comes to is found by elimination, and held against Gibbs' law.

    Raises:
        InvalidInputError: The data break a rule.
    """
    game, factor = _game(given), number(given["boltzmann"])
    if not 0 < factor < 1:
        raise InvalidInputError(f"boltzmann={factor} must be above 0 and below 1")
    profiles = game.profiles()
    stable = [game.gap(profile) == 0 for profile in profiles]

    def rows() -> list[list[Any]]:
        return game.transitions(factor)

    def law() -> list[Fraction]:
        return list(stationary_law(Chain.of(np.array(rows(), dtype=object))))

    def outside() -> Figure:
        pairs = zip(law(), stable, strict=True)
        return sum((p for p, kept in pairs if not kept), Fraction(0))

    def gibbs_error() -> Figure:
        pairs = zip(law(), game.gibbs(factor), strict=True)
        return Fraction(max(abs(p - q) for p, q in pairs))

    def leaves() -> Figure:
        chances = [
            sum((p for p, kept in zip(row, stable, strict=True) if not kept), Fraction(0))
            for row, start in zip(rows(), stable, strict=True)
            if start
        ]
        return min(chances)

    table: dict[str, Callable[..., Figure]] = {
        "players": lambda: Fraction(len(game.strategies)),
        "profiles": lambda: Fraction(len(profiles)),
        "equilibria": lambda: Fraction(sum(stable)),
        "boltzmann": lambda: factor,
        "outside": outside,
        "gibbs_error": gibbs_error,
        "leaves": leaves,
    }
    return Figures(frozenset(), table)
