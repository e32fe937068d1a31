"""What a decision of placement costs, from 10^2 to 10^5 nodes: the governor and its baselines.

What is compared, and why. The governor's claim is that a decision does not depend on how many nodes
there are. So nodes and jobs of the workload ``mixed`` (gangs as single tasks) fill clusters of four
sizes: as many jobs are held as would take 85 % of the GPUs, and all were replaced once, so that the
shapes are those of a cluster in use. Then, all sizes in turn in one run, several times:

1. The governor's compiled batch: each decision looks, chooses, takes the room, files the node anew,
   and gives the room of an earlier one back. Time is that of all this.
2. The governor one by one from Python, through the same calls that every policy gets: ``place``,
   ``take``, ``taken``; then ``give`` and ``given``. Figures for ``place`` alone, and for all.
3. Each baseline, in the same way on the same clusters. Most look at every node or at a part of all,
   so fewer decisions are timed where there are many nodes. Best fit, dot product and FGD keep the
   scores of kinds of jobs and compute anew those of nodes that changed. Here one node changes at
   a time, which is the best case for them; the largest times are those of a kind that is new.

Probes are exact counts of nodes looked at. Microseconds are of this machine; ratios between sizes
are of one run. The targets: ratio 2 over the sizes, and 10^5 decisions a second at 10^5 nodes.

    python benchmarks/governor_decisions.py            print the figures
    python benchmarks/governor_decisions.py --write    also keep them in benchmarks/results/
"""

import argparse
import json
import platform
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from homeostat.counterexamples.files import write_atomically
from homeostat.runtime.governor.cluster import Cluster, Node, Placement
from homeostat.runtime.governor.governor_policy import GovernorPolicy
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.placer import PROBES_MAX, PlacerSettings
from homeostat.runtime.governor.policies import POLICIES
from homeostat.runtime.governor.workloads import workload_named

RESULTS: Final = Path(__file__).parent / "results" / "governor_decisions.json"
SIZES: Final = (100, 1_000, 10_000, 100_000)
LOAD: Final = 0.85
BATCH: Final = 50_000
HELD: Final = 64
"""Tasks of a batch that hold their room at a time."""
SINGLE: Final = 5_000
LOOKS: Final = 20_000_000
"""Nodes that a baseline may look at in a repetition: fewer decisions where each looks at more."""
LEAST: Final = 20
TARGET_RATIO: Final = 2.0
TARGET_PER_S: Final = 100_000


class Filled(NamedTuple):
    """A cluster in use, the governor on it, and tasks that come.

    Attributes:
        nodes: Of the cluster.
        cluster: What is free.
        policy: The governor.
        jobs: Tasks to be placed.
        wants: The same, for the batch.
    """

    nodes: tuple[Node, ...]
    cluster: Cluster
    policy: GovernorPolicy
    jobs: list[Job]
    wants: Any


def filled(size: int, seed: int) -> Filled:
    """Return a cluster at the load, all of whose tasks were replaced once."""
    workload = workload_named("mixed", nodes=size, seed=seed, turnover=1e-9)
    pool = [replace(job, gang=1) for job in workload.typical]
    cluster = Cluster(workload.nodes)
    policy = GovernorPolicy(cluster, pool, seed)
    draws = np.random.default_rng(seed)
    mean = sum(job.gpu_milli_total for job in pool) / len(pool)
    held = round(LOAD * cluster.gpu_milli_total / mean)
    table = np.array([job.wants for job in pool], np.int64)
    policy.placer.choose_many(table[draws.integers(len(pool), size=2 * held)], hold=held)
    picked = draws.integers(len(pool), size=BATCH)
    return Filled(
        workload.nodes, cluster, policy, [pool[i] for i in picked.tolist()], table[picked]
    )


def batch(own: Filled) -> tuple[float, Any]:
    """Return seconds a decision of one batch, and its decisions; the cluster is as before."""
    begin = time.perf_counter()
    decisions = own.policy.placer.choose_many(own.wants, hold=HELD)
    seconds = (time.perf_counter() - begin) / len(decisions)
    for job, (node, bits, _) in zip(own.jobs[-HELD:], decisions[-HELD:].tolist(), strict=True):
        if node >= 0:
            gpus = tuple(gpu for gpu in range(8) if bits >> gpu & 1)
            own.cluster.give(Placement(node, gpus, job.cpu_milli, job.memory_mib, job.gpu_milli))
            own.policy.changed(node)
    return seconds, decisions


def one_by_one(policy: Any, cluster: Cluster, jobs: list[Job]) -> dict[str, Any]:
    """Place tasks by single calls, each given back at once; return seconds and exact probes."""
    clock = time.perf_counter
    placing = 0.0
    probes: list[int] = []
    begin = clock()
    for job in jobs:
        start = clock()
        nodes = policy.place(cluster, job)
        placing += clock() - start
        probes.append(policy.probes)
        if nodes is not None:
            placement = cluster.take(nodes[0], job, policy.gpus(cluster, nodes[0], job))
            policy.taken(placement)
            cluster.give(placement)
            policy.given(placement)
    total = clock() - begin
    return {"place": placing / len(jobs), "all": total / len(jobs), "probes": probes}


def spread(values: list[float], digits: int = 2) -> dict[str, float]:
    """Return median, smallest and largest, in microseconds."""
    median, least, most = statistics.median(values), min(values), max(values)
    return {
        name: round(1e6 * v, digits)
        for name, v in (("median", median), ("min", least), ("max", most))
    }


def ratio(medians: list[float]) -> float:
    """Return the largest over the smallest."""
    return round(max(medians) / min(medians), 3)


