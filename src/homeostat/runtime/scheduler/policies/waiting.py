"""The queue of waiting sequences that a policy's order asks for."""

from homeostat.runtime.scheduler.policies.aging import AgingOrder
from homeostat.runtime.scheduler.policies.orders import KEYS, KeyedQueue, WaitingQueue
from homeostat.runtime.scheduler.policies.policy import Policy

__all__ = ["WaitingQueue", "waiting_queue"]


def waiting_queue(policy: Policy) -> WaitingQueue:
    """Return an empty queue in the policy's order."""
    if policy.order == "aging":
        return AgingOrder(policy.rates)
    return KeyedQueue(KEYS[policy.order])
