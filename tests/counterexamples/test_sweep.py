from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from homeostat.counterexamples.floats import Lanes, candidate_steps
from homeostat.counterexamples.library import CONJECTURES
from homeostat.counterexamples.sweep import first_violations
from homeostat.models.batching import BatchingParameters, simulation_step, spread, theory_step

pytestmark = pytest.mark.slow


def lanes(stage_count: int, count: int, seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    stages = np.arange(stage_count)[:, None]
    l_a = rng.integers(1, stage_count, count)
    q = rng.integers(1, 20, count) / 20
    weights = (rng.integers(1, 30, count) + stages + 1) * np.where(stages >= l_a, q, 1.0)
    shares = rng.dirichlet(np.full(stage_count, 0.4), count).T
    return weights, 100.0 * shares / weights


def reference(
    weights: NDArray[np.float64], start: NDArray[np.float64], steps: int
) -> tuple[int, float]:
    """First violated step and smallest margin of one lane, by the models' own steps."""
    w, state = weights.tolist(), tuple(start.tolist())
    theory = simulation = state
    tolerance, first, worst = 1e-9 * max(state), 0, float("inf")
    for t in range(1, steps + 1):
        theory = theory_step(w, 100.0, theory)
        simulation = simulation_step(w, 100.0, simulation)
        gap = spread(theory) - spread(simulation)
        worst = min(worst, gap)
        if gap < -tolerance and not first:
            first = t
    return first, worst


@pytest.mark.parametrize("stage_count", [2, 3, 5, 8])
# Fewer lanes than a block, a block exactly, and one more than a block.
@pytest.mark.parametrize("count", [1, 7, 256, 257])
def test_the_sweep_equals_the_reference_steps_bit_by_bit(stage_count: int, count: int) -> None:
    weights, starts = lanes(stage_count, count, seed=stage_count)
    first, margin = first_violations(weights, 100.0, starts, 25)
    expected = [reference(weights[:, j], starts[:, j], 25) for j in range(count)]
    assert list(zip(first.tolist(), margin.tolist(), strict=True)) == expected


def test_the_sweep_sees_the_violations_that_numpy_sees() -> None:
    systems = [BatchingParameters(l0, 1, 3, "2/5") for l0 in (1, 2, 3)]
    batch = Lanes.of(systems, [[(1, 0, 0), (1, 7, 0)]] * 3)
    swept = candidate_steps(CONJECTURES["g_dominance"], batch, 12)
    # The sufficient condition always holds here, so both say when dominance fails.
    by_numpy = candidate_steps(CONJECTURES["max_dominance"], batch, 12)
    assert swept.first[0] == 5
    assert swept.first.shape == by_numpy.first.shape == (6,)


def test_no_lanes_and_no_steps_give_no_candidates() -> None:
    weights, starts = lanes(3, 4, seed=0)
    assert first_violations(weights[:, :0], 100.0, starts[:, :0], 5)[0].shape == (0,)
    first, margin = first_violations(weights, 100.0, starts, 0)
    assert not first.any()
    assert np.isinf(margin).all()


def test_what_is_smaller_than_the_tolerance_is_no_candidate() -> None:
    weights, starts = lanes(3, 400, seed=1)
    found, margin = first_violations(weights, 100.0, starts, 25)
    strict, _ = first_violations(weights, 100.0, starts, 25, relative_tolerance=1.0)
    assert found.any()
    assert not strict[margin > -starts.max(axis=0)].any()


def test_the_sweep_compiles_where_no_folder_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    import numba

    from homeostat.counterexamples import sweep_kernels
    from homeostat.models.compiling import compiled

    real = numba.njit

    def without_a_folder(*arguments: Any, cache: bool = False, **options: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return real(*arguments, **options)

    monkeypatch.setattr(numba, "njit", without_a_folder)
    rows = [np.ones(sweep_kernels.LANES) for _ in range(9)]
    compiled(sweep_kernels._advance_stage)(*rows)
    assert (rows[3] == 0.0).all()
