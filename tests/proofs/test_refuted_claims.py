"""What the notes say and does not hold: each claim's verdict, its case, and what it rests on."""

import math
import sys
from fractions import Fraction

import pytest

from homeostat.counterexamples import CASE_CONJECTURES, Case, case_corpus, replay_case
from homeostat.counterexamples.cases.balls import decided, exp, log2
from homeostat.counterexamples.cases.figures import figures_of
from homeostat.counterexamples.cases.searching import first_case, near_ties, small_queues
from homeostat.errors import WitnessRejectedError
from homeostat.models.entropy import poisson_entropy
from homeostat.proofs.claims import Claim
from homeostat.proofs.engines.float_order import wrong_order_by_z3
from homeostat.proofs.theory.aging import doubles
from homeostat.proofs.theory.aging import refuted as aging
from homeostat.proofs.theory.entropy import refuted as entropy
from homeostat.proofs.theory.experts import refuted as experts
from homeostat.proofs.theory.governor import CLAIMS as OF_THE_GOVERNOR
from homeostat.proofs.verdicts import Refuted

# A claim beside the one of the conjecture's name says of itself what would refute it.
GOVERNOR = [
    c
    for c in OF_THE_GOVERNOR
    if set(c.conjectures) <= CASE_CONJECTURES.keys() and (c.refuted_by or c.id.count(".") == 1)
]
CLAIMS = (*aging.CLAIMS, *doubles.CLAIMS, *entropy.CLAIMS, *experts.CLAIMS, *GOVERNOR)
SLOW = {"aging.float_order.key", "aging.float_order.priority", "entropy.overload_widens"}


def refuted(claim: Claim) -> Refuted:
    verdict = claim.decide()
    assert isinstance(verdict, Refuted), verdict
    return verdict


@pytest.mark.parametrize(
    "claim", [pytest.param(c, marks=[pytest.mark.slow] * (c.id in SLOW), id=c.id) for c in CLAIMS]
)
def test_a_claim_is_refuted_by_a_case_that_the_corpus_keeps(claim: Claim) -> None:
    verdict = refuted(claim)
    (case,) = verdict.witnesses
    assert isinstance(case, Case)
    assert case in case_corpus()
    assert case.conjecture in claim.conjectures
    assert verdict.certificates[0]["theorem"]["given"] == case.given
    assert claim.decide() == verdict


def test_nobody_else_is_refuted_by_a_case() -> None:
    names = {name for claim in CLAIMS for name in claim.conjectures}
    assert names == set(CASE_CONJECTURES)


def test_the_second_request_of_theorem_2_arrives_after_the_first_pop() -> None:
    (case,) = refuted(aging.CLAIMS[0]).witnesses
    assert isinstance(case, Case)
    figures = replay_case(case)
    assert decided(figures.figure("arrival_2"), ">", figures.figure("time_1"))
    # The conjecture itself speaks of any two requests.
    assert not any("arrival_2" in assumption for assumption in case.assumes)


def test_no_smaller_run_on_the_grid_breaks_what_the_search_refutes() -> None:
    conjecture = CASE_CONJECTURES["stale_snapshot"]
    (case,) = (c for c in case_corpus() if c.conjecture == "stale_snapshot")
    before = []
    for given in small_queues("snapshot"):
        if given == case.given:
            break
        before.append(given)
    assert before
    assert first_case(conjecture, before, {}) is None


def test_the_reversal_of_two_rates_is_strict_both_times() -> None:
    claim = next(c for c in CLAIMS if c.id == "aging.per_request_rate")
    (_, second) = refuted(claim).certificates
    assert [comparison[1] for comparison in second["theorem"]["violated_when"]] == [">", "<"]


def test_the_two_requests_of_the_reversal_wait_together() -> None:
    claim = next(c for c in CLAIMS if c.id == "aging.per_request_rate")
    (_, second) = refuted(claim).certificates
    kinds = [event[0] for event in second["theorem"]["given"]["events"]]
    assert kinds == ["push", "push", "pop", "pop"]


def test_periodic_arrivals_and_short_histories_say_nothing_of_random_ones() -> None:
    known = CASE_CONJECTURES["uniform_max"]
    (case,) = (c for c in case_corpus() if c.conjecture == "uniform_max")
    few = {**case.given, "histories": [case.given["histories"][0][:20]]}
    slow = {**case.given, "histories": [[str(i) for i in range(51)]]}
    for given in (few, slow):
        with pytest.raises(WitnessRejectedError, match="must satisfy the assumption"):
            Case.of(known, given)


