"""The controller: its runs are those of the automaton, and what it does to signals."""

import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import z3

from homeostat.errors import InvalidModelError
from homeostat.models.automata.runs import Step, refusal
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
from homeostat.models.landau.automaton import CONTROLLER

SETTINGS = {
    "critical": Fraction(2),
    "width": Fraction(1, 2),
    "reach": Fraction(1),
    "step": Fraction(1, 4),
    "low": Fraction(1, 5),
    "high": Fraction(3, 5),
}
CONTROL = Control.of(**SETTINGS)

LABELS = {
    ("cold", "cold"): "stay cold",
    ("cold", "rising"): "begin to rise",
    ("cold", "hot"): "rise at once",
    ("rising", "rising"): "rise",
    ("rising", "hot"): "arrive above",
    ("hot", "hot"): "stay hot",
    ("hot", "falling"): "begin to fall",
    ("hot", "cold"): "fall at once",
    ("falling", "falling"): "fall",
    ("falling", "cold"): "arrive below",
}


def place(control: Control, state: ControlState) -> str:
    away = state.temperature - control.critical
    if abs(away) >= control.width:
        return "hot" if away > 0 else "cold"
    return "rising" if state.phase == HOT else "falling"


def steps_of(control: Control, signals: list[Fraction]) -> tuple[list[Step], set[str]]:
    state, labels = control.start(COLD), {"begin cold"}
    steps = [Step("begin cold", {"to": -control.width})]
    for signal in signals:
        after = next_state(control, state, signal)
        label = LABELS[place(control, state), place(control, after)]
        away = after.temperature - control.critical
        needs_input = label not in ("begin to rise", "rise", "begin to fall", "fall")
        steps.append(Step(label, {"to": away} if needs_input else {}, {"t": away}))
        labels.add(label)
        state = after
    return steps, labels


@pytest.mark.slow
def test_every_run_of_the_controller_is_one_of_the_automaton() -> None:
    draw, seen = random.Random(3), set[str]()
    for _ in range(60):
        changes = {
            "width": Fraction(draw.randint(1, 8), 8),
            "step": Fraction(draw.randint(1, 24), 8),
            "reach": Fraction(draw.randint(0, 8), 4),
        }
        control = Control.of(**{**SETTINGS, **changes})
        signals = [Fraction(draw.randint(0, 10), 10) for _ in range(40)]
        steps, labels = steps_of(control, signals)
        start = {"t": Fraction(0), "n": Fraction(0)}
        fixed = {"width": control.width, "step": control.step}
        assert refusal(CONTROLLER, steps, start=start, parameters=fixed) is None
        seen |= labels
    assert seen == {*LABELS.values(), "begin cold"}


def test_a_run_that_turns_round_inside_the_band_is_none_of_the_automaton() -> None:
    turned = [
        Step("begin cold", {"to": Fraction(-1, 2)}),
        Step("begin to rise", {}, {"t": Fraction(-1, 4)}),
        Step("fall", {}, {"t": Fraction(-1, 2)}),
    ]
    start = {"t": Fraction(0), "n": Fraction(0)}
    fixed = {"width": Fraction(1, 2), "step": Fraction(1, 4)}
    found = refusal(CONTROLLER, turned, start=start, parameters=fixed)
    assert found == "step 3: 'fall' must start in 'rising'"


def test_a_crossing_once_begun_goes_through_whatever_the_signal_says() -> None:
    state, seen = CONTROL.start(COLD), []
    for signal in (1, 0, 0, 0, 0):
        state = next_state(CONTROL, state, Fraction(signal))
        seen.append(state.temperature - CONTROL.critical)
    assert seen == [Fraction(x, 4) for x in (-1, 0, 1, 2, 1)]
    # The last one turned back, at the upper edge: a crossing of its own.
    assert state.phase == COLD
    assert ticks_of_crossing(CONTROL) == 4


def test_between_the_thresholds_it_stays_in_its_phase() -> None:
    for phase in (COLD, HOT):
        state = CONTROL.start(phase)
        for _ in range(20):
            state = next_state(CONTROL, state, Fraction(2, 5))
            assert state.phase == phase
        assert abs(state.temperature - CONTROL.critical) > CONTROL.width


