"""Jain's index of fairness."""

from collections.abc import Sequence

from homeostat.models.numbers import Number

__all__ = ["jain_index"]


def jain_index(shares: Sequence[Number]) -> Number:
    """Return (sum x)^2 / (n sum x^2), in [1/n, 1]; 1 if all shares are equal, also all 0.

    Args:
        shares: What each of n >= 1 users got, >= 0 (Jain, Chiu and Hawe 1984).

    Raises:
        ValueError: There are no shares.
    """
    if not shares:
        raise ValueError("Jain's index needs at least one share, got none")
    squares = sum(x * x for x in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 1
