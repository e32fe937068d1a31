"""The free energy F = a (T - Tc) f^2 + b f^4, its minimiser and how fast it is approached.

Main statements (``proofs.theory.governor.landau``, tried by the suite ``governor``)
    landau_minima: the minimisers are 0 above Tc and +-sqrt(a (Tc - T) / (2 b)) below.
    landau_continuous: the minimiser is continuous in T, its derivative is not, at Tc.
    critical_slowing: near its minimiser f falls back at the rate 2 a (T - Tc) above Tc and
        4 a (Tc - T) below.

Notation
    f: order parameter; T: temperature, Tc: critical one; a, b > 0; all without units.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from homeostat.errors import InvalidModelError
from homeostat.models.numbers import Number, maximum

__all__ = [
    "Landau",
    "free_energy",
    "minimiser",
    "minimiser_squared",
    "relax",
    "relaxation_rate",
    "slope",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Landau:
    """The coefficients of a free energy.

    Attributes:
        a: How much a unit of temperature bends it at f = 0, > 0.
        b: What keeps it bounded below, > 0.
        critical: Tc.
    """

    a: Number
    b: Number
    critical: Number

    @classmethod
    def of(cls, *, a: Number, b: Number, critical: Number) -> "Landau":
        """Return checked coefficients.

        Raises:
            InvalidModelError: a or b is not positive.
        """
        for name, value in (("a", a), ("b", b)):
            if not value > 0:
                raise InvalidModelError(f"{name}={value!r} must be > 0")
        return cls(a=a, b=b, critical=critical)


def free_energy(model: Landau, order: Number, temperature: Number) -> Number:
    """Return F = a (T - Tc) f^2 + b f^4."""
    square = order * order
    return model.a * (temperature - model.critical) * square + model.b * square * square


def slope(model: Landau, order: Number, temperature: Number) -> Number:
    """Return dF/df = 2 a (T - Tc) f + 4 b f^3."""
    linear = 2 * model.a * (temperature - model.critical) * order
    return linear + 4 * model.b * order * order * order


def minimiser_squared(model: Landau, temperature: Number) -> Number:
    """Return the square of the minimisers, max(0, a (Tc - T)) / (2 b): exact over fractions."""
    below = model.a * (model.critical - temperature)
    return maximum(below, below - below) / (2 * model.b)


def minimiser(
    model: Landau, temperature: Number, *, sqrt: Callable[[Any], Number] = math.sqrt
) -> Number:
    """Return the minimiser that is >= 0; its negative is the other one.

    Args:
        model: The coefficients.
        temperature: T.
        sqrt: Root in the number type that is wanted.
    """
    return sqrt(minimiser_squared(model, temperature))


def relaxation_rate(model: Landau, temperature: Number) -> Number:
    """Return d2F/df2 at a minimiser, >= 0 and 0 at Tc alone.

    It is max(2 a (T - Tc), 4 a (Tc - T)), the rate of df/dt = -dF/df near a minimiser.
    """
    above = 2 * model.a * (temperature - model.critical)
    return maximum(above, -2 * above)


def relax(model: Landau, order: Number, temperature: Number, dt: Number) -> Number:
    """Return f after one explicit step of df/dt = -dF/df."""
    return order - dt * slope(model, order, temperature)
