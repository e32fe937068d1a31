"""Simulation steps that someone might write, each with one mistake, and one without.

The comparison with the reference must catch every mistake and accept the last.
"""

from fractions import Fraction
from typing import Any


def _keep(weights: Any, capacity: Any, state: Any, order: Any) -> tuple[list[Any], Any]:
    kept = [state[0] * 0] * len(state)
    rest = capacity
    for s in order:
        incoming = state[s - 1]
        if weights[s] * incoming <= rest:
            kept[s] = incoming
            rest = rest - weights[s] * incoming
        else:
            kept[s] = rest / weights[s]
            rest = rest * 0
    return kept, rest


def own(weights: Any, capacity: Any, state: Any) -> list[Any]:
    """Right, and written apart from the reference."""
    kept, rest = _keep(weights, capacity, state, range(len(state) - 1, 0, -1))
    kept[0] = rest / weights[0]
    return kept


def evicts_the_oldest(weights: Any, capacity: Any, state: Any) -> list[Any]:
    kept, rest = _keep(weights, capacity, state, range(1, len(state)))
    kept[0] = rest / weights[0]
    return kept


def skips_a_stage_that_does_not_fit(weights: Any, capacity: Any, state: Any) -> list[Any]:
    """Goes on with younger stages where the reference stops."""
    kept = [state[0] * 0] * len(state)
    rest = capacity
    for s in range(len(state) - 1, 0, -1):
        if weights[s] * state[s - 1] <= rest:
            kept[s] = state[s - 1]
            rest = rest - weights[s] * state[s - 1]
    kept[0] = rest / weights[0]
    return kept


def weighs_before_advancing(weights: Any, capacity: Any, state: Any) -> list[Any]:
    """Off by one: counts the tokens of the stage that a request comes from."""
    return own((*weights[:1], *weights[:-1]), capacity, state)


def forgets_to_admit(weights: Any, capacity: Any, state: Any) -> list[Any]:
    kept, _ = _keep(weights, capacity, state, range(len(state) - 1, 0, -1))
    return kept


def one_in_a_billion_off(weights: Any, capacity: Any, state: Any) -> list[Any]:
    after = own(weights, capacity, state)
    after[0] = after[0] + after[0] / 10**9
    return after


def a_hair_below_zero(weights: Any, capacity: Any, state: Any) -> list[Any]:
    """Within rounding of the reference, but not non-negative."""
    return [
        m - 1e-18 if isinstance(m, float) and m == 0 else m for m in own(weights, capacity, state)
    ]


def returns_nan_when_full(weights: Any, capacity: Any, state: Any) -> list[Any]:
    after = own(weights, capacity, state)
    return [float("nan")] * len(after) if after[0] == 0 else after


def loses_a_stage(weights: Any, capacity: Any, state: Any) -> list[Any]:
    return own(weights, capacity, state)[:-1]


def crashes_when_full(weights: Any, capacity: Any, state: Any) -> list[Any]:
    after = own(weights, capacity, state)
    if after[0] == 0:
        raise RuntimeError("out of tokens")
    return after


def rounds_fractions(weights: Any, capacity: Any, state: Any) -> list[Any]:
    return [Fraction(float(m)) for m in own(weights, capacity, state)]


def returns_nothing(weights: Any, capacity: Any, state: Any) -> None:
    return None


_calls = 0


def drifts(weights: Any, capacity: Any, state: Any) -> list[Any]:
    """Keeps state between calls: equal calls do not agree."""
    global _calls
    _calls += 1
    after = own(weights, capacity, state)
    after[0] = after[0] * (1 + _calls)
    return after


def overwrites_its_input(weights: Any, capacity: Any, state: Any) -> Any:
    after = own(weights, capacity, state)
    if isinstance(state, list):
        state[:] = after
        return state
    return after


NOT_CALLABLE = 3
