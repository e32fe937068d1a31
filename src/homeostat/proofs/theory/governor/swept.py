"""How much the governor's settings matter, measured: damping, temperature and tax."""

from collections.abc import Mapping
from typing import Any, Final

from homeostat.proofs.claims import Canary, CanaryError, Claim, Source
from homeostat.proofs.verdicts import Measured
from homeostat.runtime.governor.comparison import Measure
from homeostat.runtime.governor.sweep import RANGES, Plan, Settings, sweep_document
from homeostat.runtime.governor.sweep_runs import SWEPT, GovernorRuns
from homeostat.runtime.traces.fetching import dataset_named, missing_files

__all__ = ["CLAIMS", "PLAN", "RUNS"]

PLAN: Final = Plan(columns=5, slices=3, exponent=5, seeds=(0, 1, 2))
RUNS: Final = GovernorRuns(workload="openb", nodes=200, turnover=0.5)
"""Real jobs, whose sizes are many, and load enough that what is stranded is missed."""
DATA: Final = "openb-gpu"
_NEAR: Final = 0.1


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _rounded(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: _rounded(value) for name, value in found.items()}
    if isinstance(found, list):
        return [_rounded(value) for value in found]
    return _short(found) if isinstance(found, float) else found


def _decide() -> Measured:
    found = _rounded(sweep_document(RUNS, SWEPT, PLAN))
    return Measured(
        estimate={
            "of": "each measure: the best setting on the maps; Sobol indices, first and total, "
            "with 95 % intervals; the standard deviation over the box, and that of chance",
            "plan": found["plan"],
            "maps": found["maps"],
            "points": found["measures"],
        }
    )


def _product(settings: Settings, seed: int) -> Mapping[str, float]:
    """Return damping alone, whatever the seed."""
    return {"alone": settings.damping + 0 * seed}


def _catch() -> str:
    """Sweep a function that only damping matters to."""
    measure = Measure("alone", "damping alone", "", higher_is_better=True)
    found = sweep_document(_product, (measure,), Plan(columns=2, slices=1, exponent=7))
    total = found["measures"][0]["indices"]["total"]
    figures = {name: total[name]["index"] for name in RANGES}
    if not figures["damping"] > 1 - _NEAR or max(figures["temperature"], figures["tax"]) > _NEAR:
        raise CanaryError(f"of damping alone the total indices are {figures}")
    return f"of damping alone the total indices are {_rounded(figures)}"


def _missing() -> list[str]:
    return list(missing_files(dataset_named(DATA)))


CLAIMS: Final = (
    Claim(
        id="governor.sweep",
        title="Which settings of the governor are best, and how much they matter",
        statement="Every measure over damping and temperature from 0.1 to 10 and tax from 0.1 to "
        "5, on maps by equal factors, and Sobol indices of first and total order.",
        scope=f"the workload `{RUNS.workload}` on {RUNS.nodes} nodes, faults of both kinds, "
        f"{len(PLAN.seeds)} seeds; {PLAN.columns} x {PLAN.columns} x {PLAN.slices} settings on "
        f"maps, 2^{PLAN.exponent} draws for the indices",
        source=Source(note="000", section="4"),
        decide=_decide,
        canary=Canary(
            falsehood="what depends on damping alone depends on temperature or tax",
            catch=_catch,
        ),
        vacuity="every point is of concrete runs, which the simulator checks at their end",
        remark="It is stage 4 of the note's plan. Where the spread over the whole box is no more "
        "than that of chance, indices are those of chance, and the best setting is one of many.",
        trusts=("the simulator", "SciPy's estimators of Sobol indices"),
        slow=True,
        missing_data=_missing,
    ),
)
