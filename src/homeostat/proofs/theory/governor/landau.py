"""Landau's free energy: where its minima are, and how they move with the temperature.

Names in the certificates
    a, b > 0: coefficients; t: T - Tc; s: Tc - T; f: order parameter; m: a minimiser; x, y: two of
    them, at u and v below Tc; F = a t f^2 + b f^4.
"""

from typing import Final

from homeostat.proofs.certificates import Certificate, farkas
from homeostat.proofs.claims import Claim, Source, false_rows
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS"]

_SIGNS: Final = ("a > 0", "b > 0")
_ABOVE: Final = (*_SIGNS, "t >= 0")
_BELOW: Final = (*_SIGNS, "s > 0", "m > 0", "2*b*m*m = a*s")
_AT_A_MINIMUM: Final = {"a": "2", "b": "1", "s": "1", "m": "1"}
"""F(f) - F(m) = b (f^2 - m^2)^2 below Tc, as F(m) = -b m^4."""
_EXCESS: Final = "b*f*f*f*f - a*s*f*f + b*m*m*m*m"


def _above() -> list[Certificate]:
    """F > F(0) = 0 at every other f, on either side, and the slope is 0 at 0 alone."""
    point = {"a": "1", "b": "1", "t": "1"}
    sides = (("f > 0", "1"), ("f < 0", "-1"))
    found = [
        farkas(
            [*_ABOVE, side],
            "a*t*f*f + b*f*f*f*f > 0",
            example={**point, "f": f},
            hints=["f*f > 0", "b*f*f > 0", "b*f*f*f*f > 0", "t*f*f >= 0", "a*t*f*f >= 0"],
        )
        for side, f in sides
    ]
    return [
        *found,
        farkas(
            [*_ABOVE, "f > 0"],
            "2*a*t*f + 4*b*f*f*f > 0",
            example={**point, "f": "1"},
            hints=["f*f > 0", "b*f*f > 0", "b*f*f*f > 0", "t*f >= 0", "a*t*f >= 0"],
        ),
    ]


def _below() -> list[Certificate]:
    """F >= F(m) everywhere, with equality where f^2 = m^2 alone; the slope is 0 there and at 0."""
    here = {**_AT_A_MINIMUM, "f": "1"}
    square = "b*f*f*f*f - 2*b*m*m*f*f + b*m*m*m*m"
    return [
        farkas(
            _BELOW,
            f"{_EXCESS} >= 0",
            example=here,
            hints=[f"{_EXCESS} = {square}", "square f*f - m*m", f"{square} >= 0"],
        ),
        farkas(
            [*_BELOW, "f*f > m*m"],
            f"{_EXCESS} > 0",
            example={**here, "f": "2"},
            hints=[f"{_EXCESS} = {square}", f"{square} > 0"],
        ),
        farkas(
            [*_BELOW, "f*f < m*m"],
            f"{_EXCESS} > 0",
            example={**here, "f": "0"},
            hints=[f"{_EXCESS} = {square}", f"{square} > 0"],
        ),
        farkas(["m > 0", "f >= 0", "f*f = m*m"], "f = m", example={"m": "1", "f": "1"}),
        farkas(
            [*_BELOW, "f = m"],
            "4*b*f*f*f - 2*a*s*f = 0",
            example=here,
            hints=["2*b*f*f = a*s"],
        ),
        farkas(
            [*_BELOW, "f > 0", "4*b*f*f*f = 2*a*s*f"],
            "f*f = m*m",
            example=here,
            hints=["4*b*f*f*f = 4*b*m*m*f", "b*f > 0"],
        ),
    ]


