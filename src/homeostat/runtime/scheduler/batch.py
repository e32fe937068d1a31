"""Those that run: by id, at their two stages, with the KV memory that they hold."""

from collections.abc import Iterator

from homeostat.runtime.scheduler.limits import Limits
from homeostat.runtime.scheduler.memory import KVMemory
from homeostat.runtime.scheduler.requests import Sequence

__all__ = ["Batch"]


class Batch:
    """Running sequences; all but iteration and ``_check`` is O(1).

    Attributes:
        prefilling: Those with tokens left to prefill, by id in the order of admission; to be
            changed by the methods only, as is ``decoding``.
        decoding: Those that lack the KV of their last token alone.
        memory: Their KV blocks.
    """

    __slots__ = ("_admissions", "decoding", "memory", "prefilling")

    def __init__(self, limits: Limits) -> None:
        """Start empty."""
        self.prefilling: dict[str, Sequence] = {}
        self.decoding: dict[str, Sequence] = {}
        self.memory = KVMemory(limits)
        self._admissions = 0

    def __len__(self) -> int:
        """Return how many run."""
        return len(self.decoding) + len(self.prefilling)

    def __iter__(self) -> Iterator[Sequence]:
        """Iterate over the decoding ones, then the running prefills."""
        yield from self.decoding.values()
        yield from self.prefilling.values()

    def get(self, request_id: str) -> Sequence | None:
        """Return the sequence of an id, None where it does not run."""
        return self.decoding.get(request_id) or self.prefilling.get(request_id)

    def start(self, sequence: Sequence, blocks: int) -> None:
        """Let a sequence run with so many blocks, which must be free."""
        self.memory.take(sequence, blocks)
        sequence.admission = self._admissions
        self._admissions += 1
        self.prefilling[sequence.request.id] = sequence

    def decode(self, sequence: Sequence) -> None:
        """Let one decode whose prefill is done."""
        del self.prefilling[sequence.request.id]
        self.decoding[sequence.request.id] = sequence

    def stop(self, sequence: Sequence) -> None:
        """Let one run no more; its KV is lost."""
        request_id = sequence.request.id
        if self.decoding.pop(request_id, None) is None:
            del self.prefilling[request_id]
        self.memory.release(sequence)
        sequence.computed_before = max(sequence.computed_before, sequence.computed)
        sequence.computed = 0

    def _check(self) -> None:
        """Assert every invariant."""
        self.memory._check()
        places = (self.prefilling, self.decoding)
        assert all(key == s.request.id for place in places for key, s in place.items())
        assert not self.prefilling.keys() & self.decoding.keys(), "an id is in two places"
        assert sum(sequence.blocks for sequence in self) == self.memory.used
        assert len({sequence.admission for sequence in self}) == len(self)
        assert all(s.admission < self._admissions for s in self)
        assert all(s.computed < s.tokens for s in self.prefilling.values())
        assert all(s.computed == s.tokens - 1 for s in self.decoding.values())
