"""Placers and ledgers with one mistake each, as people make them; the suite must refute all."""

import random
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from homeostat.errors import InvalidInputError
from homeostat.models.market import Supply, transferred
from homeostat.runtime.governor.cluster import Cluster, Placement
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.ledger import Ledger

Nodes = Sequence[int] | None


class Own:
    """First fit, without a mistake, and with the runtime's ledger."""

    name = "own"
    ledger: Any = Ledger

    def __init__(self, cluster: Cluster, seed: int, typical: Sequence[Job]) -> None:
        self.probes = 0
        self.setup(cluster, seed)

    def setup(self, cluster: Cluster, seed: int) -> None:
        """Remember what is needed."""

    def place(self, cluster: Cluster, job: Job) -> Nodes:
        room, chosen = cluster.copy(), []
        for _ in range(job.gang):
            node = self.first(room, job)
            if node is None:
                return None
            room.take(node, job)
            chosen.append(node)
        return chosen

    def first(self, cluster: Cluster, job: Job) -> int | None:
        return next((node for node in range(len(cluster)) if cluster.fits(node, job)), None)

    def gpus(self, cluster: Cluster, node: int, job: Job) -> tuple[int, ...] | None:
        return None

    def taken(self, placement: Placement) -> None: ...

    def given(self, placement: Placement) -> None: ...

    def changed(self, node: int) -> None: ...


class CountsAGangOnce(Own):
    """Looks for room for each task as if the others were not there."""

    def place(self, cluster: Cluster, job: Job) -> Nodes:
        node = self.first(cluster, job)
        return None if node is None else [node] * job.gang


class NeverHearsOfEnds(Own):
    """Keeps an index of free CPUs of its own, and takes nothing back when a job ends."""

    def setup(self, cluster: Cluster, seed: int) -> None:
        self.cpu = cluster.cpu_free.copy()

    def first(self, cluster: Cluster, job: Job) -> int | None:
        nodes = (n for n in range(len(cluster)) if job.cpu_milli <= self.cpu[n])
        return next((node for node in nodes if cluster.fits(node, job)), None)

    def taken(self, placement: Placement) -> None:
        self.cpu[placement.node] -= placement.cpu_milli


class NeverHearsOfStarts(Own):
    """Keeps an index of free memory of its own, and forgets to update it when a job starts."""

    def setup(self, cluster: Cluster, seed: int) -> None:
        self.memory = cluster.memory_free.copy()

    def place(self, cluster: Cluster, job: Job) -> Nodes:
        nodes = range(len(cluster))
        fitting = [
            n for n in nodes
            if cluster.up[n] and not job.gpus and job.cpu_milli <= cluster.cpu_free[n]
            and job.memory_mib <= self.memory[n]
        ]  # fmt: skip
        return fitting[:1] if fitting and job.gang == 1 else None


class SharesAFullGpu(Own):
    """Gives a share of a GPU on the fullest one, whether it has room or not."""

    def gpus(self, cluster: Cluster, node: int, job: Job) -> tuple[int, ...] | None:
        if job.gpus != 1:
            return None
        count = int(cluster.gpu_count[node])
        return (int(cluster.gpu_free[node, :count].argmin()),)


class ForgetsTheModel(Own):
    """Takes any GPU for one of the model that was asked for."""

    def place(self, cluster: Cluster, job: Job) -> Nodes:
        anything = Job(
            cpu_milli=job.cpu_milli,
            memory_mib=job.memory_mib,
            gpus=job.gpus,
            gpu_milli=job.gpu_milli,
            gang=job.gang,
        )
        return super().place(cluster, anything)


class TakesAndForgets(Own):
    """Takes room for a gang while it looks, and gives it back only where all of it fits."""

    def place(self, cluster: Cluster, job: Job) -> Nodes:
        held: list[Placement] = []
        for _ in range(job.gang):
            node = self.first(cluster, job)
            if node is None:
                return None
            held.append(cluster.take(node, job))
        for placement in held:
            cluster.give(placement)
        return [placement.node for placement in held]


class DrawsFromElsewhere(Own):
    """Draws from the process's generator, not from one of its seed."""

    def first(self, cluster: Cluster, job: Job) -> int | None:
        fitting = [node for node in range(len(cluster)) if cluster.fits(node, job)]
        return random.choice(fitting) if fitting else None


