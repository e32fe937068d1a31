"""Cases and properties of the suite ``governor`` that speak of congestion games, exactly.

Notation, as in ``models.congestion_game``
    x, y: a flow and the response to it; c: costs; g: damping; L: curvature; Phi: potential.
    u = exp(-1/T): Boltzmann's factor of one unit of cost.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, Final

import numpy as np
from hypothesis import strategies as st

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
from homeostat.models.dual import slope_at
from homeostat.models.routing.chain import Chain
from homeostat.models.routing.classes import stationary_law
from homeostat.properties.results import Violation
from homeostat.properties.statements import AnyProperty, property_of

__all__ = ["GAME_PROPERTIES", "FlowCase", "GameCase", "Quotient"]

_STEPS: Final = 4


@dataclass(frozen=True, slots=True)
class FlowCase:
    """A flow on a few resources, and how it is damped.

    Attributes:
        costs: Coefficients of each cost, from the constant upwards, none negative.
        flow: On each resource, in eighths.
        times: Damping over half the curvature, in eighths.
    """

    costs: tuple[tuple[int, ...], ...]
    flow: tuple[int, ...]
    times: int

    @property
    def start(self) -> list[Fraction]:
        """The flow."""
        return [Fraction(x, 8) for x in self.flow]

    @property
    def curvature(self) -> Fraction:
        """L, by dual numbers."""
        return Fraction(curvature([polynomial(own) for own in self.costs], sum(self.start)))

    @property
    def damping(self) -> Fraction:
        """The damping; that of costs without slope is that of a slope of 1."""
        return Fraction(self.times, 8) * (self.curvature or 1) / 2

    def costs_of(self, flow: list[Fraction]) -> list[Fraction]:
        """Return what each resource costs at a flow."""
        return costs_at([polynomial(own) for own in self.costs], flow)

    def response(self, flow: list[Fraction], damping: Fraction) -> list[Fraction]:
        """Return the next flow."""
        return damped_response(flow, self.costs_of(flow), damping)

    def gap(self, flow: list[Fraction]) -> Fraction:
        """Return the Nash gap at a flow."""
        paid = self.costs_of(flow)
        return Fraction(nash_gap(paid, paid, flow))

    def potential(self, flow: list[Fraction]) -> Fraction:
        """Return Phi."""
        return Fraction(flow_potential([list(map(Fraction, own)) for own in self.costs], flow))


def _flows(least: int, most: int) -> st.SearchStrategy[FlowCase]:
    """Return flows with a damping in a range, in eighths of half the curvature."""
    resource = st.tuples(
        st.lists(st.integers(0, 3), min_size=1, max_size=3).map(tuple), st.integers(0, 8)
    )
    several = st.lists(resource, min_size=2, max_size=4).filter(lambda own: any(x for _, x in own))

    def of(own: list[tuple[tuple[int, ...], int]], times: int) -> FlowCase:
        costs, flow = zip(*own, strict=True)
        return FlowCase(costs, flow, times)

    return st.builds(of, several, st.integers(least, most))


def _damped() -> st.SearchStrategy[FlowCase]:
    return _flows(9, 40)


def _barely_damped() -> st.SearchStrategy[FlowCase]:
    return _flows(1, 7)


def _response_is_not_the_least(
    case: FlowCase, x: list[Fraction], y: list[Fraction]
) -> Violation | None:
    """Hold a response against the conditions of the least c(x) y + g/2 |y - x|^2."""
    slopes = [c + case.damping * (b - a) for c, a, b in zip(case.costs_of(x), x, y, strict=True)]
    level = min(slopes)
    kept = sum(x) == sum(y) and min(y) >= 0
    if kept and all(s == level for s, b in zip(slopes, y, strict=True) if b):
        return None
    return Violation(0, {"response": _text(y), "slopes": _text(slopes)})


def _text(numbers: list[Fraction]) -> str:
    return " ".join(map(str, numbers))


def damped_response_fails(case: FlowCase) -> Violation | None:
    """Each response lowers Phi by (g - L/2) |y - x|^2 and leaves a gap of 2 g max |y - x|."""
    x, half = case.start, case.curvature / 2
    for t in range(1, _STEPS + 1):
        y = case.response(x, case.damping)
        moved = [b - a for a, b in zip(x, y, strict=True)]
        fallen = case.potential(x) - case.potential(y)
        wrong = _response_is_not_the_least(case, x, y)
        if wrong is not None:
            return wrong
        least = (case.damping - half) * sum(v * v for v in moved)
        most = 2 * case.damping * max(map(abs, moved))
        if fallen < least or case.gap(y) > most:
            return Violation(t, {"fallen": str(fallen), "gap": str(case.gap(y))})
        x = y
    return None


def barely_damped_flow_rises(case: FlowCase) -> Violation | None:
    """False: Phi never rises, whatever the damping."""
    x = case.start
    y = case.response(x, case.damping)
    before, after = case.potential(x), case.potential(y)
    if after <= before:
        return None
    return Violation(1, {"potential": str(before), "after": str(after)})


def own_damping_is_too_small(case: FlowCase) -> Violation | None:
    """The damping of exact slopes is at least the slope at every flow, and Phi falls with it."""
    costs = [polynomial(own) for own in case.costs]
    x = case.start
    damping = Fraction(damping_for(costs, sum(x), least=Fraction(1, 8)))
    slopes = [slope_at(cost, a) for cost, a in zip(costs, x, strict=True)]
    exact = [
        sum(k * a * y ** (k - 1) for k, a in enumerate(own) if k)
        for own, y in zip(case.costs, x, strict=True)
    ]
    y = case.response(x, damping)
    moved = sum((b - a) ** 2 for a, b in zip(x, y, strict=True))
    fallen = case.potential(x) - case.potential(y)
    if slopes == exact and max(slopes) <= damping and fallen >= damping / 2 * moved:
        return None
    return Violation(1, {"slopes": _text(slopes), "damping": str(damping), "fallen": str(fallen)})


@dataclass(frozen=True, slots=True)
class Quotient:
    """An expression (p(x)^n + k) / (q(x)^2 + 1) at a point.

    Attributes:
        above: p, from the constant upwards.
        below: q.
        power: n.
        more: k.
        at: x, in thirds.
    """

    above: tuple[int, ...]
    below: tuple[int, ...]
    power: int
    more: int
    at: int

    def value(self, x: Any) -> Any:
        """Return its value at a number of any type."""
        below = polynomial(self.below)(x)
        return (polynomial(self.above)(x) ** self.power + self.more) / (below * below + 1)


def _quotients() -> st.SearchStrategy[Quotient]:
    terms = st.lists(st.integers(-3, 3), min_size=1, max_size=3).map(tuple)
    return st.builds(
        Quotient, terms, terms, st.integers(0, 3), st.integers(-3, 3), st.integers(-6, 6)
    )


def slope_is_another(case: Quotient) -> Violation | None:
    """The slope by dual numbers is that of symbolic differentiation, to the last digit."""
    import sympy

    x = sympy.Symbol("x")
    symbolic = sympy.diff(case.value(x), x).subs(x, sympy.Rational(case.at, 3))
    told = Fraction(int(symbolic.p), int(symbolic.q))
    found = slope_at(case.value, Fraction(case.at, 3))
    return None if found == told else Violation(0, {"dual": str(found), "symbolic": str(told)})


@dataclass(frozen=True, slots=True)
class GameCase:
    """A game of two or three players on as many resources, any of which each may choose.

    Attributes:
        delays: Of each resource, what each of 1, 2, ... users pays.
        factor: 1/u.
    """

    delays: tuple[tuple[int, ...], ...]
    factor: int

    @property
    def game(self) -> CongestionGame:
        """The game."""
        players = len(self.delays[0])
        return CongestionGame(self.delays, [[[r] for r in range(len(self.delays))]] * players)

    @property
    def boltzmann(self) -> Fraction:
        """Boltzmann's factor."""
        return Fraction(1, self.factor)


