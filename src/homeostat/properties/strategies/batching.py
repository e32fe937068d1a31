"""Systems, starts and trajectories of two-type batching, exact, small cases first.

Everything is drawn as small integers, and in the order in which a reader wants a
counterexample small: l_b, l_a, l0, q, capacity, then the start. Hypothesis prefers fewer
and earlier-smaller choices, so a failure shrinks towards the system l0 = 1, l_a = 1,
l_b = 2, q = 1/2, capacity = 1 from the canonical start.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Literal, TypeAlias

from hypothesis import strategies as st

from homeostat.models.batching import (
    BatchingParameters,
    Pair,
    State,
    TypedState,
    canonical_start,
)

__all__ = [
    "StartKind",
    "batching_parameters",
    "pairs",
    "shares",
    "starts",
    "typed_starts",
]

StartKind: TypeAlias = Literal["any", "canonical", "sparse", "simplex"]


def shares(*, denominator_max: int = 10) -> st.SearchStrategy[Fraction]:
    """Return fractions strictly between 0 and 1; shrinks to 1/2."""
    return st.integers(2, denominator_max).flatmap(
        lambda d: st.integers(1, d - 1).map(lambda k: Fraction(k, d))
    )


def prompt_lengths() -> st.SearchStrategy[Fraction]:
    """Return l0 >= 1: small integers, halves, or large; shrinks to 1."""
    return st.one_of(
        st.integers(1, 12).map(Fraction),
        st.integers(2, 24).map(lambda k: Fraction(k, 2)),
        st.sampled_from((20, 50, 100, 1000)).map(Fraction),
    )


def capacities() -> st.SearchStrategy[Fraction]:
    """Return capacities; 1 half of the time, since every amount scales with it."""
    return st.one_of(st.just(Fraction(1)), st.integers(1, 1000).map(Fraction))


@st.composite
def batching_parameters(
    draw: st.DrawFn,
    *,
    l0: st.SearchStrategy[Fraction] | None = None,
    l_a_max: int | None = None,
    l_b_max: int = 6,
    q: st.SearchStrategy[Fraction] | None = None,
) -> BatchingParameters:
    """Return systems; shrinks to l0 = 1, l_a = 1, l_b = 2, q = 1/2, capacity = 1.

    Args:
        draw: Given by Hypothesis.
        l0: Prompt lengths; small, halves and large ones when None.
        l_a_max: Largest l_a; l_b - 1 when None.
        l_b_max: Largest l_b, >= 2.
        q: Shares of type B; ``shares()`` when None.
    """
    l_b = draw(st.integers(2, l_b_max))
    l_a = draw(st.integers(1, l_b - 1 if l_a_max is None else min(l_a_max, l_b - 1)))
    return BatchingParameters(
        draw(prompt_lengths() if l0 is None else l0),
        l_a,
        l_b,
        draw(shares() if q is None else q),
        draw(capacities()),
    )


def _from_shares(parameters: BatchingParameters, tokens: list[int]) -> State:
    """Return the state that holds tokens in proportion to the integers, exactly."""
    total = sum(tokens)
    if total == 0:
        return canonical_start(parameters)
    held = (parameters.capacity * Fraction(k, total) for k in tokens)
    return tuple(h / w for h, w in zip(held, parameters.weights, strict=True))


@st.composite
def _sparse(draw: st.DrawFn, parameters: BatchingParameters) -> State:
    stages = st.integers(0, parameters.stage_count - 1)
    tokens = [0] * parameters.stage_count
    tokens[draw(stages)] += draw(st.integers(1, 5))
    tokens[draw(stages)] += draw(st.integers(0, 5))
    return _from_shares(parameters, tokens)


def _simplex(parameters: BatchingParameters) -> st.SearchStrategy[State]:
    n = parameters.stage_count
    tokens = st.lists(st.integers(0, 5), min_size=n, max_size=n)
    return tokens.map(lambda drawn: _from_shares(parameters, drawn))


_STARTS: dict[str, Callable[[BatchingParameters], st.SearchStrategy[State]]] = {
    "canonical": lambda parameters: st.just(canonical_start(parameters)),
    "sparse": _sparse,
    "simplex": _simplex,
}


def starts(parameters: BatchingParameters, *, kind: StartKind = "any") -> st.SearchStrategy[State]:
    """Return starts on the token balance, exact; shrinks to the canonical one.

    Args:
        parameters: The system.
        kind: ``canonical``; ``sparse``: at most two stages hold tokens; ``simplex``: every
            stage holds a small-integer share of the tokens, k_s of sum k; ``any`` of them.
    """
    if kind != "any":
        return _STARTS[kind](parameters)
    return st.one_of([start(parameters) for start in _STARTS.values()])


@st.composite
def typed_starts(draw: st.DrawFn, parameters: BatchingParameters, start: State) -> TypedState:
    """Return divisions of a start into types: any quarter of each shared stage is type A."""
    l_a = parameters.l_a
    quarters = draw(st.lists(st.integers(0, 4), min_size=l_a, max_size=l_a))
    a = tuple(m * Fraction(k, 4) for m, k in zip(start[:l_a], quarters, strict=True))
    shared = tuple(m - x for m, x in zip(start[:l_a], a, strict=True))
    return a, shared + tuple(parameters.q * m for m in start[l_a:])


@st.composite
def pairs(
    draw: st.DrawFn,
    *,
    parameters: st.SearchStrategy[BatchingParameters] | None = None,
    start: StartKind = "any",
    step_count: int = 12,
    typed: bool = False,
) -> Pair:
    """Return exact trajectories of Theory and Simulation from one start.

    Args:
        draw: Given by Hypothesis.
        parameters: Systems; ``batching_parameters()`` when None.
        start: Kind of start, see ``starts``.
        step_count: Steps of every trajectory. It is not drawn: a check looks at each step,
            so shorter runs try nothing new, and a horizon cut to the first violation would
            keep the system itself from shrinking further.
        typed: Whether the start is divided into types at will, and not p:q.
    """
    system = draw(batching_parameters() if parameters is None else parameters)
    first = draw(starts(system, kind=start))
    division = draw(typed_starts(system, first)) if typed else None
    return Pair.run(system, first, step_count=step_count, typed_start=division)
