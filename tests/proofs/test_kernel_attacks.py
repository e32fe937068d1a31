"""Certificates written to deceive: each once proved, or nearly, something false.

Every one has a right hash and correct multipliers, found by the engine where it can; only a
rule of the kernel stands between it and a false theorem.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from homeostat.proofs.certificates import scan_theorem
from homeostat.proofs.engines.farkas import find_proof
from homeostat.proofs.kernel import RejectedError, check, obligations

Json = dict[str, Any]
Forge = Callable[..., Json]
Rows = list[str]

UNIT = [["shared", {"w": "1", "m_T": "1"}], ["shared", {"w": "1"}]]
RUN: Json = {"parameters": {"B": "3"}, "stages": UNIT}


def evidence(theorem: Json, invariants: Mapping[str, Rows], example: Json) -> Json:
    """Prove every obligation by the engine; one that the kernel refuses to derive stays open."""
    proofs: Json = {}
    try:
        for label, given, goal in obligations(theorem, invariants):
            proofs[label] = find_proof(given, goal, field=theorem["field"])
    except RejectedError:
        pass
    return {"invariants": dict(invariants), "proofs": proofs, "example": example}


def refused(
    forge: Forge, theorem: Json, invariants: Mapping[str, Rows], message: str, example: Json = RUN
) -> None:
    with pytest.raises(RejectedError, match=message):
        check(forge("scan", theorem, evidence(theorem, invariants, example)))


def test_an_invariant_may_not_carry_one_stage_s_value_to_the_next(forge: Forge) -> None:
    # w > 0 at stages above is not w > 0 at stage 0.
    theorem = scan_theorem(["counter"], each=["w > 0"], ends=["1", "2"], then_last=["w > 0"])
    example = {"parameters": {}, "stages": [["shared", {"w": "1"}], ["shared", {"w": "-1"}]]}
    refused(forge, theorem, {"0": [], "1": ["w > 0"], "2": ["w > 0"]}, "one stage", example)


def test_an_invariant_may_not_speak_of_a_sum_that_no_system_keeps(forge: Forge) -> None:
    theorem = scan_theorem(["counter"], each=["e_S > 0"], ends=["1", "2"], then_last=["e_S > 0"])
    example = {"parameters": {}, "stages": [["shared", {"e_S": "1"}], ["shared", {"e_S": "0"}]]}
    refused(forge, theorem, {"0": [], "1": ["e_S > 0"], "2": ["e_S > 0"]}, "one stage", example)


def test_a_theorem_that_says_nothing_is_none(forge: Forge) -> None:
    theorem = scan_theorem(["theory"], each=["w > 0"], then_each={"shared": []})
    refused(forge, theorem, {"run": []}, "nothing is said")


def test_a_conclusion_needs_a_sort_that_is_assumed(forge: Forge) -> None:
    theorem = scan_theorem(["theory"], each={"shared": []}, then_each={"shraed": ["0 > 1"]})
    refused(forge, theorem, {"run": []}, "sort of no stage")


def test_a_sort_that_typed_systems_do_not_have_proves_nothing(forge: Forge) -> None:
    sorts: Json = {"shared": [], "tail": [], "odd": []}
    theorem = scan_theorem(["typed_theory"], each=sorts, then_each={"odd": ["0 > 1"]})
    refused(forge, theorem, {"run": []}, "sorts")


def test_a_parameter_keeps_its_value_through_the_run_of_the_example(forge: Forge) -> None:
    # Above 0 by what is given, below 0 at each stage: no run satisfies both.
    theorem = scan_theorem(["theory"], given=["x > 0"], each=["x < 0"], then_each=["0 > 1"])
    stages = [["shared", {"w": "1", "m_T": "1", "x": "-1"}], UNIT[1]]
    example = {"parameters": {"B": "3", "x": "1"}, "stages": stages}
    refused(forge, theorem, {"run": []}, "not its own", example)


def test_a_parameter_that_the_example_leaves_open_is_not_zero(forge: Forge) -> None:
    theorem = scan_theorem(["theory"], carry={"y": ("x", "y")}, each=["y = 0"], then_each=["x = 0"])
    refused(forge, theorem, {"run": ["y = x"]}, "open")


def test_the_equations_of_a_run_do_not_choose_its_parameters(forge: Forge) -> None:
    stages = [["shared", {"w": "1", "m_T": "1"}], ["shared", {"w": "1", "n_T": "5"}]]
    theorem = scan_theorem(["theory"], then_each=["k_T = m_T"])
    refused(forge, theorem, {"run": []}, "open", {"parameters": {}, "stages": stages})


def test_one_capacity_holds_for_all_stages(forge: Forge) -> None:
    # With B carried, the sum of what is kept would be whatever the carried text says.
    theorem = scan_theorem(
        ["theory"],
        carry={"B": ("0", "B + w*m_T")},
        then_last=["w*n_T = 0"],
    )
    refused(forge, theorem, {"run": ["B = e_T"]}, "two meanings", {**RUN, "parameters": {}})


def test_theory_and_simulation_with_types_do_not_mix(forge: Forge) -> None:
    # What is kept in both at once is never cut; it is no theorem that Simulation never cuts.
    fits: Json = {
        "shared": ["v*a_U + v*b_U <= B - e_U"],
        "tail": ["v*b_U <= B - e_U"],
    }
    theorem = scan_theorem(
        ["typed_theory", "typed_simulation"],
        each={"shared": [], "tail": []},
        ends=["run/open"],
        then_each=fits,
    )
    stages = [
        ["tail", {"v": "3", "b_U": "1"}],
        ["shared", {"v": "2", "a_U": "1", "b_U": "1"}],
        ["shared", {"v": "1"}],
    ]
    example = {"parameters": {"B": "9", "q": "1/2"}, "stages": stages}
    refused(forge, theorem, {"run/open": []}, "share variables", example)


def test_a_field_theorem_takes_no_proof_by_order(forge: Forge) -> None:
    theorem = scan_theorem(["counter"], each=["w > 0"], then_each=["2*w > 0"], field=True)
    proof = {"terms": [{"times": "2", "rows": [0]}, {"times": "1", "rows": [1]}]}
    labels = ["0 shared 1 each 0", "1 shared 2 each 0", "2 shared 2 each 0"]
    stages = [["shared", {"w": "1"}], ["shared", {}]]
    given: Json = {
        "invariants": {"0": [], "1": [], "2": []},
        "proofs": dict.fromkeys(labels, proof),
        "example": {"parameters": {}, "stages": stages},
    }
    with pytest.raises(RejectedError, match="only equations"):
        check(forge("scan", theorem, given))
    check(forge("scan", {**theorem, "field": False}, given))


SIMULATION_RUN: Json = {
    "parameters": {"B": "20"},
    "stages": [["shared", {"w": "1", "m_S": "8"}], ["shared", {"w": "1"}]],
}


def induction(
    forge: Forge, step: Json, invariants: Mapping[str, Rows], example: Json, **said: Any
) -> Json:
    theorem = {"stages": {}, "whole": [], "after": {}, "step": step, **said}
    return forge("induction", theorem, evidence(step, invariants, example))


def test_the_state_after_the_step_is_not_named_by_the_certificate(forge: Forge) -> None:
    # Renaming m_S to itself, "kept" would be what was assumed.
    rows = ["m_S >= 7"]
    step = scan_theorem(["simulation"], each=rows, then_each=rows, then_last=["7 >= 7"])
    invariants: Json = {"open": [], "cut": []}
    for said in ({}, {"next": {"m_S": "m_S"}, "first": {"m_S": "7"}}):
        certificate = induction(
            forge, step, invariants, SIMULATION_RUN, stages={"shared": rows}, **said
        )
        with pytest.raises(RejectedError, match=r"not kept|fields"):
            check(certificate)


@pytest.mark.parametrize(
    ("more", "last"),
    [
        ({"each": ["m_S >= 7", "k_S >= 7"]}, ["n_S >= 7"]),
        ({"each": ["m_S >= 7", "y >= 7"], "carry": {"y": ("7", "k_S")}}, ["n_S >= 7"]),
    ],
    ids=["of what is kept", "of what is carried"],
)
def test_an_induction_assumes_nothing_of_the_state_after_the_step(
    forge: Forge, more: Json, last: Rows
) -> None:
    then = [] if "carry" in more else ["k_S >= 7"]
    step = scan_theorem(
        ["simulation"], last=last, then_each=then or ["m_S >= 7"], then_last=["n_S >= 7"], **more
    )
    certificate = induction(
        forge, step, {"open": [], "cut": []}, SIMULATION_RUN, stages={"shared": ["m_S >= 7"]}
    )
    with pytest.raises(RejectedError, match=r"assumes more|not kept"):
        check(certificate)


def test_a_row_that_is_kept_speaks_of_no_stage_s_weight(forge: Forge) -> None:
    # w is that of the stage above in the next step.
    step = scan_theorem(
        ["theory"],
        each=["w*m_T <= 5"],
        last=["w*n_T <= 5"],
        then_each=["w*k_T <= 5"],
        then_last=["w*n_T <= 5"],
    )
    certificate = induction(forge, step, {"run": []}, RUN, stages={"shared": ["w*m_T <= 5"]})
    with pytest.raises(RejectedError, match="more than what advances"):
        check(certificate)


def test_rows_are_kept_at_every_end_or_not_at_all(forge: Forge) -> None:
    step = scan_theorem(
        ["simulation"],
        given=["B > 0"],
        each=["w > 0", "m_S >= 0"],
        last=["w > 0"],
        ends=["open"],
        then_each=["k_S >= 0"],
        then_last=["n_S >= 0"],
    )
    invariants = {"open": ["B - e_S >= 0"], "cut": []}
    stages = {"shared": ["m_S >= 0"]}
    certificate = induction(forge, step, invariants, SIMULATION_RUN, stages=stages)
    with pytest.raises(RejectedError, match="leaves ends out"):
        check(certificate)
    step = {**step, "ends": ["open", "cut"]}
    check(induction(forge, step, invariants, SIMULATION_RUN, stages=stages))


def test_a_whole_state_is_that_of_two_stages(forge: Forge) -> None:
    # A free name as "the state" would be kept by saying so.
    step = scan_theorem(["theory"], given=["z > 7"], then_last=["n_T - n_T + 8 > 7"])
    example = {**RUN, "parameters": {"B": "3", "z": "8"}}
    certificate = induction(forge, step, {"run": []}, example, whole=["z > 7"], after={"z": "8"})
    with pytest.raises(RejectedError, match="two stages"):
        check(certificate)


def test_with_two_stages_the_rest_of_the_state_is_not_assumed_away(forge: Forge) -> None:
    carry = {"t": ("0", "k_T"), "s": ("0", "k_S")}
    after = {"T0": "n_T", "T1": "t", "S0": "n_S", "S1": "s"}
    step = scan_theorem(
        ["theory", "simulation", "counter"],
        given=["T0 <= 1"],
        carry=carry,
        each=["w = 1", "m_T = B", "m_S = 0"],
        last=["w = 1"],
        ends=["run/open/1", "run/cut/1"],
        then_last=["n_T <= 1"],
    )
    invariants: Json = {
        "run/open/0": ["e_T = 0"],
        "run/open/1": ["e_T = B"],
        "run/cut/1": ["e_T = B"],
        "run/open/2": [],
        "run/cut/2": [],
    }
    stages = [["shared", {"w": "1", "m_T": "3", "m_S": "0"}], ["shared", {"w": "1"}]]
    example = {"parameters": {"B": "3", "T0": "1"}, "stages": stages}
    certificate = induction(forge, step, invariants, example, whole=["T0 <= 1"], after=after)
    with pytest.raises(RejectedError, match="assumes more"):
        check(certificate)


def test_a_bound_on_no_step_at_all_is_not_kept(forge: Forge) -> None:
    theorem = {
        "parameters": {"l0": "1", "l_a": 1, "l_b": 2, "q": "1/2", "capacity": "2"},
        "start": ["1", "0"],
        "typed_start": None,
        "steps": 0,
        "never": [["l0", ">", "0"]],
    }
    with pytest.raises(RejectedError, match="nothing is enumerated"):
        check(forge("enumeration", theorem, {}))
