from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.cluster import Cluster, Node
from homeostat.runtime.governor.comparing import Cell, Setting, compare, run_cell, summary
from homeostat.runtime.governor.faults import FAULTS, FaultEvent, FaultKind, faults_named
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.policies import POLICIES, Policy
from homeostat.runtime.governor.policy import BasePolicy
from homeostat.runtime.governor.pools import TENANTS, invented_pool
from homeostat.runtime.governor.simulator import (
    RETRY_NS,
    TRIES_MAX,
    Simulation,
    simulate,
)
from homeostat.runtime.governor.workloads import DAY_NS, Workload, drawn, workload_named
from homeostat.runtime.traces.fetching import MissingDataError

S = 10**9
NODE = Node(cpu_milli=4000, memory_mib=100)


class FirstFit(BasePolicy):
    """Takes the first node that fits, and keeps what it was told."""

    name = "first"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.heard: list[int] = []

    def choose(self, cluster: Cluster, job: Job) -> int:
        self.probes += 1
        return next((n for n in range(len(cluster)) if cluster.fits(n, job)), -1)

    def changed(self, node: int) -> None:
        self.heard.append(node)


def first_fit(cluster: Cluster, seed: int, typical: Sequence[Job]) -> Policy:
    return FirstFit(cluster)


def job(arrival_s: int, lasts_s: int | None, cpus: int = 4, gang: int = 1) -> Job:
    return Job(
        cpu_milli=1000 * cpus,
        memory_mib=1,
        gang=gang,
        arrival_ns=arrival_s * S,
        duration_ns=None if lasts_s is None else lasts_s * S,
    )


def workload(*jobs: Job, nodes: int = 2, until_s: int = 1000) -> Workload:
    return Workload(
        name="made",
        nodes=(NODE,) * nodes,
        jobs=jobs,
        typical=jobs,
        horizon_ns=until_s * S,
    )


def fault(time_s: int, kind: FaultKind, *nodes: int) -> FaultEvent:
    return FaultEvent(time_s * S, kind, nodes)


def finished_at(work: Workload, **options: object) -> dict[int, int]:
    """Return when each job ended, in s."""
    run = Simulation(work, first_fit, **options)  # type: ignore[arg-type]
    ends: dict[int, int] = {}
    running: set[int] = set()
    while run.step():
        for number in running - run.running.keys() - run.waiting.keys():
            ends[number] = run.recorder.now_ns // S
        running = set(run.running)
        run.check()
    return ends


def test_jobs_run_for_their_duration_and_wait_for_room() -> None:
    work = workload(job(0, 5), job(1, 12), job(2, 3), nodes=1)
    # The second tries at 1, 11 s; the third at 2, 12, 32 s.
    assert finished_at(work) == {0: 5, 1: 23, 2: 35}
    counters = simulate(work, first_fit).recorder.counters
    assert (counters.arrived, counters.finished, counters.rejected) == (3, 3, 0)
    assert counters.decisions == 1 + 2 + 3


def test_a_job_that_never_fits_is_rejected_after_its_last_try() -> None:
    work = workload(job(0, None), job(1, 5), nodes=1)
    last_ns = S + RETRY_NS * (2 ** (TRIES_MAX - 1) - 1)
    run = Simulation(replace(work, horizon_ns=last_ns - 1), first_fit)
    while run.step():
        pass
    assert run.waiting == {1: TRIES_MAX - 1}
    run = simulate(replace(work, horizon_ns=last_ns), first_fit)
    assert not run.waiting
    assert run.recorder.counters.rejected == 1
    assert run.running.keys() == {0}, "a job without a duration never ends"


def test_a_gang_starts_together_or_waits() -> None:
    work = workload(job(0, 15, gang=1), job(1, 5, gang=2))
    assert finished_at(work) == {0: 15, 1: 36}, "tries at 1, 11 and 31 s"


