"""The steps of Theory and Simulation, merged and typed, each written once.

Source: note 003, sections 2.3 and 3.1 to 3.4.

Every request advances one stage, the oldest leave, and what is left of the capacity
admits fresh requests at stage 0. Theory admits a negative amount when the advanced
requests already exceed the capacity. Simulation instead keeps requests from the
highest stage down while they fit, keeps a share of the stage that crosses the
capacity, and evicts everything below it.

A state is a sequence over stages, lowest first; an entry may be a scalar of any number
type or an array over a batch. The steps use ``where`` and arithmetic only, so a
Fraction, a float, a NumPy or torch array, a z3 and a sympy term run the same text. On a
CUDA card, give the weights as tensors there: torch divides by a Python float as a product
with its reciprocal, and then the last bit differs from the processor's.

Notation
    W_s: tokens of a merged unit at stage s; V_s = l0 + s + 1: tokens of one request;
    B: capacity in tokens; A, B as suffix: the two request types.
"""

from collections.abc import Sequence
from typing import TypeAlias

from homeostat.models.numbers import Number, where

__all__ = [
    "TypedState",
    "evictions",
    "merge",
    "simulation_step",
    "split",
    "theory_step",
    "typed_simulation_step",
    "typed_theory_step",
]

TypedState: TypeAlias = tuple[tuple[Number, ...], tuple[Number, ...]]
"""(type A at stages 0 .. l_a-1, type B at stages 0 .. l_b-1)."""


def theory_step(
    weights: Sequence[Number], capacity: Number, state: Sequence[Number]
) -> tuple[Number, ...]:
    """Return Theory's next state: M_s <- M_{s-1}, and M_0 fills the rest, signed.

    Args:
        weights: W_0 .. W_{n-1}, positive.
        capacity: B.
        state: M_0 .. M_{n-1}; any sign.
    """
    rest = capacity
    for weight, incoming in zip(weights[:0:-1], state[-2::-1], strict=True):
        rest = rest - weight * incoming
    return (rest / weights[0], *state[:-1])


def simulation_step(
    weights: Sequence[Number], capacity: Number, state: Sequence[Number]
) -> tuple[Number, ...]:
    """Return Simulation's next state: keep from the top while it fits, evict below.

    Non-negative also in floating point: a stage that fits leaves a rest >= 0, and the
    stage that crosses the capacity leaves exactly zero.

    Args:
        weights: W_0 .. W_{n-1}, positive.
        capacity: B.
        state: M_0 .. M_{n-1}, non-negative.
    """
    rest = capacity
    kept = []
    for weight, incoming in zip(weights[:0:-1], state[-2::-1], strict=True):
        fits = weight * incoming <= rest
        kept.append(where(fits, incoming, rest / weight))
        rest = where(fits, rest - weight * incoming, rest * 0)
    return (rest / weights[0], *kept[::-1])


def evictions(before: Sequence[Number], after: Sequence[Number]) -> tuple[Number, ...]:
    """Return what Simulation evicted at each stage in the step from before to after.

    Stage 0 is zero by definition: fresh requests are admitted, never evicted.
    """
    lost = (m - kept for m, kept in zip(before[:-1], after[1:], strict=True))
    return (before[0] * 0, *lost)


def typed_theory_step(
    lengths: Sequence[Number], capacity: Number, q: Number, state: TypedState
) -> TypedState:
    """Return Theory's next state with the two types apart; admission is split p:q.

    Args:
        lengths: V_s = l0 + s + 1 for s = 0 .. l_b-1.
        capacity: B.
        q: Share of type B.
        state: Amounts of both types, any sign.
    """
    a, b = state
    rest = capacity
    for s in range(len(b) - 1, 0, -1):
        rest = rest - lengths[s] * (b[s - 1] + a[s - 1] if s < len(a) else b[s - 1])
    admitted = rest / lengths[0]
    return ((1 - q) * admitted, *a[:-1]), (q * admitted, *b[:-1])


def typed_simulation_step(
    lengths: Sequence[Number], capacity: Number, q: Number, state: TypedState
) -> TypedState:
    """Return Simulation's next state with the two types apart.

    The stage that crosses the capacity keeps the same share of both types.

    Args:
        lengths: V_s = l0 + s + 1 for s = 0 .. l_b-1.
        capacity: B.
        q: Share of type B.
        state: Amounts of both types, non-negative.
    """
    a, b = state
    rest = capacity
    kept_a, kept_b = [], []
    for s in range(len(b) - 1, 0, -1):
        shared = s < len(a)
        tokens = lengths[s] * (b[s - 1] + a[s - 1] if shared else b[s - 1])
        fits = tokens <= rest
        share = where(fits, rest * 0 + 1, rest / where(fits, rest * 0 + 1, tokens))
        kept_b.append(share * b[s - 1])
        if shared:
            kept_a.append(share * a[s - 1])
        rest = where(fits, rest - tokens, rest * 0)
    admitted = rest / lengths[0]
    return ((1 - q) * admitted, *kept_a[::-1]), (q * admitted, *kept_b[::-1])


def merge(q: Number, state: TypedState) -> tuple[Number, ...]:
    """Return the merged state of a typed one (section 2.3): A + B, then B/q alone."""
    a, b = state
    return tuple(b[s] + a[s] if s < len(a) else b[s] / q for s in range(len(b)))


def split(q: Number, l_a: int, state: Sequence[Number]) -> TypedState:
    """Return the typed state in which every shared stage is divided p:q."""
    return tuple((1 - q) * m for m in state[:l_a]), tuple(q * m for m in state)
