"""What holds of priorities that grow with waiting: order, pops, classes of rates, overtaking.

Names in the certificates
    U: credits in a unit of the bid; b: bid; s: arrival; t, u: times; A_x: shared credit earned by
    time x; P: effective priority U b + A_t - A_s; K: static key A_s - U b; a: a rate.
"""

from typing import Any, Final

from homeostat.proofs.certificates import Certificate, farkas, scan, scan_theorem
from homeostat.proofs.claims import Claim, Source, false_rows
from homeostat.proofs.theory.aging.words import INTEGER_ORDER
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS"]

_SECTION: Final = Source(note="001", section="3")
_OURS: Final = Source(note="001", section="-")
_HEAP: Final = "heapq and min return the least tuple"


def _priorities(time: str) -> list[str]:
    return [f"P{i}_{time} = U*b{i} + A_{time} - A_s{i}" for i in (1, 2)]


_KEYS: Final = ("K1 = A_s1 - U*b1", "K2 = A_s2 - U*b2")
_LATER: Final = {"U": "1", "b1": "2", "b2": "0", "A_s1": "1", "A_s2": "0"}
_AT_TIMES: Final = {"A_t": "3", "P1_t": "4", "P2_t": "3", "A_u": "5", "P1_u": "6", "P2_u": "5"}
_TWO_REQUESTS: Final = {**_LATER, **_AT_TIMES, "K1": "-1", "K2": "0"}


def _constant(time: str) -> list[str]:
    return [f"P{i}_{time} = U*b{i} + a*{time} - a*s{i}" for i in (1, 2)]


_CONSTANT: Final = {
    "U": "1",
    "b1": "2",
    "b2": "0",
    "a": "2",
    "s1": "1",
    "s2": "0",
    "t": "1",
    "u": "3",
    "P1_t": "2",
    "P2_t": "2",
    "P1_u": "6",
    "P2_u": "6",
}
_FASTER: Final = {**_CONSTANT, "b1": "3", "P1_t": "3", "P1_u": "7"}


def _decide_order() -> Proved:
    varying = [*_priorities("t"), *_priorities("u")]
    constant = [*_constant("t"), *_constant("u")]
    return Proved(
        certificates=(
            farkas([*varying, "P1_t >= P2_t"], "P1_u >= P2_u", example=_TWO_REQUESTS),
            farkas([*varying, "P1_t > P2_t"], "P1_u > P2_u", example=_TWO_REQUESTS),
            farkas([*constant, "P1_t >= P2_t"], "P1_u >= P2_u", example=_CONSTANT),
            farkas([*constant, "P1_t > P2_t"], "P1_u > P2_u", example=_FASTER),
            *_key_order(),
        )
    )


def _key_order() -> tuple[Certificate, Certificate]:
    """A smaller key has the greater priority, an equal one the same."""
    given = [*_KEYS, *_priorities("t")]
    point = {name: x for name, x in _TWO_REQUESTS.items() if not name.endswith("_u")}
    tied = {**point, "A_s2": "-1", "K2": "-1", "P2_t": "4"}
    return (
        farkas([*given, "K1 < K2"], "P1_t > P2_t", example=point),
        farkas([*given, "K1 = K2"], "P1_t = P2_t", example=tied),
    )


_OWN_RATES: Final = [f"P{i}_{x} = b{i} + a{i}*{x} - a{i}*s{i}" for x in ("t", "u") for i in (1, 2)]


def _decide_present() -> Proved:
    given = [*_KEYS, *_priorities("t"), "K1 <= K2"]
    point = {name: x for name, x in _TWO_REQUESTS.items() if not name.endswith("_u")}
    return Proved(certificates=(farkas(given, "P1_t >= P2_t", example=point), *_key_order()))


# Any number of classes. At each: w the key of the class's head, m_C that of any other request of
# the class, k_C the class's credit at the pop, v and n_C the two priorities; a_C and b_C the
# places of the two among ties. p and r: priority and place of the request popped.
_CLASS: Final = ("v = k_C - w", "n_C = k_C - m_C", "w <= m_C", "v <= p")
_TIED: Final = (*_CLASS, "n_C = p", "r <= a_C", "a_C <= b_C")
_TIES: Final = ("v = p", "w = m_C", "r <= b_C")


def _classes(each: tuple[str, ...], then: tuple[str, ...]) -> dict[str, Any]:
    return scan_theorem(["counter"], each=each, last=each, then_each=then, then_last=then)


def _head(credit: int, head: int, other: int, *places: int) -> list[Any]:
    """Return one class of a run, as JSON."""
    figures = {"w": head, "m_C": other, "k_C": credit, "v": credit - head, "n_C": credit - other}
    figures |= dict(zip(("a_C", "b_C"), places, strict=False))
    return ["shared", {name: str(x) for name, x in figures.items()}]


