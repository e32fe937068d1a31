"""Blocks of a KV cache among conversations whose claims to them evaporate.

A conversation earns tokens in each step in which it decodes. A block that is needed and not free is
taken from whoever has the fewest tokens, if that is fewer than one has oneself; else one waits.
Tokens evaporate, so that a claim that is not renewed fades, and all tokens together stay bounded.
Without evaporation those who spoke first stay rich for ever, silent or not, and keep their blocks.
Beside both stands what a cache does without any market: the least recently used gives way.

    python docs/examples/kv_evaporation.py
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from homeostat.errors import HomeostatError
from homeostat.models.market import supply_bound
from homeostat.runtime.governor.ledger import Ledger

BLOCKS = 96
BLOCK_TOKENS = 16
CONVERSATIONS = 64
STEPS = 4000
TURN_STEPS = 48
SPEAKERS = 12
MINT = 120
SEED = 7


@dataclass
class Outcome:
    """What happened in a run.

    Attributes:
        waited: Steps in which a conversation that wanted to decode had no block, by conversation.
        decoded: Steps in which it did.
        supply_most: Most tokens there ever were.
        taken: Blocks taken from another conversation.
    """

    waited: Counter[int]
    decoded: Counter[int]
    supply_most: int
    taken: int


def run(kappa: Fraction | None) -> Outcome:
    """Let conversations take turns; old ones fall silent as new ones begin.

    Args:
        kappa: Part of all tokens that evaporates in a step; None to go by recency alone.

    Raises:
        HomeostatError: More blocks were held than there are.
    """
    random = Random(SEED)
    ledger = Ledger([0] * CONVERSATIONS)
    last = [0] * CONVERSATIONS
    speakers: list[int] = []
    blocks = [0] * CONVERSATIONS
    written = [0] * CONVERSATIONS
    outcome = Outcome(Counter(), Counter(), 0, 0)
    for step in range(STEPS):
        if step % TURN_STEPS == 0:
            # Whoever speaks is drawn from a window that moves on: the oldest go silent for good.
            first = (CONVERSATIONS - 2 * SPEAKERS) * step // STEPS
            speakers = random.sample(range(first, first + 2 * SPEAKERS), SPEAKERS)
        mints = [MINT // SPEAKERS * (who in speakers) for who in range(CONVERSATIONS)]
        ledger.tick(kappa or Fraction(0), mints)
        outcome.supply_most = max(outcome.supply_most, ledger.supply.total)
        for who in speakers:
            last[who] = step
        claims = last if kappa is None else ledger.supply.balances
        for who in speakers:
            if not has_room(who, blocks, written, claims, outcome):
                outcome.waited[who] += 1
                continue
            outcome.decoded[who] += 1
            written[who] += 1
        if sum(blocks) > BLOCKS:
            raise HomeostatError(f"{sum(blocks)} blocks held must be <= {BLOCKS}")
    ledger.check()
    return outcome


def has_room(
    who: int, blocks: list[int], written: list[int], claims: Sequence[int], outcome: Outcome
) -> bool:
    """Return whether the next token of a conversation has a place; get it a block if need be."""
    if written[who] < BLOCK_TOKENS * blocks[who]:
        return True
    if sum(blocks) == BLOCKS:
        poorest = min((x for x in range(CONVERSATIONS) if blocks[x]), key=claims.__getitem__)
        if claims[poorest] >= claims[who]:
            return False
        blocks[poorest] -= 1
        # What stood in the block must be computed again, should its owner come back.
        written[poorest] = min(written[poorest], BLOCK_TOKENS * blocks[poorest])
        outcome.taken += 1
    blocks[who] += 1
    return True


def main() -> None:
    """Compare evaporation with none, and with recency alone."""
    for kappa in (Fraction(1, 32), Fraction(0), None):
        outcome = run(kappa)
        waited, decoded = outcome.waited.total(), outcome.decoded.total()
        name = "recency alone" if kappa is None else f"kappa = {kappa}"
        print(f"{name}: {decoded} steps decoded, {waited} waited, {outcome.taken} blocks taken")
        worst, steps = max(outcome.waited.items(), key=lambda pair: pair[1], default=(None, 0))
        print(f"  longest waiting: conversation {worst} with {steps} steps")
        if kappa is not None:
            bound = f"{supply_bound(0, MINT, kappa)}" if kappa else "none"
            print(f"  most tokens {outcome.supply_most}, bound {bound}")


if __name__ == "__main__":
    main()
