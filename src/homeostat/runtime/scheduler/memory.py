"""The engine's KV memory, counted in blocks; which block holds what is the engine's affair."""

from homeostat.runtime.scheduler.limits import Limits
from homeostat.runtime.scheduler.requests import Sequence

__all__ = ["KVMemory"]


class KVMemory:
    """Blocks held by sequences, at most ``kv_blocks`` of them; every method O(1)."""

    __slots__ = ("_block_tokens", "_capacity", "used")

    def __init__(self, limits: Limits) -> None:
        """Start empty."""
        self._capacity = limits.kv_blocks
        self._block_tokens = limits.block_tokens
        self.used = 0

    @property
    def free(self) -> int:
        """Blocks that nobody holds."""
        return self._capacity - self.used

    def blocks_for(self, tokens: int) -> int:
        """Return how many blocks hold the KV of so many tokens."""
        return -(-tokens // self._block_tokens)

    def take(self, sequence: Sequence, blocks: int) -> None:
        """Give a sequence so many more blocks; they must be free."""
        assert 0 <= blocks <= self.free, (blocks, self.free)
        self.used += blocks
        sequence.blocks += blocks

    def release(self, sequence: Sequence) -> None:
        """Take all its blocks back."""
        self.used -= sequence.blocks
        sequence.blocks = 0

    def _check(self) -> None:
        """Assert that no more is held than there is."""
        assert 0 <= self.used <= self._capacity
