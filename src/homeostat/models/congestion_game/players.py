"""A congestion game of finitely many players, its potential, and play at a temperature.

Notation
    n_r: how many use resource r; d_r(k): what each of k users of r pays; a player pays the sum over
    the resources of its strategy.
    Phi = sum_r d_r(1) + ... + d_r(n_r): Rosenthal's potential. Whoever moves changes Phi by exactly
    what the move changes for it, so better responses end, at a Nash equilibrium.
    T: temperature; u = exp(-1/T): Boltzmann's factor of one unit of cost, 0 < u < 1.
At a temperature
    A player drawn evenly chooses its strategy anew, with weights u^cost. In the long run a profile
    has the weight u^Phi, Gibbs' law: equilibria are likely, and never all there is.

Source: note 000, concepts 2 and 5; Rosenthal, Int. J. Game Theory 2, 1973; Blume, The
statistical mechanics of strategic interaction, Games and Economic Behavior 5, 1993.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from homeostat.errors import InvalidInputError
from homeostat.models.numbers import Number, maximum_of, minimum_of

__all__ = ["CongestionGame", "Profile"]

Profile = tuple[int, ...]
"""Of each player, which of its strategies it plays."""


@dataclass(frozen=True, slots=True)
class CongestionGame:
    """Delays of resources, and what players may use.

    Attributes:
        delays: Of each resource, what each of 1, 2, ... users pays; as long as there are players.
        strategies: Of each player, its strategies, each a set of resources.
    """

    delays: Sequence[Sequence[Number]]
    strategies: Sequence[Sequence[Sequence[int]]]

    def __post_init__(self) -> None:
        """Refuse what is no game.

        Raises:
            InvalidInputError: A delay is missing, a player has no strategy, a resource is unknown
                or stands twice in a strategy.
        """
        if not self.strategies or not all(self.strategies):
            raise InvalidInputError("a game must have players, each with a strategy or more")
        if any(len(own) != len(self.strategies) for own in self.delays):
            raise InvalidInputError(f"each resource must have {len(self.strategies)} delays")
        known = range(len(self.delays))
        for used in (s for own in self.strategies for s in own):
            if not all(r in known for r in used) or len(set(used)) != len(used):
                raise InvalidInputError(f"strategy {list(used)} must name resources, each once")

    def loads(self, profile: Profile) -> list[int]:
        """Return n_r."""
        users = Counter(r for i, s in enumerate(profile) for r in self.strategies[i][s])
        return [users[r] for r in range(len(self.delays))]

    def potential(self, profile: Profile) -> Number:
        """Return Phi."""
        return sum(
            sum(own[:load]) for own, load in zip(self.delays, self.loads(profile), strict=True)
        )

    def cost(self, profile: Profile, player: int) -> Number:
        """Return what a player pays."""
        loads = self.loads(profile)
        return sum(self.delays[r][loads[r] - 1] for r in self.strategies[player][profile[player]])

    def moved(self, profile: Profile, player: int) -> Iterator[Profile]:
        """Yield the profiles that a player can make, the present one among them."""
        for strategy in range(len(self.strategies[player])):
            yield (*profile[:player], strategy, *profile[player + 1 :])

    def gap(self, profile: Profile) -> Number:
        """Return the Nash gap: the most that any player saves by moving alone; 0 if none does."""
        return maximum_of(
            self.cost(profile, i) - minimum_of(self.cost(p, i) for p in self.moved(profile, i))
            for i in range(len(profile))
        )

    def better_response(self, profile: Profile, player: int, *, least_gain: Number) -> Profile:
        """Return the profile after a player's best move; the same one if it gains too little.

        Args:
            profile: Now.
            player: Who moves.
            least_gain: What a move must save to be worth it, >= 0: damping, as of a tax on moves.
                Each move lowers the potential by more than it.
        """
        best = min(self.moved(profile, player), key=lambda p: self.cost(p, player))
        gain = self.cost(profile, player) - self.cost(best, player)
        return best if gain > least_gain else profile

    def profiles(self) -> list[Profile]:
        """Return every profile; as many as the product of the numbers of strategies."""
        return list(product(*(range(len(own)) for own in self.strategies)))

    def chances(self, profile: Profile, player: int, boltzmann: Number) -> list[Number]:
        """Return with which chance a player who is drawn chooses each of its strategies.

        Args:
            profile: What the others play; costs must be integers where u is exact.
            player: Who chooses.
            boltzmann: u.
        """
        weights = [boltzmann ** self.cost(p, player) for p in self.moved(profile, player)]
        return [weight / sum(weights) for weight in weights]

    def transitions(self, boltzmann: Number) -> list[list[Number]]:
        """Return the chances to lead from one profile to another, in the order of ``profiles``."""
        profiles = self.profiles()
        place = {profile: i for i, profile in enumerate(profiles)}
        rows = [[0 * boltzmann for _ in profiles] for _ in profiles]
        for row, profile in zip(rows, profiles, strict=True):
            for player in range(len(profile)):
                chances = self.chances(profile, player, boltzmann)
                for after, chance in zip(self.moved(profile, player), chances, strict=True):
                    row[place[after]] += chance / len(profile)
        return rows

    def gibbs(self, boltzmann: Number) -> list[Number]:
        """Return Gibbs' law, in the order of ``profiles``."""
        weights = [boltzmann ** self.potential(profile) for profile in self.profiles()]
        return [weight / sum(weights) for weight in weights]
