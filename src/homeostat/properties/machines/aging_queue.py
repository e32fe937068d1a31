"""Runs an aging queue beside the naive one, with random operations.

What is tried is any callable that takes the rates, one a class, and returns an object with the
methods ``push``, ``pop``, ``cancel``, ``rebid`` and ``__len__`` of
``runtime.scheduler.queue.AgingQueue``; ``peek``, ``__contains__``, ``change_rate`` and ``_check``
are tried where it has them.

Much is drawn so that priorities tie, or miss a tie by a nanosecond: there an order that is almost
right goes wrong.
"""

from collections.abc import Callable
from functools import partial
from operator import contains
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from homeostat.models.aging import NANOSECONDS
from homeostat.properties.machines.naive_queue import NaiveQueue
from homeostat.properties.machines.recording import RecordingMachine
from homeostat.runtime.scheduler.requests import BID_MAX, RATE_MAX

__all__ = ["AgingQueueMachine"]

_BIDS: Final = st.one_of(st.integers(0, 4), st.integers(0, BID_MAX))
_RATES: Final = st.one_of(st.just(1), st.integers(0, 3), st.sampled_from((7, 1000, RATE_MAX)))
_SPANS_NS: Final = st.one_of(
    st.integers(0, 8).map(lambda halves: halves * NANOSECONDS // 2), st.integers(0, 3)
)
_LATE_NS: Final = 10**18
"""Some thirty years in ns: beyond it float64 tells no two neighbouring nanoseconds apart."""
_WHICH: Final = st.integers(0, 5)


class AgingQueueMachine(RecordingMachine):
    """Every answer of the queue must be the naive twin's."""

    def __init__(self, make: Callable[..., Any], classes_max: int = 4) -> None:
        """Say what makes the queue, and how many rates it is made with at most."""
        super().__init__()
        self.make = make
        self.classes_max = classes_max
        self.subject: Any = None
        self.twin = NaiveQueue(())
        self.gone: list[str] = []
        self.now_ns = 0

    @initialize(rates=st.lists(_RATES, min_size=1, max_size=4), late=st.booleans())
    def begin(self, rates: list[int], *, late: bool) -> None:
        """Create both queues, early or late in the life of the clock."""
        chosen = tuple(rates[: self.classes_max])
        self.now_ns = _LATE_NS if late else 0
        self.subject = self.perform(self, "make", chosen)
        self.twin = NaiveQueue(chosen)

    def _push(self, item_id: str, arrival_ns: int, bid: int, rate_class: int) -> None:
        given: dict[str, Any] = {"arrival_ns": arrival_ns, "bid": bid, "rate_class": rate_class}
        self.perform(self.subject, "push", item_id, **given)
        self.twin.push(item_id, **given)

    @rule(ago_ns=_SPANS_NS, bid=_BIDS, rate_class=st.integers(0, 3))
    def push(self, ago_ns: int, bid: int, rate_class: int) -> None:
        """Push a new item, which may have arrived some time ago."""
        item_id = f"r{self.twin.pushed}"
        arrival_ns = max(0, self.now_ns - ago_ns)
        self._push(item_id, arrival_ns, bid, rate_class % len(self.twin.rates))

    @precondition(lambda self: self.twin.items)
    @rule(which=_WHICH, more=st.integers(0, 3), off_ns=st.integers(-2, 2))
    def push_a_rival(self, which: int, more: int, off_ns: int) -> None:
        """Push one that bids more than another, and arrived later by about what that is worth."""
        rival = self.twin.items[which % len(self.twin.items)]
        rate = max(1, self.twin.rates[rival.rate_class].changes[-1][1])
        arrival_ns = rival.arrival_ns + more * NANOSECONDS // rate + off_ns
        bid = min(rival.bid + more, BID_MAX)
        item_id = f"r{self.twin.pushed}"
        self._push(item_id, min(max(0, arrival_ns), self.now_ns), bid, rival.rate_class)

    @rule(elapsed_ns=_SPANS_NS)
    def wait(self, elapsed_ns: int) -> None:
        """Let time pass."""
        self.now_ns += elapsed_ns

    @rule()
    def pop(self) -> None:
        """Pop; the first of the twin must come out."""
        self._ask("pop")

    @precondition(lambda self: self.twin.items)
    @rule()
    def drain(self) -> None:
        """Pop all: the order of those that a single pop would not show."""
        while self.twin.items:
            self._ask("pop")

    @precondition(lambda self: callable(getattr(self.subject, "peek", None)))
    @rule()
    def peek(self) -> None:
        """Peek; the same must be seen, and stay."""
        self._ask("peek")

    def _ask(self, method: str) -> None:
        if not self.twin.items:
            self.perform(self.subject, method, self.now_ns, refusal=IndexError)
            return
        expected = self.twin.first(self.now_ns)
        got = self.perform(self.subject, method, self.now_ns)
        if got != expected.id:
            known = self.twin.find(got) if isinstance(got, str) else None
            priority = self.twin.priority(known, self.now_ns) if known else "not waiting"
            greatest = self.twin.priority(expected, self.now_ns)
            rule_broken = (
                "of equal priorities the earliest arrival, then the first pushed"
                if priority == greatest
                else "the item of the greatest priority"
            )
            self.fail(
                f"{method} must return {rule_broken}",
                now_ns=self.now_ns,
                got=got,
                got_priority=priority,
                expected=expected.id,
                expected_priority=greatest,
            )
        if method == "pop":
            self.twin.items.remove(expected)
            self.gone.append(expected.id)

    @precondition(lambda self: self.gone)
    @rule(which=_WHICH, bid=_BIDS, ago_ns=_SPANS_NS, rate_class=st.integers(0, 3))
    def push_again(self, which: int, bid: int, ago_ns: int, rate_class: int) -> None:
        """Push an id that was popped or cancelled, as an eviction does."""
        item_id = self.gone.pop(-1 - which % len(self.gone))
        arrival_ns = max(0, self.now_ns - ago_ns)
        self._push(item_id, arrival_ns, bid, rate_class % len(self.twin.rates))

    @precondition(lambda self: self.twin.items)
    @rule(which=_WHICH)
    def cancel(self, which: int) -> None:
        """Cancel one that waits."""
        item = self.twin.items[which % len(self.twin.items)]
        self._expect("cancel", item.id, returns=True)
        self.twin.items.remove(item)
        self.gone.append(item.id)

    @precondition(lambda self: self.twin.items)
    @rule(which=_WHICH, bids=st.lists(st.none() | _BIDS, min_size=1, max_size=9))
    def rebid(self, which: int, bids: list[int | None]) -> None:
        """Change the bid of one that waits, and of those after it; they keep their arrivals.

        Several at once, so that stale entries come to outnumber live ones; None bids the same.
        """
        for place, bid in enumerate(bids, which):
            item = self.twin.items[place % len(self.twin.items)]
            item.bid = item.bid if bid is None else bid
            self._expect("rebid", item.id, item.bid, returns=True)

    @precondition(lambda self: self.gone)
    @rule(which=_WHICH, bid=st.none() | _BIDS)
    def address_one_that_is_gone(self, which: int, bid: int | None) -> None:
        """Cancel or re-bid what waits no longer; nothing may come of it."""
        item_id = self.gone[-1 - which % len(self.gone)]
        if bid is None:
            self._expect("cancel", item_id, returns=False)
        else:
            self._expect("rebid", item_id, bid, returns=False)

    def _expect(self, method: str, item_id: str, *arguments: int, returns: bool) -> None:
        got = self.perform(self.subject, method, item_id, *arguments)
        if got is not returns:
            self.fail(f"{method} must return {returns}", got=repr(got))

    @precondition(lambda self: callable(getattr(self.subject, "change_rate", None)))
    @rule(rate=_RATES, rate_class=st.integers(0, 3))
    def change_rate(self, rate: int, rate_class: int) -> None:
        """Let a class earn at another rate from now on, or a moment later."""
        rate_class %= len(self.twin.rates)
        last_ns = self.twin.rates[rate_class].changes[-1][0]
        self.now_ns = max(self.now_ns, last_ns + 1)
        self.perform(self.subject, "change_rate", self.now_ns, rate, rate_class)
        self.twin.rates[rate_class].change(self.now_ns, rate)

    @precondition(lambda self: self.operations)
    @invariant()
    def the_rest_agrees(self) -> None:
        """Length and membership are the twin's, and the queue's own invariants hold."""
        self.check(self.subject)
        waiting = len(self.twin.items)
        length = self.observe("len", lambda: len(self.subject))
        if length != waiting:
            self.fail("len must be the number that waits", got=length, waiting=waiting)
        if not hasattr(self.subject, "__contains__"):
            return
        for item_id in [item.id for item in self.twin.items] + self.gone:
            seen = self.observe("in", partial(contains, self.subject, item_id))
            if seen is (self.twin.find(item_id) is None):
                self.fail(f"{item_id!r} in queue must tell whether it waits", got=seen)
