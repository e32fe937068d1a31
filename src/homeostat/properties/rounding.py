"""How far a float64 step may be from the exact one: by rounding, and no further.

Notation
    W_s: tokens of a unit at stage s; B: capacity in tokens; n: stages; u = 2^-53, the
    rounding unit of float64.
"""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

from homeostat.properties.targets import Step

__all__ = ["floats", "rounding_tokens_max", "step_differs_from_float64"]


def rounding_tokens_max(
    weights: Sequence[Fraction], capacity: Fraction, state: Sequence[Fraction]
) -> Fraction:
    """Return how many tokens rounding may move at each stage of one float64 step.

    A step takes n - 1 products, as many differences and one division. Each rounds by at
    most u times its value, and no value exceeds X = B + sum W_{s+1} |M_s|, in whatever
    order an implementation adds them up; the kept amounts are continuous in the rest, so
    a comparison that rounding flips moves no more than the rest itself. 3 n u X covers
    the three operations at each of n stages; 8 n u X leaves room for one that divides
    by weights first.
    """
    held = (w * abs(m) for w, m in zip(weights[1:], state[:-1], strict=True))
    return 8 * len(weights) * (capacity + sum(held, Fraction(0))) / 2**53


def step_differs_from_float64(
    weights: Sequence[float], capacity: float, state: Sequence[float], step: Step, exact: Step
) -> Mapping[str, object] | None:
    """Compare one float64 step with the exact step from the very same numbers."""
    exact_weights = tuple(map(Fraction, weights))
    exact_state = tuple(map(Fraction, state))
    expected = exact(exact_weights, Fraction(capacity), exact_state)
    allowed = rounding_tokens_max(exact_weights, Fraction(capacity), exact_state)
    got = step(weights, capacity, state)
    for s, (w, x, y) in enumerate(zip(exact_weights, got, expected, strict=True)):
        # Written so that NaN and infinities are refused too.
        if not (math.isfinite(x) and w * abs(Fraction(float(x)) - y) <= allowed):
            return {"stage": s, "got": x, "exact": y, "tokens_off_max": float(allowed)}
    return None


def floats(values: Sequence[Fraction]) -> tuple[float, ...]:
    """Return the nearest float64 of each value."""
    return tuple(float(x) for x in values)
