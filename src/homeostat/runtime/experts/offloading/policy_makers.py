"""Makes the policy of each layer, from its name and from what was measured of the model."""

from collections.abc import Sequence

from homeostat.errors import InvalidInputError
from homeostat.runtime.experts.offloading.modules import ExpertsModule
from homeostat.runtime.experts.policies.family import NEED_PREFIX, policy_named
from homeostat.runtime.experts.policies.policy import Policy
from homeostat.runtime.experts.policies.selector import PolicyFactory
from homeostat.runtime.traces.routes import Routes

__all__ = ["make_policies"]


def make_policies(
    policy: str | PolicyFactory,
    modules: Sequence[ExpertsModule],
    capacities: Sequence[int],
    routes: Routes | None,
) -> list[Policy]:
    """Return a policy for each layer.

    Args:
        policy: A name, or what makes a policy.
        modules: The layers.
        capacities: The capacity of each.
        routes: Of this model, for the policies that learn from measured events.

    Raises:
        InvalidInputError: There is no such policy, it needs routes, or they are of another model.
    """
    if isinstance(policy, str):
        make = policy_named(policy)
        if routes is None and policy in NEED_PREFIX:
            raise InvalidInputError(f"policy {policy!r} must have routes= to learn from, has none")
    else:
        make = policy
    if routes is not None:
        demand_same_shape(modules, routes)
    return [
        make(
            experts.expert_count,
            capacity,
            experts.top_k,
            prefix=() if routes is None else routes.events(number),
        )
        for number, (experts, capacity) in enumerate(zip(modules, capacities, strict=True))
    ]


def demand_same_shape(modules: Sequence[ExpertsModule], routes: Routes) -> None:
    """Refuse routes of a model of another shape.

    Raises:
        InvalidInputError: Its layers or experts are not as many.
    """
    here = len(modules), sorted({experts.expert_count for experts in modules})
    there = routes.layers, [routes.n_expert]
    if here != there:
        raise InvalidInputError(
            f"routes of {there[0]} layers with {there[1]} experts must be of this model, which "
            f"has {here[0]} with {here[1]}"
        )
