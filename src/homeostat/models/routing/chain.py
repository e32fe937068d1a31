"""The Markov chain of a layer's first choices, estimated from counts of transitions.

P_ij = N_ij / r_i where expert i was ever left. Where it was not, the counts say nothing on what
follows, and the reader chooses: see ``Unvisited``.

The same text runs on floats and, with ``exact=True``, on fractions, of which proofs speak.

Notation
    N: counts; r_i: their row sums; P: transition matrix, P_ij >= 0 and sum_j P_ij = 1.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from homeostat.errors import InvalidInputError
from homeostat.models.routing.counts import as_counts

__all__ = ["Chain", "Matrix", "Unvisited", "chain_of", "is_exact", "solve"]

Matrix: TypeAlias = NDArray[Any]
"""Of floats, or of fractions (dtype object)."""

Unvisited: TypeAlias = Literal["uniform", "stay", "drop"]
"""What follows an expert that was never left.

``uniform``: any expert, each as likely; closes no class and is the default. ``stay``: itself for
ever, a closed class that nobody observed. ``drop``: the expert is taken out with all that leads
to it, again and again until every expert that remains was left for one that remains.
"""

_ROUNDING: float = 1e-12


@dataclass(frozen=True, eq=False)
class Chain:
    """A Markov chain on experts.

    Attributes:
        matrix: P, shape (states, states), row-stochastic: exactly, or to 1e-12 in floats.
        states: The expert of each row; all of them unless some were dropped.
        visited: Of each row whether it was estimated, and not chosen.
    """

    matrix: Matrix
    states: tuple[int, ...]
    visited: tuple[bool, ...]

    def __post_init__(self) -> None:
        """Refuse what is no chain.

        Raises:
            InvalidInputError: The shapes differ, a probability is negative, or a row's sum not 1.
        """
        count = len(self.states)
        if self.matrix.shape != (count, count) or len(self.visited) != count or not count:
            raise InvalidInputError(
                f"a matrix of shape {self.matrix.shape} with {count} states and "
                f"{len(self.visited)} marks must agree, with 1 state or more"
            )
        rounding = 0 if is_exact(self.matrix) else _ROUNDING
        for state, row in zip(self.states, self.matrix, strict=True):
            if not (min(row) >= 0 and abs(sum(row) - 1) <= rounding):
                raise InvalidInputError(
                    f"row {state} must hold probabilities that add up to 1, adds up to {sum(row)}"
                )

    @classmethod
    def of(cls, matrix: Matrix) -> "Chain":
        """Return the chain of a whole transition matrix."""
        count = len(matrix)
        return cls(matrix, tuple(range(count)), (True,) * count)


def is_exact(matrix: Matrix) -> bool:
    """Return whether a matrix holds fractions."""
    return matrix.dtype == object


def chain_of(counts: object, *, unvisited: Unvisited = "uniform", exact: bool = False) -> Chain:
    """Return the chain that was counted.

    Args:
        counts: As ``as_counts`` takes them.
        unvisited: What follows an expert that was never left.
        exact: Fractions instead of floats.

    Raises:
        InvalidInputError: The counts break their rules, the choice is none of the three, or
            nothing remains.
    """
    if unvisited not in get_args(Unvisited):
        raise InvalidInputError(
            f"unvisited={unvisited!r:.40} must be one of {', '.join(get_args(Unvisited))}"
        )
    whole = as_counts(counts)
    states = _kept(whole) if unvisited == "drop" else tuple(range(len(whole)))
    if not states:
        raise InvalidInputError("every expert was dropped, as no transition leads on for ever")
    kept = whole[np.ix_(states, states)]
    totals = kept.sum(axis=1)
    rows = [
        _shares(row, total, exact=exact) if total else _chosen(i, len(kept), unvisited, exact=exact)
        for i, (row, total) in enumerate(zip(kept.tolist(), totals.tolist(), strict=True))
    ]
    matrix = np.array(rows, dtype=object if exact else np.float64)
    return Chain(matrix, states, tuple(bool(total) for total in totals))


def _kept(counts: NDArray[np.int64]) -> tuple[int, ...]:
    """Return the experts from which counted transitions lead on for ever."""
    states = np.arange(len(counts))
    while len(states):
        left = counts[np.ix_(states, states)].sum(axis=1) > 0
        if left.all():
            break
        states = states[left]
    return tuple(int(state) for state in states)


def _shares(row: list[int], total: int, *, exact: bool) -> list[Any]:
    return [Fraction(count, total) if exact else count / total for count in row]


def _chosen(index: int, count: int, unvisited: Unvisited, *, exact: bool) -> list[Any]:
    one = Fraction(1) if exact else 1.0
    if unvisited == "uniform":
        return [one / count] * count
    return [one if j == index else 0 * one for j in range(count)]


def solve(matrix: Matrix, right: Matrix) -> Matrix:
    """Return X with A X = B: exactly over fractions, by LAPACK over floats.

    Cost O(n^3) operations; fractions grow with n, so exact answers are for small chains.

    Args:
        matrix: A, square and regular.
        right: B, shape (n, m).

    Raises:
        InvalidInputError: A is singular.
    """
    if not is_exact(matrix):
        try:
            return np.asarray(np.linalg.solve(matrix, right))
        except np.linalg.LinAlgError as error:
            raise InvalidInputError(f"a matrix of shape {matrix.shape} must be regular") from error
    count = len(matrix)
    work = np.concatenate([matrix, right], axis=1)
    for column in range(count):
        pivot = next((row for row in range(column, count) if work[row, column]), None)
        if pivot is None:
            raise InvalidInputError(f"a matrix of shape {matrix.shape} must be regular")
        work[[column, pivot]] = work[[pivot, column]]
        work[column] = work[column] / work[column, column]
        for row in range(count):
            if row != column and work[row, column]:
                work[row] = work[row] - work[row, column] * work[column]
    return work[:, count:]
