"""Time and comparisons of the aging queue: against bare heapq, and against sorting every step.

What is compared, and why.

1. Push and pop of ``AgingQueue`` with one rate, against ``heapq`` on the same tuples with their
   keys given: what refusing bad input, computing the key and finding an item to cancel cost.
   N pushes in order of arrival, the cheapest order for a heap, then N pops; all sides in turn in
   the same run, and they must pop in the same order. "indexed" is the same bare heap with a
   dictionary from id to entry, without which nothing can be cancelled; at 10^6 that dictionary
   alone costs more than the bare push. The garbage collector is off, as in ``timeit``, or on.
2. A scheduling step with 10^5 waiting: some requests arrive, as many are admitted, and time has
   passed. The other side computes every priority anew and sorts (``list.sort`` with a key), as
   schedulers do that re-rank a waiting list in each step; it keeps the sorted list, so that Timsort
   meets one that is already in order and needs N - 1 comparisons: its best case. Both must admit
   the same requests. Comparisons are counted exactly, by integers that count; wall time is taken
   in a run of its own, without counting.

    python benchmarks/aging_queue.py            print the figures
    python benchmarks/aging_queue.py --write    also keep them in benchmarks/results/

The file is not called queue.py: beside the other scripts it would hide Python's own ``queue``.
Ratios are taken between neighbouring repetitions, so they depend little on the machine.
"""

import argparse
import gc
import json
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from heapq import heappop, heappush
from pathlib import Path
from typing import Any, Final, NamedTuple

from homeostat.counterexamples.files import write_atomically
from homeostat.models.aging import NANOSECONDS, effective_priority
from homeostat.runtime.scheduler.queue import AgingQueue

RESULTS: Final = Path(__file__).parent / "results" / "queue.json"
SIZES: Final = (10**3, 10**4, 10**5, 10**6)
WAITING: Final = 10**5
STEPS: Final = 20
TARGET_RATIO: Final = 3
TARGET_COMPARISONS: Final = 1000
NOW_NS: Final = 10**13


class Waiting(NamedTuple):
    """One that waits; the last field is its name in the queue."""

    arrival_ns: int
    bid: int
    serial: int
    id: str


def workload(size: int, seed: int) -> list[Waiting]:
    """Return requests in order of arrival, with random gaps and bids."""
    rng = random.Random(seed)
    now_ns, requests = 0, []
    for serial in range(size):
        now_ns += rng.randrange(10**7)
        requests.append(Waiting(now_ns, rng.randrange(1000), serial, f"r{serial}"))
    return requests


@contextmanager
def collector(*, on: bool) -> Iterator[None]:
    """Run with the garbage collector on or off."""
    gc.collect()
    if not on:
        gc.disable()
    try:
        yield
    finally:
        gc.enable()


Timed = tuple[float, float, list[str]]
"""Seconds of all pushes, seconds of all pops, and the order that came out."""


def bare(requests: list[Waiting], keys: list[int]) -> Timed:
    """Time a heap of tuples."""
    heap: list[tuple[int, int, int, str]] = []
    begin = time.perf_counter()
    for request, key in zip(requests, keys, strict=True):
        heappush(heap, (key, request[0], request[2], request[3]))
    middle = time.perf_counter()
    order = [heappop(heap)[3] for _ in requests]
    return middle - begin, time.perf_counter() - middle, order


def indexed(requests: list[Waiting], keys: list[int]) -> Timed:
    """Time the same heap, with a dictionary that finds an entry by its id."""
    heap: list[tuple[int, int, int, str]] = []
    index: dict[str, tuple[int, int, int, str]] = {}
    order = []
    begin = time.perf_counter()
    for request, key in zip(requests, keys, strict=True):
        entry = (key, request[0], request[2], request[3])
        index[request[3]] = entry
        heappush(heap, entry)
    middle = time.perf_counter()
    for _ in requests:
        item_id = heappop(heap)[3]
        del index[item_id]
        order.append(item_id)
    return middle - begin, time.perf_counter() - middle, order


def ours(requests: list[Waiting]) -> Timed:
    """Time ``AgingQueue``."""
    queue = AgingQueue((1,))
    begin = time.perf_counter()
    for request in requests:
        queue.push(request[3], arrival_ns=request[0], bid=request[1])
    middle = time.perf_counter()
    order = [queue.pop(NOW_NS) for _ in requests]
    return middle - begin, time.perf_counter() - middle, order


