"""What exact trajectories tell about all later times: cycles, and starts that Theory forgets."""

from collections.abc import Sequence
from fractions import Fraction

from homeostat.models.batching.linear import equilibrium, is_schur_stable
from homeostat.models.batching.parameters import BatchingParameters, State
from homeostat.models.batching.steps import theory_step

__all__ = ["annihilating_polynomial", "cycle_start", "theory_converges"]


def annihilating_polynomial(vectors: Sequence[Sequence[Fraction]]) -> tuple[Fraction, ...]:
    """Return c_0 .. c_k, c_k = 1, of the first vector that those before it span.

    sum c_i v_i = 0. For v_i = A^i v this is the minimal polynomial of v under A.

    Raises:
        ValueError: The vectors are linearly independent.
    """
    basis: list[tuple[int, list[Fraction], list[Fraction]]] = []
    for k, vector in enumerate(vectors):
        rest, made = list(vector), [Fraction(0)] * k + [Fraction(1)]
        for pivot, b, b_made in basis:
            times = rest[pivot] / b[pivot]
            rest = [x - times * y for x, y in zip(rest, b, strict=True)]
            made = [x - times * y for x, y in zip(made, b_made + [Fraction(0)] * k, strict=False)]
        pivot = next((i for i, x in enumerate(rest) if x), -1)
        if pivot < 0:
            return tuple(made)
        basis.append((pivot, rest, made))
    raise ValueError(f"{len(vectors)} vectors are linearly independent")


def theory_converges(parameters: BatchingParameters, start: State) -> bool:
    """Return whether Theory converges to the equilibrium from this start, exactly.

    Also an unstable system does from some starts: where the distance from the equilibrium has
    no part along a root outside. So asked is the minimal polynomial of that distance under
    the linear part of a step: all its roots must lie inside the unit circle.
    """
    level, state = equilibrium(parameters), start
    distances = []
    for _ in range(parameters.stage_count + 1):
        distances.append([x - e for x, e in zip(state, level, strict=True)])
        state = theory_step(parameters.weights, parameters.capacity, state)
    return is_schur_stable(tuple(reversed(annihilating_polynomial(distances))))


def cycle_start(states: Sequence[State], t: int) -> int | None:
    """Return the last time before t in the same state as at t; from there on it repeats."""
    return next((i for i in range(t - 1, -1, -1) if states[i] == states[t]), None)
