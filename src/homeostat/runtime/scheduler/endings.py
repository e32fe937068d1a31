"""How a request ends at the front where it does not end by an error."""

from dataclasses import dataclass
from enum import Enum
from typing import final

__all__ = ["Completion", "Ending"]


class Ending(Enum):
    """Why a finished request has no more tokens."""

    STOPPED = "stopped"
    """The engine sampled the end of the sequence."""
    LENGTH = "length"
    """It has as many tokens as it asked for at most."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """All tokens of a finished request."""

    tokens: tuple[int, ...]
    ending: Ending
