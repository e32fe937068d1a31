"""What holds of the entropy of gaps, whatever the arrivals, and of Jain's index.

Of logarithms the certificates use, as given rows, ln x <= x - 1 at one point each, and of sums
that ln(x y) = ln x + ln y. Names in them
    k: gaps; m: occupied bins; w: gaps c of a bin; v: ln(k/c); M: ln m; l: ln 2; H: bits.
"""

from typing import Any, Final

from homeostat.models.entropy import GAPS_DEFAULT
from homeostat.proofs.certificates import Certificate, farkas, scan, scan_theorem, shapes
from homeostat.proofs.claims import Claim, Source, false_rows, false_scan
from homeostat.proofs.theory.entropy.steered import STEERED
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS"]

_LOGARITHM: Final = "ln x <= x - 1 for x > 0, and ln(x y) = ln x + ln y"

# ln(c/k) <= c/k - 1, times k, and ln(k/(m c)) <= k/(m c) - 1, times m c.
_BIN: Final = ("w > 0", "w <= k", "k*v >= k - w", "m*w*v <= m*w*M + k - m*w")
_ALL_BINS: Final = ("e_C + 1 = m", "z + w = k")
_TOTALS: Final = {"z": ("0", "z + w"), "s": ("0", "s + w*v")}


def _sum_theorem(*then: str) -> dict[str, Any]:
    """The sum s of c ln(k/c) over all bins, which is k ln 2 times the entropy."""
    return scan_theorem(
        ["counter"],
        given=["k > 0", "m > 0"],
        carry=_TOTALS,
        each=_BIN,
        last=[*_BIN, *_ALL_BINS],
        then_last=then,
    )


_SUMS: Final = {here: ["s >= 0", "m*s <= m*M*z + e_C*k - m*z"] for here in "012"}
# No fraction is ln 2; 7/10 obeys the rows that are assumed of it.
_HALVES: Final[dict[str, Any]] = {
    "parameters": {"k": "2", "m": "2", "M": "7/10"},
    "stages": [["shared", {"w": "1", "v": "7/10"}]] * 2,
}


def _sum_certificate() -> Certificate:
    hints = {
        f"{here} last 1": [
            "m*M*z + m*M*w = m*M*k",
            "e_C*k + k = m*k",
            "m*z + m*w = m*k",
            "m*s + m*w*v <= m*M*k",
        ]
        for here in "012"
    }
    hints |= {f"{here} last 0": ["k*w*v >= 0"] for here in "012"}
    theorem = _sum_theorem("s + w*v >= 0", "s + w*v <= k*M")
    return scan(theorem, _SUMS, example=_HALVES, hints=hints)


def _bin_count_certificate() -> Certificate:
    """No more occupied bins than gaps."""
    theorem = scan_theorem(
        ["counter"],
        carry={"z": ("0", "z + w")},
        each=["w >= 1"],
        last=["w >= 1", *_ALL_BINS],
        then_last=["m <= k"],
    )
    example = {
        "parameters": {"m": "2", "k": "3"},
        "stages": [["shared", {"w": "1"}], ["shared", {"w": "2"}]],
    }
    return scan(theorem, {here: ["e_C <= z"] for here in "012"}, example=example)


def _bits_certificates() -> list[Certificate]:
    """From sums to bits: H = s/(k ln 2), log2 m = ln m/ln 2; and log2 grows."""
    given = ["S >= 0", "S <= k*M", "S = k*l*H", "M = l*G", "k > 0", "l > 0"]
    point = {"S": "1", "k": "2", "l": "2/3", "H": "3/4", "M": "2/3", "G": "1"}
    # ln(m/n) <= m/n - 1, times n; L is the logarithm.
    grows = ["n >= m", "m > 0", "n*L_m <= n*L_n + m - n"]
    return [
        farkas(given, "H >= 0", example=point, hints=["k*l > 0"]),
        farkas(given, "H <= G", example=point, hints=["k*l > 0", "k*l*H <= k*l*G"]),
        farkas(grows, "L_m <= L_n", example={"n": "2", "m": "1", "L_m": "0", "L_n": "2/3"}),
    ]


def _decide_bounds() -> Proved:
    return Proved(
        certificates=(
            _sum_certificate(),
            _bin_count_certificate(),
            *_bits_certificates(),
            shapes(GAPS_DEFAULT),
        )
    )


