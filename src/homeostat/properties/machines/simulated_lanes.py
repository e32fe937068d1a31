"""Lanes without a device: what they are given runs when an adversary says so, in the worst order.

Nothing runs while it is given. Each operation waits at the end of its lane; it is enabled at the
head of the lane once all its marks are passed, and ``moves`` says which lane goes next and when
whoever gives the operations goes on. A copy begins by spoiling the place and ends by writing the
weights; a compute looks at the place when it begins and when it ends. So a copy into a place that
is being read, or a compute that does not wait for its copy, is seen in the orders that it allows.
"""

from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from homeostat.errors import InvalidInputError

__all__ = [
    "AHEAD",
    "COMPUTE",
    "DEMAND",
    "GO_ON",
    "CopyFailedError",
    "LaneMark",
    "Operation",
    "SimulatedLanes",
    "Weights",
    "host_weights",
]

Weights: TypeAlias = NDArray[np.float32]

COMPUTE: Final = 0
DEMAND: Final = 1
AHEAD: Final = 2
GO_ON: Final = 3
"""The move that runs nothing: whoever gives the operations gives the next one."""


class CopyFailedError(Exception):
    """What a copy raises that was told to fail."""


@dataclass(frozen=True, slots=True)
class LaneMark:
    """Passed once so many operations of a lane are done."""

    lane: int
    position: int


class Operation(NamedTuple):
    """One line of the log.

    Attributes:
        what: "copy given", "copy begins", "copy done", or the same of a compute.
        place: Number of the place, in the order of allocation.
        expert: Whose weights.
    """

    what: str
    place: int
    expert: int


@dataclass(slots=True)
class _Step:
    run: Callable[[], None]
    after: tuple[Hashable, ...] = ()


@dataclass(slots=True)
class _Lane:
    given: int = 0
    done: int = 0
    steps: deque[_Step] = field(default_factory=deque)


def host_weights(count: int) -> tuple[Weights, ...]:
    """Return read-only weights of so many experts, no two alike."""
    weights = tuple(np.arange(3, dtype=np.float32) + 10 * expert for expert in range(count))
    for array in weights:
        array.setflags(write=False)
    return weights


