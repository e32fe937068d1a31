"""Requests as they came to a real or invented serving engine."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import attrgetter
from typing import Final

from homeostat.errors import InvalidInputError
from homeostat.runtime.scheduler.requests import TIME_NS_MAX

__all__ = ["TOKENS_MAX", "MeasuredTimes", "Trace", "TraceRequest"]

TOKENS_MAX: Final = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredTimes:
    """When a real engine did what with a request, in ns since its trace's first ``queued_ns``.

    The engine's clock is not the client's: these times and ``arrival_ns`` have different origins.
    """

    queued_ns: int
    scheduled_ns: int
    first_token_ns: int
    last_token_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRequest:
    """One request of a trace.

    Attributes:
        arrival_ns: ns since the trace's first arrival.
        prompt_tokens: >= 1.
        output_tokens: Tokens that were generated, >= 1.
        hash_ids: Ids of the prompt's blocks, where the trace tells which prefixes are shared.
        measured: What the engine did, where the trace tells it.
    """

    arrival_ns: int
    prompt_tokens: int
    output_tokens: int
    hash_ids: tuple[int, ...] = ()
    measured: MeasuredTimes | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """A name and one or more requests in the order of arrival, the first at 0 ns."""

    name: str
    requests: tuple[TraceRequest, ...]

    def __post_init__(self) -> None:
        """Refuse requests that are none, out of order or out of range.

        Raises:
            InvalidInputError: The value and the rule.
        """
        if not self.requests:
            raise InvalidInputError(f"trace {self.name!r} must hold at least one request, has none")
        if self.requests[0].arrival_ns != 0:
            raise InvalidInputError(
                f"trace {self.name!r}: its first arrival_ns={self.requests[0].arrival_ns} must be 0"
            )
        before = 0
        for request in self.requests:
            if not before <= request.arrival_ns <= TIME_NS_MAX:
                raise InvalidInputError(
                    f"trace {self.name!r}: arrival_ns={request.arrival_ns} must be >= {before}, "
                    f"the one before, and <= {TIME_NS_MAX}"
                )
            _demand_tokens(self.name, "prompt_tokens", request.prompt_tokens)
            _demand_tokens(self.name, "output_tokens", request.output_tokens)
            before = request.arrival_ns

    @classmethod
    def of(cls, name: str, requests: Iterable[TraceRequest]) -> "Trace":
        """Return a trace of requests in any order and from any origin of time.

        Requests that arrive at the same time keep their order.

        Raises:
            InvalidInputError: There are none, or a value is out of range.
        """
        ordered = sorted(requests, key=attrgetter("arrival_ns"))
        origin = ordered[0].arrival_ns if ordered else 0
        return cls(name, tuple(replace(r, arrival_ns=r.arrival_ns - origin) for r in ordered))

    @property
    def gaps_ns(self) -> tuple[int, ...]:
        """Times between one arrival and the next, one fewer than requests."""
        arrivals = [request.arrival_ns for request in self.requests]
        return tuple(b - a for a, b in pairwise(arrivals))


def _demand_tokens(name: str, field: str, count: int) -> None:
    if not 1 <= count <= TOKENS_MAX:
        raise InvalidInputError(f"trace {name!r}: {field}={count} must be >= 1 and <= {TOKENS_MAX}")
