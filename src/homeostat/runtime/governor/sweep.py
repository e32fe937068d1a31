"""What damping, temperature and tax do to every measure: maps, best settings, Sobol indices.

Maps are grids by equal factors. The indices (Saltelli's estimators of 2010, as SciPy has them) say
which part of a measure's variance over the whole box a setting has alone (first order), and with
all that it does together with others (total). Settings are drawn by equal factors, too.

What a run measures also depends on its seed. So each figure is a mean over the same seeds: what a
seed does to all settings alike cancels when settings are compared, and what it does to each in
another way is chance. It is the residue of a table of settings and seeds (two-way analysis of
variance); its standard deviation in a mean stands beside the spread over the box. A measure whose
spread is no more than chance, by Fisher's F at 1 %, has indices of noise.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as fisher
from scipy.stats import qmc, sobol_indices

from homeostat.errors import InvalidInputError
from homeostat.models.parallel import results_in_order
from homeostat.runtime.governor.comparison import Measure

__all__ = ["RANGES", "SCHEMA", "Evaluate", "Plan", "Settings", "sweep_document"]

SCHEMA: Final = "homeostat.governor-sweep/1"
RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "damping": (0.1, 10.0),
    "temperature": (0.1, 10.0),
    "tax": (0.1, 5.0),
}
"""Least and largest of each setting: those of the note's plan, stage 4."""
_RESAMPLES: Final = 200
_LEVEL: Final = 0.95
_SURE: Final = 0.99
_ROUNDING: Final = 1e-12
_COLUMNS_MAX: Final = 64
_EXPONENT_MAX: Final = 16


@final
@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is governed by.

    Attributes:
        damping: Friction of the agents.
        temperature: Of the agents.
        tax: Factor of the controller's damping.
    """

    damping: float
    temperature: float
    tax: float


Evaluate: TypeAlias = Callable[[Settings, int], Mapping[str, float]]
"""Returns the measures of a run with some settings on a seed; a function of a module."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How densely is swept.

    Attributes:
        columns: Values of damping and of temperature in a map.
        slices: Values of the tax, one map each.
        exponent: 2^exponent draws for the indices, each with 5 runs a seed.
        seeds: Of the runs; two or more, so that chance can be told.
        seed: Of the draws.
    """

    columns: int = 7
    slices: int = 3
    exponent: int = 5
    seeds: tuple[int, ...] = (0, 1, 2)
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name, low, high in (
            ("columns", 2, _COLUMNS_MAX),
            ("slices", 1, _COLUMNS_MAX),
            ("exponent", 1, _EXPONENT_MAX),
        ):
            if not low <= getattr(self, name) <= high:
                raise InvalidInputError(f"{name}={getattr(self, name)} must be {low} to {high}")
        if len(set(self.seeds)) != len(self.seeds) or len(self.seeds) < 2:
            raise InvalidInputError(f"seeds={self.seeds!r:.60} must be two or more, each once")


def sweep_document(
    evaluate: Evaluate, measures: Sequence[Measure], plan: Plan, *, jobs: int = 1
) -> dict[str, Any]:
    """Return the maps, the best settings and the indices, as JSON data.

    Args:
        evaluate: Runs the governor.
        measures: What is kept of a run.
        plan: How densely is swept.
        jobs: Processes.
    """
    grid = _grid(plan)
    draws = _draws(plan)
    points = [*grid, *draws]
    tasks = ((evaluate, point, seed) for point in points for seed in plan.seeds)
    runs = iter(results_in_order(_evaluated, tasks, jobs=jobs))
    values = np.array([[[run[m.name] for m in measures] for run in _next(runs, plan)]
                       for _ in points])  # fmt: skip
    means = values.mean(axis=1)
    chance = _chance(values[len(grid) :])
    drawn = means[len(grid) :].T
    return {
        "schema": SCHEMA,
        "ranges": {name: list(ends) for name, ends in RANGES.items()},
        "plan": {**asdict(plan), "seeds": list(plan.seeds)},
        "level": _LEVEL,
        "measures": [
            {
                **measure.document(),
                "deviation": float(drawn[i].std(ddof=1)),
                "chance": float(chance[i]),
                "is_chance": _is_chance(float(drawn[i].std(ddof=1)), float(chance[i]), plan),
                "best": _best(measure, grid, means[: len(grid), i]),
                "indices": _indices(drawn[i], plan),
            }
            for i, measure in enumerate(measures)
        ],
        "maps": _maps(plan, grid, means[: len(grid)], measures),
    }


def _evaluated(evaluate: Evaluate, settings: Settings, seed: int) -> Mapping[str, float]:
    return evaluate(settings, seed)


def _next(runs: Any, plan: Plan) -> list[Mapping[str, float]]:
    return [next(runs) for _ in plan.seeds]


def _spaced(name: str, count: int) -> list[float]:
    """Return values of a setting by equal factors; one alone is the middle."""
    low, high = RANGES[name]
    if count == 1:
        return [math.sqrt(low * high)]
    return [float(x) for x in np.geomspace(low, high, count)]


def _chance(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the deviation by chance of a mean over seeds; values are (settings, seeds, ...)."""
    settings, seeds = values.shape[:2]
    residue = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0, keepdims=True)
    residue += values.mean(axis=(0, 1), keepdims=True)
    variance = (residue**2).sum(axis=(0, 1)) / ((settings - 1) * (seeds - 1))
    return np.asarray(np.sqrt(variance / seeds), np.float64)