def test_a_failed_node_throws_its_jobs_out_and_they_begin_anew() -> None:
    work = workload(job(0, 10), job(0, 10), nodes=2)
    faults = (fault(4, FaultKind.FAIL, 0), fault(6, FaultKind.RECOVER, 0))
    # The first tries at 4 s, when the other node is full, and again at 14 s.
    assert finished_at(work, faults=faults) == {1: 10, 0: 24}
    counters = simulate(work, first_fit, faults=faults).recorder.counters
    assert (counters.displaced, counters.failures) == (1, 1)


def test_a_gang_on_two_nodes_that_fail_is_thrown_out_once() -> None:
    work = workload(job(0, 10, gang=2), nodes=3)
    run = simulate(work, first_fit, faults=(fault(4, FaultKind.FAIL, 0, 1),))
    assert run.recorder.counters.displaced == 1
    assert run.recorder.counters.rejected == 1, "one node is not enough for it"


def test_a_partition_lets_jobs_run_and_takes_none() -> None:
    work = workload(job(0, 10), job(5, 3), nodes=2)
    faults = (fault(2, FaultKind.CUT, 0, 1), fault(7, FaultKind.JOIN, 0, 1))
    assert finished_at(work, faults=faults) == {0: 10, 1: 18}
    counters = simulate(work, first_fit, faults=faults).recorder.counters
    assert (counters.displaced, counters.partitions) == (0, 1)


def test_a_node_is_back_only_when_all_its_faults_are_over() -> None:
    work = workload(job(5, 1), nodes=1)
    faults = (
        fault(1, FaultKind.CUT, 0),
        fault(2, FaultKind.FAIL, 0),
        fault(3, FaultKind.FAIL, 0),
        fault(4, FaultKind.RECOVER, 0),
        fault(4, FaultKind.JOIN, 0),
        fault(20, FaultKind.RECOVER, 0),
    )
    assert finished_at(work, faults=faults) == {0: 36}, "tries at 5, 15 and 35 s"


def test_a_policy_learns_late_and_its_tries_fail_until_then() -> None:
    work = workload(job(0, 60), job(5, 3), job(50, 3), nodes=2)
    faults = (fault(4, FaultKind.FAIL, 1),)
    run = simulate(work, first_fit, faults=faults, stale_ns=40 * S)
    assert isinstance(run.policy, FirstFit)
    assert run.policy.heard == [1]
    # The second tries the dead node at 5, 15 and 35 s; at 75 s the first node is free.
    assert run.recorder.counters.misplaced == 3
    assert finished_at(work, faults=faults, stale_ns=40 * S) == {0: 60, 1: 78, 2: 63}


def test_what_ran_on_a_node_that_died_unseen_does_not_end() -> None:
    work = workload(job(0, 10), nodes=1)
    faults = (fault(4, FaultKind.FAIL, 0), fault(6, FaultKind.RECOVER, 0))
    # It is known to be dead at 44 s, and begins anew on the node that is long back.
    assert finished_at(work, faults=faults, stale_ns=40 * S) == {0: 54}
    with pytest.raises(InvalidInputError, match="stale_ns=-1 must be >= 0"):
        simulate(work, first_fit, stale_ns=-1)


def test_check_sees_a_lost_job_and_room_that_nobody_has() -> None:
    work = workload(job(0, 10), nodes=1, until_s=5)
    run = simulate(work, first_fit)
    del run.running[0]
    with pytest.raises(InvalidInputError, match="room is taken by no job"):
        run.check()
    run = simulate(work, first_fit)
    run.recorder.counters.arrived += 1
    with pytest.raises(InvalidInputError, match="2 jobs came, 1 are known of"):
        run.check()


@pytest.mark.slow
@pytest.mark.parametrize("name", list(POLICIES))
def test_thousands_of_faults_lose_and_invent_nothing(name: str) -> None:
    work = workload_named("mixed", nodes=40, seed=3, load=1.1, turnover=2)
    faults = faults_named("both", nodes=40, horizon_ns=work.horizon_ns, seed=3, scale=60)
    assert len(faults) > 400
    run = Simulation(work, POLICIES[name], seed=3, faults=faults, stale_ns=20 * S)
    steps = 0
    while run.step():
        steps += 1
        if steps % 50 == 0:
            run.check()
    run.check()
    counters = run.recorder.counters
    assert counters.displaced > 100
    assert counters.misplaced > 0
    assert counters.arrived == len(work.jobs)
    again = simulate(work, POLICIES[name], seed=3, faults=faults, stale_ns=20 * S)
    assert again.recorder.digest == run.recorder.digest


