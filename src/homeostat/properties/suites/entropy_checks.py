"""Cases and checks of the suite ``entropy``.

Notation
    k: gaps; H: bits; u = 2^-53, the rounding unit of float64.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st

from homeostat.models.entropy import (
    GAPS_DEFAULT,
    Regime,
    absolute_bins,
    adaptive_window,
    entropy,
    histogram,
    jain_index,
    next_regime,
    relative_bins,
)
from homeostat.properties.results import Violation
from homeostat.runtime.scheduler.monitor import EntropyMonitor

__all__ = [
    "Arrivals",
    "Gaps",
    "Levels",
    "Shares",
    "absolute_bins_depend_on_scale",
    "arrivals",
    "bounds_are_left",
    "depends_on_older",
    "gaps",
    "is_never_uniform",
    "jain_leaves_its_range",
    "jain_reaches_its_least",
    "levels",
    "monitor_differs",
    "order_matters",
    "periodic_is_not_zero",
    "regime_flaps",
    "regime_flaps_at_one_threshold",
    "relative_bins_depend_on_scale",
    "shares",
    "window_is_wide_when_reactive",
    "window_leaves_its_range",
]

_GAPS_NS: Final = st.one_of(st.integers(0, 4), st.integers(0, 10**10))


@dataclass(frozen=True, slots=True)
class Gaps:
    """Gaps between arrivals, in two orders.

    Attributes:
        gaps_ns: ns, one at least.
        permuted_ns: The same in another order.
        bin_width_ns: Width of the absolute bins.
        scale: A factor >= 1.
    """

    gaps_ns: tuple[int, ...]
    permuted_ns: tuple[int, ...]
    bin_width_ns: int
    scale: int


def gaps() -> st.SearchStrategy[Gaps]:
    """Return the strategy of up to as many gaps as the note looks back."""
    # A function of its own: what ``composite`` makes cannot travel to another process.
    return _gaps()


@st.composite
def _gaps(draw: st.DrawFn) -> Gaps:
    drawn = draw(st.lists(_GAPS_NS, min_size=1, max_size=GAPS_DEFAULT))
    permuted = draw(st.permutations(drawn))
    width = draw(st.sampled_from((1, 2, 1000, 10**6)))
    return Gaps(tuple(drawn), tuple(permuted), width, draw(st.integers(1, 1000)))


def _bits(gaps_ns: tuple[int, ...], width_ns: int) -> float:
    return float(entropy(histogram(absolute_bins(gaps_ns, width_ns))))


def bounds_are_left(case: Gaps) -> Violation | None:
    """0 <= H <= log2(occupied bins) <= log2(k), up to rounding: k terms, each within 4 u."""
    bins = len(set(absolute_bins(case.gaps_ns, case.bin_width_ns)))
    bits, most = _bits(case.gaps_ns, case.bin_width_ns), math.log2(bins)
    rounding = (len(case.gaps_ns) + 4) * most / 2**53
    if 0 <= bits <= most + rounding:
        return None
    return Violation(0, {"bits": repr(bits), "log2_bins": repr(most)})


def is_never_uniform(case: Gaps) -> Violation | None:
    """False neighbour: more than one bin is never filled evenly."""
    counts = histogram(absolute_bins(case.gaps_ns, case.bin_width_ns))
    even = len(counts) > 1 and len(set(counts)) == 1
    return Violation(0, {"counts": str(counts)}) if even else None


def order_matters(case: Gaps) -> Violation | None:
    """H is the same float in whatever order the gaps come."""
    one, other = (_bits(g, case.bin_width_ns) for g in (case.gaps_ns, case.permuted_ns))
    return None if one == other else Violation(0, {"bits": repr(one), "permuted": repr(other)})


def periodic_is_not_zero(case: Gaps) -> Violation | None:
    """Equal integer gaps have H = 0, exactly."""
    bits = _bits(case.gaps_ns[:1] * len(case.gaps_ns), case.bin_width_ns)
    return None if bits == 0 else Violation(0, {"bits": repr(bits)})


def _scaled(case: Gaps, bins: Callable[[list[int]], list[int]]) -> Violation | None:
    before, after = (bins([gap * scale for gap in case.gaps_ns]) for scale in (1, case.scale))
    return None if before == after else Violation(0, {"bins": str(before), "scaled": str(after)})


def relative_bins_depend_on_scale(case: Gaps) -> Violation | None:
    """Relative bins are the same for gaps that are all multiplied by a number."""
    return _scaled(case, lambda gaps_ns: relative_bins(gaps_ns, 4))


def absolute_bins_depend_on_scale(case: Gaps) -> Violation | None:
    """False neighbour: so are absolute ones."""
    return _scaled(case, lambda gaps_ns: absolute_bins(gaps_ns, case.bin_width_ns))


@dataclass(frozen=True, slots=True)
class Levels:
    """Entropies in the order in which they are seen.

    Attributes:
        bits: Each in eighths of a bit, so that thresholds are met exactly.
        base_ns: Width of the window at entropy 0.
    """

    bits: tuple[float, ...]
    base_ns: int


def levels() -> st.SearchStrategy[Levels]:
    """Return two levels at least, in 0 .. 6 bits: log2(50) is 5.6."""
    level = st.integers(0, 48).map(lambda eighths: eighths / 8)
    seen = st.lists(level, min_size=2, max_size=30).map(tuple)
    return st.builds(Levels, seen, st.integers(1, 10**10))


def window_leaves_its_range(case: Levels) -> Violation | None:
    """0 < w <= w_base, and w falls as H rises."""
    widths = [float(adaptive_window(case.base_ns, bits)) for bits in sorted(set(case.bits))]
    falls = all(wide > narrow for wide, narrow in pairwise(widths))
    if falls and widths[-1] > 0 and widths[0] <= case.base_ns:
        return None
    return Violation(0, {"widths_ns": str(widths)})


def window_is_wide_when_reactive(case: Levels) -> Violation | None:
    """False neighbour: above 2.5 bits the window is less than half of w_base."""
    for step, bits in enumerate(case.bits):
        width = float(adaptive_window(case.base_ns, bits))
        if bits > 2.5 and not width < case.base_ns / 2:
            return Violation(step, {"bits": str(bits), "width_ns": str(width)})
    return None


def _flaps(case: Levels, **thresholds: float) -> Violation | None:
    """Return where the regime changes back although H moved by no more than a bit."""
    regime, changed_at = Regime.BATCHING, None
    for step, bits in enumerate(case.bits):
        after = next_regime(regime, bits, **thresholds)
        if after is not regime:
            if changed_at is not None and not abs(bits - changed_at) > 1:
                return Violation(step, {"bits": str(bits), "changed_before_at": str(changed_at)})
            changed_at = bits
        regime = after
    return None


def regime_flaps(case: Levels) -> Violation | None:
    """Between two changes of the regime H moves by more than the band, 1 bit."""
    return _flaps(case)


def regime_flaps_at_one_threshold(case: Levels) -> Violation | None:
    """False neighbour: also where both thresholds are one."""
    return _flaps(case, low=2, high=2)


@dataclass(frozen=True, slots=True)
class Shares:
    """What each of some users got; integers >= 0."""

    shares: tuple[int, ...]


def shares() -> st.SearchStrategy[Shares]:
    """Return shares of one to eight users."""
    return st.lists(st.integers(0, 9), min_size=1, max_size=8).map(tuple).map(Shares)


def _jain(case: Shares) -> tuple[Fraction, Fraction]:
    index = Fraction(jain_index([Fraction(share) for share in case.shares]))
    return index, Fraction(1, len(case.shares))


def jain_leaves_its_range(case: Shares) -> Violation | None:
    """1/n <= J <= 1, exactly."""
    index, least = _jain(case)
    return None if least <= index <= 1 else Violation(0, {"index": str(index)})


def jain_reaches_its_least(case: Shares) -> Violation | None:
    """False neighbour: J > 1/n for more than one user."""
    index, least = _jain(case)
    bad = len(case.shares) > 1 and index <= least
    return Violation(0, {"index": str(index)}) if bad else None


@dataclass(frozen=True, slots=True)
class Arrivals:
    """A stream of arrivals and how it is looked at.

    Attributes:
        first_ns: The first arrival.
        gaps_ns: From each arrival to the next.
        gaps_max: How many gaps are looked back.
        bin_width_ns: Width of the absolute bins.
        bins_per_mean: Relative bins to the mean gap; None for absolute bins.
    """

    first_ns: int
    gaps_ns: tuple[int, ...]
    gaps_max: int
    bin_width_ns: int
    bins_per_mean: int | None

    def options(self) -> dict[str, int]:
        """Return what a monitor is made with."""
        relative = {} if self.bins_per_mean is None else {"bins_per_mean": self.bins_per_mean}
        return {"gaps_max": self.gaps_max, "bin_width_ns": self.bin_width_ns, **relative}

    def bits(self, count: int) -> float:
        """Return the model's entropy after the first ``count`` gaps."""
        seen = self.gaps_ns[max(0, count - self.gaps_max) : count]
        if self.bins_per_mean is None:
            return _bits(seen, self.bin_width_ns)
        return float(entropy(histogram(relative_bins(seen, self.bins_per_mean))))


