"""The difference D = M^T - M^S at the stages where Simulation is extreme, and its uses."""

from homeostat.proofs.certificates import farkas
from homeostat.proofs.claims import Claim, false_rows
from homeostat.proofs.theory.batching.common import (
    DATA,
    FREE,
    data_set_scope,
    on_data_set,
    refutable,
    reversed_canary,
    section,
)
from homeostat.proofs.theory.batching.conservation import nonnegative_certificate
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS"]

_GAP = ("G_T >= T_m - T_n", "G_S = S_m - S_n", "T_m - S_m >= T_n - S_n")


def _decide_negative_minimum() -> Proved:
    return Proved(
        certificates=(
            nonnegative_certificate(),
            farkas(
                ["min_S >= 0", "min_T < 0"],
                "min_S >= min_T",
                example={"min_S": "0", "min_T": "-1"},
            ),
        )
    )


def _decide_gap() -> Proved:
    point = {"G_T": "1", "T_m": "1", "T_n": "0", "G_S": "1", "S_m": "1", "S_n": "0"}
    return Proved(certificates=(farkas(_GAP, "G_T >= G_S", example=point),))


def _peak_on_data(name: str) -> Claim:
    data = DATA[name]
    return Claim(
        id=f"batching.delta_at_peak.{name}",
        title=f"Theory is at least Simulation where Simulation peaks: {name.replace('_', ' ')}",
        statement=f"D >= 0 at the stage where M^S is largest, at every step 1 .. "
        f"{data.step_count}.",
        scope=data_set_scope(data),
        source=section("5.4"),
        decide=on_data_set("delta_at_peak", data),
        canary=reversed_canary("delta_at_peak", data),
        vacuity="an exact run of the data set",
        remark="The note reports this for every step in section 5.3, and case C, which is its "
        "failure, for about 18 % of them in section 6.4."
        if name == "data_set_1"
        else None,
        property_twin="delta_at_peak",
    )


CLAIMS = (
    Claim(
        id="batching.min_when_theory_negative",
        title="When Theory's minimum is negative, Simulation's is not below it",
        statement="min M^T(t) < 0 implies min M^S(t) >= min M^T(t).",
        scope=FREE,
        source=section("6.1"),
        decide=_decide_negative_minimum,
        canary=false_rows("the same without Simulation's sign", ["min_T < 0"], "min_S >= min_T"),
        vacuity="min M^T = -1, min M^S = 0",
        property_twin="min_when_theory_negative",
    ),
    refutable(
        "min_when_theory_nonnegative",
        "When Theory's minimum is not negative, Simulation's is not below it",
        "min M^T(t) >= 0 implies min M^S(t) >= min M^T(t).",
        "8.1",
    ),
    _peak_on_data("data_set_1"),
    _peak_on_data("data_set_2"),
    refutable(
        "delta_at_peak",
        "Theory is at least Simulation where Simulation peaks, from any start",
        "D >= 0 at the stage where M^S is largest, for all t, from every start.",
        "5.4",
        case=".free",
    ),
    Claim(
        id="batching.delta_gap_sufficient",
        title="D larger at the peak than at the trough gives dominance",
        statement="If D at a largest stage m of M^S is >= D at a smallest stage n, then "
        "G^T >= G^S.",
        scope="all states of both systems, whatever their history; every choice of m and n",
        source=section("6.4"),
        decide=_decide_gap,
        canary=false_rows("the same without comparing D", _GAP[:2], "G_T >= G_S"),
        vacuity="two stages where both systems agree",
        remark="G^T is at least the difference of any two stages, so of m and n: the first row.",
        property_twin="delta_gap_sufficient",
    ),
    refutable(
        "delta_gap_necessary",
        "Dominance gives D larger at the peak than at the trough",
        "G^T(t) >= G^S(t) implies D at the peak of M^S >= D at its trough.",
        "6.4",
        remark="The note calls the two equivalent; only one direction holds.",
    ),
    refutable(
        "case_d_never",
        "D is never negative at the peak and positive at the trough",
        "Never is D < 0 where M^S is largest and D > 0 where it is smallest.",
        "6.4",
    ),
    refutable(
        "peak_never_evicted",
        "The largest stage of Simulation is never evicted from",
        "Nothing is evicted at the stage where M^S is largest after the step.",
        "8.2",
    ),
)
