"""What holds of every chain of routes: rows, pairs of tokens, closed classes, unions of walkers.

Sums over experts, walkers or pairs are scans over any number of them: w and v belong to one item,
s, z, ... are sums over the items before it.
"""

from typing import Any, Final

from homeostat.proofs.certificates import farkas, scan, scan_theorem
from homeostat.proofs.claims import Claim, Source, false_scan
from homeostat.proofs.theory.experts.items import ALL_ROWS, everywhere, stages
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS"]

_LINEAR: Final = "an expectation of a sum is the sum of expectations"
_INDEPENDENT: Final = "of independent events both happen with the product of their chances"

# --- rows of the estimated chain; w: transitions counted, v: their share, N: all of the row.

_SHARES: Final = ("w >= 0", "v*N = w")
_ROW: Final = scan_theorem(
    ["counter"],
    given=["N > 0"],
    carry={"z": ("0", "z + w"), "s": ("0", "s + v")},
    each=_SHARES,
    last=[*_SHARES, "z + w = N"],
    then_each=["v >= 0"],
    then_last=["v >= 0", "s + v = 1"],
)
_COUNTED: Final = {
    "parameters": {"N": "4"},
    "stages": stages({"w": "3", "v": "3/4"}, {"w": "1", "v": "1/4"}),
}
# A row that no transition left: 1/n each.
_UNVISITED: Final = scan_theorem(
    ["counter"],
    given=["n > 0"],
    carry={"s": ("0", "s + v")},
    each=["v*n = 1"],
    last=["v*n = 1", "e_C + 1 = n"],
    then_each=["v >= 0"],
    then_last=["v >= 0", "s + v = 1"],
)


def _decide_valid() -> Proved:
    halves = {"parameters": {"n": "2"}, "stages": stages({"v": "1/2"}, {"v": "1/2"})}
    return Proved(
        certificates=(
            scan(
                _ROW,
                everywhere("s*N = z"),
                example=_COUNTED,
                hints={f"{here} last 1": ["N*s + N*v = N"] for here in "012"},
            ),
            scan(
                _UNVISITED,
                everywhere("s*n = e_C"),
                example=halves,
                hints={f"{here} last 1": ["n*s + n*v = n"] for here in "012"},
            ),
        )
    )


# --- pairs of neighbouring tokens; v: the chance that one pair is (i, j), K = k k pairs.

_PAIRS: Final = {"s": ("0", "s + v")}


def _pairs_theorem(then: str) -> dict[str, Any]:
    return scan_theorem(
        ["counter"],
        carry=_PAIRS,
        each=["v = a*b"],
        last=["v = x", "e_C + 1 = K"],
        then_last=[then],
    )


_ONE_OF_FOUR: Final = {
    "parameters": {"a": "1/2", "b": "1/2", "K": "4", "x": "1/3"},
    "stages": stages({"v": "1/4"}, {"v": "1/4"}, {"v": "1/4"}, {"v": "1/3"}),
}


def _decide_pairs() -> Proved:
    point = {"K": "4", "s": "13/12", "m": "13/48", "a": "1/2", "b": "1/2", "x": "1/3"}
    return Proved(
        certificates=(
            scan(
                _pairs_theorem("s + v - K*a*b = x - a*b"),
                everywhere("s = e_C*a*b"),
                example=_ONE_OF_FOUR,
            ),
            farkas(
                ["K > 0", "K*m = s", "s - K*a*b = x - a*b"],
                "K*m - K*a*b = x - a*b",
                example=point,
            ),
        )
    )


# --- unions; w: the chance that one walker is at an expert, u: that some walker is, y: that none.

_CHANCE: Final = ("w >= 0", "w <= 1")


def _union_theorem(*then: str) -> dict[str, Any]:
    return scan_theorem(
        ["counter"],
        carry={"u": ("0", "u + w - u*w"), "y": ("1", "y - y*w"), "s": ("0", "s + w")},
        each=_CHANCE,
        last=_CHANCE,
        then_last=then,
    )


_UNION: Final = everywhere("u + y = 1", "u >= 0", "u <= 1", "u <= s")
_WALKERS: Final = {"parameters": {}, "stages": stages({"w": "1/2"}, {"w": "1/3"})}


def _decide_union() -> Proved:
    theorem = _union_theorem(
        "u + w - u*w = 1 - y + y*w", "u + w - u*w >= 0", "u + w - u*w <= 1", "u + w - u*w <= s + w"
    )
    return Proved(certificates=(scan(theorem, _UNION, example=_WALKERS),))


# --- closed classes; w: P_il, v: 1 within the class and 0 outside, which a row of it never leaves.


