"""What one engine can hold and do in a step."""

from dataclasses import dataclass

from homeostat.errors import InvalidInputError
from homeostat.runtime.scheduler.requests import integer_in

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits that no plan exceeds; every instance satisfies the rules.

    Attributes:
        kv_blocks: KV blocks of the engine, >= 1.
        block_tokens: Tokens of a block, >= 1.
        tokens_per_step: Tokens computed in a step at most, >= ``sequences_max``, so that every
            decoding sequence advances in every step.
        sequences_max: Sequences that run at once at most, >= 1.
        waiting_max: Submissions that find as many waiting are turned away, >= 1.
        free_blocks_min: Blocks that an admission leaves free unless nothing runs, >= 0: room
            to grow, against evictions.

    Raises:
        InvalidInputError: A value breaks its rule.
    """

    kv_blocks: int
    block_tokens: int = 16
    tokens_per_step: int = 2048
    sequences_max: int = 256
    waiting_max: int = 100_000
    free_blocks_min: int = 0

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        for name in ("kv_blocks", "block_tokens", "sequences_max", "waiting_max"):
            integer_in(name, getattr(self, name), 1)
        integer_in("free_blocks_min", self.free_blocks_min, 0)
        integer_in("tokens_per_step", self.tokens_per_step, 1)
        if not self.tokens_per_step >= self.sequences_max:
            raise InvalidInputError(
                f"tokens_per_step={self.tokens_per_step} must be >= sequences_max="
                f"{self.sequences_max}, or not every sequence could decode in a step"
            )
