"""What the runtime's aging queue does, counted: comparisons of entries, and keys computed.

The rate that the queue is given is an integer that counts: what the queue computes from it is a
key, and a key counts each comparison that it takes part in. So the very code that runs is counted,
C's heap included, and nothing of it is replaced.

A queue that compares must tell the N! orders of N requests apart, so pushing and popping all of
them takes log2(N!) comparisons or more, on average over the orders: about log2 N for each request,
and no fixed number.

Notation
    N: requests that wait at once. Orders of arrival against priority: random; *rising*, each push
    goes before all others; *falling*, each goes behind.
"""

import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, ClassVar, Final, Protocol

from homeostat.errors import HomeostatError
from homeostat.proofs.claims import Canary, CanaryError, Claim, Source
from homeostat.proofs.verdicts import Measured
from homeostat.runtime.scheduler.queue import AgingQueue

__all__ = ["CLAIMS", "Rate", "work_of"]

SIZES: Final = (10, 10**2, 10**3, 10**4, 10**5, 10**6)
ORDERED_SIZES: Final = (10**3, 10**4)
SEED: Final = 20260119
_RATE: Final = 10**6
_STEP_NS: Final = 10**3
_BIDS: Final = 2**40
_SLACK: Final = 40
"""c comparisons tell 2^c orders apart, so one in 2^39 at most takes 40 fewer than log2(N!)."""


class _Counts:
    """What has been counted since the last reset."""

    keys: ClassVar[int] = 0
    comparisons: ClassVar[int] = 0

    @classmethod
    def reset(cls) -> None:
        cls.keys = cls.comparisons = 0


class _Key(int):
    """An entry's key. Two tuples are compared by asking first whether their keys are equal."""

    __slots__ = ()
    __hash__ = int.__hash__

    def __eq__(self, other: object) -> bool:
        _Counts.comparisons += 1
        return int.__eq__(self, other)


class _Credit(int):
    """What waiting has earned; less a bid it is a key."""

    __slots__ = ()

    def __sub__(self, other: int) -> int:
        _Counts.keys += 1
        return _Key(int(self) - other)


class Rate(int):
    """A rate of aging whose credits, and so whose keys, count."""

    __slots__ = ()

    def __mul__(self, other: int) -> int:
        """Return the credit of waiting for a time."""
        return _Credit(int(self) * other)


class Queue(Protocol):
    """What is counted."""

    def push(self, item_id: str, *, arrival_ns: int, bid: int = 0) -> None: ...
    def pop(self, now_ns: int) -> str: ...


def work_of(queue: Queue, bids: Sequence[int]) -> dict[str, int]:
    """Return the comparisons and keys of pushing all requests, then popping all as time passes.

    Args:
        queue: Empty, and built with a ``Rate``.
        bids: Micro-bids of requests that arrive 1 us apart.
    """
    _Counts.reset()
    arrivals = range(0, len(bids) * _STEP_NS, _STEP_NS)
    pushed, push_most, keys = _counted(
        lambda i: queue.push(str(i), arrival_ns=arrivals[i], bid=bids[i]), len(bids)
    )
    now_ns = len(bids) * _STEP_NS
    popped, pop_most, later = _counted(lambda i: queue.pop(now_ns + i * _STEP_NS), len(bids))
    return {
        "push_comparisons": pushed,
        "push_most": push_most,
        "pop_comparisons": popped,
        "pop_most": pop_most,
        "keys_at_push": keys,
        "keys_later": later,
    }


def _counted(act: Callable[[int], object], count: int) -> tuple[int, int, int]:
    """Return comparisons, the most in one act, and keys computed."""
    began, keys, most = _Counts.comparisons, _Counts.keys, 0
    for i in range(count):
        before = _Counts.comparisons
        act(i)
        most = max(most, _Counts.comparisons - before)
    return _Counts.comparisons - began, most, _Counts.keys - keys


def _bids(order: str, count: int) -> list[int]:
    # Waiting for 1 us earns one micro-bid at this rate.
    match order:
        case "rising":
            return [2 * i for i in range(count)]
        case "falling":
            return [0] * count
        case _:
            random = Random(SEED + count)
            return [random.randrange(_BIDS) for _ in range(count)]


def _point(order: str, count: int) -> dict[str, Any]:
    work = work_of(AgingQueue((Rate(_RATE),)), _bids(order, count))
    least = math.floor(math.lgamma(count + 1) / math.log(2))
    found = work["push_comparisons"] + work["pop_comparisons"]
    if order == "random" and found < least - _SLACK:
        raise HomeostatError(f"{found} comparisons of {count} requests: some were not counted")
    return {"waiting": count, "order": order, **work, "log2_orders": least}


def _decide() -> Measured:
    points = [_point("random", count) for count in SIZES]
    points += [_point(order, n) for order in ("rising", "falling") for n in ORDERED_SIZES]
    return Measured(
        estimate={
            "of": "comparisons of entries and keys computed, N pushes and then N pops at later "
            "and later times, counted exactly",
            "queue": "homeostat.runtime.scheduler.queue.AgingQueue, one rate",
            "log2_orders": "log2(N!) rounded down: what any queue that compares needs on average",
            "seed": SEED,
            "points": points,
        }
    )


class _Recomputing:
    """A queue that computes every priority at each pop: what the claim says is not done."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._waiting: list[tuple[str, int, int]] = []

    def push(self, item_id: str, *, arrival_ns: int, bid: int = 0) -> None:
        self._waiting.append((item_id, arrival_ns, bid))

    def pop(self, now_ns: int) -> str:
        keys = [(self._rate * arrival - bid, name) for name, arrival, bid in self._waiting]
        return self._waiting.pop(keys.index(min(keys)))[0]


def _catch() -> str:
    """Count a queue that computes all keys again at each pop."""
    count = 100
    work = work_of(_Recomputing(Rate(_RATE)), _bids("random", count))
    if (work["keys_at_push"], work["keys_later"]) != (0, count * (count + 1) // 2):
        raise CanaryError(f"a queue that computes {count} keys at the first pop counts as {work}")
    if not work["pop_comparisons"] > count * (count - 1) // 2:
        raise CanaryError(f"a queue that compares all with all at each pop counts as {work}")
    return f"counted {work['keys_later']} keys at the pops of {count} requests"


CLAIMS = (
    Claim(
        id="aging.aging_work",
        title="Waiting rewrites no key; push and pop take O(log N) comparisons, not O(1)",
        statement="No key is rewritten by time passing: N requests take N keys, all computed when "
        "they are pushed; a push and a pop take O(log N) comparisons, not O(1).",
        scope=f"the runtime's queue with one rate, N in {SIZES}, random order; "
        f"rising and falling order for N in {ORDERED_SIZES}",
        source=Source(note="001", section="3"),
        decide=_decide,
        canary=Canary(
            falsehood="a queue that computes all priorities at each pop rewrites no key",
            catch=_catch,
        ),
        vacuity="every point is a concrete run",
        remark="The note's O(1) is the work that aging adds; a request's own push and pop cannot "
        "be O(1) together, as log2(N!)/N grows without bound.",
        trusts=("the counting of comparisons between tuples by their first items",),
        slow=True,
    ),
)
