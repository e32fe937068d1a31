"""How a request ends at the front: finished, or by one of these errors.

Beside them there is ``DeadlineExceededError``, which the scheduler itself decides.
"""

from dataclasses import dataclass
from enum import Enum
from typing import final

from homeostat.errors import HomeostatError

__all__ = [
    "Completion",
    "Ending",
    "FrontClosedError",
    "RequestCancelledError",
    "ServingFailedError",
]


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


class RequestCancelledError(HomeostatError):
    """The request was cancelled before it was finished."""


class FrontClosedError(HomeostatError):
    """The front serves no longer, or not yet."""


class ServingFailedError(HomeostatError):
    """The engine raised or broke its contract, which ends all service; the cause is chained."""
