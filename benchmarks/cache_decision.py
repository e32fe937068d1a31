"""What a decision of the expert cache costs, against the copy of one expert.

What is timed: ``ResidentSet.serve`` for one event, which is everything that is decided for a pass
through a layer: what the policy takes note of, hits, misses, victims, admissions. It is set against
the copy of *one* expert, the least that a miss costs, at an assumed PCIe rate of 25 GB/s (a real
card's is measured by gpu_experts.py). Sizes, experts and top-k are those of published models; the
events are one token each, drawn without replacement with Zipf weights, seeded, at capacities top-k,
2 top-k and 4 top-k. For Qwen3-30B-A3B they are also real routes, where the data is there.

    python benchmarks/cache_decision.py            print the figures
    python benchmarks/cache_decision.py --write    also keep them in benchmarks/results/

All policies are timed in turn, several times; a figure is the median of the repetitions with its
smallest and largest.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from homeostat.counterexamples.files import write_atomically
from homeostat.models.residency.events import Event, event_of
from homeostat.runtime.experts.policies.family import POLICIES
from homeostat.runtime.experts.residency import ResidentSet
from homeostat.runtime.traces.fetching import MissingDataError, find_data
from homeostat.runtime.traces.routes import read_routes

RESULTS: Final = Path(__file__).parent / "results" / "cache-decision.json"
BYTES_PER_S: Final = 25e9
TARGET: Final = 0.05
EVENTS: Final = 2000
LEARNED: Final = 200
"""Of these, for the policies that learn from measured events before."""


class Model(NamedTuple):
    """A published model: one expert is three matrices of hidden times inner numbers in bf16."""

    name: str
    hidden: int
    inner: int
    n_expert: int
    top_k: int

    @property
    def expert_bytes(self) -> int:
        """Bytes of one expert."""
        return 3 * self.hidden * self.inner * 2


MODELS: Final = (
    Model("Mixtral-8x7B", 4096, 14336, 8, 2),
    Model("Qwen1.5-MoE-A2.7B", 2048, 1408, 60, 4),
    Model("Qwen3-30B-A3B", 2048, 768, 128, 8),
    Model("DeepSeek-V2-Lite", 2048, 1408, 64, 6),
)


def drawn(model: Model, seed: int) -> list[Event]:
    """Return events of one token each."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, model.n_expert + 1)
    weights = rng.permutation(weights / weights.sum())
    return [
        event_of([rng.choice(model.n_expert, model.top_k, replace=False, p=weights).tolist()])
        for _ in range(EVENTS)
    ]


def workloads(seed: int) -> list[tuple[str, Model, list[Event]]]:
    """Return name, model and events of each workload."""
    found = [("drawn", model, drawn(model, seed)) for model in MODELS]
    try:
        routes = read_routes(find_data("qwen3-routes"))
    except MissingDataError as missing:
        print(f"without real routes: {missing}")
        return found
    model = next(m for m in MODELS if m.name == "Qwen3-30B-A3B")
    recorded = model._replace(top_k=routes.top_k, n_expert=routes.n_expert)
    # One layer in the middle, again and again, so that warm caches decide most of the events.
    return [*found, ("recorded", recorded, routes.events(routes.layers // 2) * 20)]


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median, smallest and largest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def seconds(policy: str, model: Model, capacity: int, events: Sequence[Event]) -> float:
    """Return the seconds that an event takes, in the mean over all."""
    learned, decided = events[:LEARNED], events[LEARNED:]
    made = POLICIES[policy](model.n_expert, capacity, model.top_k, prefix=learned)
    residents = ResidentSet(capacity, made)
    begin = time.perf_counter()
    for event in decided:
        residents.serve(event)
    return (time.perf_counter() - begin) / len(decided)


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Time every policy on every workload, in turn."""
    rows = []
    for kind, model, events in workloads(options.seed):
        copy_s = model.expert_bytes / BYTES_PER_S
        for times in (1, 2, 4):
            capacity = min(times * model.top_k, model.n_expert)
            timed: dict[str, list[float]] = {policy: [] for policy in POLICIES}
            for _ in range(options.repetitions):
                for policy, taken in timed.items():
                    taken.append(seconds(policy, model, capacity, events))
            for policy, taken in timed.items():
                fraction = spread([s / copy_s for s in taken])
                rows.append(
                    {
                        "events": kind,
                        "model": model.name,
                        "policy": policy,
                        "capacity": capacity,
                        "expert_bytes": model.expert_bytes,
                        "copy_us": copy_s * 1e6,
                        "decision_us": spread([s * 1e6 for s in taken]),
                        "fraction_of_copy": fraction,
                        "below_target": fraction["median"] < TARGET,
                    }
                )
                print(
                    f"{model.name:18} {kind:8} capacity {capacity:3} {policy:10} "
                    f"{statistics.median(taken) * 1e6:7.1f} us of {copy_s * 1e6:8.1f} us: "
                    f"{fraction['median']:7.2%} ({fraction['min']:.2%} .. {fraction['max']:.2%})"
                )
    return rows


def main() -> None:
    """Measure, print, and write the figures if asked to."""
    parser = argparse.ArgumentParser(description="decisions of the expert cache against copies")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows = measure(options)
    missed = [row for row in rows if not row["below_target"]]
    print(f"{len(rows) - len(missed)} of {len(rows)} medians are below {TARGET:.0%} of a copy")
    if options.write:
        document = {
            "compares": "one decision of the expert cache with the copy of one expert",
            "bytes_per_s_assumed": BYTES_PER_S,
            "target_fraction": TARGET,
            "seed": options.seed,
            "repetitions": options.repetitions,
            "python": sys.version.split()[0],
            "machine": platform.machine(),
            "rows": rows,
        }
        write_atomically(RESULTS, json.dumps(document, indent=2) + "\n")
        print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
