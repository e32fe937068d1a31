"""Which figures of a run policies are compared by, and which way is better."""

from collections.abc import Sequence
from typing import Final

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.comparing import CellRun
from homeostat.runtime.governor.comparison import Cell, Measure, Record

__all__ = ["MEASURES", "record_of"]

MEASURES: Final = (
    Measure("gpu_allocation", "GPU allocation", "%", higher_is_better=True),
    Measure("cpu_utilisation", "CPU utilisation", "%", higher_is_better=True),
    Measure("memory_utilisation", "memory utilisation", "%", higher_is_better=True),
    Measure("throughput_per_hour", "throughput", "jobs/h", higher_is_better=True),
    Measure("rejected", "rejected jobs", "%", higher_is_better=False),
    Measure("displaced", "displaced jobs", "", higher_is_better=False),
    Measure("wait_s_mean", "mean wait", "s", higher_is_better=False),
    Measure("jain", "fairness between tenants", "", higher_is_better=True),
    Measure("nash_gap", "Nash gap", "", higher_is_better=False),
    Measure("entropy_produced_per_hour", "entropy production", "nats/h", higher_is_better=False),
    Measure("decision_us_whole", "time of a decision", "us", higher_is_better=False),
    Measure("probes_mean", "nodes looked at by a decision", "", higher_is_better=False),
)
"""In the order to show. All but the time of a decision repeats exactly; that is the machine's, and
counts what a policy does to keep its index."""


def record_of(runs: Sequence[CellRun]) -> Record:
    """Return the record of runs of one policy in one setting, one a seed.

    Raises:
        InvalidInputError: There is no run, or they are of several policies or settings.
    """
    if len({(run.cell.setting, run.cell.policy) for run in runs}) != 1:
        raise InvalidInputError(f"{len(runs)} runs must be of one policy in one setting")
    first = runs[0]
    setting = first.cell.setting
    return Record(
        Cell(setting.workload, first.nodes, faults=setting.faults != "none"),
        first.cell.policy,
        tuple(run.cell.seed for run in runs),
        {m.name: tuple(float(getattr(run.outcome, m.name)) for run in runs) for m in MEASURES},
    )
