"""The suite ``entropy``: what note 001, sections 1, 2 and 5, says of gaps, window and regime.

A target is a callable that makes a monitor from ``gaps_max`` and ``bin_width_ns``, with the methods
``record(arrival_ns)`` and ``entropy_bits()`` of ``runtime.scheduler.monitor.EntropyMonitor``.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from homeostat.properties.statements import Property, Suite, property_of
from homeostat.properties.suites import entropy_checks as checks
from homeostat.properties.targets import Target
from homeostat.runtime.scheduler.monitor import EntropyMonitor

__all__ = ["ENTROPY"]

_TOLERANCE_BITS: Final = 1e-9
"""What an implementation may differ by: it may add the terms up in any order and any base."""


_property: Final = partial(property_of, "entropy")


class _LooksBackTooFar(EntropyMonitor):
    """Broken on purpose: one gap more than it was told."""

    def __init__(self, *, gaps_max: int, **options: Any) -> None:
        super().__init__(gaps_max=gaps_max + 1, **options)


def _monitor(
    name: str, statement: str, make: Callable[..., Any], *, holds: bool = True, own: bool = False
) -> Property:
    check = partial(checks.monitor_differs, make, tolerance_bits=0.0 if own else _TOLERANCE_BITS)
    return _property(name, statement, partial(checks.arrivals, relative=own), check, holds=holds)


_TRUE: Final = (
    _property(
        "bounds",
        "0 <= H <= log2(min(gaps, bins)), up to rounding.",
        checks.gaps,
        checks.bounds_are_left,
        claim="bounds",
    ),
    _property(
        "order_blind",
        "H is the same float in whatever order the gaps come.",
        checks.gaps,
        checks.order_matters,
        claim="order_blind",
    ),
    _property(
        "periodic_zero",
        "Equal gaps of whole nanoseconds have H = 0, exactly.",
        checks.gaps,
        checks.periodic_is_not_zero,
        claim="periodic_zero.exact",
    ),
    _property(
        "relative_bins_scale_free",
        "Relative bins do not change when all gaps are multiplied by a number.",
        checks.gaps,
        checks.relative_bins_depend_on_scale,
    ),
    _property(
        "window_bounds",
        "0 < w <= w_base, and w falls as H rises.",
        checks.levels,
        checks.window_leaves_its_range,
        claim="window_bounds",
    ),
    _property(
        "regimes",
        "Between two changes of the regime H moves by more than 1 bit.",
        checks.levels,
        checks.regime_flaps,
        claim="regimes",
    ),
    _property(
        "jain",
        "Jain's index of n shares is in [1/n, 1], exactly.",
        checks.shares,
        checks.jain_leaves_its_range,
        claim="jain",
    ),
    _property(
        "response",
        "H depends on the last gaps that are looked at, and on nothing before.",
        partial(checks.arrivals, relative=True),
        checks.depends_on_older,
        claim="response.mended",
    ),
    _monitor(
        "monitor_equals_model",
        "After every arrival the runtime's monitor has the model's entropy, to the bit.",
        EntropyMonitor,
        own=True,
    ),
)

_FALSE: Final = (
    _property(
        "never_uniform",
        "two bins or more are never filled evenly.",
        checks.gaps,
        checks.is_never_uniform,
        holds=False,
    ),
    _property(
        "absolute_bins_scale_free",
        "absolute bins do not change when all gaps are multiplied by a number.",
        checks.gaps,
        checks.absolute_bins_depend_on_scale,
        holds=False,
    ),
    _property(
        "window_halves",
        "above 2.5 bits the window is less than half of w_base.",
        checks.levels,
        checks.window_is_wide_when_reactive,
        holds=False,
    ),
    _property(
        "regimes_one_threshold",
        "with one threshold, H moves by more than 1 bit between two changes.",
        checks.levels,
        checks.regime_flaps_at_one_threshold,
        holds=False,
    ),
    _property(
        "jain_above_least",
        "Jain's index of two shares or more exceeds 1/n.",
        checks.shares,
        checks.jain_reaches_its_least,
        holds=False,
    ),
    _monitor(
        "monitor_looks_back_further",
        "a monitor that keeps one gap too many has the model's entropy.",
        _LooksBackTooFar,
        own=True,
        holds=False,
    ),
)


def _conformance(target: str) -> tuple[Property, ...]:
    """Return the property of a monitor, and the same of one that it must refute."""
    return (
        _monitor(
            "follows_the_model",
            "After every arrival the entropy is the model's, within 1e-9 bits.",
            Target(target),
        ),
        _monitor(
            "canary_looks_back_further",
            "a monitor that keeps one gap too many conforms.",
            _LooksBackTooFar,
            holds=False,
        ),
    )


ENTROPY: Final = Suite(name="entropy", properties=(*_TRUE, *_FALSE), conformance=_conformance)
"""Entropy of the gaps between arrivals, and what it steers."""
