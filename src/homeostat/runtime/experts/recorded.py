"""The cache behind recorded routes: one budget of bytes that all layers share.

Of each row the record says whether its expert was resident, so a rule for the cache can be held
against it row by row. The one that fits: least recently used over (layer, expert) pairs, within a
budget of bytes. A pass uses its experts in the order of its rows, each as late as its last row
says; what is over the budget leaves after the pass. The engine starts empty, and the prompt's
passes count.

Its hit rate, as its data set reports it, is hits of decoding over these and everything read, which
includes what the prompt read: not the part of decoding's experts that were resident.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from homeostat.errors import InvalidInputError
from homeostat.runtime.traces.routes import LayerPass, Phase, Routes

__all__ = ["QWEN3_BUDGET_BYTES", "RecordedReplay", "replay_recorded"]

QWEN3_BUDGET_BYTES: Final = 4000 * 2**20
"""The budget with which the rule agrees with every row of the Qwen3 record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedReplay:
    """The rule beside the record.

    Attributes:
        rows: Rows of decoding.
        agreed: Those of which rule and record say the same.
        hits: Rows of decoding that the rule finds resident.
        recorded_hits: Rows of decoding that the record says were resident.
        prompt_reads: Experts that the rule reads during the prompt.
        recorded_prompt_reads: Rows of the prompt for which the record says that bytes were read.
        experts_most: Most experts that are resident after a pass.
    """

    rows: int
    agreed: int
    hits: int
    recorded_hits: int
    prompt_reads: int
    recorded_prompt_reads: int
    experts_most: int

    @property
    def decode_rate(self) -> float:
        """Part of decoding's experts that were resident, by the rule."""
        return self.hits / self.rows

    @property
    def engine_rate(self) -> float:
        """Hits of decoding over these and all reads, the prompt's included, by the rule."""
        return self.hits / (self.rows + self.prompt_reads)


class _SharedLru:
    """Least recently used pairs of layer and expert, within a budget of bytes."""

    def __init__(self, budget_bytes: int, expert_bytes: tuple[int, ...]) -> None:
        self.budget_bytes = budget_bytes
        self.expert_bytes = expert_bytes
        self.used_bytes = 0
        self.pairs: OrderedDict[tuple[int, int], None] = OrderedDict()

    def has(self, layer: int, expert: int) -> bool:
        return (layer, expert) in self.pairs

    def use(self, found: LayerPass) -> None:
        for token in found.tokens:
            for expert in token.experts:
                pair = found.layer, expert
                if pair not in self.pairs:
                    self.used_bytes += self.expert_bytes[found.layer]
                self.pairs[pair] = None
                self.pairs.move_to_end(pair)
        while self.used_bytes > self.budget_bytes:
            (layer, _), _ = self.pairs.popitem(last=False)
            self.used_bytes -= self.expert_bytes[layer]


def replay_recorded(routes: Routes, budget_bytes: int) -> RecordedReplay:
    """Replay routes through the rule, and count where it agrees with the record.

    Args:
        routes: Of one run from its start, with what the engine recorded.
        budget_bytes: Most bytes of experts between two passes, 1 or more.

    Raises:
        InvalidInputError: The budget is below 1, or the routes have no decoding.
    """
    if budget_bytes < 1:
        raise InvalidInputError(f"budget_bytes={budget_bytes} must be 1 or more")
    cache = _SharedLru(budget_bytes, routes.expert_bytes)
    rows = agreed = hits = recorded_hits = reads = recorded_reads = most = 0
    for found in routes.passes:
        if found.phase == Phase.PROMPT:
            reads += sum(not cache.has(found.layer, e) for e in found.event.experts)
            recorded_reads += sum(b > 0 for token in found.tokens for b in token.read_bytes)
        else:
            for token in found.tokens:
                for expert, recorded in zip(token.experts, token.resident, strict=True):
                    resident = cache.has(found.layer, expert)
                    rows += 1
                    agreed += resident == recorded
                    hits += resident
                    recorded_hits += recorded
        cache.use(found)
        most = max(most, len(cache.pairs))
    if not rows:
        raise InvalidInputError("routes must have passes of decoding, have none")
    return RecordedReplay(
        rows=rows,
        agreed=agreed,
        hits=hits,
        recorded_hits=recorded_hits,
        prompt_reads=reads,
        recorded_prompt_reads=recorded_reads,
        experts_most=most,
    )
