"""A conjecture of one's own: Theory's Lyapunov function is never larger for Simulation.

V(M) = x'Px with x = M - equilibrium and P from A'PA - P = -I. Try to refute it:

    homeostat search docs/examples/lyapunov.py:lyapunov_dominance
"""

from fractions import Fraction
from functools import cache

from flint import fmpq, fmpq_mat

from homeostat.counterexamples import conjecture
from homeostat.models.batching import BatchingParameters, Pair, State, equilibrium, theory_matrix


def flint(x: Fraction) -> fmpq:
    """Return a fraction as flint's, whose exact linear algebra is fast."""
    return fmpq(x.numerator, x.denominator)


@cache
def lyapunov_matrix(parameters: BatchingParameters) -> fmpq_mat:
    """Return P of A'PA - P = -I, exactly: n^2 linear equations, solved once a system."""
    a, n = [[flint(x) for x in row] for row in theory_matrix(parameters)], parameters.l_b
    rows = range(n * n)
    equations = fmpq_mat(
        n * n,
        n * n,
        [a[k // n][r // n] * a[k % n][r % n] - int(k == r) for r in rows for k in rows],
    )
    identity = fmpq_mat(n * n, 1, [-int(r // n == r % n) for r in rows])
    solution = equations.solve(identity)
    return fmpq_mat(n, n, [solution[r, 0] for r in rows])


def energy(parameters: BatchingParameters, state: State) -> Fraction:
    """Return V = x'Px of a state."""
    x = [flint(m - e) for m, e in zip(state, equilibrium(parameters), strict=True)]
    column = fmpq_mat(len(x), 1, x)
    value = (column.transpose() * lyapunov_matrix(parameters) * column)[0, 0]
    return Fraction(int(value.p), int(value.q))


@conjecture(assumes=("stable",))
def lyapunov_dominance(pair: Pair, t: int) -> Fraction:
    """V is never larger for Simulation than for Theory."""
    system = pair.parameters
    return energy(system, pair.theory[t]) - energy(system, pair.simulation[t])
