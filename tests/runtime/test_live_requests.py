"""Between steps: times, bids and rates that change, plans given up, sinks that fail, windows."""

from dataclasses import replace
from typing import Any

import pytest

from homeostat.errors import InvalidInputError
from homeostat.models.entropy import Regime
from homeostat.properties.machines.naive_scheduler import NaiveScheduler
from homeostat.runtime.scheduler import (
    TIME_NS_MAX,
    Event,
    EventLog,
    Limits,
    Plan,
    Policy,
    Request,
    Scheduler,
    policy_named,
)
from homeostat.runtime.scheduler.memory import KVMemory
from homeostat.runtime.scheduler.requests import Sequence
from homeostat.runtime.scheduler.window import AdaptiveWindow

MS = 10**6
SECOND = 10**9
SMALL = Limits(kv_blocks=16, block_tokens=4, tokens_per_step=16, sequences_max=8)


def request(
    name: str, arrival_ns: int = 0, prompt: int = 4, output: int = 4, **more: int
) -> Request:
    return Request(
        id=name,
        arrival_ns=arrival_ns,
        prompt_tokens=prompt,
        output_tokens_max=output,
        **more,
    )


def scheduler(policy: str | Policy = "vllm", log: EventLog | None = None) -> Scheduler:
    named = policy_named(policy) if isinstance(policy, str) else policy
    return Scheduler(SMALL, named, log=log)


def held(subject: Scheduler, now_ns: int) -> bool:
    """Whether those that wait are held back; what is planned is committed."""
    plan = subject.plan(now_ns)
    if plan.tokens:
        subject.commit(plan, now_ns)
    return bool(subject.waiting_count)


def finish(subject: Scheduler, now_ns: int) -> list[tuple[str, int]]:
    """Run to the end; returns who finished with how many tokens."""
    done: list[Sequence] = []
    while subject.waiting_count or subject.running_count:
        done += subject.commit(subject.plan(now_ns), now_ns)
        subject._check()
    return [(s.request.id, s.generated) for s in done]


# Times.


@pytest.mark.parametrize("now_ns", [4, -1, 5.0, "yesterday", None, TIME_NS_MAX + 1])
def test_no_call_names_an_earlier_time_than_the_last_or_none(now_ns: Any) -> None:
    log = EventLog()
    subject = scheduler("default", log)
    subject.submit(request("a"), 5)
    for call in (
        lambda: subject.submit(request("b"), now_ns),
        lambda: subject.complaint(request("b"), now_ns),
        lambda: subject.cancel("a", now_ns),
        lambda: subject.cancel("nobody", now_ns),
        lambda: subject.rebid("a", 1, now_ns),
        lambda: subject.change_rate(1, now_ns),
        lambda: subject.plan(now_ns),
    ):
        with pytest.raises(InvalidInputError, match=r"now_ns=.* must be an integer"):
            call()
    assert (subject.now_ns, subject.waiting_count, len(log)) == (5, 1, 1)


def test_a_step_cannot_end_before_a_request_that_came_while_it_ran() -> None:
    subject = scheduler()
    subject.submit(request("a"), 0)
    plan = subject.plan(0)
    subject.submit(request("b", 7), 7)
    with pytest.raises(InvalidInputError, match="now_ns=6 must be an integer >= 7"):
        subject.commit(plan, 6)
    assert subject.commit(plan, 7) == []


def test_a_complaint_is_what_submit_would_say_and_changes_nothing() -> None:
    log = EventLog()
    subject = scheduler(log=log)
    assert subject.complaint(request("a"), 3) is None
    too_big = request("a", prompt=62)
    complaint = subject.complaint(too_big, 3)
    assert (complaint, subject.now_ns, len(log)) == (
        "it may need 17 KV blocks, must be <= 16",
        0,
        0,
    )
    with pytest.raises(InvalidInputError, match=complaint):
        subject.submit(too_big, 3)


@pytest.mark.parametrize("stopped", ["a", "ab"])
def test_a_string_is_no_collection_of_ids(stopped: str) -> None:
    subject = scheduler()
    for name in "ab":
        subject.submit(request(name), 0)
    plan = subject.plan(0)
    with pytest.raises(InvalidInputError, match=r"stopped='.*' must be a collection of ids"):
        subject.commit(plan, 0, stopped)
    assert [s.request.id for s in subject.commit(plan, 0, ["b"])] == ["b"]


