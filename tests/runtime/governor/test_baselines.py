import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.baselines.best_fit import BestFitPolicy
from homeostat.runtime.governor.baselines.dot_product import DotProductPolicy
from homeostat.runtime.governor.baselines.fgd import FgdPolicy, fragmentation, typical_kinds
from homeostat.runtime.governor.baselines.filter_and_score import (
    FilterAndScorePolicy,
    nodes_to_find,
)
from homeostat.runtime.governor.baselines.power_of_d import PowerOfDPolicy
from homeostat.runtime.governor.baselines.round_robin import RoundRobinPolicy
from homeostat.runtime.governor.baselines.scored import NO_ROOM, ScoredPolicy
from homeostat.runtime.governor.baselines.uniform import RandomPolicy
from homeostat.runtime.governor.cluster import Cluster, Node, Placement
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.policies import POLICIES, policy_named
from homeostat.runtime.governor.policy import BasePolicy, Policy
from homeostat.runtime.governor.pools import MIXED_NODES, invented_pool

PLAIN = Node(cpu_milli=8000, memory_mib=1000)
TWO = Node(cpu_milli=8000, memory_mib=1000, gpus=2, model=0)
FOUR = Node(cpu_milli=16000, memory_mib=1000, gpus=4, model=1)
BASELINES = tuple(name for name in POLICIES if name != "governor")


def job(cpu: int = 1000, memory: int = 10, gpus: int = 0, milli: int = 0, gang: int = 1) -> Job:
    return Job(cpu_milli=cpu, memory_mib=memory, gpus=gpus, gpu_milli=milli, gang=gang)


SHARE = job(gpus=1, milli=500)
WHOLE = job(gpus=1, milli=1000)
PAIR = job(gpus=2, milli=1000)
TYPICAL = (SHARE, WHOLE, PAIR, job())


def placed(policy: Policy, cluster: Cluster, wanted: Job) -> list[Placement] | None:
    """Place a job as a simulator does."""
    nodes = policy.place(cluster, wanted)
    if nodes is None:
        return None
    found = []
    for node in nodes:
        found.append(cluster.take(node, wanted, policy.gpus(cluster, node, wanted)))
        policy.taken(found[-1])
    return found


def one_placed(policy: Policy, cluster: Cluster, wanted: Job) -> Placement:
    found = placed(policy, cluster, wanted)
    assert found is not None
    assert len(found) == 1
    return found[0]


def churn(
    policy: Policy, cluster: Cluster, jobs: Sequence[Job], seed: int
) -> list[list[int] | None]:
    """Place jobs, let some end and some nodes go down and up; return where each went."""
    draws = np.random.default_rng(seed)
    held: list[Placement] = []
    went: list[list[int] | None] = []
    for wanted in jobs:
        found = placed(policy, cluster, wanted)
        went.append(None if found is None else [own.node for own in found])
        held += found or []
        while held and draws.random() < 0.45:
            gone = held.pop(int(draws.integers(len(held))))
            cluster.give(gone)
            policy.given(gone)
        if draws.random() < 0.05:
            node = int(draws.integers(len(cluster)))
            cluster.up[node] = not cluster.up[node]
            policy.changed(node)
        cluster.check()
    return went


def mixed(count: int) -> Cluster:
    kinds = [kind.node for kind in MIXED_NODES]
    return Cluster([kinds[i % len(kinds)] for i in range(count)])


@pytest.mark.slow
@pytest.mark.parametrize("name", list(POLICIES))
def test_every_policy_keeps_the_contract(name: str) -> None:
    pool = invented_pool("mixed")
    jobs = pool[:600]
    cluster = mixed(24)
    policy = policy_named(name)(cluster, 5, pool[:2000])
    assert policy.name == name
    before = cluster.copy()
    for wanted in (jobs[0], job(gang=3), job(cpu=10**9)):
        found = policy.place(cluster, wanted)
        assert all((a == b).all() for a, b in zip(before.state, cluster.state, strict=True))
        assert policy.probes >= 1
        if wanted.cpu_milli == 10**9:
            assert found is None, "nothing fits nowhere"
        else:
            assert found is not None
            assert len(found) == wanted.gang
    went = churn(policy, cluster, jobs, 1)
    assert any(nodes is None for nodes in went), "the cluster must have been full at times"
    again = mixed(24)
    other = policy_named(name)(again, 5, pool[:2000])
    for wanted in (jobs[0], job(gang=3), job(cpu=10**9)):
        other.place(again, wanted)
    assert churn(other, again, jobs, 1) == went, "same seed, same decisions"


