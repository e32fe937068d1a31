import math

import pytest

from homeostat.errors import InvalidInputError
from homeostat.models.entropy import Regime
from homeostat.runtime.scheduler.monitor import EntropyMonitor
from homeostat.runtime.scheduler.window import WINDOWS, AdaptiveWindow, Window, window_named


class Level(EntropyMonitor):
    """A monitor that says what it is told to say."""

    def __init__(self, bits: float) -> None:
        super().__init__()
        self.bits = bits

    def entropy_bits(self) -> float:
        return self.bits


def widths(window: Window, *bits: float) -> list[int]:
    return [window.width_ns(Level(b)) for b in bits]


def test_none_holds_nothing_and_fixed_holds_the_same_always() -> None:
    assert widths(window_named("none", 1000), 0.0, 2.0, 5.0) == [0, 0, 0]
    assert widths(window_named("fixed", 1000), 0.0, 2.0, 5.0) == [1000, 1000, 1000]


def test_adaptive_is_the_notes_formula_until_it_is_reactive() -> None:
    expected = [1000, int(1000 * math.exp(-0.2)), int(1000 * math.exp(-0.5))]
    assert widths(window_named("adaptive", 1000), 0.0, 1.0, 2.5) == expected


def test_above_the_upper_threshold_nothing_is_held_until_below_the_lower() -> None:
    window = AdaptiveWindow(1000)
    assert widths(window, 2.0, 2.6, 2.0, 1.5) == [int(1000 * math.exp(-0.4)), 0, 0, 0]
    assert window.regime is Regime.REACTIVE
    assert widths(window, 1.4, 2.0) == [int(1000 * math.exp(-0.28)), int(1000 * math.exp(-0.4))]


def test_asking_twice_changes_nothing() -> None:
    window = AdaptiveWindow(1000)
    assert widths(window, 2.6, 2.6, 1.0, 1.0) == [0, 0, 818, 818]


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("base_ns", [1, 10**7, 2**62 - 1, 2**62])
def test_every_window_stays_between_nothing_and_its_base(name: str, base_ns: int) -> None:
    window = window_named(name, base_ns)
    assert all(0 <= width <= base_ns for width in widths(window, 0.0, 0.5, 2.4, 3.0, 5.7, 1.0))


def test_each_scheduler_gets_a_window_of_its_own() -> None:
    assert window_named("adaptive") is not window_named("adaptive")


def test_bad_input_shows_value_and_rule() -> None:
    with pytest.raises(InvalidInputError, match="window 'wide' must be one of"):
        window_named("wide")
    for name in WINDOWS:
        with pytest.raises(InvalidInputError, match="base_ns=0 must be an integer >= 1"):
            window_named(name, 0)
    for bits in (0.0, -1.0, math.nan, "warm", True, None):
        with pytest.raises(InvalidInputError, match="must be a number > 0"):
            AdaptiveWindow(1000, temperature_bits=bits)  # type: ignore[arg-type]  # on purpose
