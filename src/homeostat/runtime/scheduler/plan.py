"""What the engine is to compute in one step."""

from dataclasses import dataclass, field

from homeostat.runtime.scheduler.requests import Sequence

__all__ = ["Plan"]


@dataclass(slots=True, eq=False, repr=False)
class Plan:
    """One step, decided at ``now_ns``.

    Attributes:
        now_ns: When it was decided.
        prefills: (sequence, tokens of this chunk); a chunk that completes prompt and generated
            tokens samples one token.
        decodes: Sequences that compute and sample one token each.
        admitted: Sequences that began to run; their first chunks are among ``prefills``.
        evicted: Sequences that lost their KV and wait again.
        expired: Sequences whose deadline has passed; they are gone.
        tokens: Tokens that the step computes; 0 where there is nothing to do.
        wake_ns: Where nothing is planned though requests wait: when to plan again.
    """

    now_ns: int
    prefills: list[tuple[Sequence, int]] = field(default_factory=list)
    decodes: list[Sequence] = field(default_factory=list)
    admitted: list[Sequence] = field(default_factory=list)
    evicted: list[Sequence] = field(default_factory=list)
    expired: list[Sequence] = field(default_factory=list)
    tokens: int = 0
    wake_ns: int | None = None

    def __repr__(self) -> str:
        """Show the requests by id."""
        chunks = [(sequence.request.id, tokens) for sequence, tokens in self.prefills]
        others = (
            f"{name}={[s.request.id for s in getattr(self, name)]}"
            for name in ("decodes", "admitted", "evicted", "expired")
        )
        return f"Plan(now_ns={self.now_ns}, prefills={chunks}, {', '.join(others)})"
