"""Paired steps per second: the compiled sweep against a plain-Python simulator.

What is compared, and why. A search for counterexamples is only as wide as the number of
paired steps (Theory and Simulation, one step each, and both spreads) that it can afford.
One side is what a reader of note 003 would write first (section 9.2): requests by
length in a dictionary, a list with the amount of each type, and a loop from the longest
to the shortest. The other side is ``homeostat.counterexamples.sweep``. Both run the same
systems from the same starts in float64, on one core each, in turn in the same run; that
they find the same violations is checked before anything is timed.

    python benchmarks/sweep.py            print the figures
    python benchmarks/sweep.py --write    also keep them in benchmarks/results/

The ratio is the figure to look at: it is taken between neighbouring repetitions, so it
depends little on the machine and on what else runs there.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from homeostat.counterexamples.files import write_atomically
from homeostat.counterexamples.sweep import RELATIVE_TOLERANCE, first_violations

RESULTS: Final = Path(__file__).parent / "results" / "sweep.json"
CAPACITY: Final = 1000.0
STEPS: Final = 50
TARGET_RATIO: Final = 1000

Requests = dict[int, list[float]]
"""Amounts of both types by length in tokens, l0 + stage + 1."""


class Shape(NamedTuple):
    """Decode steps of both types: one family of systems."""

    l_a: int
    l_b: int


SHAPES: Final = (Shape(2, 5), Shape(4, 7))


class System(NamedTuple):
    """One system for the plain simulator, with the merged amounts at its start."""

    l0: int
    shape: Shape
    q: float
    start: tuple[float, ...]


class PlainSimulator:
    """Both systems with dictionaries of lists, one request length after the other."""

    def __init__(self, system: System) -> None:
        """Divide the start p:q between the types."""
        self.system = system
        self.theory = self._requests(system.start)
        self.simulation = self._requests(system.start)

    def _requests(self, start: tuple[float, ...]) -> Requests:
        l0, (l_a, _), q, _ = self.system
        return {l0 + s + 1: [(1 - q) * m if s < l_a else 0.0, q * m] for s, m in enumerate(start)}

    def _advanced(self, requests: Requests) -> Requests:
        l0, (l_a, l_b), _, _ = self.system
        moved = {}
        for length, amounts in requests.items():
            stage = length - l0
            if stage < l_b:
                moved[length + 1] = [amounts[0] if stage < l_a else 0.0, amounts[1]]
        return moved

    def _admit(self, requests: Requests, tokens: float) -> None:
        first = self.system.l0 + 1
        admitted = tokens / first
        requests[first] = [(1 - self.system.q) * admitted, self.system.q * admitted]

    def step(self) -> None:
        """Run one step of both systems."""
        theory = self._advanced(self.theory)
        used = 0.0
        for length, amounts in theory.items():
            used += length * sum(amounts)
        self._admit(theory, CAPACITY - used)
        self.theory = theory

        kept: Requests = {}
        rest = CAPACITY
        moved = self._advanced(self.simulation)
        for length in sorted(moved, reverse=True):
            tokens = length * sum(moved[length])
            if tokens <= rest:
                kept[length] = moved[length]
                rest -= tokens
            else:
                share = rest / tokens
                kept[length] = [amount * share for amount in moved[length]]
                rest = 0.0
        self._admit(kept, rest)
        self.simulation = kept

    def spread(self, requests: Requests) -> float:
        """Return max - min of the merged amounts."""
        l0, (l_a, _), q, _ = self.system
        merged = []
        for length, amounts in requests.items():
            merged.append(sum(amounts) if length - l0 - 1 < l_a else amounts[1] / q)
        return max(merged) - min(merged)

    def first_violation(self) -> int:
        """Return the first step with G^T < G^S, 0 if there is none, running all steps."""
        found = 0
        tolerance = RELATIVE_TOLERANCE * max(self.system.start)
        for t in range(1, STEPS + 1):
            self.step()
            gap = self.spread(self.theory) - self.spread(self.simulation)
            if gap < -tolerance and not found:
                found = t
        return found


class Workload(NamedTuple):
    """The same lanes for both sides."""

    systems: list[System]
    weights: NDArray[np.float64]
    starts: NDArray[np.float64]


def workload(shape: Shape, lane_count: int, seed: int) -> Workload:
    """Return random systems with random starts on the token balance."""
    rng = np.random.default_rng(seed)
    stages = np.arange(shape.l_b)[:, None]
    l0 = rng.integers(1, 60, lane_count)
    q = rng.integers(1, 20, lane_count) / 20
    weights = np.asarray((l0 + stages + 1) * np.where(stages >= shape.l_a, q, 1.0), np.float64)
    starts = CAPACITY * rng.dirichlet(np.ones(shape.l_b), lane_count).T / weights
    systems = [
        System(int(l0[lane]), shape, float(q[lane]), tuple(starts[:, lane].tolist()))
        for lane in range(lane_count)
    ]
    return Workload(systems, weights, starts)


def plain_rate(work: Workload) -> float:
    """Return paired steps per second of the plain simulator."""
    begin = time.perf_counter()
    for system in work.systems:
        PlainSimulator(system).first_violation()
    return len(work.systems) * STEPS / (time.perf_counter() - begin)


def compiled_rate(work: Workload) -> float:
    """Return paired steps per second of the compiled sweep, on one thread."""
    begin = time.perf_counter()
    first_violations(work.weights, CAPACITY, work.starts, STEPS)
    return float(work.weights.shape[1] * STEPS / (time.perf_counter() - begin))


def check_agreement(work: Workload) -> int:
    """Return how many lanes violate; both sides must name the same step for each."""
    ours, _ = first_violations(work.weights, CAPACITY, work.starts, STEPS)
    plain = [PlainSimulator(system).first_violation() for system in work.systems]
    if ours.tolist() != plain:
        raise SystemExit(f"the two sides differ: {ours.tolist()} {plain}")
    return int((ours > 0).sum())


def measure(shape: Shape, repetitions: int, seed: int) -> dict[str, Any]:
    """Return the rates of both sides and their ratio, over some repetitions."""
    small, large = workload(shape, 400, seed), workload(shape, 40_000, seed)
    violating = check_agreement(small)
    plain, compiled = [], []
    for _ in range(repetitions):
        plain.append(plain_rate(small))
        compiled.append(compiled_rate(large))
    ratios = [fast / slow for fast, slow in zip(compiled, plain, strict=True)]
    return {
        "l_a": shape.l_a,
        "l_b": shape.l_b,
        "lanes_compared": len(small.systems),
        "lanes_violating": violating,
        "plain_steps_per_s": plain,
        "compiled_steps_per_s": compiled,
        "ratio_median": statistics.median(ratios),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
    }


def main() -> None:
    """Measure, print, and write the figures if asked to."""
    parser = argparse.ArgumentParser(description="compiled sweep against plain Python")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows = [measure(shape, options.repetitions, options.seed) for shape in SHAPES]
    print("paired steps per second on one core; ratio: median (smallest .. largest)")
    for row in rows:
        plain = statistics.median(row["plain_steps_per_s"])
        compiled = statistics.median(row["compiled_steps_per_s"])
        print(
            f"l_a={row['l_a']} l_b={row['l_b']}: plain {plain:,.0f}, compiled {compiled:,.0f}, "
            f"ratio {row['ratio_median']:,.0f} "
            f"({row['ratio_min']:,.0f} .. {row['ratio_max']:,.0f}); target {TARGET_RATIO:,}"
        )
    if options.write:
        document = {
            "compares": "plain-Python dictionaries of lists against the compiled sweep",
            "unit": "paired steps per second on one core",
            "target_ratio": TARGET_RATIO,
            "steps": STEPS,
            "seed": options.seed,
            "python": sys.version.split()[0],
            "numba": numba.__version__,
            "machine": platform.machine(),
            "rows": rows,
        }
        write_atomically(RESULTS, json.dumps(document, indent=2) + "\n")
        print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
