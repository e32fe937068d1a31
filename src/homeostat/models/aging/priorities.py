"""Effective priority, and the key that orders by it without ever being rewritten.

A request with bid b that arrived at t_a has at time t the effective priority
P(t) = b + A(t) - A(t_a), where A(t) is the credit that waiting until t would have earned: a t for
one constant rate a, any nondecreasing function of time that all requests share otherwise. The
term A(t) is the same for all of them, so -P orders as the key A(t_a) - b does, which time does not
change (note 001, section 3; that the credit may vary is ours).

Main statements (``proofs.theory.aging``, tried by the suite ``aging-queue``)
    order_invariant: the order of two waiting requests never changes.
    no_starvation: who overtakes a request arrived before t_a + (b_max - b)/a.

Notation, in the runtime's units, which are integers
    t: ns since any origin; b: micro-bids; a: micro-bids per second, >= 0.
    credit, key, P: micro-bids x 10^-9, so that a t needs no division: b counts 10^9 of them.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from homeostat.models.numbers import Number

__all__ = ["NANOSECONDS", "SharedRate", "effective_priority", "static_key"]

NANOSECONDS: Final = 10**9
"""Nanoseconds in a second, so also credits in a micro-bid."""


def effective_priority(bid: Number, credit_earned: Number, *, unit: Number = 1) -> Number:
    """Return P = b * unit + credit earned by waiting, over any number type.

    Args:
        bid: What the user offers.
        credit_earned: A(t) - A(t_a); a * (t - t_a) for one constant rate.
        unit: Credits that one unit of the bid counts; ``NANOSECONDS`` in the runtime.
    """
    return bid * unit + credit_earned


def static_key(bid: Number, credit_at_arrival: Number, *, unit: Number = 1) -> Number:
    """Return A(t_a) - b * unit: smaller goes first, and time does not change it."""
    return credit_at_arrival - bid * unit


class SharedRate:
    """A rate of aging that all requests share and that may change with time.

    Piecewise constant from time 0 on; ``credit`` is exact in integers. Changes are appended in
    order of time and past ones never altered, so a key that was computed stays right.
    """

    def __init__(self, rate: int, changes: Sequence[tuple[int, int]] = ()) -> None:
        """Start with a rate, micro-bids per second, and (time in ns, rate) of later changes.

        Raises:
            ValueError: A rate is negative, or the times do not increase from 0.
        """
        self._times: list[int] = []
        self._rates: list[int] = []
        self._credits: list[int] = []
        self.change(0, rate)
        for time_ns, changed in changes:
            self.change(time_ns, changed)

    @property
    def changes(self) -> tuple[tuple[int, int], ...]:
        """(time in ns, rate) from time 0 on."""
        return tuple(zip(self._times, self._rates, strict=True))

    def change(self, time_ns: int, rate: int) -> None:
        """Age at another rate from a time on, not before the last change.

        Raises:
            ValueError: The rate is negative, or the time not after the last change.
        """
        if not rate >= 0:
            raise ValueError(f"rate={rate!r} must be >= 0")
        if self._times and not time_ns > self._times[-1]:
            raise ValueError(f"time_ns={time_ns!r} must be > {self._times[-1]}, the last change")
        credit = self.credit(time_ns) if self._times else 0
        self._times.append(time_ns)
        self._rates.append(rate)
        self._credits.append(credit)

    def credit(self, time_ns: int) -> int:
        """Return A(t), what waiting from time 0 until then earns; O(log changes).

        Raises:
            ValueError: The time is negative.
        """
        if not time_ns >= 0:
            raise ValueError(f"time_ns={time_ns!r} must be >= 0")
        last = bisect_right(self._times, time_ns) - 1
        return self._credits[last] + self._rates[last] * (time_ns - self._times[last])
