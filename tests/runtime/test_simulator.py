import random
from dataclasses import replace

import pytest

from homeostat.errors import InvalidInputError
from homeostat.runtime.metrics import summarise
from homeostat.runtime.scheduler import (
    ALL_POLICIES,
    Limits,
    Plan,
    Policy,
    Request,
    Scheduler,
    Sequence,
    policy_named,
)
from homeostat.runtime.simulator import (
    Run,
    StepTime,
    Work,
    demand_conserved,
    peaks_of,
    requests_of,
    simulate,
)
from homeostat.runtime.traces import MeasuredTimes, Trace, TraceRequest

TIME = StepTime(step_ns=1000.0, prefill_token_ns=10.0, context_token_ns=1.0, attention_pair_ns=2.0)
ROOMY = Limits(kv_blocks=1000, block_tokens=4, tokens_per_step=64, sequences_max=8)
TIGHT = Limits(kv_blocks=24, block_tokens=4, tokens_per_step=64, sequences_max=8)
VLLM = policy_named("vllm")


def a_request(number: int, *, arrival_ns: int = 0, prompt: int = 10, output: int = 3) -> Request:
    return Request(
        id=str(number), arrival_ns=arrival_ns, prompt_tokens=prompt, output_tokens_max=output
    )


def a_crowd(count: int = 40, seed: int = 1) -> list[Request]:
    rng = random.Random(seed)
    return [
        a_request(
            number,
            arrival_ns=rng.randrange(60_000),
            prompt=rng.randrange(1, 40),
            output=rng.randrange(1, 30),
        )
        for number in range(count)
    ]


def test_a_request_alone_takes_what_the_formula_says() -> None:
    run = simulate([a_request(0, arrival_ns=500)], Scheduler(ROOMY, VLLM), TIME)
    (sequence,) = run.finished
    # 10 tokens that attend to 1 + .. + 10; then decodes that read 11 and 12 tokens of KV.
    first = 500 + 1000 + 10 * 10 + 2 * 55
    assert sequence.first_token_ns == first
    assert sequence.finished_ns == first + (1000 + 11) + (1000 + 12)
    assert [step.work for step in run.steps] == [
        Work(10, 0, 0, 55),
        Work(0, 1, 11, 0),
        Work(0, 1, 12, 0),
    ]


