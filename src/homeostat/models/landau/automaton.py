"""The controller's temperature as a transition system, for proofs.

Tests show over all reals that a step of ``controller.next_state`` is one of its transitions.
"""

from typing import Final

from homeostat.models.automata import Automaton, Transition

__all__ = ["CONTROLLER"]

# t: T - Tc; to: its next value; n: ticks so far of this crossing that are inside the band.
_NEAR: Final = ("to <= t + step", "to >= t - step")

CONTROLLER: Final = Automaton(
    parameters=("width", "step"),
    given=("width > 0", "step > 0"),
    variables=("t", "n"),
    location="new",
    start=("n = 0",),
    transitions=(
        Transition("begin cold", "new", "cold", ("to <= 0 - width",), {"t": "to"}),
        Transition("begin hot", "new", "hot", ("to >= width",), {"t": "to"}),
        Transition("stay cold", "cold", "cold", (*_NEAR, "to <= 0 - width"), {"t": "to"}),
        Transition(
            "begin to rise", "cold", "rising", ("t + step < width", "t + step > 0 - width"),
            {"t": "t + step", "n": "1"},
        ),
        Transition("rise at once", "cold", "hot", (*_NEAR, "to >= width"), {"t": "to"}),
        Transition(
            "rise", "rising", "rising", ("t + step < width",), {"t": "t + step", "n": "n + 1"}
        ),
        Transition(
            "arrive above", "rising", "hot", (*_NEAR, "to >= width"), {"t": "to", "n": "0"}
        ),
        Transition("stay hot", "hot", "hot", (*_NEAR, "to >= width"), {"t": "to"}),
        Transition(
            "begin to fall", "hot", "falling", ("t - step > 0 - width", "t - step < width"),
            {"t": "t - step", "n": "1"},
        ),
        Transition("fall at once", "hot", "cold", (*_NEAR, "to <= 0 - width"), {"t": "to"}),
        Transition(
            "fall", "falling", "falling", ("t - step > 0 - width",), {"t": "t - step", "n": "n + 1"}
        ),
        Transition(
            "arrive below", "falling", "cold", (*_NEAR, "to <= 0 - width"), {"t": "to", "n": "0"}
        ),
    ),
)  # fmt: skip
"""Locations ``cold`` and ``hot`` outside the band, ``rising`` and ``falling`` inside it.

Outside the band the phase may be either, while the temperature is on its way to the other edge.
"""
