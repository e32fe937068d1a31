"""Entropy of the gaps between arrivals, and the window it gives, against the rate of arrivals."""

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from matplotlib.axes import Axes

from homeostat.models.entropy import (
    ENTROPY_HIGH,
    ENTROPY_LOW,
    GAPS_DEFAULT,
    absolute_bins,
    adaptive_window,
    entropy,
    histogram,
    poisson_entropy,
)
from homeostat.proofs.report.plots.style import Ink, Layout, figure, quiet, to_svg

__all__ = ["BIN_WIDTH_NS", "RATES", "SAMPLES", "draw_sensor"]

BIN_WIDTH_NS: Final = 10**6
RATES: Final = tuple(float(rate) for rate in np.geomspace(1, 20_000, 60))
SAMPLES: Final = 40
"""Samples of the last 50 gaps at each rate, for the band."""


def draw_sensor(layout: Layout) -> str:
    """Return the SVG: left the entropy, right the window, each against arrivals per second."""
    wide = layout.columns > 3
    with figure(layout.width_in, 3.2 if wide else 5.6) as drawn:
        left, right = drawn.subplots(*((1, 2) if wide else (2, 1)))
        sampled = _samples()
        width_s = BIN_WIDTH_NS / 1e9
        _draw(left, sampled, lambda h: h, [poisson_entropy(rate, width_s) for rate in RATES])
        for level, words in ((ENTROPY_LOW, "1.5"), (ENTROPY_HIGH, "2.5")):
            left.axhline(level, color=Ink.SOFT, lw=0.7, ls=":")
            left.annotate(f"threshold {words}", (1, level), color=Ink.SOFT, size=7.5, va="bottom")
        top = math.log2(GAPS_DEFAULT)
        left.axhline(top, color=Ink.FAILS, lw=0.8, ls="--")
        left.annotate(f"log2({GAPS_DEFAULT})", (1500, top + 0.15), color=Ink.FAILS, size=8)
        left.set_ylabel("entropy H, bits")
        windows = [float(adaptive_window(1, poisson_entropy(rate, width_s))) for rate in RATES]
        _draw(right, sampled, lambda h: float(adaptive_window(1, h)), windows)
        floor = float(adaptive_window(1, top))
        right.axhline(floor, color=Ink.FAILS, lw=0.8, ls="--")
        right.annotate(f"{floor:.2f}, the least", (1500, floor - 0.06), color=Ink.FAILS, size=8)
        right.set_ylabel("window / w_base")
        right.set_ylim(0, 1.05)
        handles, labels = left.get_legend_handles_labels()
        drawn.legend(handles, labels, loc="outside upper center", ncols=2 if wide else 1)
        return to_svg(drawn)


def _samples() -> np.ndarray:
    """Return H of samples of the last gaps, shape (rates, SAMPLES); the same on every run."""
    noise = np.random.default_rng(0)
    unit = noise.exponential(size=(len(RATES), SAMPLES, GAPS_DEFAULT))
    return np.array(
        [
            [_sample([int(gap) for gap in gaps / rate * 1e9]) for gaps in rows]
            for rate, rows in zip(RATES, unit, strict=True)
        ]
    )


def _sample(gaps_ns: list[int]) -> float:
    return float(entropy(histogram(absolute_bins(gaps_ns, BIN_WIDTH_NS))))


def _draw(
    axes: Axes, sampled: np.ndarray, of: Callable[[float], float], limit: list[float]
) -> None:
    low, middle, high = (
        [of(h) for h in np.quantile(sampled, share, axis=1)] for share in (0.05, 0.5, 0.95)
    )
    axes.fill_between(RATES, low, high, color=Ink.SIMULATION, alpha=0.2, lw=0)
    axes.plot(RATES, middle, color=Ink.SIMULATION, lw=1.6, label=f"last {GAPS_DEFAULT} gaps")
    axes.plot(RATES, limit, color=Ink.THEORY, lw=1.2, ls="--", label="all gaps of the process")
    axes.set_xscale("log")
    axes.set_xlabel("arrivals per second")
    axes.grid(visible=True, lw=0.4)
    quiet(axes)
