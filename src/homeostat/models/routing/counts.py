"""How often one expert follows another: counts of transitions, and what they would be by chance.

Notation
    N_ij: transitions from expert i to expert j; T = sum N_ij; r_i = sum_j N_ij, c_j = sum_i N_ij:
    the marginals. A memoryless source gives N_ij near r_i c_j / T, which has rank one.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import random_table

from homeostat.errors import InvalidInputError

__all__ = [
    "EXPERTS_MAX",
    "Counts",
    "as_counts",
    "product_edges",
    "rank_one_counts",
    "shuffled",
    "top_transitions",
]

Counts: TypeAlias = NDArray[np.int64]
"""Shape (experts, experts): row i, column j counts how often j follows i."""

EXPERTS_MAX: Final = 4096
_TRANSITIONS_MAX: Final = 2**53
"""Whole numbers up to here are exact also as floats."""


def as_counts(counts: object) -> Counts:
    """Return counts as whole numbers, checked.

    Args:
        counts: A square matrix of integers >= 0, with at least one transition.

    Raises:
        InvalidInputError: It is something else, or too large.
    """
    found = np.asarray(counts)
    if found.ndim != 2 or found.shape[0] != found.shape[1]:
        raise InvalidInputError(f"counts of shape {found.shape} must be a square matrix")
    if not 1 <= len(found) <= EXPERTS_MAX:
        raise InvalidInputError(f"{len(found)} experts must be 1 or more and <= {EXPERTS_MAX}")
    if not np.issubdtype(found.dtype, np.integer):
        raise InvalidInputError(f"counts of type {found.dtype} must be integers")
    if found.min() < 0:
        raise InvalidInputError(f"count {found.min()} must be >= 0")
    # Python's integers, as a sum of 64 bits could wrap around.
    total = sum(found.ravel().tolist())
    if not 1 <= total <= _TRANSITIONS_MAX:
        raise InvalidInputError(f"{total} transitions must be 1 or more and <= {_TRANSITIONS_MAX}")
    return found.astype(np.int64)


def top_transitions(tops: Iterable[Sequence[int]], expert_count: int) -> Counts:
    """Return how often one first choice follows another.

    Args:
        tops: Texts, each the first choices of its tokens in order; nothing leads from one text to
            the next.
        expert_count: Experts of the layer.

    Raises:
        InvalidInputError: An expert is out of range.
    """
    return _counted(((a, b) for text in tops for a, b in pairwise(text)), expert_count)


def product_edges(routes: Iterable[Sequence[Sequence[int]]], expert_count: int) -> Counts:
    """Return how often any expert of a token meets any expert of the next one: k^2 edges a step.

    Args:
        routes: Texts, each the experts of its tokens in order.
        expert_count: Experts of the layer.

    Raises:
        InvalidInputError: An expert is out of range.
    """
    found = np.zeros((expert_count, expert_count), np.float64)
    for text in routes:
        marks = _marks(text, expert_count)
        found += marks[:-1].T @ marks[1:]
    return found.astype(np.int64)


def _marks(text: Sequence[Sequence[int]], expert_count: int) -> NDArray[np.float64]:
    """Return how often each token has each expert, shape (tokens, experts)."""
    _demand_count(expert_count)
    marks = np.zeros((len(text), expert_count))
    for token, experts in enumerate(text):
        for expert in experts:
            _demand_expert(expert, expert_count)
            marks[token, expert] += 1
    return marks


def _counted(edges: Iterable[tuple[int, int]], expert_count: int) -> Counts:
    _demand_count(expert_count)
    counts = np.zeros((expert_count, expert_count), np.int64)
    for a, b in edges:
        _demand_expert(a, expert_count)
        _demand_expert(b, expert_count)
        counts[a, b] += 1
    return counts


def _demand_count(expert_count: int) -> None:
    if not 1 <= expert_count <= EXPERTS_MAX:
        raise InvalidInputError(f"expert_count={expert_count} must be >= 1 and <= {EXPERTS_MAX}")


def _demand_expert(expert: int, expert_count: int) -> None:
    if not 0 <= expert < expert_count:
        raise InvalidInputError(f"expert {expert} must be >= 0 and < {expert_count}")


def rank_one_counts(counts: Counts) -> NDArray[np.float64]:
    """Return r_i c_j / T: what a memoryless source of the same marginals is expected to give."""
    # As floats, since a product of two sums could exceed 64 bits.
    rows, columns = (counts.sum(axis=axis).astype(np.float64) for axis in (1, 0))
    expected: NDArray[np.float64] = np.outer(rows, columns) / rows.sum()
    return expected


def shuffled(counts: Counts, rng: np.random.Generator) -> Counts:
    """Return counts of the same marginals in which successors are dealt out at random.

    This is the law of a memoryless source's counts once both marginals are given, whatever the
    source's own distribution is (Fisher's exact test rests on the same); transitions are taken
    as independent, although neighbours among them share an expert.
    """
    dealt = random_table(counts.sum(axis=1), counts.sum(axis=0), seed=rng)
    return np.asarray(dealt.rvs(size=1)).reshape(counts.shape).astype(np.int64)
