"""What a plan says, by ids: plain data, read once from whatever object a scheduler returns."""

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["PlanRecord", "request_ids"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRecord:
    """The parts of ``runtime.scheduler.Plan``; ids of ``decodes`` are sorted."""

    prefills: list[tuple[str, int]]
    decodes: list[str]
    admitted: list[str]
    evicted: list[str]
    expired: list[str]
    tokens: int
    wake_ns: int | None

    @classmethod
    def of(cls, plan: Any) -> "PlanRecord":
        """Read a plan; raises whatever comes of one that lacks a part."""
        return cls(
            prefills=[(str(s.request.id), int(tokens)) for s, tokens in plan.prefills],
            decodes=sorted(request_ids(plan.decodes)),
            admitted=request_ids(plan.admitted),
            evicted=request_ids(plan.evicted),
            expired=request_ids(plan.expired),
            tokens=int(plan.tokens),
            wake_ns=None if plan.wake_ns is None else int(plan.wake_ns),
        )

    @property
    def work(self) -> list[tuple[str, int]]:
        """(id, tokens that the step computes of it)."""
        return [*self.prefills, *((request_id, 1) for request_id in self.decodes)]

    def to_json(self) -> dict[str, Any]:
        """Return what is not empty as JSON data."""
        return {name: value for name, value in asdict(self).items() if value}


def request_ids(sequences: Any) -> list[str]:
    """Return the ids of sequences, in their order."""
    return [str(sequence.request.id) for sequence in sequences]
