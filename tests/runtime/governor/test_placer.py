"""The placer: its potential, its lists, and how many nodes it looks at."""

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.cluster import Cluster, Placement
from homeostat.runtime.governor.governor_policy import GovernorPolicy
from homeostat.runtime.governor.jobs import GPU_MILLI, Job
from homeostat.runtime.governor.placer import PROBES_MAX, Placer, PlacerSettings
from homeostat.runtime.governor.potential import Field, Kinds, field_of, kinds_of, prices_of
from homeostat.runtime.governor.published import allocate
from homeostat.runtime.governor.shape_kernels import energy_of
from homeostat.runtime.governor.workloads import workload_named
from homeostat.runtime.traces.fetching import MissingDataError
from homeostat.runtime.traces.openb import openb_data

if TYPE_CHECKING:
    from tests.runtime.governor.conftest import RandomClusters


def plain_energy(
    cluster: Cluster, node: int, kinds: Kinds, field: Field, *, free: int | None = None
) -> int:
    """Return U of a node from its definition, kind by kind."""
    own = cluster.memory_free if field.memory_is_scarcer else cluster.cpu_free
    there = int(own[node]) if free is None else free
    gpus = cluster.gpu_free[node].tolist()
    model = int(cluster.model[node])
    whole = gpus.count(GPU_MILLI)
    parts = [left for left in gpus if 0 < left < GPU_MILLI]
    lost = field.unit * (sum(parts) + GPU_MILLI * whole)
    for wanted, count, milli, mask, mass in zip(*(c.tolist() for c in kinds), strict=True):
        if model < 0 or not mask >> model & 1:
            continue
        if count == 1 and wanted <= there:
            lost -= mass * sum(left for left in parts if left >= milli)
        # What a node feeds is told in rows of its scarcer resource.
        rowed = there // field.row_size * field.row_size
        copies = 8 if wanted == 0 else rowed // wanted
        lost -= mass * GPU_MILLI * count * min(copies, whole // count)
    return int(lost)


@pytest.mark.slow
def test_the_energy_is_the_definition_s(clusters: "type[RandomClusters]") -> None:
    energies = set()
    for random_, cluster, jobs in clusters.cases(8, 12):
        field = field_of(cluster, jobs)
        kinds = kinds_of(jobs, memory=field.memory_is_scarcer)
        assert field.unit == int(kinds.mass.sum())
        clusters.fill(random_, cluster, jobs, 60)
        for node in range(len(cluster)):
            energy = int(energy_of(node, field, cluster.state))
            assert energy == plain_energy(cluster, node, kinds, field)
            energies.add(energy)
    assert len(energies) > 30


def test_the_typical_kinds_cover_what_is_asked_and_no_kind_more() -> None:
    jobs = [Job(cpu_milli=1, memory_mib=1, gpus=1, gpu_milli=milli) for milli in [100] * 90]
    jobs += [Job(cpu_milli=2, memory_mib=1, gpus=1, gpu_milli=200)] * 9
    jobs += [Job(cpu_milli=3, memory_mib=1, gpus=8, gpu_milli=1000)]
    jobs += [Job(cpu_milli=4, memory_mib=1)] * 1000
    assert kinds_of(jobs, memory=False, covered=0.9).milli.tolist() == [100]
    assert kinds_of(jobs, memory=False).milli.tolist() == [100, 200]
    assert kinds_of(jobs, memory=False, covered=1.0).gpus.tolist() == [1, 1, 8]
    with pytest.raises(InvalidInputError, match=r"covered=0 must be > 0"):
        kinds_of(jobs, memory=False, covered=0)


def test_only_what_is_scarce_has_a_price(clusters: "type[RandomClusters]") -> None:
    cluster = Cluster([clusters.NODES[1]])
    gpu = [Job(cpu_milli=1000, memory_mib=1024, gpus=1, gpu_milli=1000)]
    cpu = [Job(cpu_milli=8000, memory_mib=1024)]
    assert prices_of(cluster, gpu, 1000).gpu == pytest.approx(1000 * 8 / 1000)
    assert prices_of(cluster, gpu, 1000).cpu < 1e-6
    assert prices_of(cluster, cpu, 1000).cpu == pytest.approx(1000 * 3000 / 96_000)
    assert prices_of(cluster, cpu, 1000).gpu == 0


def test_a_batch_decides_as_single_calls_do(clusters: "type[RandomClusters]") -> None:
    random_ = random.Random(5)
    cluster, jobs = clusters.some_cluster(random_, 30), clusters.typical_jobs(random_, 60)
    other = cluster.copy()
    one, many = Placer(cluster, jobs, 3), Placer(other, jobs, 3)
    wanted = [random_.choice(jobs) for _ in range(200)]
    held: list[Placement | None] = []
    rows = []
    for i, job in enumerate(wanted):
        node = one.choose(job)
        rows.append((node, sum(1 << gpu for gpu in one.gpus), one.probes))
        held.append(cluster.take(node, job, list(one.gpus)) if node >= 0 else None)
        if node >= 0:
            one.refile(node)
        old = held[i - 20] if i >= 20 else None
        if old is not None:
            cluster.give(old)
            one.refile(old.node)
    decisions = many.choose_many(np.array([job.wants for job in wanted], np.int64), hold=20)
    assert list(map(tuple, decisions.tolist())) == rows
    assert (cluster.gpu_free == other.gpu_free).all()
    assert (cluster.cpu_free == other.cpu_free).all()
    many.check()


@pytest.mark.slow
def test_probes_are_bounded_however_many_nodes_there_are() -> None:
    means = []
    for nodes in (100, 1000, 10_000):
        workload = workload_named("mixed", nodes=nodes, seed=1, turnover=1e-9)
        pool = [replace(job, gang=1) for job in workload.typical]
        wants = np.array([job.wants for job in pool], np.int64)
        draws = np.random.default_rng(2)
        placer = Placer(Cluster(workload.nodes), pool, 3)
        placer.choose_many(wants[draws.integers(len(pool), size=4 * nodes)])
        looked = placer.choose_many(wants[draws.integers(len(pool), size=2000)], hold=50)[:, 2]
        assert looked.max() <= PROBES_MAX
        means.append(float(looked.mean()))
    assert max(means) < 16
    assert max(means) / min(means) < 2


def test_the_same_seed_agrees_and_another_does_not(clusters: "type[RandomClusters]") -> None:
    runs = []
    for seed in (1, 1, 2):
        random_ = random.Random(9)
        cluster, jobs = clusters.some_cluster(random_, 20), clusters.typical_jobs(random_, 60)
        wants = np.array([random_.choice(jobs).wants for _ in range(100)], np.int64)
        runs.append(Placer(cluster, jobs, seed).choose_many(wants).tolist())
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def corrupt(placer: Placer, what: str) -> None:
    shapes: Any = placer.shapes
    shape = int(shapes.shape_of[0])
    if what == "population":
        shapes.population[shape] += 1
    elif what == "bits":
        shapes.levels[shape // 64] ^= np.uint64(1) << np.uint64(63)
    elif what == "place":
        shapes.place_of[shape // 64] += 1
    elif what == "link":
        shapes.before[int(shapes.head[shape])] = 3
    else:
        shapes.energy[0] += 1


@pytest.mark.parametrize("what", ["population", "bits", "place", "link", "energy"])
def test_lists_that_are_corrupted_are_caught(clusters: "type[RandomClusters]", what: str) -> None:
    random_ = random.Random(1)
    placer = Placer(clusters.some_cluster(random_, 6), clusters.typical_jobs(random_, 20), 1)
    placer.check()
    corrupt(placer, what)
    with pytest.raises(InvalidInputError, match="must"):
        placer.check()


def test_no_node_is_chosen_where_none_takes_jobs(clusters: "type[RandomClusters]") -> None:
    random_ = random.Random(2)
    cluster, jobs = clusters.some_cluster(random_, 4), clusters.typical_jobs(random_, 20)
    policy = GovernorPolicy(cluster, jobs, 1)
    for node in range(4):
        cluster.up[node] = False
        policy.changed(node)
    assert policy.place(cluster, jobs[0]) is None
    assert policy.probes == 0


def test_an_empty_list_of_typical_jobs_leaves_the_field_flat(
    clusters: "type[RandomClusters]",
) -> None:
    cluster = Cluster(clusters.NODES)
    placer = Placer(cluster, [], 1)
    assert not placer.field.whole.any()
    assert placer.choose(Job(cpu_milli=1000, memory_mib=1, gpus=8, gpu_milli=1000)) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"probes": 0}, "probes=0"),
        ({"probes": 20, "probes_max": 10}, "probes_max=10"),
        ({"probes_max": 49}, "probes_max=49"),
        ({"temperature": -1.0}, "temperature=-1.0 must be >= 0"),
        ({"tax": float("inf")}, "tax=inf must be >= 0"),
        ({"damping": float("nan")}, "damping=nan must be >= 0"),
    ],
)
def test_settings_out_of_range_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        PlacerSettings(**given)


@pytest.mark.parametrize("wants", [np.zeros((3, 4), np.int64), np.zeros((3, 5))])
def test_a_batch_of_another_shape_is_refused(clusters: "type[RandomClusters]", wants: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"must be \(tasks, 5\)"):
        Placer(Cluster(clusters.NODES), [], 1).choose_many(wants)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [100, 101])
def test_on_openb_it_allocates_more_than_is_published_of_fgd(seed: int) -> None:
    try:
        found, published = openb_data()
    except MissingDataError as error:
        pytest.skip(str(error))
    best = max(row.mean_percent for row in published if row.load_percent == 130)
    ours = allocate(found.nodes, found.jobs, "governor", seed, (130,))
    assert ours.allocated_percent[0] > best
    assert ours.probes / ours.arrived < 12
    assert ours.probes_max <= PROBES_MAX