def governor(clusters: list[Filled], repetitions: int) -> dict[str, Any]:
    """Time the governor at every size in turn."""
    batches: list[list[float]] = [[] for _ in clusters]
    singles: list[list[dict[str, Any]]] = [[] for _ in clusters]
    decisions: list[Any] = [None] * len(clusters)
    for _ in range(repetitions):
        for i, own in enumerate(clusters):
            seconds, decisions[i] = batch(own)
            batches[i].append(seconds)
            singles[i].append(one_by_one(own.policy, own.cluster, own.jobs[:SINGLE]))
    rows: list[dict[str, Any]] = []
    for i, own in enumerate(clusters):
        own.policy.placer.check()
        own.cluster.check()
        looked = decisions[i][:, 2]
        rows.append(
            {
                "nodes": len(own.cluster),
                "families_in_use": int(own.policy.placer.shapes.family_count[0]),
                "shapes_in_use": int((own.policy.placer.shapes.population > 0).sum()),
                "placed": round(float((decisions[i][:, 0] >= 0).mean()), 4),
                "probes_mean": round(float(looked.mean()), 3),
                "probes_max": int(looked.max()),
                "batch_us": spread(batches[i]),
                "batch_per_s": round(1 / statistics.median(batches[i])),
                "python_place_us": spread([row["place"] for row in singles[i]]),
                "python_all_us": spread([row["all"] for row in singles[i]]),
            }
        )
    per_s = rows[-1]["batch_per_s"]
    return {
        "sizes": rows,
        "batch_ratio": ratio([row["batch_us"]["median"] for row in rows]),
        "python_place_ratio": ratio([row["python_place_us"]["median"] for row in rows]),
        "probes_ratio": ratio([row["probes_mean"] for row in rows]),
        "probes_max": max(row["probes_max"] for row in rows),
        "per_s_at_largest": per_s,
        "targets_met": {
            "ratio": ratio([row["batch_us"]["median"] for row in rows]) <= TARGET_RATIO,
            "per_s": per_s >= TARGET_PER_S,
        },
    }


def baseline(name: str, clusters: list[Filled], repetitions: int, seed: int) -> dict[str, Any]:
    """Time one baseline at every size in turn, on the same clusters."""
    policies = [POLICIES[name](own.cluster, seed, own.jobs) for own in clusters]
    counts = [max(LEAST, min(SINGLE, LOOKS // len(own.cluster))) for own in clusters]
    found: list[list[dict[str, Any]]] = [[] for _ in clusters]
    for policy, own in zip(policies, clusters, strict=True):
        one_by_one(policy, own.cluster, own.jobs[:LEAST])
    for _ in range(repetitions):
        for i, own in enumerate(clusters):
            found[i].append(one_by_one(policies[i], own.cluster, own.jobs[: counts[i]]))
    rows = [
        {
            "nodes": len(own.cluster),
            "decisions": counts[i],
            "probes_mean": round(statistics.fmean(p for r in found[i] for p in r["probes"]), 3),
            "probes_max": max(p for r in found[i] for p in r["probes"]),
            "python_place_us": spread([row["place"] for row in found[i]]),
            "python_all_us": spread([row["all"] for row in found[i]]),
        }
        for i, own in enumerate(clusters)
    ]
    return {
        "sizes": rows,
        "python_place_ratio": ratio([row["python_place_us"]["median"] for row in rows]),
    }


def main() -> None:
    """Measure, print, and write the figures if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    clusters = [filled(size, options.seed) for size in SIZES]
    ours = governor(clusters, options.repetitions)
    print("governor; microseconds are medians (smallest .. largest)")
    for row in ours["sizes"]:
        print(
            f"{row['nodes']:>7,} nodes, {row['shapes_in_use']:>4} shapes: probes "
            f"{row['probes_mean']:.2f}, at most {row['probes_max']}; batch {_us(row['batch_us'])}, "
            f"{row['batch_per_s']:,}/s; from Python {_us(row['python_place_us'])}, with taking "
            f"and giving back {_us(row['python_all_us'])}; placed {row['placed']:.1%}"
        )
    print(
        f"over the sizes: batch {ours['batch_ratio']}, from Python {ours['python_place_ratio']}; "
        f"targets met: {ours['targets_met']}"
    )
    others = {}
    for name in POLICIES:
        if name == GovernorPolicy.name:
            continue
        others[name] = baseline(name, clusters, options.repetitions, options.seed)
        figures = "; ".join(
            f"{row['nodes']:,}: {row['probes_mean']:,.0f} probes, {_us(row['python_place_us'])}"
            for row in others[name]["sizes"]
        )
        print(f"{name}: {figures}")
    if options.write:
        document = {
            "compares": "decisions of placement from 10^2 to 10^5 nodes, governor and baselines",
            "workload": "mixed, gangs as single tasks",
            "load": LOAD,
            "settings": {"probes": PlacerSettings().probes, "probes_max": PROBES_MAX},
            "target_ratio": TARGET_RATIO,
            "target_per_s": TARGET_PER_S,
            "seed": options.seed,
            "repetitions": options.repetitions,
            "python": sys.version.split()[0],
            "machine": platform.machine(),
            "governor": ours,
            "baselines": others,
        }
        write_atomically(RESULTS, json.dumps(document, indent=1) + "\n")
        print(f"written to {RESULTS}")


def _us(values: dict[str, float]) -> str:
    return f"{values['median']:,.1f} us ({values['min']:,.1f} .. {values['max']:,.1f})"


if __name__ == "__main__":
    main()
