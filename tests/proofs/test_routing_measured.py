"""Measurements of routing: on counts whose figures are known, and on the data if it is here."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from homeostat.errors import HomeostatError
from homeostat.models.routing.chain import chain_of
from homeostat.models.routing.classes import components
from homeostat.models.routing.counts import Counts
from homeostat.models.routing.gaps import eigenvalue_gap
from homeostat.proofs.claims import CanaryError, Claim
from homeostat.proofs.theory.experts import chance_measured as chance
from homeostat.proofs.theory.experts import routing_measured as routing
from homeostat.proofs.verdicts import Measured
from homeostat.runtime.traces.fetching import MissingDataError, find_data

ALL = {claim.id: claim for claim in (*routing.CLAIMS, *chance.CLAIMS)}


def estimate_of(name: str, data: str) -> dict[str, Any]:
    """Decide a claim, or skip where its data is not here."""
    try:
        find_data(data)
    except MissingDataError as error:
        pytest.skip(str(error))
    verdict = ALL[name].decide()
    assert isinstance(verdict, Measured)
    return dict(verdict.estimate)


@pytest.mark.slow
@pytest.mark.parametrize("claim", ALL.values(), ids=list(ALL))
def test_each_canary_is_caught(claim: Claim) -> None:
    assert claim.canary is not None
    assert claim.canary.catch()


@pytest.mark.parametrize("claim", ALL.values(), ids=list(ALL))
def test_each_claim_names_the_data_that_it_lacks(
    claim: Claim, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("HOMEOSTAT_DATA", str(tmp_path))
    assert len(claim.lacks) == 1
    with pytest.raises(MissingDataError, match=claim.lacks[0]):
        claim.decide()


# --- which definition and threshold


def test_an_enclosed_gap_holds_the_floats() -> None:
    counts = np.array([[8, 2, 1], [1, 5, 5], [6, 1, 3]])
    text, error = routing.enclosed_gap(counts)
    assert error < Fraction(1, 10**15)
    assert float(Fraction(text)) == pytest.approx(eigenvalue_gap(chain_of(counts)), abs=1e-13)


def test_a_pair_of_complex_eigenvalues_is_enclosed_too() -> None:
    # A walk around three experts with a chance of staying: |lambda_2|^2 = 1 - 3 s (1 - s).
    counts = np.array([[1, 3, 0], [0, 1, 3], [3, 0, 1]])
    text, error = routing.enclosed_gap(counts)
    modulus = 1 - Fraction(text)
    exact = 1 - 3 * Fraction(1, 4) * Fraction(3, 4)
    assert abs(modulus**2 - exact) <= 3 * error


def test_eigenvalues_that_arb_cannot_tell_apart_are_refused() -> None:
    with pytest.raises(HomeostatError, match="could not be enclosed"):
        routing.enclosed_gap(np.eye(3, dtype=np.int64))


def test_a_digit_that_rounding_decides_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    near: dict[str, Callable[[Counts], float]] = {"made": lambda counts: 0.4965 + 1e-12}
    monkeypatch.setattr(routing, "GAPS", near)
    with pytest.raises(HomeostatError, match="too near"):
        routing.gap_points([np.eye(2, dtype=np.int64)], 0)


@pytest.mark.parametrize("count", range(1, 6))
def test_thresholds_with_a_number_of_components_are_those_of_a_scan(count: int) -> None:
    counts = np.random.default_rng(4).integers(0, 9, (5, 5))
    chain = chain_of(counts, exact=True)
    scanned = [
        t
        for t in (Fraction(n, 199) for n in range(199))
        if len(components(chain, threshold=t)) == count
    ]
    found = routing.thresholds_with(chain, count)
    if found is None:
        assert not scanned
    else:
        low, high = found
        assert scanned == [t for t in (Fraction(n, 199) for n in range(199)) if low <= t < high]


@pytest.mark.slow
def test_one_definition_and_a_narrow_threshold_give_the_notes_figures() -> None:
    estimate = estimate_of("experts.gap_definitions.note", routing.COUNTED)
    assert estimate["definitions_with_0.497_in_the_middle"] == ["1 - |lambda_2| of P"]
    assert [point["layers_at_0.497"] for point in estimate["points"][:1]] == [[12]]
    assert not any(point["layers_at_0.497"] for point in estimate["points"][1:3])
    assert estimate["gap_of_the_middle"].startswith("0.49688639629218373")
    # The threshold must be 1/20, and the edge strict.
    assert estimate["thresholds_with_17_in_the_middle"].startswith("1/20 = 0.05000 <= t < 9/179")
    assert estimate["least_distance_to_0.003"] > 0.005


# --- beside chance


@pytest.mark.slow
def test_every_layer_has_fewer_components_than_chance_gives() -> None:
    estimate = estimate_of("experts.components_null", routing.COUNTED)
    assert estimate["layers_with_fewer_than_every_copy"] == len(estimate["points"]) == 24
    assert {row["experts"]: row["components"] for row in estimate["uniform"]} == {
        8: 1, 16: 1, 20: 20, 60: 60, 64: 64, 128: 128,
    }  # fmt: skip


@pytest.mark.slow
def test_all_pairs_are_nearer_to_rank_one_and_further_above_chance() -> None:
    estimate = estimate_of("experts.product_edges_rank_one.real_routes", chance.ROUTED)
    assert estimate["layers"] == estimate["layers_where_all_pairs_are_nearer"] == 48
    assert estimate["layers_where_all_pairs_exceed_chance_by_more"] > 24


@pytest.mark.slow
def test_the_union_follows_concentration_and_not_the_gap() -> None:
    estimate = estimate_of("experts.gap_predicts_avalanche.layers", routing.COUNTED)
    assert abs(estimate["gap_and_union_of_64"]["rho"]) < 0.4
    assert estimate["effective_experts_and_union_of_64"]["rho"] > 0.9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("claim", "figure"),
    [
        ("experts.gap_definitions.note", "eigenvalue_gap"),
        ("experts.components_null", "components"),
        ("experts.product_edges_rank_one.real_routes", "distance_from_rank_one"),
        ("experts.gap_predicts_avalanche.layers", "union_profile"),
    ],
)
def test_a_broken_figure_does_not_pass_its_canary(
    claim: str, figure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: dict[str, tuple[Any, str, Any]] = {
        "eigenvalue_gap": (routing, "enclosed_gap", lambda counts: ("0.4", Fraction(1, 10**12))),
        "components": (chance, "components", lambda chain, threshold: chain.states),
        "distance_from_rank_one": (chance, "_FIGURES", {"distance": lambda counts: 0.0}),
        "union_profile": (
            chance,
            "union_points",
            lambda layers: [
                {"gap": 1.0, "effective_experts": -n, "union_of_8": n} for n in range(5)
            ],
        ),
    }
    monkeypatch.setattr(*broken[figure])
    canary = ALL[claim].canary
    assert canary is not None
    with pytest.raises(CanaryError):
        canary.catch()