class MournsForEver(Own):
    """Hears that a node failed, and never that it is back."""

    def setup(self, cluster: Cluster, seed: int) -> None:
        self.lost: set[int] = set()

    def changed(self, node: int) -> None:
        self.lost.add(node)

    def first(self, cluster: Cluster, job: Job) -> int | None:
        nodes = (n for n in range(len(cluster)) if n not in self.lost)
        return next((node for node in nodes if cluster.fits(node, job)), None)


class SeesNoPartition(Own):
    """Knows which nodes failed from what it lost there, and of partitions nothing."""

    def place(self, cluster: Cluster, job: Job) -> Nodes:
        room = cluster.copy()
        room.up[:] = True
        return super().place(room, job)


class RaisesIfFull(Own):
    """Raises where it should say that there is no room."""

    def place(self, cluster: Cluster, job: Job) -> Nodes:
        nodes = super().place(cluster, job)
        if nodes is None:
            raise RuntimeError("no room")
        return nodes


class PlacesOneMore(Own):
    """Places one task too many of a gang."""

    def place(self, cluster: Cluster, job: Job) -> Nodes:
        nodes = super().place(cluster, job)
        return [*nodes, nodes[-1]] if nodes is not None and job.gang > 1 else nodes


# --- ledgers


class _Overdrawing(Ledger):
    def pay(self, payer: int | None, payee: int | None, amount: int) -> None:
        if payer is None or payee is None:
            super().pay(payer, payee, amount)
            return
        balances = list(self.supply.balances)
        balances[payer] -= amount
        balances[payee] += amount
        self.supply = Supply(
            tuple(balances), self.supply.treasury, self.supply.minted, self.supply.evaporated
        )


class LendsToAnyone(Own):
    """Its ledger lets balances fall below zero."""

    ledger = _Overdrawing


class _PayingTwice(Ledger):
    def pay(self, payer: int | None, payee: int | None, amount: int) -> None:
        before = self.supply
        super().pay(payer, payee, amount)
        if payer is not None and payer == payee and amount:
            balances = list(before.balances)
            balances[payer] += amount  # read twice, written twice
            self.supply = Supply(tuple(balances), before.treasury, before.minted, before.evaporated)


class MintsForWhoPaysItself(Own):
    """Its ledger reads both balances before it writes either."""

    ledger = _PayingTwice


class _RoundingDown(Ledger):
    def tick(self, kappa: Fraction, mints: Sequence[int]) -> None:
        gone = [int(balance * kappa) for balance in self.supply.balances]
        treasury = int(self.supply.treasury * kappa)
        pairs = zip(self.supply.balances, gone, mints, strict=True)
        self.supply = Supply(
            tuple(balance - lost + mint for balance, lost, mint in pairs),
            self.supply.treasury - treasury,
            self.supply.minted + sum(mints),
            self.supply.evaporated + sum(gone) + treasury,
        )


class NeverEvaporatesSmallSums(Own):
    """Its ledger rounds what evaporates down, so that small balances stay for ever."""

    ledger = _RoundingDown


class _Forgetful(Ledger):
    def tick(self, kappa: Fraction, mints: Sequence[int]) -> None:
        evaporated = self.supply.evaporated
        super().tick(kappa, mints)
        now = self.supply
        self.supply = Supply(now.balances, now.treasury, now.minted, evaporated)


class LosesWhatEvaporates(Own):
    """Its ledger does not write down what evaporated."""

    ledger = _Forgetful


class _SecondPriceOfAll(Ledger):
    def auction(self, bids: Any, places: int, rate: Fraction) -> tuple[int, ...]:
        order = sorted(bids, key=lambda who: (-bids[who], who))
        winners, price = tuple(sorted(order[:places])), bids[order[-1]] if order else 0
        for who in winners:
            amount = min(price, self.balance(who))
            try:
                self.supply = transferred(self.supply, who, None, amount)
            except InvalidInputError:
                continue
        return winners


class SellsWithoutTax(Own):
    """Its ledger takes bids that cannot be paid, at the lowest bid of all, and no tax."""

    ledger = _SecondPriceOfAll
