"""The claims about experts: what is proved, what its canary shows, and what the models say."""

from fractions import Fraction

import pytest

from homeostat.models.residency.automata import CAPACITY, PLACE
from homeostat.models.residency.cache import Residency, serve
from homeostat.models.residency.events import Event
from homeostat.models.residency.optimal import belady, fewest_misses
from homeostat.models.residency.rules import LruRule
from homeostat.proofs.certificates import automaton
from homeostat.proofs.claims import Claim
from homeostat.proofs.engines.farkas import NoProofError
from homeostat.proofs.engines.transitions import violating_run
from homeostat.proofs.theory.experts import chains, optimum, refuted, residency, returns
from homeostat.proofs.verdicts import Proved, ProvedWithin, Refuted

PROVED = (*chains.CLAIMS, *returns.CLAIMS, *residency.CLAIMS)


@pytest.mark.slow
@pytest.mark.parametrize("claim", PROVED, ids=lambda claim: claim.id)
def test_what_is_proved_is_proved_afresh_and_its_false_neighbour_is_caught(claim: Claim) -> None:
    verdict = claim.decide()
    assert isinstance(verdict, Proved)
    assert verdict.certificates
    assert claim.canary is not None
    assert "the engine finds no proof" in claim.canary.catch()


@pytest.mark.slow
@pytest.mark.parametrize("claim", refuted.CLAIMS, ids=lambda claim: claim.id)
def test_what_is_refuted_has_a_case_and_its_canary_is_caught(claim: Claim) -> None:
    verdict = claim.decide()
    assert isinstance(verdict, Refuted)
    assert verdict.witnesses[0].conjecture in claim.conjectures
    assert claim.canary is not None
    assert claim.canary.catch()


@pytest.mark.slow
def test_the_lower_bound_says_within_which_bound_it_is_proved() -> None:
    (claim,) = optimum.CLAIMS
    verdict = claim.decide()
    assert isinstance(verdict, ProvedWithin)
    assert "5 events" in verdict.bound


def test_the_discounted_return_on_uniform_draws_is_the_formula_that_the_verdict_tells() -> None:
    (claim,) = [c for c in refuted.CLAIMS if c.id == "experts.threshold_scale_free"]
    verdict = claim.decide()
    assert isinstance(verdict, Refuted)
    discount = Fraction(9, 10)
    for place, count in (("1_1", 8), ("1_2", 128)):
        told = discount / (count - (count - 1) * discount)
        assert Fraction(verdict.witnesses[0].observed[f"p_return_{place}"]) == told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("label", "row"),
    [("copy begins", "copies_begun <= uses_over"), ("read begins", "copies_done >= uses_over + 1")],
)
def test_no_wait_of_a_place_can_be_left_out(label: str, row: str) -> None:
    weak = PLACE.without(label, row)
    theorem = weak.theorem({"reading": ["copies_begun = copies_done"], "torn": ["0 >= 1"]})
    invariants = {place: list(rows) for place, rows in residency._PLACE.items()}
    with pytest.raises(NoProofError):
        automaton(theorem, invariants, example=[residency._USES])


def test_a_row_that_is_left_out_of_one_transition_stays_in_the_others() -> None:
    weak = CAPACITY.without("take a free place", "free >= 1")
    rows = {t.label: t.when for t in weak.transitions}
    assert rows["take a free place"] == ()
    assert rows["evict"] == ("held >= 1",)


def test_no_run_of_the_automaton_tears_a_place() -> None:
    theorem = PLACE.theorem({"torn": ["0 >= 1"]})
    start = dict.fromkeys(PLACE.variables, "0")
    assert violating_run(theorem, start=start, states_max=2_000) is None


def test_lru_misses_what_the_tie_costs_beside_the_optimum() -> None:
    events = [Event((0,)), Event((1,)), Event((0, 1)), Event((1,))]
    state, misses = Residency(1), 0
    for event in events:
        state, outcome = serve(state, event, LruRule())
        misses += outcome.misses
    best = sum(outcome.misses for outcome in belady(events, 1, bypass=True))
    assert best == fewest_misses(events, 1, bypass=True) == 3
    assert misses == 3