def _decide_kinetic() -> Proved:
    two = {"parameters": {"p": "7"}, "stages": [_head(9, 2, 5), _head(3, 0, 1)]}
    tied = {
        "parameters": {"p": "7", "r": "0"},
        "stages": [_head(9, 2, 2, 0, 3), _head(8, 1, 1, 1, 2)],
    }
    free: dict[str, list[str]] = {here: [] for here in "012"}
    return Proved(
        certificates=(
            scan(_classes(_CLASS, ("n_C <= p",)), free, example=two),
            scan(_classes(_TIED, _TIES), free, example=tied),
        )
    )


# T: t_a + (b_max - b)/a, by its multiple. x: a request popped while the one of bid b waits.
_BOUND: Final = ("U > 0", "a > 0", "b_x <= b_max", "b <= b_max", "a*T = a*s + U*b_max - U*b")
_LESS: Final = "a*s_x - U*b_x {} a*s - U*b"
_OVERTAKER: Final = {
    "U": "1",
    "a": "1",
    "b_x": "3",
    "b": "1",
    "b_max": "4",
    "s": "2",
    "T": "5",
    "s_x": "3",
}
_EARLIER: Final = {**_OVERTAKER, "s_x": "1", "b_x": "0"}
_TIED_CREDITS: Final = {"U": "1", "b_x": "1", "b": "1", "A_x": "4", "A_s": "4"}
_TOGETHER: Final = {**_OVERTAKER, "s_x": "2", "b_x": "1"}


def _decide_shared() -> Proved:
    less, equal = _LESS.format("<"), _LESS.format("=")
    # With a rate that varies: A_x, A_s are credits at the two arrivals, and from s on the rate
    # is at least a.
    varying = [*_BOUND, "A_x - U*b_x < A_s - U*b", "A_x - A_s >= a*s_x - a*s"]
    credits_ = {**_OVERTAKER, "A_x": "11/2", "A_s": "4"}
    tied = ["U > 0", "A_x - U*b_x = A_s - U*b"]
    return Proved(
        certificates=(
            farkas([*_BOUND, less], "s_x < T", example=_OVERTAKER, hints=["a*s_x < a*T"]),
            farkas(
                [*_BOUND, "s_x < s"], "s_x < T", example=_EARLIER, hints=["a*s <= a*T", "s <= T"]
            ),
            farkas([*_BOUND, equal, "s_x = s"], "b_x = b", example=_TOGETHER),
            farkas(varying, "s_x < T", example=credits_, hints=["a*s_x < a*T"]),
            farkas([*tied, "A_x = A_s"], "b_x = b", example=_TIED_CREDITS),
        )
    )


# y and z: how long x and the other have waited at the pop; a_x and a: the rates of their classes.
_OWN: Final = ("a_x <= a_max", "b_x <= b_max", "U > 0", "y >= 0")
_FIRST: Final = "U*b_x + a_x*y >= U*b + a*z"
_WAITS: Final = {
    "a_x": "2",
    "a_max": "3",
    "b_x": "0",
    "b_max": "1",
    "U": "1",
    "y": "4",
    "b": "0",
    "a": "1",
    "z": "5",
}


def _decide_rates() -> Proved:
    waited = "a_max*y + U*b_max >= U*b + a*z"
    return Proved(
        certificates=(
            farkas([*_OWN, _FIRST], waited, example=_WAITS, hints=["a_max*y >= a_x*y"]),
            farkas(
                ["n >= 1", "a >= 0", "a_x > 2*a", "y = 2*n - n", "z = 2*n"],
                "a_x*y > a*z",
                example={"n": "1", "a": "1", "a_x": "3", "y": "1", "z": "2"},
            ),
        )
    )


