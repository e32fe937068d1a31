"""Which experts lead to each other: strong components, closed classes, and their stationary laws.

At a threshold t only transitions with P_ij > t count as edges. A component is *closed* if no such
edge leaves it. At t = 0 the closed components are the closed classes of the chain: it cannot leave
them, and each carries exactly one stationary law; all stationary laws of the chain are mixtures of
these. More than one component at t > 0 says nothing of the kind.

Reference: Kemeny and Snell, Finite Markov Chains, 1960, chapters 2 and 5.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.sparse.csgraph import connected_components

from homeostat.errors import InvalidInputError
from homeostat.models.numbers import Number
from homeostat.models.routing.chain import Chain, Matrix, is_exact, solve

__all__ = ["Component", "components", "stationary_law", "stationary_laws"]


@dataclass(frozen=True, slots=True)
class Component:
    """A strong component of the graph of a chain at a threshold.

    Attributes:
        rows: Row numbers of the chain's matrix, ascending.
        closed: Whether no edge leaves it.
    """

    rows: tuple[int, ...]
    closed: bool


def components(chain: Chain, *, threshold: Number = 0) -> tuple[Component, ...]:
    """Return the strong components in the order of their first rows.

    Args:
        chain: Any.
        threshold: Edges are the transitions with a probability above it, >= 0.

    Raises:
        InvalidInputError: The threshold is negative or no number.
    """
    if not threshold >= 0:
        raise InvalidInputError(f"threshold={threshold!r} must be >= 0")
    edges = np.asarray(chain.matrix > threshold, dtype=bool)
    _, labels = connected_components(edges, directed=True, connection="strong")
    leaves = {int(labels[i]) for i, j in np.argwhere(edges) if labels[i] != labels[j]}
    found: dict[int, list[int]] = {}
    for row, label in enumerate(labels.tolist()):
        found.setdefault(label, []).append(row)
    return tuple(Component(tuple(rows), label not in leaves) for label, rows in found.items())


def stationary_laws(chain: Chain) -> tuple[tuple[Component, Matrix], ...]:
    """Return each closed class with its stationary law.

    Returns:
        Pairs of a class and a law of shape (states,) that is positive on the class, 0 elsewhere.
    """
    return tuple(
        (component, _law_on(chain.matrix, component.rows))
        for component in components(chain)
        if component.closed
    )


def stationary_law(chain: Chain) -> Matrix:
    """Return the stationary law, shape (states,).

    Raises:
        InvalidInputError: There are several closed classes, so it is not unique.
    """
    laws = stationary_laws(chain)
    if len(laws) > 1:
        raise InvalidInputError(
            f"the stationary law of {len(laws)} closed classes is not unique: see stationary_laws"
        )
    return laws[0][1]


def _law_on(matrix: Matrix, rows: tuple[int, ...]) -> Matrix:
    """Solve pi (P - I) = 0 on an irreducible class; one equation gives way to sum pi = 1."""
    count = len(rows)
    exact = is_exact(matrix)
    one = Fraction(1) if exact else 1.0
    equations = (matrix[np.ix_(rows, rows)] - _identity(count, one)).T
    equations[-1] = one
    right = np.array([[0 * one]] * (count - 1) + [[one]], dtype=matrix.dtype)
    law = np.array([0 * one] * len(matrix), dtype=matrix.dtype)
    law[list(rows)] = solve(equations, right)[:, 0]
    return law


def _identity(count: int, one: Number) -> Matrix:
    return np.array([[one if i == j else 0 * one for j in range(count)] for i in range(count)])
