"""The contract of all policies, and what tells each from its neighbours."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from homeostat.errors import InvalidInputError, QueueFullError
from homeostat.runtime.scheduler import (
    ALL_POLICIES,
    PRESETS,
    EventLog,
    Limits,
    Policy,
    Request,
    Scheduler,
    Sequence,
    policy_named,
)
from homeostat.runtime.scheduler.policies import waiting_queue

TINY = Limits(kv_blocks=24, block_tokens=4, tokens_per_step=24, sequences_max=6, waiting_max=40)
ENDS = ("finished", "cancelled", "expired", "refused")


def workload(seed: int, count: int, *, bids: int = 9, deadlines: bool = False) -> list[Request]:
    rng = random.Random(seed)
    requests, now_ns = [], 0
    for n in range(count):
        now_ns += rng.randrange(1, 4)
        deadline_ns = now_ns + rng.randrange(1, 400) if deadlines and n % 5 == 0 else None
        requests.append(
            Request(
                id=f"r{n}",
                arrival_ns=now_ns,
                prompt_tokens=rng.randrange(1, 40),
                output_tokens_max=rng.randrange(1, 40),
                bid=rng.randrange(bids),
                deadline_ns=deadline_ns,
            )
        )
    return requests


class Run:
    """One run to its end; checks the limits in every step and counts how each request ended."""

    def __init__(
        self, policy: Policy, requests: list[Request], limits: Limits = TINY, cancel_each: int = 0
    ) -> None:
        self.log = EventLog()
        self.scheduler = Scheduler(limits, policy, log=self.log)
        self.limits = limits
        self.admitted: list[str] = []
        self.finished: list[str] = []
        self.steps: list[tuple[int, int, int]] = []
        pending, now_ns = requests[::-1], 0
        while pending or self.scheduler.waiting_count or self.scheduler.running_count:
            now_ns += 1
            while pending and pending[-1].arrival_ns <= now_ns:
                self.submit(pending.pop(), now_ns)
            if cancel_each and now_ns % cancel_each == 0:
                self.scheduler.cancel(f"r{now_ns % len(requests)}", now_ns)
            wake_ns = self.step(now_ns)
            now_ns = max(now_ns, wake_ns or 0)

    def submit(self, request: Request, now_ns: int) -> None:
        try:
            self.scheduler.submit(request, now_ns)
        except QueueFullError:
            assert self.scheduler.waiting_count >= self.limits.waiting_max

    def step(self, now_ns: int) -> int | None:
        scheduler, limits = self.scheduler, self.limits
        plan = scheduler.plan(now_ns)
        scheduler._check()
        self.admitted += [s.request.id for s in plan.admitted]
        assert plan.tokens <= limits.tokens_per_step
        assert len(scheduler.running) <= limits.sequences_max
        assert scheduler.blocks_used <= limits.kv_blocks
        self.steps.append((plan.tokens, len(plan.evicted), len(plan.decodes)))
        if plan.tokens:
            self.finished += [s.request.id for s in scheduler.commit(plan, now_ns)]
        return plan.wake_ns

    def counts(self) -> Counter[str]:
        return Counter(event.kind for event in self.log)


def named(policy: Policy) -> str:
    return policy.name


@pytest.mark.parametrize("policy", ALL_POLICIES, ids=named)
def test_each_request_ends_exactly_once_and_all_memory_is_free_again(policy: Policy) -> None:
    requests = workload(1, 120, deadlines=True)
    run = Run(policy, requests, cancel_each=7)
    ended = Counter(event.request_id for event in run.log if event.kind in ENDS)
    assert ended == Counter(request.id for request in requests)
    assert run.scheduler.blocks_used == 0
    counts = run.counts()
    assert min(counts[kind] for kind in ("finished", "cancelled", "expired")) > 0
    assert (counts["evicted"] > 0) == policy.evicts


@pytest.mark.parametrize("policy", ALL_POLICIES, ids=named)
def test_equal_runs_are_equal_event_for_event(policy: Policy) -> None:
    first, second = (Run(policy, workload(2, 50)) for _ in range(2))
    assert list(first.log) == list(second.log)
    assert list(first.log) != list(Run(policy, workload(3, 50)).log)


@pytest.mark.parametrize("policy", ALL_POLICIES, ids=named)
def test_the_name_of_a_policy_is_read_back(policy: Policy) -> None:
    assert policy_named(policy.name) == policy
    assert len({p.name for p in ALL_POLICIES}) == len(ALL_POLICIES)


def test_the_presets_are_policies() -> None:
    assert policy_named("vllm") == Policy(order="fcfs", eviction="last-in")
    assert {policy_named(name) for name in PRESETS} <= set(ALL_POLICIES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lifo+last-in+none", "order='lifo' must be one of aging, fcfs, priority, shortest"),
        ("fcfs+first-in+none", "eviction='first-in' must be one of least-decoded, last-in, res"),
        ("fcfs+last-in+wide", "window='wide' must be one of none, fixed, adaptive"),
        ("fcfs", r"policy 'fcfs' must be one of default, vllm, or ORDER\+EVICTION\+WINDOW from"),
        ("", "policy '' must be one of"),
        (3, "policy 3 must be one of"),
    ],
)
def test_an_unknown_policy_is_refused_with_the_words_that_are_known(
    text: str, message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        policy_named(text)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"rates": ()}, r"rates=\(\) must be a tuple of at least one rate"),
        ({"rates": [1, 2]}, r"rates=\[1, 2\] must be a tuple of at least one rate"),
        ({"rates": 5}, r"rates=5 must be a tuple of at least one rate"),
        ({"rates": (1.5,)}, "rate=1.5 must be an integer"),
        ({"rates": (-1,)}, "rate=-1 must be an integer >= 0"),
        ({"rates": (2**40 + 1,)}, "rate=.* must be an integer <= "),
        ({"window_ns": 0}, "window_ns=0 must be an integer >= 1"),
        ({"bin_width_ns": 0}, "bin_width_ns=0 must be an integer >= 1"),
        ({"bins_per_mean": 0}, "bins_per_mean=0 must be an integer >= 1"),
        ({"temperature_bits": 0}, "temperature_bits=0 must be a number > 0"),
    ],
)
def test_a_policy_s_numbers_are_checked(numbers: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        replace(policy_named("default"), **numbers)  # type: ignore[arg-type]  # wrong on purpose


# What tells each from its neighbours. Bids, lengths and arrivals are all different here, and the
# queue holds everything from the start, so that the order alone decides.

ALL_AT_ONCE = [
    Request(id="early", arrival_ns=0, prompt_tokens=9, output_tokens_max=9, bid=1),
    Request(id="rich", arrival_ns=500, prompt_tokens=8, output_tokens_max=8, bid=9),
    Request(id="short", arrival_ns=9_000, prompt_tokens=1, output_tokens_max=1, bid=2),
    Request(id="late", arrival_ns=12_000, prompt_tokens=7, output_tokens_max=7, bid=6),
]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("fcfs", ["early", "rich", "short", "late"]),
        ("priority", ["rich", "late", "short", "early"]),
        ("shortest", ["short", "late", "rich", "early"]),
        # A micro-bid is 1000 ns of waiting: keys -1000, -8500, 7000, 6000.
        ("aging", ["rich", "early", "late", "short"]),
    ],
)
def test_an_order_admits_by_its_own_key(order: str, expected: list[str]) -> None:
    scheduler = Scheduler(Limits(kv_blocks=99), Policy(order=order, eviction="last-in"))
    for request in ALL_AT_ONCE:
        scheduler.submit(request, 20_000)
    assert [s.request.id for s in scheduler.plan(20_000).admitted] == expected


@pytest.mark.parametrize("eviction", ["least-decoded", "last-in", "reservation"])
def test_aging_is_fcfs_when_all_bid_the_same(eviction: str) -> None:
    # Two arrive at each time, so that ties are decided alike, too.
    requests = [replace(r, arrival_ns=n // 2 * 3) for n, r in enumerate(workload(4, 80, bids=1))]
    runs = [
        list(Run(Policy(order=order, eviction=eviction), requests).log)
        for order in ("aging", "fcfs")
    ]
    assert runs[0] == runs[1]


def test_aging_is_static_priority_at_rate_0() -> None:
    aging = Policy(order="aging", eviction="least-decoded", rates=(0,))
    requests = workload(5, 80)
    priority = replace(aging, order="priority")
    assert list(Run(aging, requests).log) == list(Run(priority, requests).log)


def test_under_fcfs_the_last_in_is_the_least_decoded() -> None:
    for seed in range(5):
        requests = workload(seed, 80)
        runs = [
            list(Run(Policy(order="fcfs", eviction=eviction), requests).log)
            for eviction in ("least-decoded", "last-in")
        ]
        assert runs[0] == runs[1]
        assert any(event.kind == "evicted" for event in runs[0])


def test_where_bids_order_the_two_evictions_differ() -> None:
    runs = [
        Run(Policy(order="priority", eviction=eviction), workload(6, 80))
        for eviction in ("least-decoded", "last-in")
    ]
    assert runs[0].counts()["evicted"] > 0
    assert list(runs[0].log) != list(runs[1].log)


def test_least_decoded_never_evicts_one_that_has_decoded_more_than_one_that_stays() -> None:
    def worst(eviction: str) -> int:
        """Return by how many tokens an evicted one was ahead of one that stayed, at most."""
        run = Scheduler(TINY, Policy(order="priority", eviction=eviction))
        ahead = 0
        for now_ns, request in enumerate(workload(7, 300)):
            if run.waiting_count < TINY.waiting_max:
                run.submit(replace(request, arrival_ns=now_ns), now_ns)
            plan = run.plan(now_ns)
            for evicted in plan.evicted:
                ahead = max([ahead, *(evicted.generated - s.generated for s in run.running)])
            run.commit(plan, now_ns)
        return ahead

    assert worst("least-decoded") == 0
    assert worst("last-in") > 0


def test_a_window_holds_the_first_until_it_closes_or_the_batch_is_full() -> None:
    policy = Policy(order="fcfs", eviction="last-in", window="fixed", window_ns=100)
    scheduler = Scheduler(TINY, policy)
    request = Request(id="a", arrival_ns=5, prompt_tokens=4, output_tokens_max=50)
    scheduler.submit(request, 5)
    plan = scheduler.plan(10)
    assert (plan.tokens, plan.wake_ns) == (0, 105)
    scheduler.submit(replace(request, id="b", arrival_ns=20), 20)
    assert scheduler.plan(104).tokens == 0
    plan = scheduler.plan(105)
    assert [s.request.id for s in plan.admitted] == ["a", "b"]
    scheduler.commit(plan, 105)
    for name in "cde":
        scheduler.submit(replace(request, id=name, arrival_ns=105), 105)
    plan = scheduler.plan(106)
    assert (len(plan.decodes), plan.admitted, plan.wake_ns) == (2, [], None)
    scheduler.commit(plan, 106)
    scheduler.submit(replace(request, id="f", arrival_ns=106), 106)
    assert [s.request.id for s in scheduler.plan(106).admitted] == ["c", "d", "e", "f"]


def test_a_window_wakes_for_a_deadline() -> None:
    policy = Policy(order="fcfs", eviction="last-in", window="fixed", window_ns=100)
    scheduler = Scheduler(TINY, policy)
    request = Request(id="a", arrival_ns=0, prompt_tokens=4, output_tokens_max=5, deadline_ns=40)
    scheduler.submit(request, 0)
    assert scheduler.plan(0).wake_ns == 40
    plan = scheduler.plan(40)
    assert ([s.request.id for s in plan.expired], plan.wake_ns) == (["a"], None)


def test_the_adaptive_window_opens_the_gate_for_unpredictable_arrivals() -> None:
    policy = Policy(order="fcfs", eviction="last-in", window="adaptive", window_ns=10**7)

    def held(gaps_ms: list[int]) -> bool:
        scheduler = Scheduler(TINY, policy)
        now_ns = 0
        plan = scheduler.plan(0)
        for n, gap in enumerate(gaps_ms):
            now_ns += gap * 10**6
            request = Request(id=f"r{n}", arrival_ns=now_ns, prompt_tokens=1, output_tokens_max=1)
            scheduler.submit(request, now_ns)
            plan = scheduler.plan(now_ns)
            if plan.tokens:
                scheduler.commit(plan, now_ns)
            else:
                scheduler.cancel(request.id, now_ns)
        return plan.tokens == 0

    assert held([5] * 30)
    assert not held([3 * n % 31 for n in range(1, 31)])


@pytest.mark.parametrize("order", ["fcfs", "priority", "shortest"])
def test_a_queue_drops_stale_entries_and_keeps_its_order(order: str) -> None:
    queue = waiting_queue(Policy(order=order, eviction="last-in"))
    live = {}
    for n, request in enumerate(workload(9, 400)):
        live[request.id] = Sequence(request, n)
        queue.add(live[request.id])
    rng = random.Random(9)
    for name in rng.sample(sorted(live), 200):
        assert queue.cancel(name)
        assert not queue.cancel(name)
        del live[name]
        queue._check()
    for name in rng.sample(sorted(live), 100):
        live[name].request = replace(live[name].request, bid=rng.randrange(9))
        queue.reorder(live[name])
        queue._check()

    def key(sequence: Sequence) -> tuple[int, int, int]:
        request = sequence.request
        total = request.prompt_tokens + request.output_tokens_max
        first = {"fcfs": 0, "priority": -request.bid, "shortest": total}[order]
        return (first, request.arrival_ns, sequence.serial)

    expected = [s.request.id for s in sorted(live.values(), key=key)]
    assert [queue.pop(0) for _ in range(len(queue))] == expected
    queue._check()
    with pytest.raises(IndexError):
        queue.pop(0)


# No livelock, however small the memory and whatever keeps arriving.


def bound(limits: Limits, requests: list[Request]) -> int:
    """Return the steps within which somebody ends (``policies.evictions``)."""
    longest = max(request.output_tokens_max for request in requests)
    return (longest + 1) * (limits.kv_blocks * limits.block_tokens + 2)


@pytest.mark.parametrize("policy", [p for p in ALL_POLICIES if p.window == "none"], ids=named)
def test_somebody_ends_in_bounded_time_in_the_least_memory(policy: Policy) -> None:
    for seed in range(4):
        rng = random.Random(seed)
        size = rng.randrange(1, 5)
        limits = Limits(
            kv_blocks=-(-48 // size), block_tokens=size, tokens_per_step=5, sequences_max=5
        )
        requests = [
            Request(
                id=f"r{n}",
                arrival_ns=0,
                prompt_tokens=rng.choice((1, 2, 30)),
                output_tokens_max=rng.choice((1, 3, 18)),
                bid=rng.randrange(5),
            )
            for n in range(40)
        ]
        run = Run(policy, requests, limits)
        assert sorted(run.finished) == sorted(request.id for request in requests)
        ends = [event.time_ns for event in run.log if event.kind == "finished"]
        gaps = [b - a for a, b in zip([0, *ends], ends, strict=False)]
        assert max(gaps) <= bound(limits, requests)


@pytest.mark.parametrize("eviction", ["least-decoded", "last-in"])
@pytest.mark.parametrize("order", ["fcfs", "aging"])
def test_the_first_in_line_is_served_though_others_never_stop_coming(
    order: str, eviction: str
) -> None:
    limits = Limits(kv_blocks=40, block_tokens=1, tokens_per_step=4, sequences_max=4)
    scheduler = Scheduler(limits, Policy(order=order, eviction=eviction))
    first = Request(id="first", arrival_ns=0, prompt_tokens=20, output_tokens_max=21)
    rng = random.Random(8)
    others = 0
    for now_ns in range(4000):
        while scheduler.waiting_count < 4:
            others += 1
            scheduler.submit(
                Request(
                    id=f"r{others}",
                    arrival_ns=now_ns,
                    prompt_tokens=rng.randrange(1, 5),
                    output_tokens_max=rng.randrange(1, 36),
                ),
                now_ns,
            )
        if now_ns == 50:
            scheduler.submit(replace(first, arrival_ns=50), 50)
        plan = scheduler.plan(now_ns)
        if any(s.request.id == "first" for s in scheduler.commit(plan, now_ns)):
            break
    else:
        pytest.fail("the first in line was not served in 4000 steps")
    assert others > 5
