"""What one step does: chunks, blocks, admissions, evictions, ends; and what is refused."""

from collections.abc import Collection

import pytest

from homeostat.errors import InvalidInputError, QueueFullError
from homeostat.runtime.scheduler import (
    Event,
    EventLog,
    Limits,
    Plan,
    Request,
    Scheduler,
    Sequence,
    policy_named,
)


def request(name: str, prompt: int = 4, output: int = 4, **fields: int) -> Request:
    fields = {"arrival_ns": 0} | fields
    return Request(id=name, prompt_tokens=prompt, output_tokens_max=output, **fields)


def scheduler(
    policy: str = "fcfs+least-decoded+none", log: EventLog | None = None, **fields: int
) -> Scheduler:
    limits = {"kv_blocks": 16, "block_tokens": 4, "tokens_per_step": 16, "sequences_max": 8}
    return Scheduler(Limits(**(limits | fields)), policy_named(policy), log=log)


def step(subject: Scheduler, now_ns: int = 0, stopped: Collection[str] = ()) -> Plan:
    plan = subject.plan(now_ns)
    subject._check()
    if plan.tokens:
        subject.commit(plan, now_ns, stopped)
        subject._check()
    return plan


def ids(sequences: list[Sequence]) -> list[str]:
    return [s.request.id for s in sequences]


def chunks(plan: Plan) -> list[tuple[str, int]]:
    return [(s.request.id, tokens) for s, tokens in plan.prefills]


def test_a_long_prompt_is_computed_in_chunks_and_samples_with_the_last() -> None:
    subject = scheduler(tokens_per_step=8)
    subject.submit(request("a", prompt=20), 0)
    seen = [(chunks(step(subject, t)), subject.running[0].generated) for t in range(3)]
    assert seen == [([("a", 8)], 0), ([("a", 8)], 0), ([("a", 4)], 1)]
    assert subject.running[0].first_token_ns == 2
    assert ids(step(subject, 3).decodes) == ["a"]


def test_decodes_go_first_then_running_prefills_then_admissions() -> None:
    subject = scheduler(tokens_per_step=8)
    subject.submit(request("a", prompt=2), 0)
    step(subject)
    subject.submit(request("b", prompt=12), 0)
    assert chunks(step(subject)) == [("b", 7)]
    subject.submit(request("c", prompt=6), 0)
    plan = step(subject)
    assert (ids(plan.decodes), chunks(plan), plan.tokens) == (["a"], [("b", 5), ("c", 2)], 8)


def test_a_sequence_holds_the_blocks_of_what_is_computed() -> None:
    subject = scheduler()
    subject.submit(request("a", prompt=4, output=6), 0)
    held = []
    while subject.waiting_count or subject.running_count:
        subject.plan(0)
        held.append(subject.blocks_used)
        assert subject._open is not None
        subject.commit(subject._open, 0)
    assert held == [1, 2, 2, 2, 2, 3]
    assert subject.blocks_used == 0


def test_the_last_token_needs_no_memory_so_a_request_may_fill_it_exactly() -> None:
    subject = scheduler(kv_blocks=2)
    subject.submit(request("a", prompt=4, output=5), 0)
    with pytest.raises(InvalidInputError, match="may need 3 KV blocks, must be <= 2"):
        subject.submit(request("b", prompt=4, output=6), 0)
    plans = [step(subject) for _ in range(5)]
    assert subject.running_count == 0
    assert not any(plan.evicted for plan in plans)


def crowded(policy: str) -> tuple[Scheduler, Plan]:
    """Three sequences of one block each in three blocks; b has decoded most, c came last."""
    subject = scheduler(policy, kv_blocks=3, tokens_per_step=8)
    subject.submit(request("b", prompt=1, output=9, bid=3), 0)
    step(subject)
    subject.submit(request("a", prompt=1, output=9, bid=2), 0)
    subject.submit(request("c", prompt=1, output=9, bid=1), 0)
    step(subject)
    step(subject)
    return subject, step(subject)


