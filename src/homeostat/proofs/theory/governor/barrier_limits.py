"""Barriers and limited inputs: the plain filter can ask for too much, the braking distance not.

Names in the certificates as in ``barrier``; u: the largest input; s: v + h u/2, or 0 if that is
less; r: the same after a step; U: the hardest braking of the case; a, b: its first two inputs.
"""

from fractions import Fraction
from typing import Any, Final

from homeostat.counterexamples import Case
from homeostat.counterexamples.cases.barrier_searching import barrier_case, filtered_run
from homeostat.counterexamples.cases.conjectures import CASE_CONJECTURES
from homeostat.models.automata import Automaton
from homeostat.models.barrier import euler_step, headroom
from homeostat.models.barrier.systems import braking_system, text_of
from homeostat.proofs.certificates import Certificate, automaton, farkas
from homeostat.proofs.claims import Canary, Claim, Source, false_automaton, false_case
from homeostat.proofs.theory.governor.barrier import built_later
from homeostat.proofs.theory.small_cases import by_case
from homeostat.proofs.verdicts import Proved, Verdict

__all__ = ["CLAIMS"]


# --- the plain filter


def _no_input_helps(case: Case) -> Certificate:
    """From the start of a case every two inputs in its range pass the limit three steps later."""
    import sympy

    given, inputs = case.given, sympy.symbols("a b")
    limit, step, x, v = map(sympy.Rational, (given["limit"], given["step"], *given["start"]))
    for one in (*inputs, sympy.Integer(0)):
        x, v = euler_step(x, v, one, step=step)
    hardest = Fraction(given["input_max"])
    rows = [f"U = {hardest}", *(row for u in inputs for row in (f"{u} >= 0 - U", f"{u} <= U"))]
    braked = {str(u): str(-hardest) for u in inputs}
    at_end = text_of(sympy.expand(headroom(x, limit)))
    return farkas(rows, f"{at_end} < 0", example={"U": str(hardest), **braked})


def _decide_plain() -> Verdict:
    found = barrier_case("hocbf_input_limits")
    if found is None:
        return by_case(found)
    allowed, least = found.observed["allowed_1"], found.observed["input_least"]
    return by_case(
        found,
        certificates=[_no_input_helps(found)],
        detail=f"At its first step the filter asks for {allowed} or less, and the hardest braking "
        f"is {least}. Nothing else helps: every input in the range passes the limit three steps "
        "later.",
    )


# --- the braking distance

_KEPT: Final = {"*": ["x <= L"]}
_BRAKED: Final = ("h*u > 0", "2*h*s*u - 2*h*u*v - h*h*u*u >= 0")
_HINTS: Final = {
    "step / brake 2": _BRAKED,
    "step / brake to a stop 2": (*_BRAKED, "square s - h*u"),
}


def _decide_braking() -> Proved:
    system = braking_system()
    run = {
        "parameters": {"L": "10", "h": "1", "u": "2"},
        "start": {"x": "0", "v": "1", "s": "2"},
        "steps": [
            ["go", {"a": "1", "r": "3"}],
            *(["brake", {}], ["brake to a stop", {}], ["go", {"a": "1", "r": "0"}]),
        ],
    }
    certificate = automaton(
        system.theorem(_KEPT), {"running": list(system.start)}, example=[run], hints=_HINTS
    )
    return Proved(certificates=(certificate,))


_CONTINUOUS: Final = "the same with the braking distance of continuous time, v^2/(2 u)"


def _continuous_distance() -> Canary:
    system: Automaton = braking_system(half_steps=0)
    start: dict[str, Any] = {"x": "0", "v": "1", "s": "1"}
    return false_automaton(
        _CONTINUOUS,
        system.theorem(_KEPT),
        {"running": list(system.start)},
        start=start,
        parameters={"L": "1/2", "h": "1", "u": "1"},
        inputs={"go": []},
    )


CLAIMS: Final = (
    Claim(
        id="governor.hocbf_input_limits",
        title="With limited inputs the plain filter is always feasible",
        statement="With inputs in [-u, u], h k1 <= 1 and h k2 <= 1, from psi_0, psi_1 >= 0 the "
        "filter always lets some input pass, or braking as hard as can be keeps the limit.",
        scope="explicit Euler steps of any length h > 0, any u > 0, no noise",
        source=Source(note="000", section="3"),
        decide=_decide_plain,
        canary=false_case(
            "with inputs up to 2 the same start lets some input pass",
            CASE_CONJECTURES["hocbf_input_limits"],
            filtered_run(("0", "1"), ("1", "1/2"), ("0",) * 3, step="1/2", input_max="2"),
        ),
        vacuity="the case starts with room 1 and psi_1 = 0",
        remark="The room that a stop needs grows with the square of the velocity, psi_1 >= 0 asks "
        "for room in proportion to it.",
        property_twin="hocbf_input_limits",
    ),
    Claim(
        id="governor.hocbf_input_limits.braking",
        title="With the braking distance as barrier some input is always possible",
        statement="Where L - x >= s^2/(2 u), s = max(v + h u/2, 0), at the start, and each step "
        "either keeps that with an input in [-u, u] or brakes by -u, it is kept for ever and x <= "
        "L: braking by -u always keeps it, so there is always an input.",
        scope="every limit, u > 0, h > 0 and number of explicit Euler steps; no noise",
        source=Source(note="000", section="3"),
        decide=_decide_braking,
        canary=built_later(_CONTINUOUS, _continuous_distance),
        vacuity="a run that speeds up, brakes, brakes to a stop and goes on",
        remark="Full braking takes exactly the distance that it frees, until the last step, which "
        "frees at least what it takes. Of s the certificate follows any number that is as large.",
        trusts=("kernel", "SymPy's expansion of the models' text"),
        property_twin="hocbf_braking",
    ),
)
