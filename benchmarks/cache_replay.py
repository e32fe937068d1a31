"""Events per second of compiled cache replays, beside our own cache and beside libCacheSim.

What is measured, and why. A policy is to be tried on millions of events in seconds: the target is
10^6 events per second on one core. Events are real: the routes of all layers of Qwen3-30B-A3B one
behind the other, again and again, as events of 6 experts and as their first choices alone. Only the
latter can be given to libCacheSim, whose events are of one object each; it is driven in two ways,
request by request from Python, and by its own loop over a trace file in its binary format, which is
the fastest that it offers; opening the file counts there. Misses are equal in each comparison,
which is checked on the spot.

Times are of this process on its core, so that what else runs on the machine counts little. Each
repetition times the rivals one after the other; what counts is the ratio of the same repetition.

    python benchmarks/cache_replay.py            print the figures
    python benchmarks/cache_replay.py --write    also keep them in benchmarks/results/
"""

import argparse
import json
import platform
import statistics
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import libcachesim

from homeostat.counterexamples.files import write_atomically
from homeostat.models.residency.events import Event
from homeostat.runtime.experts.policies.family import POLICIES
from homeostat.runtime.experts.policies.policy import Policy
from homeostat.runtime.experts.replay import (
    COMPILED,
    FlatEvents,
    flat_events,
    optimal,
    replay,
    replay_compiled,
)
from homeostat.runtime.traces.fetching import find_data
from homeostat.runtime.traces.routes import Phase, read_routes

RESULTS: Final = Path(__file__).parent / "results" / "cache_replay.json"
TARGET_EVENTS_PER_S: Final = 1_000_000
CAPACITIES: Final = (6, 24)
COPIES: Final = 40
"""Of the routes, for compiled replays; what Python runs is given one."""


def timed(run: Callable[..., int], *arguments: Any) -> tuple[float, int]:
    """Return seconds of the processor, and the misses that a run counts."""
    begin = time.process_time()
    misses = run(*arguments)
    return time.process_time() - begin, misses


def compiled(flat: FlatEvents, capacity: int, name: str) -> int:
    """Return the misses of a compiled replay."""
    return replay_compiled(flat, capacity, name).misses


def python(events: list[Event], capacity: int, policy: Policy) -> int:
    """Return the misses of the cache's own decisions."""
    return replay(events, capacity, policy).misses


def least(flat: FlatEvents, capacity: int) -> int:
    """Return the misses of the optimum with bypass."""
    return optimal(flat, capacity, bypass=True).misses


def demand_equal(ours: int, theirs: int, what: str) -> None:
    """Refuse a comparison of runs that did not do the same."""
    if ours != theirs:
        raise SystemExit(f"{what}: {ours} and {theirs} misses must be equal")


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median and the ends of what was measured."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def against_python(
    events: list[Event], flat: FlatEvents, name: str, capacity: int, repetitions: int
) -> dict[str, Any]:
    """Return rates of the compiled replay, and ratios to the cache's own decisions."""
    many = flat_events(events * COPIES, flat.n_expert)
    replay_compiled(flat, capacity, name)  # compile, or load
    rates, ratios = [], []
    for _ in range(repetitions):
        policy = POLICIES[name](flat.n_expert, capacity, 6)
        slow, theirs = timed(python, events, capacity, policy)
        demand_equal(compiled(flat, capacity, name), theirs, name)
        fast, _ = timed(compiled, many, capacity, name)
        rates.append(COPIES * len(events) / fast)
        ratios.append(COPIES * slow / fast)
    return {
        "policy": name,
        "capacity": capacity,
        "events_per_s": spread(rates),
        "times_python": spread(ratios),
    }


def optimum(flat: FlatEvents, events: int, capacity: int, repetitions: int) -> dict[str, Any]:
    """Return rates of the compiled optimum with bypass."""
    optimal(flat, capacity, bypass=True)
    rates = [events / timed(least, flat, capacity)[0] for _ in range(repetitions)]
    return {"policy": "optimum", "capacity": capacity, "events_per_s": spread(rates)}


def write_oracle_trace(path: Path, tops: Sequence[int]) -> None:
    """Write requests in libCacheSim's binary format: time, object, size, next access."""
    later: dict[int, int] = {}
    rows = []
    for position in range(len(tops) - 1, -1, -1):
        rows.append(
            struct.pack("<IQIq", position, tops[position], 1, later.get(tops[position], -1))
        )
        later[tops[position]] = position
    path.write_bytes(b"".join(reversed(rows)))


