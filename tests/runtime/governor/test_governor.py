"""The governor as one: gangs, faults and bids, and nothing lost or made in any of them."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest

from homeostat.errors import InvalidInputError, QueueFullError
from homeostat.models.market import supply_bound
from homeostat.runtime.governor.cluster import Node
from homeostat.runtime.governor.faults import faults_named
from homeostat.runtime.governor.governor import Governor, GovernorSettings
from homeostat.runtime.governor.governor_policy import GovernorPolicy
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.placer import PlacerSettings
from homeostat.runtime.governor.safety_filter import Status
from homeostat.runtime.governor.simulator import simulate
from homeostat.runtime.governor.workloads import workload_named

NODE = Node(cpu_milli=16_000, memory_mib=65_536, gpus=4, model=0)
BARE = Node(cpu_milli=32_000, memory_mib=65_536)
SMALL = Job(cpu_milli=1000, memory_mib=1024)
SHARE = Job(cpu_milli=1000, memory_mib=1024, gpus=1, gpu_milli=400)
WHOLE = Job(cpu_milli=2000, memory_mib=4096, gpus=2, gpu_milli=1000)
GANG = Job(cpu_milli=1000, memory_mib=1024, gpus=4, gpu_milli=1000, gang=3)
KINDS = (SMALL, SHARE, WHOLE, GANG)


def governor(nodes: int = 4, *, seed: int = 1, settings: GovernorSettings | None = None,
             tenants: int = 3) -> Governor:  # fmt: skip
    return Governor(
        [NODE] * nodes + [BARE] * 2, KINDS, tenants=tenants, seed=seed, settings=settings
    )


def test_a_gang_is_placed_whole_or_not_at_all() -> None:
    ours = governor(nodes=4)
    first, second = ours.submit(GANG, 1), ours.submit(GANG, 1)
    done = ours.tick()
    assert done.placed == (first,)
    assert {p.node for p in ours.running[first]} <= {0, 1, 2, 3}
    assert len({p.node for p in ours.running[first]}) == 3
    free = ours.cluster.gpu_milli_free
    again = ours.tick()
    assert (again.placed, again.refused) == ((), (second,))
    assert ours.cluster.gpu_milli_free == free == 4000
    ours.check()
    ours.end(first)
    assert ours.tick().placed == (second,)
    ours.check()


def test_gpus_of_a_gang_are_those_that_were_chosen_for_each_task() -> None:
    typical = [SHARE]
    policy_of = Governor([NODE] * 3, typical, tenants=1, seed=1)
    policy, cluster = policy_of.policy, policy_of.cluster
    job = replace(SHARE, gang=7)
    for round_ in range(3):
        nodes = policy.place(cluster, job)
        assert cluster.gpu_milli_free == 12_000 - 2800 * round_
        assert nodes is not None
        for node in nodes:
            policy.taken(cluster.take(node, job, policy.gpus(cluster, node, job)))
        policy.placer.check()


def test_a_failed_nodes_jobs_wait_anew_and_a_cut_ones_run_on() -> None:
    ours = governor(nodes=1)
    ids = [ours.submit(job, 0) for job in (WHOLE, SHARE)]
    ours.tick()
    ours.tick()
    assert sorted(ours.running) == ids
    ours.cut([0])
    assert sorted(ours.running) == ids
    ours.submit(SHARE, 0)
    assert ours.tick().placed == ()
    ours.join([0])
    assert sorted(ours.fail(0)) == ids
    assert ours.running == {}
    assert ours.tick().placed == ()
    ours.recover(0)
    for _ in range(4):
        ours.tick()
    assert set(ids) <= set(ours.running)
    assert ours.displaced == 2
    ours.check()


def test_bids_decide_who_is_first_and_the_placed_pay_what_the_next_would_have() -> None:
    ours = governor(settings=GovernorSettings(places=2, mint=0, kappa=Fraction(0), tokens=100))
    ids = [ours.submit(replace(SMALL, tenant=tenant), bid) for tenant, bid in enumerate((5, 9, 7))]
    done = ours.tick()
    assert done.placed == (ids[1], ids[2])
    assert done.price == 5
    # The tax begins at rate one: 5 and 5 again.
    assert ours.ledger.supply.balances == (100, 90, 90)
    assert ours.ledger.supply.treasury == 20
    assert ours.tick().price == 0
    assert ours.ledger.supply.balances == (100, 90, 90)


def test_what_finds_no_room_pays_nothing_and_goes_behind() -> None:
    ours = governor(nodes=1, settings=GovernorSettings(mint=0, kappa=Fraction(0)))
    big = ours.submit(GANG, 1000)
    small = ours.submit(SMALL, 1)
    assert ours.tick().refused == (big,)
    assert ours.ledger.supply.balances[0] == 1000
    assert ours.tick().placed == (small,)


def test_stuck_work_heats_the_placer_and_contention_taxes_it() -> None:
    ours = governor(nodes=1)
    for _ in range(4):
        ours.submit(GANG, 1)
    for _ in range(12):
        ours.tick()
    assert ours.controller.hot
    assert ours.policy.placer.settings.temperature > 2.5
    assert ours.policy.placer.settings.tax < 1
    ours.check()


def test_memory_never_passes_a_nodes_size() -> None:
    ours = governor()
    calm = ours.allow(0, 10.0, 5.0)
    assert calm.status is Status.AS_WANTED
    wild = ours.allow(0, 40_000.0, 5.0)
    assert wild.status is Status.LIMITED
    assert wild.inputs[0] < 0
    with pytest.raises(InvalidInputError, match="node=99 must be"):
        ours.allow(99, 0.0, 0.0)


def test_supply_stays_below_the_bound_that_is_proved() -> None:
    settings = GovernorSettings(tokens=5, mint=7, kappa=Fraction(1, 10))
    ours = governor(settings=settings)
    bound = supply_bound(15, 21, settings.kappa)
    for i in range(200):
        ours.submit(replace(SMALL, tenant=i % 3), 3)
        ours.tick()
        assert ours.ledger.supply.total <= bound
    ours.ledger.check()


def fuzzed(seed: int, events: int) -> tuple[Governor, list[tuple[object, ...]]]:
    """Let jobs and faults happen at random; return the governor and all that it did."""
    ours, random_ = governor(nodes=6, seed=seed), random.Random(seed)
    count = len(ours.cluster)
    failed: list[int] = []
    cuts: list[list[int]] = []
    history: list[tuple[object, ...]] = []
    for i in range(events):
        what = random_.randrange(7)
        if what == 0:
            node = random_.randrange(count)
            failed.append(node)
            history.append(("fail", ours.fail(node)))
        elif what == 1 and failed:
            ours.recover(failed.pop(random_.randrange(len(failed))))
        elif what == 2:
            cuts.append(random_.sample(range(count), 2))
            ours.cut(cuts[-1])
        elif what == 3 and cuts:
            ours.join(cuts.pop(random_.randrange(len(cuts))))
        elif what == 4 and ours.running:
            ours.end(random_.choice(sorted(ours.running)))
        elif what == 5 and len(ours.admission) < 30:
            job = replace(random_.choice(KINDS), tenant=random_.randrange(3))
            ours.submit(job, random_.randrange(200))
        else:
            done = ours.tick()
            history.append((done.placed, done.refused, done.price))
        if len(failed) > 3:
            ours.recover(failed.pop(0))
        if len(cuts) > 2:
            ours.join(cuts.pop(0))
        if i % 50 == 0:
            ours.check()
    ours.check()
    return ours, history


@pytest.mark.slow
def test_ten_thousand_faults_lose_and_make_nothing() -> None:
    ours, history = fuzzed(3, 17_500)
    # Four of seven events are faults or their ends.
    assert ours.displaced > 100
    assert ours.finished > 100
    assert len(history) > 1000
    state = ours.ledger.supply
    assert state.total + state.evaporated - state.minted == 3000


def test_the_same_seed_is_the_same_run_and_another_is_not() -> None:
    runs = [fuzzed(seed, 600)[1] for seed in (5, 5, 6)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_room_that_nobody_gave_back_is_caught() -> None:
    ours = governor()
    job = ours.submit(SMALL, 0)
    ours.tick()
    del ours.running[job][0]
    with pytest.raises(InvalidInputError, match="taken by no job"):
        ours.check()


def test_a_node_that_is_not_filed_anew_is_caught() -> None:
    ours = governor()
    ours.cluster.take(0, WHOLE)
    with pytest.raises(InvalidInputError, match="node=0 is filed as"):
        ours.policy.placer.check()


def test_a_full_queue_refuses_but_not_those_who_were_admitted() -> None:
    ours = governor(nodes=1, settings=GovernorSettings(queue_max=1))
    first = ours.submit(WHOLE, 0)
    ours.tick()
    assert first in ours.running
    ours.submit(WHOLE, 0)
    with pytest.raises(QueueFullError, match="1 jobs wait"):
        ours.submit(SMALL, 0)
    assert ours.fail(0) == (first,)
    assert len(ours.admission) == 2
    ours.check()


@pytest.mark.parametrize("tenants", [0, 5000])
def test_a_number_of_tenants_out_of_range_is_refused(tenants: int) -> None:
    with pytest.raises(InvalidInputError, match=f"tenants={tenants} must be"):
        governor(tenants=tenants)


def test_ends_and_joins_that_never_began_are_refused() -> None:
    ours = governor()
    for call, said in (
        (lambda: ours.end(7), "id=7 must be"),
        (lambda: ours.recover(0), "node=0 must have failed"),
        (lambda: ours.join([1]), "node=1 must be cut off"),
        (lambda: ours.submit(replace(SMALL, tenant=9), 0), "tenant=9 must be"),
        (lambda: ours.submit(SMALL, -1), "bid=-1 must be"),
    ):
        with pytest.raises(InvalidInputError, match=said):
            call()


@pytest.mark.slow
def test_the_simulator_keeps_its_books_under_the_governor_with_all_faults() -> None:
    digests = []
    for _ in range(2):
        workload = workload_named("mixed", nodes=50, seed=9, load=1.1)
        faults = faults_named("both", nodes=50, horizon_ns=workload.horizon_ns, seed=9, scale=20.0)
        run = simulate(
            workload,
            lambda cluster, seed, typical: GovernorPolicy(cluster, typical, seed, PlacerSettings()),
            seed=9,
            faults=faults,
            stale_ns=1_000_000_000,
        )
        digests.append(run.recorder.digest)
        assert run.recorder.counters.displaced > 0
        assert isinstance(run.policy, GovernorPolicy)
        run.policy.placer.check()
    assert digests[0] == digests[1]
