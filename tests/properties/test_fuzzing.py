"""A run of a suite: deterministic, honest about what it did not find, and interruptible."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import strategies as st

from homeostat.counterexamples.witness import Witness, replay
from homeostat.errors import InvalidInputError, WitnessRejectedError
from homeostat.models.batching import Pair
from homeostat.properties import (
    FuzzResult,
    Property,
    Suite,
    Violation,
    assert_suite,
    fuzz,
    runner,
)
from homeostat.properties.runner import _heard_interrupts
from homeostat.properties.strategies import batching_parameters, pairs

SOME = ("token_balance", "merge_exact", "g_dominance", "delta_at_peak", "theory_nonnegative")


def a_property(check: Any, *, holds: bool = True, **options: Any) -> Property:
    return Property(
        name=options.pop("name", "one"),
        claim_id=None,
        statement="A statement.",
        holds=holds,
        cases=options.pop("cases", pairs),
        check=check,
        **options,
    )


def a_suite(*properties: Property) -> Suite:
    return Suite(name="own", properties=properties, conformance=lambda _: properties)


def never(_: Any) -> None:
    return None


def always(_: Any) -> Violation:
    return Violation(0, {"figure": "1"})


def negative(pair: Pair) -> Violation | None:
    steps = (t for t, state in enumerate(pair.theory) if min(state) < 0)
    first = next(steps, None)
    return None if first is None else Violation(first, {})


@pytest.mark.slow
def test_equal_seeds_give_equal_json_and_other_seeds_other_cases() -> None:
    first, again, other = (fuzz("batching", examples=20, seed=s, only=SOME) for s in (3, 3, 4))
    assert first.to_json() == again.to_json()
    assert first.to_json()["properties"] != other.to_json()["properties"]


@pytest.mark.slow
def test_a_propertys_cases_do_not_depend_on_the_others_in_the_run() -> None:
    whole = fuzz("batching", examples=20, only=SOME)
    alone = fuzz("batching", examples=20, only=["g_dominance"])
    assert alone.results[0] in whole.results


@pytest.mark.slow
def test_workers_find_what_one_process_finds() -> None:
    one, two = (fuzz("batching", examples=20, only=SOME, jobs=jobs) for jobs in (1, 2))
    assert one.to_json() == two.to_json()


DRAWS_ALL = """
import sys
{imports}
from homeostat.properties import Property, Suite, fuzz
from hypothesis.strategies import integers, lists

one = Property(name="one", claim_id=None, statement="It is drawn.", holds=True,
               cases=lambda: lists(integers(1, 1000), min_size=30),
               check=lambda case: print(case))
