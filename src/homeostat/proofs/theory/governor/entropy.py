"""The entropy of a law over n states.

Of logarithms the certificates use ln x <= x - 1 at one point each. Names in them
    w: a chance p; v: its term p ln(1/p), 0 at p = 0; z, s: sums of the chances and terms so far;
    n: number of states; M: ln n; k: Boltzmann's constant; S: the entropy.
"""

from typing import Any, Final

from homeostat.proofs.certificates import Certificate, farkas, scan, scan_theorem
from homeostat.proofs.claims import Claim, Source, false_scan
from homeostat.proofs.theory.experts.items import ALL_ROWS, everywhere, stages
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS"]

# ln p <= p - 1, times -p; and ln(1/(n p)) <= 1/(n p) - 1, times n p. Both hold at p = v = 0 too.
_TERM: Final = ("w >= 0", "w <= 1", "v >= w - w*w", "n*v <= n*w*M + 1 - n*w")
_LAST: Final = (*_TERM, *ALL_ROWS, "e_C + 1 = n")


def _theorem(*then: str) -> dict[str, Any]:
    return scan_theorem(
        ["counter"],
        given=["n > 0", "M >= 0"],
        carry={"z": ("0", "z + w"), "s": ("0", "s + v")},
        each=_TERM,
        last=_LAST,
        then_last=then,
    )


_SUMS: Final = everywhere("s >= 0", "n*s <= n*M*z + e_C - n*z")
# No fraction is ln 2; 7/10 obeys the rows that are assumed of it.
_EVEN: Final[dict[str, Any]] = {
    "parameters": {"n": "2", "M": "7/10"},
    "stages": stages(*[{"w": "1/2", "v": "7/20"}] * 2),
}


def _sums() -> Certificate:
    square = ["w*w <= w", "v >= 0"]
    hints = {f"{here} shared {there} 0": square for here in "012" for there in "12"}
    hints |= {f"{here} last 0": square for here in "012"}
    hints |= {
        f"{here} last 1": [
            "n*M*z + n*M*w = n*M",
            "n*z + n*w = n",
            "n*s + n*v <= n*M",
        ]
        for here in "012"
    }
    return scan(_theorem("s + v >= 0", "s + v <= M"), _SUMS, example=_EVEN, hints=hints)


def _decide() -> Proved:
    given = ["k >= 0", "y >= 0", "y <= M", "S = k*y"]
    point = {"k": "1", "y": "1/2", "M": "7/10", "S": "1/2"}
    even = ["n*w = 1", "n*u = M", "S = k*n*u", "n > 0"]
    return Proved(
        certificates=(
            _sums(),
            farkas(given, "S >= 0", example=point),
            farkas(given, "S <= k*M", example=point),
            # All as likely: each term u is M/n, and the upper bound is reached.
            farkas(
                even,
                "S = k*M",
                example={"n": "2", "w": "1/2", "u": "7/20", "M": "7/10", "k": "1", "S": "7/10"},
            ),
        )
    )


CLAIMS: Final = (
    Claim(
        id="governor.entropy_gibbs",
        title="The entropy of a law over n states is between 0 and k ln n",
        statement="For chances p >= 0 of n states that add up to 1, S = -k sum p ln p is in "
        "[0, k ln n]: k ln n where all are as likely.",
        scope="every n >= 1, every law and every k >= 0; a chance of 0 has the term 0",
        source=Source(note="000", section="4"),
        decide=_decide,
        canary=false_scan(
            "the entropy is at most half of ln n",
            _theorem("2*s + 2*v <= M"),
            _SUMS,
            _EVEN,
        ),
        vacuity="two states that are as likely; of the logarithm 7/10 stands for ln 2, which obeys "
        "the rows that are assumed",
        trusts=("kernel", "ln x <= x - 1 for x > 0, and ln(x y) = ln x + ln y"),
        property_twin="entropy_gibbs",
    ),
)