def test_a_long_prompt_reads_the_kv_of_its_own_earlier_chunks() -> None:
    run = simulate([a_request(0, prompt=100, output=1)], Scheduler(ROOMY, VLLM), TIME)
    chunk = sum(64 + i for i in range(1, 37))
    assert [step.work for step in run.steps] == [
        Work(64, 0, 0, 64 * 65 // 2),
        Work(36, 0, 64, chunk),
    ]


def test_with_overlap_an_arrival_within_a_step_misses_the_next_plan() -> None:
    requests = [a_request(0, output=9), a_request(1, arrival_ns=5)]
    admitted = {}
    for overlap in (True, False):
        run = simulate(requests, Scheduler(ROOMY, VLLM), TIME, overlap=overlap)
        found = {s.request.id: s.admitted_ns for s in run.finished}
        admitted[overlap] = [step.start_ns for step in run.steps].index(found["1"] or 0)
    assert admitted == {True: 2, False: 1}


def test_the_engine_sleeps_until_something_arrives() -> None:
    run = simulate([a_request(0), a_request(1, arrival_ns=10**9)], Scheduler(ROOMY, VLLM), TIME)
    assert run.steps[3].start_ns == 10**9
    assert len(run.steps) == 6


@pytest.mark.parametrize("limits", [ROOMY, TIGHT], ids=["roomy", "tight"])
@pytest.mark.parametrize("policy", ALL_POLICIES, ids=lambda policy: policy.name)
def test_every_policy_serves_each_request_once_token_for_token(
    policy: Policy, limits: Limits
) -> None:
    requests = a_crowd()
    run = simulate(requests, Scheduler(limits, policy), TIME)
    demand_conserved(requests, run)
    assert all(s.blocks_used <= limits.kv_blocks for s in run.steps)
    if limits is TIGHT and policy.evicts:
        assert summarise(run.finished).evictions > 0, "this crowd is to be too much"


def test_the_same_input_gives_the_same_run() -> None:
    first, second = (simulate(a_crowd(), Scheduler(TIGHT, VLLM), TIME) for _ in range(2))
    assert first.steps == second.steps
    other = simulate(a_crowd(seed=2), Scheduler(TIGHT, VLLM), TIME)
    assert other.steps != first.steps


def test_what_was_found_in_freed_blocks_takes_no_time() -> None:
    requests = a_crowd()
    found = simulate(requests, Scheduler(TIGHT, VLLM), TIME)
    lost = simulate(requests, Scheduler(TIGHT, VLLM), TIME, reuse=False)
    assert found.reused_tokens > 0 == lost.reused_tokens
    assert summarise(found.finished).makespan_ns < summarise(lost.finished).makespan_ns
    for run in (found, lost):
        demand_conserved(requests, run)


def test_a_sequence_that_returns_computes_what_was_overwritten() -> None:
    limits = Limits(kv_blocks=8, block_tokens=4, tokens_per_step=64, sequences_max=4)
    requests = [a_request(0, prompt=8, output=20), a_request(1, prompt=12, output=10)]
    run = simulate(requests, Scheduler(limits, VLLM), TIME)
    # With 16 tokens computed in 4 blocks "1" is evicted; 3 of them go to "0" before it ends.
    (back,) = [step for step in run.steps[1:] if step.work.prefill_tokens]
    assert back.tokens == 17
    assert back.work == Work(13, 0, 4, 13 * 4 + 13 * 14 // 2)
    assert run.reused_tokens == 4


def test_a_request_that_never_fits_is_refused_and_the_others_are_served() -> None:
    requests = [a_request(0, prompt=500), a_request(1)]
    run = simulate(requests, Scheduler(TIGHT, VLLM), TIME)
    assert run.refused == ["0"]
    assert [s.request.id for s in run.finished] == ["1"]
    demand_conserved(requests, run)


def test_a_request_that_finds_the_queue_full_is_refused() -> None:
    requests = [a_request(number) for number in range(5)]
    limits = replace(ROOMY, waiting_max=2)
    run = simulate(requests, Scheduler(limits, VLLM), TIME)
    assert run.refused == ["2", "3", "4"]
    demand_conserved(requests, run)


def test_deadlines_are_not_simulated() -> None:
    with pytest.raises(InvalidInputError, match="deadline_ns"):
        simulate([replace(a_request(0), deadline_ns=9)], Scheduler(ROOMY, VLLM), TIME)


def test_progress_is_told_and_a_run_can_be_ended_early() -> None:
    told: list[int] = []
    run = simulate(
        a_crowd(),
        Scheduler(ROOMY, VLLM),
        TIME,
        progress=told.append,
        until=lambda run: len(run.finished) >= 5,
    )
    assert told == sorted(set(told))
    assert told[-1] == len(run.finished) >= 5


def test_requests_of_a_measured_run_arrive_when_they_were_queued() -> None:
    def served(queued_ns: int) -> MeasuredTimes:
        return MeasuredTimes(
            queued_ns=queued_ns, scheduled_ns=90, first_token_ns=91, last_token_ns=92
        )

    rows = [
        TraceRequest(arrival_ns=0, prompt_tokens=1, output_tokens=4, measured=served(7)),
        TraceRequest(arrival_ns=1, prompt_tokens=2, output_tokens=5, measured=served(3)),
    ]
    requests = requests_of(Trace("two", tuple(rows)))
    assert [(r.id, r.arrival_ns, r.prompt_tokens) for r in requests] == [("0", 3, 2), ("1", 7, 1)]


def test_peaks_are_those_of_gauges_read_once_a_second() -> None:
    run = simulate(a_crowd(), Scheduler(ROOMY, VLLM), TIME)
    # All of it happens within the first second, of which the first step is read.
    assert peaks_of(run).running == run.steps[0].running
    slow = simulate(a_crowd(), Scheduler(ROOMY, VLLM), lambda work: 2 * 10**9)
    assert peaks_of(slow).running == max(step.running for step in slow.steps)


@pytest.mark.parametrize("field", ["step_ns", "attention_pair_ns"])
@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), 1e300, 2**62 + 1, "1", True])
def test_a_step_time_refuses_what_is_no_time(field: str, value: object) -> None:
    with pytest.raises(InvalidInputError, match=field):
        replace(TIME, **{field: value})  # type: ignore[arg-type]


def test_a_step_that_ends_beyond_all_times_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=f"must be <= {2**62}: the step time is too long"):
        simulate(a_crowd(), Scheduler(ROOMY, VLLM), replace(TIME, step_ns=2.0**62))