def _games() -> st.SearchStrategy[GameCase]:
    def of(players: int) -> st.SearchStrategy[GameCase]:
        own = st.tuples(*[st.integers(0, 4)] * players)
        delays = st.lists(own, min_size=2, max_size=3 if players < 3 else 2).map(tuple)
        return st.builds(GameCase, delays, st.integers(2, 9))

    return st.integers(2, 3).flatmap(of)


def law_is_not_that_of_gibbs(case: GameCase) -> Violation | None:
    """Gibbs' law is kept by a round of play, and a move changes Phi as it changes the cost."""
    game = case.game
    law = game.gibbs(case.boltzmann)
    after = [
        sum(p * chance for p, chance in zip(law, column, strict=True))
        for column in zip(*game.transitions(case.boltzmann), strict=True)
    ]
    if after != law:
        return Violation(0, {"law": _text(law), "after": _text(after)})
    for profile in game.profiles():
        for player in range(len(profile)):
            for other in game.moved(profile, player):
                told = game.cost(other, player) - game.cost(profile, player)
                if game.potential(other) - game.potential(profile) != told:
                    return Violation(0, {"profile": str(profile), "moved": str(other)})
    return None


def mass_stays_outside(case: GameCase) -> Violation | None:
    """False: in the long run nothing but equilibria has a chance."""
    game = case.game
    chain = Chain.of(np.array(game.transitions(case.boltzmann), dtype=object))
    law = stationary_law(chain)
    outside = sum(p for p, x in zip(law, game.profiles(), strict=True) if game.gap(x) > 0)
    return Violation(0, {"outside": str(outside)}) if outside else None


_of: Final = partial(property_of, "governor")


GAME_PROPERTIES: Final[tuple[AnyProperty, ...]] = (
    _of(
        "damped_response",
        "With a damping above half the curvature each response lowers the potential exactly as "
        "proved, and bounds the gap.",
        _damped,
        damped_response_fails,
        claim="nash_convergence.damped",
    ),
    _of(
        "exact_slopes",
        "The slope by dual numbers is that of symbolic differentiation.",
        _quotients,
        slope_is_another,
        claim="nash_convergence.slope",
    ),
    _of(
        "own_damping",
        "The damping that exact slopes give is above every slope, and the potential falls with it.",
        _damped,
        own_damping_is_too_small,
        claim="nash_convergence.slope",
    ),
    _of(
        "gibbs_law",
        "A round of play at a temperature keeps Gibbs' law, exactly.",
        _games,
        law_is_not_that_of_gibbs,
        claim="nash_at_temperature.gibbs",
    ),
    _of(
        "any_damping_converges",
        "the potential never rises, whatever the damping.",
        _barely_damped,
        barely_damped_flow_rises,
        holds=False,
        claim="nash_convergence.any_damping",
    ),
    _of(
        "nash_at_temperature",
        "in the long run nothing but equilibria has a chance.",
        _games,
        mass_stays_outside,
        holds=False,
        claim="nash_at_temperature",
    ),
)
"""What the suite ``governor`` tries of congestion games."""
