"""Where the roots of the stage polynomial sum W_s z^(n-1-s) lie, against the unit circle."""

from homeostat.models.batching import BatchingParameters
from homeostat.proofs.certificates import farkas, scan, scan_theorem, schur
from homeostat.proofs.claims import Claim, false_scan, rejected_certificate
from homeostat.proofs.theory.batching.common import refuted_by_corpus, section
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS"]

BOUNDARY = BatchingParameters(1, 1, 3, "1/2")


def _decide_boundary() -> Proved:
    return Proved(
        certificates=(
            schur(BOUNDARY, "on the circle", {"factor": "3/4"}),
            schur(BOUNDARY, "not stable", {"jury": False}),
        )
    )


# One type only: W_s = l0 + s + 1 falls by one at each stage of the scan, from L at the top. With
# z = x + iy, the scan carries z^j = c + id and h = the partial sum of W z^j. Multiplying by z - 1
# telescopes: Re (z-1) h = last c + g - L with g the sum of Re z^k, each at most 1. At the end
# Re (z-1) p(z) <= x - 1 < 0, so p(z) is not zero for |z| <= 1, z != 1; and p(1) > 0.
_INSIDE = ["x*x + y*y <= 1", "x < 1"]
_SQUARE = "hr*hr + 2*w*c*hr + w*w*c*c + hi*hi + 2*w*d*hi + w*w*d*d"
_TELESCOPE = "x*hr - hr - y*hi = last*c + g - L"
_INVARIANTS = {
    "0": ["c = 1", "d = 0", "g = -1", "hr = 0", "hi = 0", "last = L + 1"],
    "1": ["c = x", "d = y", "g = 0", _TELESCOPE, "last = L"],
    "2": ["c*c + d*d <= 1", _TELESCOPE, "g <= L - last - 1 + x"],
}
_POWER = "c*c*x*x + c*c*y*y + d*d*x*x + d*d*y*y <= 1"
_NEXT = [_POWER, "square c*y + d*x", "c*x - d*y <= 1", "w*c*x - w*d*y <= w"]
_CAUCHY = [
    "x*hr + w*x*c - hr - w*c - y*hi - w*y*d < 0",
    "square x*hi + w*x*d - hi - w*d + y*hr + w*y*c",
    "square x - 1",
]
_HINTS = {
    "2 shared 2 0": [_POWER],
    "2 shared 2 2": ["c <= 1"],
    "1 last 0": ["c*c + d*d <= 1", *_NEXT, *_CAUCHY],
    "2 last 0": [*_NEXT, "c <= 1", *_CAUCHY],
}


def _no_root_inside(conclusion: str) -> dict[str, object]:
    falling = ["w = last - 1", "w > 0"]
    return scan_theorem(
        ["counter"],
        given=_INSIDE,
        carry={
            "last": ("L + 1", "w"),
            "c": ("1", "c*x - d*y"),
            "d": ("0", "c*y + d*x"),
            "g": ("-1", "g + c"),
            "hr": ("0", "hr + w*c"),
            "hi": ("0", "hi + w*d"),
        },
        each=falling,
        last=falling,
        ends=["1", "2"],
        then_last=[conclusion],
    )


def _example(x: str, y: str) -> dict[str, object]:
    return {
        "parameters": {"x": x, "y": y, "L": "3"},
        "stages": [["shared", {"w": "3"}], ["shared", {"w": "2"}]],
    }


def _positive_at_one() -> dict[str, object]:
    theorem = scan_theorem(
        ["counter"],
        carry={"h": ("0", "h + w")},
        each=["w > 0"],
        last=["w > 0"],
        then_last=["h + w > 0"],
    )
    example = {"parameters": {}, "stages": [["shared", {"w": "3"}], ["shared", {"w": "2"}]]}
    return scan(theorem, {"0": ["h >= 0"], "1": ["h >= 0"], "2": ["h >= 0"]}, example=example)


def _decide_homogeneous() -> Proved:
    theorem = _no_root_inside(f"{_SQUARE} > 0")
    on_edge = ["x*x + y*y <= 1", "x >= 1"]
    at_one = {"x": "1", "y": "0"}
    return Proved(
        certificates=(
            scan(theorem, _INVARIANTS, example=_example("0", "0"), hints=_HINTS),
            farkas(on_edge, "y*y <= 0", example=at_one),
            farkas(on_edge, "x = 1", example=at_one, hints=["square y", "x <= 1"]),
            _positive_at_one(),
        )
    )


CLAIMS = (
    Claim(
        id="batching.coprime_stable",
        title="Coprime stage counts make Theory stable",
        statement="gcd(l_A, l_B) = 1 implies that every root of the stage polynomial lies "
        "inside the unit circle, with no word about l0.",
        scope="all parameters",
        source=section("7.6"),
        decide=refuted_by_corpus("coprime_stable"),
        canary=rejected_certificate(
            lambda: schur(BOUNDARY, "stable", {"jury": True}), "(1,1,3,1/2) is stable"
        ),
        vacuity="the witness itself",
        remark="Section 4.3 of the note asks for l0 large enough; section 7.6 drops that. "
        "The product of the roots is W_(n-1)/W_0 up to sign, so a ratio >= 1 leaves a root "
        "outside or on the circle.",
        property_twin="coprime_stable",
    ),
    Claim(
        id="batching.homogeneous_unstable",
        title="With one request type alone, Theory is never stable",
        statement="With one type only (W_s = l0 + s + 1) every root of the stage polynomial lies "
        "outside the unit circle.",
        scope="every number of stages n >= 2, every real l0 > -1 (the claim asks for l0 >= 1)",
        source=section("-"),
        decide=_decide_homogeneous,
        canary=false_scan(
            "the polynomial is larger than 100 inside the circle",
            _no_root_inside(f"{_SQUARE} > 100"),
            _INVARIANTS,
            _example("0", "0"),
        ),
        vacuity="weights 3, 2 at z = 0, and z = 1 for the edge",
        remark="A bound of the Enestrom-Kakeya kind. The certificates cover |z| <= 1 with "
        "Re z < 1; then Re z >= 1, which leaves z = 1 alone; and there the sum is positive.",
        property_twin="homogeneous_unstable",
    ),
    Claim(
        id="batching.boundary",
        title="At (l0, l_A, l_B, q) = (1, 1, 3, 1/2) a root lies exactly on the circle",
        statement="The stage polynomial of (1, 1, 3, 1/2) has a root of modulus exactly 1.",
        scope="this one point",
        source=section("-"),
        decide=_decide_boundary,
        canary=rejected_certificate(
            lambda: schur(BOUNDARY, "on the circle", {"factor": "1/2"}),
            "z^2 + z/2 + 1 divides the polynomial",
        ),
        vacuity="nothing is assumed",
        remark="The polynomial is 2 (z^2 + 3/4 z + 1): floats cannot tell this point from a "
        "stable one.",
    ),
)
