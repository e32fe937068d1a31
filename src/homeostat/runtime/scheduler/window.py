"""How long admissions may be held back to fill a batch: a family of three.

A window answers ``width_ns(monitor)``: ns from the first waiting arrival on during which the
scheduler waits for more, 0 for not at all. Windows may have a memory, so each scheduler makes its
own with ``window_named``.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Protocol

from homeostat.errors import InvalidInputError
from homeostat.models.entropy import (
    TEMPERATURE_DEFAULT,
    Regime,
    adaptive_window,
    next_regime,
)
from homeostat.runtime.scheduler.monitor import EntropyMonitor
from homeostat.runtime.scheduler.requests import TIME_NS_MAX, integer_in

__all__ = [
    "WIDTH_NS_DEFAULT",
    "WINDOWS",
    "AdaptiveWindow",
    "FixedWindow",
    "NoWindow",
    "Window",
    "window_named",
]

WIDTH_NS_DEFAULT: Final = 10_000_000
"""Ten milliseconds: of the order of one decode step."""


class Window(Protocol):
    """What all windows have."""

    def width_ns(self, monitor: EntropyMonitor) -> int:
        """Return for how long admissions are held, ns."""
        ...


class NoWindow:
    """Holds nothing back."""

    def __init__(self, base_ns: int = WIDTH_NS_DEFAULT) -> None:
        """Take the family's argument, which has no effect here."""
        integer_in("base_ns", base_ns, 1, TIME_NS_MAX)

    def width_ns(self, monitor: EntropyMonitor) -> int:
        """Return 0."""
        return 0


class FixedWindow:
    """Holds admissions for the same time always."""

    def __init__(self, base_ns: int = WIDTH_NS_DEFAULT) -> None:
        """Set the width, ns, >= 1."""
        self.base_ns = integer_in("base_ns", base_ns, 1, TIME_NS_MAX)

    def width_ns(self, monitor: EntropyMonitor) -> int:
        """Return the width."""
        return self.base_ns


class AdaptiveWindow:
    """The note's window w_base exp(-H/tau), and none at all in the reactive regime.

    The formula alone never comes near 0 with 50 gaps (claim ``entropy.window_vanishes``), so the
    note's "reactive, low-latency mode" above its upper threshold (sections 2 and 5) is a switch:
    there nothing is held until H falls below the lower threshold.

    The regime follows the entropy at each call, and asking twice changes nothing; the scheduler
    asks at every arrival. Until arrivals are seen to differ H is 0, so a request that comes alone
    is held for the whole base.
    """

    def __init__(
        self, base_ns: int = WIDTH_NS_DEFAULT, *, temperature_bits: float = TEMPERATURE_DEFAULT
    ) -> None:
        """Start in the batching regime.

        Args:
            base_ns: w_base, the width at entropy 0, >= 1.
            temperature_bits: tau > 0.

        Raises:
            InvalidInputError: A value breaks its rule.
        """
        self.base_ns = integer_in("base_ns", base_ns, 1, TIME_NS_MAX)
        number = isinstance(temperature_bits, int | float) and type(temperature_bits) is not bool
        if not number or not temperature_bits > 0:
            raise InvalidInputError(f"temperature_bits={temperature_bits!r} must be a number > 0")
        self.temperature_bits = temperature_bits
        self.regime = Regime.BATCHING

    def width_ns(self, monitor: EntropyMonitor) -> int:
        """Return w in ns, rounded down, in 0 .. w_base; 0 while the regime is reactive."""
        bits = monitor.entropy_bits()
        self.regime = next_regime(self.regime, bits)
        if self.regime is Regime.REACTIVE:
            return 0
        width = adaptive_window(self.base_ns, bits, temperature=self.temperature_bits)
        # A wide base rounds up as it becomes a float.
        return min(self.base_ns, int(width))


WINDOWS: Final[Mapping[str, type[NoWindow] | type[FixedWindow] | type[AdaptiveWindow]]] = (
    MappingProxyType({"none": NoWindow, "fixed": FixedWindow, "adaptive": AdaptiveWindow})
)
"""The family by name."""


def window_named(
    name: str,
    base_ns: int = WIDTH_NS_DEFAULT,
    *,
    temperature_bits: float = TEMPERATURE_DEFAULT,
) -> Window:
    """Return a new window; the temperature is for the adaptive one.

    Raises:
        InvalidInputError: There is no window of that name, or a value is out of range.
    """
    if name not in WINDOWS:
        raise InvalidInputError(f"window {name!r} must be one of {list(WINDOWS)}")
    if name == "adaptive":
        return AdaptiveWindow(base_ns, temperature_bits=temperature_bits)
    return WINDOWS[name](base_ns)
