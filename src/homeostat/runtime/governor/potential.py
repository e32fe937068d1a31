"""The potential that the governor's agents move on: what of a node's free room would be of no use.

U(n) is the expected fragmentation of node n by the typical jobs: thousandths of its free GPUs that
jobs such as will come cannot use, weighted by how often they come. It rises where a job leaves
something stranded, and where room is scarce it is steep. It differs from FGD's in one way. FGD asks
whether one typical job fits, and if so counts every free GPU as of use. Here the node's scarcer
resource, CPUs or memory, is shared out: GPUs beyond those that it can feed are counted as stranded.

Beside it there is an external field, the tax: a price on the room that stays free beside the job.
A high tax makes agents crowd together. Only what is about as scarce as the scarcest resource has a
price; where that is not GPUs, U is flat and the tax alone says where to go.

All energies are whole numbers, in thousandths of a GPU times ``unit``, so that sums are exact in
any order. Tables make U a few look-ups: O(GPUs of a node).

Notation
    f: thousandths free of one GPU; w: GPUs of a node that are quite free; c: level of its scarcer
    resource.

Source: the potential field of resource scarcity is note 000's (stage 2, item 2); fragmentation is
Weng et al.'s (USENIX ATC 2023).
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.cluster import Cluster, Integers
from homeostat.runtime.governor.jobs import GPU_MILLI, GPUS_MAX, MODELS_MAX, Job

__all__ = [
    "COVERED",
    "LEVELS_MAX",
    "Field",
    "Kinds",
    "Prices",
    "field_of",
    "kinds_of",
    "prices_of",
]

COVERED: Final = 0.99
"""Part of the jobs with GPUs that the typical kinds cover; FGD's 0.95 leaves out jobs of 8 GPUs."""
LEVELS_MAX: Final = 63
"""Levels of the scarcer resource, so that a set of levels is the bits of one int64."""
_EXACT_LEVELS_MAX: Final = 40
_NEEDS_MAX: Final = 20
_ROWS: Final = 256
_UNIT: Final = 2**20
_SCARCE_POWER: Final = 32
_GPU_PRICE: Final = 8.0
_NODE_PRICE: Final = 3000.0


class Kinds(NamedTuple):
    """Kinds of typical jobs, one entry a kind.

    Attributes:
        wanted: Milli-CPUs or MiB, of the scarcer of the two.
        gpus: GPUs.
        milli: Thousandths of each.
        mask: Models that will do.
        mass: How often it comes; the sum is ``unit`` within rounding.
    """

    wanted: Integers
    gpus: Integers
    milli: Integers
    mask: Integers
    mass: Integers


class Field(NamedTuple):
    """The potential as tables; compiled code reads it.

    Attributes:
        levels: Ascending bounds; a level is how many of them are within what is free.
        hole_level: Level of a GPU of which f is free, shape (1001).
        partial: Energy of a GPU with f free, shape (tables, levels + 1, 1001).
        whole: Energy of w free GPUs, shape (tables, rows, 9).
        row_size: Of the scarcer resource, a row of ``whole``.
        table_of: Which table a model has, shape (64); the last is for nodes without GPUs.
        holes: How many levels a GPU has.
        unit: Mass of all kinds.
        memory_is_scarcer: Whether the resource is memory, and not CPUs.
    """

    levels: Integers
    hole_level: Integers
    partial: Integers
    whole: Integers
    row_size: int
    table_of: Integers
    holes: int
    unit: int
    memory_is_scarcer: bool


class Prices(NamedTuple):
    """The tax at rate one: energy for each thousandth or MiB that stays free beside a job."""

    cpu: float
    memory: float
    gpu: float


def _demand(cluster: Cluster, typical: Sequence[Job]) -> tuple[float, float, float]:
    """Return what typical jobs want of CPUs, memory and GPUs over what the cluster has."""
    wanted = (
        sum(job.gang * job.cpu_milli for job in typical),
        sum(job.gang * job.memory_mib for job in typical),
        sum(job.gpu_milli_total for job in typical),
    )
    there = (
        int(cluster.cpu_total.sum()),
        int(cluster.memory_total.sum()),
        cluster.gpu_milli_total,
    )
    cpu, memory, gpu = (w / h if h else 0.0 for w, h in zip(wanted, there, strict=True))
    return cpu, memory, gpu


def kinds_of(typical: Sequence[Job], *, memory: bool, covered: float = COVERED) -> Kinds:
    """Return the most frequent kinds of jobs with GPUs that together are ``covered`` of them.

    Args:
        typical: Jobs such as will come.
        memory: Whether ``wanted`` is memory, else CPUs.
        covered: In (0, 1].

    Raises:
        InvalidInputError: ``covered`` is out of its range.
    """
    if not 0 < covered <= 1:
        raise InvalidInputError(f"covered={covered!r} must be > 0 and <= 1")
    counts = Counter(
        (job.memory_mib if memory else job.cpu_milli, job.gpus, job.gpu_milli, job.model_mask)
        for job in typical
        if job.gpus
    )
    total = counts.total()
    kinds, masses, seen = [], [], 0
    for kind, count in counts.most_common():
        if seen >= covered * total:
            break
        kinds.append(kind)
        masses.append(count)
        seen += count
    table = np.array(kinds, np.int64).reshape(-1, 4)
    mass = np.array(masses, np.int64) * _UNIT // max(1, seen)
    return Kinds(table[:, 0], table[:, 1], table[:, 2], table[:, 3], mass)


