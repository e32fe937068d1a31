"""The batching suite covers what can be tried, and what it expects comes out."""

import pkgutil

import pytest

from homeostat.counterexamples.library import CONJECTURES
from homeostat.properties import SUITES, fuzz, suites
from homeostat.properties.suites.batching import BATCHING, NOT_FUZZED


def test_every_conjecture_is_tried_or_left_out_with_a_reason() -> None:
    names = {p.name for p in BATCHING.properties}
    assert set(CONJECTURES) - names == set(NOT_FUZZED)


def test_a_conjecture_known_to_be_false_on_purpose_is_expected_to_be_refuted() -> None:
    for property_ in BATCHING.properties:
        if property_.name in CONJECTURES and CONJECTURES[property_.name].canary:
            assert not property_.holds
            assert property_.claim_id is None


def test_names_are_unique_and_claims_are_batchings() -> None:
    names = [p.name for p in BATCHING.properties]
    assert len(names) == len(set(names))
    for property_ in BATCHING.properties:
        assert property_.statement.endswith(".")
        assert property_.claim_id is None or property_.claim_id.startswith("batching.")


def test_the_registry_holds_the_suites_on_disk() -> None:
    modules = {module.name for module in pkgutil.iter_modules(suites.__path__)}
    assert set(SUITES) <= modules
    assert {name.partition("_")[0] for name in modules} == set(SUITES)
    assert all(name == suite.name for name, suite in SUITES.items())


@pytest.mark.slow
def test_the_whole_suite_comes_out_as_expected() -> None:
    found = fuzz("batching", examples=25)
    wrong = [r.line() for r in found.results if not r.as_expected]
    assert not wrong
    assert found.exit_code == 0
    assert all(r.minimal for r in found.results if r.outcome == "refuted")
    assert len(found.results) == len(BATCHING.properties)
