"""The claims about games: what is proved, what its canary shows, and what may not be changed."""

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from homeostat.counterexamples import CASE_CONJECTURES, Case, case_corpus, replay_case
from homeostat.counterexamples.cases.figures import figures_of
from homeostat.counterexamples.cases.game_searching import (
    GAME_SEARCHES,
    game_case,
    pairs_of_players,
    small_flows,
)
from homeostat.errors import InvalidInputError, WitnessRejectedError
from homeostat.proofs import kernel
from homeostat.proofs.certificates import Certificate, case, farkas
from homeostat.proofs.claims import Canary, CanaryError, Claim, unbroken
from homeostat.proofs.engines.farkas import NoProofError
from homeostat.proofs.kernel import RejectedError
from homeostat.proofs.mutation.rows import fair
from homeostat.proofs.theory.governor import nash, nash_refuted, play, slopes
from homeostat.proofs.theory.small_cases import by_case
from homeostat.proofs.verdicts import Proved, Refuted, Unknown, Verdict
from homeostat.properties.runner import run_property
from homeostat.properties.statements import AnyProperty
from homeostat.properties.suites.governor_game_checks import GAME_PROPERTIES

Json = dict[str, Any]
Forge = Callable[..., Json]

PROVED = (*nash.CLAIMS, *slopes.CLAIMS, *play.CLAIMS)
REFUTED = nash_refuted.CLAIMS


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Verdict]:
    """What each claim is decided to be; once, as a decision asks solvers."""
    return {claim.id: claim.decide() for claim in (*PROVED, *REFUTED)}


def proved(verdicts: dict[str, Verdict], claim: Claim) -> tuple[Certificate, ...]:
    verdict = verdicts[claim.id]
    assert isinstance(verdict, Proved)
    return tuple(verdict.certificates)


@pytest.mark.slow
@pytest.mark.parametrize("claim", PROVED, ids=lambda claim: claim.id)
def test_what_is_proved_is_proved_afresh_and_its_false_neighbour_is_caught(
    claim: Claim, verdicts: dict[str, Verdict]
) -> None:
    assert proved(verdicts, claim)
    assert claim.canary is not None
    assert re.search("the engine finds no proof|refuted at", claim.canary.catch())


@pytest.mark.slow
@pytest.mark.parametrize("claim", REFUTED, ids=lambda claim: claim.id)
def test_what_is_refuted_has_a_case_of_the_corpus_and_its_canary_is_caught(
    claim: Claim, verdicts: dict[str, Verdict]
) -> None:
    verdict = verdicts[claim.id]
    assert isinstance(verdict, Refuted)
    (found,) = verdict.witnesses
    assert isinstance(found, Case)
    assert found.conjecture in claim.conjectures
    assert found in case_corpus()
    assert claim.canary is not None
    assert re.fullmatch(r"none of [1-9]\d* runs of the same search", claim.canary.catch())


# --- certificates that were changed


def stronger(row: str) -> str:
    """Return a row that says more by 1."""
    sign = next(s for s in ("<=", ">=", "<", ">", "=") if s in row)
    left, right = row.split(sign)
    return f"{left}+ 1 {sign}{right}" if sign in ("<=", "<") else f"{left}{sign}{right} + 1"


def overstated(certificate: Certificate) -> Iterator[Json]:
    """Yield the certificate with each of its conclusions made stronger."""
    for i in range(len(certificate["theorem"].get("then_last", [0]))):
        changed = deepcopy(dict(certificate))
        theorem = changed["theorem"]
        if changed["kind"] == "farkas":
            theorem["then"] = stronger(theorem["then"])
        else:
            theorem["then_last"][i] = stronger(theorem["then_last"][i])
        yield changed


def without_a_proof(certificate: Certificate) -> Iterator[Json]:
    """Yield a scan with one of its obligations left open."""
    for label in certificate["evidence"].get("proofs", {}):
        changed = deepcopy(dict(certificate))
        del changed["evidence"]["proofs"][label]
        yield changed


@pytest.mark.slow
@pytest.mark.parametrize("claim", PROVED, ids=lambda claim: claim.id)
def test_a_certificate_of_more_than_it_proves_is_rejected(
    claim: Claim, verdicts: dict[str, Verdict], forge: Forge
) -> None:
    tried = 0
    for certificate in proved(verdicts, claim):
        for changed in (*overstated(certificate), *without_a_proof(certificate)):
            tried += 1
            with pytest.raises(RejectedError):
                kernel.check(forge(changed["kind"], changed["theorem"], changed["evidence"]))
    assert tried > 5


def test_what_is_made_stronger_is_false_where_the_row_was_sharp() -> None:
    for row in ("x <= 1", "x >= 1", "x = 1"):
        assert fair(row, {"x": Fraction(1)})
        assert not fair(stronger(row), {"x": Fraction(1)})


