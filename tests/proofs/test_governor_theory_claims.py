"""The claims on phases, Langevin steps, laws and tokens: decided afresh, each with its canary."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from homeostat.counterexamples import CASE_CONJECTURES, case_corpus
from homeostat.counterexamples.cases.langevin_searching import langevin_case, small_wells
from homeostat.models.landau.automaton import CONTROLLER
from homeostat.models.langevin import Well, note_covariance
from homeostat.models.market.automaton import LEDGER
from homeostat.proofs import kernel
from homeostat.proofs.certificates import Certificate, automaton, farkas
from homeostat.proofs.claims import Claim, unbroken
from homeostat.proofs.engines.farkas import NoProofError
from homeostat.proofs.kernel import RejectedError
from homeostat.proofs.theory.governor import (
    entropy,
    landau,
    langevin,
    langevin_steps,
    market,
    slowing,
)
from homeostat.proofs.verdicts import Proved, Refuted
from homeostat.properties.suites.governor_theory_checks import THEORY

Json = dict[str, Any]

CLAIMS = (
    *landau.CLAIMS,
    *slowing.CLAIMS,
    *langevin.CLAIMS,
    *langevin_steps.CLAIMS,
    *entropy.CLAIMS,
    *market.CLAIMS,
)
REFUTED = tuple(c for c in CLAIMS if c.id == "governor.langevin_stationary.gibbs")
PROVED = tuple(c for c in CLAIMS if c not in REFUTED)
DECIDED: dict[str, tuple[Certificate, ...]] = {}


def certificates(claim: Claim) -> tuple[Certificate, ...]:
    """Decide once; the engines take seconds for all."""
    if claim.id not in DECIDED:
        verdict = claim.decide()
        assert isinstance(verdict, Proved)
        DECIDED[claim.id] = tuple(verdict.certificates)
    return DECIDED[claim.id]


def named(name: str) -> Claim:
    (claim,) = [c for c in CLAIMS if c.id == f"governor.{name}"]
    return claim


@pytest.mark.slow
@pytest.mark.parametrize("claim", PROVED, ids=lambda claim: claim.id)
def test_what_is_proved_is_accepted_again_and_its_false_neighbour_is_caught(claim: Claim) -> None:
    found = certificates(claim)
    assert found
    for certificate in found:
        kernel.check(certificate)
    assert claim.canary is not None
    assert "refuted" in claim.canary.catch()


@pytest.mark.parametrize("claim", REFUTED, ids=lambda claim: claim.id)
def test_what_is_refuted_has_a_case_and_its_neighbour_is_never_broken(claim: Claim) -> None:
    verdict = claim.decide()
    assert isinstance(verdict, Refuted)
    assert {case.conjecture for case in verdict.witnesses} == set(claim.conjectures)
    assert verdict.witnesses[0].observed == {
        "position_variance": "2",
        "gibbs_position_variance": "1",
    }
    assert claim.canary is not None
    assert "none of 315" in claim.canary.catch()


def test_every_claim_has_a_property_that_tries_it_and_expects_what_is_decided() -> None:
    twins = {p.name: p for p in THEORY}
    assert len(twins) == len(THEORY)
    for claim in CLAIMS:
        assert claim.property_twin is not None
        twin = twins[claim.property_twin]
        assert twin.claim_id == claim.id
        assert twin.holds == (claim in PROVED)


# --- corrupted certificates


def numbers(data: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the places of all multipliers in a proof."""
    found = []
    if isinstance(data, dict):
        found += [(*here, "times")] if "times" in data else []
        for key, part in data.items():
            found += numbers(part, (*here, key))
    elif isinstance(data, list):
        for i, part in enumerate(data):
            found += numbers(part, (*here, i))
    return found


def with_another_multiplier(certificate: Certificate, place: tuple[Any, ...]) -> Certificate:
    copy = deepcopy(certificate)
    holder = copy["evidence"]
    for key in place[:-1]:
        holder = holder[key]
    holder["times"] = f"{holder['times']} + 1"
    copy["sha256"] = kernel.digest(copy)
    return copy


@pytest.mark.slow
@pytest.mark.parametrize("claim", PROVED, ids=lambda claim: claim.id)
def test_a_proof_with_another_multiplier_is_rejected(claim: Claim) -> None:
    tried = accepted = 0
    for certificate in certificates(claim):
        for place in numbers(certificate["evidence"])[:40]:
            tried += 1
            try:
                kernel.check(with_another_multiplier(certificate, place))
            except RejectedError:
                continue
            # One term alone, as of 0 > 0 from a row, may be scaled.
            terms = certificate["evidence"]
            for key in place[:-2]:
                terms = terms[key]
            assert len(terms) == 1
            accepted += 1
    assert tried > accepted


