"""Builders of certificates: nothing leaves them that the kernel refuses."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest

from homeostat.counterexamples import corpus
from homeostat.errors import VacuousClaimError
from homeostat.models.batching import DATA_SETS, BatchingParameters, Pair, canonical_start
from homeostat.proofs import kernel
from homeostat.proofs.certificates import (
    enumeration,
    farkas,
    replayed,
    run_example,
    scan,
    scan_theorem,
    schur,
    sealed,
)
from homeostat.proofs.engines.farkas import NoProofError, find_proof
from homeostat.proofs.kernel import RejectedError
from homeostat.proofs.polynomials import point_of, row

SYSTEM = BatchingParameters(1, 2, 4, "2/5", 10)
START = canonical_start(SYSTEM)


def test_a_certificate_that_leaves_has_its_hash_and_is_accepted() -> None:
    certificate = farkas(["x >= 1"], "x > 0", example={"x": "1"})
    assert certificate["sha256"] == kernel.digest(certificate)
    assert certificate["schema"] == "homeostat.certificate/1"
    kernel.check(certificate)


def test_what_the_kernel_refuses_does_not_leave() -> None:
    with pytest.raises(RejectedError):
        sealed("farkas", {"given": [], "then": "0 > 1"}, {"proof": {"terms": []}, "example": {}})
    unmet = {"proof": find_proof(["x >= 1"], row("x > 0")), "example": {"x": "0"}}
    with pytest.raises(RejectedError, match="breaks a given row"):
        sealed("farkas", {"given": ["x >= 1"], "then": "x > 0"}, unmet)
    with pytest.raises(RejectedError):
        schur(BatchingParameters(1, 1, 3, "1/2"), "stable", {"jury": True})
    with pytest.raises(RejectedError, match="violated at t=1"):
        enumeration(SYSTEM, START, step_count=3, never=[["l0", ">", "0"]])
    with pytest.raises(RejectedError, match="malformed"):
        sealed("faith", {}, {})


def test_a_statement_whose_assumptions_nothing_meets_is_vacuous() -> None:
    with pytest.raises(VacuousClaimError, match="must satisfy x > 1; x < 1"):
        farkas(["x > 1", "x < 1"], "x > 5", example={"x": "2"})
    theorem = scan_theorem(["theory"], each=["w > 0", "w < 0"], then_last=["n_T = 7"])
    with pytest.raises(VacuousClaimError, match="breaks an assumption at a stage"):
        scan(theorem, {"run": []}, example=run_example(SYSTEM, START, ["theory"]))


def test_a_scan_that_cannot_be_proved_is_no_certificate() -> None:
    theorem = scan_theorem(["theory"], then_last=["n_T >= 0"])
    example = run_example(SYSTEM, START, ["theory"])
    with pytest.raises(NoProofError):
        scan(theorem, {"run": []}, example=example)


def test_a_scan_theorem_speaks_of_every_end_unless_told() -> None:
    theorem = scan_theorem(["theory", "simulation"], each=["w > 0"])
    assert theorem["ends"] == ["run/open", "run/cut"]
    assert theorem["each"] == {"shared": ["w > 0"]}
    assert theorem["field"] is False


@pytest.mark.parametrize("data", DATA_SETS, ids=lambda data: data.name)
@pytest.mark.parametrize("systems", [["theory"], ["simulation"], ["theory", "simulation"]], ids=str)
def test_an_example_runs_the_kernel_s_systems_as_the_models_step(
    data: Any, systems: Sequence[str]
) -> None:
    pair = Pair.run(data.parameters, step_count=3)
    example = run_example(data.parameters, pair.simulation[2], systems)
    stages = [(sort, point_of(values)) for sort, values in example["stages"]]
    theorem = scan_theorem(systems)
    points = kernel.walk(theorem, point_of(example["parameters"]), stages)
    assert len(points) == data.parameters.l_b
    if "simulation" in systems:
        kept = [points[-1]["n_S"], *(point["k_S"] for point in reversed(points[:-1]))]
        assert tuple(kept) == pair.simulation[3]


def test_an_example_of_typed_systems_divides_each_stage_p_to_q() -> None:
    example = run_example(SYSTEM, START, ["simulation", "typed_simulation"], z=Fraction(1, 3))
    assert example["parameters"]["z"] == "1/3"
    assert [sort for sort, _ in example["stages"]] == ["tail", "tail", "shared", "shared"]
    first = next(values for sort, values in example["stages"] if sort == "shared")
    assert Fraction(first["b_U"]) == SYSTEM.q * Fraction(first["m_S"])
    assert Fraction(first["a_U"]) + Fraction(first["b_U"]) == Fraction(first["m_S"])


@pytest.mark.parametrize("witness", corpus(), ids=lambda w: f"{w.conjecture}.{w.sha256[:6]}")
def test_every_witness_of_the_corpus_replays_in_the_kernel(witness: Any) -> None:
    assert replayed(witness)["theorem"]["step"] == witness.step
