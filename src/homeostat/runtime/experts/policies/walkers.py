"""The first choices of the tokens that are on their way, and which follows which."""

from collections.abc import Iterable

from homeostat.models.residency.events import Event

__all__ = ["Walkers"]


class Walkers:
    """Tokens of a layer as walkers on its experts.

    An event with as many tokens as the one before is taken to be of the same walkers, one step on.
    With another number the batch has changed: nobody's step is known, and none is counted.
    """

    def __init__(self) -> None:
        """Start with no walker known."""
        self.tops: tuple[int, ...] = ()

    def steps(self, event: Event) -> Iterable[tuple[int, int]]:
        """Move on to an event, and return from where to where each walker went."""
        before, self.tops = self.tops, event.tops
        return zip(before, self.tops, strict=True) if len(before) == len(self.tops) else ()
