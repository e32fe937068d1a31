"""Scheduled tokens per second of the simulator on one core, and how well it foretells a real run.

What is measured, and why. The simulator is to be fast enough that a policy is tried on an hour of
traffic in seconds: the target is 10^6 scheduled tokens per second. A step with long prefills has
many tokens and little to do, one that decodes has one token for each sequence, so three workloads:
Azure's hour of code completion (nearly all prefill), the overloaded vLLM run (decoding, with
evictions), and 256 sequences that only decode. The scheduler under the simulator is the one that
really runs; each repetition is a fresh one.

The second half is no race. The step time is fitted to the first requests of the vLLM run, and the
whole run is compared with what was measured: also with other numbers of first requests, without
the two things that the model of the engine has (steps planned ahead, KV found again), and with
noise on each step, to tell a good model from a lucky one. Nothing is chosen by these errors. With
them are kept the policies and batching windows that the report compares.

    python benchmarks/simulator.py            print the figures
    python benchmarks/simulator.py --write    also keep them in benchmarks/results/

Data sets are found as `homeostat data list` says; without them their rows are left out.
"""

import argparse
import cProfile
import gc
import json
import platform
import pstats
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from homeostat.cli.simulate import report_documents
from homeostat.counterexamples.files import write_atomically
from homeostat.runtime.scheduler import Limits, Request, Scheduler, policy_named
from homeostat.runtime.simulator import (
    StepTime,
    Work,
    compared,
    fit_step_time,
    requests_of,
    simulate,
)
from homeostat.runtime.simulator.workloads import workload_named
from homeostat.runtime.traces import Trace
from homeostat.runtime.traces.fetching import MissingDataError

RESULTS: Final = Path(__file__).parent / "results" / "simulator.json"
TARGET_TOKENS_PER_S: Final = 1_000_000
VLLM: Final = policy_named("vllm")
RTX4090: Final = Limits(kv_blocks=2587)
"""The limits of the measured engine; its other ones are the defaults."""
STEP_TIME: Final = StepTime(
    step_ns=15.7e6, prefill_token_ns=86e3, context_token_ns=238.0, attention_pair_ns=2.4
)
"""About that engine's, for speed alone: how fast we simulate hardly depends on it."""
NOISE: Final = 0.03
"""Standard deviation of the logarithm of a step's time."""
SEEDS: Final = 20
PROFILED: Final = 6
KEPT: Final = ("ttft_ns", "tpot_ns", "makespan_ns", "evictions", "waste", "jain_index")


def decoding() -> tuple[Limits, list[Request]]:
    """Return 256 requests of one prompt token each that decode together to the end."""
    requests = [
        Request(id=str(i), arrival_ns=0, prompt_tokens=1, output_tokens_max=1_000)
        for i in range(256)
    ]
    return Limits(kv_blocks=20_000), requests


def speed(limits: Limits, requests: list[Request], repetitions: int) -> dict[str, Any]:
    """Return seconds of each repetition, with tokens and steps, which are always the same."""
    run = simulate(requests, Scheduler(limits, VLLM), STEP_TIME)
    seconds: list[float] = []
    for _ in range(repetitions):
        scheduler = Scheduler(limits, VLLM)
        gc.collect()
        begin = time.perf_counter()
        simulate(requests, scheduler, STEP_TIME)
        seconds.append(time.perf_counter() - begin)
    tokens = sum(step.tokens for step in run.steps)
    rates = [tokens / s for s in seconds]
    return {
        "tokens": tokens,
        "steps": len(run.steps),
        "decoded": sum(step.work.decoding for step in run.steps),
        "seconds": seconds,
        "tokens_per_s_median": statistics.median(rates),
        "tokens_per_s_min": min(rates),
        "tokens_per_s_max": max(rates),
        "profile": profile(limits, requests),
    }


def profile(limits: Limits, requests: list[Request]) -> list[dict[str, Any]]:
    """Return the functions that take most of the time themselves, with their parts of it."""
    profiler = cProfile.Profile()
    profiler.runcall(simulate, requests, Scheduler(limits, VLLM), STEP_TIME)
    rows = pstats.Stats(profiler).stats.items()  # type: ignore[attr-defined]
    total = sum(row[2] for _, row in rows)
    largest = sorted(rows, key=lambda item: -item[1][2])[:PROFILED]
    return [
        {"function": f"{Path(file).name}:{name}", "part": row[2] / total}
        for (file, _, name), row in largest
    ]


def errors_of(
    trace: Trace, samples: Any, step_time: Any, *, overlap: bool = True, reuse: bool = True
) -> dict[str, Any]:
    """Return the relative error of each figure of the whole run."""
    scheduler = Scheduler(RTX4090, VLLM)
    run = simulate(requests_of(trace), scheduler, step_time, overlap=overlap, reuse=reuse)
    return {error.name: error.relative for error in compared(run, trace, samples)}