def test_a_step_time_is_what_its_json_says() -> None:
    assert StepTime.from_json(TIME.to_json()) == TIME
    for data in ({}, {**TIME.to_json(), "more": 1.0}):
        with pytest.raises(InvalidInputError, match="fields"):
            StepTime.from_json(data)
    with pytest.raises(InvalidInputError, match="must be > 0"):
        replace(TIME, step_ns=0.0, context_token_ns=0.0)


# Canaries: schedulers that are broken on purpose.


class Forgetful(Scheduler):
    """Does not say that the third one has ended."""

    def commit(self, plan: Plan, now_ns: int, *rest: object) -> list[Sequence]:
        return [s for s in super().commit(plan, now_ns) if s.request.id != "3"]


class Generous(Scheduler):
    """Ends a sequence one token early."""

    def commit(self, plan: Plan, now_ns: int, *rest: object) -> list[Sequence]:
        early = [s.request.id for s in plan.decodes if s.request.id == "3" and s.generated == 5]
        return super().commit(plan, now_ns, early)


class Wasteful(Scheduler):
    """Says that it plans a token more than it does."""

    def plan(self, now_ns: int) -> Plan:
        plan = super().plan(now_ns)
        if plan.tokens:
            plan.tokens += 1
        return plan


class Repeating(Scheduler):
    """Tells of an end twice."""

    def commit(self, plan: Plan, now_ns: int, *rest: object) -> list[Sequence]:
        ended = super().commit(plan, now_ns)
        return [*ended, *(s for s in ended if s.request.id == "3")]


@pytest.mark.parametrize("broken", [Forgetful, Generous, Wasteful, Repeating])
def test_a_broken_scheduler_does_not_pass_for_a_sound_one(broken: type[Scheduler]) -> None:
    requests = [a_request(number, output=9) for number in range(6)]
    demand_conserved(requests, simulate(requests, Scheduler(ROOMY, VLLM), TIME))
    run = simulate(requests, broken(ROOMY, VLLM), TIME)
    with pytest.raises(InvalidInputError):
        demand_conserved(requests, run)


class Lazy(Scheduler):
    """Plans nothing, whoever waits."""

    def plan(self, now_ns: int) -> Plan:
        return Plan(now_ns)


class Restless(Lazy):
    """Asks to be woken at once, for ever."""

    def plan(self, now_ns: int) -> Plan:
        return Plan(now_ns, wake_ns=now_ns)


@pytest.mark.parametrize(("broken", "word"), [(Lazy, "plans nothing"), (Restless, "wake_ns")])
def test_a_scheduler_that_stands_still_does_not_hang_the_simulation(
    broken: type[Scheduler], word: str
) -> None:
    with pytest.raises(InvalidInputError, match=word):
        simulate([a_request(0)], broken(ROOMY, VLLM), TIME)


def a_forged_run() -> Run:
    return simulate([a_request(0), a_request(1)], Scheduler(ROOMY, VLLM), TIME)


def test_each_kind_of_forgery_is_noticed() -> None:
    requests = [a_request(0), a_request(1)]
    demand_conserved(requests, a_forged_run())
    invented = a_forged_run()
    step = invented.steps[0]
    more = step.work._replace(prefill_tokens=step.work.prefill_tokens + 1)
    invented.steps[0] = step._replace(tokens=step.tokens + 1, work=more)
    with pytest.raises(InvalidInputError, match="were needed"):
        demand_conserved(requests, invented)
    reused = a_forged_run()
    reused.reused_tokens += 1
    with pytest.raises(InvalidInputError, match="reused"):
        demand_conserved(requests, reused)
    twice = a_forged_run()
    twice.refused.append("0")
    with pytest.raises(InvalidInputError, match="3 ends of 2"):
        demand_conserved(requests, twice)
    early = a_forged_run()
    early.finished[0].first_token_ns = 0
    with pytest.raises(InvalidInputError, match="in this order"):
        demand_conserved(requests, early)


def test_steps_that_overlap_in_time_are_noticed() -> None:
    requests = [a_request(0)]
    run = simulate(requests, Scheduler(ROOMY, VLLM), TIME)
    run.steps[1] = run.steps[1]._replace(start_ns=run.steps[0].end_ns - 1)
    with pytest.raises(InvalidInputError, match="overlap"):
        demand_conserved(requests, run)
    with pytest.raises(InvalidInputError, match="ends"):
        demand_conserved(requests, Run())
