"""Every decision of the placer is that of a placer in plain Python, made of lists alone."""

import math
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from homeostat.runtime.governor.cluster import Cluster, Placement
from homeostat.runtime.governor.jobs import GPU_MILLI, Job
from homeostat.runtime.governor.placer import PROBES_MAX, Placer, PlacerSettings
from homeostat.runtime.governor.placer_kernels import probe
from homeostat.runtime.governor.shape_kernels import energy_of
from homeostat.runtime.governor.shapes import check_shapes

if TYPE_CHECKING:
    from tests.runtime.governor.conftest import RandomClusters

_BITS = 2**64 - 1
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def odd_job(random_: random.Random) -> Job:
    """Return a job of a kind that is not typical."""
    gpus = random_.randrange(3)
    milli = random_.randrange(1, 1001) if gpus == 1 else 1000 * bool(gpus)
    return Job(
        cpu_milli=random_.randrange(20_000),
        memory_mib=random_.randrange(90_000),
        gpus=gpus,
        gpu_milli=milli,
    )


class PlainPlacer:
    """Does what ``Placer`` does, and writes down every node that it looks at."""

    def __init__(self, cluster: Cluster, twin: Placer) -> None:
        """Begin in the state of a new placer on a copy of its cluster."""
        self.cluster = cluster
        self.field = twin.field
        self.settings = twin.settings
        self.prices = [float(price) for price in twin._rules[4]]
        self.temperature = float(twin._rules[3])
        self.draws = int(twin._draws[0])
        self.nodes: dict[tuple[int, ...], list[int]] = {}
        self.families: list[tuple[int, ...]] = []
        self.shape_of: dict[int, tuple[int, ...]] = {}
        self.memory: dict[int, tuple[tuple[int, int], list[list[Any]]]] = {}
        self.looked: list[int] = []
        for node in range(len(cluster)):
            self.refile(node)

    def draw(self) -> int:
        self.draws = (self.draws + 0x9E3779B97F4A7C15) & _BITS
        bits = self.draws
        bits = (bits ^ bits >> 30) * _FIRST & _BITS
        bits = (bits ^ bits >> 27) * _SECOND & _BITS
        return bits ^ bits >> 31

    def below(self, bound: int) -> int:
        return (self.draw() >> 32) * bound >> 32

    def free(self, node: int) -> int:
        own = self.cluster.memory_free if self.field.memory_is_scarcer else self.cluster.cpu_free
        return int(own[node])

    def level(self, free: int) -> int:
        return sum(bound <= free for bound in self.field.levels.tolist())

    def shape(self, node: int) -> tuple[int, ...]:
        gpus = self.cluster.gpu_free[node].tolist()
        hole = max((left for left in gpus if left < GPU_MILLI), default=0)
        return (
            int(self.cluster.model[node]),
            gpus.count(GPU_MILLI),
            int(self.field.hole_level[hole]),
            self.level(self.free(node)),
        )

    def refile(self, node: int) -> None:
        old = self.shape_of.pop(node, None)
        if old is not None:
            self.nodes[old].remove(node)
            if not any(self.nodes.get((*old[:3], level)) for level in range(64)):
                place = self.families.index(old[:3])
                last = self.families.pop()
                if place < len(self.families):
                    self.families[place] = last
        if not self.cluster.up[node]:
            return
        shape = self.shape_of[node] = self.shape(node)
        if shape[:3] not in self.families:
            self.families.append(shape[:3])
        self.nodes.setdefault(shape, []).insert(0, node)

    def energy(self, node: int) -> int:
        field, cluster = self.field, self.cluster
        table = int(field.table_of[cluster.model[node]])
        level, row = self.level(self.free(node)), self.free(node) // field.row_size
        gpus = cluster.gpu_free[node].tolist()
        parts = sum(int(field.partial[table, level, g]) for g in gpus if g < GPU_MILLI)
        return parts + int(field.whole[table, row, gpus.count(GPU_MILLI)])

    def probe(self, node: int, job: Job) -> tuple[float, int] | None:
        """Return rise and tax together, and GPUs, by trying it on the cluster."""
        self.looked.append(node)
        cluster = self.cluster
        if not cluster.fits(node, job):
            return None
        before = self.energy(node)
        options: list[tuple[int, int]] = []
        left: list[int] = []
        free = cluster.gpu_free[node].tolist()
        for gpu in range(8) if 0 < job.gpu_milli < GPU_MILLI else [-1]:
            if gpu >= 0 and free[gpu] < job.gpu_milli:
                continue
            placement = cluster.take(node, job, None if gpu < 0 else [gpu])
            options.append((self.energy(node) - before, sum(1 << g for g in placement.gpus)))
            left = [int(cluster.cpu_free[node]), int(cluster.memory_free[node])]
            left.append(sum(cluster.gpu_free[node].tolist()))
            cluster.give(placement)
        rise, bits = min(options, key=lambda option: option[0])
        tax = sum(price * amount for price, amount in zip(self.prices, left, strict=True))
        return rise + tax, bits

    def value(self, cost: float, shape: tuple[int, ...]) -> float:
        if self.temperature == 0:
            return -cost
        part = ((self.draw() >> 11) + 0.5) / 2**53
        return -cost + self.temperature * -math.log(-math.log(part) / len(self.nodes[shape]))

    def has_room(self, family: tuple[int, ...], level: int, need: int, job: Job) -> list[int]:
        levels = [at for at in range(level, 64) if self.nodes.get((*family, at))]
        model, whole, hole = family
        if job.gpus and levels:
            if model < 0 or not job.model_mask >> model & 1:
                return []
            if whole < job.gpus and not (job.gpus == 1 and hole >= need):
                return []
        return levels

    def remember(self, row: list[list[Any]], shape: tuple[int, ...], cost: float) -> None:
        known = [entry for entry in row if entry[0] == shape]
        if known:
            known[0][1] = cost
        elif len(row) < 16:
            row.append([shape, cost])
        else:
            empty = [i for i in range(15, -1, -1) if not self.nodes.get(row[i][0])]
            if empty:
                row[empty[0]] = [shape, cost]
            elif cost < row[-1][1]:
                row[-1] = [shape, cost]

    def choose(self, job: Job) -> tuple[int, int]:
        """Return node or -1, and GPUs as bits; ``looked`` has the nodes."""
        self.looked = []
        wanted = job.memory_mib if self.field.memory_is_scarcer else job.cpu_milli
        level = self.level(wanted)
        need = int(self.field.hole_level[job.gpu_milli]) if job.gpus == 1 else 0
        key = (level + 64 * (need + 64 * job.gpus), job.model_mask)
        mixed = (key[0] * _FIRST + key[1] * _SECOND) & _BITS
        place = (mixed ^ mixed >> 29) % 1024
        owner, row = self.memory.get(place, (key, []))
        if owner != key:
            row = []
        self.memory[place] = (key, row)
        best: tuple[float, int, int] | None = None
        seen: set[tuple[int, ...]] = set()
        for entry in row:
            if len(self.looked) >= self.settings.remembered:
                break
            if not self.nodes.get(entry[0]):
                continue
            seen.add(entry[0])
            found = self.probe(self.nodes[entry[0]][0], job)
            if found is None:
                entry[1] = math.inf
                continue
            entry[1] = found[0]
            value = self.value(found[0], entry[0])
            if best is None or value > best[0]:
                best = (value, self.looked[-1], found[1])
        row.sort(key=lambda entry: entry[1])
        for _ in range(4 * self.settings.probes):
            if len(self.looked) >= self.settings.probes or not self.families:
                break
            family = self.families[self.below(len(self.families))]
            levels = self.has_room(family, level, need, job)
            if not levels:
                continue
            shape = (*family, levels[self.below(len(levels))])
            if shape in seen:
                continue
            seen.add(shape)
            found = self.probe(self.nodes[shape][0], job)
            if found is None:
                continue
            self.remember(row, shape, found[0])
            row.sort(key=lambda entry: entry[1])
            value = self.value(found[0], shape)
            if best is None or value > best[0]:
                best = (value, self.looked[-1], found[1])
        if best is not None:
            return best[1], best[2]
        for family in self.families:
            for at in reversed(self.has_room(family, level, need, job)):
                for node in self.nodes[(*family, at)]:
                    if len(self.looked) >= self.settings.probes_max:
                        return -1, 0
                    found = self.probe(node, job)
                    if found is not None:
                        self.remember(row, (*family, at), found[0])
                        row.sort(key=lambda entry: entry[1])
                        return node, found[1]
        return -1, 0