def test_the_least_decoded_loses_its_memory_when_it_runs_out() -> None:
    subject, before = crowded("fcfs+least-decoded+none")
    assert not before.evicted
    plan = subject.plan(0)
    assert (ids(plan.evicted), ids(plan.decodes)) == (["c"], ["b", "a"])
    (evicted,) = plan.evicted
    assert (evicted.generated, evicted.computed, evicted.blocks) == (3, 0, 0)
    assert ids(subject.waiting) == ["c"]


def test_an_evicted_sequence_computes_again_what_it_had_and_counts_it() -> None:
    subject, _ = crowded("fcfs+least-decoded+none")
    (evicted,) = step(subject).evicted
    subject.cancel("a", 0)
    subject.cancel("b", 0)
    assert chunks(step(subject)) == [("c", 4)]
    assert (evicted.recomputed, evicted.generated, evicted.evictions) == (3, 4, 1)


def test_recomputed_tokens_are_counted_each_time_and_new_ones_never() -> None:
    subject = scheduler(tokens_per_step=8)
    subject.submit(request("a", prompt=20), 0)
    step(subject)
    (sequence,) = subject.running
    for _ in range(2):
        subject._evict(sequence, Plan(0))
        assert chunks(step(subject)) == [("a", 8)]
    assert sequence.recomputed == 16
    assert chunks(step(subject)) == [("a", 8)]
    assert sequence.recomputed == 16


def test_a_step_that_evicts_admits_nobody() -> None:
    subject = scheduler("shortest+least-decoded+none", kv_blocks=4)
    subject.submit(request("a", prompt=3, output=9), 0)
    step(subject)
    subject.submit(request("c", prompt=8, output=9), 0)
    step(subject)
    subject.submit(request("d", prompt=1, output=1), 0)
    plan = step(subject)
    assert ids(plan.evicted) == ["c"]
    assert not plan.admitted
    assert subject.blocks_used == 2
    assert ids(step(subject).admitted) == ["d"]


def test_an_evicted_request_keeps_its_place_before_later_ones() -> None:
    subject, _ = crowded("fcfs+least-decoded+none")
    subject.submit(request("d", prompt=1, output=1, arrival_ns=5), 5)
    step(subject, 5)
    order = []
    for _ in range(40):
        order += ids(step(subject, 5).admitted)
    assert order.index("c") < order.index("d")


def test_the_first_that_does_not_fit_is_not_passed_by() -> None:
    subject = scheduler(kv_blocks=3)
    for name, prompt in (("a", 8), ("b", 8), ("c", 1)):
        subject.submit(request(name, prompt=prompt, output=1), 0)
    assert ids(subject.plan(0).admitted) == ["a"]


def test_room_to_grow_is_left_free_while_something_runs() -> None:
    subject = scheduler(kv_blocks=3, free_blocks_min=2)
    subject.submit(request("a", prompt=9, output=2), 0)
    assert ids(step(subject).admitted) == ["a"]
    step(subject)
    subject.submit(request("b", output=9), 0)
    subject.submit(request("c"), 0)
    assert ids(step(subject).admitted) == ["b"]


def test_reservation_holds_from_admission_all_that_may_come() -> None:
    subject = scheduler("fcfs+reservation+none", kv_blocks=4)
    for name in ("a", "b"):
        subject.submit(request(name, prompt=1, output=12), 0)
    assert ids(subject.plan(0).admitted) == ["a"]
    assert subject.blocks_used == 3


def test_a_sequence_ends_at_its_limit_or_where_the_engine_says() -> None:
    subject = scheduler()
    subject.submit(request("a", output=1), 0)
    subject.submit(request("b", output=9), 0)
    assert ids(subject.commit(subject.plan(0), 7)) == ["a"]
    (b,) = subject.commit(subject.plan(7), 9, ["b", "b"])
    assert (b.generated, b.first_token_ns, b.finished_ns) == (2, 7, 9)
    assert subject.running_count == subject.blocks_used == 0


def test_what_stops_must_have_sampled_and_else_nothing_changes() -> None:
    subject = scheduler(tokens_per_step=8)
    subject.submit(request("a", prompt=10), 0)
    subject.submit(request("b"), 0)
    plan = subject.plan(0)
    for name in ("a", "b", "nobody"):
        with pytest.raises(InvalidInputError, match=f"stopped='{name}' must have sampled"):
            subject.commit(plan, 0, [name])
    assert subject.commit(plan, 0) == []
    assert subject.running[0].computed == 8


