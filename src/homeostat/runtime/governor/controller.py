"""The controller of temperature and tax: Landau's two phases, with hysteresis, tick by tick.

What is stuck heats: above ``high`` of the signal the temperature goes through the critical band to
the hot phase, where agents leave what they hold and try other shapes; it comes back only when the
signal is below ``low``. Contention raises the tax, the global damping. Both move by the models'
rules (``models.landau``), which is what ``critical_slowing`` is about; this watches that they do.
The temperature is a fraction: rounded steps take a tick more through the band than is proved.

Source: note 000, stage 2, item 3.
"""

from dataclasses import fields
from fractions import Fraction
from typing import Final, final

from homeostat.errors import InvalidInputError
from homeostat.models.landau import (
    COLD,
    HOT,
    Control,
    ControlState,
    Damping,
    next_damping,
    next_state,
    ticks_of_crossing,
)

__all__ = ["PLACING", "SLOTS", "TAXING", "Controller"]

_HALF: Final = Fraction(1, 2)
_TENTH: Final = Fraction(1, 10)
PLACING: Final = Control.of(
    critical=2, width=_HALF, reach=1, step=Fraction(1, 4), low=_TENTH, high=_HALF
)
"""For the placer: between 0.5 and 3.5 of its temperature."""
SLOTS: Final = Control.of(
    critical=_HALF, width=_TENTH, reach=4 * _TENTH, step=_TENTH, low=_TENTH, high=_HALF
)
"""For agents that hold slots: up to 1.0 of the barrier between holding and letting go."""
TAXING: Final = Damping.of(least=0.5, most=4.0, factor=1.25, low=0.5, high=0.9)
_DENOMINATOR_MAX: Final = 1000
_SIGNAL_MAX: Final = 10**6


@final
class Controller:
    """Temperature and tax as they are now.

    Attributes:
        control: How the temperature moves.
        damping: How the tax moves.
        state: Temperature and phase.
        tax: The global damping.
        ticks: How many there were.
        crossings: How often the phase changed.

    Args:
        control: How the temperature moves.
        damping: How the tax moves.
        phase: In which it begins.
        tax: With which it begins, within the bounds of ``damping``.
    """

    def __init__(
        self,
        control: Control = PLACING,
        damping: Damping = TAXING,
        *,
        phase: int = COLD,
        tax: float = 1.0,
    ) -> None:
        """Begin at the edge of the band.

        Raises:
            InvalidInputError: The tax is out of bounds, or the phase is none.
        """
        if not damping.least <= tax <= damping.most:
            raise InvalidInputError(f"tax={tax!r} must be >= {damping.least} and <= {damping.most}")
        self.control = Control(
            **{field.name: Fraction(getattr(control, field.name)) for field in fields(control)}
        )
        self.damping = damping
        self.state: ControlState = self.control.start(phase)
        self.tax = tax
        self.ticks = 0
        self.crossings = 0
        self._inside = 0

    @property
    def temperature(self) -> float:
        """T."""
        return float(self.state.temperature)

    @property
    def hot(self) -> bool:
        """Whether it is in the hot phase, or crosses to it."""
        return bool(self.state.phase == HOT)

    @property
    def tax_rate(self) -> Fraction:
        """The tax as a fraction, for a ledger."""
        return Fraction(self.tax).limit_denominator(_DENOMINATOR_MAX)

    def tick(self, stuck: float, contention: float) -> None:
        """Move by one tick.

        Args:
            stuck: Part of the work that is stuck, in [0, 1].
            contention: What the tax follows, in [0, 1].

        Raises:
            InvalidInputError: A signal is out of [0, 1].
        """
        for name, value in (("stuck", stuck), ("contention", contention)):
            if not 0 <= value <= 1:
                raise InvalidInputError(f"{name}={value!r} must be in [0, 1]")
        before = self.state
        self.state = next_state(self.control, before, _fraction(stuck))
        self.tax = float(next_damping(self.damping, self.tax, contention))
        self.ticks += 1
        self.crossings += int(self.state.phase != before.phase)
        self._inside = self._inside + 1 if self._in_band() else 0

    def check(self) -> None:
        """Demand what is proved: it is in the band only while it crosses, and not for long.

        Raises:
            InvalidInputError: It is there for longer; we are broken, not the input.
        """
        most = ticks_of_crossing(self.control)
        if self._inside > most:
            raise InvalidInputError(
                f"ticks inside the band={self._inside} must be <= {most} of a crossing"
            )
        if not self.damping.least <= self.tax <= self.damping.most:
            raise InvalidInputError(f"tax={self.tax!r} must be within its bounds")

    def _in_band(self) -> bool:
        return bool(abs(self.state.temperature - self.control.critical) < self.control.width)


def _fraction(signal: float) -> Fraction:
    """Return a signal as a fraction of few digits, so that states stay small."""
    return Fraction(signal).limit_denominator(_SIGNAL_MAX)
