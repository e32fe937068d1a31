"""Each broken queue is caught by the state machine, and a right one is accepted."""

from dataclasses import replace
from pathlib import Path

import pytest

from homeostat.properties import StatefulProperty, fuzz
from homeostat.properties.results import PropertyResult
from homeostat.properties.runner import run_property
from homeostat.properties.suites.aging_queue import AGING_QUEUE

BROKEN = Path(__file__).with_name("broken_queues.py")


def tried(name: str, check: str) -> PropertyResult:
    """Run one machine, which stops at the first violation and does not shrink it."""
    (found,) = (p for p in AGING_QUEUE.conformance(f"{BROKEN}:{name}") if p.name == check)
    assert isinstance(found, StatefulProperty)
    return run_property(replace(found, holds=False), examples=1500, seed=0)[0]


@pytest.mark.slow
def test_a_queue_written_apart_from_ours_conforms() -> None:
    found = fuzz("aging-queue", target=f"{BROKEN}:Own", examples=60)
    assert found.verdict == "survived"
    assert {r.name for r in found.results if r.holds} == {
        "follows_one_rate",
        "follows_several_rates",
    }
    assert sum(r.outcome == "refuted" for r in found.results) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "FirstComeFirstServed",
        "NeverAges",
        "LatestAmongEquals",
        "FloatPriorities",
        "WholeSeconds",
        "RebidForgetsWaiting",
        "CancelLeavesAGhost",
        "CancelSaysYes",
        "RateRewritesThePast",
        "LosesTheSixth",
        "ReturnsNoneWhenEmpty",
        "CrashesOnRebid",
        "StaleHeadsStay",
        "CompactionLosesOne",
        "RebidForgetsTheKey",
    ],
)
def test_a_broken_queue_is_caught_with_one_rate(name: str) -> None:
    result = tried(name, "follows_one_rate")
    assert result.outcome == "refuted"
    assert result.example is not None
    assert result.example["step"] == len(result.example["operations"])


@pytest.mark.slow
def test_one_rate_for_all_is_right_with_one_rate_and_caught_with_several() -> None:
    assert tried("OneRateForAll", "follows_several_rates").outcome == "refuted"
    found = fuzz(
        "aging-queue", target=f"{BROKEN}:OneRateForAll", examples=60, only=["follows_one_rate"]
    )
    assert found.verdict == "survived"


@pytest.mark.slow
def test_the_operations_shown_are_few_and_end_in_the_wrong_answer() -> None:
    found = fuzz(
        "aging-queue", target=f"{BROKEN}:CancelSaysYes", examples=60, only=["follows_one_rate"]
    )
    (result,) = found.results
    assert (found.exit_code, result.outcome, result.minimal) == (20, "refuted", True)
    assert result.example is not None
    calls = [operation["call"] for operation in result.example["operations"]]
    assert len(calls) == 4
    assert calls[:2] == ["make", "push"]
    assert calls[3] == "cancel"
    assert result.example["operations"][-1]["returned"] is True
    assert result.example["observed"]["problem"] == "cancel must return False"
