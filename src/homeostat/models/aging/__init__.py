"""Priorities that grow with waiting, and the orders that they induce (note 001, section 3)."""

from homeostat.models.aging.priorities import (
    NANOSECONDS,
    SharedRate,
    effective_priority,
    static_key,
)

__all__ = ["NANOSECONDS", "SharedRate", "effective_priority", "static_key"]