def test_a_sequence_cancelled_between_plan_and_commit_is_ignored() -> None:
    subject = scheduler()
    for name in ("a", "b"):
        subject.submit(request(name), 0)
    step(subject)
    subject.submit(request("c"), 0)
    plan = subject.plan(0)
    gone = [s for s in subject.running if s.request.id != "b"]
    for name in ("a", "c"):
        assert subject.cancel(name, 0)
        subject.submit(request(name), 0)
    assert subject.commit(plan, 0, ["a", "c"]) == []
    subject._check()
    assert [(s.request.id, s.generated) for s in subject.running] == [("b", 2)]
    assert [s.generated for s in gone] == [1, 0]
    assert sorted(ids(subject.waiting)) == ["a", "c"]


def test_plans_are_committed_one_by_one() -> None:
    subject = scheduler()
    assert subject.plan(0).tokens == 0
    subject.submit(request("a"), 0)
    plan = subject.plan(5)
    with pytest.raises(InvalidInputError, match="must be committed"):
        subject.plan(5)
    with pytest.raises(InvalidInputError, match="the last plan"):
        subject.commit(Plan(5), 5)
    with pytest.raises(InvalidInputError, match="now_ns=4 must be an integer >= 5"):
        subject.commit(plan, 4)
    subject.commit(plan, 5)
    with pytest.raises(InvalidInputError, match="the last plan"):
        subject.commit(plan, 5)
    with pytest.raises(InvalidInputError, match="now_ns=4 must be an integer >= 5"):
        subject.plan(4)


