"""Corrupts certificates in turn, hands each to the kernel, and counts what comes out."""

import hashlib
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final, NamedTuple

from homeostat import __version__
from homeostat.counterexamples.parallel import results_in_order
from homeostat.errors import InvalidInputError
from homeostat.proofs import kernel
from homeostat.proofs.certificates import Certificate
from homeostat.proofs.mutation.corruptions import corrupted
from homeostat.proofs.mutation.judging import judge
from homeostat.proofs.mutation.sources import Source, kinds

__all__ = ["OUTCOMES", "SCHEMA", "TRUSTED", "Score", "kernel_sha256", "mutation_score"]

SCHEMA: Final = "homeostat.mutation-score/1"
_CHUNK: Final = 100

TRUSTED: Final = (
    "airlocks.py",
    "automata.py",
    "barriers.py",
    "caches.py",
    "cases.py",
    "chains.py",
    "enclosures.py",
    "figures.py",
    "games.py",
    "implication.py",
    "kernel.py",
    "langevin.py",
    "polynomials.py",
    "roots.py",
    "systems.py",
    "trees.py",
)
"""The files that must be believed for a proof."""

OUTCOMES: Final = {
    "rejected": "the kernel rejects it",
    "same": "accepted: the theorem is the same, and the change is another proof of it",
    "confirmed": "accepted: another theorem, and another method decides that it is true",
    "agrees": "accepted: another theorem, and no exact run that was tried contradicts it",
    "untried": "accepted: another theorem, of which no run could be had",
    "hole": "accepted, and false",
    "crash": "the kernel ended in an error of its own",
}
"""What may come of a corruption, and what the word means."""


class Result(NamedTuple):
    """What came of one corruption, the `turn`-th."""

    turn: int
    kind: str
    source: str
    operator: str
    place: str
    outcome: str
    why: str
    certificate: Certificate | None


@dataclass(slots=True)
class Score:
    """What was counted.

    Attributes:
        seed: Of the random changes.
        count: How many were asked for.
        sources: The certificates that were changed.
        outcomes: (kind, outcome) -> how many.
        same: (kind, operator, place) -> how many gave another proof of the same theorem.
        operators: (operator, outcome) -> how many.
        faults: Holes and crashes, with their certificates.
        seconds: Wall-clock time.
        interrupted: Whether Ctrl-C ended it.
    """

    seed: int
    count: int
    sources: Sequence[Source]
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    same: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    operators: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[Result] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def done(self) -> int:
        """How many corruptions were counted."""
        return self.outcomes.total()

    @property
    def missing(self) -> list[str]:
        """Kinds of which there was no certificate to corrupt."""
        return [kind for kind in kinds() if kind not in {s.kind for s in self.sources}]

    def total(self, outcome: str) -> int:
        """Return how many corruptions had an outcome."""
        return sum(n for (_, found), n in self.outcomes.items() if found == outcome)

    @property
    def others(self) -> int:
        """How many corruptions gave another theorem that nothing contradicts."""
        return sum(self.total(word) for word in ("confirmed", "agrees", "untried"))

    def add(self, result: Result) -> None:
        """Count one result."""
        self.outcomes[result.kind, result.outcome] += 1
        self.operators[result.operator, result.outcome] += 1
        if result.outcome == "same":
            self.same[result.kind, result.operator, result.place] += 1
        if result.certificate is not None:
            self.faults.append(result)

    def to_json(self) -> dict[str, Any]:
        """Return the score as JSON data."""
        return {
            "schema": SCHEMA,
            "homeostat": __version__,
            "command": f"homeostat mutate --count {self.count} --seed {self.seed}",
            "kernel_sha256": kernel_sha256(),
            "seed": self.seed,
            "count": self.count,
            "done": self.done,
            "interrupted": self.interrupted,
            "seconds": round(self.seconds, 1),
            "outcomes": {outcome: self.total(outcome) for outcome in OUTCOMES},
            "kinds": _table(self.outcomes),
            "missing": self.missing,
            "operators": _table(self.operators),
            "same": [
                {"kind": kind, "operator": operator, "place": place, "count": n}
                for (kind, operator, place), n in sorted(self.same.items())
            ],
            "faults": [
                {
                    "index": fault.turn,
                    "source": fault.source,
                    "operator": fault.operator,
                    "place": fault.place,
                    "outcome": fault.outcome,
                    "why": fault.why,
                }
                for fault in self.faults
            ],
            "sources": [
                {"name": s.name, "kind": s.kind, "sha256": s.certificate["sha256"]}
                for s in self.sources
            ],
        }


