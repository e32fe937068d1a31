"""The registry against the table of claims, the files on disk, the suite and the guide."""

import re
from collections import Counter
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from homeostat.counterexamples import CASE_CONJECTURES, CONJECTURES
from homeostat.errors import InvalidInputError
from homeostat.proofs import registry
from homeostat.proofs.claims import NOTES, Claim
from homeostat.proofs.ledger import Ledger
from homeostat.proofs.registry import ALL_CLAIMS, claims_named
from homeostat.proofs.theory import aging, batching, entropy, experts, governor
from homeostat.properties import SUITES

ROOT = Path(__file__).parents[2]
IDS = [claim.id for claim in ALL_CLAIMS]

# The table by hand: each id, with its cases where a verdict is given for each.
CASES = {"data_set_1", "data_set_2"}
TABLE: dict[str, set[str]] = {
    "token_balance": set(),
    "nonnegative": set(),
    "merge_exact": set(),
    "merge_any_split": set(),
    "equilibrium": set(),
    "companion_form": set(),
    "coprime_stable": set(),
    "coprime_stable_threshold": set(),
    "common_factor_unstable": set(),
    "homogeneous_unstable": set(),
    "g_dominance": set(),
    "g_dominance_canonical": set(),
    "g_dominance_large_l0": set(),
    "g_dominance_two_stages": set(),
    "g_dominance_horizon": CASES,
    "max_dominance_horizon": CASES,
    "min_dominance_horizon": CASES,
    "first_eviction_dominance": set(),
    "max_dominance": {*CASES, "free"},
    "min_dominance": {*CASES, "free"},
    "min_when_theory_negative": set(),
    "min_when_theory_nonnegative": set(),
    "delta_at_peak": {*CASES, "free"},
    "delta_gap_sufficient": set(),
    "delta_gap_necessary": set(),
    "case_d_never": set(),
    "peak_never_evicted": set(),
    "weighted_delta_zero": set(),
    "tables": CASES,
    "weak_time_average": set(),
    "weak_limsup": set(),
    "weak_probability": set(),
    "simulation_converges": {*CASES, "family"},
    "boundary": set(),
    "runtime_refines": {"fresh", "recompute"},
}
AGING: dict[str, set[str]] = {
    "order_invariant": set(),
    "dequeue_order_as_stated": set(),
    "dequeue_order_present": set(),
    "stale_snapshot": set(),
    "per_request_rate": set(),
    "kinetic_exact": set(),
    "float_order": {"key", "priority"},
    "integer_order": set(),
    "no_starvation": {"shared", "rates"},
    "aging_work": set(),
}
ENTROPY: dict[str, set[str]] = {
    "bounds": set(),
    "periodic_zero": {"exact", "float64"},
    "uniform_max": set(),
    "window_bounds": set(),
    "window_vanishes": set(),
    "control_law": set(),
    "order_blind": set(),
    "overload_widens": set(),
    "response": {"as_stated", "mended"},
    "regimes": set(),
    "real_traffic": set(),
    "jain": set(),
}
EXPERTS: dict[str, set[str]] = {
    "chain_valid": set(),
    "product_edges_rank_one": {"independent", "real_routes"},
    "gap_definitions": {"agree", "note"},
    "closed_classes": {"", "components"},
    "components_null": set(),
    "gap_predicts_avalanche": {"", "layers"},
    "union_size": set(),
    "p_return": set(),
    "threshold_scale_free": set(),
    "admission_never_worse": set(),
    "capacity": set(),
    "bypass_pure": set(),
    "buffer_safe": set(),
    "output_exact": set(),
    "bytes": set(),
    "optimal_gap": {"lower_bound", "next_use", "measured"},
    "policies": set(),
}
GOVERNOR: dict[str, set[str]] = {
    "landau_minima": set(),
    "landau_continuous": set(),
    "critical_slowing": set(),
    "langevin_stationary": {"", "gibbs", "baoab"},
    "fluctuation_dissipation": set(),
    "entropy_gibbs": set(),
    "evaporation_bounded": {"", "without"},
    "nash_convergence": {"damped", "slope", "any_damping"},
    "nash_at_temperature": {"", "gibbs"},
    "hocbf_continuous": set(),
    "hocbf_sampled": {"", "first_gain", "second_gain"},
    "hocbf_noise": set(),
    "hocbf_bounded_noise": set(),
    "hocbf_input_limits": {"", "braking"},
    "airlock_safe": set(),
    "airlock_live": {"", "naive", "freeze"},
    "deadlock_dissolved": set(),
    "constant_decision": set(),
    "baselines": set(),
    "sweep": set(),
}
TABLES = {
    "batching": TABLE,
    "aging": AGING,
    "entropy": ENTROPY,
    "experts": EXPERTS,
    "governor": GOVERNOR,
}
EXPECTED = {
    f"{domain}.{name}{'.' if case else ''}{case}"
    for domain, table in TABLES.items()
    for name, cases in table.items()
    for case in (cases or {""})
}
CONJECTURE_NAMES = CONJECTURES.keys() | CASE_CONJECTURES.keys()


def test_every_claim_of_the_table_is_registered_once_and_no_other() -> None:
    assert {name for name, count in Counter(IDS).items() if count > 1} == set()
    assert set(IDS) == EXPECTED


def test_the_committed_ledger_has_every_claim_in_the_registry_s_order(committed: Ledger) -> None:
    assert [entry["id"] for entry in committed.claims] == IDS


