"""What doubles do to the order of priorities: the static key, and the priority at the pop.

At a clock on the wall the key a t_a - b is some 10^8 bids large, the priority b + a (t - t_a) only
a few: what is rounded away differs by as much. Both are tried; how far apart two priorities may be
that doubles put in the wrong order is counted in the run.
"""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from homeostat.counterexamples import CASE_CONJECTURES, Case, case_corpus
from homeostat.counterexamples.cases.figures import number
from homeostat.counterexamples.cases.searching import double_queue, first_case, near_ties
from homeostat.models.aging.disciplines import Push, double_key, double_priority
from homeostat.proofs.claims import Canary, Claim, false_case
from homeostat.proofs.theory.small_cases import by_case, note
from homeostat.proofs.verdicts import Unknown, Verdict

__all__ = ["CLAIMS", "double_keys", "double_priorities"]

Given = dict[str, Any]

_SEED: Final = 0
_PAIRS: Final = 2_000
_KEYS_WITHIN: Final = 1e-7
_PRIORITIES_WITHIN: Final = 1e-14
"""By how much the exact priorities of a drawn pair differ at most: a few roundings."""


def double_keys(given: Mapping[str, Any]) -> tuple[float, float]:
    """Return the static keys of a run's two requests as doubles compute them, smaller first."""
    first, second = sorted(map(double_key, _pushed(given)))
    return first, second


def double_priorities(given: Mapping[str, Any]) -> tuple[float, float]:
    """Return the priorities of two requests at the pop as doubles compute them, greater first."""
    time = number(given["events"][-1][1])
    first, second = sorted((double_priority(r, time) for r in _pushed(given)), reverse=True)
    return first, second


def _pushed(given: Mapping[str, Any]) -> Iterator[Push]:
    for _, at, name, bid, rate in given["events"][:-1]:
        yield Push(time=number(at), name=name, bid=number(bid), rate=number(rate))


def _key_pairs() -> Iterator[Given]:
    return near_ties("float_key", _SEED, _PAIRS, within=_KEYS_WITHIN)


def _priority_pairs() -> Iterator[Given]:
    return near_ties("float_priority", _SEED, _PAIRS, within=_PRIORITIES_WITHIN)


def _wrong(name: str, pairs: Callable[[], Iterator[Given]], within: float) -> str:
    """Count the pairs that doubles put in the wrong order, and by how much it is wrong."""
    found = (first_case(CASE_CONJECTURES[name], [given], {}) for given in pairs())
    lost = [_difference(case) for case in found if case is not None]
    most = f", up to {float(max(lost)):.1e} apart" if lost else ""
    return (
        f"Of {_PAIRS} pairs drawn with seed {_SEED} at times of a clock on the wall, at a rate of "
        f"0.1 a second, whose exact priorities differ by at most {within:g} of the bid's unit, "
        f"doubles pop the smaller one in {len(lost)}{most}."
    )


def _difference(case: Case) -> Fraction:
    return Fraction(case.observed["best_at_1"]) - Fraction(case.observed["priority_1_at_1"])


def _strict(given: Given) -> bool:
    """Tell whether doubles put the two in an order, too, and do not merely tie them."""
    smaller, larger = double_keys(given)
    return smaller < larger


def _by_key() -> Verdict:
    how = {"method": "pairs drawn near ties, in a strict order of doubles", "seed": _SEED}
    name = "float_key_order"
    found = first_case(CASE_CONJECTURES[name], filter(_strict, _key_pairs()), how)
    if found is None:
        return by_case(None)
    popped, other = double_keys(found.given)
    return by_case(
        found,
        detail=f"In doubles the request that is popped has the key {popped!r} and the other the "
        f"larger {other!r}; exactly, the other has more priority. "
        f"{_wrong(name, _key_pairs, _KEYS_WITHIN)}",
    )


def _by_priority() -> Verdict:
    name = "float_priority_order"
    known = [c for c in case_corpus() if c.conjecture == name]
    if not known:
        return Unknown(reason=f"the corpus has no case against {name}, and there is no proof")
    popped, other = double_priorities(known[0].given)
    return by_case(
        known[0],
        detail=f"Found by an SMT solver in IEEE arithmetic, confirmed in fractions. In doubles the "
        f"request that is popped has the priority {popped!r} and the other {other!r}; exactly, the "
        f"other has more. {_wrong(name, _priority_pairs, _PRIORITIES_WITHIN)}",
    )


def _nothing_rounded(discipline: str) -> Canary:
    return false_case(
        "a run in small binary fractions, where nothing is rounded",
        CASE_CONJECTURES[f"{discipline}_order"],
        double_queue(discipline, 0.5, (0.0, 0.5), (1.0, 1.0), 2.0),
    )


CLAIMS: Final = (
    Claim(
        id="aging.float_order.key",
        title="Static keys in double precision are in the exact order",
        statement="With one rate for all, and clock, rate and bids in IEEE double precision, "
        "popping the least static key a t_a - P_bid as computed in doubles pops a request of the "
        "greatest effective priority.",
        scope="every run of a queue with one shared rate a >= 0, all numbers doubles",
        source=note("3"),
        decide=_by_key,
        canary=_nothing_rounded("float_key"),
        vacuity="the case itself",
        refuted_by=("float_key_order",),
        remark="A key grows with the clock, and so does what it is rounded by. Integer keys lose "
        "nothing: aging.integer_order.",
        property_twin="float_order",
    ),
    Claim(
        id="aging.float_order.priority",
        title="Priorities in double precision are in the exact order",
        statement="With one rate for all, and clock, rate and bids in IEEE double precision, "
        "popping the greatest P_bid + a (t - t_a) as computed in doubles at the pop pops a "
        "request of the greatest effective priority.",
        scope="every run of a queue with one shared rate a >= 0, all numbers doubles",
        source=note("3"),
        decide=_by_priority,
        canary=_nothing_rounded("float_priority"),
        vacuity="the case itself",
        refuted_by=("float_priority_order",),
        remark="A queue that computes every priority at each pop does a work that static keys "
        "save, and is not exact for it. Integer keys lose nothing: aging.integer_order.",
    ),
)
