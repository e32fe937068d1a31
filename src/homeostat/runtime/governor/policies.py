"""The policies of placement by name.

This module imports every policy; a policy imports ``policy`` and not this.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.baselines.uniform import RandomPolicy
from homeostat.runtime.governor.cluster import Cluster
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.policy import BasePolicy, Policy, PolicyMaker

__all__ = ["POLICIES", "BasePolicy", "Policy", "PolicyMaker", "policy_named"]


def _random(cluster: Cluster, seed: int, typical: Sequence[Job]) -> Policy:
    return RandomPolicy(cluster, seed)


POLICIES: Final[Mapping[str, PolicyMaker]] = {
    "random": _random,
}


def policy_named(name: str) -> PolicyMaker:
    """Return what makes the policy of that name.

    Raises:
        InvalidInputError: There is none.
    """
    if name not in POLICIES:
        raise InvalidInputError(f"policy {name!r:.100} must be one of {', '.join(POLICIES)}")
    return POLICIES[name]
