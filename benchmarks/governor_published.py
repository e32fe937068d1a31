"""How many GPUs of the openb cluster each policy allocates, beside what is published.

What is measured, and why. Before a policy of ours is compared with others, the others must do what
is known of them. The experiment is that of Weng et al. (USENIX ATC 2023): pods drawn at random with
replacement arrive one at a time, none leaves, and what fits nowhere is dropped. Random, dot
product, best fit and FGD are published on this cluster; a mean over our seeds within one percentage
point of the published mean counts as reproduced. Then every policy stands in the same table, and
the one that is to be judged beside FGD seed by seed, as both met the same pods.

Allocation and probes do not depend on the machine; the time of a decision does.

    python benchmarks/governor_published.py            print the table
    python benchmarks/governor_published.py --write    also keep it in benchmarks/results/
"""

import argparse
import json
import platform
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from homeostat.counterexamples.files import write_atomically
from homeostat.counterexamples.parallel import results_in_order
from homeostat.runtime.governor.paired import paired
from homeostat.runtime.governor.policies import POLICIES
from homeostat.runtime.governor.published import WITHIN_PERCENT, Allocation, allocate, load_rows
from homeostat.runtime.traces.openb import Published, openb_data

RESULTS: Final = Path(__file__).parent / "results" / "governor_published.json"
RIVAL: Final = "fgd"
JUDGED: Final = "governor"


def run(policy: str, seed: int) -> Allocation:
    """Return one run; the data is read again in each process."""
    found, _ = openb_data()
    return allocate(found.nodes, found.jobs, policy, seed)


def policy_document(
    policy: str, runs: Sequence[Allocation], published: Sequence[Published]
) -> dict[str, Any]:
    """Return what one policy's runs gave, as JSON data."""
    loads: list[dict[str, Any]] = []
    for row in load_rows(policy, runs, published):
        loads.append(
            {
                **asdict(row),
                "difference": row.difference,
                "reproduced": row.reproduced,
                "values": [run.allocated_percent[len(loads)] for run in runs],
            }
        )
    arrived = sum(run.arrived for run in runs)
    return {
        "policy": policy,
        "loads": loads,
        "dropped": sum(run.dropped for run in runs) / arrived,
        "probes_mean": sum(run.probes for run in runs) / arrived,
        "probes_max": max(run.probes_max for run in runs),
        "decision_us_median_of_runs": statistics.median(
            1e6 * run.seconds / run.arrived for run in runs
        ),
    }


def against(ours: Sequence[Allocation], theirs: Sequence[Allocation]) -> list[dict[str, Any]]:
    """Return how much more the one allocates than the other, seed by seed, at each load."""
    rows = []
    for place, load in enumerate(ours[0].loads):
        values = [[run.allocated_percent[place] for run in runs] for runs in (ours, theirs)]
        difference, outcome = paired(*values, higher_is_better=True)
        rows.append({"load_percent": load, **asdict(difference), "outcome": outcome})
    return rows


def show(document: dict[str, Any]) -> None:
    """Print the table: ours, and the difference to what is published."""
    loads = [row["load_percent"] for row in document["policies"][0]["loads"]]
    print(f"{'GPUs allocated, %':18s}" + "".join(f"{load:>15d} %" for load in loads))
    for policy in document["policies"]:
        cells = []
        for row in policy["loads"]:
            difference = row["difference"]
            beside = "" if difference is None else f" ({difference:+.2f})"
            cells.append(f"{row['mean']['mean']:.2f}{beside}".rjust(17))
        print(f"{policy['policy']:18s}" + "".join(cells), end="")
        print(f"   {policy['probes_mean']:7.1f} probes, at most {policy['probes_max']}")
    for row in document["judged"]:
        print(
            f"{JUDGED} less {RIVAL} at {row['load_percent']} %: {row['mean']:+.2f} points, "
            f"{row['low']:+.2f} .. {row['high']:+.2f}: {row['outcome']}"
        )


def main() -> None:
    """Run, print, and write if asked to."""
    parser = argparse.ArgumentParser(description="the published experiment on openb")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    _, published = openb_data()
    names, seeds = list(POLICIES), range(options.seeds)
    tasks = [(policy, seed) for policy in names for seed in seeds]
    found = list(results_in_order(run, tasks, jobs=options.jobs))
    runs = {
        policy: found[place * options.seeds : (place + 1) * options.seeds]
        for place, policy in enumerate(names)
    }
    document: dict[str, Any] = {
        "measures": "GPUs allocated on openb, in percent of the cluster's, and probes a decision",
        "within_percent": WITHIN_PERCENT,
        "python": sys.version.split()[0],
        "machine": platform.machine(),
        "seeds": list(seeds),
        "policies": [policy_document(policy, runs[policy], published) for policy in names],
        "judged": against(runs[JUDGED], runs[RIVAL]) if JUDGED in runs else [],
    }
    show(document)
    if options.write:
        write_atomically(RESULTS, json.dumps(document, indent=2, allow_nan=False) + "\n")
        print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
