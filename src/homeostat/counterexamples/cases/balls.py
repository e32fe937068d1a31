"""Numbers known to within a ball, so that logarithms and exponentials can be compared safely.

A ball is Arb's (python-flint): arithmetic rounds outwards. The models' texts run on it as they do
on fractions. A comparison of balls that overlap decides nothing, and says so.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, TypeAlias

from homeostat.errors import WitnessRejectedError

__all__ = ["BITS", "Ball", "Figure", "UndecidedError", "decided", "exp", "log2", "text_of"]

BITS: Final = 256
_DECIMALS: Final = 15


class UndecidedError(WitnessRejectedError):
    """Balls overlap, or do not tell the decimals: nothing follows either way."""


@dataclass(frozen=True, slots=True, eq=False)
class Ball:
    """An ``arb`` that also meets fractions; every operation has the precision of ``BITS``."""

    arb: Any

    @classmethod
    def of(cls, value: "Figure | int") -> "Ball":
        """Return a rational number as a ball, and a ball as it is."""
        import flint

        if isinstance(value, Ball):
            return value
        exact = Fraction(value)
        with flint.ctx.workprec(BITS):
            return cls(flint.arb(flint.fmpq(exact.numerator, exact.denominator)))

    def __add__(self, other: "Figure | int") -> "Ball":
        """Return a sum."""
        return _ball(operator.add, self, other)

    def __mul__(self, other: "Figure | int") -> "Ball":
        """Return a product."""
        return _ball(operator.mul, self, other)

    def __rsub__(self, other: "Figure | int") -> "Ball":
        """Return what is left of a number."""
        return _ball(operator.sub, other, self)

    def __truediv__(self, other: "Figure | int") -> "Ball":
        """Return a quotient."""
        return _ball(operator.truediv, self, other)

    def __rtruediv__(self, other: "Figure | int") -> "Ball":
        """Return a number's quotient."""
        return _ball(operator.truediv, other, self)

    def __neg__(self) -> "Ball":
        """Return the negative."""
        # Arb rounds even here.
        return _ball(operator.neg, self)

    __radd__ = __add__
    __rmul__ = __mul__


def _ball(compute: Callable[..., Any], *values: "Figure | int") -> Ball:
    """Compute at our precision, whatever the caller's context says."""
    import flint

    with flint.ctx.workprec(BITS):
        return Ball(compute(*(Ball.of(value).arb for value in values)))


Figure: TypeAlias = Fraction | Ball
"""A number: exact, or within a ball."""


def log2(value: Figure) -> Figure:
    """Return the logarithm to base 2 of a positive number; exact for a power of two."""
    import flint

    if isinstance(value, Fraction):
        whole = value.numerator.bit_length() - value.denominator.bit_length()
        if value == Fraction(2) ** whole:
            return Fraction(whole)
    return _ball(lambda x: x.log() / flint.arb.const_log2(), value)


def exp(value: Figure) -> Ball:
    """Return the exponential of a number."""
    return _ball(lambda x: x.exp(), value)


_NEGATED: Final[Mapping[str, str]] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!="}
_HOLDS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


def decided(left: Figure, relation: str, right: Figure) -> bool:
    """Decide a comparison.

    Raises:
        UndecidedError: The balls overlap, so it is open.
    """
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return bool(_HOLDS[relation](left, right))
    a, b = Ball.of(left).arb, Ball.of(right).arb
    opposite = {**_NEGATED, "!=": "=="}[relation]
    # Arb says yes only where it holds for all numbers of both balls.
    if _HOLDS[relation](a, b):
        return True
    if _HOLDS[opposite](a, b):
        return False
    raise UndecidedError(f"{text_of(left)} {relation} {text_of(right)} is not decided")


def text_of(value: Figure) -> str:
    """Return a figure as text: exact, or rounded to fifteen decimals after a ``~``.

    Raises:
        UndecidedError: The ball does not tell the decimals.
    """
    if isinstance(value, Fraction):
        return str(value)
    whole = _ball(lambda x: x.floor(), value * 10**_DECIMALS + Fraction(1, 2))
    found = whole.arb.unique_fmpz()
    if found is None:
        raise UndecidedError(f"{value.arb} must be known to {_DECIMALS} decimals")
    sign, digits = "-" if found < 0 else "", str(abs(int(found))).rjust(_DECIMALS + 1, "0")
    return f"~{sign}{digits[:-_DECIMALS]}.{digits[-_DECIMALS:]}"