# Bids and rates.


def test_a_new_bid_is_told_to_the_log_if_somebody_has_it() -> None:
    log = EventLog()
    subject = scheduler(log=log)
    subject.submit(request("a"), 0)
    assert subject.rebid("a", 9, 3)
    assert not subject.rebid("nobody", 9, 4)
    for bid in (-1, 2**40 + 1, 1.5):
        for name in ("a", "nobody"):
            with pytest.raises(InvalidInputError, match=r"bid=.* must be an integer"):
                subject.rebid(name, bid, 5)  # type: ignore[arg-type]  # wrong on purpose
    assert list(log)[1:] == [Event(3, "rebid", "a", 9)]


def first_admitted(subject: Scheduler, now_ns: int) -> str:
    (admitted,) = subject.plan(now_ns).admitted
    return admitted.request.id


def ageing(*rates: int) -> Scheduler:
    limits = replace(SMALL, sequences_max=1)
    return Scheduler(limits, Policy(order="aging", eviction="last-in", rates=rates))


def test_a_rate_changes_from_now_on_and_what_was_earned_stays() -> None:
    """One waits 10 s for a bid of 5 micro-bids that the other makes: one rate buys it, one not."""
    for rate, first in ((1, "patient"), (0, "bidder")):
        subject = ageing(1)
        subject.submit(request("patient", 0), 0)
        subject.change_rate(rate, 2 * SECOND)
        subject.submit(request("bidder", 10 * SECOND, bid=5), 10 * SECOND)
        subject._check()
        assert first_admitted(subject, 10 * SECOND) == first
    subject = ageing(1)
    subject.submit(request("patient", 0), 0)
    subject.change_rate(0, 6 * SECOND)
    subject.submit(request("bidder", 10 * SECOND, bid=5), 10 * SECOND)
    assert first_admitted(subject, 10 * SECOND) == "patient"


def test_a_rate_changes_for_its_class_alone() -> None:
    subject = ageing(1, 1)
    subject.change_rate(3, 1, rate_class=1)
    subject.submit(request("slow", 1), 1)
    subject.submit(request("fast", 2, rate_class=1), 2)
    assert first_admitted(subject, SECOND) == "fast"


def test_only_aging_has_a_rate_to_change() -> None:
    for order in ("fcfs", "priority", "shortest"):
        with pytest.raises(InvalidInputError, match=f"order='{order}' must be 'aging'"):
            scheduler(f"{order}+last-in+none").change_rate(1, 1)
    subject = ageing(1)
    for arguments, message in (((-1, 1), "rate=-1"), ((1, 1, 1), "rate_class=1")):
        with pytest.raises(InvalidInputError, match=message):
            subject.change_rate(*arguments)
    assert subject.now_ns == 0


@pytest.mark.parametrize("rates", [(1000, 10_000), (10_000, 10_000)])
def test_a_faster_class_that_overloads_starves_a_slower_one(rates: tuple[int, ...]) -> None:
    """Two of the fast class come for one that is served: the oldest has waited for half the time.

    At t it has earned 10,000 t/2 at least, and the slow one 1000 t; at equal rates it goes first.
    """
    subject = ageing(*rates)
    subject.submit(request("running", output=1), 0)
    subject.submit(request("slow", output=1), 0)
    served = []
    for second in range(400):
        plan = subject.plan(second * SECOND)
        for name in "xy":
            fast = request(f"{name}{second}", second * SECOND, output=1, rate_class=1)
            subject.submit(fast, second * SECOND)
        served += [s.request.id for s in subject.commit(plan, (second + 1) * SECOND)]
    assert ("slow" in served) == (rates[0] == rates[1])
    assert len(served) == 400


# Plans that are given up.


