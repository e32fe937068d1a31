"""The lazy-aging queue as an order of admission: the bid grows with waiting time."""

from homeostat.runtime.scheduler.queue import AgingQueue
from homeostat.runtime.scheduler.requests import Sequence

__all__ = ["AgingOrder"]


class AgingOrder(AgingQueue):
    """An ``AgingQueue`` that reads bid, arrival, rate class and serial off the sequence."""

    __slots__ = ()

    def add(self, sequence: Sequence) -> None:
        """Add a sequence whose id is not in the queue.

        Among equals it stands by its own serial, not as the last one pushed: an eviction must
        not cost its place.
        """
        request = sequence.request
        self.push(
            request.id,
            arrival_ns=request.arrival_ns,
            bid=request.bid,
            rate_class=request.rate_class,
            serial=sequence.serial,
        )

    def reorder(self, sequence: Sequence) -> None:
        """Order a waiting sequence by its request's new bid."""
        self.rebid(sequence.request.id, sequence.request.bid)
