"""The controller follows Landau's two phases, and what is proved of it holds in every run."""

import random
from fractions import Fraction

import pytest

from homeostat.errors import InvalidInputError
from homeostat.models.landau import (
    HOT,
    Control,
    ControlState,
    next_damping,
    next_state,
    ticks_of_crossing,
)
from homeostat.runtime.governor.controller import PLACING, SLOTS, TAXING, Controller


def test_a_run_is_the_models() -> None:
    controller, random_ = Controller(), random.Random(1)
    state, tax = controller.state, controller.tax
    for _ in range(300):
        stuck, contention = random_.random(), random_.random()
        controller.tick(stuck, contention)
        state = next_state(PLACING, state, Fraction(stuck).limit_denominator(10**6))
        tax = next_damping(TAXING, tax, contention)
        assert controller.state == state
        assert controller.tax == tax
        controller.check()
    assert controller.crossings > 2


def test_what_is_stuck_heats_and_hysteresis_keeps_it_hot() -> None:
    controller = Controller()
    for _ in range(20):
        controller.tick(0.9, 0.5)
    assert controller.hot
    assert controller.temperature > PLACING.critical + PLACING.width
    # Between the thresholds it stays where it is, in either phase.
    for _ in range(50):
        controller.tick(0.3, 0.5)
    assert controller.hot
    for _ in range(20):
        controller.tick(0.0, 0.5)
    assert not controller.hot
    assert controller.temperature == pytest.approx(0.5)
    for _ in range(50):
        controller.tick(0.3, 0.5)
    assert not controller.hot
    assert controller.crossings == 2


@pytest.mark.parametrize("own", [PLACING, SLOTS])
def test_no_signal_makes_a_temperature_negative_or_keeps_it_in_the_band(own: Control) -> None:
    controller, random_ = Controller(own), random.Random(2)
    inside = longest = 0
    for i in range(3000):
        signal = random_.random() if i % 97 else float(random_.randrange(2))
        controller.tick(signal if i < 2000 else 0.0, 0.5)
        assert controller.temperature >= 0
        near = abs(controller.state.temperature - own.critical) < own.width
        inside = inside + 1 if near else 0
        longest = max(longest, inside)
        controller.check()
    assert 0 < longest <= ticks_of_crossing(own)


def test_one_that_lingers_in_the_band_is_caught() -> None:
    controller = Controller()
    most = ticks_of_crossing(PLACING)
    for tick in range(most + 1):
        # Put back to the middle before each tick, it never gets through.
        controller.state = ControlState(PLACING.critical, HOT)
        controller.tick(1.0, 0.5)
        if tick < most:
            controller.check()
    with pytest.raises(InvalidInputError, match="ticks inside the band"):
        controller.check()


def test_contention_raises_the_tax_and_its_absence_lowers_it() -> None:
    controller = Controller()
    controller.tick(0.0, 0.95)
    assert controller.tax == 1.25
    for _ in range(20):
        controller.tick(0.0, 1.0)
    assert controller.tax == TAXING.most
    assert controller.tax_rate == Fraction(4)
    for _ in range(40):
        controller.tick(0.0, 0.1)
    assert controller.tax == TAXING.least


@pytest.mark.parametrize(("stuck", "contention"), [(-0.1, 0.0), (1.5, 0.0), (0.0, float("nan"))])
def test_signals_out_of_range_are_refused(stuck: float, contention: float) -> None:
    with pytest.raises(InvalidInputError, match=r"must be in \[0, 1\]"):
        Controller().tick(stuck, contention)


def test_a_tax_out_of_bounds_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"tax=9.0 must be >= 0.5"):
        Controller(tax=9.0)
