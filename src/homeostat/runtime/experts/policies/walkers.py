"""The first choices of the tokens that are on their way, and which follows which."""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homeostat.models.residency.events import Event

__all__ = ["Walkers", "some_of"]

_UNIT: Final = 2.0**30


def some_of(chances: NDArray[np.float64]) -> list[float]:
    """Return 1 - prod over rows of (1 - chance), for each column: the chance that one row does.

    Rows are independent. The result is rounded to multiples of 2^-30, so that what is equal but for
    rounding is a tie on every machine, and with any number of threads.
    """
    found: list[float] = (np.round((1 - np.prod(1 - chances, axis=0)) * _UNIT) / _UNIT).tolist()
    return found


class Walkers:
    """Tokens of a layer as walkers on its experts.

    An event with as many tokens as the one before is taken to be of the same walkers, one step on.
    With another number the batch has changed: nobody's step is known, and none is counted.
    """

    def __init__(self) -> None:
        """Start with no walker known."""
        self.tops: tuple[int, ...] = ()

    def steps(self, event: Event) -> Iterable[tuple[int, int]]:
        """Move on to an event, and return from where to where each walker went."""
        before, self.tops = self.tops, event.tops
        return zip(before, self.tops, strict=True) if len(before) == len(self.tops) else ()