@pytest.mark.slow
@pytest.mark.parametrize("left_out", ["2*g > L", "x > 0", "d + g*u + l >= 0", "q <= L", "u <= M"])
def test_no_assumption_on_the_gap_can_be_left_out(left_out: str) -> None:
    bound, _ = nash._gap()
    rows = [row for row in bound["theorem"]["given"] if row != left_out]
    assert len(rows) == len(bound["theorem"]["given"]) - 1
    with pytest.raises(NoProofError) as caught:
        farkas(rows, bound["theorem"]["then"], example=bound["evidence"]["example"])
    point = caught.value.model
    assert point is not None, "the oracles know no point that breaks it"
    assert all(fair(row, point) for row in rows)
    assert not fair(bound["theorem"]["then"], point)


# --- witnesses that were changed

ANY, AT_T = (CASE_CONJECTURES[name] for name in GAME_SEARCHES)


def kept(name: str) -> Case:
    (found,) = (c for c in case_corpus() if c.conjecture == name)
    return found


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("any_damping_converges", {"damping": "5/4"}),
        ("any_damping_converges", {"damping": "1"}),
        ("any_damping_converges", {"damping": "1/2"}),
        ("any_damping_converges", {"start": ["2/3", "1/3"]}),
        ("any_damping_converges", {"costs": [["0", "1"], ["0", "1"]]}),
        ("nash_at_temperature", {"delays": [[0, 0], [0, 0]]}),
        ("nash_at_temperature", {"strategies": [[[0]], [[1]]]}),
    ],
)
def test_a_witness_of_other_data_is_rejected_by_models_and_kernel(
    name: str, change: Json, forge: Forge
) -> None:
    witness = kept(name)
    replay_case(witness)
    given = {**witness.given, **change}
    with pytest.raises(WitnessRejectedError):
        replay_case(replace(witness, given=given))
    theorem = case(CASE_CONJECTURES[name], witness.given)["theorem"]
    changed = forge("case", {**theorem, "given": given}, {})
    with pytest.raises(RejectedError):
        kernel.check(changed)
    with pytest.raises(WitnessRejectedError):
        Case.of(CASE_CONJECTURES[name], given)


def test_a_witness_with_the_figures_of_another_is_rejected_though_it_violates() -> None:
    witness = kept("nash_at_temperature")
    given = {**witness.given, "delays": [[0, 1], [3, 4]]}
    assert Case.of(AT_T, given).observed["equilibria"] == "1"
    with pytest.raises(WitnessRejectedError, match="observed"):
        replay_case(replace(witness, given=given))


def test_the_flow_of_the_case_goes_to_and_fro_for_ever() -> None:
    given = kept("any_damping_converges").given
    figures = figures_of("congestion-flow", given)
    for k in range(1, 63):
        assert figures.figure(f"distance_{k}_{k + 2}") == 0
        assert figures.figure(f"nash_gap_{k}") == Fraction(1, 2)


def test_the_mass_outside_is_the_formula_that_gibbs_law_gives() -> None:
    given = kept("nash_at_temperature").given
    for text in ("1/2", "1/3", "9/10"):
        u = Fraction(text)
        figures = figures_of("congestion-game", {**given, "boltzmann": text})
        # Together: potential 1 in two profiles; apart: 0 in two.
        assert figures.figure("outside") == u / (1 + u)


def test_what_a_search_finds_comes_first_among_its_candidates() -> None:
    flows = list(small_flows())
    dampings = [Fraction(given["damping"]) for given in flows]
    assert dampings == sorted(dampings, reverse=True)
    place = flows.index(dict(kept("any_damping_converges").given))
    for given in flows[:place]:
        with pytest.raises(WitnessRejectedError):
            Case.of(ANY, given)
    games = list(pairs_of_players())
    assert len({json.dumps(given) for given in games}) == len(games)
    assert games.index(dict(kept("nash_at_temperature").given)) == 0


def test_a_conjecture_without_a_search_among_games_is_named() -> None:
    with pytest.raises(InvalidInputError, match="'stale_snapshot' must be one of"):
        game_case("stale_snapshot")


def test_without_a_case_the_verdict_is_unknown() -> None:
    assert isinstance(by_case(None), Unknown)


def test_the_canaries_would_notice_a_rising_potential_and_another_law() -> None:
    flows = replace(ANY, assumes=(), violated_when=(("potential_2", ">", "potential_1"),))
    law = replace(AT_T, violated_when=(("gibbs_error", "==", "0"),))
    for neighbour, candidates in ((flows, small_flows), (law, pairs_of_players)):
        canary: Canary = unbroken("so", neighbour, candidates)
        with pytest.raises(CanaryError):
            canary.catch()


# --- properties


@pytest.mark.slow
@pytest.mark.parametrize("prop", GAME_PROPERTIES, ids=lambda prop: prop.name)
def test_a_property_of_games_comes_out_as_the_claim_that_it_tries(prop: AnyProperty) -> None:
    result, _ = run_property(prop, examples=60, seed=1)
    assert result.outcome == ("survived" if prop.holds else "refuted"), result.reason
    assert prop.claim_id in {claim.id for claim in (*PROVED, *REFUTED)}
    assert prop.holds == (prop.claim_id in {claim.id for claim in PROVED})


def test_every_claim_about_games_has_a_property_that_tries_it() -> None:
    names = {prop.name: prop.claim_id for prop in GAME_PROPERTIES}
    for claim in (*PROVED, *REFUTED):
        assert claim.property_twin is not None
        assert names[claim.property_twin] == claim.id
