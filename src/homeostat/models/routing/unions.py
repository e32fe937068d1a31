"""How many distinct experts several independent walkers are on at once: the union working set.

If walker b is on expert i with probability p_b(i), expert i is needed by nobody with probability
prod_b (1 - p_b(i)), so that

    E|union| = sum_i [1 - prod_b (1 - p_b(i))].

It depends on where the walkers are, and on the chain only through that: B walkers in the stationary
law need sum_i [1 - (1 - pi_i)^B] experts whatever the spectral gap is. Two chains show it:
``lazy_uniform_chain`` with a gap as small as one likes and the largest union of all, and
``memoryless_chain`` of a concentrated law, with gap 1 and a small one.

The same text runs on floats and fractions.
"""

from collections.abc import Sequence

import numpy as np

from homeostat.errors import InvalidInputError
from homeostat.models.numbers import Number
from homeostat.models.routing.chain import Chain, Matrix
from homeostat.models.routing.returns import visits_within

__all__ = [
    "expected_union",
    "expected_union_over",
    "halving_law",
    "law_after",
    "lazy_uniform_chain",
    "memoryless_chain",
]


def expected_union(laws: Sequence[Matrix]) -> Number:
    """Return E|union| of independent walkers.

    Args:
        laws: Where each walker is, shape (walkers, states); one or more walkers.

    Raises:
        InvalidInputError: There is no walker.
    """
    if not len(laws):
        raise InvalidInputError("a union must be of 1 walker or more, got none")
    missed = 1 - np.asarray(laws[0])
    for law in laws[1:]:
        missed = missed * (1 - np.asarray(law))
    return sum(1 - missed)


def law_after(chain: Chain, law: Matrix, steps: int) -> Matrix:
    """Return where a walker is some steps after it was distributed as ``law``, shape (states,)."""
    if steps < 0:
        raise InvalidInputError(f"steps={steps} must be >= 0")
    for _ in range(steps):
        law = law @ chain.matrix
    return law


def expected_union_over(chain: Chain, starts: Sequence[Matrix], steps: int) -> Number:
    """Return the expected number of experts that any walker is on at any time 0 .. steps.

    Walker b is on expert j at some such time with probability
    sum_i starts_b(i) * (1 if i = j else probability of reaching j from i within the steps).

    Args:
        chain: Of every walker.
        starts: Where each walker is at time 0, shape (walkers, states).
        steps: >= 0.

    Raises:
        InvalidInputError: There is no walker, or ``steps`` is negative.
    """
    visits = visits_within(chain, steps)
    return expected_union([np.asarray(start) @ visits for start in starts])


def lazy_uniform_chain(count: int, stay: Number) -> Chain:
    """Return the chain that stays with probability ``stay``, and else draws any expert afresh.

    P = s I + (1 - s)/n 11^T has the eigenvalues 1 and s: its gap is 1 - s by every definition, and
    its stationary law is uniform.

    Raises:
        InvalidInputError: ``count`` < 1, or ``stay`` is not in [0, 1).
    """
    if count < 1:
        raise InvalidInputError(f"count={count} must be >= 1")
    if not 0 <= stay < 1:
        raise InvalidInputError(f"stay={stay!r} must be >= 0 and < 1")
    other = (1 - stay) / count
    return Chain.of(
        np.array([[other + stay if i == j else other for j in range(count)] for i in range(count)])
    )


def memoryless_chain(law: Sequence[Number]) -> Chain:
    """Return the chain whose every row is the same law: P has rank one, and gap 1."""
    return Chain.of(np.array([list(law)] * len(law)))


def halving_law(count: int) -> list[float]:
    """Return a law of which each entry is half the one before, and the last as large as that.

    Raises:
        InvalidInputError: ``count`` < 1.
    """
    if count < 1:
        raise InvalidInputError(f"count={count} must be >= 1")
    halves = [2.0**-n for n in range(1, count)]
    return [*halves, 1 - sum(halves)]
