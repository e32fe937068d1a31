"""Which regime real arrivals are in, by the entropy of their last 50 gaps.

The note bins gaps at 1 ms and names two thresholds (note 001, sections 2 and 5). Entropy depends
on the width of the bins, so the same traffic is measured at several: 1 ms; the resolution of the
trace's own clock, which is the greatest common divisor of its gaps; and widths that are a fixed
part of the mean gap, so that the answer does not change with the load. The regime after an
arrival lasts until the next one; times are exact, and no entropy is near enough to a threshold
for rounding to decide. The entropy is that of the runtime's monitor.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from homeostat.errors import HomeostatError
from homeostat.models.entropy import (
    ENTROPY_HIGH,
    ENTROPY_LOW,
    GAPS_DEFAULT,
    Regime,
    next_regime,
)
from homeostat.proofs.claims import Canary, CanaryError, Claim, Source
from homeostat.proofs.verdicts import Measured
from homeostat.runtime.scheduler.monitor import EntropyMonitor
from homeostat.runtime.traces.fetching import dataset_named, find_data, missing_files
from homeostat.runtime.traces.reading import read_trace

__all__ = ["CLAIMS", "monitors", "regimes_of"]

DATA: Final = ("azure-code", "vllm-rtx4090")
BINS_PER_MEAN: Final = (1, 4)
_MILLISECOND_NS: Final = 10**6
_MARGIN_BITS: Final = 1e-9
"""Far above the rounding of a sum of 50 terms; nearer to a threshold nothing is decided."""


def monitors(arrivals_ns: Sequence[int]) -> Mapping[str, EntropyMonitor]:
    """Return monitors with the widths of bins that one trace is measured at, by name."""
    own_ns = math.gcd(*(b - a for a, b in pairwise(arrivals_ns))) or 1
    return {
        "1 ms": EntropyMonitor(bin_width_ns=_MILLISECOND_NS),
        f"{own_ns} ns, the clock's own": EntropyMonitor(bin_width_ns=own_ns),
        **{
            f"1/{parts} of the mean gap": EntropyMonitor(bins_per_mean=parts)
            for parts in BINS_PER_MEAN
        },
    }


def regimes_of(arrivals_ns: Sequence[int], monitor: EntropyMonitor) -> dict[str, Any]:
    """Return how long arrivals are in each regime, and the entropies met.

    Args:
        arrivals_ns: In order, more than 51; what follows the last one is not known.
        monitor: Has seen nothing, and looks 50 gaps back.

    Raises:
        HomeostatError: An entropy is so near to a threshold that rounding would decide.
    """
    regime, changes = Regime.BATCHING, 0
    spent_ns = dict.fromkeys(Regime, 0)
    bits = []
    for index, (arrival_ns, next_ns) in enumerate(pairwise(arrivals_ns)):
        monitor.record(arrival_ns)
        if index < GAPS_DEFAULT:
            continue
        bits.append(_sure(monitor.entropy_bits()))
        changed = next_regime(regime, bits[-1])
        changes += changed is not regime
        regime = changed
        spent_ns[regime] += next_ns - arrival_ns
    total_ns = sum(spent_ns.values())
    return {
        "windows": len(bits),
        "batching_ns": spent_ns[Regime.BATCHING],
        "reactive_ns": spent_ns[Regime.REACTIVE],
        "reactive_share": round(spent_ns[Regime.REACTIVE] / total_ns, 4),
        "changes": changes,
        "mean_bits": round(math.fsum(bits) / len(bits), 4),
        "least_bits": round(min(bits), 4),
        "most_bits": round(max(bits), 4),
    }


def _sure(bits: float) -> float:
    if min(abs(bits - ENTROPY_LOW), abs(bits - ENTROPY_HIGH)) < _MARGIN_BITS:
        raise HomeostatError(f"an entropy of {bits!r} bits is too near to a threshold")
    return bits


def _points(name: str) -> list[dict[str, Any]]:
    arrivals_ns = [request.arrival_ns for request in read_trace(find_data(name)).requests]
    return [
        {"trace": name, "bins": bins, **regimes_of(arrivals_ns, monitor)}
        for bins, monitor in monitors(arrivals_ns).items()
    ]


def _decide() -> Measured:
    return Measured(
        estimate={
            "of": "time in each regime, and entropy of the last 50 gaps at each arrival",
            "thresholds": f"reactive above {ENTROPY_HIGH} bits, batching below {ENTROPY_LOW}, "
            "between them as before; batching at first",
            "rounding": "times are exact; shares and bits have four digits",
            "points": [point for name in DATA for point in _points(name)],
        }
    )


def _missing() -> list[str]:
    return [file for name in DATA for file in missing_files(dataset_named(name))]


def _catch() -> str:
    """Measure traffic whose regime is known: a clock's, and one with no two gaps alike."""
    even = regimes_of([i * _MILLISECOND_NS for i in range(200)], EntropyMonitor(bin_width_ns=1))
    # Differences of squares: 1, 3, 5, ...
    uneven = regimes_of([i * i for i in range(200)], EntropyMonitor(bin_width_ns=1))
    if even["reactive_ns"] or even["most_bits"] or uneven["batching_ns"]:
        raise CanaryError(f"periodic traffic gives {even}, all different gaps give {uneven}")
    return (
        "periodic arrivals are never reactive, and arrivals of which no two gaps are alike always"
    )


CLAIMS = (
    Claim(
        id="entropy.real_traffic",
        title="Which regime real traffic is in",
        statement="The regime that the thresholds of 1.5 and 2.5 bits give real arrivals, by the "
        "entropy of the last 50 gaps: at bins of 1 ms, of the trace's own resolution, and of a "
        "fixed part of the mean gap.",
        scope="the Azure code trace of 2023 (8,819 arrivals) and a measured vLLM run (300)",
        source=Source(note="001", section="5"),
        decide=_decide,
        canary=Canary(falsehood="periodic arrivals are reactive", catch=_catch),
        vacuity="both traces have more than 50 gaps",
        remark="The regime tells the width of the bins as much as the traffic: read the rows of "
        "one trace side by side.",
        trusts=("math.log2 to 1e-9", "the readers of the two formats"),
        missing_data=_missing,
    ),
)
