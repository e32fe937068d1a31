"""The suite ``governor``: what note 000 says of clusters, and placers and ledgers, ours or yours.

A state machine lets jobs come and end and nodes fail, come back and be cut off, and asks each of
the runtime's policies, or yours, where jobs go; everything is counted a second time beside. A
target is a callable ``(cluster, seed, typical)``; what it must return, and keep to, is said in
``properties.machines.placement_contract``. If it has an attribute ``ledger``, that is tried too.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from homeostat.properties.machines.airlock import AirlockMachine
from homeostat.properties.machines.placement import OurPlacer, PlacementMachine
from homeostat.properties.machines.placement_contract import ASPECTS, Aspect
from homeostat.properties.results import Violation
from homeostat.properties.statements import (
    AnyProperty,
    Property,
    StatefulProperty,
    Suite,
    given_example,
)
from homeostat.properties.suites import governor_canaries as canaries
from homeostat.properties.suites import governor_checks as checks
from homeostat.properties.suites.governor_barrier_checks import BARRIER_PROPERTIES
from homeostat.properties.suites.governor_game_checks import GAME_PROPERTIES
from homeostat.properties.suites.governor_measured_checks import MEASURED
from homeostat.properties.suites.governor_theory_checks import THEORY
from homeostat.properties.targets import Target
from homeostat.runtime.governor.airlock import Airlock
from homeostat.runtime.governor.policies import POLICIES

__all__ = ["GOVERNOR"]

_STEPS: Final = 30

_ASPECTS: Final[Mapping[Aspect, tuple[str, Callable[..., Any]]]] = MappingProxyType(
    {
        "placement_fits": (
            "Every task has room where it is placed, and no node is ever over its capacity.",
            canaries.IgnoresMemory,
        ),
        "gang_whole": (
            "A gang is placed whole or not at all.",
            canaries.SplitsGangs,
        ),
        "down_nodes_rest": (
            "Nothing is placed on a node that failed or is cut off.",
            canaries.PlacesOnTheDead,
        ),
        "place_only_looks": (
            "Deciding leaves the cluster as it was.",
            canaries.TakesWhatItChooses,
        ),
        "same_seed_same_run": (
            "The same seed and the same questions have the same answers.",
            canaries.ForgetsItsSeed,
        ),
        "empty_nodes_serve": (
            "A task is placed where every node has room for it.",
            canaries.GivesUp,
        ),
        "tokens_kept": (
            "No token is created or lost, whatever is paid, sold, taxed and evaporates.",
            canaries.TaxesVanish,
        ),
    }
)
"""What is judged, what it says, and a placer that breaks it."""


def _of_placer(
    name: str, make: Callable[..., Any], aspects: tuple[Aspect, ...], statement: str
) -> StatefulProperty:
    return StatefulProperty(
        name=name,
        claim_id=None,
        statement=statement,
        holds=True,
        machine=partial(PlacementMachine, make, aspects),
        steps=_STEPS,
    )


def _canary(aspect: Aspect) -> StatefulProperty:
    broken = _ASPECTS[aspect][1]
    return StatefulProperty(
        name=f"canary_{broken.__name__}",
        claim_id=None,
        statement=f"False on purpose, of {broken.__name__}: {_ASPECTS[aspect][0]}",
        holds=False,
        machine=partial(PlacementMachine, broken, (aspect,)),
        steps=_STEPS,
    )


def _of_freezing(
    name: str,
    statement: str,
    design: str,
    check: Callable[[Any], Violation | None],
    *,
    claim: str,
    holds: bool = True,
) -> Property:
    return Property(
        name=name,
        claim_id=f"governor.{claim}",
        statement=statement if holds else f"False: {statement}",
        holds=holds,
        cases=partial(checks.freezings, design),
        check=check,
        example=given_example,
    )


def _of_airlock(name: str, make: Callable[..., Any], *, holds: bool) -> StatefulProperty:
    said = "Whoever enters, leaves and dies: the books are right, fit, and are a run as proved."
    return StatefulProperty(
        name=name,
        claim_id="governor.airlock_safe" if holds else None,
        statement=said if holds else f"False on purpose, of {make.__name__}: {said}",
        holds=holds,
        machine=partial(AirlockMachine, make),
        steps=_STEPS,
    )


_TRUE: Final[tuple[AnyProperty, ...]] = (
    *(
        _of_placer(
            f"places_{name}",
            OurPlacer(name),
            ASPECTS,
            f"The policy {name} keeps to the whole contract of placers.",
        )
        for name in POLICIES
    ),
    _of_airlock("airlock_safe", Airlock, holds=True),
    _of_freezing(
        "airlock_live",
        "Before an airlock who waits is thawed in order, and someone always runs.",
        "airlock",
        checks.frozen_out_of_turn,
        claim="airlock_live",
    ),
)

_FALSE: Final[tuple[AnyProperty, ...]] = (
    *(_canary(aspect) for aspect in _ASPECTS),
    _of_airlock("canary_ForgetsTheRoom", canaries.ForgetsTheRoom, holds=False),
    _of_freezing(
        "mutual_freezing",
        "jobs that freeze while what they ask for does not fit are never all frozen.",
        "naive",
        checks.all_are_frozen,
        claim="airlock_live.naive",
        holds=False,
    ),
    _of_freezing(
        "freeze_releases_memory",
        "who asks for no more than frozen jobs hold is given it.",
        "naive",
        checks.frozen_memory_is_not_given,
        claim="airlock_live.freeze",
        holds=False,
    ),
)


def _conformance(target: str) -> tuple[AnyProperty, ...]:
    """Return what a target must keep to, and the same of placers that it must refute."""
    own = _Made(target)
    aspects = tuple(a for a in _ASPECTS if a != "tokens_kept" or own.ledger is not None)
    return (
        *(_of_placer(aspect, own, (aspect,), _ASPECTS[aspect][0]) for aspect in aspects),
        *(_canary(aspect) for aspect in aspects),
    )


class _Made:
    """A target, and the ledger that it has, if it has one."""

    def __init__(self, spec: str) -> None:
        self._target = Target(spec)

    def __call__(self, *arguments: Any) -> Any:
        return self._target(*arguments)

    @property
    def ledger(self) -> Callable[..., Any] | None:
        found: Callable[..., Any] | None = getattr(self._target.load(), "ledger", None)
        return found


GOVERNOR: Final = Suite(
    name="governor",
    properties=(*_TRUE, *_FALSE, *THEORY, *GAME_PROPERTIES, *BARRIER_PROPERTIES, *MEASURED),
    conformance=_conformance,
)
"""Airlock, ledger and policies, the models of note 000, and whoever says to place jobs."""
