"""Dual numbers a + b e with e e = 0: arithmetic on them carries the slope along, exactly.

f(a + b e) = f(a) + b f'(a) e for every f that is put together from sums, products, quotients and
powers. Nothing is a small difference, so over fractions the slope is the derivative itself
(``proofs.theory.governor.slopes``), and over floats it is as exact as the value.

The value and the slope may be of any number type, duals too: of these the slope's slope is the
second derivative. Only what divides must be a field: integers are read as fractions.

Source: Clifford, Preliminary sketch of biquaternions, Proc. London Math. Soc. 4, 1873; Wengert, A
simple automatic derivative evaluation program, Comm. ACM 7(8), 1964.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import final

from homeostat.errors import InvalidInputError
from homeostat.models.numbers import Number, where

__all__ = ["Dual", "lifted", "slope_at"]


def _field(x: Number) -> Number:
    """Return an integer as a fraction, so that a division stays exact; all else as it is."""
    return Fraction(x) if isinstance(x, int) else x


@final
@dataclass(frozen=True, slots=True, eq=False)
class Dual:
    """A value and its slope. Comparisons look at the values alone, as a choice does.

    Attributes:
        value: a.
        slope: b.
    """

    value: Number
    slope: Number

    @classmethod
    def of(cls, x: Number) -> "Dual":
        """Return a constant, whose slope is 0, and a dual number as it is."""
        return x if isinstance(x, Dual) else cls(_field(x), _field(0))

    def __add__(self, other: Number) -> "Dual":
        """Return a sum: slopes add up."""
        other = Dual.of(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __neg__(self) -> "Dual":
        """Return the negative."""
        return Dual(-self.value, -self.slope)

    def __sub__(self, other: Number) -> "Dual":
        """Return a difference."""
        other = Dual.of(other)
        return Dual(self.value - other.value, self.slope - other.slope)

    def __rsub__(self, other: Number) -> "Dual":
        """Return what is left of a number."""
        return Dual.of(other) - self

    def __mul__(self, other: Number) -> "Dual":
        """Return a product, by Leibniz' rule."""
        other = Dual.of(other)
        return Dual(self.value * other.value, self.slope * other.value + self.value * other.slope)

    def __truediv__(self, other: Number) -> "Dual":
        """Return a quotient q = a/b: its slope is (a' - q b')/b."""
        other = Dual.of(other)
        below = _field(other.value)
        quotient = self.value / below
        return Dual(quotient, (self.slope - quotient * other.slope) / below)

    def __rtruediv__(self, other: Number) -> "Dual":
        """Return a number's quotient."""
        return Dual.of(other) / self

    def __pow__(self, exponent: int) -> "Dual":
        """Return a power.

        Raises:
            InvalidInputError: The exponent is no integer: then the slope needs a logarithm.
        """
        if not isinstance(exponent, int):
            raise InvalidInputError(f"exponent={exponent!r} of a dual number must be an integer")
        if exponent == 0:
            return Dual(self.value**0, 0 * self.slope)
        if exponent < 0:
            return 1 / self**-exponent
        power = self.value ** (exponent - 1)
        return Dual(power * self.value, exponent * power * self.slope)

    __radd__ = __add__
    __rmul__ = __mul__

    def __lt__(self, other: Number) -> Number:
        """Compare values."""
        return self.value < Dual.of(other).value

    def __le__(self, other: Number) -> Number:
        """Compare values."""
        return self.value <= Dual.of(other).value

    def __gt__(self, other: Number) -> Number:
        """Compare values."""
        return self.value > Dual.of(other).value

    def __ge__(self, other: Number) -> Number:
        """Compare values."""
        return self.value >= Dual.of(other).value

    def choose(self, condition: Number, then: Number, otherwise: Number) -> "Dual":
        """Choose value and slope alike; ``models.numbers.where`` comes here with duals."""
        yes, no = Dual.of(then), Dual.of(otherwise)
        return Dual(where(condition, yes.value, no.value), where(condition, yes.slope, no.slope))


def lifted(
    function: Callable[[Number], Number], derivative: Callable[[Number], Number]
) -> Callable[[Number], Dual]:
    """Return a function on dual numbers, by the chain rule.

    Args:
        function: Such as ``math.exp`` or ``sympy.log``, of the values' type.
        derivative: Its derivative.
    """

    def on_duals(x: Number) -> Dual:
        x = Dual.of(x)
        return Dual(function(x.value), derivative(x.value) * x.slope)

    return on_duals


def slope_at(function: Callable[[Number], Number], at: Number) -> Number:
    """Return f'(x), exactly; of a function with corners the slope of the branch that is taken.

    Args:
        function: Of one number of any type, so of a dual one too.
        at: x.
    """
    return Dual.of(function(Dual(_field(at), _field(1)))).slope
