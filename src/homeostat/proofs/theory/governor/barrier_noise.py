"""Barriers and noise: a margin keeps off what is bounded, and nothing what is Gaussian.

The noise w is added to the acceleration of a step. Names in the certificates as in ``barrier``;
W: the most that |w| is; M: the filter's margin where it is another.
"""

from dataclasses import replace
from typing import Final

from homeostat.counterexamples.cases.barrier_searching import barrier_case, filtered_run
from homeostat.counterexamples.cases.conjectures import CASE_CONJECTURES
from homeostat.models.barrier import euler_step, headroom
from homeostat.models.barrier.systems import sampled_system, text_of
from homeostat.proofs.certificates import Certificate, farkas
from homeostat.proofs.claims import Canary, Claim, Source, false_automaton, false_case
from homeostat.proofs.theory.governor.barrier import RUN, STEPS, built_later, kept
from homeostat.proofs.theory.small_cases import by_case
from homeostat.proofs.verdicts import Proved, Verdict

__all__ = ["CLAIMS"]


def _decide_bounded() -> Proved:
    system = sampled_system(margin="W", noise=True)
    steps = [{"a": "0", "w": "1"}, {"a": "-3/2", "w": "-1"}]
    return Proved(certificates=(kept(system, *steps, start={"x": "0", "v": "0"}, W="1"),))


_HALF: Final = "the same with a margin of half the noise"


def _half_a_margin() -> Canary:
    system = sampled_system(margin="M", noise=True)
    changed = replace(system, given=(*system.given, "2*M = W"))
    return false_automaton(
        _HALF,
        changed.theorem({"*": list(system.start)}),
        {"running": list(system.start)},
        start={"x": "1", "v": "0"},
        parameters={**RUN, "W": "2", "M": "1"},
        inputs={"step": [{"a": "-1", "w": "2"}]},
    )


def _any_input() -> Certificate:
    """Whatever the input a is, all noise from t on passes the limit two steps later."""
    import sympy

    x, v, a, w, limit, step = sympy.symbols("x v a w L h")
    after = euler_step(*euler_step(x, v, a, step=step, noise=w), sympy.Integer(0), step=step)
    quiet = euler_step(*euler_step(x, v, a, step=step), sympy.Integer(0), step=step)
    given = [
        "h > 0",
        f"h*h*t = {text_of(sympy.expand(headroom(quiet[0], limit)))} + 1",
        "w >= t",
        f"n = {text_of(sympy.expand(headroom(after[0], limit)))}",
    ]
    at = {"h": "1", "x": "0", "v": "0", "a": "0", "L": "1", "t": "2", "w": "2", "n": "-1"}
    return farkas(given, "n < 0", example=at, hints=["h*h*w >= h*h*t"])


def _decide_noise() -> Verdict:
    found = barrier_case("hocbf_noise")
    if found is None:
        return by_case(found)
    chance = found.observed["chance_1"].removeprefix("~")
    return by_case(
        found,
        certificates=[_any_input()],
        detail=f"From the limit at rest, with a margin of one deviation, noise of two deviations "
        f"or more comes with a chance of {float(chance):.4f} at least, and passes the limit. No "
        "filter does better: whatever state and input are, there is an amount of noise from which "
        "on the limit is passed two steps later, and Gaussian noise is so large with some chance.",
    )


CLAIMS: Final = (
    Claim(
        id="governor.hocbf_bounded_noise",
        title="With noise of at most W, a margin of W in the filter keeps the limit",
        statement="psi_0 and psi_1 stay >= 0 in every run of Euler steps with |w| <= W that starts "
        "so, where the filter allows W less, with h k1 <= 1 and h k2 <= 1.",
        scope=f"every limit, W >= 0, h > 0 and number of steps, all noise within the bound, also "
        f"an adversary's; {STEPS}; unlimited input",
        source=Source(note="000", section="3"),
        decide=_decide_bounded,
        canary=built_later(_HALF, _half_a_margin),
        vacuity="two steps from rest with noise of 1 and of -1, at the most that the filter lets "
        "pass",
        remark="No margin below W will do: at the limit and at rest, noise of W moves on.",
        trusts=("kernel", "SymPy's expansion of the models' text"),
        property_twin="hocbf_bounded_noise",
    ),
    Claim(
        id="governor.hocbf_noise",
        title="The filter keeps the limit almost surely under Gaussian noise",
        statement="With Gaussian noise of any deviation, any margin, h k1 <= 1 and h k2 <= 1, from "
        "psi_0, psi_1 >= 0 the position stays at or below the limit almost surely.",
        scope=f"every h > 0; {STEPS}",
        source=Source(note="000", section="3"),
        decide=_decide_noise,
        canary=false_case(
            "noise of one deviation passes a margin of one",
            CASE_CONJECTURES["hocbf_noise"],
            filtered_run(("1", "0"), ("1/2", "1/2"), ("1", "0"), margin="1", deviation="1"),
        ),
        vacuity="the case starts at the limit with psi_1 = 0",
        remark="The chance is bounded from below: Gaussian noise lies between z and z + 1 "
        "deviations with a chance of exp(-(z + 1)^2 / 2) / 3 or more.",
        trusts=("kernel", "the density of a Gaussian falls from its mean on, and 2 pi < 9"),
        property_twin="hocbf_noise",
    ),
)