# Arrivals at t0, t0 + p, t0 + 2 p, ...: v is the time of the arrival after the first e_C + 1 of
# them, t that of the one before.
_PERIODIC: Final = scan_theorem(
    ["counter"],
    carry={"t": ("t0", "v")},
    each=["v = t0 + e_C*p + p"],
    last=["v = t0 + e_C*p + p"],
    then_each=["v - t = p"],
    then_last=["v - t = p"],
)
# Two equal gaps g, h in bins i, j of width b.
_BINS: Final = ("b > 0", "i*b <= g", "g < i*b + b", "j*b <= h", "h < j*b + b", "g = h")

# y is log2 x: ln x <= x - 1, and ln(1/x) <= 1/x - 1 times x.
_LOG_2: Final = ("l > 0", "l*y <= x - 1", "x*l*y >= x - 1")


def _decide_periodic() -> Proved:
    run = {
        "parameters": {"t0": "1", "p": "1/3"},
        "stages": [["shared", {"v": "4/3"}], ["shared", {"v": "5/3"}]],
    }
    same = {"b": "1", "i": "2", "j": "2", "g": "5/2", "h": "5/2"}
    return Proved(
        certificates=(
            scan(_PERIODIC, {here: ["t = t0 + e_C*p"] for here in "012"}, example=run),
            farkas(_BINS, "j < i + 1", example=same, hints=["j*b < i*b + b"]),
            farkas(
                ["c = k", "k > 0", "x*c = k", *_LOG_2, "k*H = c*y"],
                "H = 0",
                example={"c": "3", "k": "3", "x": "1", "l": "2/3", "y": "0", "H": "0"},
                hints=["k*x = k", "x = 1", "l*y = 0", "y = 0", "k*H = 0"],
            ),
        )
    )


def _decide_order_blind() -> Proved:
    """x, y: two gaps in turn, counted (1) or not (0) in a bin; a, b: counts before and after."""
    swapped = ["n = a + x + y + b", "o = a + y + x + b"]
    counts = {"a": "1", "x": "1", "y": "0", "b": "2", "n": "4", "o": "4"}
    return Proved(certificates=(farkas(swapped, "n = o", example=counts),))


def _decide_response() -> Proved:
    """The change comes after arrival c; n: arrivals so far; gap j lies between j - 1 and j."""
    point = {"c": "10", "k": str(GAPS_DEFAULT), "n": str(11 + GAPS_DEFAULT), "j": "12"}
    window = ["n >= c + k + 1", "j >= n - k + 1"]
    return Proved(certificates=(farkas(window, "j - 1 >= c + 1", example=point),))


# Jain's index: w is a share, z and y the sums of shares and of squares.
_SHARES: Final = {"z": ("0", "z + w"), "y": ("0", "y + w*w")}
_THREE: Final[dict[str, Any]] = {
    "parameters": {},
    "stages": [["shared", {"w": str(x)}] for x in (1, 0, 2)],
}
_SQUARE: Final = "z*z + 2*z*w + w*w"
_CAUCHY: Final = {
    "0": ["e_C = 0", "z = 0", "y = 0"],
    **{here: ["e_C > 0", "z*z <= e_C*y"] for here in "12"},
}


def _shares_theorem(*then: str, signs: tuple[str, ...] = ()) -> dict[str, Any]:
    return scan_theorem(["counter"], carry=_SHARES, each=signs, last=signs, then_last=then)


_UPPER: Final = f"{_SQUARE} <= e_C*y + y + e_C*w*w + w*w"
_HALF: Final = "2*z*z + 4*z*w + 2*w*w <= e_C*y + y + e_C*w*w + w*w"


def _decide_jain() -> Proved:
    # e (e w^2 - 2 z w + y) >= (e w - z)^2 + (e y - z^2), with e > 0 shares so far.
    fact = ["square e_C*w - z", "e_C*w*w - 2*z*w + y >= 0"]
    labels = [f"{x} shared 2 1" for x in "12"] + [f"{x} last 0" for x in "12"]
    upper = scan(
        _shares_theorem(_UPPER),
        _CAUCHY,
        example=_THREE,
        hints=dict.fromkeys(labels, fact),
    )
    lower = scan(
        _shares_theorem(f"{_SQUARE} >= y + w*w", signs=("w >= 0",)),
        {here: ["z >= 0", "y <= z*z"] for here in "012"},
        example=_THREE,
    )
    # J = Z^2/(n Q).
    given = ["n > 0", "Q > 0", "n*J*Q = Z*Z"]
    point = {"n": "2", "Q": "5", "Z": "3", "J": "9/10"}
    return Proved(
        certificates=(
            upper,
            lower,
            farkas(
                [*given, "Z*Z <= n*Q"], "J <= 1", example=point, hints=["n*Q > 0", "n*Q*J <= n*Q"]
            ),
            farkas([*given, "Z*Z >= Q"], "n*J >= 1", example=point, hints=["Q*n*J >= Q"]),
        )
    )


