"""All policies by name, made the same way."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from homeostat.errors import InvalidInputError
from homeostat.models.residency.events import Event
from homeostat.runtime.experts.policies.lfru import LfruPolicy
from homeostat.runtime.experts.policies.lfu import LfuPolicy
from homeostat.runtime.experts.policies.lru import LruPolicy
from homeostat.runtime.experts.policies.markov import MarkovPolicy
from homeostat.runtime.experts.policies.policy import Policy
from homeostat.runtime.experts.policies.rank import RankPolicy
from homeostat.runtime.experts.policies.returning import PReturnPolicy, ThresholdPolicy
from homeostat.runtime.experts.policies.selector import PolicyFactory, SelectorPolicy
from homeostat.runtime.experts.policies.static import StaticPolicy, most_used

__all__ = ["CANDIDATES", "NEED_PREFIX", "POLICIES", "policy_named"]


def _counting(make: Callable[[int], Policy]) -> PolicyFactory:
    """Return the factory of a policy that starts from nothing, whatever was measured."""

    def made(n_expert: int, capacity: int, top_k: int, *, prefix: Sequence[Event] = ()) -> Policy:
        return make(n_expert)

    return made


def _learning(make: Callable[[int], Policy]) -> PolicyFactory:
    """Return the factory of a policy that has seen what was measured."""

    def made(n_expert: int, capacity: int, top_k: int, *, prefix: Sequence[Event] = ()) -> Policy:
        policy = make(n_expert)
        for event in prefix:
            policy.observe(event)
        return policy

    return made


def _static(n_expert: int, capacity: int, top_k: int, *, prefix: Sequence[Event] = ()) -> Policy:
    return StaticPolicy(most_used(prefix, capacity))


def _selector(n_expert: int, capacity: int, top_k: int, *, prefix: Sequence[Event] = ()) -> Policy:
    return SelectorPolicy(CANDIDATES, prefix, n_expert=n_expert, capacity=capacity, top_k=top_k)


CANDIDATES: Final[Mapping[str, PolicyFactory]] = {
    "lfru": _counting(LfruPolicy),
    "lru": _counting(LruPolicy),
    "lfu": _counting(LfuPolicy),
    "rank": _counting(RankPolicy),
    "markov": _learning(MarkovPolicy),
    "p_return": _learning(PReturnPolicy),
    "threshold": _learning(ThresholdPolicy),
    "static": _static,
}
"""What the selector chooses from; of equals the first."""

POLICIES: Final[Mapping[str, PolicyFactory]] = {**CANDIDATES, "selector": _selector}
"""Every policy."""

NEED_PREFIX: Final = ("static", "selector")
"""Those that cannot be made without measured events."""


def policy_named(name: str) -> PolicyFactory:
    """Return the factory of that name.

    Raises:
        InvalidInputError: There is none.
    """
    if name not in POLICIES:
        raise InvalidInputError(f"policy {name!r:.60} must be one of {', '.join(POLICIES)}")
    return POLICIES[name]
