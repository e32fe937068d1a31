"""Hypothesis strategies, property suites, conformance checks and a pytest plugin.

One line in a test file runs a whole suite::

    from homeostat.properties import assert_suite

    def test_batching() -> None:
        assert_suite("batching", examples=50)

Names are loaded when they are first used: pytest imports this package through the
plugin in every session, and most sessions run no suite, so none should pay for
Hypothesis or NumPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from homeostat.properties.fuzzing import assert_suite, fuzz
    from homeostat.properties.results import FuzzResult, PropertyResult, Violation
    from homeostat.properties.statements import Property, StatefulProperty, Suite
    from homeostat.properties.suites import SUITES

__all__ = [
    "SUITES",
    "FuzzResult",
    "Property",
    "PropertyResult",
    "StatefulProperty",
    "Suite",
    "Violation",
    "assert_suite",
    "fuzz",
]

_HOMES = {
    "SUITES": "suites",
    "FuzzResult": "results",
    "Property": "statements",
    "PropertyResult": "results",
    "StatefulProperty": "statements",
    "Suite": "statements",
    "Violation": "results",
    "assert_suite": "fuzzing",
    "fuzz": "fuzzing",
}


def __getattr__(name: str) -> Any:
    """Load a public name from the module it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
