"""What the runtime's aging queue does, counted: comparisons of entries, and keys computed.

The rates that the queue is given are integers that count: what the queue computes from them are
keys, and a key counts each comparison that it takes part in. So the very code that runs is
counted, C's heap included, and nothing of it is replaced.

A queue that compares must tell the N! orders of N requests apart, so pushing and popping all of
them takes log2(N!) comparisons or more, on average over the orders: about log2 N for each push
and pop together, and no fixed number. Of the two either alone may take O(1).

Notation
    N: requests that wait at once; K: classes, each with a rate of its own. Orders of arrival
    against priority: random; *rising*, each push goes before all others; *falling*, each goes
    behind. A head is the first of a class; its priority is a key less the credit of now.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any, ClassVar, Final

from homeostat.errors import HomeostatError
from homeostat.proofs.claims import Canary, CanaryError, Claim, Source
from homeostat.proofs.verdicts import Measured
from homeostat.runtime.scheduler.queue import AgingQueue

__all__ = ["CLAIMS", "Rate", "work_of"]

SIZES: Final = (10, 10**2, 10**3, 10**4, 10**5, 10**6)
SMALL_SIZES: Final = (10**3, 10**4)
"""Of rising and falling orders, of several classes, and of changes of mind."""
CLASS_COUNTS: Final = (4, 16)
SEED: Final = 20260119
_RATE: Final = 10**6
_STEP_NS: Final = 10**3
_BIDS: Final = 2**40
_SLACK: Final = 40
"""c comparisons tell 2^c orders apart, so one in 2^39 at most takes 40 fewer than log2(N!)."""


class _Counts:
    """What has been counted so far."""

    comparisons: ClassVar[int] = 0
    keys: ClassVar[int] = 0
    heads: ClassVar[int] = 0


class _Key(int):
    """An entry's key. Two tuples are compared by asking first whether their keys are equal."""

    __slots__ = ()
    __hash__ = int.__hash__

    def __eq__(self, other: object) -> bool:
        _Counts.comparisons += 1
        return int.__eq__(self, other)

    def __sub__(self, credit: int) -> int:
        """Return the priority of a head, with the sign turned."""
        _Counts.heads += 1
        return _Key(int(self) - credit)


class _Credit(int):
    """What waiting has earned; less a bid it is a key."""

    __slots__ = ()

    def __radd__(self, other: int) -> int:
        return _Credit(other + int(self))

    def __sub__(self, other: int) -> int:
        _Counts.keys += 1
        return _Key(int(self) - other)


class Rate(int):
    """A rate of aging whose credits, and so whose keys, count."""

    __slots__ = ()

    def __mul__(self, other: int) -> int:
        """Return the credit of waiting for a time."""
        return _Credit(int(self) * other)


def work_of(
    queue: Any,
    bids: Sequence[int],
    *,
    classes: int = 1,
    rebids: Sequence[tuple[int, int]] = (),
    cancels: Sequence[int] = (),
) -> dict[str, int]:
    """Return the work of pushing all requests, changing minds, then popping as time passes.

    Args:
        queue: Empty, with the methods of ``AgingQueue`` that are needed, its rates of ``Rate``.
        bids: Micro-bids of requests that arrive 1 us apart, and go to the classes in turn.
        classes: How many the queue has.
        rebids: Requests by index, and their new bids.
        cancels: Requests by index, each once.

    Returns:
        Of each kind of act: how many, comparisons, the most in one of them, keys computed, and
        priorities of heads computed.
    """
    count = len(bids)
    now_ns = count * _STEP_NS

    def push(i: int) -> None:
        queue.push(str(i), arrival_ns=i * _STEP_NS, bid=bids[i], rate_class=i % classes)

    return {
        **_counted("push", push, range(count)),
        **_counted("rebid", lambda change: queue.rebid(str(change[0]), change[1]), rebids),
        **_counted("cancel", lambda i: queue.cancel(str(i)), cancels),
        **_counted("pop", lambda i: queue.pop(now_ns + i * _STEP_NS), range(count - len(cancels))),
    }


def _counted(name: str, act: Callable[[Any], object], items: Iterable[Any]) -> dict[str, int]:
    comparisons, keys, heads = _Counts.comparisons, _Counts.keys, _Counts.heads
    count = most = 0
    for item in items:
        before = _Counts.comparisons
        act(item)
        most = max(most, _Counts.comparisons - before)
        count += 1
    return {
        f"{name}_count": count,
        f"{name}_comparisons": _Counts.comparisons - comparisons,
        f"{name}_most": most,
        f"{name}_keys": _Counts.keys - keys,
        f"{name}_heads": _Counts.heads - heads,
    }


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


def _queue(classes: int) -> AgingQueue:
    return AgingQueue([Rate(_RATE * (k + 1)) for k in range(classes)])


def _point(order: str, count: int) -> dict[str, Any]:
    work = work_of(_queue(1), _bids(order, count))
    least = math.floor(math.lgamma(count + 1) / math.log(2))
    found = work["push_comparisons"] + work["pop_comparisons"]
    if order == "random" and found < least - _SLACK:
        raise HomeostatError(f"{found} comparisons of {count} requests: some were not counted")
    return {"waiting": count, "order": order, "classes": 1, **work, "log2_orders": least}