def _bounded() -> list[Certificate]:
    """4 b F >= -(a t)^2 for b > 0; for b = -c < 0 there is an F below every -L."""
    falls = ["c > 0", "u >= 1", "c*u >= a*t + L + 1", "L >= 0"]
    return [
        farkas(
            ["b > 0"],
            "4*a*b*t*f*f + 4*b*b*f*f*f*f >= 0 - a*a*t*t",
            example={"a": "1", "b": "1", "t": "1", "f": "1"},
            hints=["square 2*b*f*f + a*t"],
        ),
        # u is f^2, so F = a t u - c u^2.
        farkas(
            falls,
            "a*t*u - c*u*u < 0 - L",
            example={"c": "1", "u": "3", "a": "1", "t": "1", "L": "1"},
            hints=["c*u*u >= a*t*u + L*u + u", "L*u >= L"],
        ),
    ]


def _decide_minima() -> Proved:
    return Proved(certificates=(*_above(), *_below(), *_bounded()))


_TWO: Final = (*_SIGNS, "x >= y", "y >= 0", "2*b*x*x = a*u", "2*b*y*y = a*v")


def _decide_continuous() -> Proved:
    """(x - y)^2 <= a (u - v)/(2 b); and x exceeds n u however large n is, for small u."""
    steep = ["a > 0", "b > 0", "u > 0", "x > 0", "n > 0", "2*b*x*x = a*u", "2*b*n*n*u < a"]
    return Proved(
        certificates=(
            farkas(
                _TWO,
                "2*b*x*x - 4*b*x*y + 2*b*y*y <= a*u - a*v",
                example={"a": "2", "b": "1", "x": "1", "y": "0", "u": "1", "v": "0"},
                hints=["x*y >= y*y", "b*x*y >= b*y*y"],
            ),
            farkas(
                steep,
                "x > n*u",
                example={"a": "2", "b": "1", "x": "1/4", "u": "1/16", "n": "2"},
                hints=["2*b*n*n*u*u < a*u", "2*b*x*x > 2*b*n*n*u*u", "x*x > n*n*u*u", "n*u > 0"],
            ),
            # How small: any u < a/(2 b n^2).
            farkas(
                ["a > 0", "b > 0", "n > 0", "4*b*n*n*u = a"],
                "2*b*n*n*u < a",
                example={"a": "4", "b": "1", "n": "1", "u": "1"},
            ),
        )
    )


_SCOPE: Final = "all real a, b > 0 and every temperature"

CLAIMS: Final = (
    Claim(
        id="governor.landau_minima",
        title="Landau's free energy has one minimum above Tc and two below",
        statement="F = a (T - Tc) f^2 + b f^4 has for T >= Tc its only minimum and its only flat "
        "point at f = 0; for T < Tc its minima are +-sqrt(a (Tc - T)/(2 b)), exactly, and 0 is the "
        "one other flat point. F >= -(a (T - Tc))^2/(4 b) everywhere. With b < 0 it has no bound.",
        scope=_SCOPE,
        source=Source(note="000", section="3"),
        decide=_decide_minima,
        canary=false_rows(
            "below Tc the minimum is still at 0",
            ["a = 2", "b = 1", "s = 1"],
            "b*f*f*f*f - a*s*f*f >= 0",
        ),
        vacuity="a = 2, b = 1, one degree below Tc: the minima are 1 and -1; and one above",
        remark="F is even, so what is shown for f >= 0 holds for -f.",
        property_twin="landau_minima",
    ),
    Claim(
        id="governor.landau_continuous",
        title="The minimiser is continuous in the temperature, its derivative is not",
        statement="Two temperatures have minimisers x, y >= 0 with (x - y)^2 <= a |T - T'|/(2 b). "
        "From below Tc the difference quotient exceeds every n as soon as Tc - T < a/(2 b n^2); "
        "from above it is 0.",
        scope=_SCOPE,
        source=Source(note="000", section="3"),
        decide=_decide_continuous,
        canary=false_rows(
            "the minimiser moves by at most the temperature's change",
            ["a = 2", "b = 1", "x >= 0", "u >= 0", "2*b*x*x = a*u"],
            "x <= u",
        ),
        vacuity="a = 2, b = 1: one degree below Tc the minimiser is 1, at Tc it is 0",
        remark="u and v are max(0, Tc - T), which changes by no more than T does. So the phases "
        "join without a jump (a transition of second order).",
        property_twin="landau_continuous",
    ),
)
