"""Paired steps per second of the reference steps over a batch: CUDA against NumPy.

What is compared: one step of Theory and of Simulation with both spreads (a paired step), for many
starts of data set 2 at once, float64. On the card the reference steps run as they are on torch
tensors; on the processor they run on NumPy arrays, which is what a user would do without a card.
Why: to know from which batch size on a card pays. (The searches use the compiled sweep instead,
see sweep.py.) Both are timed in turn in one run, several times; the figures are ratios of paired
steps per second with their spread. Transfers to the card are left out.
"""

import argparse
import datetime
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from homeostat.models.batching import DATA_SETS, simulation_step, spread, theory_step

STEP_COUNT = 32
REPEATS = 7
BATCHES = (1_000, 100_000, 4_000_000)
PARAMETERS = DATA_SETS[1].parameters


def starts(batch: int) -> np.ndarray[Any, Any]:
    """Return random starts on the token balance, shape (stages, batch)."""
    shares = np.random.default_rng(7).dirichlet(np.ones(PARAMETERS.stage_count), batch).T
    weights = np.array([float(w) for w in PARAMETERS.weights])
    return np.asarray(shares * float(PARAMETERS.capacity) / weights[:, None])


def run(weights: Sequence[Any], capacity: Any, state: Sequence[Any]) -> Any:
    """Run both systems and return how often dominance failed, over the whole batch."""
    theory = simulation = tuple(state)
    failures = 0
    for _ in range(STEP_COUNT):
        theory = theory_step(weights, capacity, theory)
        simulation = simulation_step(weights, capacity, simulation)
        failures = failures + (spread(theory) < spread(simulation)).sum()
    return failures


def seconds(work: Callable[[], Any]) -> float:
    """Time one call; the result is fetched, so a card has finished."""
    began = time.perf_counter()
    int(work())
    return time.perf_counter() - began


def measure(batch: int) -> dict[str, Any]:
    """Time NumPy and CUDA in turn on the same starts."""
    state = starts(batch)
    weights = [float(w) for w in PARAMETERS.weights]
    capacity = float(PARAMETERS.capacity)
    card_weights = [torch.tensor(w, dtype=torch.float64, device="cuda") for w in weights]
    card_state = tuple(torch.from_numpy(np.ascontiguousarray(m)).cuda() for m in state)
    card_capacity = torch.full((batch,), capacity, dtype=torch.float64, device="cuda")
    host_capacity = np.full(batch, capacity)

    def on_host() -> Any:
        return run(weights, host_capacity, tuple(state))

    def on_card() -> Any:
        return run(card_weights, card_capacity, card_state)

    host_failures, card_failures = int(on_host()), int(on_card())
    times = [(seconds(on_host), seconds(on_card)) for _ in range(REPEATS)]
    ratios = [host / card for host, card in times]
    paired = batch * STEP_COUNT
    return {
        "batch": batch,
        "failures": {"numpy": host_failures, "cuda": card_failures},
        "paired_steps_per_second": {
            "numpy": round(paired / statistics.median(host for host, _ in times)),
            "cuda": round(paired / statistics.median(card for _, card in times)),
        },
        "cuda_over_numpy": {
            "min": round(min(ratios), 2),
            "median": round(statistics.median(ratios), 2),
            "max": round(max(ratios), 2),
        },
    }


def main() -> None:
    """Measure every batch size; print, and with --write keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="file for the figures")
    options = parser.parse_args()
    result = {
        "benchmark": "gpu_steps",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "card": torch.cuda.get_device_name(),
        "torch": torch.__version__,
        "steps": STEP_COUNT,
        "stages": PARAMETERS.stage_count,
        "points": [measure(batch) for batch in BATCHES],
    }
    text = json.dumps(result, indent=1)
    print(text)  # a benchmark prints its figures
    if options.write:
        options.write.write_text(text + "\n")


if __name__ == "__main__":
    main()
