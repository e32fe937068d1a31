"""The openb GPU cluster: its nodes, its pods, and what is published of policies on it.

The lists are those of Weng et al., USENIX ATC 2023: CPUs in milli, shares of a GPU in thousandths,
memory in MiB, times in seconds. A pod names the GPU models that will do, separated by ``|``, or
none if all will. Sizes are bounded, so no file can ask for more memory than it has itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.cluster import Node
from homeostat.runtime.governor.jobs import GPU_MILLI, GPUS_MAX, MODELS_MAX, RESOURCE_MAX, Job
from homeostat.runtime.traces.fetching import find_data
from homeostat.runtime.traces.files import Place, count_of, decimal_of, field_of, records_of

__all__ = [
    "NODES_MAX",
    "OPENB",
    "PODS_MAX",
    "Openb",
    "Published",
    "openb_data",
    "read_openb",
    "read_pods",
    "read_published",
]

OPENB: Final = "openb-gpu"
"""Name of the data set."""
NODES_MAX: Final = 1_000_000
PODS_MAX: Final = 10_000_000
_SECOND_NS: Final = 1_000_000_000
_TIME_S_MAX: Final = 10**9
_NAME_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Openb:
    """Nodes and pods.

    Attributes:
        nodes: In the order of the list.
        jobs: One for each pod, in the order of the list. It arrives when the pod was created, and
            runs from when it was scheduled, or created if it never was, until it was deleted, but
            for a second at least. Its tenant is the number of its class of service.
        models: Names of GPU models; an id is a place in it.
        classes: Names of classes of service; a tenant is a place in it.
    """

    nodes: tuple[Node, ...]
    jobs: tuple[Job, ...]
    models: tuple[str, ...]
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What one policy reached at one load.

    Attributes:
        policy: As published, for example ``06-FGD``.
        load_percent: GPUs asked for by all that arrived, in percent of the cluster's.
        mean_percent: GPUs allocated, in percent of the cluster's, mean over seeds.
        deviation_percent: Their standard deviation.
        seeds: How many.
    """

    policy: str
    load_percent: int
    mean_percent: float
    deviation_percent: float
    seeds: int