def arrivals(*, relative: bool) -> st.SearchStrategy[Arrivals]:
    """Return streams, some longer than what is looked back.

    Args:
        relative: Whether bins may be relative.
    """
    per_mean = st.none() | st.integers(1, 8) if relative else st.none()
    return st.builds(
        Arrivals,
        st.integers(0, 10**12),
        st.lists(_GAPS_NS, max_size=60).map(tuple),
        st.sampled_from((1, 2, 5, GAPS_DEFAULT)),
        st.sampled_from((1, 2, 1000, 10**6)),
        per_mean,
    )


MakeMonitor: TypeAlias = Callable[..., Any]


def monitor_differs(
    make: MakeMonitor, case: Arrivals, *, tolerance_bits: float = 0.0
) -> Violation | None:
    """After every arrival the monitor's entropy is the model's of the gaps it looks at."""
    now_ns = case.first_ns
    count = 0
    try:
        monitor = make(**case.options())
        monitor.record(now_ns)
        for count, gap_ns in enumerate(case.gaps_ns, 1):
            now_ns += gap_ns
            monitor.record(now_ns)
            got, want = monitor.entropy_bits(), case.bits(count)
            if not (isinstance(got, float | int) and abs(got - want) <= tolerance_bits):
                return Violation(count, {"got": repr(got)[:500], "want": repr(want)})
            if hasattr(monitor, "_check"):
                monitor._check()
    except (Exception, SystemExit) as error:  # whatever it raises is what it does wrong
        return Violation(count, {"raised": f"{type(error).__name__}: {error}"[:500]})
    return None


def depends_on_older(case: Arrivals) -> Violation | None:
    """H is the same for all streams whose last ``gaps_max`` + 1 arrivals are the same."""
    whole, tail = EntropyMonitor(**case.options()), EntropyMonitor(**case.options())
    times = [case.first_ns]
    for gap_ns in case.gaps_ns:
        times.append(times[-1] + gap_ns)
    for now_ns in times:
        whole.record(now_ns)
    for now_ns in times[-case.gaps_max - 1 :]:
        tail.record(now_ns)
    one, other = whole.entropy_bits(), tail.entropy_bits()
    return None if one == other else Violation(0, {"whole": repr(one), "tail": repr(other)})
