"""Sums over any number of items, as scans of the system ``counter``."""

from typing import Any, Final

__all__ = ["ALL_ROWS", "everywhere", "stages"]

ALL_ROWS: Final = ("z + w = 1",)
"""The weights w of all items add up to 1, z being the sum of those before the last."""


def stages(*items: dict[str, str]) -> list[Any]:
    """Return the stages of a run, one for each item with its values."""
    return [["shared", item] for item in items]


def everywhere(*rows: str) -> dict[str, list[str]]:
    """Return rows that hold before the first item, after it, and after more."""
    return {here: list(rows) for here in "012"}
