"""The family of policies: an order of admission, an eviction and a window each."""

from homeostat.runtime.scheduler.policies.aging import AgingOrder
from homeostat.runtime.scheduler.policies.evictions import EVICTIONS
from homeostat.runtime.scheduler.policies.orders import KeyedQueue
from homeostat.runtime.scheduler.policies.policy import (
    ALL_POLICIES,
    PRESETS,
    Policy,
    policy_named,
)
from homeostat.runtime.scheduler.policies.waiting import WaitingQueue, waiting_queue

__all__ = [
    "ALL_POLICIES",
    "EVICTIONS",
    "PRESETS",
    "AgingOrder",
    "KeyedQueue",
    "Policy",
    "WaitingQueue",
    "policy_named",
    "waiting_queue",
]
