"""Each broken scheduler is caught by the conformance run, with a small case to show."""

from pathlib import Path

import pytest

from homeostat.properties import fuzz

BROKEN = Path(__file__).with_name("broken_targets.py")


def run(name: str, *only: str) -> dict[str, str]:
    found = fuzz("batching", target=f"{BROKEN}:{name}", examples=40, only=only or None)
    return {result.name: result.outcome for result in found.results}


CHECKS = ("agrees_in_fractions", "agrees_in_float64", "nonnegative_in_float64", "pure")


@pytest.mark.slow
def test_a_right_implementation_conforms_and_the_built_in_canaries_are_caught() -> None:
    found = fuzz("batching", target=f"{BROKEN}:own", examples=40)
    assert found.verdict == "survived"
    assert found.exit_code == 0
    assert {r.name for r in found.results if r.holds} == set(CHECKS)
    assert sum(r.outcome == "refuted" for r in found.results) == 4


@pytest.mark.parametrize(
    "name",
    [
        "evicts_the_oldest",
        "skips_a_stage_that_does_not_fit",
        "weighs_before_advancing",
        "forgets_to_admit",
        "one_in_a_billion_off",
        "returns_nan_when_full",
        "loses_a_stage",
        "crashes_when_full",
        "returns_nothing",
        "drifts",
    ],
)
def test_a_wrong_result_is_caught_in_fractions_and_in_float64(name: str) -> None:
    outcomes = run(name, "agrees_in_fractions", "agrees_in_float64")
    assert set(outcomes.values()) == {"refuted"}


@pytest.mark.slow
def test_a_negative_amount_within_rounding_is_caught() -> None:
    outcomes = run("a_hair_below_zero", *CHECKS)
    assert outcomes["agrees_in_float64"] == "survived"
    assert outcomes["nonnegative_in_float64"] == "refuted"


@pytest.mark.slow
def test_rounded_fractions_are_caught() -> None:
    outcomes = run("rounds_fractions", *CHECKS)
    assert outcomes["agrees_in_fractions"] == "refuted"
    assert outcomes["agrees_in_float64"] == "survived"


@pytest.mark.parametrize("name", ["overwrites_its_input", "drifts"])
def test_an_impure_step_is_caught(name: str) -> None:
    assert run(name, "pure") == {"pure": "refuted"}


def test_the_case_shown_is_small() -> None:
    found = fuzz(
        "batching",
        target=f"{BROKEN}:evicts_the_oldest",
        examples=100,
        only=["agrees_in_fractions"],
    )
    example = found.results[0].example
    assert found.exit_code == 20
    assert example is not None
    assert example["parameters"]["l_b"] == 3
    assert example["parameters"]["capacity"] == "1"
    assert {"state", "stage", "got", "exact"} <= set(example["observed"])