def against_libcachesim(
    tops: list[int], n_expert: int, capacity: int, repetitions: int, folder: Path
) -> list[dict[str, Any]]:
    """Return rates on first choices, and ratios to libCacheSim in both of its ways."""
    many = tops * COPIES
    path = folder / "tops.oracleGeneral.bin"
    write_oracle_trace(path, many)
    flat = flat_events([Event((top,)) for top in many], n_expert)
    rows = []
    for name, kind in (("lru", libcachesim.LRU), ("lfu", libcachesim.LFU)):
        replay_compiled(flat, capacity, name)
        rates, native, stepped = [], [], []
        for _ in range(repetitions):
            ours, misses = timed(compiled, flat, capacity, name)
            loop, theirs = timed(own_loop, kind, path, capacity, len(many))
            demand_equal(misses, theirs, f"{name}, libCacheSim's loop")
            steps, theirs = timed(step_by_step, kind, tops, capacity)
            part = flat_events([Event((top,)) for top in tops], n_expert)
            demand_equal(compiled(part, capacity, name), theirs, f"{name}, step by step")
            rates.append(len(many) / ours)
            native.append(loop / ours)
            stepped.append(COPIES * steps / ours)
        rows.append(
            {
                "policy": name,
                "capacity": capacity,
                "events_per_s": spread(rates),
                "times_libcachesim_loop": spread(native),
                "times_libcachesim_steps": spread(stepped),
            }
        )
    return rows


def own_loop(kind: Any, path: Path, capacity: int, requests: int) -> int:
    """Return the misses of libCacheSim's own loop over a trace file."""
    reader = libcachesim.TraceReader(str(path), libcachesim.TraceType.ORACLE_GENERAL_TRACE)
    cache = kind(cache_size=capacity, hashpower=10, reader=reader)
    ratio, _ = cache.process_trace(reader)
    return round(float(ratio) * requests)


def step_by_step(kind: Any, tops: Sequence[int], capacity: int) -> int:
    """Return the misses of libCacheSim when each request is made in Python."""
    cache = kind(cache_size=capacity, hashpower=10)
    request = libcachesim.Request(obj_size=1, op=libcachesim.ReqOp.OP_GET)
    misses = 0
    for top in tops:
        request.obj_id = top
        misses += not cache.get(request)
    return misses


def main() -> None:
    """Measure, print, and write the figures if asked to."""
    parser = argparse.ArgumentParser(description="speed of compiled cache replays")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    parser.add_argument("--repetitions", type=int, default=7)
    options = parser.parse_args()
    routes = read_routes(find_data("qwen3-routes"))
    events = [e for layer in range(routes.layers) for e in routes.events(layer, Phase.DECODE)]
    flat = flat_events(events, routes.n_expert)
    tops = [top for event in events for top in event.tops]
    document: dict[str, Any] = {
        "measures": "events per second of one core's time, and ratios of the same repetition",
        "target_events_per_s": TARGET_EVENTS_PER_S,
        "python": sys.version.split()[0],
        "machine": platform.machine(),
        "repetitions": options.repetitions,
        "six_experts": [],
        "first_choices": [],
    }
    for capacity in CAPACITIES:
        for name in COMPILED:
            row = against_python(events, flat, name, capacity, options.repetitions)
            document["six_experts"].append(row)
            show(row)
        row = optimum(flat, len(events), capacity, options.repetitions)
        document["six_experts"].append(row)
        show(row)
    with tempfile.TemporaryDirectory() as folder:
        for capacity in CAPACITIES:
            for row in against_libcachesim(
                tops, routes.n_expert, capacity, options.repetitions, Path(folder)
            ):
                document["first_choices"].append(row)
                show(row)
    if options.write:
        write_atomically(RESULTS, json.dumps(document, indent=2) + "\n")
        print(f"written to {RESULTS}")


def show(row: dict[str, Any]) -> None:
    """Print one row."""
    rate = row["events_per_s"]
    words = [
        f"{row['policy']}, C = {row['capacity']}: {rate['median'] / 1e6:.2f} million events/s "
        f"({rate['min'] / 1e6:.2f} .. {rate['max'] / 1e6:.2f})"
    ]
    words += [
        f"{name.replace('_', ' ')} {value['median']:.1f} ({value['min']:.1f} .. {value['max']:.1f})"
        for name, value in row.items()
        if name.startswith("times")
    ]
    print("; ".join(words))


if __name__ == "__main__":
    main()
