"""The discounted chance of a return: bounds, growth, and its closed form by the resolvent.

Sums over experts l are scans over any number of them: w = P_il, v = 1 at l = j and else h_l.
    g: discount per event; G = (I - g P)^-1: the resolvent; D = G_jj for the expert j waited for;
    h_i: from i, the discounted chance to come to j, E[g^T] for the first time T > 0.
"""

from typing import Any, Final

from homeostat.proofs.certificates import Certificate, farkas, scan, scan_theorem
from homeostat.proofs.claims import Claim, Source, false_scan
from homeostat.proofs.theory.experts.items import ALL_ROWS, everywhere, stages
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS"]

_NEUMANN: Final = (
    "for 0 <= g < 1 the sum of (g P)^t converges to G, which solves G = I + g P G and has G_jj >= 1"
)

_BETWEEN: Final = ("w >= 0", "v >= 0", "v <= 1")


def _bounded_theorem(*then: str) -> dict[str, Any]:
    return scan_theorem(
        ["counter"],
        given=["g >= 0", "g < 1"],
        carry={"z": ("0", "z + w"), "s": ("0", "s + w*v")},
        each=_BETWEEN,
        last=[*_BETWEEN, *ALL_ROWS],
        then_last=then,
    )


_BOUNDED: Final = everywhere("s >= 0", "s <= z")
_TWO: Final = {
    "parameters": {"g": "1/2"},
    "stages": stages({"w": "1/2", "v": "1"}, {"w": "1/2", "v": "0"}),
}


def _step_bounds() -> Certificate:
    """One more event: g sum w v stays between 0 and g."""
    hints = {f"{here} last 1": ["s + w*v <= 1"] for here in "012"}
    return scan(
        _bounded_theorem("g*s + g*w*v >= 0", "g*s + g*w*v <= g"),
        _BOUNDED,
        example=_TWO,
        hints=hints,
    )


def _step_grows() -> Certificate:
    """A larger discount f, and larger chances b_T, make a larger sum."""
    item = ("w >= 0", "a_T >= 0", "b_T >= a_T")
    theorem = scan_theorem(
        ["counter"],
        given=["g >= 0", "f >= g"],
        carry={"s": ("0", "s + w*a_T"), "t": ("0", "t + w*b_T")},
        each=item,
        last=item,
        then_last=["g*s + g*w*a_T <= f*t + f*w*b_T"],
    )
    example = {
        "parameters": {"g": "1/2", "f": "3/4"},
        "stages": stages(
            {"w": "1/2", "a_T": "0", "b_T": "1/4"}, {"w": "1/2", "a_T": "1", "b_T": "1"}
        ),
    }
    hints = {
        f"{here} last 0": [
            "t + w*b_T >= s + w*a_T",
            "s + w*a_T >= 0",
            "f*s + f*w*a_T >= g*s + g*w*a_T",
            "f*t + f*w*b_T >= f*s + f*w*a_T",
        ]
        for here in "012"
    }
    return scan(theorem, everywhere("s >= 0", "t >= s"), example=example, hints=hints)


def _step_contracts() -> Certificate:
    """Two tables that differ by v <= M at each l differ by g M or less one event later."""
    item = ("w >= 0", "v <= M", "0 - v <= M")
    theorem = scan_theorem(
        ["counter"],
        given=["g >= 0", "g < 1", "M >= 0"],
        carry={"z": ("0", "z + w"), "s": ("0", "s + w*v")},
        each=item,
        last=[*item, *ALL_ROWS],
        then_last=["g*s + g*w*v <= g*M", "0 - g*s - g*w*v <= g*M"],
    )
    hints = {f"{here} last 0": ["s + w*v <= M"] for here in "012"}
    hints |= {f"{here} last 1": ["0 - s - w*v <= M"] for here in "012"}
    example = {**_TWO, "parameters": {"g": "1/2", "M": "1"}}
    invariants = everywhere("s <= M*z", "0 - s <= M*z")
    return scan(theorem, invariants, example=example, hints=hints)


def _resolvent() -> list[Certificate]:
    """The ratios v = G_lj / D, b_T = G_lj, solve the equation of the first return."""
    theorem = scan_theorem(
        ["counter"],
        carry={"s": ("0", "s + w*v"), "y": ("0", "y + w*b_T")},
        each=["v*D = b_T"],
        last=["v*D = b_T"],
        then_last=["D*s + D*w*v = y + w*b_T"],
    )
    example = {
        "parameters": {"D": "3/2"},
        "stages": stages(
            {"w": "1/2", "v": "1", "b_T": "3/2"}, {"w": "1/2", "v": "1/3", "b_T": "1/2"}
        ),
    }
    # R = G_ij - [i = j] = g sum P G; h = R/D, S = sum P v.
    given = ["D > 0", "R = g*Y", "D*S = Y", "h*D = R"]
    point = {"D": "3/2", "Y": "1", "S": "2/3", "g": "1/2", "R": "1/2", "h": "1/3"}
    return [
        scan(theorem, everywhere("D*s = y"), example=example),
        farkas(given, "h = g*S", example=point, hints=["D*h = g*D*S"]),
        # The only solution: two of them differ by M = the largest difference at most g M.
        farkas(["M >= 0", "g < 1", "M <= g*M"], "M = 0", example={"M": "0", "g": "1/2"}),
    ]


def _decide_return() -> Proved:
    return Proved(certificates=(_step_bounds(), _step_grows(), _step_contracts(), *_resolvent()))


CLAIMS: Final = (
    Claim(
        id="experts.p_return",
        title="The discounted chance of a return has a closed form, lies in [0, 1] and grows with "
        "the discount",
        statement="h_i = E[g^T] over the first T > 0 at which the chain is at j, from i. Within t "
        "events: h^0 = 0, h^(t+1)_i = g (P_ij + sum over l other than j of P_il h^t_l). This stays "
        "in [0, g], grows with t and with g, and differs from its limit by g^t or less. The limit "
        "is G_ij/G_jj for i other than j and 1 - 1/G_jj for i = j.",
        scope="every finite chain, every 0 <= g < 1, every horizon",
        source=Source(note="002", section="4"),
        decide=_decide_return,
        canary=false_scan(
            "it is at most half of the discount",
            _bounded_theorem("2*g*s + 2*g*w*v <= g"),
            _BOUNDED,
            {
                "parameters": {"g": "1/2"},
                "stages": stages({"w": "1/2", "v": "1"}, {"w": "1/2", "v": "1"}),
            },
        ),
        vacuity="two experts that are drawn evenly, g = 1/2: G_jj is 3/2 and G_ij 1/2",
        remark="By induction over t: the certificates are the step. The differences of two "
        "tables shrink by g each event, so there is one limit, and what solves the equation "
        "is it.",
        trusts=("kernel", _NEUMANN, "induction over the horizon"),
        property_twin="p_return",
    ),
)
