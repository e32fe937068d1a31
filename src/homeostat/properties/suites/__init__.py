"""The suites by name; a new suite is a module here and an entry in ``SUITES``."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from homeostat.properties.statements import Suite
from homeostat.properties.suites.batching import BATCHING

__all__ = ["SUITES"]

SUITES: Final[Mapping[str, Suite]] = MappingProxyType({BATCHING.name: BATCHING})
"""Every suite by name."""