def _is_chance(deviation: float, chance: float, plan: Plan) -> bool:
    """Return whether settings spread a measure no more than chance does, by Fisher's F."""
    free = (len(RANGES) + 2) * 2**plan.exponent - 1
    limit = float(fisher.ppf(_SURE, free, free * (len(plan.seeds) - 1)))
    return deviation**2 <= limit * chance**2


def _grid(plan: Plan) -> list[Settings]:
    """Return the points of all maps: tax by tax, then row by row of temperatures."""
    return [
        Settings(damping, temperature, tax)
        for tax in _spaced("tax", plan.slices)
        for temperature in _spaced("temperature", plan.columns)
        for damping in _spaced("damping", plan.columns)
    ]


def _draws(plan: Plan) -> list[Settings]:
    """Return A, B, and for each setting A with that of B: what the estimators are made of."""
    count = len(RANGES)
    unit = qmc.Sobol(2 * count, seed=plan.seed).random_base2(plan.exponent)
    first, second = unit[:, :count], unit[:, count:]
    mixed = []
    for place in range(count):
        mixed.append(first.copy())
        mixed[-1][:, place] = second[:, place]
    low, high = np.log(np.array(list(RANGES.values()))).T
    scaled = np.exp(low + (high - low) * np.concatenate([first, second, *mixed]))
    return [Settings(*map(float, row)) for row in scaled]


def _indices(values: NDArray[np.float64], plan: Plan) -> dict[str, Any] | None:
    """Return first and total indices with intervals; None of what never changes."""
    if np.ptp(values) <= _ROUNDING * np.abs(values).max():
        return None
    parts = values.reshape(len(RANGES) + 2, -1)
    random = np.random.default_rng(plan.seed)
    draws = parts.shape[1]
    found = _estimates(parts)
    again = [_estimates(parts[:, random.integers(draws, size=draws)]) for _ in range(_RESAMPLES)]
    # A resample may be constant by chance; it says nothing.
    ends = np.nanquantile(again, ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2), axis=0)
    return {
        order: {
            name: {
                "index": float(found[k, i]),
                "low": float(ends[0, k, i]),
                "high": float(ends[1, k, i]),
            }
            for i, name in enumerate(RANGES)
        }
        for k, order in enumerate(("first", "total"))
    }


def _estimates(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return first and total indices of each setting, shape (2, settings)."""
    # SciPy wants (outputs, draws), and for the mixed ones (settings, outputs, draws).
    func = {"f_A": parts[:1], "f_B": parts[1:2], "f_AB": parts[2:, np.newaxis]}
    with np.errstate(invalid="ignore", divide="ignore"):
        found = sobol_indices(func=func, n=parts.shape[1])
    return np.stack([np.ravel(found.first_order), np.ravel(found.total_order)])


def _best(
    measure: Measure, grid: Sequence[Settings], values: NDArray[np.float64]
) -> dict[str, Any]:
    place = int(values.argmax() if measure.higher_is_better else values.argmin())
    return {"value": float(values[place]), **asdict(grid[place])}


def _maps(
    plan: Plan,
    grid: Sequence[Settings],
    means: NDArray[np.float64],
    measures: Sequence[Measure],
) -> list[dict[str, Any]]:
    side = plan.columns
    cut = means.reshape(plan.slices, side, side, len(measures))
    return [
        {
            "tax": tax,
            "damping": _spaced("damping", side),
            "temperature": _spaced("temperature", side),
            "values": {m.name: cut[k, :, :, i].tolist() for i, m in enumerate(measures)},
        }
        for k, tax in enumerate(_spaced("tax", plan.slices))
    ]