@pytest.mark.slow
def test_a_probe_tells_by_how_much_the_energy_will_rise(clusters: "type[RandomClusters]") -> None:
    fitted = rejected = 0
    for random_, cluster, jobs in clusters.cases(6, 10):
        placer = Placer(cluster, jobs, 1)
        clusters.fill(random_, cluster, jobs, 50)
        plain = PlainPlacer(cluster, placer)
        for _ in range(60):
            node = random_.randrange(len(cluster))
            job = random_.choice(jobs) if random_.random() < 0.7 else odd_job(random_)
            energy = int(energy_of(node, placer.field, cluster.state))
            rise, tax, bits = probe(
                node, placer.field, cluster.state, energy, job.wants, placer._rules[4]
            )
            found = plain.probe(node, job)
            assert (rise != np.iinfo(np.int64).max) == (found is not None)
            if found is None:
                rejected += 1
                continue
            fitted += 1
            assert rise + tax == pytest.approx(found[0], rel=1e-12, abs=1e-6)
            gpus = [gpu for gpu in range(8) if bits >> gpu & 1]
            placement = cluster.take(node, job, gpus)
            assert int(energy_of(node, placer.field, cluster.state)) == energy + rise
            cluster.give(placement)
    assert fitted > 50
    assert rejected > 50


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        PlacerSettings(),
        PlacerSettings(temperature=0.0, tax=0.0),
        PlacerSettings(temperature=4.0, damping=3.0, probes=6),
        PlacerSettings(probes=1, probes_max=5, damping=0.0),
    ],
    ids=["usual", "cold", "hot", "few"],
)
def test_every_decision_is_plain_pythons_and_its_probes_are_counted(
    clusters: "type[RandomClusters]",
    settings: PlacerSettings,
) -> None:
    none = placed = 0
    for seed in range(3):
        random_ = random.Random(seed)
        # With 40 nodes a kind comes to know more shapes than it can keep.
        cluster = clusters.some_cluster(random_, 14 if seed else 40)
        jobs = clusters.typical_jobs(random_, 80)
        placer = Placer(cluster, jobs, seed, settings)
        plain = PlainPlacer(cluster.copy(), placer)
        held: list[tuple[Placement, Placement]] = []
        for step in range(150 if seed else 600):
            job = random_.choice(jobs) if random_.random() < 0.9 else odd_job(random_)
            node = placer.choose(job)
            bits = sum(1 << gpu for gpu in placer.gpus)
            assert (node, bits) == plain.choose(job)
            assert placer.probes == len(plain.looked) <= settings.probes_max
            changed = [node]
            if node >= 0:
                placed += 1
                gpus = list(placer.gpus)
                held.append((cluster.take(node, job, gpus), plain.cluster.take(node, job, gpus)))
            else:
                none += 1
                changed = []
            if len(held) > (25 if seed else 90) or (held and random_.random() < 0.3):
                ours, theirs = held.pop(random_.randrange(len(held)))
                cluster.give(ours)
                plain.cluster.give(theirs)
                changed.append(ours.node)
            if step % 10 == 0:
                flipped = random_.randrange(len(cluster))
                cluster.up[flipped] = plain.cluster.up[flipped] = not cluster.up[flipped]
                changed.append(flipped)
            for node in changed:
                placer.refile(node)
                plain.refile(node)
        placer.check()
        cluster.check()
        filed = check_shapes(placer.shapes)
        assert sorted(map(sorted, filed.values())) == sorted(
            sorted(nodes) for nodes in plain.nodes.values() if nodes
        )
    assert placed > 100
    assert none > 0


def test_a_cold_placer_that_sees_every_shape_takes_the_least_energy(
    clusters: "type[RandomClusters]",
) -> None:
    random_ = random.Random(6)
    cluster, jobs = clusters.some_cluster(random_, 8), clusters.typical_jobs(random_, 60)
    settings = PlacerSettings(temperature=0.0, probes=PROBES_MAX)
    placer = Placer(cluster, jobs, 1, settings)
    warm = PlacerSettings(temperature=1000.0, probes=PROBES_MAX)
    hot = Placer(cluster, jobs, 1, warm)
    job = Job(cpu_milli=3152, memory_mib=1024, gpus=1, gpu_milli=470)
    plain = PlainPlacer(cluster.copy(), placer)
    costs = {}
    for nodes in plain.nodes.values():
        found = plain.probe(nodes[0], job) if nodes else None
        if found is not None:
            costs[nodes[0]] = found[0]
    assert len(set(costs.values())) > 1
    # A shape may be missed by chance once, but not for long.
    chosen = [placer.choose(job) for _ in range(5)]
    assert costs[chosen[-1]] == min(costs.values())
    # The false neighbour: one that does not mind the energy takes others too.
    assert any(costs[hot.choose(job)] != min(costs.values()) for _ in range(20))
