"""Policies in one setting, side by side, as JSON data."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.comparing import CellRun, summary
from homeostat.runtime.governor.comparison import Measure
from homeostat.runtime.governor.measures import MEASURES
from homeostat.runtime.governor.metrics import CLOCKED
from homeostat.runtime.governor.paired import LEVEL, Outcome, paired

__all__ = ["SCHEMA", "govern_document"]

SCHEMA: Final = "homeostat.govern/1"


def govern_document(runs: Sequence[CellRun], workload: str) -> dict[str, Any]:
    """Return what runs of one setting gave.

    Everything but ``decision_us`` repeats exactly.

    Args:
        runs: Of all policies on the same seeds.
        workload: Its name for a reader.

    Raises:
        InvalidInputError: They are of several settings, or a policy lacks a seed.
    """
    by_policy: dict[str, list[CellRun]] = {}
    for run in runs:
        by_policy.setdefault(run.cell.policy, []).append(run)
    seeds = sorted({run.cell.seed for run in runs})
    if len({run.cell.setting for run in runs}) != 1 or any(
        [run.cell.seed for run in own] != seeds for own in by_policy.values()
    ):
        raise InvalidInputError(f"{len(runs)} runs must be of one setting, and of the same seeds")
    first = runs[0]
    setting = first.cell.setting
    rows = [_policy(name, own) for name, own in by_policy.items()]
    figures = {
        name: {**row["figures"], **{f"decision_us_{k}": v for k, v in row["decision_us"].items()}}
        for name, row in zip(by_policy, rows, strict=True)
    }
    return {
        "schema": SCHEMA,
        "workload": workload,
        "nodes": first.nodes,
        "faults": setting.faults,
        "load": setting.load,
        "turnover": setting.turnover,
        "stale_s": setting.stale_ns / 1e9,
        "level": LEVEL,
        "seeds": seeds,
        "policies": rows,
        "measures": [_measure(measure, figures) for measure in MEASURES],
    }


def _policy(name: str, runs: Sequence[CellRun]) -> dict[str, Any]:
    found = summary(runs)
    prefix = "decision_us_"
    return {
        "policy": name,
        "figures": {key: value for key, value in found.items() if key not in CLOCKED},
        "decision_us": {key.removeprefix(prefix): found[key] for key in CLOCKED},
        "over_time": runs[0].samples,
        "digests": [run.digest for run in runs],
    }


def _measure(measure: Measure, figures: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return a measure, the policy of the best mean, and those that chance may put behind it."""
    values = {name: own[measure.name]["values"] for name, own in figures.items()}
    sign = 1 if measure.higher_is_better else -1
    best = max(values, key=lambda name: sign * figures[name][measure.name]["mean"])
    tied = [
        name
        for name, own in values.items()
        if name != best and _tie(values[best], own, higher_is_better=measure.higher_is_better)
    ]
    return {
        **measure.document(),
        "best": best,
        "tied": tied,
        "matters": any(len(set(own)) > 1 for own in zip(*values.values(), strict=True)),
    }


def _tie(best: Sequence[float], other: Sequence[float], *, higher_is_better: bool) -> bool:
    if len(best) == 1:
        return best == other
    outcome = paired(best, other, higher_is_better=higher_is_better)[1]
    return outcome is not Outcome.WINS
