import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.cluster import Cluster, Node, Placement
from homeostat.runtime.governor.cluster_kernels import fitting, load, loads
from homeostat.runtime.governor.jobs import ANY_MODEL, Job

NODE = Node(cpu_milli=8000, memory_mib=1000, gpus=3, model=1)


def job(**wants: object) -> Job:
    return Job(**{"cpu_milli": 1000, "memory_mib": 10, **wants})  # type: ignore[arg-type]


def test_a_share_goes_to_the_fullest_gpu_that_has_room() -> None:
    cluster = Cluster([NODE])
    share = job(gpus=1, gpu_milli=400)
    assert cluster.take(0, job(gpus=1, gpu_milli=300)).gpus == (0,)
    assert cluster.take(0, job(gpus=1, gpu_milli=800)).gpus == (1,)
    # 700, 200 and 1000 are free: 700 is the least that has room.
    assert cluster.take(0, share).gpus == (0,)
    # 300, 200 and 1000.
    assert cluster.take(0, share).gpus == (2,)
    assert cluster.gpu_free[0].tolist() == [300, 200, 600, 0, 0, 0, 0, 0]


def test_whole_gpus_are_the_first_that_are_quite_free() -> None:
    cluster = Cluster([NODE])
    cluster.take(0, job(gpus=1, gpu_milli=1), gpus=(1,))
    assert cluster.take(0, job(gpus=2, gpu_milli=1000)).gpus == (0, 2)
    assert not cluster.fits(0, job(gpus=1, gpu_milli=1000))
    assert cluster.fits(0, job(gpus=1, gpu_milli=999))


@pytest.mark.parametrize(
    ("wants", "fits"),
    [
        ({"cpu_milli": 8000, "memory_mib": 1000}, True),
        ({"cpu_milli": 8001}, False),
        ({"memory_mib": 1001}, False),
        ({"gpus": 3, "gpu_milli": 1000}, True),
        ({"gpus": 4, "gpu_milli": 1000}, False),
        ({"gpus": 1, "gpu_milli": 1, "models": (1,)}, True),
        ({"gpus": 1, "gpu_milli": 1, "models": (0, 2)}, False),
        ({"models": (0,)}, True),  # no GPU is wanted, so none need be of that model
    ],
)
def test_what_fits_an_empty_node(*, wants: dict[str, int], fits: bool) -> None:
    cluster = Cluster([NODE])
    wanted = job(**wants)
    assert cluster.fits(0, wanted) is fits
    if fits:
        cluster.give(cluster.take(0, wanted))
    else:
        with pytest.raises(InvalidInputError, match="node=0 must have room"):
            cluster.take(0, wanted)
    assert cluster.gpu_milli_free == cluster.gpu_milli_total == 3000
    assert cluster.cpu_free.tolist() == [8000]


def test_a_gpu_job_needs_a_node_with_gpus() -> None:
    cluster = Cluster([Node(cpu_milli=8000, memory_mib=1000)])
    assert not cluster.fits(0, job(gpus=1, gpu_milli=1))


def test_a_node_that_is_down_takes_nothing_and_gives_back_all() -> None:
    cluster = Cluster([NODE])
    placement = cluster.take(0, job())
    cluster.up[0] = False
    assert not cluster.fits(0, job())
    cluster.give(placement)
    assert cluster.cpu_free[0] == 8000


@pytest.mark.parametrize("gpus", [(0, 1), (), (3,), (8,), (1,)])
def test_gpus_that_are_not_to_be_had_are_refused(gpus: tuple[int, ...]) -> None:
    cluster = Cluster([NODE])
    cluster.take(0, job(gpus=1, gpu_milli=600), gpus=(1,))
    before = cluster.gpu_free.copy()
    with pytest.raises(InvalidInputError, match="must have room for a task"):
        cluster.take(0, job(gpus=1, gpu_milli=500), gpus=gpus)
    assert (cluster.gpu_free == before).all()


def test_what_was_not_taken_cannot_be_given_back() -> None:
    cluster = Cluster([NODE])
    placement = cluster.take(0, job(gpus=1, gpu_milli=500))
    cluster.give(placement)
    for wrong in (placement, Placement(0, (0,), 0, 0, 1), Placement(0, (5,), 0, 0, 0)):
        with pytest.raises(InvalidInputError, match="must have been taken"):
            cluster.give(wrong)
    with pytest.raises(InvalidInputError, match="node=1 must have room"):
        cluster.take(1, job())


def test_a_copy_has_its_own_state() -> None:
    cluster = Cluster([NODE, NODE])
    other = cluster.copy()
    other.take(1, job(gpus=2, gpu_milli=1000))
    assert cluster.gpu_milli_free == 6000
    assert other.gpu_milli_free == 4000
    assert not other.fits(1, job(gpus=2, gpu_milli=1000))


