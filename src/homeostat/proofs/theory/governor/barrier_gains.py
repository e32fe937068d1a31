"""What does not hold of barriers in steps: a gain may not be so large that h k passes 1.

Names in the certificates as in ``barrier``; A is the largest input that the filter lets pass, and n
what a barrier is one or two steps later.
"""

from typing import Final

from homeostat.counterexamples.cases.barrier_searching import barrier_case, filtered_run
from homeostat.counterexamples.cases.conjectures import CASE_CONJECTURES
from homeostat.models.barrier import allowed_acceleration, chain_value, euler_step, headroom
from homeostat.models.barrier.systems import text_of
from homeostat.proofs.certificates import Certificate, farkas
from homeostat.proofs.claims import Claim, Source, false_case
from homeostat.proofs.theory.governor.barrier import STEPS
from homeostat.proofs.theory.small_cases import by_case
from homeostat.proofs.verdicts import Verdict

__all__ = ["CLAIMS"]


def _one_step_beyond() -> Certificate:
    """Whatever k1 > 1/h, one step from psi_0 > 0 and psi_1 = 0 ends beyond the limit."""
    import sympy

    x, v, limit, step, k1 = sympy.symbols("x v L h k1")
    after = euler_step(x, v, 0 * x, step=step)
    above = chain_value(x, v, limit=limit, first_gain=k1)
    given = [
        "h > 0",
        "h*k1 > 1",
        f"p = {text_of(headroom(x, limit))}",
        "p > 0",
        f"{text_of(sympy.expand(above))} = 0",
        f"n = {text_of(sympy.expand(headroom(after[0], limit)))}",
    ]
    at = {"h": "1", "k1": "2", "x": "0", "v": "2", "L": "1", "p": "1", "n": "-1"}
    return farkas(given, "n < 0", example=at, hints=["v = k1*p", "n = p - h*k1*p"])


def _second_gain_certificates() -> list[Certificate]:
    """Beyond h k2 = 1 psi_1 turns negative, and beyond h (k1 + k2) = 2 the limit is passed."""
    import sympy

    x, v, limit, step, k1, k2 = sympy.symbols("x v L h k1 k2")
    bound = allowed_acceleration(x, v, limit=limit, gains=(k1, k2))
    after = euler_step(x, v, sympy.Symbol("A"), step=step)
    twice = euler_step(*after, sympy.Integer(0), step=step)
    above = chain_value(x, v, limit=limit, first_gain=k1)
    then = chain_value(*after, limit=limit, first_gain=k1)
    given = [
        "h > 0",
        f"q = {text_of(sympy.expand(above))}",
        "q > 0",
        f"A = {text_of(sympy.expand(bound))}",
    ]
    at = {"h": "1", "k1": "1", "k2": "2", "x": "1", "v": "-1", "L": "1", "q": "1", "A": "3"}
    return [
        farkas(
            [*given, "h*k2 > 1", f"n = {text_of(sympy.expand(then))}"],
            "n < 0",
            example={**at, "n": "-1"},
            hints=["A = k2*q - k1*v", "n = q - h*k2*q"],
        ),
        farkas(
            [
                *given,
                "h*k1 + h*k2 > 2",
                f"{text_of(headroom(x, limit))} = 0",
                f"n = {text_of(sympy.expand(headroom(twice[0], limit)))}",
            ],
            "n < 0",
            example={**at, "n": "-1"},
            hints=["q = 0 - v", "A = k2*q + k1*q", "n = 2*h*q - h*h*k1*q - h*h*k2*q", "h*q > 0"],
        ),
    ]


def _decide_first_gain() -> Verdict:
    return by_case(
        barrier_case("hocbf_first_gain"),
        certificates=[_one_step_beyond()],
        detail="No first gain beyond 1/h will do: from psi_1 = 0 and any room at all, one step "
        "passes the limit, whatever the input.",
    )


def _decide_second_gain() -> Verdict:
    return by_case(
        barrier_case("hocbf_second_gain"),
        certificates=_second_gain_certificates(),
        detail="No second gain beyond 1/h keeps psi_1 >= 0. The limit itself is passed from the "
        "limit in two steps where h (k1 + k2) > 2, and kept where h (k1 + k2) <= 2 and k1 <= k2.",
    )


_STAYS: Final = "from psi_0, psi_1 >= 0 the position stays at or below the limit"

CLAIMS: Final = (
    Claim(
        id="governor.hocbf_sampled.first_gain",
        title="Filtered Euler steps keep the limit whatever the first gain",
        statement=f"With h k2 <= 1 and any k1 >= 0, {_STAYS}.",
        scope=f"every h > 0; {STEPS}",
        source=Source(note="000", section="3"),
        decide=_decide_first_gain,
        canary=false_case(
            "with h k1 = 1 one step passes the limit",
            CASE_CONJECTURES["hocbf_first_gain"],
            filtered_run(("0", "1"), ("1", "1/2"), ("0", "0")),
        ),
        vacuity="the case starts with room 1 and psi_1 = 0",
        refuted_by=("hocbf_first_gain",),
        property_twin="hocbf_first_gain",
    ),
    Claim(
        id="governor.hocbf_sampled.second_gain",
        title="Filtered Euler steps keep the limit whatever the second gain",
        statement=f"With h k1 <= 1 and any k2 >= 0, {_STAYS}.",
        scope=f"every h > 0; {STEPS}",
        source=Source(note="000", section="3"),
        decide=_decide_second_gain,
        canary=false_case(
            "with h k1 = h k2 = 1 two steps pass the limit",
            CASE_CONJECTURES["hocbf_second_gain"],
            filtered_run(("0", "0"), ("1", "1"), ("0", "0")),
        ),
        vacuity="the case starts with room 1 and psi_1 = 1",
        refuted_by=("hocbf_second_gain",),
        property_twin="hocbf_second_gain",
    ),
)
