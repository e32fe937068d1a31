"""The suites cover what can be tried, and what they expect comes out."""

import pkgutil

import cloudpickle
import pytest

from homeostat.counterexamples.library import CONJECTURES
from homeostat.properties import SUITES, StatefulProperty, fuzz, suites
from homeostat.properties.suites.batching import BATCHING, NOT_FUZZED


def test_every_conjecture_is_tried_or_left_out_with_a_reason() -> None:
    names = {p.name for p in BATCHING.properties}
    assert set(CONJECTURES) - names == set(NOT_FUZZED)


def test_a_conjecture_known_to_be_false_on_purpose_is_expected_to_be_refuted() -> None:
    for property_ in BATCHING.properties:
        if property_.name in CONJECTURES and CONJECTURES[property_.name].canary:
            assert not property_.holds
            assert property_.claim_id is None


def test_names_are_unique_and_claims_are_of_a_domain() -> None:
    names = [p.name for suite in SUITES.values() for p in suite.properties]
    assert len(names) == len(set(names))
    for property_ in (p for suite in SUITES.values() for p in suite.properties):
        assert property_.statement.endswith(".")
        claim_id = property_.claim_id
        assert claim_id is None or claim_id.partition(".")[0] in {
            "aging",
            "batching",
            "entropy",
            "experts",
            "governor",
        }


def test_the_registry_holds_the_suites_on_disk() -> None:
    modules = {module.name for module in pkgutil.iter_modules(suites.__path__)}
    own = {name.replace("-", "_") for name in SUITES}
    assert own <= modules
    assert all(any(m == name or m.startswith(f"{name}_") for name in own) for m in modules)
    assert all(name == suite.name for name, suite in SUITES.items())


@pytest.mark.parametrize("name", SUITES)
def test_every_property_can_travel_to_another_process(name: str) -> None:
    for property_ in SUITES[name].properties:
        there = cloudpickle.loads(cloudpickle.dumps(property_))
        assert there.name == property_.name


@pytest.mark.slow
@pytest.mark.parametrize("name", SUITES)
def test_the_whole_suite_comes_out_as_expected(name: str) -> None:
    found = fuzz(name, examples=25)
    wrong = [r.line() for r in found.results if not r.as_expected]
    assert not wrong
    assert found.exit_code == 0
    stateful = {p.name for p in SUITES[name].properties if isinstance(p, StatefulProperty)}
    for result in found.results:
        assert result.minimal == (result.outcome == "refuted" and result.name not in stateful)
        assert (result.steps is not None) == (result.name in stateful)
    assert len(found.results) == len(SUITES[name].properties)
