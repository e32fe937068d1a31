"""Each claim's canary is caught; and each kind of canary reports when there is nothing to catch.

The second half is the canary of the canaries: with something true in place of the falsehood,
catching it must fail.
"""

from dataclasses import replace
from fractions import Fraction
from functools import partial

import pytest

from homeostat.counterexamples import CASE_CONJECTURES, CONJECTURES, Witness, corpus
from homeostat.counterexamples.cases.searching import small_queues
from homeostat.models.batching import BatchingParameters, canonical_start
from homeostat.proofs import claims
from homeostat.proofs.certificates import run_example, scan_theorem, schur
from homeostat.proofs.claims import (
    CanaryError,
    false_case,
    false_rows,
    false_scan,
    rejected_certificate,
    unbroken,
    wrong_step,
)
from homeostat.proofs.registry import ALL_CLAIMS

WITH_CANARY = {claim.id: claim.canary for claim in ALL_CLAIMS if claim.canary is not None}
SLOW = {
    "batching.g_dominance_two_stages",
    "batching.homogeneous_unstable",
    "batching.merge_exact",
    "batching.companion_form",
    "batching.max_dominance.data_set_2",
    "batching.min_dominance.data_set_2",
    "batching.g_dominance_horizon.data_set_1",
    *(f"batching.{x}_dominance_horizon.data_set_2" for x in ("g", "max", "min")),
}
SAMPLE = BatchingParameters(1, 1, 3, "2/5", 10)
START = canonical_start(SAMPLE)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in WITH_CANARY],
)
def test_the_canary_of_a_claim_is_caught(name: str) -> None:
    caught = WITH_CANARY[name].catch()
    assert caught


def test_the_slow_canaries_are_canaries() -> None:
    assert set(WITH_CANARY) >= SLOW


def balance(total: str) -> object:
    theorem = scan_theorem(
        ["simulation"],
        carry={"y": ("0", "y + w*k_S")},
        each=["w > 0"],
        last=["w > 0"],
        then_last=[f"y + w*n_S = {total}"],
    )
    invariants = {"open": ["y = e_S"], "cut": ["y = B"]}
    example = run_example(SAMPLE, START, ["simulation"])
    return false_scan("the tokens are not B", theorem, invariants, example).catch()


def test_a_scan_that_is_true_is_not_caught() -> None:
    assert "refuted by an exact run" in str(balance("2*B"))
    with pytest.raises(CanaryError, match="no run breaks it"):
        balance("B")


def test_a_false_scan_that_the_engine_proves_is_an_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "scan", lambda *_, **__: {"kind": "scan"})
    with pytest.raises(CanaryError, match="the engine proved it"):
        balance("2*B")


@pytest.mark.slow
def test_rows_that_do_imply_it_are_not_caught() -> None:
    assert "refuted at x = " in false_rows("x is large", ["x > 0"], "x > 7").catch()
    with pytest.raises(CanaryError, match="not refuted"):
        false_rows("x is positive", ["x > 0"], "x >= 0").catch()


def first_witness(name: str) -> Witness:
    return next(w for w in corpus() if w.conjecture == name)


def test_a_witness_that_replays_one_step_early_too_is_an_alarm() -> None:
    assert "rejected" in wrong_step(partial(first_witness, "g_dominance")).catch()
    late = first_witness("coprime_stable")
    # Whether the system is stable does not depend on the step: one early is as good.
    late = replace(late, step=late.step + 1)
    with pytest.raises(CanaryError, match="one step early"):
        wrong_step(lambda: late).catch()
    assert "coprime_stable" in CONJECTURES


def test_a_certificate_of_something_true_is_not_caught() -> None:
    edge = BatchingParameters(1, 1, 3, "1/2")
    false = rejected_certificate(
        lambda: schur(edge, "stable", {"jury": True}), "the edge is stable"
    )
    assert "rejected" in false.catch()
    true = rejected_certificate(lambda: schur(edge, "not stable", {"jury": False}), "it is not")
    with pytest.raises(CanaryError, match="the kernel accepted it"):
        true.catch()


QUEUE = {"discipline": "snapshot", "events": [["push", "0", "r1", "0", "1"], ["pop", "2"]]}


def test_a_case_that_breaks_its_conjecture_is_an_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [["push", "0", "r1", "0", "1"], ["push", "2", "r2", "1", "1"], ["pop", "2"]]
    true = {**QUEUE, "events": events}
    known = CASE_CONJECTURES["stale_snapshot"]
    assert "rejected, by the kernel too" in false_case("one waits", known, QUEUE).catch()
    with pytest.raises(CanaryError, match="the models accepted it"):
        false_case("the newest is popped", known, true).catch()
    monkeypatch.setattr(claims, "case", lambda *_: {"kind": "case"})
    with pytest.raises(CanaryError, match="the kernel accepted it"):
        false_case("one waits", known, QUEUE).catch()


def test_a_case_that_an_assumption_rejects_is_an_alarm() -> None:
    rates = {"rates": ["2", "1"], "bin_width": "1/1000", "temperature": "5"}
    with pytest.raises(CanaryError, match="does not meet the assumptions"):
        false_case("exchanged", CASE_CONJECTURES["overload_widens"], rates).catch()


def test_a_case_that_nothing_decides_is_an_alarm() -> None:
    times = [str(Fraction(i * i, 1000)) for i in range(52)]
    data = {
        "clock": "exact",
        "histories": [times, times],
        "bin_width": "1/1000",
        "gaps": 50,
        "temperature": "5",
    }
    # The same irrational number twice: whether they differ no enclosure tells.
    with pytest.raises(CanaryError, match="not decided"):
        false_case("H is another one", CASE_CONJECTURES["response"], data).catch()
    neighbour = replace(CASE_CONJECTURES["response"], assumes=("exact",))
    with pytest.raises(CanaryError, match="not decided"):
        unbroken("H is another one", neighbour, lambda: [data]).catch()
    open_ = replace(neighbour, assumes=(("entropy_1", "<=", "entropy_2"),))
    with pytest.raises(CanaryError, match="not decided"):
        unbroken("H is another one", open_, lambda: [data]).catch()


def test_a_neighbour_that_is_broken_or_never_tried_is_an_alarm() -> None:
    false = CASE_CONJECTURES["stale_snapshot"]
    with pytest.raises(CanaryError, match="broken"):
        unbroken("it is broken", false, lambda: small_queues("snapshot")).catch()
    with pytest.raises(CanaryError, match="nothing was tried"):
        unbroken("it is broken", false, list).catch()
    with pytest.raises(CanaryError, match="nothing was tried"):
        unbroken("it is broken", false, lambda: small_queues("exact")).catch()
    true = replace(false, assumes=("exact", ("rate_count", "==", "1"), ("time_1", "<", "time_2")))
    two_pops = [g for g in small_queues("exact") if [e[0] for e in g["events"]].count("pop") == 2]
    apart = [g for g in two_pops if len({e[1] for e in g["events"] if e[0] == "pop"}) == 2]
    assert 0 < len(apart) < len(two_pops)
    said = unbroken("none", true, lambda: small_queues("exact")).catch()
    assert f"none of {len(apart)} runs" in said
