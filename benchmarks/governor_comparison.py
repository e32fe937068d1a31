"""All policies of placement on the same seeds: four workloads, three sizes, faults of both kinds.

What is compared, and why. The governor is to be put beside what people run, on what it is for and
on what it is not for. Every policy meets the same jobs and the same faults on each of ten seeds, so
what counts is the difference seed by seed. Load is 1: of the scarcest resource as much is asked for
as there is, so that what a policy wastes is seen. The larger a cluster, the shorter it is watched:
each size has so many arrivals after the start, in jobs that run at the start (``TURNOVER``).

All figures repeat exactly but the time of a decision, which is this machine's: it says who is
faster, with whatever else runs beside it.

    python benchmarks/governor_comparison.py                         print the standing
    python benchmarks/governor_comparison.py --write --jobs 2        also keep it, seed by seed
    python benchmarks/governor_comparison.py --write --sizes 10000   what is there is not run again
    python benchmarks/governor_comparison.py --write --again governor
    homeostat govern --comparison benchmarks/results/governor_comparison.json --out page
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from homeostat.counterexamples.files import read_bounded, write_atomically
from homeostat.models.parallel import results_in_order
from homeostat.runtime.governor.comparing import Cell as Run
from homeostat.runtime.governor.comparing import CellRun, Setting, run_cell
from homeostat.runtime.governor.comparison import Cell, Comparison, read_comparison
from homeostat.runtime.governor.measures import MEASURES, record_of
from homeostat.runtime.governor.policies import POLICIES
from homeostat.runtime.governor.standing import standing_of
from homeostat.runtime.governor.workloads import WORKLOADS

RESULTS: Final = Path(__file__).parent / "results" / "governor_comparison.json"
SEEDS: Final = tuple(range(10))
TURNOVER: Final = {100: 4.0, 1_000: 1.5, 10_000: 0.3}
FAULTS: Final = "both"


def setting_of(workload: str, nodes: int) -> Setting:
    """Return where policies are compared."""
    return Setting(workload=workload, nodes=nodes, faults=FAULTS, turnover=TURNOVER[nodes])


def missing(comparison: Comparison, setting: Setting, policies: Sequence[str]) -> list[Run]:
    """Return the runs that are not there yet, seed by seed."""
    assert setting.nodes is not None
    there = comparison.of(Cell(setting.workload, setting.nodes, faults=True))
    done = {(name, seed) for name, record in there.items() for seed in record.seeds}
    return [
        Run(setting, policy, seed)
        for seed in SEEDS
        for policy in policies
        if (policy, seed) not in done
    ]


def made(runs: Sequence[Run], jobs: int) -> Iterator[list[CellRun]]:
    """Yield what runs gave, all of one seed at a time."""
    found: list[CellRun] = []
    for run in results_in_order(run_cell, ((run,) for run in runs), jobs=jobs):
        if found and found[-1].cell.seed != run.cell.seed:
            yield found
            found = []
        found.append(run)
    if found:
        yield found


def start(path: Path | None, again: Sequence[str]) -> Comparison:
    """Return what is there already, less the policies that are to run again."""
    settings: dict[str, Any] = {
        "seeds": len(SEEDS),
        "faults": "nodes that fail, and partitions",
        "load": 1.0,
        "arrivals after the start, in jobs that run at the start": ", ".join(
            f"{turnover:g} at {nodes:,} nodes" for nodes, turnover in TURNOVER.items()
        ),
    }
    if path is None or not path.exists():
        return Comparison(MEASURES, (), settings)
    old = read_comparison(read_bounded(path))
    kept = tuple(record for record in old.records if record.policy not in again)
    return replace(old, records=kept, settings=settings)


def keep(path: Path, comparison: Comparison) -> None:
    """Write what is there, whole or not at all."""
    write_atomically(path, json.dumps(comparison.document(), indent=1) + "\n")


def main() -> None:
    """Run what is missing, print the standing, and keep it if asked to."""
    parser = argparse.ArgumentParser(description="policies of placement beside each other")
    parser.add_argument("--write", action="store_true", help=f"keep {RESULTS.name} up to date")
    parser.add_argument("--keep", type=Path, default=RESULTS, help="another file to keep")
    parser.add_argument("--sizes", type=int, nargs="+", choices=TURNOVER, default=[100])
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--policies", nargs="+", choices=POLICIES, default=list(POLICIES))
    parser.add_argument("--again", nargs="+", choices=POLICIES, default=[], help="run them anew")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    path = options.keep if options.write else None
    comparison = start(path, options.again)
    if path is not None and options.again:
        # A file must hold a record; if all are to run again there is nothing to keep.
        keep(path, comparison) if comparison.records else path.unlink(missing_ok=True)
    for nodes in options.sizes:
        for workload in options.workloads:
            setting = setting_of(workload, nodes)
            begin = time.monotonic()
            runs = missing(comparison, setting, options.policies)
            for found in made(runs, options.jobs):
                # Another process may have written other cells in the meantime.
                comparison = start(path, ()) if path is not None and path.exists() else comparison
                for run in found:
                    comparison = comparison.with_seeds(record_of([run]))
                if path is not None:
                    keep(path, comparison)
            seconds = time.monotonic() - begin
            print(f"{workload}, {nodes} nodes: {len(runs)} runs in {seconds:.0f} s", flush=True)
    if all("governor" in comparison.of(cell) for cell in comparison.cells):
        print(standing_of(comparison).words)


if __name__ == "__main__":
    main()
