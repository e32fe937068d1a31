"""The entropy of binned gaps of a Poisson process.

Gaps are exponential, so the bin of a gap, floor(gap / width), is geometric: bin i has the
probability p u^i with u = exp(-rate width) and p = 1 - u. Its entropy is, in bits,

    H = (-u log2 u - p log2 p) / p = u log2(1/u) / p + log2(1/p).

Its derivative by p is log2(u) / p^2 < 0: the higher the rate, the lower H. This is the entropy of
the distribution; that of finitely many gaps scatters around a smaller value.
"""

import math
from collections.abc import Callable
from typing import Any

from homeostat.models.numbers import Number

__all__ = ["poisson_entropy"]


def poisson_entropy(
    rate: Number,
    bin_width: Number,
    *,
    exp: Callable[[Any], Number] = math.exp,
    log2: Callable[[Any], Number] = math.log2,
) -> Number:
    """Return H in bits of the binned gaps of a Poisson process.

    Args:
        rate: Arrivals per second, > 0.
        bin_width: Seconds, > 0.
        exp: Exponential in the number type that is wanted.
        log2: Logarithm in it.
    """
    u = exp(-rate * bin_width)
    p = 1 - u
    return u * log2(1 / u) / p + log2(1 / p)
