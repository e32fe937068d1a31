"""The request scheduler: continuous batching with evictions, under a family of policies."""

from homeostat.runtime.scheduler.limits import Limits
from homeostat.runtime.scheduler.log import Event, EventLog
from homeostat.runtime.scheduler.monitor import EntropyMonitor
from homeostat.runtime.scheduler.plan import Plan
from homeostat.runtime.scheduler.policies import (
    ALL_POLICIES,
    PRESETS,
    Policy,
    policy_named,
)
from homeostat.runtime.scheduler.queue import AgingQueue
from homeostat.runtime.scheduler.requests import (
    BID_MAX,
    RATE_MAX,
    TIME_NS_MAX,
    Request,
    Sequence,
)
from homeostat.runtime.scheduler.scheduler import Scheduler

__all__ = [
    "ALL_POLICIES",
    "BID_MAX",
    "PRESETS",
    "RATE_MAX",
    "TIME_NS_MAX",
    "AgingQueue",
    "EntropyMonitor",
    "Event",
    "EventLog",
    "Limits",
    "Plan",
    "Policy",
    "Request",
    "Scheduler",
    "Sequence",
    "policy_named",
]
