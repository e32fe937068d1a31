"""Each broken scheduler is caught by its answers alone, and by the rule that it breaks."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from homeostat.properties.fuzzing import fuzz
from homeostat.properties.machines.scheduler import SchedulerTwinMachine
from homeostat.properties.runner import run_property
from homeostat.properties.statements import StatefulProperty
from homeostat.properties.suites.scheduler import SCHEDULER
from homeostat.properties.targets import Target

BROKEN = Path(__file__).with_name("broken_schedulers.py")

RULES = {
    "CountsBlocksLate": "the blocks must fit",
    "ForgetsTheBudget": "tokens must be those of the step, and within budget",
    "OneSeatTooMany": "sequences_max must not be exceeded",
    "LosesTheSecondChunk": "a plan must have work while requests are live",
    "LosesGeneratedTokens": "a decode must have one token left to compute",
    "EndsTwice": "a commit must return who is finished, once",
    "EndsTheCancelled": "a commit must return who is finished, once",
    "ForgetsDeadlines": "a plan must drop exactly the expired",
    "ExpiresEarly": "a plan must drop exactly the expired",
    "ServesTheLastFirst": "nobody may be admitted past",
    "PassesTheHead": "nobody may be admitted past",
    "ReservesThePromptOnly": "a policy with reservation must never evict",
    "TakesAnything": "submit must raise Exception",
    "AdmitsNobody": "a plan must have work while requests are live",
    "EvictsForEver": "somebody must end in bounded time",
    "HoldsABlockTooMany": "its own _check must not raise",
}

TWIN_RULES = {
    "ForgetsTheRate": "nobody may be admitted past",
    "KeepsTheWindowOpen": "prefills must be the twin's",
    "KeepsWhatFailed": "admitted must be the twin's",
    "LooksAwayWhileTheyWait": "prefills must be the twin's",
    "WaitsForMoreThanFits": "prefills must be the twin's",
}
"""What the contract of others says nothing of."""


def target(name: str) -> str:
    return f"{BROKEN}:{name}"


def test_a_right_scheduler_keeps_the_contract() -> None:
    found = fuzz(SCHEDULER, target=target("Own"), examples=20, only=["keeps_the_contract"])
    assert found.verdict == "survived"


@pytest.mark.parametrize("name", RULES)
def test_a_broken_scheduler_is_caught_by_the_rule_that_it_breaks(name: str) -> None:
    (contract, *_) = SCHEDULER.conformance(target(name))
    # Known to be false: it gets more cases, and is not shrunk.
    result, _ = run_property(replace(contract, holds=False), examples=1, seed=0)
    assert result.outcome == "refuted"
    assert result.example is not None
    assert result.example["observed"]["problem"] == RULES[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", TWIN_RULES)
def test_a_broken_scheduler_is_not_the_twin(name: str) -> None:
    policies = ("aging+last-in+none", "aging+least-decoded+fixed", "fcfs+reservation+adaptive")
    machine = partial(SchedulerTwinMachine, Target(target(name)), policies)
    twin = StatefulProperty(name="-", claim_id=None, statement="-", holds=False, machine=machine)
    result, _ = run_property(twin, examples=300, seed=0)
    assert result.outcome == "refuted"
    assert result.example is not None
    assert result.example["observed"]["problem"] == TWIN_RULES[name]


@pytest.mark.slow
def test_a_violation_comes_back_as_a_short_list_of_calls() -> None:
    found = fuzz(SCHEDULER, target=target("AdmitsNobody"), only=["keeps_the_contract"])
    assert found.exit_code == 20
    (result,) = found.results
    assert result.minimal
    assert result.example is not None
    calls = [operation["call"] for operation in result.example["operations"]]
    assert calls in (["make", "submit", "drain"], ["make", "submit", "plan"])
    json.dumps(result.to_json())


def test_a_target_is_tried_under_the_policies_that_it_names() -> None:
    (contract, *_) = SCHEDULER.conformance(target("FirstComeFirstServed"))
    assert isinstance(contract, StatefulProperty)
    result, _ = run_property(contract, examples=20, seed=0)
    assert result.outcome == "survived"