def spread(values: list[float]) -> dict[str, float]:
    """Return median, smallest and largest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def _ratios(fast: list[Timed], slow: list[Timed]) -> dict[str, dict[str, float]]:
    """Return how much longer the first takes, repetition by repetition."""
    sides = list(zip(fast, slow, strict=True))
    return {
        "push": spread([f[0] / s[0] for f, s in sides]),
        "pop": spread([f[1] / s[1] for f, s in sides]),
        "both": spread([(f[0] + f[1]) / (s[0] + s[1]) for f, s in sides]),
    }


def push_and_pop(size: int, repetitions: int, seed: int, *, collecting: bool) -> dict[str, Any]:
    """Return nanoseconds an operation, and the ratios to both heaps."""
    requests = workload(size, seed)
    keys = [r.arrival_ns - r.bid * NANOSECONDS for r in requests]
    timed: dict[str, list[Timed]] = {"bare": [], "indexed": [], "ours": []}
    # Small sizes are over in a millisecond, and noise is not: run them more often.
    for _ in range(repetitions * max(1, 10**5 // size)):
        with collector(on=collecting):
            once = {"bare": bare(requests, keys), "indexed": indexed(requests, keys)}
            once["ours"] = ours(requests)
        if not once["bare"][2] == once["indexed"][2] == once["ours"][2]:
            raise SystemExit(f"the sides differ at size {size}")
        for side, (push, pop, _) in once.items():
            timed[side].append((push, pop, []))
    return {
        "size": size,
        "garbage_collector": collecting,
        "repetitions": len(timed["ours"]),
        "ratio_to_bare": _ratios(timed["ours"], timed["bare"]),
        "ratio_to_indexed": _ratios(timed["ours"], timed["indexed"]),
        "push_ns": {k: statistics.median(t[0] for t in v) / size * 1e9 for k, v in timed.items()},
        "pop_ns": {k: statistics.median(t[1] for t in v) / size * 1e9 for k, v in timed.items()},
    }


class Counted(int):
    """An integer that counts the comparisons of it, and whose sums and products do too.

    A heap compares tuples, and tuples compare their keys by ``==`` first; a sort compares its keys
    by ``<`` alone. So each side counts one call a comparison of two entries, by its own class.
    """

    made = 0

    def __eq__(self, other: object) -> bool:
        """Count."""
        Counted.made += 1
        return int.__eq__(self, other)

    def __hash__(self) -> int:
        """Return the integer's."""
        return int.__hash__(self)

    def __radd__(self, other: int) -> "Counted":
        """Add to a credit."""
        return Counted(other + int(self))

    def __sub__(self, other: int) -> "Counted":
        """Take off a bid, or a time."""
        return Counted(int(self) - other)

    def __rmul__(self, other: int) -> "Counted":
        """Multiply a rate."""
        return Counted(other * int(self))


class Sorted(Counted):
    """What a sort compares."""

    def __lt__(self, other: int) -> bool:
        """Count."""
        Counted.made += 1
        return int.__lt__(self, other)


class Resorting:
    """A waiting list that is ranked anew at every step, and kept in that order."""

    def __init__(self, waiting: list[Waiting], key: Callable[[int], int]) -> None:
        """Rank what waits; ``key`` wraps each priority."""
        self.key = key
        self.waiting = waiting
        self.step([], 0, NOW_NS)

    def step(self, arrived: list[Waiting], admitted: int, now_ns: int) -> list[str]:
        """Let some arrive, rank all, and return those admitted."""
        key = self.key
        self.waiting += arrived
        self.waiting.sort(
            key=lambda r: key(-effective_priority(r[1], now_ns - r[0], unit=NANOSECONDS))
        )
        first = [r[3] for r in self.waiting[:admitted]]
        del self.waiting[:admitted]
        return first


class Lazy:
    """The aging queue in the same role."""

    def __init__(self, waiting: list[Waiting], key: Callable[[int], int]) -> None:
        """Push what waits; ``key`` wraps each arrival."""
        self.queue = AgingQueue((1,))
        self.key = key
        for request in waiting:
            self.queue.push(request.id, arrival_ns=key(request.arrival_ns), bid=request.bid)

    def step(self, arrived: list[Waiting], admitted: int, now_ns: int) -> list[str]:
        """Let some arrive, and return those admitted."""
        queue, key = self.queue, self.key
        for arrival_ns, bid, _, item_id in arrived:
            queue.push(item_id, arrival_ns=key(arrival_ns), bid=bid)
        return [queue.pop(now_ns) for _ in range(admitted)]


