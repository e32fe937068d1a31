"""Who loses its KV when the decoding sequences no longer fit: least key first.

Somebody ends within a bounded number of steps, whatever is submitted. Under either key the
greatest sequence that runs is never evicted: evicting all the others frees the whole memory, and
none is taken that does not fit alone.

- ``last-in``: the greatest is the first admitted. It stays so until it ends, is computed in
  bounded time, and then decodes in every step.
- ``least-decoded``: let c be the most tokens that a running sequence has generated. One with c
  tokens is the greatest, so c never falls before somebody ends. While c stands still all those
  with c tokens are being prefilled, the greatest is the first admitted of them, and chunks go out
  in the order of admission with room for one token at least in every step; so it is computed
  after at most as many steps as the memory holds tokens, and then c grows, up to the longest
  output.

No request starves where the order lets none overtake it for ever: "fcfs", and "aging" at one
positive rate. With several rates it may starve although all are positive: requests of a faster
class overtake it for ever if they come faster than they are served (claim
``aging.no_starvation.rates``). Once it is first in that order, nobody is admitted while it waits,
and whoever is admitted while it runs is evicted before it, unless it came back with more tokens
generated; those are finitely many, none joins them later, and each step of theirs brings one of
them nearer to its end.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from homeostat.runtime.scheduler.requests import Sequence

__all__ = ["EVICTIONS"]


def _least_decoded(sequence: Sequence) -> tuple[int, int]:
    return (sequence.generated, -sequence.admission)


def _last_in(sequence: Sequence) -> tuple[int, int]:
    return (-sequence.admission, 0)


EVICTIONS: Final[Mapping[str, Callable[[Sequence], tuple[int, int]]]] = MappingProxyType(
    {"least-decoded": _least_decoded, "last-in": _last_in}
)
"""Keys by word; "reservation" has none, as it holds from admission all that it will need."""
