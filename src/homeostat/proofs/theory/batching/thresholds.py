"""For which prompt lengths Theory is stable: a threshold in l0, or none.

For all real l0 > -1, where every weight is positive. Coprime stage counts have a threshold l0*:
stable above it, not stable up to it. Counts with a common factor are stable for no l0.
"""

from fractions import Fraction
from itertools import product
from math import gcd
from typing import Any, Final

from homeostat.proofs.certificates import Certificate, scan, scan_theorem, threshold
from homeostat.proofs.claims import Claim, rejected_certificate
from homeostat.proofs.engines.thresholds import Found, never_stable, stable_above
from homeostat.proofs.theory.batching.common import section
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS", "family"]

_L_B_MAX: Final = 12
_SHARES: Final = tuple(Fraction(k, 10) for k in range(1, 10))
_FAMILY: Final = f"l_B <= {_L_B_MAX}, q = 1/10, 2/10, ..., 9/10"


def family(*, coprime: bool) -> list[tuple[int, int, Fraction]]:
    """Return the points (l_A, l_B, q) of the claims, with gcd(l_A, l_B) = 1 or without."""
    counts = ((l_a, l_b) for l_b in range(2, _L_B_MAX + 1) for l_a in range(1, l_b))
    chosen = [pair for pair in counts if (gcd(*pair) == 1) is coprime]
    return [(*pair, q) for pair, q in product(chosen, _SHARES)]


def _decide_threshold() -> Proved:
    found = [stable_above(*point) for point in family(coprime=True)]
    return Proved(certificates=(threshold("stable above", found),))


def _decide_unstable() -> Proved:
    found = [never_stable(*point) for point in family(coprime=False)]
    return Proved(certificates=(threshold("never stable", found), _even_counts()))


# Even l_A and l_B: W_s is smaller than W_(s+1) for every even s, as both serve the same types. From
# the top, c = (-1)^s is the sign of stage s and h the sum of (-1)^s W_s over the stages above.
def _even_counts() -> Certificate:
    theorem = scan_theorem(
        ["counter"],
        carry={"c": ("-1", "-c"), "last": ("0", "w"), "h": ("0", "h + c*w")},
        each=["w > 0", "last + c*last - w - c*w >= 0"],
        last=["c = 1", "w > 0", "w < last"],
        ends=["1", "2"],
        then_last=["h + w < 0"],
    )
    before = ["2*h + last + c*last <= 0", "c*c = 1"]
    example = {
        "parameters": {},
        "stages": [["shared", {"w": w}] for w in ("5/2", "2", "3", "2")],
    }
    return scan(theorem, {"0": before, "1": before, "2": before}, example=example)


def _one_hundredth_lower() -> object:
    (l_a, l_b, q, *ends, integer), cuts = stable_above(1, 3, Fraction(1, 2))
    low, high = (str(Fraction(x) - Fraction(1, 100)) for x in ends)
    point: list[Any] = [l_a, l_b, q, low, high, integer]
    return threshold("stable above", [(point, cuts)])


def _coprime_never() -> object:
    found: Found = never_stable(1, 3, Fraction(1, 2))
    return threshold("never stable", [found])


CLAIMS = (
    Claim(
        id="batching.coprime_stable_threshold",
        title="Long enough prompts make coprime systems stable, from a sharp threshold on",
        statement="For coprime (l_A, l_B) and q there is a real l0* such that, for real l0 > -1, "
        "Theory is stable if and only if l0 > l0*. Each l0* is enclosed to eight decimals, "
        "and the smallest integer >= 1 above it is given.",
        scope=f"{_FAMILY} ({len(family(coprime=True))} points), all real l0 > -1",
        source=section("4.3"),
        decide=_decide_threshold,
        canary=rejected_certificate(
            _one_hundredth_lower, "(l_A, l_B, q) = (1, 3, 1/2) is stable from l0* - 1/100 on"
        ),
        vacuity="Jury's table: each system is stable at the upper end of its interval, and not "
        "stable at the lower end",
        remark="The stable l0 form an open set, and at l0* itself two roots have product 1: so no "
        "smallest stable l0 exists, and l0* is the infimum. l0* is the largest zero > -1 of a "
        "polynomial in l0 of degree < l_B, a determinant that is zero wherever a root is on "
        "the circle.",
    ),
    Claim(
        id="batching.common_factor_unstable",
        title="A common factor of the stage counts is never stable",
        statement="gcd(l_A, l_B) > 1 implies that Theory is not stable, for every real l0 > -1 "
        "(the claim asks for l0 >= 1).",
        scope=f"{_FAMILY} ({len(family(coprime=False))} points), all real l0 > -1; where "
        "l_A and l_B are even, every l_B and every q > 0",
        source=section("4.3"),
        decide=_decide_unstable,
        canary=rejected_certificate(
            _coprime_never, "(l_A, l_B, q) = (1, 3, 1/2) is stable for no l0"
        ),
        vacuity="Jury's table finds each system not stable at a point of every piece; the weights "
        "2, 3, 2, 5/2 of l0 = 1, l_A = 2, l_B = 4, q = 1/2 for even counts",
        remark="Even l_A and l_B: the sum of (-1)^s W_s is negative. So the stage polynomial, of "
        "odd degree n - 1 with W_0 > 0, is positive at z = -1 and has a root below -1.",
    ),
)
