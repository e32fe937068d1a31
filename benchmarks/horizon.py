"""Seconds to decide a horizon: the mode tree with its certificate against z3 on the unrolling.

What is compared, and why. The claim: on data set 2 (n = 7 stages), from no start is the spread
of Theory below that of Simulation at a step t = 0 .. 5. One side is what a reader would ask a
solver: all steps at once, one query. The other is the tree of modes, grown level by level, with
the certificate written and accepted by the kernel; z3's answer, if it comes, has no certificate.

The query is the best of those that we tried (at t = 0 .. 3): linear real arithmetic (QF_LRA),
the models' own steps and spreads on z3 terms (min and max as if-then-else), a variable for each
stage of Simulation after each step, Theory as linear terms of the start. A clause of the linear
cases of a step, or two variables around Theory's stages in place of its max and min, took longer.
z3 runs in a child process that is ended at a limit; then the ratio is "at least". An answer
"sat" would be a disagreement, and ends the run.

    python benchmarks/horizon.py            print the figures
    python benchmarks/horizon.py --write    also keep them in benchmarks/results/

The ratio is the figure to look at: both sides run on one core, one after the other.
"""

import argparse
import json
import multiprocessing
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any, Final

import z3

from homeostat.counterexamples import find_conjecture
from homeostat.counterexamples.files import write_atomically
from homeostat.counterexamples.observing import Lockstep, comparison_sides
from homeostat.models.batching import DATA_SETS
from homeostat.proofs import kernel
from homeostat.proofs.engines.mode_tree.horizon import first_violation

RESULTS: Final = Path(__file__).parent / "results" / "horizon.json"
PARAMETERS: Final = DATA_SETS[1].parameters
STEPS: Final = 5
TARGET_RATIO: Final = 20


def number(value: object) -> Any:
    """Return an exact number as a z3 term."""
    return z3.RealVal(str(value))


def ask(steps: int) -> str:
    """Return z3's answer to one query for all steps."""
    weights = [number(w) for w in PARAMETERS.weights]
    start = [z3.Real(f"start_{s}") for s in range(len(weights))]
    tokens = z3.Sum([w * m for w, m in zip(weights, start, strict=True)])
    solver = z3.SolverFor("QF_LRA")
    solver.add(tokens == number(PARAMETERS.capacity), *(m >= 0 for m in start))
    run = Lockstep(number(PARAMETERS.l0), weights, number(PARAMETERS.capacity), start)
    violations = [violation(run)]
    for t in range(1, steps + 1):
        run.advance()
        named = tuple(z3.Real(f"simulation_{t}_{s}") for s in range(len(weights)))
        solver.add(*(x == term for x, term in zip(named, run.simulation, strict=True)))
        run.simulation = named
        violations.append(violation(run))
    solver.add(z3.Or(violations))
    return str(solver.check())


def violation(run: Lockstep) -> Any:
    """Return that the spread of Theory is below that of Simulation now."""
    ((theory, _, simulation),) = comparison_sides(find_conjecture("g_dominance"), run, number)
    return theory < simulation


def _answer(steps: int, queue: Any) -> None:
    queue.put(ask(steps))


def z3_seconds(steps: int, limit_s: float) -> tuple[str, float]:
    """Return z3's answer, or "no answer", and the seconds that it took."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    child = context.Process(target=_answer, args=(steps, queue), daemon=True)
    begin = time.perf_counter()
    child.start()
    child.join(limit_s)
    seconds = time.perf_counter() - begin
    if child.is_alive():
        child.kill()
        return "no answer", seconds
    return str(queue.get()) if child.exitcode == 0 else "no answer", seconds


def tree_seconds(steps: int) -> dict[str, Any]:
    """Return the seconds to a certificate that the kernel accepted, and for a check alone."""
    begin = time.perf_counter()
    comparisons = find_conjecture("g_dominance").violated_when or ()
    found = first_violation(PARAMETERS, comparisons, steps)
    seconds = time.perf_counter() - begin
    if found.certificate is None or found.certificate["theorem"]["steps"] != steps:
        raise SystemExit(f"the mode tree did not prove the claim: {found}")
    begin = time.perf_counter()
    kernel.check(found.certificate)
    check_seconds = time.perf_counter() - begin
    return {
        "seconds": seconds,
        "check_seconds": check_seconds,
        "nodes": found.node_count,
        "bytes": len(json.dumps(found.certificate)),
    }


def main() -> None:
    """Measure, print, and write the figures if asked to."""
    parser = argparse.ArgumentParser(description="mode tree against z3 on the whole unrolling")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--limit", type=float, default=300.0, help="seconds for z3")
    options = parser.parse_args()
    ours = [tree_seconds(options.steps) for _ in range(options.repetitions)]
    answer, theirs = z3_seconds(options.steps, options.limit)
    if answer == "sat":
        raise SystemExit("z3 answers sat where the kernel accepted a proof: one of them is wrong")
    seconds = [row["seconds"] for row in ours]
    ratio = theirs / statistics.median(seconds)
    exact = "" if answer == "unsat" else "at least "
    print(
        f"data set 2, t = 0 .. {options.steps}: mode tree {statistics.median(seconds):.2f} s "
        f"({min(seconds):.2f} .. {max(seconds):.2f}), {ours[0]['nodes']} nodes, "
        f"{ours[0]['bytes']:,} bytes; kernel alone "
        f"{statistics.median(row['check_seconds'] for row in ours):.2f} s"
    )
    print(
        f"z3 on the whole unrolling: {answer} after {theirs:.1f} s; ratio {exact}{ratio:,.1f}; "
        f"target {TARGET_RATIO}"
    )
    if options.write:
        document = {
            "compares": "mode tree, certificate and kernel included, against one z3 query",
            "unit": "seconds on one core",
            "target_ratio": TARGET_RATIO,
            "steps": options.steps,
            "limit_s": options.limit,
            "z3": z3.get_version_string(),
            "z3_answer": answer,
            "z3_seconds": theirs,
            "ratio": ratio,
            "ratio_is_lower_bound": answer != "unsat",
            "python": sys.version.split()[0],
            "machine": platform.machine(),
            "rows": ours,
        }
        write_atomically(RESULTS, json.dumps(document, indent=2) + "\n")
        print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
