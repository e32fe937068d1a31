"""What note 001, section 3, says of lazy aging and does not hold: each with a run that shows it."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, Final

from homeostat.counterexamples import CASE_CONJECTURES, CaseConjecture
from homeostat.counterexamples.cases.searching import first_case, small_queues
from homeostat.proofs.certificates import case
from homeostat.proofs.claims import Claim, false_case, unbroken
from homeostat.proofs.theory.small_cases import both, by_case, note
from homeostat.proofs.verdicts import Verdict

__all__ = ["CLAIMS"]

Given = dict[str, Any]

_GRID: Final = {"method": "all runs of two requests on a grid"}
_RATES: Final = (0, 1, 2)


def _queue(discipline: str, *events: str) -> Given:
    """Return a queue's run from events as text: "push 0 r1 1 1" and "pop 2"."""
    return {"discipline": discipline, "events": [event.split() for event in events]}


def _after_a_pop() -> Iterator[Given]:
    """Yield runs whose second request arrives later than the first is popped."""
    for given in small_queues("exact"):
        _, (second, pop, *_), (third, arrival, *_), *_ = given["events"]
        if (second, third) == ("pop", "push") and Fraction(pop) < Fraction(arrival):
            yield given


def _as_stated() -> Verdict:
    how = {"method": "all runs of two requests on a grid, the second after the first pop"}
    return by_case(first_case(CASE_CONJECTURES["dequeue_order_as_stated"], _after_a_pop(), how))


_PRESENT: Final = CaseConjecture(
    name="dequeue_order_present",
    statement="Of two requests popped in turn, the second waiting when the first is popped, the "
    "first has then the greater or the same effective priority.",
    system="aging-queue",
    assumes=("exact", ("rate_count", "==", "1"), ("arrival_2", "<=", "time_1")),
    violated_when=(("priority_1_at_1", "<", "priority_2_at_1"),),
)


def _together(runs: Iterable[Given]) -> Iterator[Given]:
    """Yield those that push both requests first: who comes at the pop's own moment waits then."""
    return (given for given in runs if [e[0] for e in given["events"][:2]] == ["push"] * 2)


def _present_runs() -> Iterator[Given]:
    return _together(small_queues("exact"))


def _snapshot() -> Verdict:
    return by_case(first_case(CASE_CONJECTURES["stale_snapshot"], small_queues("snapshot"), _GRID))


_EXACT: Final = CaseConjecture(
    name="exact_maximum",
    statement="A queue that looks at every waiting request pops the greatest priority.",
    system="aging-queue",
    assumes=("exact",),
    violated_when=(("priority_1_at_1", "<", "best_at_1"),),
)


def _distinct_keys(given: Given) -> bool:
    """Tell whether no two requests share their static key: then no rule for ties matters."""
    pushed = [list(map(Fraction, (e[1], e[3], e[4]))) for e in given["events"] if e[0] == "push"]
    keys = [rate * arrival - bid for arrival, bid, rate in pushed]
    return len(set(keys)) == len(keys)


def _rated_queues() -> Iterator[Given]:
    return filter(_distinct_keys, small_queues("static_key", _RATES))


_REVERSAL: Final = CaseConjecture(
    name="static_order",
    statement="The order of two waiting requests with rates of their own never changes.",
    system="aging-queue",
    assumes=("exact", ("arrival_2", "<=", "time_1"), ("time_1", "<", "time_2")),
    violated_when=(
        ("priority_1_at_1", ">", "priority_2_at_1"),
        ("priority_1_at_2", "<", "priority_2_at_2"),
    ),
)


