"""What the entropy steers: the batching window, and the regime with its two thresholds.

w = w_base exp(-H/tau) (note 001, section 1); thresholds 1.5 and 2.5 bits (section 5). Between
the two a machine with memory stays where it is; that the note's thresholds are the ends of a
hysteresis is our reading, as it names no transition between them.
"""

import math
from collections.abc import Callable
from enum import Enum
from typing import Any, Final

from homeostat.models.numbers import Number

__all__ = [
    "ENTROPY_HIGH",
    "ENTROPY_LOW",
    "TEMPERATURE_DEFAULT",
    "Regime",
    "adaptive_window",
    "next_regime",
]

ENTROPY_LOW: Final = 1.5
ENTROPY_HIGH: Final = 2.5
"""Thresholds in bits, exact as floats and as fractions (note 001, section 5)."""

TEMPERATURE_DEFAULT: Final = 5
"""tau of the note, in bits (section 1)."""


class Regime(Enum):
    """How the scheduler answers arrivals."""

    BATCHING = "batching"
    """Low entropy: large batches."""
    REACTIVE = "reactive"
    """High entropy: low latency."""


def adaptive_window(
    base: Number,
    entropy: Number,
    *,
    temperature: Number = TEMPERATURE_DEFAULT,
    exp: Callable[[Any], Number] = math.exp,
) -> Number:
    """Return w = w_base exp(-H/tau), in the unit of ``base``.

    Args:
        base: Window at entropy 0, > 0.
        entropy: H >= 0, in bits.
        temperature: tau > 0, in bits.
        exp: Exponential in the number type that is wanted.
    """
    return base * exp(-entropy / temperature)


def next_regime(
    regime: Regime,
    entropy: Number,
    *,
    low: Number = ENTROPY_LOW,
    high: Number = ENTROPY_HIGH,
) -> Regime:
    """Return the regime after H is seen: it changes above ``high`` and below ``low`` only."""
    if entropy > high:
        return Regime.REACTIVE
    if entropy < low:
        return Regime.BATCHING
    return regime