class _Names:
    """Gives out numbers to names as they come."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._ids: dict[str, int] = {}

    def of(self, place: Place, field: str, name: str) -> int:
        """Return the number of a name."""
        if not name or len(name) > _NAME_MAX:
            place.refuse(field, name, f"a name of at most {_NAME_MAX} letters")
        if name not in self._ids and len(self._ids) == self._most:
            place.refuse(field, name, f"one of {self._most} names at most")
        return self._ids.setdefault(name, len(self._ids))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._ids)


def read_openb(nodes: Path, pods: Path) -> Openb:
    """Return the nodes and the pods of two lists.

    Raises:
        InvalidInputError: With file, line, value and rule.
    """
    models, classes = _Names(MODELS_MAX), _Names(MODELS_MAX)
    found_nodes: list[Node] = []
    for place, record in records_of(nodes):
        if len(found_nodes) == NODES_MAX:
            place.refuse("row", len(found_nodes) + 1, f"one of {NODES_MAX} at most")
        gpus = count_of(place, record, "gpu", low=0, high=GPUS_MAX)
        name = str(field_of(place, record, "model"))
        if (gpus > 0) != bool(name):
            place.refuse("model", name, f"empty on a node without GPUs only; gpu={gpus}")
        found_nodes.append(
            Node(
                cpu_milli=count_of(place, record, "cpu_milli", low=0, high=RESOURCE_MAX),
                memory_mib=count_of(place, record, "memory_mib", low=0, high=RESOURCE_MAX),
                gpus=gpus,
                model=models.of(place, "model", name) if gpus else -1,
            )
        )
    if not found_nodes:
        raise InvalidInputError(f"{nodes} must have one row or more, has none")
    return Openb(
        nodes=tuple(found_nodes),
        jobs=_pods(pods, models, classes),
        models=models.names,
        classes=classes.names,
    )


def read_pods(path: Path, models: Sequence[str]) -> tuple[Job, ...]:
    """Return the jobs of a list of pods, for a cluster of given GPU models.

    Args:
        path: The list.
        models: Names of the cluster's GPU models; those beyond get ids that no node has.

    Raises:
        InvalidInputError: With file, line, value and rule.
    """
    known = _Names(MODELS_MAX)
    for name in models:
        known.of(Place(path), "model", name)
    return _pods(path, known, _Names(MODELS_MAX))


def _pods(path: Path, models: _Names, classes: _Names) -> tuple[Job, ...]:
    jobs: list[Job] = []
    for place, record in records_of(path):
        if len(jobs) == PODS_MAX:
            place.refuse("row", len(jobs) + 1, f"one of {PODS_MAX} at most")
        jobs.append(_job(place, record, models, classes))
    if not jobs:
        raise InvalidInputError(f"{path} must have one row or more, has none")
    return tuple(jobs)


def _job(place: Place, record: Mapping[str, Any], models: _Names, classes: _Names) -> Job:
    gpus = count_of(place, record, "num_gpu", low=0, high=GPUS_MAX)
    low = 0 if gpus == 0 else 1 if gpus == 1 else GPU_MILLI
    high = 0 if gpus == 0 else GPU_MILLI
    spec = str(field_of(place, record, "gpu_spec"))
    created, deleted = (
        count_of(place, record, name, low=0, high=_TIME_S_MAX)
        for name in ("creation_time", "deletion_time")
    )
    scheduled = created
    if field_of(place, record, "scheduled_time"):
        scheduled = count_of(place, record, "scheduled_time", low=created, high=_TIME_S_MAX)
    if deleted < scheduled:
        place.refuse("deletion_time", deleted, f">= the time it was scheduled, {scheduled}")
    return Job(
        cpu_milli=count_of(place, record, "cpu_milli", low=0, high=RESOURCE_MAX),
        memory_mib=count_of(place, record, "memory_mib", low=0, high=RESOURCE_MAX),
        gpus=gpus,
        gpu_milli=count_of(place, record, "gpu_milli", low=low, high=high),
        models=tuple(models.of(place, "gpu_spec", name) for name in spec.split("|") if spec),
        duration_ns=max(1, deleted - scheduled) * _SECOND_NS,
        arrival_ns=created * _SECOND_NS,
        tenant=classes.of(place, "qos", str(field_of(place, record, "qos"))),
    )


def read_published(path: Path) -> tuple[Published, ...]:
    """Return what is published of policies, in the order of the file.

    Raises:
        InvalidInputError: With file, line, value and rule.
    """
    found = []
    for place, record in records_of(path):
        mean, deviation = (
            decimal_of(place, record, f"gpu_allocation_pct_{name}") for name in ("mean", "stdev")
        )
        for name, value in (("mean", mean), ("stdev", deviation)):
            if value > 100:
                place.refuse(f"gpu_allocation_pct_{name}", str(value), "<= 100")
        found.append(
            Published(
                policy=str(field_of(place, record, "policy"))[:_NAME_MAX],
                load_percent=count_of(place, record, "load_pct", low=1, high=1000),
                mean_percent=float(mean),
                deviation_percent=float(deviation),
                seeds=count_of(place, record, "seeds", low=1, high=10**6),
            )
        )
    return tuple(found)


def openb_data(folder: Path | None = None) -> tuple[Openb, tuple[Published, ...]]:
    """Return the openb cluster and what is published of it, as found on this machine.

    Args:
        folder: Of data files; by default that of ``data_folder``.

    Raises:
        MissingDataError: A file is not here; the message says how to get it.
        InvalidInputError: A file has another content.
    """
    nodes = find_data(OPENB, folder)
    return (
        read_openb(nodes, nodes.with_name("openb_pod_list_default.csv")),
        read_published(nodes.with_name("published_allocation.csv")),
    )