def test_no_51_arrivals_within_a_second_have_50_gaps_in_50_bins() -> None:
    verdict = refuted(next(c for c in CLAIMS if c.id == "entropy.uniform_max"))
    assert verdict.detail is not None
    assert "= 1225 ms or more" in verdict.detail
    # The least span with a bin for each gap: it is reached, and beyond a second.
    times = [str(Fraction(i * (i - 1), 2000)) for i in range(51)]
    given = {"clock": "exact", "histories": [times], "bin_width": "1/1000"}
    figures = figures_of("arrivals", {**given, "gaps": 50, "temperature": "5"})
    assert figures.figure("bins_1") == 50
    assert figures.figure("span_1") == Fraction(1225, 1000)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("response", {"bin_width": "1/500"}),
        ("periodic_zero", {"bin_width": "1/500"}),
        ("uniform_max", {"bin_width": "1/500"}),
        ("overload_widens", {"temperature": "6"}),
    ],
)
def test_a_case_under_other_parameters_than_the_claim_s_is_rejected(
    name: str, change: dict[str, str]
) -> None:
    (case,) = (c for c in case_corpus() if c.conjecture == name)
    with pytest.raises(WitnessRejectedError, match="must satisfy the assumption"):
        Case.of(CASE_CONJECTURES[name], {**case.given, **change})


def test_the_canary_of_overload_is_rejected_by_the_entropies() -> None:
    claim = next(c for c in CLAIMS if c.id == "entropy.overload_widens")
    assert claim.canary is not None
    assert "not ('entropy_1', '<', 'entropy_2')" in claim.canary.catch()


def test_doubles_pop_the_smaller_of_two_by_a_strict_order_too() -> None:
    case = next(c for c in case_corpus() if c.conjecture == "float_priority_order")
    assert case.found_by["method"] == "smt, floating point"
    popped, other = doubles.double_priorities(case.given)
    assert popped > other
    assert_misordered(case)


def test_keys_in_doubles_are_in_the_wrong_strict_order() -> None:
    case = next(c for c in case_corpus() if c.conjecture == "float_key_order")
    popped, other = doubles.double_keys(case.given)
    assert popped < other
    assert_misordered(case)


def assert_misordered(case: Case) -> None:
    exact = Fraction(case.observed["priority_1_at_1"]), Fraction(case.observed["best_at_1"])
    assert exact[0] < exact[1]


def test_a_seeded_search_finds_wrong_orders_without_any_solver() -> None:
    for discipline, within in (("float_key", 1e-7), ("float_priority", 1e-14)):
        drawn = near_ties(discipline, 3, 200, within=within)
        assert first_case(CASE_CONJECTURES[f"{discipline}_order"], drawn, {}) is not None


def test_pairs_that_are_drawn_reach_beyond_what_doubles_put_in_the_wrong_order() -> None:
    for discipline, within in (("float_key", 1e-7), ("float_priority", 1e-14)):
        known = CASE_CONJECTURES[f"{discipline}_order"]
        found = (first_case(known, [g], {}) for g in near_ties(discipline, 0, 300, within=within))
        lost = [float(doubles._difference(case)) for case in found if case is not None]
        assert within / 10 < max(lost) < within * 0.9


@pytest.mark.slow
def test_z3_finds_a_wrong_order_in_ieee_arithmetic_and_none_where_nothing_is_rounded() -> None:
    (case,) = (c for c in case_corpus() if c.conjecture == "float_priority_order")
    (_, first, _, bid_first, _), (_, second, *_), (_, pop) = case.given["events"]
    texts = {"first": first, "second": second, "pop": pop, "bid_first": bid_first}
    known = {name: float.fromhex(text) for name, text in texts.items()}
    found = wrong_order_by_z3(known=known)
    assert found is not None
    assert found.conjecture == "float_priority_order"
    whole = {"first": 1.7e9, "second": 1.7e9 + 1, "pop": 1.7e9 + 2, "bid_first": 2.0}
    assert wrong_order_by_z3(rate=0.5, known=whole) is None


def test_a_solver_that_is_stopped_or_talks_nonsense_finds_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert wrong_order_by_z3(wall_seconds=0.01) is None
    monkeypatch.setattr(sys, "executable", "/bin/echo")
    assert wrong_order_by_z3() is None


def test_the_entropy_of_poisson_gaps_is_the_sum_that_defines_it() -> None:
    for rate in (3.0, 100.0, 1000.0):
        p = 1 - math.exp(-rate / 1000)
        terms = [p * (1 - p) ** i for i in range(20_000)]
        direct = -sum(x * math.log2(x) for x in terms if x > 0)
        found = poisson_entropy(Fraction(rate), Fraction(1, 1000), exp=exp, log2=log2)
        assert decided(found, "<", Fraction(direct) + Fraction(1, 10**9))
        assert decided(found, ">", Fraction(direct) - Fraction(1, 10**9))


def test_the_derivative_that_the_remark_names_is_that_of_the_entropy() -> None:
    import sympy

    p = sympy.Symbol("p", positive=True)
    h = (-(1 - p) * sympy.log(1 - p) - p * sympy.log(p)) / p
    assert sympy.simplify(sympy.diff(h, p) - sympy.log(1 - p) / p**2) == 0
