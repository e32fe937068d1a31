"""The probability of coming to an expert again, discounted by the steps that it takes.

The first passage from i to j takes t >= 1 steps with probability f_ij(t): the walk is on j at step
t and was not at steps 1 .. t-1. With a discount g,

    F_ij(g) = sum_{t >= 1} g^t f_ij(t) = E[g^(steps until j)].

Closed form: with the resolvent G = (I - g P)^-1 = sum_t g^t P^t, the walk is on j for the first
time once and then as if started in j, so G_ij = [i = j] + F_ij G_jj:

    F_ij = G_ij / G_jj for i != j,    F_jj = 1 - 1 / G_jj.

Within a horizon: f_ij(1) = P_ij and f_ij(t) = sum_{k != j} P_ik f_kj(t-1), j being taboo on the
way. What the horizon H leaves out is at most g^(H+1), as at most one passage is the first.

If every step is survived with probability g, F_ij(g) is the probability of ever reaching j: it is
in [0, 1] and rises with g. The same text runs on floats and fractions.

Reference: Feller, An Introduction to Probability Theory and Its Applications I, chapter XIII.
"""

from fractions import Fraction

import numpy as np

from homeostat.errors import InvalidInputError
from homeostat.models.numbers import Number
from homeostat.models.routing.chain import Chain, Matrix, is_exact, solve

__all__ = ["discounted_returns", "returns_within", "visits_within"]


def discounted_returns(chain: Chain, discount: Number) -> Matrix:
    """Return F(g), shape (states, states): row i, column j is from i to j.

    Args:
        chain: Fractions give fractions, if the discount is one.
        discount: g in [0, 1).

    Raises:
        InvalidInputError: The discount is out of range, or a float where the chain has fractions.
    """
    if not 0 <= discount < 1:
        raise InvalidInputError(f"discount={discount!r} must be >= 0 and < 1")
    identity = _identity(chain)
    resolvent = solve(identity - _like(chain, discount) * chain.matrix, identity)
    # (G_ij - [i = j]) / G_jj covers both cases.
    returns: Matrix = (resolvent - identity) / resolvent.diagonal()
    return returns


def returns_within(chain: Chain, steps: int, discount: Number = 1) -> Matrix:
    """Return sum_{t=1}^{steps} g^t f_ij(t), shape (states, states).

    Args:
        chain: Any.
        steps: The horizon, >= 0; cost O(steps * states^3).
        discount: g in [0, 1]; with 1 it is the probability of reaching j within the steps.

    Raises:
        InvalidInputError: An argument is out of range, or a float where the chain has fractions.
    """
    if steps < 0:
        raise InvalidInputError(f"steps={steps} must be >= 0")
    if not 0 <= discount <= 1:
        raise InvalidInputError(f"discount={discount!r} must be >= 0 and <= 1")
    apart = 1 - _identity(chain)
    first, factor = chain.matrix, _like(chain, discount)
    weight = factor
    total: Matrix = 0 * chain.matrix
    for _ in range(steps):
        total = total + weight * first
        first, weight = chain.matrix @ (first * apart), weight * factor
    return total


def visits_within(chain: Chain, steps: int) -> Matrix:
    """Return the probability of being on j at any time 0 .. steps, from i; same shape."""
    identity = _identity(chain)
    visits: Matrix = identity + (1 - identity) * returns_within(chain, steps)
    return visits


def _like(chain: Chain, number: Number) -> Number:
    """Return a number in the chain's type; a float would make fractions look exact."""
    if not is_exact(chain.matrix):
        return float(number)
    if not isinstance(number, int | Fraction):
        raise InvalidInputError(f"discount={number!r} must be a fraction, as the chain's are")
    return Fraction(number)


def _identity(chain: Chain) -> Matrix:
    one = 0 * chain.matrix[0, 0] + 1
    count = len(chain.states)
    return np.array([[one if i == j else 0 * one for j in range(count)] for i in range(count)])
