import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from homeostat.runtime.scheduler import Limits, Plan, Request, Sequence
from homeostat.runtime.simulator.prefix_reuse import FreedBlocks, KeptBlocks

BLOCKS = 30
OWNERS = ("a", "b", "c")


class FreedBlocksAgreeWithAListOfBlocks(RuleBasedStateMachine):
    """The naive twin has one entry a block: (owner, which of its blocks), or None."""

    def __init__(self) -> None:
        super().__init__()
        self.freed = FreedBlocks(BLOCKS)
        self.queue: list[tuple[str, int] | None] = [None] * BLOCKS
        self.taken = 0
        self.away: set[str] = set()

    def _intact(self, owner: str) -> int:
        return sum(entry is not None and entry[0] == owner for entry in self.queue)

    @rule(blocks=st.integers(0, BLOCKS))
    def take(self, blocks: int) -> None:
        blocks = min(blocks, len(self.queue))
        self.freed.take(blocks)
        del self.queue[:blocks]
        self.taken += blocks

    @rule(blocks=st.integers(0, BLOCKS))
    def free_for_good(self, blocks: int) -> None:
        blocks = min(blocks, self.taken)
        self.freed.put(blocks)
        self.queue += [None] * blocks
        self.taken -= blocks

    @rule(owner=st.sampled_from(OWNERS), blocks=st.integers(0, BLOCKS))
    def evict(self, owner: str, blocks: int) -> None:
        if owner in self.away:
            return
        blocks = min(blocks, self.taken)
        self.freed.put(blocks, owner)
        self.queue += [(owner, block) for block in reversed(range(blocks))]
        self.taken -= blocks
        self.away.add(owner)

    @precondition(lambda self: self.away)
    @rule(data=st.data())
    def come_back(self, data: st.DataObject) -> None:
        owner = data.draw(st.sampled_from(sorted(self.away)))
        blocks = data.draw(st.integers(0, self._intact(owner)))
        self.freed.claim(owner, blocks)
        self.queue = [
            None if entry is not None and entry[0] == owner else entry
            for entry in self.queue
            if entry is None or entry[0] != owner or entry[1] >= blocks
        ]
        self.taken += blocks
        self.away.discard(owner)

    @invariant()
    def both_agree(self) -> None:
        self.freed._check()
        assert len(self.freed) == len(self.queue) == BLOCKS - self.taken
        for owner in OWNERS:
            own = [entry[1] for entry in self.queue if entry is not None and entry[0] == owner]
            # Its last blocks go first, so what is left are its first ones.
            assert sorted(own) == list(range(len(own)))
            assert self.freed.intact(owner) == len(own)


TestFreedBlocksAgreeWithAListOfBlocks = pytest.mark.slow(FreedBlocksAgreeWithAListOfBlocks.TestCase)
TestFreedBlocksAgreeWithAListOfBlocks.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, derandomize=True
)


LIMITS = Limits(kv_blocks=10, block_tokens=4)


def a_sequence(*, computed: int, blocks: int, name: str = "a") -> Sequence:
    request = Request(id=name, arrival_ns=0, prompt_tokens=16, output_tokens_max=9)
    return Sequence(request, generated=1, computed=computed, blocks=blocks)


def evicted_and_back(*, computed: int, blocks: int, taken: int) -> int:
    """Return the tokens found after an eviction and others that took blocks until the return."""
    kept = KeptBlocks(LIMITS)
    sequence = a_sequence(computed=computed, blocks=blocks)
    kept.before_plan([])
    kept.after_plan(Plan(0, admitted=[sequence]), blocks)
    kept.before_plan([sequence])
    sequence.evictions, sequence.computed, sequence.blocks = 1, 0, 0
    kept.after_plan(Plan(1, evicted=[sequence]), 0)
    kept.before_plan([])
    kept.after_plan(Plan(2), taken)
    kept.after_commit(0)
    kept.before_plan([])
    kept.after_plan(Plan(3, admitted=[sequence]), 4)
    kept._check()
    return kept.found_tokens("a")


def test_what_nobody_took_is_found_but_only_full_blocks() -> None:
    assert evicted_and_back(computed=16, blocks=4, taken=0) == 16
    assert evicted_and_back(computed=15, blocks=4, taken=0) == 12
    assert evicted_and_back(computed=3, blocks=4, taken=0) == 0


def test_the_last_blocks_are_overwritten_first() -> None:
    # Six blocks are free before the four that were lost.
    found = [evicted_and_back(computed=16, blocks=4, taken=taken) for taken in range(5, 11)]
    assert found == [16, 16, 12, 8, 4, 0]


def test_who_returns_takes_its_own_blocks_and_not_those_in_front() -> None:
    kept = KeptBlocks(LIMITS)
    both = [a_sequence(computed=16, blocks=5, name=name) for name in "ba"]
    kept.before_plan([])
    kept.after_plan(Plan(0, admitted=list(both)), 10)
    kept.before_plan(both)
    for sequence in both:
        sequence.evictions, sequence.computed, sequence.blocks = 1, 0, 0
    kept.after_plan(Plan(1, evicted=list(both)), 0)
    for sequence, used in ((both[1], 4), (both[0], 8)):
        kept.before_plan([])
        kept.after_plan(Plan(2, admitted=[sequence]), used)
    assert [kept.found_tokens(name) for name in "ba"] == [16, 16]
