"""Langevin agents: the model's steps over arrays, and the laws that they keep."""

import math
from typing import Any

import numpy as np
import pytest

from homeostat.errors import InvalidInputError
from homeostat.models.landau import Landau
from homeostat.models.langevin import baoab_step, kick_variance, note_step
from homeostat.runtime.governor.agents import (
    Agents,
    Dynamics,
    NumpyArrays,
    TorchArrays,
    congestion_force,
    well_force,
)

WELLS = Landau(a=2.0, b=1.0, critical=1.0)
COUNT = 5000


def in_wells(arrays: Any, count: int = COUNT, **given: Any) -> Agents:
    force = well_force(arrays, WELLS, 0.0)
    return Agents(arrays, count, force, dynamics=Dynamics(**given), start=-1.0)


def test_each_agent_makes_the_models_step() -> None:
    agents = in_wells(NumpyArrays(1), 4)
    noise = np.array([0.5, -1.0, 2.0, 0.0])
    agents.step(0.3, noise)
    kept = Dynamics().kept
    spread = math.sqrt(kick_variance(kept, 0.3, 1.0))
    for i in range(4):
        position, velocity = baoab_step(
            -1.0, 0.0, lambda x: 4.0 * x - 4.0 * x**3, spread * float(noise[i]),
            mass=1.0, kept=kept, dt=0.05,
        )  # fmt: skip
        assert agents.position[i] == pytest.approx(position, rel=1e-14)
        assert agents.velocity[i] == pytest.approx(velocity, rel=1e-14)


def test_the_same_seed_agrees_and_another_does_not() -> None:
    ends = []
    for seed in (1, 1, 2):
        agents = in_wells(NumpyArrays(seed), 100)
        for _ in range(5):
            agents.step(0.5)
        ends.append(agents.position)
    assert np.array_equal(ends[0], ends[1])
    assert not np.array_equal(ends[0], ends[2])


def test_torch_moves_as_numpy_bit_for_bit() -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = in_wells(TorchArrays(1)), in_wells(NumpyArrays(1))
    draws = np.random.default_rng(5)
    for _ in range(20):
        noise = draws.standard_normal(COUNT)
        ours.step(0.5, torch.from_numpy(noise))
        theirs.step(0.5, noise)
    assert np.array_equal(ours.position.numpy(), theirs.position)
    assert np.array_equal(ours.velocity.numpy(), theirs.velocity)
    ours.restart(ours.position > 0, -1.0)
    theirs.restart(theirs.position > 0, -1.0)
    assert np.array_equal(ours.position.numpy(), theirs.position)


def test_torchs_own_noise_is_at_the_temperature() -> None:
    pytest.importorskip("torch")
    agents = in_wells(TorchArrays(2))
    for _ in range(200):
        agents.step(0.25)
    assert abs(agents.kinetic_temperature() / 0.25 - 1) < 5 * math.sqrt(2 / COUNT)


def variance_in_a_well(step: Any) -> float:
    """Return k <x^2> / T of 5000 agents in k x^2 / 2, after long enough; Gibbs' law has 1."""
    arrays = NumpyArrays(3)
    force = congestion_force(arrays, stiffness=0.0, tax=1.0)
    agents = Agents(arrays, COUNT, force, dynamics=Dynamics(damping=1.0, dt=1.0))
    total, kept = 0.0, 0
    for i in range(400):
        step(agents)
        if i >= 50:
            total += float((agents.position**2).mean())
            kept += 1
    return total / kept


def test_positions_in_a_well_keep_gibbs_law_at_a_long_step_and_the_notes_update_does_not() -> None:
    draws = np.random.default_rng(4)

    def note(agents: Agents) -> None:
        noise = math.sqrt(2 * 1.0 * 1.0 / 1.0) * draws.standard_normal(len(agents))
        agents.position, agents.velocity = note_step(
            agents.position, agents.velocity, -agents.position, noise,
            mass=1.0, damping=1.0, dt=1.0,
        )  # fmt: skip

    assert abs(variance_in_a_well(lambda agents: agents.step(1.0)) - 1) < 0.02
    assert abs(variance_in_a_well(note) - 1) > 0.2


def test_congestion_draws_loads_together_and_the_tax_to_nothing() -> None:
    arrays = NumpyArrays(1)
    force = congestion_force(arrays, stiffness=2.0, tax=0.5)
    loads = np.array([1.0, 3.0])
    assert force(loads).tolist() == [-2.0 * (1 - 2) - 0.5, -2.0 * (3 - 2) - 1.5]


def test_a_cold_agent_stays_and_a_hot_one_leaves_its_well() -> None:
    cold, hot = in_wells(NumpyArrays(1), 200), in_wells(NumpyArrays(1), 200)
    for _ in range(400):
        cold.step(0.0)
        hot.step(1.0)
    assert (cold.position < 0).all()
    assert (hot.position > 0).any()


def test_restarted_agents_are_where_they_were_put_at_rest() -> None:
    agents = in_wells(NumpyArrays(1), 3)
    agents.step(1.0)
    before = agents.position.copy()
    agents.restart(np.array([True, False, True]), 0.5)
    assert agents.position.tolist() == [0.5, before[1], 0.5]
    assert agents.velocity[0] == 0.0
    assert agents.velocity[1] != 0.0


@pytest.mark.parametrize("given", [{"mass": 0.0}, {"damping": -1.0}, {"dt": math.nan}])
def test_dynamics_out_of_range_are_refused(given: dict[str, float]) -> None:
    with pytest.raises(InvalidInputError, match="must be > 0"):
        Dynamics(**given)


def test_no_agents_and_a_negative_temperature_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="count=0 must be >= 1"):
        in_wells(NumpyArrays(1), 0)
    with pytest.raises(InvalidInputError, match="temperature=-1 must be >= 0"):
        in_wells(NumpyArrays(1), 1).step(-1)
