"""The governor, measured: nodes that a decision looks at, and all policies beside each other.

Nodes are counted where the placer looks at one; ``tests/proofs/test_governor_measured.py`` counts
them a second time, by what is read of the cluster.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import numpy as np

from homeostat.proofs.claims import Canary, CanaryError, Claim, Source
from homeostat.proofs.verdicts import Measured
from homeostat.runtime.governor.cluster import Cluster
from homeostat.runtime.governor.comparing import Setting, compare
from homeostat.runtime.governor.comparison import Comparison
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.measures import MEASURES, record_of
from homeostat.runtime.governor.placer import PROBES_MAX, Placer
from homeostat.runtime.governor.policies import POLICIES, policy_named
from homeostat.runtime.governor.standing import standing_of
from homeostat.runtime.governor.workloads import WORKLOADS, workload_named
from homeostat.runtime.traces.fetching import dataset_named, missing_files

__all__ = ["CLAIMS", "baseline_points", "probe_point"]

SIZES: Final = (10**2, 10**3, 10**4, 10**5)
LOADS: Final = (0.1, 0.6, 0.9, 1.2)
"""What was asked for before anything is counted, over what there is of the scarcest resource."""
DECISIONS: Final = 20_000
SEED: Final = 2602
_CHUNK: Final = 4096
DATA: Final = "openb-gpu"

COMPARED: Final = ((100, 10, 4.0), (1000, 3, 0.5))
"""Nodes, seeds, and arrivals after the start, in jobs that run at the start."""


@cache
def _parts(nodes: int) -> tuple[Cluster, tuple[Job, ...], np.ndarray]:
    """Return an empty cluster, typical jobs, and what each task of them wants."""
    workload = workload_named("mixed", nodes=nodes, load=0.01, turnover=0.01)
    wants = [job.wants for job in workload.typical]
    return Cluster(workload.nodes), workload.typical, np.array(wants, np.int64)


def probe_point(nodes: int, load: float, *, decisions: int = DECISIONS) -> dict[str, Any]:
    """Return how many nodes decisions look at, in a cluster filled to a load.

    Each task leaves when the next one has come, so that the load stays. O(nodes + decisions).
    """
    empty, typical, wants = _parts(nodes)
    cluster = empty.copy()
    placer = Placer(cluster, typical, SEED)
    draws = np.random.default_rng(SEED)
    total = np.array(
        [cluster.cpu_total.sum(), cluster.memory_total.sum(), cluster.gpu_milli_total], np.float64
    )
    asked = np.zeros(3)
    while asked.max() < load:
        chunk = wants[draws.integers(len(wants), size=_CHUNK)]
        sizes = np.stack([chunk[:, 0], chunk[:, 1], chunk[:, 2] * chunk[:, 3]], axis=1) / total
        sums = asked + np.cumsum(sizes, axis=0)
        enough = min(_CHUNK, 1 + int(np.searchsorted(sums.max(axis=1), load)))
        placer.choose_many(np.ascontiguousarray(chunk[:enough]))
        asked = sums[enough - 1]
    tasks = wants[draws.integers(len(wants), size=decisions)]
    found = placer.choose_many(tasks, hold=1)
    cluster.check()
    probes = found[:, 2]
    return {
        "nodes": nodes,
        "load": load,
        "decisions": decisions,
        "placed": int((found[:, 0] >= 0).sum()),
        "probes": int(probes.sum()),
        "probes_mean": round(float(probes.mean()), 3),
        "probes_most": int(probes.max()),
    }


def _decide_probes() -> Measured:
    points = [probe_point(nodes, load) for load in LOADS for nodes in SIZES]
    most = max(point["probes_most"] for point in points)
    means = {
        load: [point["probes_mean"] for point in points if point["load"] == load] for load in LOADS
    }
    return Measured(
        estimate={
            "of": "nodes whose room a decision of the governor looks at, counted at each look",
            "seed": SEED,
            "limit": PROBES_MAX,
            "most": most,
            "mean_by_load": {str(load): found for load, found in means.items()},
            "points": points,
        }
    )


def _rival_probes(nodes: int) -> int:
    """Return how many nodes filter-and-score looks at for one small job in an empty cluster."""
    empty, typical, _ = _parts(nodes)
    cluster = empty.copy()
    policy = policy_named("filter_and_score")(cluster, SEED, typical)
    if policy.place(cluster, Job(cpu_milli=1000, memory_mib=1024)) is None:
        raise CanaryError(f"filter-and-score finds no room in an empty cluster of {nodes} nodes")
    return policy.probes


def _catch_probes() -> str:
    few, many = _rival_probes(SIZES[0]), _rival_probes(SIZES[1])
    own = probe_point(SIZES[1], LOADS[0], decisions=100)["probes_most"]
    if not few < many or not own < few:
        raise CanaryError(
            f"filter-and-score looks at {few} of {SIZES[0]} and {many} of {SIZES[1]} nodes, the "
            f"governor at {own}"
        )
    return f"filter-and-score looks at {few} of {SIZES[0]} nodes, and at {many} of {SIZES[1]}"


def _comparison(sizes: Sequence[tuple[int, int, float]], policies: Sequence[str]) -> Comparison:
    """Return all policies on all workloads, with faults; seeds are the first ones."""
    found = Comparison(MEASURES, (), {})
    for nodes, seeds, turnover in sizes:
        for name in WORKLOADS:
            setting = Setting(workload=name, nodes=nodes, faults="both", turnover=turnover)
            for run in compare([setting], policies, range(seeds)):
                found = found.with_seeds(record_of([run]))
    return found


def baseline_points(comparison: Comparison) -> list[dict[str, Any]]:
    """Return mean and interval of every measure, by cell and policy."""
    points = []
    for cell in comparison.cells:
        for policy, record in comparison.of(cell).items():
            figures = {}
            for measure in MEASURES:
                own = record.mean(measure.name)
                figures[measure.name] = [_short(x) for x in (own.mean, own.low, own.high)]
            points.append(
                {
                    "workload": cell.workload,
                    "nodes": cell.nodes,
                    "policy": policy,
                    "seeds": len(record.seeds),
                    **figures,
                }
            )
    return points


def _short(value: float) -> float:
    return float(f"{value:.5g}")


def _decide_baselines() -> Measured:
    comparison = _comparison(COMPARED, tuple(POLICIES))
    standing = standing_of(comparison)
    return Measured(
        estimate={
            "of": "mean over the seeds, and the ends of its 95 % interval",
            "standing": standing.words,
            "wins_ties_losses": {
                m.name: {
                    rival: [tally["wins"], tally["ties"], tally["loses"]]
                    for rival, tally in _tallies(standing.tally(m)).items()
                }
                for m in MEASURES
            },
            "points": baseline_points(comparison),
        }
    )


def _tallies(counted: Any) -> dict[str, dict[str, int]]:
    return {
        rival: {word: tally[word] for word in ("wins", "ties", "loses")}
        for rival, tally in counted.items()
    }


def _catch_baselines() -> str:
    """Compare a policy with itself, and one that packs with one that spreads."""
    comparison = _comparison(((100, 3, 1.0),), ("fgd", "random"))
    cell = next(cell for cell in comparison.cells if cell.workload == "mixed")
    there = comparison.of(cell)
    gpu = next(measure for measure in MEASURES if measure.name == "gpu_allocation")
    itself = there["fgd"].against(there["fgd"], gpu)
    other = there["random"].against(there["fgd"], gpu)
    if (itself, other) != ("ties", "loses"):
        raise CanaryError(f"FGD against itself {itself}, placing at random against it {other}")
    return "FGD ties with itself, and placing at random allocates fewer GPUs than it"


def _missing() -> list[str]:
    return list(missing_files(dataset_named(DATA)))


CLAIMS: Final = (
    Claim(
        id="governor.constant_decision",
        title="How many nodes a decision looks at is bounded, however many there are",
        statement=f"A decision of the governor looks at {PROBES_MAX} nodes at most; the mean over "
        f"{DECISIONS:,} decisions, at each of {len(LOADS)} loads, from 10^2 to 10^5 nodes.",
        scope=f"the workload `mixed`, task by task, N in {SIZES}, loads {LOADS}",
        source=Source(note="000", section="2"),
        decide=_decide_probes,
        canary=Canary(
            falsehood="filter-and-score looks at as many nodes at 10^3 as at 10^2",
            catch=_catch_probes,
        ),
        vacuity="every point is of concrete decisions, most of which place their task",
        remark="The limit holds since the placer stops at it, and costs something: a task may be "
        "turned away though there is room where it did not look. Taking or freeing room files the "
        "node anew, which looks at that node alone.",
        property_twin="constant_decision",
        trusts=("the placer's own count, checked by a test against what is read",),
        slow=True,
    ),
    Claim(
        id="governor.baselines",
        title="The governor against seven policies, on the same jobs and faults",
        statement="Time of a decision and nodes looked at, utilisation of CPUs, memory and GPUs, "
        "throughput, rejected and displaced jobs, waits, fairness, Nash gap and entropy production "
        f"of {', '.join(POLICIES)}, with nodes that fail and partitions.",
        scope=f"workloads {', '.join(WORKLOADS)} at load 1; nodes, seeds and arrivals after the "
        f"start (in jobs that run then): {COMPARED}",
        source=Source(note="000", section="3"),
        decide=_decide_baselines,
        canary=Canary(
            falsehood="a policy differs from itself, or placing at random allocates as much as FGD",
            catch=_catch_baselines,
        ),
        vacuity="every point is of concrete runs, which the simulator checks at their end",
        remark="It is stage 3 of the note's plan. Ten seeds at 100, 1,000 and 10,000 nodes are in "
        "benchmarks/results/governor_comparison.json. A decision is timed by the machine's clock, "
        "with whatever else ran there; all else repeats exactly.",
        trusts=("the simulator", "the normality of means over seeds", "the clock, for decisions"),
        slow=True,
        missing_data=_missing,
    ),
)
