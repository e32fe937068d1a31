"""Proof that Simulation converges on a data set: the engine, and the same tree by linear programs.

What is compared, and why. The claim is settled by a tree of modes over all starts at once. One
side is ``homeostat.proofs.engines.mode_tree``: exact extreme rays carried from node to node, and
a certificate that the kernel accepts; the time includes all of it. The other side is what one
would write first: at every node ``scipy.optimize.linprog`` (HiGHS, floats) asks whether the
region lies in the target, a program for each row until one fails, and if not, which modes are
possible, a program for each. It proves nothing, for there are no certificates; it only walks. It
is timed on a random sample of the tree's nodes, the same for every repetition, and its time for
the whole tree is the mean time of a node times the number of nodes: an extrapolation, and said
to be one.

    python benchmarks/convergence.py            print the figures
    python benchmarks/convergence.py --write    also keep them in benchmarks/results/

The ratio is taken between neighbouring runs on the same machine.
"""

import argparse
import json
import platform
import random
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import joblib
import numpy as np
import scipy
from scipy.optimize import linprog

from homeostat.counterexamples.files import write_atomically
from homeostat.models.batching import DATA_SETS, DataSet
from homeostat.proofs import kernel
from homeostat.proofs.certificates import Certificate
from homeostat.proofs.engines.mode_tree.settling import settle
from homeostat.proofs.trees import Form, System, check_region, lines

RESULTS: Final = Path(__file__).parent / "results" / "convergence.json"
TARGET_S: Final = {"data_set_1": (5, 5), "data_set_2": (120, 120)}
"""Seconds allowed to find the certificate, and for the kernel to check it."""
TOLERANCE: Final = 1e-9


class Node(NamedTuple):
    """One node of a tree: a region of starts, and the state that they lead to."""

    face: int
    state: list[Form]
    rows: list[Form]
    is_leaf: bool


def nodes_of(system: System, certificate: Certificate) -> Iterator[Node]:
    """Yield the nodes of a certificate in their order."""
    found = lines(certificate["evidence"]["trees"])
    for face in range(system.n - 1, 0, -1):
        todo: list[tuple[list[Form], list[Form]]] = [(system.start(face), [])]
        while todo:
            state, rows = todo.pop()
            line = next(found)
            yield Node(face, state, rows, line[0] == "in")
            if line[0] == "in":
                continue
            lo, hi = line[:2]
            excess = {j: system.excess(state, j) for j in range(lo, hi + 2)}
            todo += [
                (system.step(state, j), [*rows, *system.guards(state, j)])
                for j in range(hi, lo - 1, -1)
                if j == lo or j + 1 == system.n or excess[j] != excess[j + 1]
            ]


def unit(form: Form) -> list[float]:
    """Return a form as floats, its largest coefficient 1."""
    largest = max(map(abs, form)) or 1
    return [x / largest for x in form]


def least(form: Form, rows: list[Form]) -> float | None:
    """Return the minimum of a form over a region, sum M = 1; None if the region is empty."""
    size = len(form)
    answer = linprog(
        unit(form),
        A_ub=-np.array([unit(row) for row in rows]) if rows else None,
        b_ub=np.zeros(len(rows)) if rows else None,
        A_eq=np.ones((1, size)),
        b_eq=[1.0],
        method="highs",
    )
    return float(answer.fun) if answer.status == 0 else None


def walk_by_programs(system: System, region: list[Form], node: Node) -> bool:
    """Do at one node what the plain tree does; return whether it would be a leaf."""
    columns = list(zip(*node.state, strict=True))
    for row in region:
        goal = tuple(sum(x * y for x, y in zip(row, column, strict=True)) for column in columns)
        value = least(goal, node.rows)
        if value is None:
            return True
        if value < -TOLERANCE:
            break
    else:
        return True
    nothing = (0,) * len(columns)
    for mode in range(node.face + 1):
        least(nothing, [*node.rows, *system.guards(node.state, mode)])
    return False


def measure(data: DataSet, repetitions: int, jobs: int, sample_size: int) -> dict[str, Any]:
    """Return the figures of one data set."""
    system = System(data.parameters.to_json())
    find, check, programs, agreeing = [], [], [], 0
    certificate = settle(data.parameters)  # warm: processes, compiled parts, caches
    nodes = list(nodes_of(system, certificate))
    _, region = check_region(system, certificate["evidence"]["region"])
    sample = random.Random(0).sample(nodes, min(sample_size, len(nodes)))
    for _ in range(repetitions):
        begin = time.perf_counter()
        with joblib.parallel_config(n_jobs=jobs):
            certificate = settle(data.parameters)
        find.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        kernel.check(certificate)
        check.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        agreeing = sum(walk_by_programs(system, region, node) == node.is_leaf for node in sample)
        programs.append((time.perf_counter() - begin) * len(nodes) / len(sample))
    ratios = [slow / fast for slow, fast in zip(programs, find, strict=True)]
    return {
        "data_set": data.name,
        "steps": certificate["theorem"]["steps"],
        "nodes": len(nodes),
        "certificate_bytes": len(json.dumps(certificate)),
        "find_s": find,
        "check_s": check,
        "programs_s_extrapolated": programs,
        "nodes_sampled": len(sample),
        "nodes_where_both_agree_on_the_leaf": agreeing,
        "ratio_median": statistics.median(ratios),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
    }


def shown(name: str, seconds: list[float], target: int) -> str:
    """Return a line with the median and the spread of some times."""
    median = statistics.median(seconds)
    return f"  {name} {median:.2f} s ({min(seconds):.2f} .. {max(seconds):.2f}); target {target} s"


def main() -> None:
    """Measure, print, and write the figures if asked to."""
    parser = argparse.ArgumentParser(description="mode tree against linear programs")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sample", type=int, default=100, help="nodes for the linear programs")
    options = parser.parse_args()
    rows = [measure(d, options.repetitions, options.jobs, options.sample) for d in DATA_SETS]
    print(f"median (smallest .. largest) of {options.repetitions}, {options.jobs} processes")
    for row in rows:
        find_max, check_max = TARGET_S[row["data_set"]]
        print(
            f"{row['data_set']}: no eviction after step {row['steps']}; {row['nodes']:,} nodes, "
            f"{row['certificate_bytes']:,} bytes"
        )
        print(shown("certificate found and checked:", row["find_s"], find_max))
        print(shown("kernel alone:", row["check_s"], check_max))
        print(
            f"  linear programs, extrapolated from {row['nodes_sampled']} nodes: "
            f"{statistics.median(row['programs_s_extrapolated']):,.1f} s on one core, without a "
            f"proof; {row['ratio_median']:.1f} times as long "
            f"({row['ratio_min']:.1f} .. {row['ratio_max']:.1f})"
        )
    if options.write:
        document = {
            "compares": "mode tree with certificate against linear programs at every node",
            "unit": "seconds",
            "jobs": options.jobs,
            "target_s": TARGET_S,
            "python": sys.version.split()[0],
            "scipy": scipy.__version__,
            "machine": platform.machine(),
            "rows": rows,
        }
        write_atomically(RESULTS, json.dumps(document, indent=2) + "\n")
        print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
