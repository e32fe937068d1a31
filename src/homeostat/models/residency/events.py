"""Events: what one pass through one layer asks of a cache of experts."""

from collections.abc import Iterable
from dataclasses import dataclass

from homeostat.errors import InvalidInputError

__all__ = ["Event", "event_of"]


@dataclass(frozen=True, slots=True)
class Event:
    """The experts that one layer needs for the tokens of one pass, as one unit.

    Attributes:
        experts: Which experts, ascending, each once. What is computed for them, and added up, is
            in this order whatever the cache holds.
        tops: The first choice of each token, in the order of the tokens; empty if unknown.
    """

    experts: tuple[int, ...]
    tops: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is not ascending.

        Raises:
            InvalidInputError: Experts repeat, descend or are negative; a first choice is no expert
                of the event.
        """
        if any(a >= b for a, b in zip(self.experts, self.experts[1:], strict=False)):
            raise InvalidInputError(f"experts {self.experts} must ascend, each once")
        if self.experts and self.experts[0] < 0:
            raise InvalidInputError(f"experts {self.experts} must be >= 0")
        if not set(self.tops) <= set(self.experts):
            raise InvalidInputError(f"first choices {self.tops} must be among {self.experts}")


def event_of(routes: Iterable[Iterable[int]]) -> Event:
    """Return the event of tokens, each with its experts in the order of their weight."""
    tokens = [tuple(token) for token in routes]
    experts = tuple(sorted({expert for token in tokens for expert in token}))
    return Event(experts, tuple(token[0] for token in tokens if token))
