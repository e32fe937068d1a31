"""Critical slowing down, and a controller that is near the critical point only while it crosses.

Names in the certificates
    a, b, t, s, m as in ``landau``; w: half the width of the band that is avoided; of the controller
    as in ``models.landau.automaton``.
"""

from dataclasses import replace
from typing import Any, Final

from homeostat.models.automata import Automaton, Transition
from homeostat.models.landau.automaton import CONTROLLER
from homeostat.proofs.certificates import Certificate, automaton, farkas
from homeostat.proofs.claims import Claim, Source, false_automaton, false_rows
from homeostat.proofs.theory.small_cases import both
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS"]

_SAID: Final = {
    "cold": ["t <= 0 - width"],
    "hot": ["t >= width"],
    "rising": ["n*step < 2*width + step"],
    "falling": ["n*step < 2*width + step"],
}
_INVARIANTS: Final = {
    "new": ["n = 0"],
    "cold": ["t <= 0 - width"],
    "hot": ["t >= width"],
    "rising": ["t < width", "t + width + step > n*step"],
    "falling": ["t > 0 - width", "width + step - t > n*step"],
}


def _run(step: str, *steps: tuple[str, str | None]) -> dict[str, Any]:
    return {
        "parameters": {"width": "1", "step": step},
        "start": {"t": "0", "n": "0"},
        "steps": [[label, {} if to is None else {"to": to}] for label, to in steps],
    }


_THROUGH: Final = _run(
    "1/2",
    *(
        ("begin cold", "-1"),
        ("stay cold", "-1"),
        ("begin to rise", None),
        ("rise", None),
        ("rise", None),
    ),
    *(("arrive above", "1"), ("stay hot", "1"), ("begin to fall", None), ("fall", None)),
    *(("fall", None), ("arrive below", "-1")),
)
_AT_ONCE: Final = _run("2", ("begin hot", "1"), ("fall at once", "-1"), ("rise at once", "1"))


def _lingering() -> Automaton:
    """The controller if it could stop on its way through the band: a false neighbour."""
    stopping = Transition("stop", "rising", "rising", (), {"n": "n + 1"})
    return replace(CONTROLLER, transitions=(*CONTROLLER.transitions, stopping))


_NEAR: Final = {"a": "1", "q": "4"}


def _rates() -> list[Certificate]:
    """F'' at the minimum: 2 a t above Tc, 2 a (-s) + 12 b m^2 = 4 a s below; at least 2 a w."""
    below = ["a > 0", "b > 0", "s > 0", "2*b*m*m = a*s"]
    point = {"a": "2", "b": "1", "s": "1", "m": "1"}
    return [
        farkas(below, "12*b*m*m - 2*a*s = 4*a*s", example=point),
        farkas(
            ["a > 0", "w > 0", "t >= w"],
            "2*a*t >= 2*a*w",
            example={"a": "1", "w": "1", "t": "2"},
        ),
        farkas(
            ["a > 0", "w > 0", "s >= w"],
            "4*a*s >= 4*a*w",
            example={"a": "1", "w": "1", "s": "2"},
        ),
        # It is slower than any q > 0 near Tc, on either side.
        farkas(["a > 0", "q > 0", "4*a*t = q"], "2*a*t < q", example={**_NEAR, "t": "1"}),
        farkas(["a > 0", "q > 0", "8*a*s = q"], "4*a*s < q", example={**_NEAR, "s": "1/2"}),
    ]


def _decide() -> Proved:
    controller = automaton(CONTROLLER.theorem(_SAID), _INVARIANTS, example=[_THROUGH, _AT_ONCE])
    return Proved(certificates=(*_rates(), controller))


CLAIMS: Final = (
    Claim(
        id="governor.critical_slowing",
        title="Near Tc relaxation slows down without bound, and the controller is there only to "
        "cross, for a bounded time",
        statement="Near its minimiser the order parameter falls back at the rate d2F/df2, which is "
        "2 a (T - Tc) above Tc and 4 a (Tc - T) below. The controller has |T - Tc| >= w unless it "
        "crosses, so the rate is at least 2 a w; and a crossing is inside the band for fewer than "
        "2 w/step + 1 ticks, whatever the signal does.",
        scope="all a, b, w, step > 0, every signal, any number of ticks, from either side; over "
        "all reals the controller's steps are the automaton's, as tests show",
        source=Source(note="000", section="3"),
        decide=_decide,
        canary=both(
            false_automaton(
                "the same of a controller that may stop inside the band",
                _lingering().theorem(_SAID),
                _INVARIANTS,
                start={"t": "0", "n": "0"},
                parameters={"width": "1", "step": "1/2"},
                inputs={t.label: [{"to": "-1"}, {"to": "1"}] for t in CONTROLLER.transitions},
            ),
            false_rows(
                "below Tc the rate is 2 a (Tc - T)",
                ["a > 0", "b > 0", "s > 0", "2*b*m*m = a*s"],
                "12*b*m*m - 2*a*s = 2*a*s",
            ),
        ),
        vacuity="a band that is crossed both ways in steps, and one that is crossed at once",
        remark="The rate is that of the linearised flow df/dt = -dF/df. At Tc itself f falls as "
        "1/sqrt(8 b time), slower than any exponential.",
        property_twin="critical_slowing",
    ),
)