def _levels(wanted: Integers, most: int) -> Integers:
    """Return bounds: what typical jobs want, and equal steps above up to the largest node."""
    exact = np.unique(wanted[wanted > 0])
    if len(exact) > _EXACT_LEVELS_MAX:
        places = np.linspace(0, len(exact) - 1, _EXACT_LEVELS_MAX).round().astype(np.int64)
        exact = exact[places]
    top = int(exact[-1]) if len(exact) else 0
    above = np.linspace(top, max(most, top), LEVELS_MAX - len(exact) + 1).astype(np.int64)[1:]
    return np.unique(np.concatenate([exact, above[above > 0]])).astype(np.int64)


def _hole_levels(kinds: Kinds) -> tuple[Integers, int]:
    needs = np.unique(kinds.milli[kinds.milli < GPU_MILLI])
    if len(needs) > _NEEDS_MAX:
        needs = needs[np.linspace(0, len(needs) - 1, _NEEDS_MAX).round().astype(np.int64)]
    level = np.searchsorted(needs, np.arange(GPU_MILLI + 1), side="right").astype(np.int64)
    level[GPU_MILLI] = len(needs) + 1
    return level, len(needs) + 2


def _partial(kinds: Kinds, levels: Integers, unit: int) -> Integers:
    """Return f * (unit - mass of the kinds with one GPU that fit into f at level c)."""
    mass = np.zeros((len(levels) + 1, GPU_MILLI + 1), np.int64)
    one = kinds.gpus == 1
    at = np.searchsorted(levels, kinds.wanted[one], side="left") + (kinds.wanted[one] > 0)
    np.add.at(mass, (np.minimum(at, len(levels)), kinds.milli[one]), kinds.mass[one])
    usable = mass.cumsum(axis=0).cumsum(axis=1)
    energies: Integers = np.arange(GPU_MILLI + 1, dtype=np.int64) * (unit - usable)
    return energies


def _whole(kinds: Kinds, row_size: int, unit: int) -> Integers:
    """Return 1000 * sum over kinds of mass * (w - GPUs of the w that it can use)."""
    found: Integers = np.zeros((_ROWS + 1, GPUS_MAX + 1), np.int64)
    free = (np.arange(_ROWS + 1) * row_size)[:, np.newaxis]
    copies = np.where(kinds.wanted > 0, free // np.maximum(kinds.wanted, 1), GPUS_MAX)
    for w in range(GPUS_MAX + 1):
        fed = np.minimum(copies, w // kinds.gpus) * kinds.gpus
        found[:, w] = GPU_MILLI * (w * unit - fed @ kinds.mass)
    return found


def field_of(cluster: Cluster, typical: Sequence[Job], *, covered: float = COVERED) -> Field:
    """Return the potential of a cluster for jobs such as will come. O(kinds), once.

    Args:
        cluster: Its nodes' sizes count, not their state.
        typical: Jobs such as will come.
        covered: Part of those with GPUs that are counted, in (0, 1].

    Raises:
        InvalidInputError: ``covered`` is out of its range.
    """
    cpu, memory, _ = _demand(cluster, typical)
    memory_is_scarcer = memory > cpu
    kinds = kinds_of(typical, memory=memory_is_scarcer, covered=covered)
    total = cluster.memory_total if memory_is_scarcer else cluster.cpu_total
    most = int(total.max())
    levels = _levels(_wants(typical, kinds, memory=memory_is_scarcer), most)
    hole_level, holes = _hole_levels(kinds)
    row_size = max(1, -(-most // _ROWS))
    unit = int(kinds.mass.sum()) or _UNIT
    table_of = np.zeros(MODELS_MAX + 2, np.int64)
    tables: dict[bytes, int] = {}
    partial, whole = [], []
    for model in (*np.unique(cluster.model[cluster.model >= 0]).tolist(), -1):
        admitted = (kinds.mask >> model & 1).astype(bool) if model >= 0 else kinds.mask != 0
        key = admitted.tobytes()
        if key not in tables:
            tables[key] = len(tables)
            own = Kinds(*(column[admitted] for column in kinds))
            # Without kinds nothing can be stranded: the field is flat, and the tax alone decides.
            flat = 0 if len(kinds.mass) == 0 else unit
            partial.append(_partial(own, levels, flat))
            whole.append(_whole(own, row_size, flat))
        table_of[model] = tables[key]
    return Field(
        levels=levels,
        hole_level=hole_level,
        partial=np.array(partial, np.int64),
        whole=np.array(whole, np.int64),
        row_size=row_size,
        table_of=table_of,
        holes=holes,
        unit=unit,
        memory_is_scarcer=memory_is_scarcer,
    )


def _wants(typical: Sequence[Job], kinds: Kinds, *, memory: bool) -> Integers:
    """Return what sets the levels: wants of the kinds, or of all jobs where none has a GPU."""
    if len(kinds.mass):
        return kinds.wanted
    return np.array([job.memory_mib if memory else job.cpu_milli for job in typical], np.int64)


def prices_of(cluster: Cluster, typical: Sequence[Job], unit: int) -> Prices:
    """Return the tax at rate one: 8 thousandths a GPU, 3000 a mean node's CPUs or memory.

    A resource that is less scarce than the scarcest has less of a price: its scarcity over the
    scarcest's to the power 32 of it. O(nodes), once.
    """
    demand = _demand(cluster, typical)
    most = max(demand)
    weights = [(part / most) ** _SCARCE_POWER if most else 1.0 for part in demand]
    nodes = len(cluster)
    cpu = _NODE_PRICE * nodes / max(1, int(cluster.cpu_total.sum()))
    memory = _NODE_PRICE * nodes / max(1, int(cluster.memory_total.sum()))
    gpu = _GPU_PRICE / GPU_MILLI
    return Prices(*(unit * w * p for w, p in zip(weights, (cpu, memory, gpu), strict=True)))
