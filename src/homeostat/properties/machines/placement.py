"""Drives a placer through jobs that come and end, and nodes that fail, come back and are cut off.

What must hold however that goes is in ``placement_contract``.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from homeostat.properties.machines.placement_contract import PlacementReferee
from homeostat.runtime.governor.cluster import Cluster, Node
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.ledger import Ledger
from homeostat.runtime.governor.policies import POLICIES
from homeostat.runtime.governor.policy import Policy

__all__ = ["OurPlacer", "PlacementMachine", "jobs", "nodes", "our_governor"]

_ACCOUNTS: Final = 3
_NODES_MAX: Final = 6
_MODELS: Final = 2


class OurPlacer:
    """Makes one of the runtime's policies, with the runtime's ledger."""

    ledger = Ledger

    def __init__(self, name: str) -> None:
        """Say which, a key of ``POLICIES``."""
        self.name = name

    def __call__(self, cluster: Cluster, seed: int, typical: Sequence[Job]) -> Policy:
        """Make it."""
        return POLICIES[self.name](cluster, seed, typical)


our_governor: Final = OurPlacer("governor")
"""Makes the runtime's governor."""


def _node(cpu: int, memory: int, gpus: int, model: int) -> Node:
    return Node(
        cpu_milli=1000 * cpu, memory_mib=512 * memory, gpus=gpus, model=model if gpus else -1
    )


def nodes() -> st.SearchStrategy[Node]:
    """Return small nodes, of which some have GPUs."""
    gpus = st.sampled_from((0, 0, 1, 2, 8))
    return st.builds(_node, st.integers(1, 8), st.integers(1, 8), gpus, st.integers(0, _MODELS - 1))


def _job(cpu: int, memory: int, gpus: tuple[int, int], model: int, gang: int) -> Job:
    return Job(
        cpu_milli=500 * cpu,
        memory_mib=256 * memory,
        gpus=gpus[0],
        gpu_milli=gpus[1],
        models=(model,) if gpus[0] and model < _MODELS else (),
        gang=gang,
    )


def jobs() -> st.SearchStrategy[Job]:
    """Return jobs for such nodes: shares of a GPU, whole ones, gangs, and some too large."""
    gpus = st.sampled_from(((0, 0), (0, 0), (1, 300), (1, 700), (1, 1000), (2, 1000)))
    sizes = st.integers(0, 12)
    gang = st.sampled_from((1, 1, 1, 2, 3, 5))
    return st.builds(_job, sizes, sizes, gpus, st.integers(0, _MODELS), gang)


class PlacementMachine(PlacementReferee):
    """Room, gangs, faults, seeds and tokens must be right whatever comes."""

    @initialize(
        sizes=st.lists(nodes(), min_size=1, max_size=_NODES_MAX),
        seed=st.integers(0, 9),
        typical=st.lists(jobs(), min_size=1, max_size=3),
        balances=st.lists(st.integers(0, 60), min_size=_ACCOUNTS, max_size=_ACCOUNTS),
    )
    def begin(self, sizes: list[Node], seed: int, typical: list[Job], balances: list[int]) -> None:
        """Create the placer and the ledger."""
        self.create(sizes, seed, typical)
        self.open_ledger(balances)

    @rule(job=jobs())
    def come(self, job: Job) -> None:
        """A job comes."""
        self.arrive(job)

    @precondition(lambda self: bool(self.running))
    @rule(which=st.integers(0, 20))
    def go(self, which: int) -> None:
        """A job ends."""
        self.end(which)

    @rule(node=st.integers(0, _NODES_MAX - 1), failed=st.booleans())
    def fail_or_recover(self, node: int, *, failed: bool) -> None:
        """A node fails, or comes back empty."""
        self.operations.append({"call": "fail" if failed else "recover", "arguments": [node]})
        self.change(node % len(self.rooms), failed=failed)

    @rule(first=st.integers(0, _NODES_MAX - 1), width=st.integers(1, 3), cut=st.booleans())
    def cut_or_join(self, first: int, width: int, *, cut: bool) -> None:
        """Nodes side by side are cut off, or joined; what runs there goes on."""
        self.operations.append({"call": "cut" if cut else "join", "arguments": [first, width]})
        for node in range(first, first + width):
            self.change(node % len(self.rooms), cut=cut)

    @precondition(lambda self: self.ledger is not None)
    @rule(
        payer=st.integers(-1, _ACCOUNTS - 1),
        payee=st.integers(-1, _ACCOUNTS - 1),
        amount=st.integers(0, 80),
    )
    def transfer(self, payer: int, payee: int, amount: int) -> None:
        """One pays another, or the treasury, or gets from it."""
        self.pay(None if payer < 0 else payer, None if payee < 0 else payee, amount)

    @precondition(lambda self: self.ledger is not None)
    @rule(
        bids=st.dictionaries(st.integers(0, _ACCOUNTS - 1), st.integers(0, 80)),
        places=st.integers(0, 3),
        tenths=st.integers(0, 15),
    )
    def bid(self, bids: dict[int, int], places: int, tenths: int) -> None:
        """Places are sold."""
        self.auction(bids, places, Fraction(tenths, 10))

    @precondition(lambda self: self.ledger is not None)
    @rule(
        percent=st.integers(0, 100),
        mints=st.lists(st.integers(0, 9), min_size=_ACCOUNTS, max_size=_ACCOUNTS),
    )
    def pass_time(self, percent: int, mints: list[int]) -> None:
        """A tick passes."""
        self.tick(Fraction(percent, 100), mints)

    @precondition(lambda self: self.subject is not None)
    @invariant()
    def counted(self) -> None:
        """What is free is what was not taken."""
        self.count()
        self.check(self.subject)
