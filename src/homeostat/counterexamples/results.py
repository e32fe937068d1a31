"""What a search hands back, and the tally that it keeps while it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from homeostat.counterexamples.conjectures import Conjecture
from homeostat.counterexamples.witness import Witness
from homeostat.errors import WitnessRejectedError
from homeostat.models.batching import BatchingParameters, Pair, State, TypedState

__all__ = ["Progress", "SearchResult", "Tally", "order", "size", "size_of"]

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and the total (0 if not known)."""


def size_of(
    parameters: BatchingParameters, start: State, typed_start: TypedState | None = None
) -> int:
    """Return the bits of all numerators and denominators of q, capacity and start."""
    a, b = typed_start or ((), ())
    return sum(
        x.numerator.bit_length() + x.denominator.bit_length()
        for x in (parameters.q, parameters.capacity, *start, *a, *b)
    )


def size(witness: Witness) -> int:
    """Return ``size_of`` a witness."""
    return size_of(witness.parameters, witness.start, witness.typed_start)


def order(witness: Witness) -> tuple[Any, ...]:
    """Return the key that a smaller witness has smaller.

    Horizon first, then l_b, l_a, l0, then ``size``; the rest only breaks ties.
    """
    system = witness.parameters
    return (
        witness.step,
        system.l_b,
        system.l_a,
        system.l0,
        size(witness),
        system.q,
        system.capacity,
        witness.start,
    )


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """The outcome of a search.

    Attributes:
        conjecture: Name of what was tried.
        witness: The smallest confirmed witness, None if none was found.
        witnesses_found: Candidates that replayed exactly.
        candidates_rejected: Candidates that did not.
        exhausted: Whether the whole finite space was decided in exact arithmetic.
        interrupted: Whether the search was stopped by hand; what it found is here.
        covered: What was covered, in words.
        coverage: The same as data.
    """

    conjecture: str
    witness: Witness | None
    witnesses_found: int
    candidates_rejected: int
    exhausted: bool
    interrupted: bool
    covered: str
    coverage: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON data."""
        return {
            "conjecture": self.conjecture,
            "witness": None if self.witness is None else self.witness.to_json(),
            "witnesses_found": self.witnesses_found,
            "candidates_rejected": self.candidates_rejected,
            "exhausted": self.exhausted,
            "interrupted": self.interrupted,
            "covered": self.covered,
            "coverage": dict(self.coverage),
        }


@dataclass
class Tally:
    """What a running search knows so far; survives an interruption.

    Only ``offer`` sets the witness, and only after an exact replay.
    """

    conjecture: Conjecture
    found_by: Mapping[str, Any]
    progress: Progress | None = None
    witness: Witness | None = None
    witnesses_found: int = 0
    candidates_rejected: int = 0
    exhausted: bool = False
    coverage: dict[str, Any] = field(default_factory=dict)

    def report(self, doing: str, done: int, total: int) -> None:
        """Pass progress on, if anyone asked."""
        if self.progress is not None:
            self.progress(doing, done, total)

    def offer(self, pair: Pair) -> bool:
        """Judge a candidate exactly, count it, and keep its witness if it is smaller."""
        admitted = self.conjecture.admits(pair.parameters, pair.theory[0], pair.typed_start)
        step = self.conjecture.first_violation(pair) if admitted else None
        if step is None:
            self.candidates_rejected += 1
            return False
        try:
            witness = Witness.of(self.conjecture, pair, step, self.found_by)
        except WitnessRejectedError:
            # Violated, but with figures too long to write down: no witness that replays.
            self.candidates_rejected += 1
            return False
        self.witnesses_found += 1
        if self.witness is None or order(witness) < order(self.witness):
            self.witness = witness
        return True
