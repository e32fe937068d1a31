"""Whole tokens: bids, tax, transfers, minting and evaporation (note 000, concept 4)."""

from homeostat.models.market.tokens import (
    Supply,
    affordable_bid,
    clearing,
    cost,
    evaporation,
    issued,
    part_of,
    supply_bound,
    tax,
    transferred,
)

__all__ = [
    "Supply",
    "affordable_bid",
    "clearing",
    "cost",
    "evaporation",
    "issued",
    "part_of",
    "supply_bound",
    "tax",
    "transferred",
]
