"""Integer keys: that they order as exact priorities do, and fit a signed word of 128 bits.

The certificates are about integers of any size; that the limits of the runtime meet what they
assume is their example, which the kernel evaluates. Two solvers are asked the same of words of
128 bits, where sums wrap around. That proves nothing, and depends on which solvers a machine has
and how fast it is; so their words stand beside the canary, which no two ledgers are compared by.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final

from homeostat.models.aging import NANOSECONDS
from homeostat.proofs.certificates import Certificate, farkas, scan, scan_theorem
from homeostat.proofs.claims import Canary, CanaryError, Claim, Source
from homeostat.proofs.engines.oracles import (
    SCRIPT_ORACLES,
    Limits,
    OracleDisagreementError,
    ask_scripts,
)
from homeostat.proofs.verdicts import Proved

__all__ = ["BID_MAX", "INTEGER_ORDER", "QUESTIONS", "RATE_MAX", "TIME_NS_MAX", "WORD"]

BID_MAX: Final = 2**40
RATE_MAX: Final = 2**40
TIME_NS_MAX: Final = 2**62
"""The runtime's limits, in micro-bids, micro-bids per second and ns; a test compares them."""

WORD: Final = 2**127
"""A signed word of 128 bits holds -WORD .. WORD - 1."""

_LIMITS: Final = ("R >= 0", "T >= 0", "U > 0", "M >= 0", "U*M <= R*T", "2*R*T < W")
_REACHED: Final[Mapping[str, str]] = {
    "R": str(RATE_MAX),
    "T": str(TIME_NS_MAX),
    "U": str(NANOSECONDS),
    "M": str(BID_MAX),
    "W": str(WORD),
}
_CREDIT_MAX: Final = RATE_MAX * TIME_NS_MAX
_BID_CREDIT_MAX: Final = BID_MAX * NANOSECONDS


_PIECE: Final = ("w >= 0", "w <= R", "v >= 0", "x + v <= T")
_EARNED: Final = ("w*v >= 0", "w*v <= R*T", "y + w*v >= 0", "y + w*v <= R*T")


