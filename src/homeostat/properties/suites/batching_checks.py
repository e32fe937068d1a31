"""Checks of one case of two-type batching; each returns where it is violated, or None.

Source: note 003; section numbers stand at each check. What is stated as a
``Conjecture`` is not repeated here: its own definition is tried.

Notation
    T, S: Theory and Simulation; W_s: tokens of a unit at stage s; B: capacity;
    n: stages; u = 2^-53, the rounding unit of float64.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, TypeAlias

import numpy as np
from flint import fmpq, fmpq_mat

from homeostat.models.batching import (
    BatchingParameters,
    Pair,
    State,
    canonical_start,
    equilibrium,
    is_schur_stable,
    simulation_step,
    single_type_weights,
    spread,
    theory_matrix,
    theory_step,
)
from homeostat.models.numbers import Number
from homeostat.properties.results import Violation
from homeostat.properties.rounding import floats, step_differs_from_float64
from homeostat.properties.targets import Step

__all__ = [
    "at_first_eviction",
    "at_steps",
    "batch_differs",
    "companion_form_fails",
    "equilibrium_moves",
    "float64_is_far",
    "float64_is_inexact",
    "float64_turns_negative",
    "homogeneous_is_not_stable",
    "homogeneous_is_not_unstable",
    "is_stable",
    "is_unstable",
    "moves",
    "other_fixed_point",
    "request_count_changes",
    "simulation_is_negative",
    "single_type_is_not_companion",
    "theory_is_negative",
    "token_balance_fails",
]

Figures: TypeAlias = Mapping[str, object]

_STEPS: Final[Mapping[str, Step]] = {"theory": theory_step, "simulation": simulation_step}


def _violation(step: int, figures: Figures) -> Violation:
    return Violation(step, {name: str(value) for name, value in figures.items()})


def at_steps(
    figures_at: Callable[[Pair, int], Figures | None],
) -> Callable[[Pair], Violation | None]:
    """Return the check that asks at every t = 0 .. steps; None means not violated at t."""

    def check(pair: Pair) -> Violation | None:
        for t in range(pair.step_count + 1):
            figures = figures_at(pair, t)
            if figures is not None:
                return _violation(t, figures)
        return None

    return check


def at_first_eviction(
    figures_at: Callable[[Pair, int], Figures | None],
) -> Callable[[Pair], Violation | None]:
    """Return the check that asks at the first step that evicts, if there is one."""

    def check(pair: Pair) -> Violation | None:
        first = next((t for t, lost in enumerate(pair.evicted) if any(lost)), None)
        figures = None if first is None else figures_at(pair, first)
        return None if first is None or figures is None else _violation(first, figures)

    return check


def _dot(weights: Sequence[Number], state: Sequence[Number]) -> Number:
    return sum(w * m for w, m in zip(weights, state, strict=True))


# --- merged steps, sections 2.5 to 3.3 ------------------------------------------------


def token_balance_fails(pair: Pair, t: int) -> Figures | None:
    """Sum W_s M_s = B in both systems (section 2.5)."""
    weights, capacity = pair.parameters.weights, pair.parameters.capacity
    held = [_dot(weights, states[t]) for states in (pair.theory, pair.simulation)]
    if held == [capacity, capacity]:
        return None
    return {"theory_tokens": held[0], "simulation_tokens": held[1], "capacity": capacity}


def request_count_changes(pair: Pair, t: int) -> Figures | None:
    """False neighbour of token balance: the unweighted sum of M^S never changes."""
    first, now = sum(pair.simulation[0]), sum(pair.simulation[t])
    return None if first == now else {"units_at_start": first, "units": now}


def simulation_is_negative(pair: Pair, t: int) -> Figures | None:
    """M^S >= 0 (section 3.3)."""
    low = min(pair.simulation[t])
    return {"min_simulation": low} if low < 0 else None


def theory_is_negative(pair: Pair, t: int) -> Figures | None:
    """False neighbour: M^T >= 0."""
    low = min(pair.theory[t])
    return {"min_theory": low} if low < 0 else None


def at_eviction_spread_is_smaller(pair: Pair, t: int) -> Figures | None:
    """G^T >= G^S, asked at the first eviction."""
    spreads = spread(pair.theory[t]), spread(pair.simulation[t])
    return _spreads(*spreads) if spreads[0] < spreads[1] else None


def at_eviction_spread_is_larger(pair: Pair, t: int) -> Figures | None:
    """False neighbour: G^T <= G^S, asked at the first eviction."""
    spreads = spread(pair.theory[t]), spread(pair.simulation[t])
    return _spreads(*spreads) if spreads[0] > spreads[1] else None


def _spreads(theory: Fraction, simulation: Fraction) -> Figures:
    return {"spread_theory": theory, "spread_simulation": simulation}


# --- fixed points and the matrix of Theory, sections 2.6, 4.3, 7.6 --------------------


def equilibrium_moves(parameters: BatchingParameters) -> Violation | None:
    """The state with all stages equal is a fixed point of T and of S (section 2.6)."""
    rest = equilibrium(parameters)
    for name, step in _STEPS.items():
        after = tuple(step(parameters.weights, parameters.capacity, rest))
        if after != rest:
            return _violation(1, {"equilibrium": _text(rest), name: _text(after)})
    return None


def _fixed(states: Sequence[State], t: int) -> bool:
    return t > 0 and states[t] == states[t - 1]


def other_fixed_point(pair: Pair, t: int) -> Figures | None:
    """Whatever does not move is the equilibrium (section 2.6)."""
    for name, states in (("theory", pair.theory), ("simulation", pair.simulation)):
        if _fixed(states, t) and states[t] != equilibrium(pair.parameters):
            return {f"{name}_rests_at": _text(states[t])}
    return None


def moves(pair: Pair, t: int) -> Figures | None:
    """False neighbour: every start on the token balance is a fixed point of S."""
    if t == 0 or _fixed(pair.simulation, t):
        return None
    return {"before": _text(pair.simulation[t - 1]), "after": _text(pair.simulation[t])}


def companion_form_fails(pair: Pair) -> Violation | None:
    """T(M) = A M + b, and det(z - A) = z sum W_s z^(n-1-s) / W_0 (section 7.6)."""
    parameters = pair.parameters
    matrix, offset = theory_matrix(parameters), canonical_start(parameters)
    for t, (before, after) in enumerate(zip(pair.theory, pair.theory[1:], strict=False), 1):
        image = tuple(_dot(row, before) + b for row, b in zip(matrix, offset, strict=True))
        if image != after:
            return _violation(t, {"step": _text(after), "matrix": _text(image)})
    return _polynomial_differs(parameters, parameters.weights)


def single_type_is_not_companion(pair: Pair) -> Violation | None:
    """False neighbour: the polynomial has the weights of a single type, without q."""
    parameters = pair.parameters
    return _polynomial_differs(parameters, single_type_weights(parameters.l0, parameters.l_b))


def _polynomial_differs(
    parameters: BatchingParameters, weights: Sequence[Fraction]
) -> Violation | None:
    entries = [[_flint(x) for x in row] for row in theory_matrix(parameters)]
    characteristic = [_fraction(c) for c in fmpq_mat(entries).charpoly().coeffs()]
    # Lowest degree first: the factor z is the leading zero.
    expected = [Fraction(0), *(w / weights[0] for w in reversed(weights))]
    if characteristic == expected:
        return None
    return _violation(0, {"characteristic": _text(characteristic), "expected": _text(expected)})


def _flint(x: Fraction) -> Any:
    return fmpq(x.numerator, x.denominator)


def _fraction(x: Any) -> Fraction:
    return Fraction(int(x.p), int(x.q))


def is_stable(parameters: BatchingParameters) -> Violation | None:
    """Violated where every root lies inside the unit circle (section 4.3)."""
    if not is_schur_stable(parameters.weights):
        return None
    return _violation(0, {"stable": True, "weights": _text(parameters.weights)})


def is_unstable(parameters: BatchingParameters) -> Violation | None:
    """Violated where some root does not lie inside the unit circle (section 4.3)."""
    if is_schur_stable(parameters.weights):
        return None
    return _violation(0, {"stable": False, "weights": _text(parameters.weights)})


def homogeneous_is_not_unstable(parameters: BatchingParameters) -> Violation | None:
    """With one type every root is outside: those of the reversed polynomial are inside."""
    weights = single_type_weights(parameters.l0, parameters.l_b)
    return None if is_schur_stable(weights[::-1]) else _violation(0, {"weights": _text(weights)})


def homogeneous_is_not_stable(parameters: BatchingParameters) -> Violation | None:
    """False neighbour: with one type every root is inside the unit circle."""
    weights = single_type_weights(parameters.l0, parameters.l_b)
    return None if is_schur_stable(weights) else _violation(0, {"weights": _text(weights)})


# --- the same text in floating point --------------------------------------------------


def float64_is_far(pair: Pair, t: int) -> Figures | None:
    """Both steps in float64 stay within rounding of the exact step, from M(t)."""
    weights, capacity = floats(pair.parameters.weights), float(pair.parameters.capacity)
    for name, states in (("theory", pair.theory), ("simulation", pair.simulation)):
        step = _STEPS[name]
        figures = step_differs_from_float64(weights, capacity, floats(states[t]), step, step)
        if figures is not None:
            return {"system": name, **figures}
    return None


def float64_is_inexact(pair: Pair, t: int) -> Figures | None:
    """False neighbour: Simulation in float64 is exact."""
    weights, capacity = floats(pair.parameters.weights), float(pair.parameters.capacity)
    state = floats(pair.simulation[t])
    exact_input = [tuple(map(Fraction, values)) for values in (weights, state)]
    expected = simulation_step(exact_input[0], Fraction(capacity), exact_input[1])
    got = simulation_step(weights, capacity, state)
    return None if got == expected else {"got": list(got), "exact": _text(expected)}


def float64_turns_negative(pair: Pair) -> Violation | None:
    """Simulation in float64 never goes below zero, not even by rounding."""
    weights, capacity = floats(pair.parameters.weights), float(pair.parameters.capacity)
    state: Sequence[Number] = floats(pair.simulation[0])
    for t in range(1, pair.step_count + 1):
        state = simulation_step(weights, capacity, state)
        if not min(state) >= 0:
            return _violation(t, {"state": list(state)})
    return None


def batch_differs(dtype: Any) -> Callable[[Pair], Violation | None]:
    """Return the check that a NumPy batch has, bit for bit, the floats of single steps.

    Args:
        dtype: ``float64``; in ``float32`` the statement is false on purpose.
    """

    def check(pair: Pair) -> Violation | None:
        weights, capacity = floats(pair.parameters.weights), float(pair.parameters.capacity)
        for name, states in (("theory", pair.theory), ("simulation", pair.simulation)):
            # The trajectory's own states, all in one batch: shape (stages, steps + 1).
            batch = np.array([floats(state) for state in states]).T.astype(dtype)
            after = np.array(
                _STEPS[name](weights, np.full(batch.shape[1], capacity, dtype), tuple(batch))
            )
            for t, state in enumerate(states):
                single = _STEPS[name](weights, capacity, floats(state))
                if list(single) != after[:, t].tolist():
                    return _violation(
                        t, {"system": name, "single": list(single), "batch": after[:, t].tolist()}
                    )
        return None

    return check


def _text(state: Sequence[Fraction]) -> str:
    return "[" + ", ".join(map(str, state)) + "]"
