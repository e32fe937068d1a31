"""The suite ``scheduler``: the runtime's scheduler against contract and twin, and yours.

A target is a callable that takes ``Limits`` and a policy's name and returns an object with the
methods ``submit``, ``cancel``, ``plan`` and ``commit`` of ``runtime.scheduler.Scheduler``. It is
tried under the policies that its attribute ``policies`` names, else under all. What it must keep
to is said in ``properties.machines.scheduler_contract``; whom to evict is its own affair.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from homeostat.properties.machines.scheduler import (
    SchedulerContractMachine,
    SchedulerTwinMachine,
    our_scheduler,
)
from homeostat.properties.statements import AnyProperty, Property, StatefulProperty, Suite
from homeostat.properties.suites.scheduler_canaries import (
    ForgetsTheEvicted,
    MostDecodedScheduler,
    NeverEvicts,
    SkipsTheHead,
)
from homeostat.properties.suites.scheduler_checks import (
    leaves_the_integer_model,
    whole_systems,
)
from homeostat.properties.targets import Target
from homeostat.runtime.scheduler import ALL_POLICIES

__all__ = ["SCHEDULER"]

_NAMES: Final = tuple(policy.name for policy in ALL_POLICIES)
_CANARIES: Final = (NeverEvicts, ForgetsTheEvicted, SkipsTheHead)


def _machine(
    name: str,
    statement: str,
    machine: type[SchedulerContractMachine],
    make: Callable[..., Any],
    *,
    policies: tuple[str, ...] = _NAMES,
    holds: bool = True,
) -> StatefulProperty:
    return StatefulProperty(
        name=name,
        claim_id=None,
        statement=statement,
        holds=holds,
        machine=partial(machine, make, policies),
    )


def _contract(make: Callable[..., Any], policies: tuple[str, ...]) -> tuple[AnyProperty, ...]:
    """Return the contract of one scheduler, and of those that must break it."""
    return (
        _machine(
            "keeps_the_contract",
            "Memory, budget and order are kept, nothing is lost or doubled, somebody always ends.",
            SchedulerContractMachine,
            make,
            policies=policies,
        ),
        *(
            _machine(
                f"canary_{broken.__name__}",
                f"False on purpose: {broken.__name__} keeps the contract.",
                SchedulerContractMachine,
                broken,
                holds=False,
            )
            for broken in _CANARIES
        ),
    )


def _refines(system: str, statement: str) -> tuple[Property, Property]:
    """Return that our scheduler is one of the integer systems, and that a broken one is."""
    check = partial(leaves_the_integer_model, cancels=system == "fresh")
    ours = Property(
        name=f"runtime_refines_{system}",
        claim_id=f"batching.runtime_refines.{system}",
        statement=f"On the two-type workload, {statement}, every step has the integer model's "
        "requests at each stage.",
        holds=True,
        cases=whole_systems,
        check=partial(check, our_scheduler),
    )
    broken = replace(
        ours,
        name=f"canary_refines_{system}",
        claim_id=None,
        statement="False on purpose: so it has if the most decoded are evicted first.",
        holds=False,
        check=partial(check, MostDecodedScheduler),
    )
    return ours, broken


def _conformance(target: str) -> tuple[AnyProperty, ...]:
    own = Target(target)
    return _contract(own, tuple(getattr(own.load(), "policies", _NAMES)))


SCHEDULER: Final = Suite(
    name="scheduler",
    properties=(
        *_contract(our_scheduler, _NAMES),
        _machine(
            "agrees_with_the_naive_twin",
            "Every plan and every count is that of a scheduler that finds all anew in each step.",
            SchedulerTwinMachine,
            our_scheduler,
        ),
        _machine(
            "canary_MostDecodedScheduler",
            "False on purpose: a scheduler that evicts the most decoded is the twin.",
            SchedulerTwinMachine,
            MostDecodedScheduler,
            holds=False,
        ),
        *_refines("fresh", "cancelling what is evicted"),
        *_refines("recompute", "with eviction and recompute as they are"),
    ),
    conformance=_conformance,
)
"""Continuous batching, and whoever says to do it."""
