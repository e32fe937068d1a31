"""Steps per second of many Langevin agents: torch on CUDA and on the processor against NumPy.

What is compared: one BAOAB step of all agents with its noise drawn, in Landau's two wells, float64,
by the same text (``runtime.governor.agents``). Why: to know from how many agents, one a node of a
cluster, a card pays. All are timed in turn in one run, several times; figures are medians and
ratios with their spread. The result stays where it is; one number is fetched so that a card has
finished. Before timing, agents with the same noise are compared: in these wells they must be equal
bit for bit. On a machine without a card that column is left out.

    python benchmarks/gpu_agents.py                 print the figures
    python benchmarks/gpu_agents.py --write FILE    also keep them
"""

import argparse
import datetime
import json
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from homeostat.models.landau import Landau
from homeostat.runtime.governor.agents import (
    Agents,
    Dynamics,
    NumpyArrays,
    TorchArrays,
    well_force,
)

COUNTS = (10_000, 100_000, 1_000_000, 10_000_000)
AGENT_STEPS = 20_000_000
"""Of a repetition, about: fewer steps of more agents."""
STEPS_MAX = 200
REPEATS = 5
TEMPERATURE = 0.5
WELLS = Landau(a=2.0, b=1.0, critical=1.0)


def make(side: str, count: int, seed: int) -> Agents:
    """Return agents of a side: ``numpy``, ``torch_cpu`` or ``torch_cuda``."""
    arrays: Any = NumpyArrays(seed)
    if side != "numpy":
        arrays = TorchArrays(seed, side.removeprefix("torch_"))
    force = well_force(arrays, WELLS, 0.0)
    return Agents(arrays, count, force, dynamics=Dynamics(), start=-1.0)


def on_host(values: Any) -> np.ndarray[Any, Any]:
    """Return an array of either library as NumPy's."""
    return values if isinstance(values, np.ndarray) else values.cpu().numpy()


def equal(sides: list[str], count: int) -> bool:
    """Return whether all sides move the same with the same noise."""
    noise = np.random.default_rng(3).standard_normal((10, count))
    ends = []
    for side in sides:
        agents = make(side, count, 1)
        for own in noise:
            given = own if side == "numpy" else torch.from_numpy(own).to(agents.position.device)
            agents.step(TEMPERATURE, given)
        ends.append(on_host(agents.position))
    return all(np.array_equal(ends[0], end) for end in ends)


def seconds(agents: Agents, steps: int) -> float:
    """Time some steps; a number is fetched, so a card has finished."""
    began = time.perf_counter()
    for _ in range(steps):
        agents.step(TEMPERATURE)
    float(agents.position[0])
    return time.perf_counter() - began


def spread(values: list[float]) -> dict[str, float]:
    """Return median, smallest and largest."""
    return {
        "median": round(statistics.median(values), 2),
        "min": round(min(values), 2),
        "max": round(max(values), 2),
    }


def measure(count: int, sides: list[str]) -> dict[str, Any]:
    """Time all sides in turn on so many agents."""
    steps = max(2, min(STEPS_MAX, AGENT_STEPS // count))
    agents = {side: make(side, count, 1) for side in sides}
    for side in sides:
        seconds(agents[side], 2)
    times = [{side: seconds(agents[side], steps) for side in sides} for _ in range(REPEATS)]
    rates = {side: [count * steps / row[side] for row in times] for side in sides}
    return {
        "agents": count,
        "steps": steps,
        "equal_bit_for_bit": equal(sides, min(count, 100_000)),
        "agent_steps_per_second": {side: round(statistics.median(rates[side])) for side in sides},
        "steps_per_second": {
            side: round(statistics.median(rates[side]) / count, 1) for side in sides
        },
        "over_numpy": {
            side: spread([row["numpy"] / row[side] for row in times])
            for side in sides
            if side != "numpy"
        },
        "kinetic_temperature": {
            side: round(agents[side].kinetic_temperature(), 4) for side in sides
        },
    }


def main() -> None:
    """Measure every size; print, and with --write keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="file for the figures")
    options = parser.parse_args()
    card = torch.cuda.is_available()
    sides = ["numpy", "torch_cpu", *(["torch_cuda"] if card else [])]
    result = {
        "benchmark": "gpu_agents",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "card": torch.cuda.get_device_name() if card else None,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": sys.version.split()[0],
        "machine": platform.machine(),
        "temperature": TEMPERATURE,
        "points": [measure(count, sides) for count in COUNTS],
    }
    text = json.dumps(result, indent=1)
    print(text)  # a benchmark prints its figures
    if options.write:
        options.write.write_text(text + "\n")


if __name__ == "__main__":
    main()
