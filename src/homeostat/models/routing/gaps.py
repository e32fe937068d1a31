"""Spectral gaps: numbers that go by one name and differ.

Every one says in its way how fast a chain forgets where it started; none says how many experts it
visits. Of a reversible chain ``eigenvalue_gap`` is at most ``reversible_gap``, as it also sees
negative eigenvalues. Chung's directed Laplacian I - (F^1/2 P F^-1/2 + F^-1/2 P^T F^1/2) / 2 is
similar to I - R, so its second smallest eigenvalue *is* the reversible gap, and has no function of
its own.

Notation
    P: transition matrix; pi: its stationary law, F = diag(pi); P* = F^-1 P^T F: the chain run
    backwards; R = (P + P*) / 2: the additive reversibilisation; W: symmetric weights, d: their row
    sums, D = diag(d).

References: Fill, Annals of Applied Probability 1(1), 1991; Chung, Annals of Combinatorics 9,
2005; Chung, Spectral Graph Theory, 1997, chapter 1.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from homeostat.errors import InvalidInputError
from homeostat.models.routing.chain import Chain, chain_of
from homeostat.models.routing.classes import stationary_law
from homeostat.models.routing.counts import Counts

__all__ = [
    "GAPS",
    "Gap",
    "eigenvalue_gap",
    "laplacian_gap",
    "normalised_laplacian_gap",
    "reversible_gap",
    "singular_gap",
]

_Floats: TypeAlias = NDArray[np.float64]


def _matrix(chain: Chain) -> _Floats:
    return np.asarray(chain.matrix, dtype=np.float64)


def eigenvalue_gap(chain: Chain) -> float:
    """Return 1 - |lambda_2| of P, the eigenvalues by falling modulus; 1 for a single state.

    0 for two closed classes, and for a class with a period.
    """
    moduli = np.sort(np.abs(np.linalg.eigvals(_matrix(chain))))
    return float(1 - moduli[-2]) if len(moduli) > 1 else 1.0


def _symmetric_form(chain: Chain) -> _Floats:
    """Return F^1/2 P F^-1/2, on the states that the stationary law does not miss."""
    law = np.asarray(stationary_law(chain), dtype=np.float64)
    kept = law > 0
    root = np.sqrt(law[kept])
    form: _Floats = root[:, None] * _matrix(chain)[np.ix_(kept, kept)] / root[None, :]
    return form


def reversible_gap(chain: Chain) -> float:
    """Return 1 - lambda_2 of R: also the second smallest eigenvalue of Chung's Laplacian.

    On the closed class alone, which is where the chain ends up.

    Raises:
        InvalidInputError: There are several closed classes.
    """
    form = _symmetric_form(chain)
    values = np.linalg.eigvalsh((form + form.T) / 2)
    return float(1 - values[-2]) if len(values) > 1 else 1.0


def singular_gap(chain: Chain) -> float:
    """Return 1 - sigma_2 of F^1/2 P F^-1/2: the square of sigma_2 is lambda_2 of P P*.

    Raises:
        InvalidInputError: There are several closed classes.
    """
    values = np.linalg.svd(_symmetric_form(chain), compute_uv=False)
    return float(1 - values[1]) if len(values) > 1 else 1.0


def _second_smallest(laplacian: _Floats) -> float:
    values = np.linalg.eigvalsh(laplacian)
    if len(values) < 2:
        raise InvalidInputError("a graph of 1 node must have 2 or more for a second eigenvalue")
    return float(values[1])


def laplacian_gap(weights: _Floats) -> float:
    """Return the second smallest eigenvalue of D - W, W the symmetric part of the weights.

    It scales with the weights: counts give another number than probabilities.

    Raises:
        InvalidInputError: There is one node.
    """
    symmetric = (weights + weights.T) / 2
    return _second_smallest(np.diag(symmetric.sum(axis=1)) - symmetric)


def normalised_laplacian_gap(weights: _Floats) -> float:
    """Return the second smallest eigenvalue of I - D^-1/2 W D^-1/2, W the symmetric part.

    Nodes without any weight are left out: they would add a 0 each.

    Raises:
        InvalidInputError: Fewer than two nodes remain.
    """
    symmetric = (weights + weights.T) / 2
    kept = symmetric.sum(axis=1) > 0
    root = np.sqrt(symmetric.sum(axis=1)[kept])
    scaled = symmetric[np.ix_(kept, kept)] / np.outer(root, root)
    return _second_smallest(np.eye(len(root)) - scaled)


Gap: TypeAlias = Callable[[Counts], float]
"""From counts to a gap."""


def _weights(counts: Counts) -> _Floats:
    return np.asarray(counts, dtype=np.float64)


GAPS: Final[Mapping[str, Gap]] = {
    "1 - |lambda_2| of P": lambda counts: eigenvalue_gap(chain_of(counts)),
    "1 - lambda_2 of (P + P*)/2": lambda counts: reversible_gap(chain_of(counts)),
    "1 - sigma_2 of P": lambda counts: singular_gap(chain_of(counts)),
    "normalised Laplacian of N + N^T": lambda counts: normalised_laplacian_gap(_weights(counts)),
    "normalised Laplacian of P + P^T": lambda counts: normalised_laplacian_gap(
        _matrix(chain_of(counts))
    ),
    "Laplacian of P + P^T": lambda counts: laplacian_gap(_matrix(chain_of(counts))),
    "Laplacian of N + N^T, over its mean degree": lambda counts: (
        laplacian_gap(_weights(counts)) * len(counts) / int(counts.sum())
    ),
}
"""All definitions that were tried, by name; P with uniform rows where an expert was never left."""
