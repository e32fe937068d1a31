"""Faults: which nodes fail or are cut off, when, and for how long; drawn before a run.

``nodes``: a node fails, what runs on it is lost, and it comes back empty. ``partitions``: a tenth
of the nodes, side by side, is cut off together: what runs goes on, and nothing can be placed there
until they are joined again. As the faults do not depend on who places what, every policy meets the
same ones.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from homeostat.errors import InvalidInputError

__all__ = ["FAULTS", "FaultEvent", "FaultKind", "faults_named"]

FAULTS: Final = ("none", "nodes", "partitions", "both")
_FAILED_PART: Final = 0.05
"""Failures expected during a run, in nodes."""
_PARTITIONS: Final = 3.0
"""Partitions expected during a run."""
_CUT_PART: Final = 0.1
_LASTS_PART: Final = 0.05
"""How long a fault lasts in the mean, in runs."""


class FaultKind(StrEnum):
    """What happens to nodes."""

    FAIL = "fail"
    RECOVER = "recover"
    CUT = "cut"
    JOIN = "join"


@dataclass(frozen=True, slots=True)
class FaultEvent:
    """One thing that happens to some nodes at a time."""

    time_ns: int
    kind: FaultKind
    nodes: tuple[int, ...]


def faults_named(
    name: str,
    *,
    nodes: int,
    horizon_ns: int,
    seed: int,
    scale: float = 1.0,
    lasts: float = _LASTS_PART,
) -> tuple[FaultEvent, ...]:
    """Return the faults of a run, by time.

    Args:
        name: ``none``, ``nodes``, ``partitions`` or ``both``.
        nodes: How many there are.
        horizon_ns: Of the run; a fault may outlast it.
        seed: Of the draws.
        scale: How many times as many faults are expected.
        lasts: How long a fault lasts in the mean, in runs.

    Raises:
        InvalidInputError: There is no such kind of faults.
    """
    if name not in FAULTS:
        raise InvalidInputError(f"faults {name!r:.60} must be one of {', '.join(FAULTS)}")
    draws = np.random.default_rng((seed, FAULTS.index("both")))
    found: list[FaultEvent] = []
    for kinds, wanted, expected, width in (
        ((FaultKind.FAIL, FaultKind.RECOVER), ("nodes", "both"), _FAILED_PART * nodes, 1),
        ((FaultKind.CUT, FaultKind.JOIN), ("partitions", "both"), _PARTITIONS,
         max(1, round(_CUT_PART * nodes))),
    ):  # fmt: skip
        count = int(draws.poisson(scale * expected))
        times = draws.integers(1, max(2, horizon_ns), size=count)
        spans = draws.exponential(lasts * horizon_ns, size=count)
        firsts = draws.integers(max(1, nodes - width + 1), size=count)
        if name not in wanted:
            continue
        for time, last, first in zip(times.tolist(), spans.tolist(), firsts.tolist(), strict=True):
            hit = tuple(range(first, min(first + width, nodes)))
            found.append(FaultEvent(time, kinds[0], hit))
            found.append(FaultEvent(time + max(1, round(last)), kinds[1], hit))
    return tuple(sorted(found, key=lambda event: event.time_ns))
