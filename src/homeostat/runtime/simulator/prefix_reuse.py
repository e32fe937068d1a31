"""What an evicted sequence still finds of its KV when it comes back.

An engine with prefix caching does not wipe freed blocks. They stand in a queue; new blocks are
taken from its front, and until then a sequence that returns finds its own again. Blocks of one
sequence are freed last block first, so that the ones it needs first go last. Only a sequence's own
blocks are followed: what two prompts share would have to be told by the trace.
"""

from collections import deque
from collections.abc import Iterable

from homeostat.runtime.scheduler import Limits, Plan, Sequence

__all__ = ["FreedBlocks", "KeptBlocks"]


class FreedBlocks:
    """The free blocks in the order in which they will be taken, as runs of one owner each.

    Every method is O(1) amortised over the runs that were put in.
    """

    __slots__ = ("_count", "_of", "_runs")

    def __init__(self, blocks: int) -> None:
        """Start with that many free blocks that hold nothing."""
        # (owner or None, [blocks left]): the list is shared with the owner's entry.
        self._runs: deque[tuple[str | None, list[int]]] = deque([(None, [blocks])])
        self._of: dict[str, list[int]] = {}
        self._count = blocks

    def __len__(self) -> int:
        """Return how many blocks are free."""
        return self._count

    def put(self, blocks: int, owner: str | None = None) -> None:
        """Free blocks; the owner, if any, may come back for them."""
        left = [blocks]
        self._runs.append((owner, left))
        self._count += blocks
        if owner is not None:
            self._of[owner] = left

    def intact(self, owner: str) -> int:
        """Return how many of its first blocks an owner would find."""
        left = self._of.get(owner)
        return left[0] if left else 0

    def claim(self, owner: str, blocks: int) -> None:
        """Give an owner its first blocks back, of those intact; the others hold nothing now."""
        assert 0 <= blocks <= self.intact(owner), (owner, blocks)
        left = self._of.pop(owner, [0])
        left[0] -= blocks
        self._count -= blocks

    def take(self, blocks: int) -> None:
        """Take blocks from the front; what they held is lost."""
        assert 0 <= blocks <= self._count, (blocks, self._count)
        self._count -= blocks
        while blocks:
            owner, left = self._runs[0]
            taken = min(blocks, left[0])
            left[0] -= taken
            blocks -= taken
            if not left[0]:
                self._runs.popleft()
                if owner is not None and self._of.get(owner) is left:
                    del self._of[owner]

    def _check(self) -> None:
        assert sum(left[0] for _, left in self._runs) == self._count
        assert all(left[0] >= 0 for _, left in self._runs)
        lasts = dict(self._runs)
        assert all(lasts[owner] is left for owner, left in self._of.items())


class KeptBlocks:
    """Follows a scheduler's blocks from outside: before and after each plan, after each commit.

    O(running) a step.
    """

    def __init__(self, limits: Limits) -> None:
        """Start with all blocks free."""
        self._size = limits.block_tokens
        self._capacity = limits.kv_blocks
        self._freed = FreedBlocks(limits.kv_blocks)
        self._held: dict[str, tuple[int, int]] = {}
        self._full: dict[str, int] = {}
        """Blocks that were full when their owner was evicted."""
        self._found: dict[str, int] = {}
        """Tokens that an owner found when it came back."""

    def before_plan(self, running: Iterable[Sequence]) -> None:
        """Note blocks and computed tokens, which an eviction makes the scheduler forget."""
        self._held = {s.request.id: (s.blocks, s.computed) for s in running}

    def after_plan(self, plan: Plan, blocks_used: int) -> None:
        """Free what was lost, then take what was given, returning sequences first."""
        for sequence in plan.evicted:
            owner = sequence.request.id
            blocks, computed = self._held[owner]
            self._freed.put(blocks, owner)
            self._full[owner] = computed // self._size
        for sequence in plan.admitted:
            if sequence.evictions:
                self._return(sequence)
        self._freed.take(len(self._freed) - (self._capacity - blocks_used))

    def after_commit(self, blocks_used: int) -> None:
        """Free what the finished held: nobody comes back for it."""
        self._freed.put(self._capacity - blocks_used - len(self._freed))

    def found_tokens(self, owner: str) -> int:
        """Return how many of its first tokens an evicted sequence found when it came back."""
        return self._found.get(owner, 0)

    def _return(self, sequence: Sequence) -> None:
        owner = sequence.request.id
        # Blocks that were full hold all tokens but the last at most: there is always one to
        # compute, from which the step samples.
        blocks = min(self._freed.intact(owner), self._full[owner])
        assert blocks * self._size < sequence.tokens, (owner, blocks)
        self._freed.claim(owner, blocks)
        self._found[owner] = blocks * self._size

    def _check(self) -> None:
        self._freed._check()
        assert set(self._found) <= set(self._full)