@pytest.mark.slow
@pytest.mark.parametrize("name", BASELINES)
def test_no_baseline_misses_room_for_one_task(name: str) -> None:
    # Of fewer than 100 nodes filter-and-score looks at all.
    cluster = mixed(99 if name == "filter_and_score" else 30)
    pool = [own for own in invented_pool("mixed")[:1500] if own.gang == 1]
    policy = policy_named(name)(cluster, 3, pool)
    full = 0
    for wanted in pool:
        room = [node for node in range(len(cluster)) if cluster.fits(node, wanted)]
        found = placed(policy, cluster, wanted)
        if room:
            assert found is not None
            assert found[0].node in room
        else:
            assert found is None
            full += 1
    assert full


@pytest.mark.parametrize("name", BASELINES)
def test_a_gang_is_placed_whole_or_not_at_all(name: str) -> None:
    cluster = Cluster([TWO, TWO])
    policy = policy_named(name)(cluster, 0, TYPICAL)
    assert policy.place(cluster, job(gpus=1, milli=1000, gang=5)) is None
    assert cluster.gpu_milli_free == 4000
    found = placed(policy, cluster, job(gpus=1, milli=1000, gang=4))
    assert found is not None
    assert sorted(own.node for own in found) == [0, 0, 1, 1]


def test_an_unknown_policy_is_refused_by_name() -> None:
    with pytest.raises(InvalidInputError, match="policy 'magic' must be one of filter_and_score"):
        policy_named("magic")


def test_round_robin_goes_around() -> None:
    cluster = Cluster([PLAIN, PLAIN, PLAIN])
    policy = RoundRobinPolicy(cluster)
    went = []
    for _ in range(5):
        own = one_placed(policy, cluster, job())
        went.append(own.node)
    assert went == [0, 1, 2, 0, 1]
    cluster.up[2] = False
    own = one_placed(policy, cluster, job())
    assert (own.node, policy.probes) == (0, 2)


def test_random_gives_every_node_with_room_the_same_chance() -> None:
    cluster = Cluster([PLAIN, Node(cpu_milli=1, memory_mib=1), PLAIN, PLAIN])
    policy = RandomPolicy(cluster, 7)
    counts = np.zeros(4)
    for _ in range(3000):
        (node,) = policy.place(cluster, job()) or ()
        counts[node] += 1
    assert counts[1] == 0
    # 1,000 each; six standard deviations are 155.
    assert (abs(counts[[0, 2, 3]] - 1000) < 155).all()


def test_random_finds_the_only_node_with_room() -> None:
    cluster = Cluster([Node(cpu_milli=1, memory_mib=1)] * 999 + [PLAIN])
    policy = RandomPolicy(cluster, 0)
    assert policy.place(cluster, job()) == (999,)


def test_power_of_d_takes_the_less_loaded_of_those_drawn() -> None:
    cluster = Cluster([PLAIN] * 4)
    for node, count in enumerate((0, 2, 4, 6)):
        for _ in range(count):
            cluster.take(node, job())
    many = PowerOfDPolicy(cluster, 0, choices=64)
    assert many.place(cluster, job()) == (0,), "64 draws of 4 nodes miss none"
    one, two = (
        np.bincount(
            [(policy.place(cluster, job()) or (0,))[0] for _ in range(2000)], minlength=4
        ) / 2000
        for policy in (PowerOfDPolicy(cluster, 1, choices=1), PowerOfDPolicy(cluster, 1))
    )  # fmt: skip
    # The k-th least loaded of 4 is taken with chances 7/16, 5/16, 3/16, 1/16; six deviations.
    assert abs(one - 1 / 4).max() < 0.06
    assert abs(two - np.array([7, 5, 3, 1]) / 16).max() < 0.07
    with pytest.raises(InvalidInputError, match="choices=0 must be >= 1"):
        PowerOfDPolicy(cluster, 0, choices=0)