def _per_request_rate() -> Verdict:
    found = first_case(CASE_CONJECTURES["per_request_rate"], _rated_queues(), _GRID)
    reversal = first_case(_REVERSAL, _together(small_queues("exact", _RATES)), _GRID)
    if reversal is None:
        return by_case(found)
    pop_1, pop_2 = (event[1] for event in reversal.given["events"] if event[0] == "pop")
    return by_case(
        found,
        certificates=(case(_REVERSAL, reversal.given),),
        detail=f"No other key fixed at the push does better: in the second certificate's run the "
        f"two requests, both pushed before any pop, are in one strict order at t = {pop_1} and in "
        f"the opposite one at t = {pop_2}, so of whichever a key puts first a single pop is wrong "
        "at one of the two times.",
    )


_ONE_RATE: Final = CaseConjecture(
    name="one_shared_rate",
    statement="With one rate for all, the static key pops the greatest priority.",
    system="aging-queue",
    assumes=("static_key", ("rate_count", "==", "1")),
    violated_when=(("priority_1_at_1", "<", "best_at_1"),),
)


CLAIMS: Final = (
    Claim(
        id="aging.dequeue_order_as_stated",
        title="Whoever is popped earlier had the higher priority then, word for word",
        statement="For any two requests r1, r2 that a queue pops at t1 < t2, always taking the "
        "greatest effective priority, with one rate for all: P_eff(r1, t1) >= P_eff(r2, t1), "
        "where P_eff is the formula P_bid + a (t - t_a) also for a request that arrives after t.",
        scope="every run of a queue with one shared rate a >= 0",
        source=note("3"),
        decide=_as_stated,
        canary=both(
            false_case(
                "a run whose second request arrives later, with a bid that is too small",
                CASE_CONJECTURES["dequeue_order_as_stated"],
                _queue("exact", "push 0 r1 1 1", "pop 0", "push 1 r2 2 1", "pop 1"),
            ),
            unbroken(
                "a run breaks it although r2 waits when r1 is popped", _PRESENT, _present_runs
            ),
        ),
        vacuity="the case itself",
        remark="A request that arrives after t1 with a high bid was not there to be popped at t1; "
        "for requests that wait at t1 the theorem is claim aging.dequeue_order_present.",
    ),
    Claim(
        id="aging.stale_snapshot",
        title="A heap by priority at the push, refreshed at the top, pops the maximum",
        statement="With one rate for all, a max-heap keyed by the effective priority at the push, "
        "whose pop refreshes the top and pushes it back until the refreshed top still leads, "
        "pops a request of the greatest effective priority.",
        scope="every run of a queue with one shared rate a >= 0",
        source=note("3"),
        decide=_snapshot,
        canary=both(
            false_case(
                "a run where the later request has waited long enough to lead",
                CASE_CONJECTURES["stale_snapshot"],
                _queue("snapshot", "push 0 r1 0 1", "push 1 r2 2 1", "pop 2"),
            ),
            unbroken(
                "a queue that looks at every request pops less than the greatest",
                _EXACT,
                lambda: small_queues("exact"),
            ),
        ),
        vacuity="the case itself",
        remark="At the push nobody has waited yet, so the heap is keyed by the bids alone; and as "
        "priorities only grow, a refreshed top always still leads: the refresh changes nothing. "
        "The key that is right is static, credit at arrival less bid: aging.order_invariant.",
    ),
    Claim(
        id="aging.per_request_rate",
        title="One static key orders requests that age at rates of their own",
        statement="If each request has its own rate a, popping the least static key a t_a - P_bid "
        "pops a request of the greatest effective priority.",
        scope="every run of a queue with rates a >= 0, one a request",
        source=note("3"),
        decide=_per_request_rate,
        canary=both(
            false_case(
                "a run of two rates popped before the order turns",
                CASE_CONJECTURES["per_request_rate"],
                _queue("static_key", "push 0 r1 1 0", "push 0 r2 0 1", "pop 0"),
            ),
            unbroken(
                "a run of one rate breaks it",
                _ONE_RATE,
                lambda: filter(_distinct_keys, small_queues("static_key")),
            ),
        ),
        vacuity="the case itself",
        remark="Ties play no part: the two static keys differ. With K distinct rates one heap a "
        "rate and a look at K heads are right: aging.kinetic_exact.",
    ),
)
