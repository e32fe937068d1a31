"""How far a state is from a Nash equilibrium: the most that anyone would save by moving."""

from collections.abc import Sequence
from functools import reduce

from homeostat.models.numbers import Number, maximum, minimum, minimum_of, where

__all__ = ["nash_gap"]


def _least(values: Sequence[Number] | Number) -> Number:
    # An array whose entries are resources knows its least entry itself.
    return values.min() if hasattr(values, "min") else minimum_of(values)


def _worst_of_array(here: Number, used: Number, best: Number) -> Number:
    return where(used > 0, here, best).max()


def nash_gap(
    here: Sequence[Number] | Number,
    there: Sequence[Number] | Number,
    used: Sequence[Number] | Number,
) -> Number:
    """Return max over used resources of what is paid there, less what the best move would pay.

    It is 0 exactly where nobody is better off elsewhere. For players of one size who may all use
    every resource, and for shares of a flow.

    Args:
        here: Cost of each resource for whoever uses it now; a sequence of numbers of any type, or
            one array with an entry a resource.
        there: Cost of each for who comes to it: with one player more, or the same for a flow.
            At least ``here``, so that to stay is never taken for a move.
        used: Whether somebody uses it: numbers > 0 where so.
    """
    best = _least(there)
    if hasattr(here, "max"):
        worst = _worst_of_array(here, used, best)
    else:
        worst = reduce(
            maximum, (where(u > 0, cost, best) for u, cost in zip(used, here, strict=True))
        )
    return worst - minimum(worst, best)