def steps(
    make: Callable[..., Any], requests: list[Waiting], a_step: int, key: Callable[[int], int]
) -> tuple[list[int], list[float], list[str]]:
    """Return comparisons and seconds of each step, and who was admitted in what order."""
    waiting = make(requests[:WAITING], key)
    comparisons, seconds, admitted = [], [], []
    for index in range(STEPS):
        arrived = requests[WAITING + index * a_step : WAITING + (index + 1) * a_step]
        before, begin = Counted.made, time.perf_counter()
        admitted += waiting.step(arrived, a_step, NOW_NS + (index + 1) * 10**7)
        seconds.append(time.perf_counter() - begin)
        comparisons.append(Counted.made - before)
    return comparisons, seconds, admitted


def scheduling_step(a_step: int, repetitions: int, seed: int) -> dict[str, Any]:
    """Return comparisons and wall time a step of both sides, and their ratios."""
    requests = workload(WAITING + STEPS * a_step, seed)
    theirs, _, expected = steps(Resorting, requests, a_step, Sorted)
    mine, _, order = steps(Lazy, requests, a_step, Counted)
    if order != expected:
        raise SystemExit(f"the two sides admit others, {a_step} a step")
    slow, fast = [], []
    for _ in range(repetitions):
        slow.append(statistics.median(steps(Resorting, requests, a_step, int)[1]))
        fast.append(statistics.median(steps(Lazy, requests, a_step, int)[1]))
    return {
        "waiting": WAITING,
        "arrivals_and_admissions_a_step": a_step,
        "steps": STEPS,
        "resorting_comparisons": spread([float(c) for c in theirs]),
        "ours_comparisons": spread([float(c) for c in mine]),
        "comparisons_ratio": sum(theirs) / sum(mine),
        "resorting_s": spread(slow),
        "ours_s": spread(fast),
        "time_ratio": spread([s / f for s, f in zip(slow, fast, strict=True)]),
    }


def _text(values: dict[str, float], digits: int) -> str:
    median, least, most = (f"{values[name]:,.{digits}f}" for name in ("median", "min", "max"))
    return f"{median} ({least} .. {most})"


def main() -> None:
    """Measure, print, and write the figures if asked to."""
    parser = argparse.ArgumentParser(description="the aging queue against heapq and sorting")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    given = options.repetitions, options.seed
    print(f"time over that of heapq: median (smallest .. largest); target {TARGET_RATIO} of bare")
    operations = []
    for collecting in (False, True):
        for size in SIZES:
            row = push_and_pop(size, *given, collecting=collecting)
            operations.append(row)
            print(f"{size:>9,}, garbage collector {'on' if collecting else 'off'}")
            for side in ("bare", "indexed"):
                ratios = row[f"ratio_to_{side}"]
                print("  ", side, ", ".join(f"{n} {_text(r, 2)}" for n, r in ratios.items()))
    print(
        f"a step with {WAITING:,} waiting; target: {TARGET_COMPARISONS:,} times fewer comparisons"
    )
    per_step = []
    for a_step in (1, 8):
        row = scheduling_step(a_step, *given)
        per_step.append(row)
        print(
            f"{a_step} admitted: comparisons {row['resorting_comparisons']['median']:,.0f} "
            f"against {row['ours_comparisons']['median']:,.0f}, "
            f"{row['comparisons_ratio']:,.0f} times fewer; "
            f"wall time {_text(row['time_ratio'], 0)} times less"
        )
    if options.write:
        document = {
            "compares": "AgingQueue against heapq on tuples, and against sorting at every step",
            "target_ratio": TARGET_RATIO,
            "target_comparisons_ratio": TARGET_COMPARISONS,
            "seed": options.seed,
            "python": sys.version.split()[0],
            "machine": platform.machine(),
            "operations": operations,
            "scheduling_step": per_step,
        }
        write_atomically(RESULTS, json.dumps(document, indent=2) + "\n")
        print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