class SimulatedLanes:
    """The ``Lanes`` of ``runtime.experts.lanes`` over NumPy arrays, run by an adversary.

    Args:
        host: The weights of all experts, no two alike.

    Attributes:
        moves: What the adversary does next; when it has no more, nothing runs before ``drain``.
        fails_at: Which copy from now on is refused with ``CopyFailedError``; None for none.
        failed: The expert whose copy was refused last.
        log: What was given, and what ran, in order.
        problems: What must not happen and did, in sentences.
        places: All device memory so far.
        contents: For each compute that has begun, whose weights it found; -1 for nobody's.
        bytes_up: Bytes of all copies that were given.
    """

    def __init__(self, host: Sequence[Weights]) -> None:
        """Start with idle lanes and no device memory."""
        self.host = host
        self.moves: deque[int] = deque()
        self.fails_at: int | None = None
        self.failed: int | None = None
        self.log: list[Operation] = []
        self.problems: list[str] = []
        self.places: list[Weights] = []
        self.contents: list[int] = []
        self.bytes_up = 0
        self._pristine = [array.tobytes() for array in host]
        self._lanes = (_Lane(), _Lane(), _Lane())
        self._readers: Counter[int] = Counter()
        self._writers: Counter[int] = Counter()

    def place(self, like: Weights) -> Weights:
        """Return new device memory, with nothing of use in it."""
        self.places.append(np.full_like(like, np.nan))
        return self.places[-1]

    def bytes_of(self, source: Weights) -> int:
        """Return the size of the weights of one expert."""
        return source.nbytes

    def copy(
        self, source: Weights, place: Weights, *, after: Iterable[Hashable], ahead: bool = False
    ) -> LaneMark:
        """Give a copy to a copy lane, behind the marks in ``after``.

        Raises:
            CopyFailedError: It was told to fail.
            InvalidInputError: The source is no expert's weights, or the place is none of ours.
        """
        expert, number = self._expert(source), self._number(place)
        if self.fails_at is not None:
            self.fails_at -= 1
            if self.fails_at == 0:
                self.fails_at, self.failed = None, expert
                raise CopyFailedError(f"the copy of expert {expert} was told to fail")
        self.bytes_up += source.nbytes
        lane = AHEAD if ahead else DEMAND
        self.log.append(Operation("copy given", number, expert))
        self._give(lane, lambda: self._copy_begins(number, expert), tuple(after))
        mark = self._give(lane, lambda: self._copy_ends(number, expert, source))
        self.interleave()
        return mark

    def wait(self, mark: Hashable) -> None:
        """Have what is given to the compute lane from now on wait for a mark."""
        self._give(COMPUTE, lambda: None, (mark,))
        self.interleave()

    def mark(self) -> LaneMark:
        """Return the mark behind all that the compute lane was given so far."""
        self.interleave()
        return LaneMark(COMPUTE, self._lanes[COMPUTE].given)

    def compute(self, place: Weights, expert: int) -> None:
        """Give a compute to the compute lane, which must find the weights of an expert.

        Raises:
            InvalidInputError: The place is none of ours.
        """
        number = self._number(place)
        self.log.append(Operation("compute given", number, expert))
        self._give(COMPUTE, lambda: self._compute_begins(number, expert))
        self._give(COMPUTE, lambda: self._compute_ends(number, expert))
        self.interleave()

    def interleave(self) -> None:
        """Let the adversary run what it likes, until it says go on or has no more moves."""
        while self.moves:
            move = self.moves.popleft()
            if move == GO_ON:
                return
            self._run(move)

    def drain(self, order: Sequence[int] = (COMPUTE, DEMAND, AHEAD)) -> None:
        """Run all that was given; of the enabled lanes the first in the order goes next."""
        while any(self._run(lane) for lane in order):
            pass
        stuck = sum(len(lane.steps) for lane in self._lanes)
        if stuck:
            self.problems.append(f"deadlock: {stuck} operations wait for what never comes")

    def holds(self, expert: int) -> bool:
        """Return whether some place has the weights of an expert now."""
        return any(place.tobytes() == self._pristine[expert] for place in self.places)

    @property
    def host_is_unchanged(self) -> bool:
        """Whether the weights in host memory are what they were, and read-only."""
        return all(
            array.tobytes() == before and not array.flags.writeable
            for array, before in zip(self.host, self._pristine, strict=True)
        )

    def _expert(self, source: Weights) -> int:
        content = source.tobytes()
        if content not in self._pristine:
            raise InvalidInputError(f"copied weights {source} must be an expert's")
        return self._pristine.index(content)

    def _number(self, place: Weights) -> int:
        for number, known in enumerate(self.places):
            if known is place:
                return number
        raise InvalidInputError(f"place {place} must be one that these lanes returned")

    def _give(
        self, lane: int, run: Callable[[], None], after: tuple[Hashable, ...] = ()
    ) -> LaneMark:
        chosen = self._lanes[lane]
        chosen.steps.append(_Step(run, after))
        chosen.given += 1
        return LaneMark(lane, chosen.given)

    def _passed(self, mark: Hashable) -> bool:
        return isinstance(mark, LaneMark) and self._lanes[mark.lane].done >= mark.position

    def _run(self, number: int) -> bool:
        """Run the head of a lane if it is enabled; returns whether it did."""
        lane = self._lanes[number]
        if not lane.steps or not all(self._passed(mark) for mark in lane.steps[0].after):
            return False
        lane.steps.popleft().run()
        lane.done += 1
        return True

    def _copy_begins(self, number: int, expert: int) -> None:
        self.log.append(Operation("copy begins", number, expert))
        if self._readers[number]:
            self.problems.append(f"a copy of expert {expert} writes a place that is being read")
        if self._writers[number]:
            self.problems.append(f"a copy of expert {expert} writes a place that is being written")
        self._writers[number] += 1
        self.places[number].fill(np.nan)

    def _copy_ends(self, number: int, expert: int, source: Weights) -> None:
        self.log.append(Operation("copy done", number, expert))
        self._writers[number] -= 1
        self.places[number][...] = source

    def _compute_begins(self, number: int, expert: int) -> None:
        self.log.append(Operation("compute begins", number, expert))
        self._readers[number] += 1
        self.contents.append(self._look(number, expert))

    def _compute_ends(self, number: int, expert: int) -> None:
        self.log.append(Operation("compute done", number, expert))
        self._readers[number] -= 1
        self._look(number, expert)

    def _look(self, number: int, expert: int) -> int:
        """Return whose weights are in a place, which must be an expert's."""
        found = self.places[number].tobytes()
        read = self._pristine.index(found) if found in self._pristine else -1
        if read != expert:
            whose = f"those of expert {read}" if read >= 0 else "what no copy has completed"
            self.problems.append(
                f"a compute must read the weights of expert {expert}, reads {whose}"
            )
        return read