@pytest.mark.parametrize(
    ("count", "wanted"),
    [
        (1, 1),
        (99, 99),
        (100, 100),
        (200, 100),
        (1000, 420),
        (5000, 500),
        (5625, 281),
        (10**5, 5000),
    ],
)
def test_filter_and_score_samples_as_many_nodes_as_kubernetes(count: int, wanted: int) -> None:
    assert nodes_to_find(count) == wanted


def test_filter_and_score_goes_on_from_where_it_stopped() -> None:
    cluster = Cluster([PLAIN] * 1000)
    policy = FilterAndScorePolicy(cluster, 0)
    went = []
    for _ in range(3):
        own = one_placed(policy, cluster, job())
        went.append(own.node)
        assert policy.probes == 420
    assert 0 <= went[0] < 420 <= went[1] < 840
    assert went[2] >= 840 or went[2] < 260


def test_filter_and_score_prefers_what_is_free_and_balanced() -> None:
    cluster = Cluster([PLAIN] * 3)
    cluster.take(0, job(cpu=4000, memory=800))
    cluster.take(1, job(cpu=4000, memory=0))
    policy = FilterAndScorePolicy(cluster, 0)
    # LeastAllocated and BalancedAllocation by hand, for a job of one CPU and 10 MiB.
    scores = [(37 + 19) // 2 + int(100 * (1 - abs(0.375 - 0.19) / 2)),
              (37 + 99) // 2 + int(100 * (1 - abs(0.375 - 0.99) / 2)),
              (87 + 99) // 2 + int(100 * (1 - abs(0.875 - 0.99) / 2))]  # fmt: skip
    assert max(scores) == scores[2]
    assert policy.place(cluster, job()) == (2,)
    cluster.up[2] = False
    assert policy.place(cluster, job()) == (int(np.argmax(scores[:2])),)


def test_best_fit_leaves_least_and_the_fuller_node_wins() -> None:
    cluster = Cluster([FOUR, TWO, TWO])
    policy = BestFitPolicy(cluster)
    assert policy.place(cluster, SHARE) == (1,), "the smaller node, and the first of equals"
    policy.taken(cluster.take(2, SHARE))
    assert policy.place(cluster, SHARE) == (2,)
    assert policy.place(cluster, job(gpus=3, milli=1000)) == (0,)


def test_dot_product_takes_the_least_like_room_and_the_fullest_gpu() -> None:
    cluster = Cluster([FOUR, TWO])
    policy = DotProductPolicy(cluster)
    assert policy.place(cluster, WHOLE) == (1,)
    policy.taken(cluster.take(1, job(gpus=1, milli=100)))
    own = one_placed(policy, cluster, SHARE)
    assert (own.node, own.gpus) == (1, (0,))


def plain_fragmentation(node: Node, cpu: int, free: Sequence[int], jobs: Sequence[Job]) -> float:
    """Say the same by the definition, job by job and without kinds."""
    lost = 0.0
    for wanted in jobs:
        room = [own for own in free if own >= max(1, wanted.gpu_milli)]
        allowed = not wanted.models or node.model in wanted.models
        if wanted.gpus == 0 or wanted.cpu_milli > cpu or len(room) < wanted.gpus or not allowed:
            lost += sum(free)
        else:
            lost += sum(own for own in free if own < wanted.gpu_milli)
    return lost / len(jobs)


def test_fragmentation_is_what_typical_jobs_cannot_use() -> None:
    kinds, weights = typical_kinds(TYPICAL, covered=1.0)
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    for cpu, a, b in itertools.product((0, 1000, 8000), (0, 300, 500, 1000), (200, 1000)):
        free = np.array([a, b, 0, 0, 0, 0, 0, 0], np.int64)
        found = fragmentation(cpu, free, 0, kinds, weights)
        assert found == pytest.approx(plain_fragmentation(TWO, cpu, [a, b], TYPICAL), abs=1e-9)


def test_typical_kinds_cover_no_more_than_they_must() -> None:
    kinds, weights = typical_kinds([SHARE] * 90 + [WHOLE] * 6 + [PAIR] * 4)
    assert kinds[:, 1:3].tolist() == [[1, 500], [1, 1000]]
    assert weights.tolist() == [90 / 96, 6 / 96]
    with pytest.raises(InvalidInputError, match="must have typical jobs"):
        typical_kinds([])


def test_fgd_goes_down_the_gradient_by_its_definition() -> None:
    typical = [SHARE] * 3 + [job(gpus=1, milli=300)] * 2 + [WHOLE] * 3 + [PAIR]
    nodes = [TWO, FOUR, TWO, FOUR, TWO]
    cluster = Cluster(nodes)
    policy = FgdPolicy(cluster, typical)
    draws = np.random.default_rng(2)
    for _ in range(40):
        wanted = typical[int(draws.integers(len(typical)))]
        best: tuple[int, int, tuple[int, ...]] | None = None
        for node, own in enumerate(nodes):
            if not cluster.fits(node, wanted):
                continue
            free = cluster.gpu_free[node].tolist()[: own.gpus]
            before = plain_fragmentation(own, int(cluster.cpu_free[node]), free, typical)
            ways: list[tuple[int, ...]] = [
                (gpu,) for gpu in range(own.gpus) if free[gpu] >= wanted.gpu_milli
            ]
            if wanted.gpus > 1 or wanted.gpu_milli == 1000:
                ways = [tuple([g for g in range(own.gpus) if free[g] == 1000][: wanted.gpus])]
            for way in ways:
                left = [own - wanted.gpu_milli * (g in way) for g, own in enumerate(free)]
                after = plain_fragmentation(
                    own, int(cluster.cpu_free[node]) - wanted.cpu_milli, left, typical
                )
                score = int(100 / (1 + math.exp((after - before) / 1000)))
                if best is None or score > best[0]:
                    best = (score, node, way)
        found = placed(policy, cluster, wanted)
        if best is None:
            assert found is None
        else:
            assert found is not None
            assert (found[0].node, found[0].gpus) == best[1:]


class Recounting(ScoredPolicy):
    """The canary's other side: scores everything anew each time."""

    name = "recounting"

    def __init__(self, inner: ScoredPolicy, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._inner = inner

    def score(self, nodes, cluster, job, scores):  # type: ignore[no-untyped-def]
        self._inner.score(self._every, cluster, job, scores)

    def _current(self, cluster, job):  # type: ignore[no-untyped-def]
        self._kinds.clear()
        return super()._current(cluster, job)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [BestFitPolicy, DotProductPolicy, FgdPolicy])
def test_remembered_scores_decide_as_fresh_ones(kind: type[ScoredPolicy]) -> None:
    pool = invented_pool("mixed")[:800]

    def made(cluster: Cluster) -> ScoredPolicy:
        return FgdPolicy(cluster, pool) if kind is FgdPolicy else kind(cluster)

    first, second = mixed(20), mixed(20)
    remembering = made(first)
    # So few changes are kept that the log runs over, which must not show.
    remembering._changes = np.empty(64, np.int64)
    assert churn(remembering, first, pool, 4) == churn(
        Recounting(made(second), second), second, pool, 4
    )


def test_a_policy_that_hears_of_no_change_decides_wrongly() -> None:
    # The canary of the test above: remembered scores do need the hooks.
    cluster = Cluster([TWO, FOUR])
    policy = BestFitPolicy(cluster)
    assert policy.place(cluster, WHOLE) == (0,)
    cluster.up[0] = False
    assert policy.place(cluster, WHOLE) == (0,)
    policy.changed(0)
    assert policy.place(cluster, WHOLE) == (1,)
    assert policy._current(cluster, WHOLE).of[0] == NO_ROOM


def test_a_base_policy_counts_the_probes_of_one_decision_only() -> None:
    class First(BasePolicy):
        name = "first"

        def choose(self, cluster: Cluster, job: Job) -> int:
            self.probes += 1
            return 0 if cluster.fits(0, job) else -1

    cluster = Cluster([TWO])
    policy = First(cluster)
    policy.place(cluster, job(gang=3))
    assert policy.probes == 3
    policy.place(cluster, job())
    assert policy.probes == 1
