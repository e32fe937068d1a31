"""The figures of a case, by name, and the lists that its data are read from.

Standard library only, like all of the kernel.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from homeostat.proofs.enclosures import Enclosure
from homeostat.proofs.polynomials import demand

__all__ = ["Figure", "figures", "pick", "texts"]

Figure = Callable[[str], Enclosure]
"""The enclosure of a figure, by name; one that the case does not have is rejected."""


def texts(value: Any, least: int, most: int, what: str) -> list[str]:
    """Read a list of texts; how many there may be is a bound on time, too."""
    demand(type(value) is list and least <= len(value) <= most, f"no list of {what}")
    demand(all(type(x) is str for x in value), f"not all text: {what}")
    return list(value)


def pick(values: Sequence[Any], place: int) -> Any:
    """Return the entry at a place, counted from 1."""
    demand(1 <= place <= len(values), f"the case has no number {place} of {len(values)}")
    return values[place - 1]


def figures(table: Mapping[str, Callable[..., Enclosure]]) -> Figure:
    """Return figures by name; a ``#`` in the table's names stands for a number from 1 on."""

    @lru_cache(maxsize=64)
    def figure(name: str) -> Enclosure:
        demand(type(name) is str and len(name) <= 40, f"no figure: {name!r:.40}")
        places = re.findall(r"_([1-9][0-9]{0,2})(?=_|$)", name)
        shape = re.sub(r"_([1-9][0-9]{0,2})(?=_|$)", "_#", name)
        demand(shape in table, f"the case has no figure {name!r}")
        return table[shape](*map(int, places))

    return figure
