"""Damped responses come to a Nash equilibrium: an exact decrease, and a bound on all gaps.

Resources are a scan over any number of them, each with its own
    m_T, n_T: flow before and after; v = n_T - m_T; w: cost before; b_T: by how much its part of the
    potential changes.
For all of them
    g: damping; L: curvature, the largest slope of a cost; l: the level, that makes the flows after
    be the mass.
Phi is the potential, sum over resources of the integrals of their costs.
"""

from typing import Any, Final

from homeostat.proofs.certificates import Certificate, farkas, scan, scan_theorem
from homeostat.proofs.claims import Claim, Source, false_scan
from homeostat.proofs.theory.experts.items import everywhere, stages
from homeostat.proofs.theory.governor.slopes import FLOWS, hinted, secant
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS"]

_DAMPED: Final = ("L >= 0", "2*g > L")
_RESPONSE: Final = (
    "m_T >= 0",
    "n_T >= 0",
    "v = n_T - m_T",
    "w + g*v + l >= 0",
    "n_T*w + n_T*g*v + n_T*l = 0",
    "2*b_T <= 2*w*v + L*v*v",
)
"""What least c(x) y + g/2 |y - x|^2 means of a resource; and the parabola above the potential."""
_HALVES: Final = {
    "parameters": {"g": "1", "L": "1", "l": "-1/2"},
    "stages": stages(
        {"m_T": "3/4", "n_T": "1/2", "v": "-1/4", "w": "3/4", "b_T": "-5/32"},
        {"m_T": "1/4", "n_T": "1/2", "v": "1/4", "w": "1/4", "b_T": "3/32"},
    ),
}
"""Two resources of cost x, and a damping that is their slope: one response, and all is even."""


def _decrease_theorem(then: str) -> dict[str, Any]:
    return scan_theorem(
        ["counter"],
        given=_DAMPED,
        carry={"t": ("0", "t + v"), "s": ("0", "s + b_T"), "z": ("0", "z + v*v")},
        each=_RESPONSE,
        last=[*_RESPONSE, "t + v = 0"],
        then_last=[then],
    )


def _decrease() -> Certificate:
    """2 Phi(y) + (2g - L) |y - x|^2 <= 2 Phi(x)."""
    theorem = _decrease_theorem("2*s + 2*b_T + 2*g*z + 2*g*v*v - L*z - L*v*v <= 0")
    known = everywhere("2*s + 2*g*z - L*z + 2*l*t <= 0")
    # Where a resource is used afterwards its cost is at the level, else it only lost.
    facts = (
        "v*w + g*v*v + l*v = n_T*w + n_T*g*v + n_T*l - m_T*w - m_T*g*v - m_T*l",
        "m_T*w + m_T*g*v + m_T*l >= 0",
        "v*w + g*v*v + l*v <= 0",
    )
    return scan(theorem, known, example=_HALVES, hints=hinted(theorem, known, *facts))


def _parabola() -> list[Certificate]:
    """Potentials P that are polynomials: P(y) = P(x) + h P'(x) + h^2 r with 0 <= 2 r <= P''(m).

    By Horner's rule over the coefficients of P: s, t, a are P at x, y, m; z, b are P' at x, m; c is
    half of P'' at m.
    """
    theorem = scan_theorem(
        ["counter"],
        given=FLOWS,
        carry={
            "s": ("0", "s*x + w"),
            "z": ("0", "z*x + s"),
            "t": ("0", "t*y + w"),
            "r": ("0", "r*y + z"),
            "a": ("0", "a*m + w"),
            "b": ("0", "b*m + a"),
            "c": ("0", "c*m + b"),
        },
        each=["w >= 0"],
        last=["w >= 0"],
        then_last=[
            "t*y + w = s*x + w + y*z*x + y*s - x*z*x - x*s"
            " + y*y*r*y + y*y*z - 2*x*y*r*y - 2*x*y*z + x*x*r*y + x*x*z",
            "r*y + z >= 0",
            "r*y + z <= c*m + b",
        ],
    )
    known = everywhere(
        "t = s + y*z - x*z + y*y*r - 2*x*y*r + x*x*r",
        *("s >= 0", "z >= 0", "r >= 0", "s <= a", "z <= b", "r <= c"),
    )
    facts = ("s*x <= a*m", "z*x <= b*m", "r*y <= c*m", "s*x >= 0", "z*x >= 0", "r*y >= 0")
    square = {
        "parameters": {"x": "1/4", "y": "1/2", "m": "1"},
        "stages": stages({"w": "1/2"}, {"w": "0"}, {"w": "0"}),
    }
    return [
        scan(theorem, known, example=square, hints=hinted(theorem, known, *facts)),
        farkas(
            ["p = w*v + r*v*v", "2*r <= L"],
            "2*p <= 2*w*v + L*v*v",
            example={"p": "1", "w": "1", "v": "1", "r": "0", "L": "1"},
            hints=["square v"],
        ),
    ]