def _closed_theorem(item: tuple[str, ...]) -> dict[str, Any]:
    return scan_theorem(
        ["counter"],
        carry={"z": ("0", "z + w"), "s": ("0", "s + w*v")},
        each=item,
        last=[*item, *ALL_ROWS],
        then_last=["s + w*v = 1"],
    )


_STAYS: Final = ("w >= 0", "w*v = w")
_IN_AND_OUT: Final = {
    "parameters": {},
    "stages": stages({"w": "1", "v": "1"}, {"w": "0", "v": "0"}),
}


def _decide_closed() -> Proved:
    theorem = _closed_theorem(_STAYS)
    return Proved(
        certificates=(scan(theorem, everywhere("s = z"), example=_IN_AND_OUT),),
    )


CLAIMS: Final = (
    Claim(
        id="experts.chain_valid",
        title="Each row of the estimated chain is a probability distribution",
        statement="The shares of the transitions that were counted out of an expert are >= 0 and "
        "add up to 1; a row out of which none was counted is 1/n everywhere, and so adds up to 1.",
        scope="any number of experts, all counts; rows without a count are marked as such",
        source=Source(note="002", section="2"),
        decide=_decide_valid,
        canary=false_scan(
            "the shares of a row add up to 1 when one more transition was counted than is shared",
            {**_ROW, "last": [*_SHARES, "z + w + 1 = N"]},
            everywhere("s*N = z"),
            {
                **_COUNTED,
                "parameters": {"N": "4"},
                "stages": stages({"w": "2", "v": "1/2"}, {"w": "1", "v": "1/4"}),
            },
        ),
        vacuity="counts 3 and 1; two experts without a count",
        property_twin="chain_valid",
    ),
    Claim(
        id="experts.product_edges_rank_one.independent",
        title="Linking all top-k pairs shrinks what the chain knows by k^2, if the rest is noise",
        statement="Of the k k pairs of two neighbouring tokens let one, of the two first choices, "
        "be (i, j) with chance x, and each other with chance a b, that of independent draws. "
        "Then the mean over all pairs is nearer to a b: it deviates by (x - a b)/k^2.",
        scope="every k, every chain of first choices; all further choices drawn independently",
        source=Source(note="002", section="2"),
        decide=_decide_pairs,
        canary=false_scan(
            "the mean over the pairs does not deviate at all",
            _pairs_theorem("s + v = K*a*b"),
            everywhere("s = e_C*a*b"),
            _ONE_OF_FOUR,
        ),
        vacuity="k = 2, with 1/3 in the place of 1/4",
        remark="A matrix of products a_i b_j has rank one. How real routes fare, whose further "
        "choices are not independent, is measured.",
        trusts=("kernel", _LINEAR),
        property_twin="product_edges_rank_one",
    ),
    Claim(
        id="experts.closed_classes",
        title="Two closed classes make the spectral gap zero",
        statement="Rows of a class that no transition leaves add up to 1 within it: 1 is an "
        "eigenvalue of each such block, and with two blocks a double one of P, so |lambda_2| = 1.",
        scope="every finite chain",
        source=Source(note="002", section="3"),
        decide=_decide_closed,
        canary=false_scan(
            "the same of a class that is left with some chance",
            _closed_theorem(("w >= 0", "v >= 0", "v <= 1")),
            everywhere("s <= z"),
            {**_IN_AND_OUT, "stages": stages({"w": "1/2", "v": "1"}, {"w": "1/2", "v": "0"})},
        ),
        vacuity="an absorbing expert beside another",
        trusts=(
            "kernel",
            "with closed classes listed first P is block-triangular, and the eigenvalues of its "
            "diagonal blocks are those of P",
        ),
        property_twin="closed_classes",
    ),
    Claim(
        id="experts.union_size",
        title="The expected union of independent walkers has a closed form",
        statement="E|union of B walkers| = sum over experts of 1 - prod_b (1 - p_b), p_b being the "
        "chance that walker b is at the expert; each term is between 0 and 1, and no more than "
        "the sum of the p_b, so the union is at most B.",
        scope="any number of walkers and experts, all laws; walkers independent of each other",
        source=Source(note="002", section="1"),
        decide=_decide_union,
        canary=false_scan(
            "the chance of a union is the sum of the chances",
            _union_theorem("u + w - u*w = s + w"),
            everywhere("u = s"),
            _WALKERS,
        ),
        vacuity="two walkers, there with chances 1/2 and 1/3",
        remark="The two sides are both scanned: the chance of one more walker added by "
        "inclusion and exclusion, and the product of the chances that none is there.",
        trusts=("kernel", _LINEAR, _INDEPENDENT),
        property_twin="union_size",
    ),
)