def test_a_cluster_over_its_capacity_is_caught() -> None:
    cluster = Cluster([NODE])
    cluster.check()
    cluster.gpu_free[0, 3] = 1
    with pytest.raises(InvalidInputError, match=r"gpu_free\[\(0, 3\)\]=1 must be >= 0 and <= 0"):
        cluster.check()
    cluster = Cluster([NODE])
    cluster.cpu_free[0] = -1
    with pytest.raises(InvalidInputError, match=r"cpu_free\[\(0,\)\]=-1"):
        cluster.check()


@pytest.mark.parametrize(
    ("wants", "said"),
    [
        ({"cpu_milli": -1}, "cpu_milli=-1 must be >= 0"),
        ({"memory_mib": 2**41}, "memory_mib="),
        ({"gpus": 9}, "gpus=9 must be >= 0 and <= 8"),
        ({"gpus": 1}, "gpu_milli=0 must be >= 1 and <= 1000 with gpus=1"),
        ({"gpus": 2, "gpu_milli": 500}, "gpu_milli=500 must be >= 1000"),
        ({"gpu_milli": 5}, "gpu_milli=5 must be >= 0 and <= 0 with gpus=0"),
        ({"gang": 0}, "gang=0 must be >= 1"),
        ({"duration_ns": 0}, "duration_ns=0 must be > 0"),
        ({"arrival_ns": -1}, "arrival_ns=-1"),
        ({"models": (62,)}, "must be ids >= 0 and < 62"),
    ],
)
def test_a_job_out_of_range_is_refused(wants: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        job(**wants)


def test_a_node_out_of_range_is_refused() -> None:
    for fields in ({"gpus": 1}, {"model": 0}, {"gpus": 9, "model": 0}, {"cpu_milli": -1}):
        with pytest.raises(InvalidInputError, match="must be >= 0"):
            Node(**{"cpu_milli": 1, "memory_mib": 1, **fields})
    with pytest.raises(InvalidInputError, match="must have 1 node or more"):
        Cluster([])


def test_models_are_bits_and_none_means_any() -> None:
    assert job(models=(0, 5)).model_mask == 0b100001
    assert job().model_mask == ANY_MODEL


def test_the_load_of_a_node_is_its_largest_part_in_use() -> None:
    cluster = Cluster([NODE, Node(cpu_milli=0, memory_mib=0)])
    assert loads(cluster.state, cluster.totals).tolist() == [0, 0]
    cluster.take(0, job(cpu_milli=4000, memory_mib=100))
    assert load(0, cluster.state, cluster.totals) == 500_000
    cluster.take(0, job(gpus=2, gpu_milli=1000))
    assert load(0, cluster.state, cluster.totals) == 666_666


JOBS = st.builds(
    lambda cpu, memory, gpu, models: job(
        cpu_milli=cpu, memory_mib=memory, gpus=gpu[0], gpu_milli=gpu[1], models=models
    ),
    st.integers(0, 5000),
    st.integers(0, 700),
    st.one_of(
        st.just((0, 0)),
        st.tuples(st.just(1), st.integers(1, 1000)),
        st.tuples(st.integers(2, 5), st.just(1000)),
    ),
    st.sampled_from([(), (0,), (1,), (0, 1)]),
)


def fits_plainly(cluster: Cluster, node: int, wanted: Job) -> bool:
    """Say the same in other words: by counting over Python's numbers."""
    free = cluster.gpu_free[node].tolist()[: int(cluster.gpu_count[node])]
    return (
        bool(cluster.up[node])
        and wanted.cpu_milli <= cluster.cpu_free[node]
        and wanted.memory_mib <= cluster.memory_free[node]
        and (
            wanted.gpus == 0
            or (
                sum(own >= wanted.gpu_milli for own in free) >= wanted.gpus
                and (not wanted.models or int(cluster.model[node]) in wanted.models)
            )
        )
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(JOBS, st.integers(0, 2), st.booleans()), max_size=40))
@pytest.mark.slow
def test_any_history_stays_within_capacity_and_is_undone(
    history: list[tuple[Job, int, bool]],
) -> None:
    nodes = [
        NODE,
        Node(cpu_milli=9000, memory_mib=900, gpus=8, model=0),
        Node(cpu_milli=5000, memory_mib=500),
    ]
    cluster, held = Cluster(nodes), []
    found = np.empty(len(nodes), np.int64)
    for wanted, node, gives in history:
        plainly = [i for i in range(len(nodes)) if fits_plainly(cluster, i, wanted)]
        assert found[: fitting(cluster.state, wanted.wants, found)].tolist() == plainly
        if node in plainly:
            held.append(cluster.take(node, wanted))
            assert len(held[-1].gpus) == wanted.gpus
        if gives and held:
            cluster.give(held.pop(0))
        cluster.check()
    for placement in held:
        cluster.give(placement)
    assert (cluster.cpu_free == cluster.cpu_total).all()
    assert (cluster.memory_free == cluster.memory_total).all()
    assert cluster.gpu_milli_free == cluster.gpu_milli_total
