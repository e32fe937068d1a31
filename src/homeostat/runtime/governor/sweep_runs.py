"""Runs of the governor with settings of its own, for a sweep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, final

from homeostat.runtime.governor.cluster import Cluster
from homeostat.runtime.governor.faults import faults_named
from homeostat.runtime.governor.governor_policy import GovernorPolicy
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.measures import MEASURES
from homeostat.runtime.governor.metrics import CLOCKED, outcome_of
from homeostat.runtime.governor.placer import PlacerSettings
from homeostat.runtime.governor.policy import Policy
from homeostat.runtime.governor.simulator import STALE_NS, simulate
from homeostat.runtime.governor.sweep import Settings
from homeostat.runtime.governor.workloads import Workload, workload_named

__all__ = ["SWEPT", "GovernorRuns"]

SWEPT: Final = tuple(m for m in MEASURES if m.name not in {*CLOCKED, "displaced"})
"""What is kept of a run: not what the clock says, nor what faults do whoever places."""


@lru_cache(maxsize=8)
def _workload(name: str, nodes: int, turnover: float, seed: int) -> Workload:
    return workload_named(name, nodes=nodes, seed=seed, turnover=turnover)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class GovernorRuns:
    """Runs the governor on one workload; call it with settings and a seed.

    Attributes:
        workload: Its name.
        nodes: Of the cluster.
        turnover: Arrivals after the start, in jobs that run at the start.
        faults: ``none``, ``nodes``, ``partitions`` or ``both``.
    """

    workload: str = "mixed"
    nodes: int = 100
    turnover: float = 1.0
    faults: str = "both"

    def __call__(self, settings: Settings, seed: int) -> Mapping[str, float]:
        """Return the measures of one run."""
        work = _workload(self.workload, self.nodes, self.turnover, seed)
        faults = faults_named(
            self.faults, nodes=self.nodes, horizon_ns=work.horizon_ns, seed=seed
        )  # fmt: skip

        def maker(cluster: Cluster, seed: int, typical: Sequence[Job]) -> Policy:
            own = PlacerSettings(
                temperature=settings.temperature, damping=settings.damping, tax=settings.tax
            )
            return GovernorPolicy(cluster, typical, seed, own)

        stale_ns = STALE_NS if faults else 0
        run = simulate(work, maker, seed=seed, faults=faults, stale_ns=stale_ns)
        outcome = outcome_of(run)
        return {measure.name: float(getattr(outcome, measure.name)) for measure in SWEPT}
