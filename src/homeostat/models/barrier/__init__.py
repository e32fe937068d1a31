"""Barriers that keep a position below a limit: chains, filters of the input, Lie derivatives."""

from homeostat.models.barrier.filters import (
    Gains,
    allowed_acceleration,
    braking_distance,
    braking_filter,
    braking_headroom,
    chain_value,
    euler_step,
    filtered,
    headroom,
    least_chance,
    within,
)
from homeostat.models.barrier.lie import HocbfChain, hocbf_chain, lie_derivative, relative_degree

__all__ = [
    "Gains",
    "HocbfChain",
    "allowed_acceleration",
    "braking_distance",
    "braking_filter",
    "braking_headroom",
    "chain_value",
    "euler_step",
    "filtered",
    "headroom",
    "hocbf_chain",
    "least_chance",
    "lie_derivative",
    "relative_degree",
    "within",
]
