"""Makes the policy of each layer, from a name or from the caller's own."""

from collections.abc import Callable
from typing import Any, TypeAlias

from homeostat.errors import InvalidInputError
from homeostat.runtime.experts.policies.lfru import LfruPolicy
from homeostat.runtime.experts.policies.lfu import LfuPolicy
from homeostat.runtime.experts.policies.lru import LruPolicy
from homeostat.runtime.experts.policies.policy import Policy
from homeostat.runtime.experts.policies.rank import RankPolicy
from homeostat.runtime.traces.routes import Routes

__all__ = ["PolicyMaker", "policy_maker"]

PolicyMaker: TypeAlias = Callable[[int, int, int], Policy]
"""Makes the policy of one layer, of its number among the layers, its experts and its capacity."""

NAMED: dict[str, Callable[[int], Policy]] = {
    "lru": LruPolicy,
    "lfu": LfuPolicy,
    "lfru": LfruPolicy,
    "rank": RankPolicy,
}


def policy_maker(policy: str | PolicyMaker, model: Any, routes: Routes | None) -> PolicyMaker:
    """Return what makes the policies of a model."""
    if not isinstance(policy, str):
        return policy
    if policy not in NAMED:
        raise InvalidInputError(f"policy {policy!r} must be one of {', '.join(NAMED)}")
    return lambda number, n_expert, capacity: NAMED[policy](n_expert)
