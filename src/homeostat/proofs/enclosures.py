"""Numbers of a case, and rational enclosures of logarithms and exponentials.

Standard library only, like all of the kernel. An enclosure is a pair of rationals with the number
between them; its ends are cut outwards, so it never loses the number. What IEEE double precision
does is a rounding of an exact rational to the nearest double.
"""

import re
from fractions import Fraction
from functools import lru_cache
from math import floor
from typing import Any, Final

from homeostat.proofs.polynomials import demand, rational

__all__ = ["Enclosure", "exp", "log2", "number", "over", "plus", "point", "rounded", "times"]

Enclosure = tuple[Fraction, Fraction]
"""(a, b) with a <= x <= b."""

NUMBER_MAX: Final = 10**15
CHARS_MAX: Final = 100
EXPONENT_MAX: Final = 1_000
BITS: Final = 160
TERMS: Final = 60
"""Of a series; what is left out is bounded by a geometric series, and added."""


def number(value: Any) -> Fraction:
    """Read p/q, or a double in hexadecimal as Python writes it: ``0x1.8000000000000p+1``."""
    demand(type(value) is str and len(value) <= CHARS_MAX, f"no number as text: {value!r:.40}")
    if re.fullmatch(r"-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,2}", value):
        double = float.fromhex(value)
        demand(double.hex() == value, f"not as a double is written: {value!r:.40}")
        return Fraction(double)
    found = rational(value)
    demand(abs(found) <= NUMBER_MAX, f"a number beyond {NUMBER_MAX}: {value!r:.40}")
    return found


def rounded(x: Fraction) -> Fraction:
    """Return the nearest double; Python divides integers to it correctly rounded."""
    return Fraction(x.numerator / x.denominator)


def point(x: Fraction | int) -> Enclosure:
    """Enclose a rational by itself."""
    return Fraction(x), Fraction(x)


def outward(low: Fraction, high: Fraction) -> Enclosure:
    """Cut an enclosure's ends to so many bits, outwards, so that fractions stay short."""
    if low == high and low.denominator.bit_length() <= BITS:
        return low, high
    scale = 1 << BITS
    return Fraction(floor(low * scale), scale), Fraction(-floor(-high * scale), scale)


def plus(x: Enclosure, y: Enclosure) -> Enclosure:
    """Enclose a sum."""
    return outward(x[0] + y[0], x[1] + y[1])


def times(x: Enclosure, y: Enclosure) -> Enclosure:
    """Enclose a product."""
    ends = [a * b for a in x for b in y]
    return outward(min(ends), max(ends))


def over(x: Enclosure, y: Enclosure) -> Enclosure:
    """Enclose a quotient by what is surely positive."""
    demand(y[0] > 0, "a divisor is not surely positive")
    return times(x, (1 / y[1], 1 / y[0]))


@lru_cache(maxsize=4096)
def _ln(y: Fraction) -> Enclosure:
    """Enclose ln y for 1 <= y <= 2, as 2 (z + z^3/3 + z^5/5 + ...) with z = (y-1)/(y+1) <= 1/3."""
    ratio = (y - 1) / (y + 1)
    z = outward(ratio, ratio)
    square, power, total = times(z, z), z, point(0)
    for i in range(TERMS):
        total = plus(total, (power[0] / (2 * i + 1), power[1] / (2 * i + 1)))
        power = times(power, square)
    # From here on each term is at most 1/9 of the one before.
    return 2 * total[0], 2 * (total[1] + power[1] * Fraction(9, 8))


@lru_cache(maxsize=4096)
def _log2(x: Fraction) -> Enclosure:
    demand(x > 0, "the logarithm of what is not positive")
    whole = x.numerator.bit_length() - x.denominator.bit_length()
    rest = x / Fraction(2) ** whole
    if rest < 1:
        whole, rest = whole - 1, rest * 2
    # Numerator and denominator with as many bits: the rest is between 1/2 and 2.
    return point(whole) if rest == 1 else plus(point(whole), over(_ln(rest), _ln(Fraction(2))))


def log2(x: Enclosure) -> Enclosure:
    """Enclose log2 x; exact for powers of two."""
    return _log2(x[0])[0], _log2(x[1])[1]


@lru_cache(maxsize=4096)
def _exp(x: Fraction) -> Enclosure:
    """Enclose exp(-x) for x >= 0, as the power of a smaller one: 1 - y + y^2/2 - ..., y <= 1/2."""
    demand(0 <= x <= EXPONENT_MAX, f"the exponent must be in 0 .. {EXPONENT_MAX}")
    halvings = (floor(2 * x)).bit_length()
    part = x / 2**halvings
    y = outward(-part, -part)
    term, total = point(1), point(1)
    for i in range(1, TERMS):
        term = over(times(term, y), point(i))
        total = plus(total, term)
    # The terms alternate and shrink, so what is left out is less than the last one.
    error = max(abs(term[0]), abs(term[1]))
    total = plus(total, (-error, error)) if x else total
    for _ in range(halvings):
        total = times((max(total[0], Fraction(0)), total[1]), total)
    return total


def exp(x: Enclosure) -> Enclosure:
    """Enclose the exponential of -x, for x >= 0."""
    return _exp(x[1])[0], _exp(x[0])[1]
