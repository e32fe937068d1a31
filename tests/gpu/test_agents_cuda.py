"""Langevin agents on a CUDA card move as those on the processor."""

import numpy as np
import pytest
import torch

from homeostat.models.landau import Landau
from homeostat.runtime.governor.agents import (
    Agents,
    Dynamics,
    NumpyArrays,
    TorchArrays,
    congestion_force,
    well_force,
)

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA card on this machine"),
]

COUNT = 100_000
WELLS = Landau(a=2.0, b=1.0, critical=1.0)


def test_agents_in_wells_are_the_processors_bit_for_bit() -> None:
    host, card = NumpyArrays(1), TorchArrays(1, "cuda")
    ours = Agents(card, COUNT, well_force(card, WELLS, 0.0), dynamics=Dynamics(), start=-1.0)
    theirs = Agents(host, COUNT, well_force(host, WELLS, 0.0), dynamics=Dynamics(), start=-1.0)
    draws = np.random.default_rng(5)
    for _ in range(50):
        noise = draws.standard_normal(COUNT)
        theirs.step(0.5, noise)
        ours.step(0.5, torch.from_numpy(noise).cuda())
        assert ours.position.is_cuda
    assert np.array_equal(ours.position.cpu().numpy(), theirs.position)
    assert np.array_equal(ours.velocity.cpu().numpy(), theirs.velocity)
    assert np.ptp(theirs.position) > 1


def test_agents_under_congestion_are_the_processors_within_rounding() -> None:
    host, card = NumpyArrays(1), TorchArrays(1, "cuda")
    given = {"stiffness": 1.0, "tax": 0.5}
    ours = Agents(card, COUNT, congestion_force(card, **given), dynamics=Dynamics(), start=1.0)
    theirs = Agents(host, COUNT, congestion_force(host, **given), dynamics=Dynamics(), start=1.0)
    draws = np.random.default_rng(6)
    for _ in range(50):
        noise = draws.standard_normal(COUNT)
        theirs.step(1.0, noise)
        ours.step(1.0, torch.from_numpy(noise).cuda())
    # Sums of 10^5 terms in another order differ by rounding alone.
    assert np.abs(ours.position.cpu().numpy() - theirs.position).max() < 1e-12


def test_the_cards_own_noise_is_at_the_temperature() -> None:
    card = TorchArrays(7, "cuda")
    agents = Agents(card, COUNT, well_force(card, WELLS, 0.0), dynamics=Dynamics(), start=-1.0)
    for _ in range(400):
        agents.step(0.25)
    # Five standard deviations of the mean square of 10^5 normal velocities.
    assert abs(agents.kinetic_temperature() / 0.25 - 1) < 5 * (2 / COUNT) ** 0.5 + 0.01
    again = TorchArrays(7, "cuda")
    twin = Agents(again, COUNT, well_force(again, WELLS, 0.0), dynamics=Dynamics(), start=-1.0)
    for _ in range(400):
        twin.step(0.25)
    assert torch.equal(agents.position, twin.position)