def _table(counted: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    return {
        name: {outcome: counted[name, outcome] for outcome in OUTCOMES}
        for name in dict.fromkeys(name for name, _ in sorted(counted))
    }


def kernel_sha256() -> str:
    """Return the sha256 of the trusted files together, so that a score names its kernel."""
    folder = files("homeostat.proofs")
    return hashlib.sha256(
        b"".join(folder.joinpath(name).read_bytes() for name in TRUSTED)
    ).hexdigest()


def mutation_score(
    sources: Sequence[Source],
    *,
    count: int,
    seed: int = 0,
    jobs: int = 1,
    check: Callable[[Certificate], None] = kernel.check,
    progress: Callable[[Score], None] | None = None,
) -> Score:
    """Corrupt certificates and count what a kernel says; Ctrl-C leaves what was counted.

    The kinds take turns, and so do the certificates of a kind. The same seed gives the same
    corruptions, whatever the number of processes.

    Args:
        sources: Certificates that the kernel accepts.
        count: Number of corruptions.
        seed: Of the random changes.
        jobs: Processes.
        check: The kernel; another one only to show that a weak one is caught.
        progress: Called now and then with the score so far.

    Raises:
        InvalidInputError: There is nothing to corrupt.
    """
    if not sources or count < 1:
        raise InvalidInputError(f"{len(sources)} certificates and count={count} must be at least 1")
    score, began = Score(seed, count, sources), time.perf_counter()
    turns = list(_turns(sources, count))
    chunks = ((turns[i : i + _CHUNK], seed, check) for i in range(0, count, _CHUNK))
    try:
        for results in results_in_order(_chunk, chunks, jobs=jobs):
            for result in results:
                score.add(result)
            score.seconds = time.perf_counter() - began
            if progress is not None:
                progress(score)
    except KeyboardInterrupt:
        score.interrupted = True
    return score


def _turns(sources: Sequence[Source], count: int) -> Iterator[tuple[int, Source]]:
    by_kind = [[s for s in sources if s.kind == kind] for kind in kinds()]
    present = [some for some in by_kind if some]
    for index in range(count):
        turn, k = divmod(index, len(present))
        yield index, present[k][turn % len(present[k])]


def _chunk(
    turns: Sequence[tuple[int, Source]], seed: int, check: Callable[[Certificate], None]
) -> list[Result]:
    return [_result(index, source, seed, check) for index, source in turns]


def _result(index: int, source: Source, seed: int, check: Callable[[Certificate], None]) -> Result:
    rng = random.Random(f"{seed}:{index}")
    certificate, operator, place = corrupted(source.certificate, rng)
    outcome, why = _outcome(source, certificate, check, rng)
    fault = certificate if outcome in ("hole", "crash") else None
    return Result(index, source.kind, source.name, operator, place, outcome, why, fault)


def _outcome(
    source: Source,
    certificate: Certificate,
    check: Callable[[Certificate], None],
    rng: random.Random,
) -> tuple[str, str]:
    try:
        check(certificate)
    except kernel.RejectedError as error:
        return "rejected", str(error)
    except Exception as error:
        # Whatever it is, the kernel promised to reject instead.
        return "crash", f"{type(error).__name__}: {error}"
    # As text: to Python, True is 1.
    theorem, before = (
        json.dumps(c["theorem"], sort_keys=True) for c in (certificate, source.certificate)
    )
    if theorem == before:
        return "same", ""
    word, why = judge(certificate, rng)
    return ("hole", why) if word == "false" else (word, why)
