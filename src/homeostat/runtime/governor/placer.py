"""Where a task goes: a few probes among shapes of low potential, and a choice by Gibbs' law.

Every kind of job is an agent on the field over shapes. It has a place: the shapes that did well for
it. The damping says how much of that it keeps: of its d probes the part exp(-damping / 2), which is
what friction leaves of a Langevin agent's velocity in half a unit of time, goes to shapes it
remembers, the rest to shapes drawn at random. Among what it found it is at heat-bath equilibrium:
each node has the weight exp(-energy / temperature), its shape's population counted. At temperature
0 it goes downhill only.

How many nodes a decision looks at is bounded, however many there are: d, and where none of those
has room ``probes_max`` at most. If none of those has room the answer is "none", which may be wrong.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from homeostat.errors import InvalidInputError
from homeostat.models.langevin import velocity_kept
from homeostat.runtime.governor import placer_kernels as kernels
from homeostat.runtime.governor.cluster import Cluster, Integers
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.potential import field_of, prices_of
from homeostat.runtime.governor.shape_kernels import energy_of, file_all, refile, shape_for
from homeostat.runtime.governor.shapes import check_shapes, no_shapes

__all__ = ["ENERGY", "PROBES_MAX", "Memory", "Placer", "PlacerSettings"]

PROBES_MAX: Final = 48
ENERGY: Final = 30.0
"""Thousandths of a GPU that temperature 1 is."""
_KINDS: Final = 1024
_REMEMBERED: Final = 16
_STEP: Final = 0.5
_RATE_MAX: Final = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacerSettings:
    """How the placer decides.

    Attributes:
        probes: d, nodes that a decision looks at where there is room.
        probes_max: Nodes it looks at to find any room at all, >= ``probes``.
        temperature: In units of ``ENERGY``, >= 0.
        damping: How fast what was found is forgotten, >= 0.
        tax: Times the prices of ``potential``, >= 0.

    Raises:
        InvalidInputError: A number is out of its range.
    """

    probes: int = 14
    probes_max: int = PROBES_MAX
    temperature: float = 1.0
    damping: float = 1.0
    tax: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not 1 <= self.probes <= self.probes_max <= PROBES_MAX:
            raise InvalidInputError(
                f"probes={self.probes}, probes_max={self.probes_max} must be "
                f"1 <= probes <= probes_max <= {PROBES_MAX}"
            )
        for name in ("temperature", "damping", "tax"):
            value = getattr(self, name)
            if not 0 <= value <= _RATE_MAX:
                raise InvalidInputError(f"{name}={value!r} must be >= 0 and <= {_RATE_MAX}")

    @property
    def remembered(self) -> int:
        """Probes of a decision that go to shapes that it remembers."""
        return round(self.probes * float(velocity_kept(self.damping, 1.0, _STEP)))


class Memory(NamedTuple):
    """What is remembered for kinds of jobs; compiled code reads and writes it.

    Attributes:
        kinds: Whose a row is, shape (rows, 2); -1 for nobody's.
        shapes: Shapes that did well, best first, shape (rows, 16); -1 for none.
        rises: Energy and tax when last probed, shape (rows, 16).
        seen: Shapes that the decision under way has probed.
    """

    kinds: Integers
    shapes: Integers
    rises: NDArray[np.float64]
    seen: Integers


def _no_memory() -> Memory:
    return Memory(
        kinds=np.full((_KINDS, 2), -1, np.int64),
        shapes=np.full((_KINDS, _REMEMBERED), -1, np.int64),
        rises=np.full((_KINDS, _REMEMBERED), np.inf),
        seen=np.zeros(PROBES_MAX, np.int64),
    )


@final
class Placer:
    """Decides for one task at a time, or for many in one call.

    Attributes:
        settings: As they are now.
        field: The potential.
        shapes: The nodes by shape.
        probes: Nodes that the last decision looked at.
        gpus: GPUs that it chose.

    Args:
        cluster: In the state it has now.
        typical: Jobs such as will come.
        seed: Of the draws.
        settings: How it decides.
    """

    def __init__(
        self,
        cluster: Cluster,
        typical: Sequence[Job],
        seed: int,
        settings: PlacerSettings | None = None,
    ) -> None:
        """File every node. O(nodes)."""
        self._cluster = cluster
        self.field = field_of(cluster, typical)
        self._prices = prices_of(cluster, typical, self.field.unit)
        self.shapes = no_shapes(cluster, self.field)
        self._memory = _no_memory()
        self._draws = np.random.default_rng(seed).integers(2**64, size=1, dtype=np.uint64)
        self._out = np.zeros(3, np.int64)
        self.probes = 0
        self.gpus: tuple[int, ...] = ()
        self.settings = settings or PlacerSettings()
        self.set(self.settings)
        file_all(self.field, cluster.state, self.shapes)

    def set(self, settings: PlacerSettings) -> None:
        """Decide by these from now on."""
        self.settings = settings
        self._rules: tuple[Any, ...] = (
            settings.probes,
            settings.remembered,
            settings.probes_max,
            settings.temperature * ENERGY * self.field.unit,
            tuple(settings.tax * price for price in self._prices),
        )

    def choose(self, job: Job) -> int:
        """Return a node where one task fits, or -1. O(probes), whatever the number of nodes."""
        out = self._out
        kernels.decide(
            job.wants, self._rules, self.field, self._cluster.state, self.shapes, self._memory,
            self._draws, out,
        )  # fmt: skip
        node, bits, self.probes = out.tolist()
        self.gpus = tuple(gpu for gpu in range(bits.bit_length()) if bits >> gpu & 1)
        return int(node)

    def refile(self, node: int) -> None:
        """Hear that a node's room changed, or whether it takes jobs. O(1)."""
        refile(node, self.field, self._cluster.state, self.shapes)

    def choose_many(self, wants: Integers, *, hold: int = 0) -> Integers:
        """Decide for many tasks in one compiled call, and take their room.

        Args:
            wants: Of each task, as ``Job.wants``, int64, shape (tasks, 5).
            hold: How many of the last tasks keep their room; 0 for all.

        Returns:
            Node or -1, GPUs as bits, and probes, of each, int64, shape (tasks, 3).

        Raises:
            InvalidInputError: The shape is another, or ``hold`` is negative.
        """
        if wants.ndim != 2 or wants.shape[1] != 5 or wants.dtype != np.int64:
            raise InvalidInputError(
                f"wants has shape {wants.shape} of {wants.dtype}, must be (tasks, 5) of int64"
            )
        if hold < 0:
            raise InvalidInputError(f"hold={hold} must be >= 0")
        decisions = np.zeros((len(wants), 3), np.int64)
        cluster = self._cluster
        kernels.decide_many(
            wants, hold, self._rules, self.field, cluster.state, cluster.totals, self.shapes,
            self._memory, self._draws, decisions,
        )  # fmt: skip
        return decisions

    def check(self) -> None:
        """Demand that the lists are those of the cluster as it is. O(nodes).

        Raises:
            InvalidInputError: They are not.
        """
        check_shapes(self.shapes)
        state = self._cluster.state
        for node in range(len(self._cluster)):
            filed = int(self.shapes.shape_of[node])
            now = int(shape_for(node, self.field, state, self.shapes)) if state[4][node] else -1
            if filed != now:
                raise InvalidInputError(f"node={node} is filed as {filed}, must be as {now}")
            if now >= 0 and int(self.shapes.energy[node]) != int(
                energy_of(node, self.field, state)
            ):
                raise InvalidInputError(f"node={node} must be filed with its energy")
        if not math.isfinite(self._rules[3]):
            raise InvalidInputError(f"temperature={self.settings.temperature!r} must be finite")
