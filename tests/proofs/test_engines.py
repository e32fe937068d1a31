"""Engines propose; what they return must be exact, and what they cannot do they must say."""

import pytest
from hypothesis import assume, given, settings

from homeostat.errors import InvalidInputError
from homeostat.models.batching import BatchingParameters, is_schur_stable
from homeostat.proofs import kernel
from homeostat.proofs.certificates import schur
from homeostat.proofs.engines import farkas
from homeostat.proofs.engines.farkas import NoProofError, find_proof
from homeostat.proofs.engines.schur import lyapunov
from homeostat.proofs.polynomials import holds, row
from homeostat.properties.strategies.batching import batching_parameters

TRUE: list[tuple[list[str], str, list[str]]] = [
    (["x >= 1", "y >= x"], "y >= 1", []),
    (["x > 0"], "x >= 0", []),
    (["x > 0", "y > 0"], "x*y > 0", []),
    (["x >= 0", "y >= 0"], "x*y >= 0", []),
    (["x = 2*y", "y = 3"], "x*y = 18", []),
    (["x >= 1", "x <= 1"], "x = 1", []),
    ([], "x*x >= 0", []),
    ([], "x*x - 2*x*y + y*y >= 0", ["square x - y"]),
    (["x >= 1", "y >= 1"], "x*y*x >= 1", ["x*y >= 1"]),
    (["x > 0", "x*y = 1"], "y > 0", []),
]


@pytest.mark.parametrize(("given", "then", "hints"), TRUE, ids=str)
def test_a_known_fact_is_proved_and_the_kernel_agrees(
    given: list[str], then: str, hints: list[str]
) -> None:
    proof = find_proof(given, row(then), hints)
    kernel.prove([row(text) for text in given], row(then), proof)


FALSE: list[tuple[list[str], str]] = [
    ([], "x > 0"),
    (["x >= 0"], "x > 0"),
    (["x >= 0", "y >= 0"], "x >= y"),
    (["x*x = 4"], "x = 2"),
    (["x*y = 0"], "x = 0"),
    (["x*x <= 1"], "2*x < 1"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("given", "then"), FALSE, ids=str)
def test_a_false_fact_is_refused_with_a_point_that_breaks_it(given: list[str], then: str) -> None:
    with pytest.raises(NoProofError) as caught:
        find_proof(given, row(then))
    model = caught.value.model
    assert model is not None
    assert holds(given, model)
    assert not holds([then], model)


def test_in_any_field_only_equations_are_used() -> None:
    given = ["x = 2*y", "y = 3", "z > 0"]
    proof = find_proof(given, row("x = 6"), field=True)
    kernel.prove([row(text) for text in given], row("x = 6"), proof, field=True)
    with pytest.raises(NoProofError) as caught:
        find_proof(["x >= 1", "x <= 1"], row("x = 1"), field=True)
    assert caught.value.model is None


def test_a_hint_that_is_false_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(farkas, "_counter_model", lambda *_: None)
    with pytest.raises(NoProofError, match="no multipliers"):
        find_proof(["x >= 0"], row("x >= 1"), ["x >= 2"])


def test_multipliers_that_are_right_only_in_floats_are_not_returned() -> None:
    # The float LP sees 10^-30 as nothing; the exact solve must not.
    with pytest.raises(NoProofError):
        find_proof([f"x >= 1/{10**30}"], row(f"x >= 2/{10**30}"))


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(batching_parameters(l_b_max=5))
def test_a_stable_system_gets_a_matrix_that_the_kernel_accepts(
    parameters: BatchingParameters,
) -> None:
    assume(is_schur_stable(parameters.weights))
    # Near the edge three digits are too few; more are at hand.
    for digits in (3, 6, 12):
        try:
            schur(parameters, "stable", {"lyapunov": lyapunov(parameters, digits=digits)})
        except kernel.RejectedError:
            continue
        return
    raise AssertionError(f"no matrix shows that {parameters} is stable")


@pytest.mark.parametrize(
    "parameters",
    [BatchingParameters(1, 1, 3, "1/2"), BatchingParameters(10, 2, 4, "1/2")],
    ids=["on the circle", "outside"],
)
def test_a_system_that_is_not_stable_has_no_matrix(parameters: BatchingParameters) -> None:
    with pytest.raises(InvalidInputError, match="must be stable"):
        lyapunov(parameters)