def test_what_an_abandoned_plan_computes_waits_again_and_the_rest_runs_on() -> None:
    log = EventLog()
    subject = Scheduler(replace(SMALL, tokens_per_step=8), policy_named("vllm"), log=log)
    subject.submit(request("a"), 0)
    subject.commit(subject.plan(0), 0)
    subject.submit(request("b", prompt=20), 0)
    subject.commit(subject.plan(0), 0)
    subject.submit(request("c"), 0)
    plan = subject.plan(1)
    lost = subject.abandon(plan, 2)
    subject._check()
    assert [(s.request.id, s.generated, s.computed, s.blocks) for s in lost] == [
        ("a", 2, 0, 0),
        ("b", 0, 0, 0),
    ]
    assert [e for e in log if e.time_ns == 2] == [
        Event(2, "evicted", "a", 5),
        Event(2, "evicted", "b", 7),
    ]
    assert (subject.blocks_used, subject.running_count, subject.waiting_count) == (0, 0, 3)
    assert finish(subject, 3) == [("a", 4), ("b", 4), ("c", 4)]
    assert [s.recomputed for s in lost] == [5, 7]


def test_an_abandoned_plan_leaves_those_alone_that_it_does_not_compute() -> None:
    subject = Scheduler(replace(SMALL, tokens_per_step=8), policy_named("vllm"))
    for name in "ab":
        subject.submit(request(name, prompt=6), 0)
    subject.commit(subject.plan(0), 0)
    subject.submit(request("c", prompt=6), 0)
    plan = subject.plan(0)
    assert subject.cancel("a", 0)
    subject.submit(request("a"), 0)
    assert [s.request.id for s in subject.abandon(plan, 0)] == ["b", "c"]
    subject._check()
    assert dict(finish(subject, 0)) == {"a": 4, "b": 4, "c": 4}


def test_a_plan_is_committed_or_abandoned_once() -> None:
    subject = scheduler("fcfs+reservation+none")
    subject.submit(request("a"), 0)
    plan = subject.plan(5)
    with pytest.raises(InvalidInputError, match="must be committed or abandoned"):
        subject.plan(5)
    with pytest.raises(InvalidInputError, match="must be the last plan"):
        subject.abandon(Plan(5), 5)
    with pytest.raises(InvalidInputError, match="now_ns=4 must be an integer >= 5"):
        subject.abandon(plan, 4)
    subject.abandon(plan, 5)
    for give_back in (subject.abandon, subject.commit):
        with pytest.raises(InvalidInputError, match="must be the last plan"):
            give_back(plan, 5)
    assert finish(subject, 5) == [("a", 4)]


# Blocks.


def test_a_block_too_much_is_seen_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    take = KVMemory.take
    for policy in ("fcfs+last-in+none", "fcfs+reservation+none"):
        subject = scheduler(policy)
        subject.submit(request("a"), 0)
        subject._check()
        with monkeypatch.context() as leak:
            leak.setattr(KVMemory, "take", lambda self, s, blocks: take(self, s, blocks + 1))
            subject.plan(0)
        with pytest.raises(AssertionError):
            subject._check()


# The log.


def test_a_sink_that_raises_stops_nothing_and_is_counted() -> None:
    broken = OSError("disk full")

    def sink(event: Event) -> None:
        if event.kind != "submitted":
            raise broken

    log = EventLog(sink=sink, events_max=0)
    subject = scheduler(log=log)
    subject.submit(request("a", output=1), 0)
    assert (log.recorded, log.dropped, log.sink_error) == (1, 0, None)
    assert finish(subject, 1) == [("a", 1)]
    log._check()
    assert (log.recorded, log.dropped, log.sink_error) == (4, 3, broken)


# Windows.


def windowed(window_ns: int = 100, **more: Any) -> Policy:
    return Policy(order="fcfs", eviction="last-in", window="fixed", window_ns=window_ns, **more)


def test_a_window_is_closed_by_hand_and_the_next_opens_as_ever() -> None:
    subject = scheduler(windowed())
    subject.submit(request("a", output=1), 0)
    assert held(subject, 1)
    subject.close_window()
    subject._check()
    assert not held(subject, 1)
    subject.submit(request("b", 2), 2)
    assert held(subject, 2)


def test_a_window_closes_when_those_that_wait_fill_the_memory() -> None:
    for prompts, spare, full in (
        ((32,), 0, True),
        ((16, 16), 0, True),
        ((16,), 0, False),
        ((16,), 1, True),
        ((16, 12), 0, False),
        ((16, 13), 0, True),
    ):
        limits = Limits(kv_blocks=8, block_tokens=4, free_blocks_min=spare)
        spare_only = replace(limits, kv_blocks=5) if spare else limits
        subject = Scheduler(spare_only, windowed())
        for n, prompt in enumerate(prompts):
            subject.submit(request(str(n), prompt=prompt, output=1), 0)
        assert bool(subject.plan(0).tokens) == full, (prompts, spare)


