import math

import pytest

from homeostat.models.congestion_game import nash_gap
from homeostat.runtime.governor.baselines.round_robin import RoundRobinPolicy
from homeostat.runtime.governor.cluster import Cluster, Node
from homeostat.runtime.governor.comparing import Cell, Setting, run_cell
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.metrics import CLOCKED, Outcome, outcome_of
from homeostat.runtime.governor.recording import Recorder
from homeostat.runtime.governor.simulator import SAMPLES, Simulation, simulate
from homeostat.runtime.governor.workloads import Workload

S = 10**9
SMALL = Node(cpu_milli=4000, memory_mib=100)
LARGE = Node(cpu_milli=8000, memory_mib=100, gpus=2, model=0)


def job(arrival_s: int, lasts_s: int, cpus: int = 2, tenant: int = 0, gpus: int = 0) -> Job:
    return Job(
        cpu_milli=1000 * cpus,
        memory_mib=10,
        gpus=gpus,
        gpu_milli=1000 * bool(gpus),
        arrival_ns=arrival_s * S,
        duration_ns=lasts_s * S,
        tenant=tenant,
    )


def run(*jobs: Job, nodes: tuple[Node, ...] = (SMALL, SMALL), until_s: int = 100) -> Simulation:
    work = Workload(name="made", nodes=nodes, jobs=jobs, typical=jobs, horizon_ns=until_s * S)
    return simulate(work, lambda cluster, seed, typical: RoundRobinPolicy(cluster))


def entropy(*loads: int) -> float:
    total = sum(loads)
    return -sum(own / total * math.log(own / total) for own in loads if own)


def test_utilisation_is_the_mean_over_the_time_of_the_run() -> None:
    # 2 of 8 CPUs for 50 of 100 s, and 4 of 8 for 10 s of those.
    found = outcome_of(run(job(0, 50), job(20, 10)))
    assert found.cpu_utilisation == pytest.approx((2 * 50 + 2 * 10) / 800, abs=1e-12)
    assert found.memory_utilisation == pytest.approx(600 / (200 * 100), abs=1e-12)
    assert found.gpu_allocation == 0
    assert found.throughput_per_hour == pytest.approx(2 * 36, abs=1e-9)


def test_allocation_counts_gpus_over_those_of_the_cluster() -> None:
    found = outcome_of(run(job(0, 25, gpus=1), nodes=(SMALL, LARGE)))
    assert found.gpu_allocation == pytest.approx(0.5 * 0.25, abs=1e-12)


def test_entropy_production_and_export_are_the_change_of_the_entropy() -> None:
    cluster = Cluster([SMALL, SMALL, LARGE])
    recorder = Recorder(cluster, 1)
    wanted = [job(0, 1, cpus) for cpus in (1, 2, 4)]
    held = []
    changes = []
    recorder.at(5)
    for node, own in ((0, wanted[0]), (1, wanted[1]), (2, wanted[2]), (0, wanted[0])):
        before = recorder.entropy
        held.append(cluster.take(node, own))
        recorder.taken(held[-1])
        changes.append(recorder.entropy - before)
    # Halves, halves and halves of three nodes in use.
    assert recorder.entropy == pytest.approx(entropy(1, 1, 1), abs=1e-9)
    assert recorder.entropy_produced == pytest.approx(sum(changes), abs=1e-12)
    assert recorder.entropy_exported == 0
    for placement in held[:2]:
        cluster.give(placement)
        recorder.given(placement)
    assert recorder.entropy == pytest.approx(entropy(1, 2), abs=1e-9)
    total = recorder.entropy_produced + recorder.entropy_exported
    assert total == pytest.approx(recorder.entropy, abs=1e-9)
    for placement in held[2:]:
        cluster.give(placement)
        recorder.given(placement)
    assert recorder.entropy == 0


def test_filling_the_cluster_at_time_0_produces_nothing() -> None:
    found = outcome_of(run(job(0, 200), job(0, 200), until_s=10))
    assert found.entropy == pytest.approx(math.log(2), abs=1e-9)
    assert found.entropy_produced_per_hour == found.entropy_exported_per_hour == 0
    later = outcome_of(run(job(0, 200), job(5, 200), until_s=10))
    assert later.entropy_produced_per_hour == pytest.approx(math.log(2) * 360, abs=1e-6)


def test_the_nash_gap_is_that_of_nodes_of_one_kind() -> None:
    cluster = Cluster([SMALL, SMALL, LARGE, LARGE, LARGE])
    recorder = Recorder(cluster, 1)
    recorder.sample(0)
    assert recorder.samples[-1].nash_gap == 0
    cluster.take(0, job(0, 1, 4))
    cluster.take(1, job(0, 1, 1))
    cluster.take(3, job(0, 1, 4))
    recorder.sample(3)
    gaps = nash_gap([1, 0.25], [1, 0.25], [1, 1]), nash_gap([0, 0.5, 0], [0, 0.5, 0], [0, 1, 0])
    assert gaps == (0.75, 0.5)
    assert recorder.samples[-1].nash_gap == pytest.approx((2 * 0.75 + 3 * 0.5) / 5, abs=1e-12)
    assert recorder.samples[-1].waiting == 3
    # Nobody can move to a node that takes no jobs.
    cluster.up[[1, 2, 4]] = False
    recorder.sample(0)
    assert recorder.samples[-1].nash_gap == 0


def test_fairness_is_jains_index_of_what_tenants_got() -> None:
    # One node of 4 CPUs: the first tenant's job fills it for the whole run, the second's waits.
    waits = run(job(0, 900, 4), job(1, 5, 4, tenant=1), nodes=(SMALL,), until_s=50)
    assert len(waits.waiting) == 1
    assert outcome_of(waits).jain == pytest.approx(0.5, abs=1e-12)
    rejected = run(job(0, 900, 4), job(1, 5, 4, tenant=1), nodes=(SMALL,), until_s=800)
    assert rejected.recorder.counters.rejected == 1
    assert outcome_of(rejected).jain == pytest.approx(0.5, abs=1e-12)
    assert outcome_of(rejected).rejected == 0.5
    assert outcome_of(run(job(0, 5), job(1, 5, tenant=1))).jain == pytest.approx(1, abs=1e-12)


def test_waits_are_from_arrival_to_placement() -> None:
    found = outcome_of(run(job(0, 5, 4), job(1, 5, 4), nodes=(SMALL,)))
    assert found.wait_s_mean == pytest.approx(5, abs=1e-12), "0 and 10 s"
    assert found.decisions == 3
    assert found.probes_max == 1


def test_every_job_is_accounted_for_and_samples_cover_the_run() -> None:
    made = run_cell(Cell(Setting(workload="cpu", nodes=10, faults="both"), "best_fit", 1))
    found = made.outcome
    rejected = round(found.rejected * found.arrived)
    assert found.finished + found.running + found.waiting + rejected == found.arrived
    assert {len(column) for column in made.samples.values()} == {SAMPLES}
    assert made.samples["time_s"] == sorted(made.samples["time_s"])
    assert set(CLOCKED) < set(Outcome.names()) == set(found.to_json())
    again = run_cell(Cell(Setting(workload="cpu", nodes=10, faults="both"), "best_fit", 1))
    assert {k: v for k, v in again.outcome.to_json().items() if k not in CLOCKED} == {
        k: v for k, v in found.to_json().items() if k not in CLOCKED
    }