def _class_point(classes: int, count: int) -> dict[str, Any]:
    work = work_of(_queue(classes), _bids("random", count), classes=classes)
    return {"waiting": count, "order": "random", "classes": classes, **work}


def _changing_point(change: str, count: int) -> dict[str, Any]:
    """Count where all bids change, or every second request is cancelled, in random order."""
    random = Random(SEED - count)
    rebids = [(i, random.randrange(_BIDS)) for i in random.sample(range(count), count)]
    changes: dict[str, Any] = (
        {"rebids": rebids} if change == "rebid" else {"cancels": [i for i, _ in rebids[::2]]}
    )
    work = work_of(_queue(1), _bids("random", count), **changes)
    return {"waiting": count, "order": f"random, {change}", "classes": 1, **work}


def _points() -> Iterable[dict[str, Any]]:
    yield from (_point("random", n) for n in SIZES)
    for n in SMALL_SIZES:
        yield from (_point(order, n) for order in ("rising", "falling"))
        yield from (_class_point(classes, n) for classes in CLASS_COUNTS)
        yield from (_changing_point(change, n) for change in ("rebid", "cancel"))


def _decide() -> Measured:
    points = list(_points())
    random = [p for p in points if p["order"] == "random" and p["classes"] == 1]
    return Measured(
        estimate={
            "of": "comparisons of entries, keys and heads' priorities computed: N pushes, changes "
            "of mind, and pops at later and later times, counted exactly",
            "queue": "homeostat.runtime.scheduler.queue.AgingQueue",
            "log2_orders": "log2(N!) rounded down: what any queue that compares needs on average",
            "push_mean_in_random_order": [_mean(p, "push") for p in random],
            "pop_mean_in_random_order": [_mean(p, "pop") for p in random],
            "push_most_in_rising_order": [p["push_most"] for p in points if p["order"] == "rising"],
            "keys_not_of_a_push_or_rebid": sum(p["pop_keys"] + p["cancel_keys"] for p in points),
            "seed": SEED,
            "points": points,
        }
    )


def _mean(point: dict[str, Any], act: str) -> float:
    comparisons, count = point[f"{act}_comparisons"], point[f"{act}_count"]
    return round(float(comparisons / count), 2)


class _Recomputing:
    """A queue that computes every priority at each pop: what the claim says is not done."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._waiting: list[tuple[str, int, int]] = []

    def push(self, item_id: str, *, arrival_ns: int, bid: int, rate_class: int) -> None:
        self._waiting.append((item_id, arrival_ns, bid))

    def pop(self, now_ns: int) -> str:
        keys = [(self._rate * arrival - bid, name) for name, arrival, bid in self._waiting]
        return self._waiting.pop(keys.index(min(keys)))[0]


def _catch() -> str:
    """Count a queue that computes all keys again at each pop."""
    count = 100
    work = work_of(_Recomputing(Rate(_RATE)), _bids("random", count))
    if (work["push_keys"], work["pop_keys"]) != (0, count * (count + 1) // 2):
        raise CanaryError(f"a queue that computes {count} keys at the first pop counts as {work}")
    if not work["pop_comparisons"] > count * (count - 1) // 2:
        raise CanaryError(f"a queue that compares all with all at each pop counts as {work}")
    return f"counted {work['pop_keys']} keys at the pops of {count} requests"


CLAIMS = (
    Claim(
        id="aging.aging_work",
        title="Waiting rewrites no key; a push and its pop together take O(log N) comparisons",
        statement="Time passing rewrites no key: a key is computed for each push and each change "
        "of a bid, none by a cancel or a pop; with K > 1 classes a pop computes the priorities of "
        "the classes' heads, at most K. A push and its pop together take O(log N) comparisons, and "
        "not O(1). A push alone takes about two in random order, one or none in falling order, and "
        "floor(log2 n) as the n-th in rising order.",
        scope=f"the runtime's queue; one class, random order, N in {SIZES}; for N in {SMALL_SIZES} "
        f"also rising and falling order, {' and '.join(map(str, CLASS_COUNTS))} classes, all bids "
        "changed once, and every second request cancelled",
        source=Source(note="001", section="3"),
        decide=_decide,
        canary=Canary(
            falsehood="a queue that computes all priorities at each pop rewrites no key",
            catch=_catch,
        ),
        vacuity="every point is a concrete run",
        remark="The note's O(1) is the work that aging adds, and so is it here. A request's own "
        "push and pop cannot be O(1) together, as log2(N!)/N grows without bound. A cancel "
        "and a change of a bid leave an entry behind, and the next cancel, change or pop that "
        "finds too many of them rebuilds the heap, with up to 2 comparisons for each request (the "
        "most in one act): with them O(log N) is amortised.",
        trusts=("the counting of comparisons between tuples by their first items",),
        slow=True,
    ),
)
