"""Bids for requests of traces, which carry none, and what they bought.

Bids are uniform on 0 .. 60 million micro-bids less one: where waiting for a second is worth a
million micro-bids, as policies have it unless told otherwise, the highest bid is worth a minute.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from homeostat.runtime.scheduler import Request
from homeostat.runtime.scheduler import Sequence as ServedSequence

__all__ = ["BIDS", "QUARTERS", "ttft_by_bid_ns", "with_bids"]

BIDS: Final = 60_000_000
"""How many bids there are: 0, 1, ... micro-bids."""

QUARTERS: Final = 4


def with_bids(requests: Iterable[Request], seed: int) -> tuple[Request, ...]:
    """Return the requests with bids drawn at random; the same seed gives the same bids."""
    asked = tuple(requests)
    bids = np.random.default_rng(seed).integers(0, BIDS, len(asked)).tolist()
    return tuple(replace(request, bid=bid) for request, bid in zip(asked, bids, strict=True))


def ttft_by_bid_ns(finished: Sequence[ServedSequence]) -> list[float | None]:
    """Return mean TTFT of the requests in each quarter of the range of bids, the lowest first.

    None where a quarter holds no request.
    """
    waits: list[list[int]] = [[] for _ in range(QUARTERS)]
    for sequence in finished:
        assert sequence.first_token_ns is not None
        request = sequence.request
        waits[request.bid * QUARTERS // BIDS].append(sequence.first_token_ns - request.arrival_ns)
    return [sum(times) / len(times) if times else None for times in waits]
