"""Congestion games in a case: what a damped response does, and play at a temperature.

Standard library only, like all of the kernel.

congestion-flow: shares of a flow on resources whose costs are polynomials without negative
    coefficients, which respond with a damping. State 1 is the start. After state x comes the flow
    y of the same mass with least c(x) y + g/2 |y - x|^2.
    mass, damping, half_curvature: the whole flow; g; L/2, L the largest slope of a cost at the
        mass, and so of all below.
    flow_r_k, nash_gap_k, potential_k: on resource r in state k; the most that is paid beyond the
        cheapest cost; the sum of the integrals of the costs.
    distance_j_k: how much more or less is on some resource, at most, in two states.
congestion-game: players choose strategies, which are sets of resources; each user of a resource
    pays its delay at the number of its users. A player drawn evenly chooses anew, with weights
    u^cost for a factor 0 < u < 1 of one unit of cost, exp(-1/T).
    players, profiles, equilibria: how many; equilibria are the profiles where nobody gains alone.
    boltzmann: u.
    outside: what the law that play comes to gives to profiles that are no equilibrium. That is
        Gibbs' law, u^potential: it is tried here that a round of play leaves it as it is. There is
        no other one, as every profile leads to every other.
    gibbs_error: how far the law that play comes to is from that.
    leaves: the least chance of a round from an equilibrium to lead out of all of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any, Final, NamedTuple

from homeostat.proofs.enclosures import number, point
from homeostat.proofs.figures import Figure, figures, pick, texts
from homeostat.proofs.polynomials import demand

__all__ = ["congestion_flow", "congestion_game"]

RESOURCES_MAX: Final = 6
TERMS_MAX: Final = 5
STATES_MAX: Final = 64
BITS_MAX: Final = 20_000
PLAYERS_MAX: Final = 4
PROFILES_MAX: Final = 36
DELAY_MAX: Final = 12

Flow = list[Fraction]
Profile = tuple[int, ...]


def _at(cost: Flow, x: Fraction) -> Fraction:
    return sum((a * x**k for k, a in enumerate(cost)), Fraction(0))


def _slope(cost: Flow, x: Fraction) -> Fraction:
    return sum((Fraction(k * a * x ** (k - 1)) for k, a in enumerate(cost) if k), Fraction(0))


def _integral(cost: Flow, x: Fraction) -> Fraction:
    return sum((a * x ** (k + 1) / (k + 1) for k, a in enumerate(cost)), Fraction(0))


def _response(flow: Flow, costs: Sequence[Flow], damping: Fraction) -> Flow:
    """Return the next flow: all resources share what is too much, but those that fall below 0."""
    wanted = [x - _at(cost, x) / damping for x, cost in zip(flow, costs, strict=True)]
    kept = wanted
    while True:
        level = (sum(kept, Fraction(0)) - sum(flow)) / len(kept)
        left = [x for x in kept if x > level]
        if len(left) == len(kept):
            return [max(x - level, Fraction(0)) for x in wanted]
        kept = left


def congestion_flow(given: Mapping[str, Any]) -> tuple[set[str], Figure]:
    """Read a case of a flow, and return its figures."""
    demand(set(given) == {"costs", "start", "damping"}, "a flow has costs, start and damping")
    start = [number(x) for x in texts(given["start"], 1, RESOURCES_MAX, "few flows")]
    listed, damping = given["costs"], number(given["damping"])
    demand(type(listed) is list and len(listed) == len(start), "as many costs as flows")
    costs = [[number(a) for a in texts(cost, 1, TERMS_MAX, "few terms")] for cost in listed]
    demand(damping > 0 and min(start) >= 0 < sum(start), "damping and flow must be positive")
    demand(all(a >= 0 for cost in costs for a in cost), "a negative coefficient")
    states, mass = [start], sum(start, Fraction(0))

    def state(k: int) -> Flow:
        demand(1 <= k <= STATES_MAX, f"no state {k}")
        while len(states) < k:
            bits = max(x.denominator.bit_length() for x in states[-1])
            demand(bits <= BITS_MAX, f"a flow of more than {BITS_MAX} bits")
            states.append(_response(states[-1], costs, damping))
        return states[k - 1]

    def gap(k: int) -> Fraction:
        paid = list(map(_at, costs, state(k)))
        return max(c for c, x in zip(paid, state(k), strict=True) if x) - min(paid)

    def potential(k: int) -> Fraction:
        return sum(map(_integral, costs, state(k)), Fraction(0))

    def distance(j: int, k: int) -> Fraction:
        return max(abs(x - y) for x, y in zip(state(j), state(k), strict=True))

    return set(), figures(
        {
            "mass": lambda: point(mass),
            "damping": lambda: point(damping),
            "half_curvature": lambda: point(max(_slope(cost, mass) for cost in costs) / 2),
            "flow_#_#": lambda r, k: point(pick(state(k), r)),
            "nash_gap_#": lambda k: point(gap(k)),
            "potential_#": lambda k: point(potential(k)),
            "distance_#_#": lambda j, k: point(distance(j, k)),
        }
    )


class _Game(NamedTuple):
    delays: list[list[int]]
    strategies: list[list[list[int]]]

    def users(self, profile: Profile) -> list[int]:
        played = [own[s] for own, s in zip(self.strategies, profile, strict=True)]
        return [sum(r in strategy for strategy in played) for r in range(len(self.delays))]

    def cost(self, profile: Profile, player: int) -> int:
        users = self.users(profile)
        return sum(self.delays[r][users[r] - 1] for r in self.strategies[player][profile[player]])

    def potential(self, profile: Profile) -> int:
        """Return what all would pay who came one after the other."""
        users = self.users(profile)
        return sum(sum(own[:n]) for own, n in zip(self.delays, users, strict=True))

    def moves(self, profile: Profile, player: int) -> list[Profile]:
        choices = range(len(self.strategies[player]))
        return [(*profile[:player], s, *profile[player + 1 :]) for s in choices]

    def stable(self, profile: Profile) -> bool:
        """Tell whether nobody gains by moving alone."""
        return all(
            self.cost(profile, i) <= self.cost(other, i)
            for i in range(len(profile))
            for other in self.moves(profile, i)
        )

    def round(self, profile: Profile, u: Fraction) -> Iterator[tuple[Profile, Fraction]]:
        """Yield where one round leads, with its chances."""
        for i in range(len(profile)):
            others = self.moves(profile, i)
            weights = [u ** self.cost(other, i) for other in others]
            for other, weight in zip(others, weights, strict=True):
                yield other, weight / sum(weights) / len(profile)


def _small(x: Any, most: int) -> bool:
    return type(x) is int and 0 <= x <= most


def _game(delays: Any, strategies: Any) -> _Game:
    demand(type(strategies) is list and 1 <= len(strategies) <= PLAYERS_MAX, "no few players")
    demand(type(delays) is list and 1 <= len(delays) <= RESOURCES_MAX, "no few resources")
    count, last = len(strategies), len(delays) - 1
    for own in delays:
        demand(type(own) is list and len(own) == count, "a delay for each number of users")
        demand(all(_small(x, DELAY_MAX) for x in own), f"a delay is in 0 .. {DELAY_MAX}")
    for own in strategies:
        demand(type(own) is list and 1 <= len(own) <= PROFILES_MAX, "no list of few strategies")
        for played in own:
            demand(type(played) is list and len(set(map(str, played))) == len(played), "no set")
            demand(played and all(_small(r, last) for r in played), "no such resource")
    demand(prod(len(own) for own in strategies) <= PROFILES_MAX, "too many profiles")
    return _Game(delays, strategies)


def congestion_game(given: Mapping[str, Any]) -> tuple[set[str], Figure]:
    """Read a case of players at a temperature, and return its figures."""
    demand(set(given) == {"delays", "strategies", "boltzmann"}, "wrong fields")
    game, u = _game(given["delays"], given["strategies"]), number(given["boltzmann"])
    demand(0 < u < 1, "the factor must be above 0 and below 1")
    profiles = list(product(*(range(len(own)) for own in game.strategies)))
    stable = {profile for profile in profiles if game.stable(profile)}

    def law() -> dict[Profile, Fraction]:
        weights = {profile: u ** game.potential(profile) for profile in profiles}
        whole, after = sum(weights.values()), dict.fromkeys(profiles, Fraction(0))
        for profile, weight in weights.items():
            for other, chance in game.round(profile, u):
                after[other] += weight * chance
        demand(after == weights, "a round changes the law that was thought to last")
        return {profile: weight / whole for profile, weight in weights.items()}

    def leaves() -> Fraction:
        # There is an equilibrium: where the potential is least.
        return min(Fraction(sum(p for x, p in game.round(e, u) if x not in stable)) for e in stable)

    return set(), figures(
        {
            "players": lambda: point(len(game.strategies)),
            "profiles": lambda: point(len(profiles)),
            "equilibria": lambda: point(len(stable)),
            "boltzmann": lambda: point(u),
            "outside": lambda: point(sum(p for x, p in law().items() if x not in stable)),
            # A law that a round does not keep is rejected.
            "gibbs_error": lambda: point(0 if law() else 1),
            "leaves": lambda: point(leaves()),
        }
    )