CLAIMS = (
    Claim(
        id="aging.order_invariant",
        title="With one rate for all, the order of two waiting requests never changes",
        statement="P(r, t) = b + A(t) - A(t_a) with one credit A for all requests: P(r1, t) >= "
        "P(r2, t) at one time if and only if at any other time; > likewise; and if and only if "
        "the key A(t_a) - b of r1 is <= (<) that of r2.",
        scope="any two requests, any bids and arrivals, any function A of time; A(t) = a t with "
        "any real a is the case of one constant rate",
        source=_SECTION,
        decide=_decide_order,
        canary=false_rows(
            "the same with a rate for each request",
            [*_OWN_RATES, "a1 >= 0", "a2 >= 0", "P1_t >= P2_t"],
            "P1_u >= P2_u",
        ),
        vacuity="two requests with bids 2 and 0, at two times",
        remark="The two times are arbitrary, so one direction is both.",
        property_twin="order_invariant",
    ),
    Claim(
        id="aging.dequeue_order_present",
        title="A pop takes the greatest effective priority of all that wait",
        statement="If at t1 the pop takes r1, whose key is least among all that wait, then "
        "P(r1, t1) >= P(r2, t1) for every r2 that waits at t1, whenever that is popped; with > "
        "unless the keys are equal.",
        scope="one credit A shared by all; any number of requests that wait at t1, so every later "
        "pop of one of them",
        source=_SECTION,
        decide=_decide_present,
        canary=false_rows(
            "the same for every r2 that is popped later, whether it waits at t1 or not",
            [*_priorities("t"), "U = 1", "b1 >= 0", "b2 >= 0", "A_s2 > A_t", "A_s1 <= A_t"],
            "P1_t >= P2_t",
        ),
        vacuity="two requests with keys -1 and 0",
        remark="Theorem 2 of the note without requests that arrive after t1.",
        trusts=("kernel", _HEAP),
        property_twin="dequeue_order_present",
    ),
    Claim(
        id="aging.kinetic_exact",
        title="With K rates, the best of the classes' heads is the best of all",
        statement="Requests of a class share its credit A_c, a class's head has the least key of "
        "its class, and the pop takes a head of greatest priority A_c(t) - key. Then no waiting "
        "request has a greater priority at t. If one has the same, its key is that of its class's "
        "head, which has the same priority too; so when ties go to the earlier place within a "
        "class and between heads, they do among all.",
        scope="any number K >= 1 of classes, any credit for each, any number of requests, all t",
        source=_OURS,
        decide=_decide_kinetic,
        canary=false_rows(
            "the least key of all classes has the greatest priority",
            ["P1 = a1*t - K1", "P2 = a2*t - K2", "K1 <= K2", "a1 >= 0", "a2 >= 0", "t >= 0"],
            "P1 >= P2",
        ),
        vacuity="two classes, without and with a tie",
        remark="In the certificates a stage of the sum is a class with any one of its requests; in "
        "the second, a class with a request that ties with the one popped. A place is the order "
        "by arrival, then by push. That the runtime's queue is one heap a class and compares the "
        "heads is tried by the state machine, not proved.",
        trusts=("kernel", _HEAP),
        property_twin="kinetic_exact",
    ),
    INTEGER_ORDER,
    Claim(
        id="aging.no_starvation.shared",
        title="With one rate, only who arrived early enough or bid more overtakes",
        statement="While a request with bid b that arrived at t_a waits, every request popped "
        "arrived before t_a + (b_max - b)/a, or at t_a itself with the same bid and was pushed "
        "first. With a rate that varies and is never below a > 0 after t_a, the same.",
        scope="one rate a > 0 for all; all bids at most b_max; ties to the earlier arrival, then "
        "to the first push",
        source=_SECTION,
        decide=_decide_shared,
        canary=false_rows(
            "the same with half of the bound's second term",
            [*_BOUND, "U = 1", _LESS.format("<"), "2*V = T + s"],
            "s_x < V",
        ),
        vacuity="a request with bid 1 of at most 4, overtaken, preceded, and arriving together",
        remark="The second case lies outside the bound only if b = b_max. Who arrived before t_a "
        "is within the bound whatever the rate does (second certificate). Who arrived at t_a or "
        "later with a smaller key is within it by the first, or the fourth where the rate varies; "
        "of equal keys the later arrival does not go first, and at t_a itself the bids are equal "
        "(third, fifth). So if finitely many arrive before any time, and pops go on, the request "
        "is popped.",
        trusts=("kernel", _HEAP),
        property_twin="no_starvation",
    ),
    Claim(
        id="aging.no_starvation.rates",
        title="With K rates overtaking is bounded by waiting, not by arrival",
        statement="Whoever is popped while a request of rate a has waited z has itself waited at "
        "least (a z - (b_max - b))/a_max. No bound on arrivals follows: let a request of rate a "
        "arrive at 0, and of a class with a rate above 2 a one at each time 1, 2, 3, ..., all "
        "bids 0, with a pop at each time 2, 4, 6, ...: the n-th pop takes the n-th of the class, "
        "and the other is never popped.",
        scope="any number of classes of constant rates at most a_max > 0, all bids at most b_max",
        source=_OURS,
        decide=_decide_rates,
        canary=false_rows(
            "with rates 3 and 1 nobody who arrived later overtakes at equal bids",
            ["3*y >= z", "y = t - s_x", "z = t - s", "y >= 0"],
            "s_x <= s",
        ),
        vacuity="a request of rate 1 after waiting 5, behind one of rate 2 that waited 4",
        remark="By induction: before the n-th pop the class's first n - 1 are gone, so its head "
        "is the n-th, which has waited n where the other has waited 2 n (second certificate).",
        trusts=("kernel", _HEAP),
    ),
)
