"""Small congestion games, and the first of them that break the built-in conjectures."""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import product
from typing import Any, Final

from homeostat.counterexamples.cases.case import Case
from homeostat.counterexamples.cases.conjectures import find_case_conjecture
from homeostat.counterexamples.cases.searching import first_case
from homeostat.errors import InvalidInputError

__all__ = ["GAME_SEARCHES", "game_case", "pairs_of_players", "small_flows"]

Given = dict[str, Any]

_DAMPINGS: Final = tuple(map(Fraction, ("2", "3/2", "1", "3/4", "1/2", "1/3", "1/4")))
"""The largest first, so that what is found is damped as much as can be."""
_FACTORS: Final = ("1/2", "1/4", "1/100")
"""exp(-1/T): the warmest first."""


def small_flows() -> Iterator[Given]:
    """Yield flows on two resources with linear costs of slopes 1 and 2, the most damped first."""
    shares = [Fraction(i, 4) for i in range(5)]
    for damping, slopes, share in product(_DAMPINGS, product((1, 2), repeat=2), shares):
        yield {
            "costs": [["0", str(slope)] for slope in slopes],
            "start": [str(share), str(1 - share)],
            "damping": str(damping),
        }


def pairs_of_players() -> Iterator[Given]:
    """Yield games of two players and two resources of small delays, that may both be chosen.

    Delays rise; small ones first, of equal ones the warmest play first.
    """
    tables = [[a, b] for a, b in product(range(4), repeat=2) if a < b]
    pairs = sorted(product(tables, repeat=2), key=lambda pair: (sum(map(sum, pair)), pair))
    for delays, factor in product(pairs, _FACTORS):
        yield {
            "delays": [list(own) for own in delays],
            "strategies": [[[0], [1]], [[0], [1]]],
            "boltzmann": factor,
        }


GAME_SEARCHES: Final[Mapping[str, tuple[Callable[[], Iterator[Given]], str]]] = {
    "any_damping_converges": (
        small_flows,
        "flows on two resources with linear costs, in quarters, the most damped first",
    ),
    "nash_at_temperature": (
        pairs_of_players,
        "games of two players and two resources, those of small delays first",
    ),
}
"""Conjecture -> the candidates that are tried, and what they are."""


def game_case(name: str) -> Case | None:
    """Return the first case that breaks a built-in conjecture about games, None if none does.

    Raises:
        InvalidInputError: There is no such conjecture, or no search for it.
    """
    conjecture = find_case_conjecture(name)
    if name not in GAME_SEARCHES:
        raise InvalidInputError(f"search {name!r:.60} must be one of {sorted(GAME_SEARCHES)}")
    candidates, method = GAME_SEARCHES[name]
    return first_case(conjecture, candidates(), {"method": method})