def _credit_certificate() -> Certificate:
    """Bound the credit y of any number of pieces: rate w for v ns each, x ns and then T in all."""
    theorem = scan_theorem(
        ["counter"],
        given=["R >= 0"],
        carry={"x": ("0", "x + v"), "y": ("0", "y + w*v")},
        each=_PIECE,
        last=_PIECE,
        then_each=_EARNED,
        then_last=_EARNED,
    )
    half = str(TIME_NS_MAX // 2)
    pieces = [["shared", {"w": str(RATE_MAX), "v": half}], ["shared", {"w": "0", "v": half}]]
    example = {"parameters": {"R": str(RATE_MAX), "T": str(TIME_NS_MAX)}, "stages": pieces}
    invariants = {here: ["x >= 0", "y >= 0", "y <= R*x"] for here in "012"}
    return scan(theorem, invariants, example=example)


_IN_RANGE: Final = (
    *("b >= 0", "b <= M"),
    *("A_s >= 0", "A_s <= R*T"),
    *("A_t >= 0", "A_t <= R*T"),
)
_AT_LIMITS: Final = {**_REACHED, "b": str(BID_MAX), "A_s": "0", "A_t": str(_CREDIT_MAX)}
_FIGURES: Final = (
    *("U*b", "A_s", "A_s - U*b", "A_s - U*b - A_t"),
    *("A_t - A_s", "U*b + A_t - A_s"),
)
"""Bid in credits, credit, key, negated priority by the key; credit earned, priority."""


def _range_certificates() -> list[Certificate]:
    given = [*_LIMITS, *_IN_RANGE]
    hints = ["U*b <= U*M", "U*b >= 0", "R*T >= 0"]
    return [
        farkas(given, f"{figure} {bound}", example=_AT_LIMITS, hints=hints)
        for figure in _FIGURES
        for bound in ("< W", "> 0 - W")
    ]


def _order_certificates() -> list[Certificate]:
    """Exact priorities p in micro-bids against keys in integers."""
    exact = [f"U*p{i} = U*b{i} + A_t - A_s{i}" for i in (1, 2)]
    numbers = {"U": "2", "A_t": "9", "b1": "1", "A_s1": "3", "b2": "0", "A_s2": "5"}
    point = {**numbers, "p1": "4", "p2": "2"}
    keys = "A_s1 - U*b1 {} A_s2 - U*b2"
    tied = {**point, "A_s2": "1", "p2": "4"}
    return [
        farkas(["U > 0", *exact, keys.format("<")], "p1 > p2", example=point),
        farkas(["U > 0", *exact, keys.format("=")], "p1 = p2", example=tied),
    ]


def _number(value: int) -> str:
    return f"(_ bv{value} 128)"


def _script(limits: Mapping[str, int], asserted: str) -> str:
    """Ask for words of 128 bits, each 0 .. its limit, at which something holds."""
    declared = "".join(
        f"(declare-const {name} (_ BitVec 128))(assert (bvule {name} {_number(limit)}))\n"
        for name, limit in limits.items()
    )
    return f"(set-logic QF_BV)\n{declared}(assert {asserted})\n(check-sat)\n"


_ONE: Final = {"bid": _BID_CREDIT_MAX, "at": _CREDIT_MAX}
_TWO: Final = {f"{name}{i}": limit for i in (1, 2) for name, limit in _ONE.items()}
_NOW: Final = {"now": _CREDIT_MAX}
_KEY, _KEY_1, _KEY_2 = "(bvsub at bid)", "(bvsub at1 bid1)", "(bvsub at2 bid2)"


def _product(factors: Mapping[str, int], product: str, limit: int) -> str:
    over = f"(bvugt (bvmul {product}) {_number(limit)})"
    return _script(factors, f"(or (bvsmulo {product}) {over})")


QUESTIONS: Final[Mapping[str, str]] = {
    "a bid in credits overflows": _product(
        {"bid": BID_MAX}, f"bid {_number(NANOSECONDS)}", _BID_CREDIT_MAX
    ),
    "a credit overflows": _product(
        {"rate": RATE_MAX, "time": TIME_NS_MAX}, "rate time", _CREDIT_MAX
    ),
    "a key overflows": _script(_ONE, "(bvssubo at bid)"),
    "a priority overflows": _script({**_ONE, **_NOW}, f"(bvssubo {_KEY} now)"),
    "a difference of keys overflows": _script(_TWO, f"(bvssubo {_KEY_1} {_KEY_2})"),
    "priorities differ by other than keys": _script(
        {**_TWO, **_NOW},
        f"(distinct (bvsub {_KEY_1} {_KEY_2}) (bvsub (bvsub {_KEY_1} now) (bvsub {_KEY_2} now)))",
    ),
    "words order otherwise than the sign of a difference that does not overflow": _script(
        {"x": 2**128 - 1, "y": 2**128 - 1},
        f"(and (not (bvssubo x y)) (distinct (bvsle x y) (bvsle (bvsub x y) {_number(0)})))",
    ),
}
"""What must have no answer among words, by what it would mean."""


_PATIENT: Final = Limits(wall_seconds=120)


@cache
def _answers() -> str:
    """Return what the solvers say to the questions, asked once in a process.

    Raises:
        OracleDisagreementError: One finds an overflow or another order, against the certificates.
    """
    said = []
    for oracle in SCRIPT_ORACLES:
        words = ask_scripts(oracle, QUESTIONS, limits=_PATIENT)
        for name, word in words.items():
            if word == "sat":
                raise OracleDisagreementError(f"{oracle.name} says that {name}, at 128 bits")
        counts = [f"{word} to {list(words.values()).count(word)}" for word in set(words.values())]
        said.append(f"{oracle.name} {', '.join(sorted(counts))}")
    asked = f"asked of 128-bit words for an overflow or another order, {len(QUESTIONS)} questions"
    return f"{asked}: {'; '.join(said)} (answers, not proof)"


def _decide() -> Proved:
    # Only a solver that contradicts the certificates makes a difference here: it raises.
    _answers()
    certificates = (_credit_certificate(), *_range_certificates(), *_order_certificates())
    return Proved(certificates=certificates)


def _catch_overflow() -> str:
    """With a clock of 2^90 ns a credit does overflow: z3 must find it, and nobody deny it."""
    factors = {"rate": RATE_MAX, "time": 2**90}
    longer = {"a longer clock": _product(factors, "rate time", WORD - 1)}
    for oracle in SCRIPT_ORACLES:
        word = ask_scripts(oracle, longer, limits=_PATIENT)["a longer clock"]
        if word == "unsat" or (oracle.name == "z3" and word != "sat"):
            raise CanaryError(f"{oracle.name} says {word!r}: no overflow with a clock of 2^90 ns")
    return f"an overflow found among words of 128 bits; {_answers()}"


INTEGER_ORDER: Final = Claim(
    id="aging.integer_order",
    title="Integer keys order as exact priorities do, and fit 128 bits",
    statement="With keys A(t_a) - 10^9 b in integers, where A counts micro-bids x 10^-9: a "
    "smaller key has the greater exact priority b + (A(t) - A(t_a))/10^9, equal keys have equal "
    "ones, and every figure on the way (bid, credit, key, priority and its negative) lies "
    "strictly between -2^127 and 2^127.",
    scope="0 <= b <= 2^40 micro-bids, rates 0 .. 2^40 micro-bids per second that change any "
    "number of times, times 0 .. 2^62 ns; arrival before or after the time of the pop",
    source=Source(note="001", section="3"),
    decide=_decide,
    canary=Canary(falsehood="nothing overflows with a clock of 2^90 ns", catch=_catch_overflow),
    vacuity="the largest bid, rate and time of the runtime",
    remark="The certificates speak of any limits R, T, M, W with 10^9 M <= R T and 2 R T < W; the "
    "runtime's are their example. Ties go to the earlier arrival, then to the first push, by the "
    "order of tuples. Times are integers of ns: what a clock rounds away below that is outside. "
    "Python's integers have no width; the bound says that a port to 128 bits needs no wider ones.",
    property_twin="integer_order",
    trusts=("kernel", "integers of Python are exact"),
)
