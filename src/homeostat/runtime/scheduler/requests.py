"""A request as it is submitted, and its state while it is served."""

from dataclasses import dataclass
from typing import Final

from homeostat.errors import InvalidInputError

__all__ = ["BID_MAX", "RATE_MAX", "TIME_NS_MAX", "Request", "Sequence", "integer_in"]

BID_MAX: Final = 2**40
"""Micro-bids at most. With the two limits below every key fits a signed 128-bit word."""

RATE_MAX: Final = 2**40
"""Micro-bids per second at most, of a rate of ageing."""

TIME_NS_MAX: Final = 2**62
"""Latest time, ns since the scheduler's origin."""


def integer_in(name: str, value: object, low: int, high: int | None = None) -> int:
    """Return a value that is an integer in low .. high.

    Raises:
        InvalidInputError: It is not; the message shows the value and the rule.
    """
    rule = f"{name}={value!r} must be an integer"
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInputError(rule)
    if not value >= low:
        raise InvalidInputError(f"{rule} >= {low}")
    if high is not None and not value <= high:
        raise InvalidInputError(f"{rule} <= {high}")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a user asks for; every instance is in range.

    Attributes:
        id: Unique among live requests, not empty.
        arrival_ns: ns since the scheduler's origin, 0 .. ``TIME_NS_MAX``.
        prompt_tokens: >= 1.
        output_tokens_max: Tokens to generate at most, >= 1.
        bid: Micro-bids, 0 .. ``BID_MAX``.
        rate_class: Index into the policy's rates of ageing, >= 0.
        deadline_ns: When it is no longer wanted; None for never.

    Raises:
        InvalidInputError: A value breaks its rule.
    """

    id: str
    arrival_ns: int
    prompt_tokens: int
    output_tokens_max: int
    bid: int = 0
    rate_class: int = 0
    deadline_ns: int | None = None

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        if not isinstance(self.id, str) or not self.id:
            raise InvalidInputError(f"id={self.id!r} must be a string that is not empty")
        integer_in("arrival_ns", self.arrival_ns, 0, TIME_NS_MAX)
        integer_in("prompt_tokens", self.prompt_tokens, 1)
        integer_in("output_tokens_max", self.output_tokens_max, 1)
        integer_in("bid", self.bid, 0, BID_MAX)
        integer_in("rate_class", self.rate_class, 0)
        if self.deadline_ns is not None:
            integer_in("deadline_ns", self.deadline_ns, 0, TIME_NS_MAX)

    @property
    def kv_tokens_max(self) -> int:
        """Tokens whose KV it holds at most: the last token sampled is never computed."""
        return self.prompt_tokens + self.output_tokens_max - 1


@dataclass(slots=True, eq=False)
class Sequence:
    """A live request's state; written by the scheduler alone.

    Attributes:
        request: What was asked for.
        serial: How many were submitted before it.
        generated: Tokens sampled so far; they survive an eviction and are computed again
            as if they were prompt.
        computed: Tokens whose KV is in memory; 0 while it waits.
        computed_before: Tokens whose KV was in memory at an eviction, at most.
        blocks: KV blocks held.
        admission: How many admissions there were before its last one.
        evictions: Times it lost its blocks.
        recomputed: Tokens computed again because of that: the waste.
        admitted_ns: First admission.
        first_token_ns, finished_ns: ns since the scheduler's origin.
    """

    request: Request
    serial: int = 0
    generated: int = 0
    computed: int = 0
    computed_before: int = 0
    blocks: int = 0
    admission: int = 0
    evictions: int = 0
    recomputed: int = 0
    admitted_ns: int | None = None
    first_token_ns: int | None = None
    finished_ns: int | None = None

    @property
    def tokens(self) -> int:
        """Prompt and generated tokens: a step that has computed them all samples the next."""
        return self.request.prompt_tokens + self.generated

    def recomputed_of(self, tokens: int) -> int:
        """Return how many of the next tokens had been computed before an eviction."""
        return max(0, min(tokens, self.computed_before - self.computed))
