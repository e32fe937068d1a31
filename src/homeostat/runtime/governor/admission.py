"""Who may be placed next: queues of tenants, bids, and a price that those pay who were placed.

Each tenant has a queue. In a round every tenant with a job bids for its first one, no more than its
account can pay with the tax. The highest bids are tried first; what finds no room goes behind its
tenant's others and pays nothing. When as many were placed as the round has places, the highest bid
that was not tried is the price: each of the placed pays it, and the tax on it, to the treasury. So
nobody gains by bidding other than what a place is worth to it, as long as bids change no one's
room; and nobody pays where there is room for all.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, final

from homeostat.errors import InvalidInputError, QueueFullError
from homeostat.models.market import affordable_bid, cost
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.ledger import Ledger

__all__ = ["BID_MAX", "QUEUE_MAX", "Admission", "Round", "Waiting"]

QUEUE_MAX: Final = 1_000_000
BID_MAX: Final = 2**60


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that waits.

    Attributes:
        id: Of the job, given by whoever submits.
        job: What it wants.
        bid: Tokens it is worth to its tenant.
    """

    id: int
    job: Job
    bid: int


@dataclass(frozen=True, slots=True)
class Round:
    """What a round did.

    Attributes:
        placed: Ids, in the order in which they were placed.
        refused: Ids that found no room.
        price: What each of the placed paid, without tax.
    """

    placed: tuple[int, ...]
    refused: tuple[int, ...]
    price: int


@final
class Admission:
    """Queues of tenants over a ledger with an account for each.

    Args:
        ledger: Who has how many tokens.
        queue_max: Jobs that may wait.
    """

    def __init__(self, ledger: Ledger, *, queue_max: int = QUEUE_MAX) -> None:
        """Begin with no job.

        Raises:
            InvalidInputError: ``queue_max`` is out of range.
        """
        if not 1 <= queue_max <= QUEUE_MAX:
            raise InvalidInputError(f"queue_max={queue_max} must be >= 1 and <= {QUEUE_MAX}")
        self._ledger = ledger
        self._queue_max = queue_max
        self._queues: list[deque[Waiting]] = [deque() for _ in ledger.supply.balances]
        self._count = 0

    def __len__(self) -> int:
        """Return how many jobs wait."""
        return self._count

    def waiting(self) -> list[Waiting]:
        """Return what waits, tenant by tenant. O(waiting)."""
        return [waiting for queue in self._queues for waiting in queue]

    def offer(self, waiting: Waiting) -> None:
        """Let a job wait, last of its tenant's. O(1).

        Raises:
            InvalidInputError: The tenant has no account, or the bid is out of range.
            QueueFullError: As many wait as may.
        """
        tenant = waiting.job.tenant
        if not 0 <= tenant < len(self._queues):
            raise InvalidInputError(f"tenant={tenant} must be >= 0 and < {len(self._queues)}")
        if not 0 <= waiting.bid <= BID_MAX:
            raise InvalidInputError(f"bid={waiting.bid} must be >= 0 and <= {BID_MAX}")
        if self._count >= self._queue_max:
            raise QueueFullError(f"{self._count} jobs wait, at most {self._queue_max} may")
        self._queues[tenant].append(waiting)
        self._count += 1

    def readmit(self, waiting: Waiting) -> None:
        """Let a job that was placed before wait again, first of its tenant's, full or not. O(1)."""
        self._queues[waiting.job.tenant].appendleft(waiting)
        self._count += 1

    def clear(self, places: int, rate: Fraction, place: Callable[[Waiting], bool]) -> Round:
        """Hold one round.

        Args:
            places: How many jobs may be placed.
            rate: Of the tax, >= 0.
            place: Places a job, and returns whether there was room.

        Raises:
            InvalidInputError: ``places`` is negative.
        """
        if places < 0:
            raise InvalidInputError(f"places={places} must be >= 0")
        bids = [
            (min(queue[0].bid, affordable_bid(self._ledger.balance(tenant), rate)), tenant)
            for tenant, queue in enumerate(self._queues)
            if queue
        ]
        bids.sort(key=lambda entry: (-entry[0], entry[1]))
        placed: list[Waiting] = []
        refused: list[int] = []
        price = 0
        for bid, tenant in bids:
            if len(placed) == places:
                price = bid
                break
            queue = self._queues[tenant]
            if place(queue[0]):
                placed.append(queue.popleft())
                self._count -= 1
            else:
                refused.append(queue[0].id)
                queue.rotate(-1)
        for waiting in placed:
            self._ledger.pay(waiting.job.tenant, None, int(cost(price, rate)))
        return Round(tuple(waiting.id for waiting in placed), tuple(refused), price)