def by_client(trace: Trace) -> Trace:
    """Return the trace with requests that arrive when the client sent them.

    An engine queues what has come when a step ends, so its queueing times tell of its steps.
    """
    requests = [
        replace(r, measured=replace(r.measured, queued_ns=r.arrival_ns))
        for r in trace.requests
        if r.measured is not None
    ]
    return Trace(trace.name, tuple(requests))


def noisy(step_time: StepTime, seed: int) -> Any:
    """Return a step time with noise on each step, of mean 1."""
    rng = np.random.default_rng(seed)

    def timed(work: Work) -> int:
        return max(1, round(step_time(work) * rng.lognormal(-(NOISE**2) / 2, NOISE)))

    return timed


def accuracy() -> dict[str, Any]:
    """Return the errors of the model as it is, and of its variants."""
    workload = workload_named("vllm-rtx4090")
    assert workload.engine is not None
    assert workload.engine.limits == RTX4090
    trace, samples = workload.trace, workload.samples
    fit = fit_step_time(trace, RTX4090, VLLM)
    variants = {}
    for count in (50, 75, 150, 200):
        other = fit_step_time(trace, RTX4090, VLLM, count=count)
        variants[f"fitted to {count}"] = errors_of(trace, samples, other.step_time)
    for name, overlap, reuse in (("no overlap", False, True), ("no reuse", True, False)):
        other = fit_step_time(trace, RTX4090, VLLM, overlap=overlap, reuse=reuse)
        errors = errors_of(trace, samples, other.step_time, overlap=overlap, reuse=reuse)
        variants[name] = {**errors, "first_100_error_mean_ns": other.error_mean_ns}
    variants["client's arrivals"] = errors_of(by_client(trace), samples, fit.step_time)
    noise = [errors_of(trace, samples, noisy(fit.step_time, seed)) for seed in range(SEEDS)]
    return {
        "fit": fit.to_json(),
        "errors": errors_of(trace, samples, fit.step_time),
        "variants": variants,
        "with_noise": {
            name: {
                "mean": statistics.mean(row[name] for row in noise),
                "deviation": statistics.stdev(row[name] for row in noise),
            }
            for name in noise[0]
        },
    }


def policies() -> dict[str, list[dict[str, Any]]]:
    """Return what the report shows of each policy and window, by trace."""
    documents, _ = report_documents()
    return {
        document["trace"]["name"]: [
            {
                "policy": run["policy"],
                "window_ns": run["window_ns"],
                "steps": run["steps"],
                **{name: run["summary"][name] for name in KEPT},
            }
            for run in document["runs"]
        ]
        for document in documents
    }


def workloads() -> dict[str, tuple[Limits, list[Request]]]:
    """Return limits and requests by name; data sets that are missing are left out."""
    found = {"256 decoding": decoding()}
    for name in ("vllm-rtx4090", "azure-code"):
        try:
            found[name] = RTX4090, list(requests_of(workload_named(name).trace))
        except MissingDataError as error:
            print(f"left out: {error}")
    return found


def main() -> None:
    """Measure, print, and write the figures if asked to."""
    parser = argparse.ArgumentParser(description="speed and accuracy of the simulator")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    parser.add_argument("--repetitions", type=int, default=7)
    options = parser.parse_args()
    rows = {}
    for name, (limits, requests) in workloads().items():
        rows[name] = row = speed(limits, requests, options.repetitions)
        print(
            f"{name}: {row['tokens_per_s_median'] / 1e6:.2f} million tokens a second "
            f"({row['tokens_per_s_min'] / 1e6:.2f} .. {row['tokens_per_s_max'] / 1e6:.2f}), "
            f"{row['tokens']:,} tokens, {row['steps']:,} steps; most in "
            + ", ".join(f"{p['function']} {p['part']:.0%}" for p in row["profile"][:3])
        )
    document = {
        "measures": "scheduled tokens per second on one core, and errors against a measured run",
        "target_tokens_per_s": TARGET_TOKENS_PER_S,
        "python": sys.version.split()[0],
        "machine": platform.machine(),
        "speed": rows,
        "accuracy": None,
        "policies": {},
    }
    if "vllm-rtx4090" in rows:
        document["policies"] = policies()
        document["accuracy"] = found = accuracy()
        show_errors("as it is", found["errors"])
        for name, errors in found["variants"].items():
            show_errors(name, errors)
        noise = found["with_noise"]["ttft_mean_s"]
        print(
            f"with {NOISE:.0%} noise on each step, {SEEDS} seeds: mean TTFT "
            f"{noise['mean']:+.2%} +- {noise['deviation']:.2%}"
        )
    if options.write:
        write_atomically(RESULTS, json.dumps(document, indent=2) + "\n")
        print(f"written to {RESULTS}")


def show_errors(name: str, errors: dict[str, Any]) -> None:
    """Print the errors of one variant."""
    words = [f"{figure} {error:+.2%}" for figure, error in errors.items() if abs(error or 0) < 1]
    print(f"{name}: " + ", ".join(words))


if __name__ == "__main__":
    main()
