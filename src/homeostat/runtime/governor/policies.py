"""The policies of placement by name.

This module imports every policy; a policy imports ``policy`` and not this.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.baselines.best_fit import BestFitPolicy
from homeostat.runtime.governor.baselines.dot_product import DotProductPolicy
from homeostat.runtime.governor.baselines.fgd import FgdPolicy
from homeostat.runtime.governor.baselines.filter_and_score import FilterAndScorePolicy
from homeostat.runtime.governor.baselines.power_of_d import PowerOfDPolicy
from homeostat.runtime.governor.baselines.round_robin import RoundRobinPolicy
from homeostat.runtime.governor.baselines.uniform import RandomPolicy
from homeostat.runtime.governor.cluster import Cluster
from homeostat.runtime.governor.governor_policy import GovernorPolicy
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.policy import BasePolicy, Policy, PolicyMaker

__all__ = ["POLICIES", "BasePolicy", "Policy", "PolicyMaker", "policy_named"]


def _filter_and_score(cluster: Cluster, seed: int, typical: Sequence[Job]) -> Policy:
    return FilterAndScorePolicy(cluster, seed)


def _round_robin(cluster: Cluster, seed: int, typical: Sequence[Job]) -> Policy:
    return RoundRobinPolicy(cluster)


def _best_fit(cluster: Cluster, seed: int, typical: Sequence[Job]) -> Policy:
    return BestFitPolicy(cluster)


def _random(cluster: Cluster, seed: int, typical: Sequence[Job]) -> Policy:
    return RandomPolicy(cluster, seed)


def _power_of_d(cluster: Cluster, seed: int, typical: Sequence[Job]) -> Policy:
    return PowerOfDPolicy(cluster, seed)


def _dot_product(cluster: Cluster, seed: int, typical: Sequence[Job]) -> Policy:
    return DotProductPolicy(cluster)


def _fgd(cluster: Cluster, seed: int, typical: Sequence[Job]) -> Policy:
    return FgdPolicy(cluster, typical)


def _governor(cluster: Cluster, seed: int, typical: Sequence[Job]) -> Policy:
    return GovernorPolicy(cluster, typical, seed)


POLICIES: Final[Mapping[str, PolicyMaker]] = {
    "filter_and_score": _filter_and_score,
    "round_robin": _round_robin,
    "best_fit": _best_fit,
    "random": _random,
    "power_of_d": _power_of_d,
    "dot_product": _dot_product,
    "fgd": _fgd,
    "governor": _governor,
}


def policy_named(name: str) -> PolicyMaker:
    """Return what makes the policy of that name.

    Raises:
        InvalidInputError: There is none.
    """
    if name not in POLICIES:
        raise InvalidInputError(f"policy {name!r:.100} must be one of {', '.join(POLICIES)}")
    return POLICIES[name]