_EQUAL: Final = {**_THREE, "stages": [["shared", {"w": "1"}]] * 2}

CLAIMS = (
    Claim(
        id="entropy.bounds",
        title="The entropy of gaps is between 0 and log2 of the number of occupied bins",
        statement="0 <= H <= log2 m <= log2 min(k, bins) for k >= 1 gaps in m occupied bins.",
        scope="every histogram of any size; for every shape of at most 50 gaps again, one by one, "
        "in integers",
        source=Source(note="001", section="2"),
        decide=_decide_bounds,
        canary=false_scan(
            "the entropy is at most half of log2 m",
            _sum_theorem("2*s + 2*w*v <= k*M"),
            _SUMS,
            _HALVES,
        ),
        vacuity="two bins with one gap each; of the logarithm 7/10 stands for ln 2, which obeys "
        "the rows that are assumed",
        remark="H is s/(k ln 2) for the sum s of c ln(k/c), which the first certificate bounds "
        "for any number of bins. m is at most the number of bins, as it counts some of them. The "
        "last certificate needs no logarithm: products of c^c are compared with k^k.",
        trusts=("kernel", _LOGARITHM),
        property_twin="bounds",
    ),
    Claim(
        id="entropy.periodic_zero.exact",
        title="Perfectly periodic arrivals have entropy 0 in exact arithmetic",
        statement="Arrivals at t0 + i p have gaps p, all in one bin, and H = 0.",
        scope="every start, period and bin width, any number of arrivals, exact arithmetic",
        source=Source(note="001", section="2"),
        decide=_decide_periodic,
        canary=false_rows(
            "gaps of 99/100 and 101/100 share a bin of width 1",
            [*_BINS[:-1], "b = 1", "g = 99/100", "h = 101/100", "i = 0", "j = 1"],
            "j < i + 1",
        ),
        vacuity="three arrivals with period 1/3; a bin with 3 of 3 gaps",
        remark="Bins i and j are integers, so j < i + 1 both ways makes them equal.",
        trusts=("kernel", _LOGARITHM),
        property_twin="periodic_zero",
    ),
    Claim(
        id="entropy.order_blind",
        title="The entropy does not depend on the order of the gaps",
        statement="Exchanging two gaps in turn leaves the count of every bin as it is, and so H; "
        "every order comes of such exchanges.",
        scope="any number of gaps, any bins",
        source=Source(note="001", section="2"),
        decide=_decide_order_blind,
        canary=false_rows(
            "the same when a gap of another bin replaces one of the two",
            ["n = a + x + y + b", "o = a + y + y + b", "x = 1", "y = 0", "a >= 0", "b >= 0"],
            "n = o",
        ),
        vacuity="four gaps of one bin around one of another",
        remark="It is a function of the histogram alone: traffic in bursts and the same gaps in "
        "another order look alike. The code sorts the counts, so floats agree too.",
        trusts=("kernel", "every order comes of exchanges of neighbours"),
        property_twin="order_blind",
    ),
    Claim(
        id="entropy.response.mended",
        title="After 51 arrivals the last 50 gaps are all of the new traffic",
        statement="Once k + 1 requests have arrived after a change, each of the last k gaps lies "
        "between two of them, so H depends on new arrivals only; k = 50 in the note.",
        scope="every k, every history",
        source=Source(note="001", section="5"),
        decide=_decide_response,
        canary=false_rows(
            "the same after k arrivals",
            ["n >= c + k", "j >= n - k + 1", "k >= 1", "c >= 0"],
            "j - 1 >= c + 1",
        ),
        vacuity="a change after arrival 10, and the first gap between new arrivals",
        property_twin="response",
    ),
    *STEERED,
    Claim(
        id="entropy.jain",
        title="Jain's index of n shares is between 1/n and 1",
        statement="(sum x)^2/(n sum x^2) is at most 1 for any shares that are not all 0, and at "
        "least 1/n if none is negative.",
        scope="every n >= 1, all real shares; all shares 0 count as 1 by definition",
        source=Source(note="001", section="-"),
        decide=_decide_jain,
        canary=false_scan("the index is at most 1/2", _shares_theorem(_HALF), _CAUCHY, _EQUAL),
        vacuity="shares 1, 0 and 2",
        property_twin="jain",
    ),
)
