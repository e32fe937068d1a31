"""No verdict without its evidence, and none with evidence that does not check."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from homeostat.counterexamples import Witness, corpus
from homeostat.errors import VacuousClaimError, WitnessRejectedError
from homeostat.proofs.kernel import RejectedError
from homeostat.proofs.verdicts import (
    Measured,
    Proved,
    ProvedWithin,
    Refuted,
    Survived,
    Unknown,
)

Copy = Callable[[str], dict[str, Any]]
NAME = "batching.delta_gap_sufficient.1"


def witness() -> Witness:
    return next(w for w in corpus() if w.conjecture == "g_dominance")


@pytest.mark.parametrize("bounded", [False, True])
def test_a_proof_without_certificates_is_vacuous(*, bounded: bool) -> None:
    with pytest.raises(VacuousClaimError, match="at least one certificate"):
        _prove(bounded=bounded)


def _prove(*certificates: dict[str, Any], bounded: bool) -> None:
    if bounded:
        ProvedWithin(certificates=certificates, bound="n <= 3")
    else:
        Proved(certificates=certificates)


@pytest.mark.parametrize("bounded", [False, True])
def test_a_proof_checks_all_its_certificates(certificate: Copy, *, bounded: bool) -> None:
    good, bad = certificate(NAME), certificate(NAME)
    _prove(good, good, bounded=bounded)
    bad["theorem"]["then"] = "G_T >= 2*G_S"
    with pytest.raises(RejectedError, match="not the one hashed"):
        _prove(good, bad, bounded=bounded)


def test_a_refutation_without_a_witness_is_vacuous() -> None:
    with pytest.raises(VacuousClaimError, match="at least one witness"):
        Refuted(witnesses=())


def test_a_refutation_replays_its_witnesses() -> None:
    good = witness()
    assert Refuted(witnesses=(good,)).witnesses == (good,)
    with pytest.raises(WitnessRejectedError):
        Refuted(witnesses=(good, replace(good, step=good.step - 1)))


def test_a_refutation_checks_what_supports_it(certificate: Copy) -> None:
    support = certificate(NAME)
    support["evidence"]["example"] = {}
    with pytest.raises(RejectedError):
        Refuted(witnesses=(witness(),), certificates=(support,))


@pytest.mark.parametrize("estimate", [{}, {"points": []}, {"points": None}])
def test_a_measurement_of_nothing_is_vacuous(estimate: dict[str, Any]) -> None:
    with pytest.raises(VacuousClaimError, match="at least one point"):
        Measured(estimate=estimate)


@pytest.mark.parametrize("count", [0, -1])
def test_to_survive_nothing_is_vacuous(count: int) -> None:
    with pytest.raises(VacuousClaimError, match="case_count"):
        Survived(case_count=count)


def test_words_are_those_of_the_ledger() -> None:
    words = {v.word for v in (Proved, ProvedWithin, Measured, Survived, Unknown, Refuted)}
    assert words == {"proved", "proved-within", "measured", "survived", "unknown", "refuted"}
    assert Unknown(reason="why").reason == "why"