@pytest.mark.slow
def test_ten_thousand_faults_of_all_kinds_lose_and_invent_nothing() -> None:
    work = workload_named("mixed", nodes=40, seed=1, turnover=2)
    faults = faults_named(
        "both", nodes=40, horizon_ns=work.horizon_ns, seed=1, scale=1100, lasts=0.0005
    )
    assert len(faults) > 10_000
    assert {event.kind for event in faults} == set(FaultKind)
    run = Simulation(work, POLICIES["governor"], seed=1, faults=faults, stale_ns=S // 10)
    steps = 0
    while run.step():
        steps += 1
        if steps % 500 == 0:
            run.check()
    run.check()
    counters = run.recorder.counters
    assert counters.failures > 1000
    assert counters.partitions > 1000
    assert counters.displaced > 1000
    assert counters.misplaced > 10


@pytest.mark.slow
def test_another_seed_is_another_run() -> None:
    runs = [run_cell(Cell(Setting(workload="mixed", nodes=20), "random", s)) for s in (0, 1)]
    assert runs[0].digest != runs[1].digest


def test_faults_are_the_same_for_everyone_and_of_the_kind_asked_for() -> None:
    arguments = {"nodes": 100, "horizon_ns": 1000 * S, "seed": 5}
    found = {name: faults_named(name, **arguments) for name in FAULTS}
    assert found["none"] == ()
    assert set(found["both"]) == {*found["nodes"], *found["partitions"]}
    assert {event.kind for event in found["nodes"]} == {FaultKind.FAIL, FaultKind.RECOVER}
    assert {len(event.nodes) for event in found["partitions"]} == {10}
    assert list(found["both"]) == sorted(found["both"], key=lambda event: event.time_ns)
    with pytest.raises(InvalidInputError, match="faults 'some' must be one of none, nodes"):
        faults_named("some", **arguments)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cpu", "io", "mixed"])
def test_an_invented_pool_has_few_kinds_and_every_tenant(name: str) -> None:
    pool = invented_pool(name)
    assert {own.tenant for own in pool} == set(range(TENANTS))
    assert 4 <= len({own.wants for own in pool}) <= 400
    assert all(own.duration_ns and own.duration_ns <= DAY_NS for own in pool)
    if name == "mixed":
        gangs = np.mean([own.gang > 1 for own in pool if own.gpus])
        assert 0.1 < gangs < 0.18
        assert 0.15 < np.mean([bool(own.models) for own in pool if own.gpus]) < 0.25
    else:
        assert all(own.gpus == 0 for own in pool)


@pytest.mark.slow
@pytest.mark.parametrize("load", [0.5, 1.0])
def test_a_workload_asks_for_the_load_that_was_asked_for(load: float) -> None:
    pool = invented_pool("cpu")
    nodes = (Node(cpu_milli=64_000, memory_mib=2**20),) * 400
    work = drawn("made", nodes, pool, seed=1, load=load, turnover=1.0)
    capacity = sum(node.cpu_milli for node in work.nodes)
    at_start = sum(j.cpu_milli for j in work.jobs if j.arrival_ns == 0)
    # A sum of thousands of jobs, with a deviation of about 2 %.
    assert at_start / capacity == pytest.approx(load, rel=0.1)
    later = [j for j in work.jobs if j.arrival_ns > 0]
    brought = sum(j.cpu_milli * (j.duration_ns or 0) for j in later)
    assert brought / (capacity * work.horizon_ns) == pytest.approx(load, rel=0.15)
    times = [j.arrival_ns for j in work.jobs]
    assert times == sorted(times)
    assert work.horizon_ns == times[-1]


@pytest.mark.slow
def test_the_same_seed_draws_the_same_jobs() -> None:
    first, second, third = (workload_named("io", nodes=5, seed=seed) for seed in (1, 1, 2))
    assert first.jobs == second.jobs
    assert first.jobs != third.jobs
    assert len(first.nodes) == 5


def test_a_list_of_pods_can_be_a_workload(tmp_path: object) -> None:
    path = f"{tmp_path}/pods.csv"
    with open(path, "w") as file:
        file.write(
            "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,"
            "deletion_time,scheduled_time\n"
            "p,12000,16384,1,460,T4,LS,Running,10,25,15\n"
            "q,4000,8192,2,1000,G2,BE,Running,20,90000000,20\n"
        )
    work = workload_named(path, nodes=20, seed=0)
    assert {own.models for own in work.jobs} == {(0,), (1,)}, "ids are those of invented nodes"
    assert {own.duration_ns for own in work.typical} == {10 * S, DAY_NS}


@pytest.mark.slow
def test_openb_is_sampled_evenly_to_any_size() -> None:
    try:
        small = workload_named("openb", nodes=100, seed=0)
    except MissingDataError as error:
        pytest.skip(str(error))
    assert len(small.nodes) == 100
    # 6212 GPUs of 1213 nodes are 5.12 each.
    assert 4.6 < np.mean([node.gpus for node in small.nodes]) < 5.6


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": "nothing.csv"}, "must be one of cpu, io, mixed, openb, or a list of pods"),
        ({"name": "cpu", "load": 0.0}, "load=0.0 must be > 0"),
        ({"name": "cpu", "turnover": 2e6}, "turnover=2000000.0 must be > 0"),
        ({"name": "cpu", "nodes": 0}, "nodes=0 must be >= 1"),
        ({"name": "cpu", "turnover": 1e6, "nodes": 1000}, "jobs must be 20000000 or fewer"),
    ],
)
def test_a_workload_out_of_range_is_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        workload_named(**arguments)  # type: ignore[arg-type]


