"""The entropy of a probability law (note 000, concept 4: S = -k sum p ln p)."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from homeostat.models.numbers import Number

__all__ = ["law_entropy"]


def law_entropy(
    law: Sequence[Number],
    *,
    boltzmann: Number = 1,
    log: Callable[[Any], Number] = math.log,
) -> Number:
    """Return S = k sum p ln(1/p), in [0, k ln n]; a chance of 0 adds nothing.

    Args:
        law: Chances p >= 0 of n states, which add up to 1.
        boltzmann: k >= 0, the unit of S.
        log: Natural logarithm in the number type that is wanted.
    """
    return boltzmann * sum(p * log(1 / p) for p in law if p)
