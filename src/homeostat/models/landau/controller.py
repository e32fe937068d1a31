"""A controller of temperature and damping that stays away from the critical point.

It has two phases. In the cold one (ordered: what was chosen is kept) the temperature is at most
Tc - w, in the hot one (disordered: other choices are tried) at least Tc + w. A signal s in [0, 1],
such as the share of work that is stuck, moves it: above ``high`` to hot, below ``low`` to cold, in
between it stays. The temperature moves by at most ``step`` a tick. Once inside the band around Tc
it does not turn back before it is through. The band and the
thresholds are ours: the note asks for a controller and names neither (note 000, stage 2, item 3).

Main statement (``proofs.theory.governor.landau``, tried by the suite ``governor``)
    critical_slowing: outside a crossing |T - Tc| >= w, and a crossing is inside the band for fewer
        than 2 w / step + 1 ticks. So away from a crossing the order parameter falls back at the
        rate 2 a w or faster.

Notation
    T, Tc: temperature and critical one; w: half the width of the band; s: signal. A phase is the
    number 0 or 1, so that one text serves all number types.
"""

from dataclasses import dataclass
from typing import Final

from homeostat.errors import InvalidModelError
from homeostat.models.numbers import Number, maximum, minimum, where

__all__ = [
    "COLD",
    "HOT",
    "Control",
    "ControlState",
    "Damping",
    "next_damping",
    "next_state",
    "ticks_of_crossing",
]

COLD: Final = 0
HOT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """How the temperature is controlled.

    Attributes:
        critical: Tc.
        width: w > 0, half the width of the band that is avoided.
        reach: How far beyond the band the temperature may go, >= 0.
        step: By how much it moves in a tick at most, > 0.
        low: Signal below which the controller cools, in [0, high].
        high: Signal above which it heats, in [low, 1].
    """

    critical: Number
    width: Number
    reach: Number
    step: Number
    low: Number
    high: Number

    @classmethod
    def of(
        cls,
        *,
        critical: Number,
        width: Number,
        reach: Number,
        step: Number,
        low: Number,
        high: Number,
    ) -> "Control":
        """Return checked settings.

        Raises:
            InvalidModelError: A setting breaks its rule.
        """
        for name, value in (("width", width), ("step", step)):
            if not value > 0:
                raise InvalidModelError(f"{name}={value!r} must be > 0")
        if not reach >= 0:
            raise InvalidModelError(f"reach={reach!r} must be >= 0")
        if not 0 <= low <= high <= 1:
            raise InvalidModelError(f"low={low!r} and high={high!r} must be 0 <= low <= high <= 1")
        return cls(critical=critical, width=width, reach=reach, step=step, low=low, high=high)

    def start(self, phase: int) -> "ControlState":
        """Return the state at the edge of the band, in the phase.

        Raises:
            InvalidModelError: The phase is neither COLD nor HOT.
        """
        if phase not in (COLD, HOT):
            raise InvalidModelError(f"phase={phase!r} must be {COLD} or {HOT}")
        edge = self.critical + self.width if phase == HOT else self.critical - self.width
        return ControlState(edge, phase)


@dataclass(frozen=True, slots=True)
class ControlState:
    """Where the controller is.

    Attributes:
        temperature: T.
        phase: The phase it is in, or crosses to.
    """

    temperature: Number
    phase: Number


def next_state(control: Control, state: ControlState, signal: Number) -> ControlState:
    """Return the state one tick later.

    Args:
        control: The settings.
        state: One that ``start`` gave, or this function.
        signal: s in [0, 1].
    """
    away = state.temperature - control.critical
    wanted = where(signal > control.high, HOT, where(signal < control.low, COLD, state.phase))
    phase = where(away * away < control.width * control.width, state.phase, wanted)
    # Beyond the band by as much as the signal speaks for the phase.
    depth = phase * signal + (1 - phase) * (1 - signal)
    goal = control.critical + (2 * phase - 1) * (control.width + control.reach * depth)
    moved = minimum(maximum(goal - state.temperature, -control.step), control.step)
    return ControlState(state.temperature + moved, phase)


def ticks_of_crossing(control: Control) -> int:
    """Return how many ticks a crossing is inside the band at most: ceil(2 w / step)."""
    return int(-(-2 * control.width // control.step))


@dataclass(frozen=True, slots=True, kw_only=True)
class Damping:
    """How the global damping, the tax, follows contention.

    Attributes:
        least: Smallest damping, > 0.
        most: Largest, >= ``least``.
        factor: By which it changes in a tick, > 1.
        low: Contention below which it falls.
        high: Contention above which it rises, >= ``low``.
    """

    least: Number
    most: Number
    factor: Number
    low: Number
    high: Number

    @classmethod
    def of(
        cls, *, least: Number, most: Number, factor: Number, low: Number, high: Number
    ) -> "Damping":
        """Return checked settings.

        Raises:
            InvalidModelError: A setting breaks its rule.
        """
        if not 0 < least <= most:
            raise InvalidModelError(f"least={least!r}, most={most!r} must be 0 < least <= most")
        if not factor > 1:
            raise InvalidModelError(f"factor={factor!r} must be > 1")
        if not low <= high:
            raise InvalidModelError(f"low={low!r} must be <= high={high!r}")
        return cls(least=least, most=most, factor=factor, low=low, high=high)


def next_damping(control: Damping, damping: Number, contention: Number) -> Number:
    """Return the damping one tick later: more where it is too hot, less where it is too cold."""
    changed = where(
        contention > control.high,
        damping * control.factor,
        where(contention < control.low, damping / control.factor, damping),
    )
    return minimum(maximum(changed, control.least), control.most)
