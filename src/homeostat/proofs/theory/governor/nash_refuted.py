"""What is said of Nash equilibria and does not hold: too little damping, and any temperature."""

from dataclasses import replace
from typing import Final

from homeostat.counterexamples import CASE_CONJECTURES, Case
from homeostat.counterexamples.cases.game_searching import (
    game_case,
    pairs_of_players,
    small_flows,
)
from homeostat.counterexamples.cases.searching import first_case
from homeostat.proofs.certificates import case, farkas
from homeostat.proofs.claims import Claim, Source, unbroken
from homeostat.proofs.theory.small_cases import by_case
from homeostat.proofs.verdicts import Unknown, Verdict

__all__ = ["CLAIMS"]

_ANY: Final = CASE_CONJECTURES["any_damping_converges"]
_AT_HALF: Final = replace(_ANY, assumes=(("damping", "==", "half_curvature"),))
_ABOVE_HALF: Final = replace(
    _ANY,
    assumes=(("damping", ">", "half_curvature"),),
    violated_when=(("potential_2", ">", "potential_1"),),
)
_NOT_GIBBS: Final = replace(
    CASE_CONJECTURES["nash_at_temperature"], violated_when=(("gibbs_error", ">", "0"),)
)


def _boundary() -> Case | None:
    return first_case(_AT_HALF, small_flows(), {"method": "the same search"})


def _any_damping() -> Verdict:
    at_half = _boundary()
    if at_half is None:
        return Unknown(reason="no flow was found that goes to and fro at half the curvature")
    # Two resources of cost L x, off balance by e > 0: the next is off by y, the other way.
    grows = farkas(
        ["g > 0", "2*g < L", "e > 0", "g*y = g*e - L*e"],
        "y + e < 0",
        example={"g": "1/3", "L": "1", "e": "1/4", "y": "-1/2"},
    )
    start = " and ".join(at_half.given["start"])
    slopes = " and ".join(f"{slope} x" for _, slope in at_half.given["costs"])
    return by_case(
        game_case("any_damping_converges"),
        certificates=(case(_AT_HALF, at_half.given), grows),
        detail="Half the curvature is the exact bound: at it the flow goes to and fro as well "
        f"(costs {slopes}, start {start}). On two resources of cost L x what is "
        "off balance changes by the factor 1 - L/g in each response, which is below -1 for every "
        "g < L/2: then it grows, from every start but the equilibrium, until a resource is empty.",
    )


def _at_temperature() -> Verdict:
    return by_case(
        game_case("nash_at_temperature"),
        detail="In the long run every profile has a chance in proportion to exp(-Phi/T), at every "
        "T > 0. Each equilibrium is left again and again; the colder, the more rarely.",
    )


CLAIMS: Final = (
    Claim(
        id="governor.nash_convergence.any_damping",
        title="Damped responses come to a Nash equilibrium at every damping",
        statement="With a damping below half the curvature, damped responses come to a Nash "
        "equilibrium as well.",
        scope="every flow on resources with polynomial costs",
        source=Source(note="000", section="5"),
        decide=_any_damping,
        canary=unbroken(
            "with a damping above half the curvature the potential rises", _ABOVE_HALF, small_flows
        ),
        vacuity="the damping of the case is 3/4 of half its curvature",
        remark="The case goes to and fro between two flows for ever: after two responses it is "
        "where it was, and neither is an equilibrium.",
        refuted_by=("any_damping_converges",),
        property_twin="any_damping_converges",
    ),
    Claim(
        id="governor.nash_at_temperature",
        title="At a fixed temperature play converges to a Nash equilibrium",
        statement="Players who are drawn one at a time and choose with weights exp(-cost/T) come "
        "to a Nash equilibrium at a fixed T > 0 and stay: in the long run nothing else has a "
        "chance.",
        scope="finite congestion games that have a Nash equilibrium, as all have",
        source=Source(note="000", section="5"),
        decide=_at_temperature,
        canary=unbroken(
            "play comes to another law than that of Gibbs", _NOT_GIBBS, pairs_of_players
        ),
        vacuity="the game of the case has two equilibria",
        remark="The law of play converges, to one with a third of its mass outside the equilibria; "
        "the state never does.",
        property_twin="nash_at_temperature",
    ),
)