def test_the_bound_on_a_crossing_is_reached_and_never_passed() -> None:
    draw = random.Random(0)
    longest = 0
    state, inside = CONTROL.start(COLD), 0
    for _ in range(2000):
        state = next_state(CONTROL, state, Fraction(draw.randint(0, 100), 100))
        within = abs(state.temperature - CONTROL.critical) < CONTROL.width
        inside = inside + 1 if within else 0
        longest = max(longest, inside)
    assert longest == ticks_of_crossing(CONTROL)


def test_many_controllers_at_once_do_what_each_does_alone() -> None:
    control = Control.of(**{name: float(x) for name, x in SETTINGS.items()})
    rng = np.random.default_rng(1)
    signals = rng.random((50, 4))
    alone = [control.start(COLD) for _ in range(4)]
    together = ControlState(np.full(4, 1.5), np.zeros(4))
    for row in signals:
        alone = [next_state(control, s, float(x)) for s, x in zip(alone, row, strict=True)]
        together = next_state(control, together, row)
        assert together.temperature.tolist() == [s.temperature for s in alone]
        assert together.phase.tolist() == [s.phase for s in alone]


DAMPING = Damping.of(
    least=Fraction(1), most=Fraction(8), factor=Fraction(2), low=Fraction(1, 4), high=Fraction(3, 4)
)


def test_damping_rises_in_contention_falls_in_idleness_and_stays_in_between() -> None:
    damping = Fraction(2)
    for contention, wanted in (("1", 4), ("1/2", 4), ("1", 8), ("1", 8), ("0", 4)):
        damping = next_damping(DAMPING, damping, Fraction(contention))
        assert damping == wanted
    assert next_damping(DAMPING, Fraction(1), Fraction(0)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"width": 0},
        {"step": 0},
        {"step": float("nan")},
        {"reach": -1},
        {"low": -1},
        {"low": Fraction(4, 5)},
        {"high": 2},
    ],
    ids=str,
)
def test_settings_that_break_a_rule_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(InvalidModelError, match=str(next(iter(change)))):
        Control.of(**{**SETTINGS, **change})


def test_a_phase_that_is_none_and_damping_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidModelError, match="phase=2"):
        CONTROL.start(2)
    good = {"least": 1, "most": 2, "factor": 2, "low": 0, "high": 1}
    for change in ({"least": 0}, {"most": 0}, {"factor": 1}, {"low": 2}):
        with pytest.raises(InvalidModelError):
            Damping.of(**{**good, **change})


def _rows(texts: tuple[str, ...], values: dict[str, Any]) -> list[Any]:
    """Rows of the automaton over z3's reals; they are ours, and read as Python."""
    return [eval(text.replace(" = ", " == "), {}, dict(values)) for text in texts]


def is_inside(place: str, state: ControlState, width: Any) -> Any:
    """What a location means; outside the band the phase may be either, on the way to it."""
    away = state.temperature
    return {
        "cold": z3.And(away <= -width, z3.Or(state.phase == COLD, state.phase == HOT)),
        "hot": z3.And(away >= width, z3.Or(state.phase == COLD, state.phase == HOT)),
        "rising": z3.And(away > -width, away < width, state.phase == HOT),
        "falling": z3.And(away > -width, away < width, state.phase == COLD),
    }[place]


@pytest.mark.slow
@pytest.mark.parametrize("source", ["cold", "hot", "rising", "falling"])
def test_over_all_reals_a_step_of_the_controller_is_one_of_the_automaton(source: str) -> None:
    names = "t phase signal width step reach low high"
    t, phase, signal, width, step, reach, low, high = z3.Reals(names)
    zero: Any = z3.RealVal(0)
    control = Control(critical=zero, width=width, reach=reach, step=step, low=low, high=high)
    state = ControlState(t, phase)
    after = next_state(control, state, signal)
    # An input ``to`` is what the controller comes to; n is counted by the automaton alone.
    values = {"t": t, "to": after.temperature, "width": width, "step": step, "n": 0}
    possible = []
    for one in CONTROLLER.transitions:
        if one.source == source:
            (moved,) = _rows((one.after["t"],), values)
            rows = [*_rows(one.when, values), moved == after.temperature]
            possible.append(z3.And(*rows, is_inside(one.target, after, width)))
    solver = z3.Solver()
    solver.add(width > 0, step > 0, reach >= 0, low >= 0, low <= high, high <= 1)
    solver.add(signal >= 0, signal <= 1, is_inside(source, state, width))
    assert solver.check() == z3.sat
    for one_way in possible:
        assert solver.check(one_way) == z3.sat
    solver.add(z3.Not(z3.Or(*possible)))
    assert solver.check() == z3.unsat
