"""How long an engine takes for one step, from the work in it.

t = a + b n + c r + d p, with n tokens of prompts computed, r tokens whose KV is read, p pairs of a
computed prompt token and one that it attends to. The constant a is what every step costs, reading
the weights above all, so decoding is a + c r: more sequences cost as much as their KV. All
coefficients are >= 0, in ns; ``fitting`` finds them from a measured run.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from homeostat.errors import InvalidInputError
from homeostat.runtime.scheduler.requests import TIME_NS_MAX

__all__ = ["StepTime", "Work"]


class Work(NamedTuple):
    """What a step computes, beyond being one.

    Attributes:
        prefill_tokens: Tokens of prompts, and of evicted sequences again, that are computed.
        decoding: Sequences that compute one token each.
        context_tokens: Tokens whose KV is read: by each decoding sequence all of its own, by a
            chunk those before it.
        attention_pairs: For each prefill token, the tokens it attends to, itself included.
    """

    prefill_tokens: int
    decoding: int
    context_tokens: int
    attention_pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTime:
    """The coefficients, each in 0 .. ``TIME_NS_MAX``, not all zero.

    Attributes:
        step_ns: Of every step.
        prefill_token_ns: For each prefill token.
        context_token_ns: For each token whose KV is read.
        attention_pair_ns: For each pair that a prefill attends to.

    Raises:
        InvalidInputError: One is out of range, or a step without prefill would take no time.
    """

    step_ns: float
    prefill_token_ns: float
    context_token_ns: float
    attention_pair_ns: float

    def __post_init__(self) -> None:
        """Refuse coefficients out of range."""
        for name, value in asdict(self).items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise InvalidInputError(f"{name}={value!r} must be a number")
            if not 0 <= value <= TIME_NS_MAX:
                raise InvalidInputError(f"{name}={value!r:.60} must be >= 0 and <= {TIME_NS_MAX}")
        if not self.step_ns + self.context_token_ns > 0:
            raise InvalidInputError("step_ns or context_token_ns must be > 0")

    def __call__(self, work: Work) -> int:
        """Return t of a step, in whole ns, at least 1."""
        return max(
            1,
            round(
                self.step_ns
                + self.prefill_token_ns * work.prefill_tokens
                + self.context_token_ns * work.context_tokens
                + self.attention_pair_ns * work.attention_pairs
            ),
        )

    def to_json(self) -> dict[str, float]:
        """Return the coefficients by name."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "StepTime":
        """Return coefficients from their names and values.

        Raises:
            InvalidInputError: A name is missing or unknown, or a value out of range.
        """
        names = set(cls.__dataclass_fields__)
        if set(data) != names:
            raise InvalidInputError(
                f"a step time has the fields {sorted(names)}, got {sorted(data)!r:.200}"
            )
        return cls(**data)
