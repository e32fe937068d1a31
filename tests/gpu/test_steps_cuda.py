"""The steps on a CUDA card give the floats of the processor.

Bit for bit where the weights are tensors on the card. Where they are Python floats, torch
divides by one on the card as a product with its reciprocal, which is off by rounding.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import pytest
import torch

from homeostat.models.batching import (
    BatchingParameters,
    Pair,
    simulation_step,
    split,
    spread,
    theory_step,
    typed_simulation_step,
    typed_theory_step,
)
from homeostat.properties.rounding import floats, step_differs_from_float64

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA card on this machine"),
]

SYSTEMS = (
    BatchingParameters(1, 1, 3, "1/2"),
    BatchingParameters(2, 2, 5, "1/3", 7),
    BatchingParameters(10, 2, 5, "1/2", 60),
    BatchingParameters(50, 4, 7, "1/2", 1000),
)
systems = pytest.mark.parametrize(
    "parameters", SYSTEMS, ids=lambda p: f"{p.l0}-{p.l_a}-{p.l_b}-{p.q}"
)


def batch(parameters: BatchingParameters, device: str) -> tuple[Any, ...]:
    """Return random starts on the token balance, one tensor a stage."""
    generator = torch.Generator().manual_seed(11)
    n = parameters.stage_count
    # Few distinct shares, so that stages often fill the capacity exactly.
    shares = torch.randint(0, 4, (n, 10_000), generator=generator).double() + 1e-3
    tokens = float(parameters.capacity) * shares / shares.sum(0)
    return tuple(
        (held / float(w)).to(device) for held, w in zip(tokens, parameters.weights, strict=True)
    )


def on(device: str, values: Sequence[Fraction]) -> tuple[Any, ...]:
    return tuple(torch.tensor(float(x), dtype=torch.float64, device=device) for x in values)


def capacities(parameters: BatchingParameters, device: str) -> Any:
    return torch.full((10_000,), float(parameters.capacity), dtype=torch.float64, device=device)


@systems
@pytest.mark.parametrize("step", [theory_step, simulation_step])
def test_a_merged_run_on_the_card_is_the_processors(
    parameters: BatchingParameters, step: Callable[..., Any]
) -> None:
    weights = {device: on(device, parameters.weights) for device in ("cpu", "cuda")}
    runs = {device: batch(parameters, device) for device in weights}
    for _ in range(30):
        for device in runs:
            runs[device] = step(weights[device], capacities(parameters, device), runs[device])
        for x, y in zip(runs["cpu"], runs["cuda"], strict=True):
            assert y.is_cuda
            assert torch.equal(x, y.cpu())
    assert torch.equal(spread(runs["cpu"]), spread(runs["cuda"]).cpu())


@systems
@pytest.mark.parametrize("step", [typed_theory_step, typed_simulation_step])
def test_a_typed_run_on_the_card_is_the_processors(
    parameters: BatchingParameters, step: Callable[..., Any]
) -> None:
    exact = [parameters.l0 + s + 1 for s in range(parameters.l_b)]
    lengths = {device: on(device, exact) for device in ("cpu", "cuda")}
    q = float(parameters.q)
    runs: dict[str, Any] = {
        device: split(q, parameters.l_a, batch(parameters, device)) for device in ("cpu", "cuda")
    }
    for _ in range(30):
        for device in runs:
            runs[device] = step(lengths[device], capacities(parameters, device), q, runs[device])
        for mine, other in zip(runs["cpu"], runs["cuda"], strict=True):
            for x, y in zip(mine, other, strict=True):
                assert torch.equal(x, y.cpu())


@systems
@pytest.mark.parametrize("step", [theory_step, simulation_step])
def test_float_weights_on_the_card_are_off_by_rounding_alone(
    parameters: BatchingParameters, step: Callable[..., Any]
) -> None:
    weights, capacity = floats(parameters.weights), float(parameters.capacity)
    one = torch.tensor([capacity], dtype=torch.float64, device="cuda")

    def on_the_card(weights: Any, _: Any, state: Any) -> Any:
        members = torch.tensor(state, dtype=torch.float64, device="cuda")[:, None]
        after = step(weights, one, tuple(members))
        return [m.item() for m in after]

    for state in Pair.run(parameters, step_count=20).simulation:
        got = step_differs_from_float64(weights, capacity, floats(state), on_the_card, step)
        assert got is None
