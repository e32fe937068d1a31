"""The suites by name; a new suite is a module here and an entry in ``SUITES``."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from homeostat.properties.statements import Suite
from homeostat.properties.suites.aging_queue import AGING_QUEUE
from homeostat.properties.suites.batching import BATCHING
from homeostat.properties.suites.entropy import ENTROPY
from homeostat.properties.suites.expert_cache import EXPERT_CACHE
from homeostat.properties.suites.governor import GOVERNOR
from homeostat.properties.suites.scheduler import SCHEDULER

__all__ = ["SUITES"]

_ALL: Final = (BATCHING, AGING_QUEUE, ENTROPY, SCHEDULER, EXPERT_CACHE, GOVERNOR)

SUITES: Final[Mapping[str, Suite]] = MappingProxyType({suite.name: suite for suite in _ALL})
"""Every suite by name."""