@pytest.mark.parametrize("claim", ALL_CLAIMS, ids=IDS)
def test_a_claim_says_what_where_and_how_it_could_fail(claim: Claim, committed: Ledger) -> None:
    entry = next(entry for entry in committed.claims if entry["id"] == claim.id)
    assert re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", claim.id)
    assert claim.title[0].isupper() or claim.title.startswith("(")
    assert not claim.title.endswith(".")
    assert claim.statement.endswith(".")
    assert claim.scope
    assert claim.source.note in NOTES
    assert re.fullmatch(r"-|\d(\.\d)?(-\d\.\d)?", claim.source.section)
    if entry["verdict"] == "unknown":
        assert entry["reason"]
        return
    assert claim.canary is not None, "decided without a canary"
    assert claim.canary.falsehood
    assert claim.vacuity, "decided without a word on the assumptions"
    assert claim.trusts


@pytest.mark.parametrize(
    "domain", [aging, batching, entropy, experts, governor], ids=lambda d: d.__name__
)
def test_every_file_of_claims_is_in_the_registry(domain: ModuleType) -> None:
    folder = Path(str(domain.__file__)).parent
    found: list[Claim] = []
    for path in sorted(folder.glob("*.py")):
        module = import_module(f"{domain.__name__}.{path.stem}")
        found += getattr(module, "CLAIMS", ()) if path.stem != "__init__" else ()
    assert Counter(claim.id for claim in found) == Counter(c.id for c in domain.CLAIMS)
    assert {claim.domain for claim in found} == {folder.name}
    domains = {path.parent.name for path in folder.parent.glob("*/__init__.py")}
    assert domains == {claim.domain for claim in ALL_CLAIMS}


PROPERTIES = {p.name: p for suite in SUITES.values() for p in suite.properties}


@pytest.mark.parametrize("claim", ALL_CLAIMS, ids=IDS)
def test_a_property_twin_exists_and_tries_this_claim(claim: Claim) -> None:
    if claim.property_twin is None:
        return
    twin = PROPERTIES[claim.property_twin]
    assert twin.claim_id is not None
    assert claim.id == twin.claim_id or claim.id.startswith(f"{twin.claim_id}.")


def test_a_property_never_expects_what_the_ledger_refutes(committed: Ledger) -> None:
    verdicts = {entry["id"]: entry["verdict"] for entry in committed.claims}
    for name, twin in PROPERTIES.items():
        found = {verdicts[claim.id] for claim in ALL_CLAIMS if claim.property_twin == name}
        if twin.holds:
            assert "refuted" not in found, name
        elif found:
            # Of several cases one may hold; that none is refuted would be a lost witness.
            assert "refuted" in found, name


def test_a_property_of_a_claim_is_of_one_that_exists() -> None:
    for twin in PROPERTIES.values():
        if twin.claim_id is not None:
            assert any(
                name == twin.claim_id or name.startswith(f"{twin.claim_id}.") for name in IDS
            )


def test_every_conjecture_is_that_of_a_claim() -> None:
    spoken_of = {name for claim in ALL_CLAIMS for name in claim.conjectures}
    assert {name for name, c in CONJECTURES.items() if not c.canary} <= spoken_of
    assert CASE_CONJECTURES.keys() <= spoken_of


def test_a_claim_is_refuted_by_witnesses_against_the_conjecture_of_its_name(
    committed: Ledger,
) -> None:
    refuted = [entry for entry in committed.claims if entry["verdict"] == "refuted"]
    assert refuted
    for entry in refuted:
        documents = [e["document"] for e in entry["evidence"] if e["kind"] == "witness"]
        names = {document["conjecture"] for document in documents}
        claim = next(claim for claim in ALL_CLAIMS if claim.id == entry["id"])
        assert names <= set(claim.conjectures) <= CONJECTURE_NAMES


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("batching", [name for name in IDS if name.startswith("batching.")]),
        ("aging", [name for name in IDS if name.startswith("aging.")]),
        ("response", ["entropy.response.mended", "entropy.response.as_stated"]),
        ("batching.g_dominance", ["batching.g_dominance"]),
        ("g_dominance", ["batching.g_dominance"]),
        ("g-dominance", ["batching.g_dominance"]),
        ("batching.g-dominance", ["batching.g_dominance"]),
        (
            "max-dominance",
            [f"batching.max_dominance.{x}" for x in ("data_set_1", "data_set_2", "free")],
        ),
        ("max_dominance.free", ["batching.max_dominance.free"]),
    ],
)
def test_claims_are_found_by_what_people_call_them(name: str, found: list[str]) -> None:
    assert [claim.id for claim in claims_named([name])] == found


def test_claims_come_once_and_in_the_registry_s_order() -> None:
    names = ["boundary", "token_balance", "batching.boundary"]
    assert [c.id for c in claims_named(names)] == ["batching.token_balance", "batching.boundary"]
    assert claims_named([]) == ()


@pytest.mark.parametrize(
    "name", ["", "g_dom", "g_dominance.", "batching.", "nonsense", "free", "*"]
)
def test_a_name_of_no_claim_is_an_error_that_shows_it(name: str) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(repr(name))):
        claims_named(["boundary", name])


def test_the_guide_names_the_steps_that_these_tests_hold() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    steps = re.split(r"\n## ", guide.partition("## Adding a claim")[2])[0]
    assert re.findall(r"^(\d)\.", steps, re.MULTILINE) == list("12345")
    for word in ("canary", "registry", "Conjecture", "make proofs"):
        assert word in steps
    source = Path(registry.__file__).parents[2]
    for path in re.findall(r"`src/([\w/<>.]+)`", steps):
        assert (source / path.replace("<domain>", "batching")).exists(), path