def _gap() -> list[Certificate]:
    """No gap is above 2 g max |v| after a response, so its square is not above 4 g^2 |v|^2.

    Of a resource that is used, with flow x after, moved by v and of mean slope q, against another,
    moved by u and of mean slope f; c and d are their costs before, M is max |v|.
    """
    rows = [*_DAMPED, "x > 0", "x*c + x*g*v + x*l = 0", "d + g*u + l >= 0"]
    rows += ["q >= 0", "q <= L", "f >= 0", "f <= L", "v <= M", "v + M >= 0", "u <= M", "u + M >= 0"]
    point = {"L": "1", "g": "1", "l": "-1/2", "q": "1", "f": "1", "M": "1/4"}
    point |= {"x": "1/2", "c": "3/4", "v": "-1/4", "d": "1/4", "u": "1/4"}
    return [
        farkas(
            rows,
            "c + q*v - d - f*u <= 2*g*M",
            example=point,
            hints=["c + g*v + l = 0", "M >= 0", "q*v - g*v <= g*M", "g*u - f*u <= g*M"],
        ),
        farkas(
            ["g > 0", "e >= 0", "e <= 2*g*M", "M >= 0", "M*M <= z"],
            "e*e <= 4*g*g*z",
            example={"g": "1", "e": "0", "M": "1/4", "z": "1/8"},
            hints=["e*e <= 2*g*M*e", "2*g*M*e <= 4*g*g*M*M"],
        ),
    ]


_STEP: Final = ("v >= 0", "2*v - 2*F + 2*g*a_T - L*a_T <= 0", "b_T <= 4*g*g*a_T")
"""Of a response: F, v: potential before and after; a_T: |y - x|^2; b_T: the gap's square."""


def _sum() -> Certificate:
    """(2g - L) times the sum of the squares of all gaps is at most 8 g^2 times the potential."""
    theorem = scan_theorem(
        ["counter"],
        given=[*_DAMPED, "P >= 0"],
        carry={"F": ("P", "v"), "s": ("0", "s + b_T")},
        each=_STEP,
        last=_STEP,
        then_last=["2*g*s + 2*g*b_T - L*s - L*b_T <= 8*g*g*P"],
    )
    known = everywhere("2*g*s - L*s <= 8*g*g*P - 8*g*g*F")
    facts = (
        "2*g*b_T - L*b_T <= 8*g*g*g*a_T - 4*g*g*L*a_T",
        "8*g*g*v - 8*g*g*F + 8*g*g*g*a_T - 4*g*g*L*a_T <= 0",
        "8*g*g*v >= 0",
    )
    example = {
        "parameters": {"g": "1", "L": "1", "P": "5/16"},
        "stages": stages(
            {"v": "1/4", "a_T": "1/8", "b_T": "0"}, {"v": "1/4", "a_T": "0", "b_T": "0"}
        ),
    }
    return scan(theorem, known, example=example, hints=hinted(theorem, known, *facts))


def _decide() -> Proved:
    moved = {"g": "1", "L": "1", "z": "1/8", "p": "-1/16"}
    strict = ["2*g > L", "z > 0", "2*p + 2*g*z - L*z <= 0"]
    return Proved(
        certificates=(
            _decrease(),
            farkas(strict, "p < 0", example=moved),
            *_parabola(),
            secant(),
            *_gap(),
            _sum(),
        )
    )


CLAIMS: Final = (
    Claim(
        id="governor.nash_convergence.damped",
        title="With a damping above half the curvature, responses come to a Nash equilibrium",
        statement="Each damped response takes the potential down by (g - L/2) |y - x|^2 or more, "
        "so strictly unless nothing moves. After it nobody saves more than 2 g max |y_r - x_r| by "
        "moving. So with g > L/2 the squares of the Nash gaps after all responses together are at "
        "most 8 g^2 Phi(x_0)/(2g - L), and the gap goes to 0.",
        scope="any number of resources and steps, every start; costs >= 0 with slopes in 0 .. L, "
        "polynomials without negative coefficients among them",
        source=Source(note="000", section="5"),
        decide=_decide,
        canary=false_scan(
            "the potential falls by g |y - x|^2, whatever the curvature",
            _decrease_theorem("2*s + 2*b_T + 2*g*z + 2*g*v*v <= 0"),
            everywhere("2*s + 2*g*z + 2*l*t <= 0"),
            _HALVES,
        ),
        vacuity="two resources of cost x, with 3/4 and 1/4 of the flow, at g = L = 1",
        remark="A response is the flow y with least c(x) y + g/2 |y - x|^2; the certificates "
        "assume the conditions of that minimum, and the models' response is tested to meet them "
        "exactly. After one of the first t responses the gap is at most a constant over the root "
        "of t. Which equilibrium is come to is not said.",
        trusts=(
            "kernel",
            "the cost is the derivative of its part of the potential, and its slope the second",
            "Taylor's theorem, for costs that are no polynomials",
            "a series of squares with a finite sum goes to 0",
        ),
        property_twin="damped_response",
    ),
)
