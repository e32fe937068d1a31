"""The suite ``expert-cache``: what notes 002 and 004 say of caches of experts, and of yours.

The state machine runs the runtime's own cache, or yours, on lanes that an adversary interleaves,
beside a cache that decides everything anew from the whole past. A target is a callable
``(lanes, host, *, capacity, buffers, policy)``; what it must return, and keep to, is said in
``properties.machines.expert_cache_contract``. It is tried under the policies that its attribute
``policies`` names, else under all of ``lru``, ``lfu``, ``lfru`` and ``rank``.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from homeostat.properties.machines.expert_cache import ExpertCacheMachine, our_cache
from homeostat.properties.machines.expert_cache_contract import Aspect
from homeostat.properties.machines.naive_cache import RULES
from homeostat.properties.results import Violation
from homeostat.properties.statements import (
    AnyProperty,
    Property,
    StatefulProperty,
    Suite,
    given_example,
)
from homeostat.properties.suites import expert_cache_chains as chains
from homeostat.properties.suites import expert_cache_checks as checks
from homeostat.properties.suites.expert_cache_canaries import (
    BypassRefreshes,
    CopiesTwice,
    OneTooMany,
    OverwritesItsBuffer,
    ServesResidentsFirst,
)
from homeostat.properties.targets import Target

__all__ = ["EXPERT_CACHE"]

_STEPS: Final = 30

_ASPECTS: Final[Mapping[Aspect, tuple[str, Callable[..., Any]]]] = MappingProxyType(
    {
        "capacity": (
            "Residents never exceed the capacity, nor device memory the residents and buffers.",
            OneTooMany,
        ),
        "bypass_pure": (
            "Whatever is bypassed, stopped or fails, residents are those of the reference.",
            BypassRefreshes,
        ),
        "buffer_safe": (
            "No place is written while it is read, buffers come back, and nothing waits for ever.",
            OverwritesItsBuffer,
        ),
        "bytes": (
            "Each miss is copied once and nothing else is; host memory is not written.",
            CopiesTwice,
        ),
        "output_exact": (
            "Experts come in ascending order, and every compute reads the weights of its own.",
            ServesResidentsFirst,
        ),
    }
)
"""What is judged, what it says, and a cache that breaks it."""


def _of_cache(
    aspect: Aspect,
    make: Callable[..., Any],
    policies: tuple[str, ...] = tuple(RULES),
    *,
    claim: bool = True,
) -> StatefulProperty:
    return StatefulProperty(
        name=aspect,
        claim_id=f"experts.{aspect}" if claim else None,
        statement=_ASPECTS[aspect][0],
        holds=True,
        machine=partial(ExpertCacheMachine, make, policies, (aspect,)),
        steps=_STEPS,
    )


def _canary(aspect: Aspect) -> StatefulProperty:
    broken = _ASPECTS[aspect][1]
    return StatefulProperty(
        name=f"canary_{broken.__name__}",
        claim_id=None,
        statement=f"False on purpose, of {broken.__name__}: {_ASPECTS[aspect][0]}",
        holds=False,
        machine=partial(ExpertCacheMachine, broken, tuple(RULES), (aspect,)),
        steps=_STEPS,
    )


def _of_cases(
    name: str,
    statement: str,
    cases: Callable[[], Any],
    check: Callable[[Any], Violation | None],
    *,
    holds: bool = True,
    claim: str | None = "",
) -> Property:
    return Property(
        name=name,
        claim_id=None if claim is None else f"experts.{claim or name}",
        statement=statement if holds else f"False: {statement}",
        holds=holds,
        cases=cases,
        check=check,
        example=given_example,
    )


_TRUE: Final[tuple[AnyProperty, ...]] = (
    *(_of_cache(aspect, our_cache) for aspect in _ASPECTS),
    _of_cases(
        "optimal_gap",
        "No policy misses less than the best of all choices, which the farthest next use reaches.",
        checks.traces,
        checks.belady_is_not_optimal,
    ),
    _of_cases(
        "chain_valid",
        "Every row of the chain is >= 0 and adds up to 1, exactly; unvisited ones are marked.",
        chains.chains,
        chains.row_is_no_law,
    ),
    _of_cases(
        "product_edges_rank_one",
        "All k k pairs of two tokens deviate from chance by 1/k^2 of what the first choices do.",
        chains.small_chains,
        chains.pairs_deviate_otherwise,
    ),
    _of_cases(
        "closed_classes",
        "The eigenvalue 1 is as often as there are closed classes; two leave no gap.",
        chains.chains,
        chains.classes_are_not_multiplicity,
    ),
    _of_cases(
        "union_size",
        "The closed form of the expected union is the mean over all that can happen.",
        chains.walkers,
        chains.union_is_not_the_enumerated,
    ),
    _of_cases(
        "p_return",
        "Discounted returns are in [0, g], grow with g, and are the limit of finite horizons.",
        chains.chains,
        chains.returns_leave_their_range,
    ),
)

_FALSE: Final[tuple[AnyProperty, ...]] = (
    *(_canary(aspect) for aspect in _ASPECTS),
    _of_cases(
        "admission_never_worse",
        "admission by a return probability of 0.1 never misses more than LRU.",
        checks.walks,
        checks.admission_misses_more,
        holds=False,
    ),
    _of_cases(
        "threshold_scale_free",
        "a return probability of 0.1 means the same for 8 experts and for 128.",
        chains.thresholds,
        chains.threshold_depends_on_size,
        holds=False,
    ),
    _of_cases(
        "components_close_the_gap",
        "more than one strong component leaves no gap.",
        chains.chains,
        chains.components_leave_a_gap,
        holds=False,
        claim="closed_classes.components",
    ),
    _of_cases(
        "gap_definitions",
        "of three numbers that are called the spectral gap, two agree.",
        chains.chains,
        chains.gaps_all_differ,
        holds=False,
    ),
    _of_cases(
        "next_use_is_optimal",
        "what is used soonest again stays, and of equals it matters not which.",
        checks.traces,
        checks.next_use_misses_more,
        holds=False,
        claim="optimal_gap.next_use",
    ),
    _of_cases(
        "gap_predicts_avalanche",
        "of two chains the one with the smaller gap has the smaller union.",
        chains.two_chains,
        chains.smaller_gap_has_the_larger_union,
        holds=False,
    ),
    _of_cases(
        "lru_is_optimal",
        "the least recently used is always a best choice.",
        checks.traces,
        checks.lru_misses_more_than_the_optimum,
        holds=False,
        claim=None,
    ),
    _of_cases(
        "union_is_the_sum",
        "every walker needs an expert of its own.",
        chains.walkers,
        chains.union_is_not_the_sum,
        holds=False,
        claim=None,
    ),
    _of_cases(
        "product_edges_forget_all",
        "the pairs of two tokens do not deviate from chance at all.",
        chains.small_chains,
        chains.pairs_do_not_forget,
        holds=False,
        claim=None,
    ),
)


def _conformance(target: str) -> tuple[AnyProperty, ...]:
    """Return what a target must keep to, and the same of caches that it must refute."""
    own = Target(target)
    policies = tuple(getattr(own.load(), "policies", RULES))
    return (
        *(_of_cache(aspect, own, policies, claim=False) for aspect in _ASPECTS),
        *(_canary(aspect) for aspect in _ASPECTS),
    )


EXPERT_CACHE: Final = Suite(
    name="expert-cache", properties=(*_TRUE, *_FALSE), conformance=_conformance
)
"""The cache of experts, its policies and chains, and whoever says to have one."""
