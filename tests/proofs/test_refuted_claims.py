"""What note 001 says and does not hold: each claim's verdict, its case, and what it rests on."""

import math
import sys
from fractions import Fraction

import pytest

from homeostat.counterexamples import CASE_CONJECTURES, Case, case_corpus, find_case_conjecture
from homeostat.counterexamples.cases.balls import decided, exp, log2
from homeostat.counterexamples.cases.searching import first_case, near_ties, small_queues
from homeostat.models.entropy import poisson_entropy
from homeostat.proofs.claims import Claim
from homeostat.proofs.engines.float_order import wrong_order_by_z3
from homeostat.proofs.theory.aging import refuted as aging
from homeostat.proofs.theory.entropy import refuted as entropy
from homeostat.proofs.verdicts import Refuted

CLAIMS = (*aging.CLAIMS, *entropy.CLAIMS)
SLOW = {"aging.float_order", "entropy.overload_widens"}


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
    assert Fraction(case.observed["arrival_2"]) > Fraction(case.observed["time_1"])


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


def test_doubles_pop_the_smaller_of_two_by_a_strict_order_too() -> None:
    case = next(c for c in case_corpus() if c.conjecture == "float_order")
    assert case.found_by["method"] == "smt, floating point"
    popped, other = aging.double_priorities(case.given)
    assert popped > other
    exact = Fraction(case.observed["priority_1_at_1"]), Fraction(case.observed["best_at_1"])
    assert exact[0] < exact[1]


def test_a_seeded_search_finds_wrong_orders_without_any_solver() -> None:
    assert first_case(find_case_conjecture("float_order"), near_ties(3, 100), {}) is not None


@pytest.mark.slow
def test_z3_finds_a_wrong_order_in_ieee_arithmetic_and_none_where_nothing_is_rounded() -> None:
    (case,) = (c for c in case_corpus() if c.conjecture == "float_order")
    (_, first, _, bid_first, _), (_, second, *_), (_, pop) = case.given["events"]
    texts = {"first": first, "second": second, "pop": pop, "bid_first": bid_first}
    known = {name: float.fromhex(text) for name, text in texts.items()}
    found = wrong_order_by_z3(known=known)
    assert found is not None
    assert found.conjecture == "float_order"
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
