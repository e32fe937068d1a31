"""Many runs at once: every policy in every setting on the same seeds, and what came out.

Runs are spread over processes by joblib; what comes out does not depend on how many. Only the time
of decisions is the machine's: measure it with one process on a machine that has nothing else to do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Final

from homeostat.errors import InvalidInputError
from homeostat.models.parallel import results_in_order
from homeostat.runtime.governor.cluster import Cluster, Node, Placement
from homeostat.runtime.governor.faults import FAULTS, faults_named
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.metrics import Outcome, outcome_of
from homeostat.runtime.governor.paired import interval
from homeostat.runtime.governor.policies import policy_named
from homeostat.runtime.governor.simulator import STALE_NS, simulate
from homeostat.runtime.governor.workloads import Workload, file_stamp, workload_named

__all__ = ["SEED_MAX", "Cell", "CellRun", "Setting", "compare", "run_cell", "summary"]

SEED_MAX: Final = 2**32 - 1
_WARMING: Final = 64
"""Jobs that a policy places, elsewhere, before it is timed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where policies are compared.

    Attributes:
        workload: Its name, or the path of a list of pods.
        nodes: Of the cluster; None for the workload's own number.
        faults: ``none``, ``nodes``, ``partitions`` or ``both``.
        load: Part of the scarcest resource that would be in use.
        turnover: Arrivals after the start, in jobs that run at the start.
        stale_ns: How late a policy learns of faults.
    """

    workload: str
    nodes: int | None = None
    faults: str = "none"
    load: float = 1.0
    turnover: float = 1.0
    stale_ns: int = STALE_NS

    def __post_init__(self) -> None:
        """Refuse faults that there are none of."""
        if self.faults not in FAULTS:
            raise InvalidInputError(
                f"faults {self.faults!r:.60} must be one of {', '.join(FAULTS)}"
            )

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Cell:
    """One run that is to be made."""

    setting: Setting
    policy: str
    seed: int


@dataclass(frozen=True, slots=True)
class CellRun:
    """What one run gave.

    Attributes:
        cell: Which run.
        nodes: Of its cluster.
        outcome: The figures.
        samples: States over time, as columns: ``time_s``, ``cpu``, ``memory``, ``gpu``,
            ``waiting``, ``entropy``, ``nash_gap``.
        digest: Fingerprint of everything that happened.
    """

    cell: Cell
    nodes: int
    outcome: Outcome
    samples: dict[str, list[float]]
    digest: str


@lru_cache(maxsize=2)
def _workload(setting: Setting, seed: int, stamp: tuple[int, ...]) -> Workload:
    """Return the workload of a setting; policies of one seed share it."""
    return workload_named(
        setting.workload,
        nodes=setting.nodes,
        seed=seed,
        load=setting.load,
        turnover=setting.turnover,
    )


@lru_cache(maxsize=64)
def _compiled(policy: str, sizes: tuple[Node, ...], jobs: tuple[Job, ...]) -> None:
    """Fill a small cluster, so that no decision's time has compiling in it."""
    cluster = Cluster(sizes)
    placer = policy_named(policy)(cluster, 0, jobs)
    held: list[Placement] = []
    for job in jobs:
        for node in placer.place(cluster, job) or ():
            held.append(cluster.take(node, job, placer.gpus(cluster, node, job)))
            placer.taken(held[-1])
    for placement in held:
        cluster.give(placement)
        placer.given(placement)


def run_cell(cell: Cell) -> CellRun:
    """Make one run.

    Raises:
        InvalidInputError: There is no such policy or workload, or its data is not here.
    """
    setting = cell.setting
    maker = policy_named(cell.policy)
    if not 0 <= cell.seed <= SEED_MAX:
        raise InvalidInputError(f"seed={cell.seed} must be >= 0 and <= {SEED_MAX}")
    workload = _workload(setting, cell.seed, file_stamp(setting.workload))
    faults = faults_named(
        setting.faults, nodes=len(workload.nodes), horizon_ns=workload.horizon_ns, seed=cell.seed
    )
    stale_ns = setting.stale_ns if faults else 0
    _compiled(cell.policy, tuple(dict.fromkeys(workload.nodes)), workload.typical[:_WARMING])
    run = simulate(workload, maker, seed=cell.seed, faults=faults, stale_ns=stale_ns)
    kept = run.recorder.samples
    columns: dict[str, list[float]] = {
        name: [float(getattr(sample, name)) for sample in kept]
        for name in ("cpu", "memory", "gpu", "waiting", "entropy", "nash_gap")
    }
    columns = {"time_s": [sample.time_ns / 1e9 for sample in kept], **columns}
    return CellRun(cell, len(workload.nodes), outcome_of(run), columns, run.recorder.digest)


def compare(
    settings: Sequence[Setting], policies: Sequence[str], seeds: Sequence[int], *, jobs: int = 1
) -> Iterator[CellRun]:
    """Yield every run: setting by setting, seed by seed, policy by policy.

    Args:
        settings: One or more.
        policies: Names, each once.
        seeds: Each once.
        jobs: Processes.

    Raises:
        InvalidInputError: A name or a seed occurs twice, or there is none.
    """
    for label, values in (("policies", policies), ("seeds", seeds), ("settings", settings)):
        if not values or len(set(values)) != len(values):
            raise InvalidInputError(f"{label}={list(values)!r:.200} must be one or more, each once")
    for policy in policies:
        policy_named(policy)
    # Policies of one seed come one after the other, so that a process makes a workload once.
    cells = [
        Cell(setting, policy, seed) for setting in settings for seed in seeds for policy in policies
    ]
    yield from results_in_order(run_cell, ((cell,) for cell in cells), jobs=jobs)


def summary(runs: Sequence[CellRun]) -> dict[str, dict[str, Any]]:
    """Return of each figure the values, one a seed, their mean, and its interval over seeds.

    Args:
        runs: Of one policy in one setting.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in Outcome.names():
        values = [float(getattr(run.outcome, name)) for run in runs]
        own = interval(values)
        ends = [own.low, own.high] if len(values) > 1 else None
        found[name] = {"mean": own.mean, "interval": ends, "values": values}
    return found
