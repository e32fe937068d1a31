"""Damping from exact slopes: what dual numbers give of a cost, and that it is enough.

A cost is a polynomial without negative coefficients, read by Horner's rule as it is computed: a
scan over its coefficients w, the highest first, and the constant last.
    x, y: two flows on a resource, in 0 .. m, the mass; h = y - x.
    s, t, a: the cost at x, y, m; z, b: its slope at x, at m, by the rules of dual numbers.
"""

from typing import Any, Final

from homeostat.proofs.certificates import Certificate, farkas, scan, scan_theorem
from homeostat.proofs.claims import Claim, Source, false_scan
from homeostat.proofs.kernel import obligations
from homeostat.proofs.theory.experts.items import everywhere, stages
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS", "FLOWS", "hinted", "secant"]

FLOWS: Final = ("x >= 0", "x <= m", "y >= 0", "y <= m")
_LINEAR: Final = {
    "parameters": {"x": "1/4", "y": "1/2", "m": "1"},
    "stages": stages({"w": "1"}, {"w": "1/2"}),
}
_SLOPE: Final = scan_theorem(
    ["counter"],
    carry={
        "s": ("0", "s*x + w"),
        "z": ("0", "z*x + s"),
        "t": ("0", "t*x + t*h + w"),
        "r": ("0", "r*x + r*h + z"),
    },
    then_last=[
        "t*x + t*h + w = s*x + w + h*z*x + h*s + h*h*r*x + h*h*r*h + h*h*z",
    ],
    field=True,
)


def _secant_theorem(*then: str) -> dict[str, Any]:
    """State of r, the mean slope between x and y: that of Horner's rule is r*y + s."""
    return scan_theorem(
        ["counter"],
        given=FLOWS,
        carry={
            "s": ("0", "s*x + w"),
            "t": ("0", "t*y + w"),
            "r": ("0", "r*y + s"),
            "a": ("0", "a*m + w"),
            "b": ("0", "b*m + a"),
        },
        each=["w >= 0"],
        last=["w >= 0"],
        then_last=then,
    )


_MEAN: Final = "t*y + w = s*x + w + y*r*y + y*s - x*r*y - x*s"


def hinted(
    theorem: dict[str, Any], invariants: dict[str, list[str]], *facts: str
) -> dict[str, list[str]]:
    """Return the same facts for every obligation but the start's and the equations'."""
    return {
        label: [] if goal[1] == "=" else list(facts)
        for label, _, goal in obligations(theorem, invariants)
        if not label.startswith("start")
    }


def secant() -> Certificate:
    """Prove that a cost's mean slope between two flows is >= 0 and at most that at the mass."""
    theorem = _secant_theorem(_MEAN, "r*y + s >= 0", "r*y + s <= b*m + a")
    known = everywhere("t = s + y*r - x*r", "s >= 0", "r >= 0", "s <= a", "r <= b")
    facts = ("s*x <= a*m", "r*y <= b*m", "s*x >= 0", "r*y >= 0")
    return scan(theorem, known, example=_LINEAR, hints=hinted(theorem, known, *facts))


def _decide() -> Proved:
    cubic = {
        "parameters": {"x": "1/2", "h": "1/3"},
        "stages": stages({"w": "2"}, {"w": "-1"}, {"w": "3"}),
    }
    return Proved(
        certificates=(
            scan(_SLOPE, everywhere("t = s + h*z + h*h*r"), example=cubic),
            secant(),
            # g is the largest slope at the mass, L >= 0, or more, and positive.
            farkas(["L >= 0", "g >= L", "g > 0"], "2*g > L", example={"L": "1", "g": "1"}),
        )
    )


CLAIMS: Final = (
    Claim(
        id="governor.nash_convergence.slope",
        title="The damping that dual numbers give is enough",
        statement="By dual numbers, Horner's rule gives c(x) and its exact slope: c(x + h) is c(x) "
        "+ h c'(x) and a multiple of h^2. The mean slope of a cost without negative coefficients "
        "between two flows up to the mass m is in 0 .. c'(m). So a damping g > 0 of at least every "
        "c'(m) is above L/2, half the largest slope anywhere.",
        scope="polynomials of every degree; exact slopes in any field, bounds for coefficients and "
        "flows >= 0; any number of resources",
        source=Source(note="000", section="5"),
        decide=_decide,
        canary=false_scan(
            "half of the slope at the mass is enough for the mean slope",
            _secant_theorem("2*r*y + 2*s <= b*m + a"),
            everywhere("2*r <= b"),
            _LINEAR,
        ),
        vacuity="a quadratic with a negative coefficient; the cost x + 1/2",
        remark="For any other cost the same holds with the largest slope in the place of c'(m). "
        "Of expressions with quotients and powers the slopes by dual numbers are tested to be "
        "those of symbolic differentiation.",
        trusts=("kernel", "a slope is the factor of h in c(x + h)"),
        property_twin="exact_slopes",
    ),
)