fuzz(Suite(name="own", properties=(one,), conformance=lambda _: ()), examples=50)
"""


@pytest.mark.slow
def test_another_process_with_other_modules_draws_the_same(tmp_path: Any) -> None:
    """Were it not stopped, Hypothesis would draw numbers that it read in loaded modules."""
    constants = "\n".join(f"X{i} = {i}" for i in range(101, 1000))
    (tmp_path / "many_constants.py").write_text(constants)
    drawn = [
        subprocess.run(
            [sys.executable, "-c", DRAWS_ALL.format(imports=imports)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for imports in ("", f"sys.path.insert(0, {str(tmp_path)!r}); import many_constants")
    ]
    assert len(set(drawn[0])) == 50
    assert drawn[0] == drawn[1]


@pytest.mark.slow
def test_a_property_that_should_hold_and_does_not_fails_the_run() -> None:
    found = fuzz(a_suite(a_property(never, name="good"), a_property(negative)), examples=100)
    good, bad = found.results
    assert (good.outcome, good.cases, good.as_expected) == ("survived", 100, True)
    assert (bad.outcome, bad.minimal, bad.as_expected) == ("refuted", True, False)
    assert found.verdict == "refuted"
    assert found.exit_code == 20
    assert bad.example is not None
    assert bad.example["parameters"]["capacity"] == "1"
    assert bad.example["step"] >= 1


def test_a_false_property_that_is_not_refuted_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runner, "CANARY_EXAMPLES_MIN", 10)
    found = fuzz(a_suite(a_property(never, holds=False)), examples=5)
    (result,) = found.results
    assert (result.outcome, result.as_expected) == ("unknown", False)
    assert result.reason == "known to be false, yet 10 cases did not show it"
    assert found.verdict == "unknown"
    assert found.exit_code == 30


@pytest.mark.slow
def test_a_false_property_gets_more_cases_than_asked_for() -> None:
    found = fuzz("batching", examples=1, only=["g_dominance"])
    assert found.verdict == "survived"
    assert found.results[0].cases > 1


@pytest.mark.slow
def test_assumptions_that_no_case_meets_are_unknown_and_not_survived() -> None:
    found = fuzz(a_suite(a_property(always, admits=lambda _: False)), examples=5)
    (result,) = found.results
    assert (result.outcome, result.cases) == ("unknown", 0)
    assert result.reason == "no case satisfied the assumptions"


def test_only_admitted_cases_are_checked_and_counted() -> None:
    def odd(parameters: Any) -> bool:
        return bool(parameters.l_b % 2)

    seen: list[Any] = []
    suite = a_suite(a_property(seen.append, admits=odd, cases=batching_parameters))
    found = fuzz(suite, examples=30)
    assert seen
    assert all(map(odd, seen))
    assert found.results[0].cases == len(seen)


def test_an_example_that_does_not_replay_is_unknown() -> None:
    def refuse(*_: Any) -> Mapping[str, Any]:
        raise WitnessRejectedError("step=1 must violate it")

    (result,) = fuzz(a_suite(a_property(always, example=refuse)), examples=5).results
    assert result.outcome == "unknown"
    assert result.reason == "did not replay: step=1 must violate it"


def test_a_check_that_changes_its_mind_is_said_to() -> None:
    calls = iter(range(10**6))

    def fickle(_: Any) -> Violation | None:
        return Violation(0, {}) if next(calls) == 3 else None

    (result,) = fuzz(a_suite(a_property(fickle)), examples=10).results
    assert (result.outcome, result.minimal) == ("refuted", False)
    assert result.reason is not None
    assert "equal calls do not give equal results" in result.reason


def test_an_error_of_our_own_is_not_taken_for_a_finding() -> None:
    def broken(_: Any) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fuzz(a_suite(a_property(broken)), examples=5)


def test_ctrl_c_keeps_what_was_found() -> None:
    calls = iter(range(10**6))

    def stops(_: Any) -> None:
        if next(calls) == 7:
            raise KeyboardInterrupt

    suite = a_suite(
        a_property(negative, name="before", holds=False),
        a_property(stops, name="stopped"),
        a_property(never, name="after"),
    )
    found = fuzz(suite, examples=50)
    assert [r.name for r in found.results] == ["before", "stopped"]
    assert [r.outcome for r in found.results] == ["refuted", "unknown"]
    assert found.results[1].reason == "interrupted after 8 cases"
    assert found.results[1].line() == "unknown stopped: 8 cases, interrupted"
    assert found.interrupted
    assert found.verdict == "unknown"
    assert found.exit_code == 130
    with pytest.raises(KeyboardInterrupt):
        assert_suite(a_suite(a_property(_interrupt)))


def _interrupt(_: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.slow
def test_ctrl_c_in_several_processes_keeps_what_is_done_whatever_its_place() -> None:
    def sleeps(_: Any) -> None:
        time.sleep(60)

    def done(_: str) -> None:
        raise KeyboardInterrupt

    suite = a_suite(
        a_property(sleeps, name="slow", cases=st.booleans),
        a_property(lambda _: None, name="quick", cases=st.booleans),
    )
    found = fuzz(suite, examples=1, jobs=2, progress=done)
    assert [r.name for r in found.results] == ["quick"]
    assert found.interrupted


def test_ctrl_c_while_shrinking_keeps_the_case() -> None:
    failures = iter(range(10**6))

    def violates(pair: Pair) -> Violation | None:
        found = negative(pair)
        if found is not None and next(failures) == 3:
            raise KeyboardInterrupt
        return found

    found = fuzz(a_suite(a_property(violates)), examples=200)
    (result,) = found.results
    assert (result.outcome, result.minimal) == ("refuted", False)
    assert found.interrupted
    assert found.exit_code == 20


def test_progress_is_told_of_each_property() -> None:
    lines: list[str] = []
    fuzz(
        "batching", examples=5, only=["token_balance", "theory_nonnegative"], progress=lines.append
    )
    assert lines[0] == "1/2 survived token_balance: 5 cases, as expected"
    assert lines[1].startswith("2/2 refuted theory_nonnegative: ")


@pytest.mark.slow
def test_the_counterexample_to_a_conjecture_is_a_witness_that_replays() -> None:
    found = fuzz("batching", examples=5, only=["g_dominance", "merge_any_split"])
    for result in found.results:
        witness = Witness.from_json(json.loads(json.dumps(result.example)))
        assert witness.conjecture == result.name
        assert replay(witness).step_count == witness.step


def test_the_json_says_what_was_run() -> None:
    data = fuzz("batching", examples=5, seed=9, only=["g_dominance"]).to_json()
    assert json.loads(json.dumps(data)) == data
    assert data["schema"] == "homeostat.fuzz/1"
    assert data["replay"] == "homeostat fuzz batching --examples 5 --seed 9"
    (entry,) = data["properties"]
    assert entry["claim"] == "batching.g_dominance"
    assert (entry["expected"], entry["outcome"]) == ("refuted", "refuted")


def test_an_empty_run_claims_nothing() -> None:
    empty = FuzzResult(suite="x", target=None, examples=1, seed=0, results=())
    assert empty.verdict == "unknown"


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({"suite": "no"}, "suite 'no' must be one of"),
        ({"examples": 0}, "examples=0 must be an integer >= 1"),
        ({"examples": True}, "examples=True must be an integer >= 1"),
        ({"examples": 1.5}, "examples=1.5 must be an integer >= 1"),
        ({"jobs": 0}, "jobs=0 must be an integer >= 1, or -1"),
        ({"jobs": -2}, "jobs=-2 must be"),
        ({"only": ["speed"]}, "property 'speed' must be one of"),
        ({"only": []}, "at least one property"),
        ({"seed": "x"}, "seed='x' must be an integer"),
        ({"target": "nothing"}, "must be package.module:callable"),
        ({"target": "no.such.module:step"}, "does not load"),
        ({"target": "missing.py:step"}, "must be a file"),
        ({"target": "math:pi"}, "must be callable"),
        ({"target": "math:nothing"}, "math must have a name 'nothing', has none"),
        ({"target": ":step"}, "must be package.module:callable"),
    ],
)
def test_a_bad_argument_is_refused_with_value_and_rule(options: dict[str, Any], shown: str) -> None:
    suite = options.pop("suite", "batching")
    with pytest.raises(InvalidInputError) as caught:
        fuzz(suite, **options)
    assert shown in str(caught.value)


def test_assert_suite_shows_the_case_and_the_line_that_repeats_it() -> None:
    assert_suite("batching", examples=10, only=["token_balance", "delta_at_peak"])
    with pytest.raises(AssertionError) as caught:
        assert_suite(a_suite(a_property(negative)), examples=100, seed=2)
    text = str(caught.value)
    assert "1 of 1 not as expected" in text
    assert "refuted one" in text
    assert "parameters: {'l0':" in text
    assert "repeat with: homeostat fuzz own --examples 100 --seed 2" in text


def test_an_interrupt_that_a_callback_swallows_is_heard_at_the_next_case() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with _heard_interrupts() as heard:
            with suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            assert heard.is_set()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_where_interrupts_are_ignored_they_stay_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with _heard_interrupts() as heard:
            signal.raise_signal(signal.SIGINT)
            assert not heard.is_set()
    finally:
        signal.signal(signal.SIGINT, before)
