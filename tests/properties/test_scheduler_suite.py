"""The suite of the scheduler: what its machine reaches, and that runs are repeatable."""

from functools import partial

import pytest

from homeostat.properties import fuzz
from homeostat.properties.machines.naive_scheduler import NaiveScheduler
from homeostat.properties.machines.scheduler import SchedulerTwinMachine
from homeostat.properties.runner import run_property
from homeostat.properties.statements import StatefulProperty
from homeostat.runtime.scheduler import Limits, Request, Scheduler, policy_named


@pytest.mark.slow
def test_equal_seeds_give_equal_runs_and_others_differ() -> None:
    def run(seed: int) -> object:
        return fuzz("scheduler", examples=5, seed=seed, only=["canary_NeverEvicts"]).to_json()

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_the_twin_plans_by_hand_what_the_scheduler_plans() -> None:
    limits = Limits(kv_blocks=3, block_tokens=2, tokens_per_step=4, sequences_max=2)
    policy = policy_named("fcfs+last-in+none")
    twin, ours = NaiveScheduler(limits, policy), Scheduler(limits, policy)
    for name in "ab":
        request = Request(id=name, arrival_ns=0, prompt_tokens=2, output_tokens_max=3)
        twin.submit(request)
        ours.submit(request, 0)
    plan = twin.plan(0)
    assert plan.prefills == [("a", 2), ("b", 2)]
    assert plan.work == plan.prefills
    assert twin.commit(plan.prefills, {"b"}) == {"b"}
    assert [s.request.id for s in ours.commit(ours.plan(0), 0, ["b"])] == ["b"]
    assert twin.plan(0).decodes == ["a"]


@pytest.mark.slow
def test_the_machine_evicts_chunks_expires_and_turns_away() -> None:
    """What the random operations never reach, they cannot check."""
    seen: set[str] = set()

    class Watched(Scheduler):
        def _record(self, kind: str, request_id: str, figure: int) -> None:
            seen.add(kind)

    def make(limits: Limits, policy_name: str) -> Scheduler:
        return Watched(limits, policy_named(policy_name))

    names = ("aging+least-decoded+adaptive", "priority+last-in+fixed", "fcfs+least-decoded+none")
    run_property(
        StatefulProperty(
            name="watched",
            claim_id=None,
            statement="-",
            holds=True,
            machine=partial(SchedulerTwinMachine, make, names),
        ),
        examples=60,
        seed=0,
    )
    assert seen == {
        "submitted",
        "refused",
        "admitted",
        "resumed",
        "first_token",
        "evicted",
        "finished",
        "cancelled",
        "expired",
        "rebid",
    }