def test_a_pool_must_end_and_fit_the_cluster() -> None:
    for pool, said in (
        ((job(0, None),), "must have a duration"),
        ((Job(cpu_milli=1, memory_mib=1, gpus=1, gpu_milli=1, duration_ns=1),), "must have what"),
    ):
        with pytest.raises(InvalidInputError, match=said):
            drawn("made", (NODE,), pool, seed=0, load=1.0, turnover=1.0)


def test_a_comparison_goes_setting_by_setting_seed_by_seed_policy_by_policy() -> None:
    settings = [Setting(workload="cpu", nodes=20), Setting(workload="io", nodes=10, faults="both")]
    policies = ["random", "best_fit"]
    one = list(compare(settings, policies, [0, 1]))
    assert [run.cell for run in one] == [
        Cell(setting, policy, seed)
        for setting in settings
        for seed in (0, 1)
        for policy in policies
    ]
    found = summary([run for run in one if run.cell.policy == "random"][:2])
    values = found["cpu_utilisation"]["values"]
    assert found["cpu_utilisation"]["mean"] == pytest.approx(np.mean(values), abs=1e-12)
    low, high = found["cpu_utilisation"]["interval"]
    assert low <= min(values) <= max(values) <= high
    assert summary(one[:1])["cpu_utilisation"]["interval"] is None


def test_a_comparison_of_nothing_or_of_one_thing_twice_is_refused() -> None:
    setting = Setting(workload="cpu", nodes=2)
    for policies, seeds in (([], [0]), (["random"], []), (["random", "random"], [0])):
        with pytest.raises(InvalidInputError, match="must be one or more, each once"):
            list(compare([setting], policies, seeds))
    with pytest.raises(InvalidInputError, match="policy 'magic'"):
        list(compare([setting], ["magic"], [0]))
    with pytest.raises(InvalidInputError, match="faults 'some' must be one of"):
        Setting(workload="cpu", faults="some")
    with pytest.raises(InvalidInputError, match="seed=-1 must be >= 0"):
        run_cell(Cell(setting, "random", -1))
