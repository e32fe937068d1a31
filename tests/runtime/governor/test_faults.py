"""Ten thousand faults: room, jobs and tokens are all accounted for, and the run can be repeated."""

import random
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import cache

import pytest

from homeostat.runtime.governor.cluster import Cluster, Placement
from homeostat.runtime.governor.faults import FaultEvent, FaultKind
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.ledger import Ledger
from homeostat.runtime.governor.policies import POLICIES
from homeostat.runtime.governor.policy import Policy
from homeostat.runtime.governor.simulator import Simulation
from homeostat.runtime.governor.workloads import Workload, workload_named

NODES = 40
FAULTS = 10_000
START_TOKENS = 10_000
TAX = Fraction(1, 10)
KAPPA = Fraction(1, 100)
STALE_NS = {"governor": 10**9, "power_of_d": 0}
"""How late each hears of faults."""


def workload() -> Workload:
    return workload_named("mixed", nodes=NODES, seed=3, load=1.1, turnover=10.0)


def random_faults(horizon_ns: int, seed: int) -> tuple[FaultEvent, ...]:
    """Return so many failures, partitions and their ends, with a fifth of the nodes down or cut."""
    rng, found = random.Random(seed), list[FaultEvent]()
    lasts_ns = horizon_ns * NODES // (2 * FAULTS)
    while len(found) < FAULTS:
        begin, last = rng.randrange(1, horizon_ns), rng.randrange(1, lasts_ns)
        if rng.random() < 0.7:
            kinds, width = (FaultKind.FAIL, FaultKind.RECOVER), 1
        else:
            kinds, width = (FaultKind.CUT, FaultKind.JOIN), 3
        first = rng.randrange(NODES - width + 1)
        nodes = tuple(range(first, first + width))
        found.append(FaultEvent(begin, kinds[0], nodes))
        found.append(FaultEvent(min(begin + last, horizon_ns), kinds[1], nodes))
    return tuple(sorted(found, key=lambda event: event.time_ns))


class Paying:
    """A policy whose tenants bid for each decision; the price and its tax go to the treasury."""

    def __init__(self, inner: Policy, tenants: int, seed: int) -> None:
        self.inner, self.name, self.probes = inner, inner.name, 0
        self.ledger = Ledger([START_TOKENS] * tenants)
        self.tenants = tenants
        self.decisions = 0
        self._rng = random.Random(seed)

    def place(self, cluster: Cluster, job: Job) -> Sequence[int] | None:
        nodes = self.inner.place(cluster, job)
        self.probes, self.decisions = self.inner.probes, self.decisions + 1
        if nodes is not None:
            bids = {tenant: self._rng.randrange(100) for tenant in range(self.tenants)}
            self.ledger.auction({**bids, job.tenant: 100}, 2, TAX)
        if self.decisions % 50 == 0:
            self.ledger.tick(KAPPA, [self._rng.randrange(200) for _ in range(self.tenants)])
            self.ledger.pay(None, self.decisions % self.tenants, self.ledger.supply.treasury // 2)
        return nodes

    def gpus(self, cluster: Cluster, node: int, job: Job) -> tuple[int, ...] | None:
        return self.inner.gpus(cluster, node, job)

    def taken(self, placement: Placement) -> None:
        self.inner.taken(placement)

    def given(self, placement: Placement) -> None:
        self.inner.given(placement)

    def changed(self, node: int) -> None:
        self.inner.changed(node)


def run(name: str, seed: int) -> tuple[Simulation, Paying]:
    """Run to the end, looking at all that must hold on the way."""
    work = workload()
    paying: list[Paying] = []

    def make(cluster: Cluster, own_seed: int, typical: Sequence[Job]) -> Policy:
        inner = POLICIES[name](cluster, own_seed, typical)
        paying.append(Paying(inner, work.tenants, own_seed))
        return paying[0]

    faults = random_faults(work.horizon_ns, seed)
    assert len(faults) == FAULTS
    simulation = Simulation(work, make, seed=seed, faults=faults, stale_ns=STALE_NS[name])
    (policy,) = paying
    steps = 0
    while simulation.step():
        steps += 1
        if steps % 200 == 0:
            simulation.check()
            policy.ledger.check()
            assert policy.ledger.origin == START_TOKENS * work.tenants
    simulation.check()
    policy.ledger.check()
    return simulation, policy


@cache
def once(name: str, seed: int) -> tuple[Simulation, Paying]:
    return run(name, seed)


def told(simulation: Simulation, policy: Paying) -> tuple[object, ...]:
    counters = simulation.recorder.counters
    return simulation.recorder.digest, counters, policy.ledger.supply


@pytest.mark.slow
def test_the_faults_are_ten_thousand_of_every_kind_and_leave_most_nodes_up() -> None:
    horizon_ns = workload().horizon_ns
    faults = random_faults(horizon_ns, 0)
    kinds = Counter(event.kind for event in faults)
    assert kinds[FaultKind.FAIL] == kinds[FaultKind.RECOVER] > 3000
    assert kinds[FaultKind.CUT] == kinds[FaultKind.JOIN] > 1000
    down = sum(
        event.time_ns * len(event.nodes) * (1 if event.kind in ("recover", "join") else -1)
        for event in faults
    )
    assert 0.15 < down / (horizon_ns * NODES) < 0.25


@pytest.mark.slow
@pytest.mark.parametrize("name", STALE_NS)
def test_no_token_no_room_and_no_job_is_lost_in_ten_thousand_faults(name: str) -> None:
    simulation, policy = once(name, 1)
    counters = simulation.recorder.counters
    assert counters.failures + counters.partitions == FAULTS // 2
    assert counters.displaced > 1000
    assert policy.ledger.supply.evaporated > 0
    assert policy.ledger.supply.minted > 0
    ended = counters.finished + counters.rejected
    assert ended + len(simulation.waiting) + len(simulation.running) == counters.arrived
    assert counters.finished > 500


@pytest.mark.slow
def test_the_same_seed_is_the_same_run_and_another_is_another() -> None:
    first = told(*once("governor", 1))
    assert told(*run("governor", 1)) == first
    assert told(*run("governor", 2)) != first