def test_what_cannot_be_served_is_refused_and_leaves_no_trace() -> None:
    log = EventLog()
    subject = scheduler(log=log, waiting_max=1)
    for wrong, message in (
        (request("a", prompt=62), r"may need 17 KV blocks, must be <= 16"),
        (request("a", arrival_ns=1), "arrival_ns=1 must be <= now_ns=0"),
        (request("a", rate_class=1), "rate_class=1 must be < 1"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            subject.submit(wrong, 0)
    subject.submit(request("a"), 0)
    with pytest.raises(InvalidInputError, match="id must not be live"):
        subject.submit(request("a"), 0)
    with pytest.raises(QueueFullError, match="1 requests wait, must be < waiting_max=1"):
        subject.submit(request("b"), 0)
    assert (ids(subject.waiting), subject.blocks_used) == (["a"], 0)
    assert [e.kind for e in log] == ["refused"] * 3 + ["submitted"] + ["refused"] * 2
    step(subject)
    with pytest.raises(InvalidInputError, match="id must not be live"):
        subject.submit(request("a"), 0)


def test_an_evicted_request_is_never_turned_away_by_the_full_queue() -> None:
    subject = scheduler("fcfs+last-in+none", kv_blocks=2, waiting_max=1)
    for name in ("a", "b"):
        subject.submit(request(name, prompt=2), 0)
        step(subject)
    subject.submit(request("c"), 0)
    while not subject.plan(0).evicted:
        assert subject._open is not None
        subject.commit(subject._open, 0)
    subject._check()
    assert sorted(ids(subject.waiting)) == ["b", "c"]


def test_a_deadline_ends_what_waits_and_what_runs() -> None:
    subject = scheduler(sequences_max=1)
    subject.submit(request("a", output=50, deadline_ns=10), 0)
    subject.submit(request("b", deadline_ns=10), 0)
    subject.submit(request("c", deadline_ns=11), 0)
    assert ids(step(subject, 9).decodes) == []
    plan = step(subject, 10)
    assert ids(plan.expired) == ["a", "b"]
    assert ids(plan.admitted) == ["c"]
    assert ids(step(subject, 11).expired) == ["c"]


def test_a_deadline_of_an_ended_request_does_not_end_the_next_of_its_id() -> None:
    subject = scheduler()
    subject.submit(request("a", output=1, deadline_ns=10), 0)
    step(subject)
    subject.submit(request("a", output=50), 0)
    assert step(subject, 10).expired == []
    assert subject.running_count == 1


def test_a_new_bid_counts_for_what_waits_and_for_what_is_evicted() -> None:
    subject, _ = crowded("priority+least-decoded+none")
    assert subject.rebid("c", 9, 0)
    assert not subject.rebid("nobody", 9, 0)
    with pytest.raises(InvalidInputError, match="bid=-1 must be an integer >= 0"):
        subject.rebid("c", -1, 0)
    for name, bid in (("d", 5), ("e", 6)):
        subject.submit(request(name, prompt=1, output=1, bid=bid), 0)
    assert subject.rebid("d", 7, 0)
    assert ids(step(subject).evicted) == ["c"]
    admitted: list[str] = []
    while "e" not in admitted:
        admitted += ids(step(subject).admitted)
    assert list(dict.fromkeys(admitted)) == ["c", "d", "e"]


def test_the_log_tells_each_request_from_submission_to_end() -> None:
    log = EventLog()
    subject = scheduler("fcfs+last-in+none", log=log, kv_blocks=2)
    for name in ("a", "b"):
        subject.submit(request(name, output=3), 0)
    for now_ns in range(1, 7):
        step(subject, now_ns)
    assert list(log) == [
        Event(0, "submitted", "a", 4),
        Event(0, "submitted", "b", 4),
        Event(1, "admitted", "a", 4),
        Event(1, "admitted", "b", 4),
        Event(1, "first_token", "a", 1),
        Event(1, "first_token", "b", 1),
        Event(2, "evicted", "b", 4),
        Event(3, "finished", "a", 3),
        Event(4, "resumed", "b", 5),
        Event(5, "finished", "b", 3),
    ]


@pytest.mark.parametrize("events_max", [0, 2])
def test_the_log_is_a_ring_and_its_sink_sees_everything(events_max: int) -> None:
    seen: list[Event] = []
    ring, log = EventLog(events_max=events_max), EventLog(events_max=events_max, sink=seen.append)
    for t in range(5):
        for each in (ring, log):
            each.record(t, "submitted", str(t), 1)
            each._check()
    assert [e.time_ns for e in log] == [3, 4][:events_max]
    assert (len(log), log.recorded, log.dropped, len(seen)) == (events_max, 5, 0, 5)
    assert (len(ring), ring.recorded, ring.dropped) == (events_max, 5, 5 - events_max)
    with pytest.raises(InvalidInputError, match="events_max=-1"):
        EventLog(events_max=-1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"id": ""}, "id='' must be a string that is not empty"),
        ({"arrival_ns": -1}, "arrival_ns=-1 must be an integer >= 0"),
        ({"arrival_ns": 2**62 + 1}, "arrival_ns=.* must be an integer <= "),
        ({"prompt_tokens": 0}, "prompt_tokens=0 must be an integer >= 1"),
        ({"prompt_tokens": True}, "prompt_tokens=True must be an integer"),
        ({"output_tokens_max": 1.5}, "output_tokens_max=1.5 must be an integer"),
        ({"bid": 2**40 + 1}, "bid=.* must be an integer <= "),
        ({"rate_class": -1}, "rate_class=-1 must be an integer >= 0"),
        ({"deadline_ns": -1}, "deadline_ns=-1 must be an integer >= 0"),
    ],
)
def test_a_request_out_of_range_is_refused(fields: dict[str, object], message: str) -> None:
    good: dict[str, object] = {
        "id": "a",
        "arrival_ns": 0,
        "prompt_tokens": 1,
        "output_tokens_max": 1,
    }
    with pytest.raises(InvalidInputError, match=message):
        Request(**(good | fields))  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("name", ["kv_blocks", "block_tokens", "sequences_max", "waiting_max"])
def test_a_limit_below_one_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError, match=f"{name}=0 must be an integer >= 1"):
        Limits(**({"kv_blocks": 1} | {name: 0}))


def test_a_step_has_room_for_every_sequence_to_decode() -> None:
    with pytest.raises(InvalidInputError, match="tokens_per_step=3 must be >= sequences_max=4"):
        Limits(kv_blocks=1, tokens_per_step=3, sequences_max=4)
