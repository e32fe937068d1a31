"""Hypothesis strategies, one module a domain."""

from homeostat.properties.strategies.batching import (
    batching_parameters,
    pairs,
    shares,
    starts,
    typed_starts,
)

__all__ = [
    "batching_parameters",
    "pairs",
    "shares",
    "starts",
    "typed_starts",
]