@pytest.mark.slow
@pytest.mark.parametrize("claim", PROVED, ids=lambda claim: claim.id)
def test_a_proof_is_none_of_the_opposite_theorem(claim: Claim) -> None:
    opposite = {"<=": ">", ">=": "<", "<": ">=", ">": "<=", "=": ">"}
    tried = 0
    for certificate in certificates(claim):
        if certificate["kind"] != "farkas":
            continue
        copy = deepcopy(certificate)
        sign = copy["theorem"]["then"].split(" ")
        (i,) = [i for i, word in enumerate(sign) if word in opposite]
        sign[i] = opposite[sign[i]]
        copy["theorem"]["then"] = " ".join(sign)
        copy["sha256"] = kernel.digest(copy)
        with pytest.raises(RejectedError):
            kernel.check(copy)
        tried += 1
    assert tried


@pytest.mark.parametrize(
    ("relation", "right"),
    [("==", "1"), ("!=", "2"), ("<", "2"), ("<=", "1"), (">", "2"), (">=", "3")],
)
def test_a_case_whose_law_would_be_another_is_rejected(
    relation: str, right: str, forge: Callable[..., Json]
) -> None:
    (case,) = [c for c in case_corpus() if c.conjecture == "samples_gibbs"]
    theorem: Json = {"system": "langevin", "given": dict(case.given), "assumes": ["note", "stable"]}
    true = {**theorem, "violated_when": [["position_variance", "==", "2"]]}
    kernel.check(forge("case", true, {}))
    false = {**theorem, "violated_when": [["position_variance", relation, right]]}
    with pytest.raises(RejectedError, match="not so in this case"):
        kernel.check(forge("case", false, {}))
    for word in ("baoab", "exact"):
        with pytest.raises(RejectedError, match="does not meet"):
            kernel.check(forge("case", {**true, "assumes": [word]}, {}))


# --- what the proofs rest on


@pytest.mark.slow
@pytest.mark.parametrize(
    ("label", "row"),
    [
        ("begin to rise", "t + step > 0 - width"),
        ("rise", "t + step < width"),
        ("arrive above", "to >= width"),
        ("stay hot", "to >= width"),
        ("fall", "t - step > 0 - width"),
    ],
)
def test_no_guard_of_the_controller_can_be_left_out(label: str, row: str) -> None:
    weak = CONTROLLER.without(label, row)
    known = {place: list(rows) for place, rows in slowing._INVARIANTS.items()}
    runs = [slowing._THROUGH, slowing._AT_ONCE]
    with pytest.raises(NoProofError):
        automaton(weak.theorem(slowing._SAID), known, example=runs)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("label", "row"),
    [
        ("pay another", "amount <= own"),
        ("be paid", "amount >= 0"),
        ("tick", "gone_rest >= kappa*rest"),
        ("tick", "gone_own <= own"),
        ("tick", "new_own + new_rest <= mint"),
        ("tick", "new_rest >= 0"),
    ],
)
def test_no_guard_of_the_ledger_can_be_left_out(label: str, row: str) -> None:
    weak = LEDGER.without(label, row)
    with pytest.raises(NoProofError):
        automaton(weak.theorem(market._BOUNDED), market._BOUNDED, example=[market._DAY])


@pytest.mark.slow
def test_without_a_positive_margin_the_step_is_not_shown_to_be_stable() -> None:
    given = [*langevin._POSITIVE, langevin._MARGIN]
    given += ["m*tau = 2*m - g*h - k*h*h", "m*d = m - g*h"]
    point = {**langevin._POINT, "tau": "5/4", "d": "1/2"}
    with pytest.raises(NoProofError) as caught:
        farkas(given, "1 + tau + d > 0", example=point)
    assert caught.value.model is not None
    assert caught.value.model["D"] <= 0


def test_the_witness_is_the_first_of_its_search_and_in_the_corpus() -> None:
    found = langevin_case("samples_gibbs")
    assert found in case_corpus()
    assert dict(found.given) == next(small_wells("note"))


def test_what_the_verdict_tells_of_shorter_steps_is_the_closed_form() -> None:
    (claim,) = REFUTED
    verdict = claim.decide()
    assert isinstance(verdict, Refuted)
    assert verdict.detail is not None
    well = Well(mass=Fraction(1), stiffness=Fraction(1), temperature=Fraction(1))
    for dt in ("1", "1/2", "1/10", "1/100"):
        law = note_covariance(well, damping=Fraction(1), dt=Fraction(dt))
        assert f"{law.position} at h = {dt}" in verdict.detail
        # 1 + k h^2 / D.
        h = Fraction(dt)
        assert law.position == 1 + h * h / (4 - 2 * h - h * h)


def test_the_canary_of_baoab_would_be_broken_by_the_note_s_update() -> None:
    noisy = replace(CASE_CONJECTURES["samples_gibbs"], assumes=("stable",))
    canary = unbroken("-", noisy, lambda: small_wells("note"))
    with pytest.raises(Exception, match="'update': 'note'"):
        canary.catch()


def test_the_claims_are_those_of_the_table() -> None:
    ids = [claim.id.removeprefix("governor.") for claim in CLAIMS]
    assert ids == [
        "landau_minima",
        "landau_continuous",
        "critical_slowing",
        "langevin_stationary",
        "fluctuation_dissipation",
        "langevin_stationary.gibbs",
        "langevin_stationary.baoab",
        "entropy_gibbs",
        "evaporation_bounded",
        "evaporation_bounded.without",
    ]
    assert named("langevin_stationary").source.note == "000"