def test_a_window_under_reservation_counts_the_memory_of_all_that_may_come() -> None:
    for output, full in ((29, True), (24, False)):
        policy = replace(windowed(), eviction="reservation")
        subject = Scheduler(Limits(kv_blocks=8, block_tokens=4), policy)
        subject.submit(request("a", prompt=4, output=output), 0)
        assert bool(subject.plan(0).tokens) == full


def test_a_window_closes_at_the_end_of_time_at_the_latest() -> None:
    subject = scheduler(windowed(TIME_NS_MAX))
    subject.submit(request("a", 2**61, output=1), 2**61)
    subject._check()
    plan = subject.plan(2**61)
    assert plan.wake_ns == TIME_NS_MAX
    assert not held(subject, plan.wake_ns)


ADAPTIVE = Policy(order="fcfs", eviction="last-in", window="adaptive")


def test_the_regime_follows_arrivals_that_find_somebody_waiting() -> None:
    """While all wait H rises above both thresholds, and falls back between them."""
    subject = Scheduler(replace(SMALL, sequences_max=1), ADAPTIVE)
    now_ns = 0
    subject.submit(request("waits", output=50), now_ns)
    for n in range(60):
        now_ns += (7 * n % 50) * MS
        subject.submit(request(f"uneven{n}", now_ns), now_ns)
    assert isinstance(subject.window, AdaptiveWindow)
    assert subject.monitor.entropy_bits() > 2.5
    assert subject.window.regime is Regime.REACTIVE
    for n in range(50):
        now_ns += (0, 2, 4, 6)[n % 4] * MS
        subject.submit(request(f"even{n}", now_ns), now_ns)
    assert 1.5 < subject.monitor.entropy_bits() < 2.5
    assert subject.window.regime is Regime.REACTIVE


def test_a_request_that_comes_alone_is_held_for_the_whole_base() -> None:
    subject = scheduler(ADAPTIVE)
    subject.submit(request("a", 5), 5)
    assert subject.plan(5).wake_ns == 5 + ADAPTIVE.window_ns


@pytest.mark.parametrize(
    "options",
    [{}, {"bin_width_ns": 20 * MS}, {"bins_per_mean": 4}, {"temperature_bits": 0.5}],
    ids=str,
)
def test_bins_and_temperature_reach_the_window(options: dict[str, Any]) -> None:
    policy = replace(ADAPTIVE, **options)
    subject, twin = scheduler(policy), NaiveScheduler(SMALL, policy)
    now_ns = 0
    wakes = []
    for n in range(40):
        now_ns += (5, 9, 30)[n % 3] * MS
        alone = request(str(n), now_ns)
        subject.submit(alone, now_ns)
        twin.submit(alone)
        wakes.append(subject.plan(now_ns).wake_ns)
        assert wakes[-1] == twin.plan(now_ns).wake_ns
        subject.cancel(alone.id, now_ns)
        twin.drop(alone.id)
    plain = {"bits": 1.58, "width": 7.28}
    expected = {
        "bin_width_ns": {"bits": 0.92, "width": 8.31},
        "bins_per_mean": {"bits": 1.58, "width": 7.28},
        "temperature_bits": {"bits": 1.58, "width": 0.42},
    }
    figures = expected.get(next(iter(options), ""), plain)
    assert subject.monitor.entropy_bits() == pytest.approx(figures["bits"], abs=0.02)
    assert wakes[-1] is not None
    assert (wakes[-1] - now_ns) / MS == pytest.approx(figures["width"], abs=0.05)


def test_relative_bins_see_the_same_at_any_load() -> None:
    def bits(policy: Policy, scale: int) -> float:
        subject = scheduler(policy)
        now_ns = 0
        for n in range(40):
            now_ns += (1, 2, 6)[n % 3] * scale
            subject.submit(request(str(n), now_ns), now_ns)
        return subject.monitor.entropy_bits()

    relative = replace(ADAPTIVE, bins_per_mean=4)
    assert bits(relative, 1000) == bits(relative, 50 * MS) > 1
    assert bits(ADAPTIVE, 1000) == 0 < bits(ADAPTIVE, 50 * MS)
