"""Lie derivatives, relative degree and the chain of a high-order barrier, in symbols.

A system x' = f(x) + g(x) u with one input u, and a function b of its state that must stay >= 0. The
relative degree is how often b must be differentiated until u appears. With degree r and gains k_i,
    psi_0 = b,  psi_i = psi_(i-1)' + k_i psi_(i-1),
and the filter asks for psi_r >= 0, the first that depends on u (Xiao and Belta, CDC 2019; Ames et
al. 2017 for r = 1). SymPy does the algebra.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from homeostat.errors import InvalidModelError

__all__ = ["HocbfChain", "hocbf_chain", "lie_derivative", "relative_degree"]

Expression: TypeAlias = Any
"""A SymPy expression."""


def lie_derivative(
    function: Expression, field: Sequence[Expression], state: Sequence[Expression]
) -> Expression:
    """Return the derivative of a function along a vector field, expanded.

    Args:
        function: Of the state.
        field: One component for each state variable.
        state: The variables.

    Raises:
        InvalidModelError: The field has other components than the state.
    """
    import sympy

    if len(field) != len(state):
        raise InvalidModelError(f"field has {len(field)} components, must have {len(state)}")
    terms = (sympy.diff(function, x) * f for f, x in zip(field, state, strict=True))
    return sympy.expand(sum(terms, sympy.Integer(0)))


def relative_degree(
    barrier: Expression,
    drift: Sequence[Expression],
    control: Sequence[Expression],
    state: Sequence[Expression],
) -> int:
    """Return the least r with L_g L_f^(r-1) b not identically zero.

    Args:
        barrier: b, of the state.
        drift: f.
        control: g.
        state: The variables.

    Raises:
        InvalidModelError: The input appears in none of the first n derivatives, and so, with n
            state variables, in none at all; or a component is missing.
    """
    import sympy

    derivative = barrier
    for degree in range(1, len(state) + 1):
        if sympy.simplify(lie_derivative(derivative, control, state)) != 0:
            return degree
        derivative = lie_derivative(derivative, drift, state)
    raise InvalidModelError(f"barrier {barrier} must depend on the input in some derivative")


@dataclass(frozen=True, slots=True)
class HocbfChain:
    """The chain of a barrier.

    Attributes:
        psi: psi_0 .. psi_(r-1), functions of the state that must be >= 0 at the start.
        rest: psi_r without the input.
        gain: What the input is multiplied by in psi_r: L_g L_f^(r-1) b.
        along: L_f psi_i for each i: their derivatives along the drift.
    """

    psi: tuple[Expression, ...]
    rest: Expression
    gain: Expression
    along: tuple[Expression, ...]

    @property
    def degree(self) -> int:
        """The relative degree."""
        return len(self.psi)


def hocbf_chain(
    barrier: Expression,
    drift: Sequence[Expression],
    control: Sequence[Expression],
    state: Sequence[Expression],
    gains: Sequence[Expression],
) -> HocbfChain:
    """Return the chain of a barrier; the filter's row is ``rest + gain u >= 0``.

    Args:
        barrier: b.
        drift: f.
        control: g.
        state: The variables.
        gains: k_1 .. k_r, as many as the relative degree.

    Raises:
        InvalidModelError: There are more gains or fewer, or the barrier has no relative degree.
    """
    import sympy

    degree = relative_degree(barrier, drift, control, state)
    if len(gains) != degree:
        raise InvalidModelError(f"gains must be {degree}, the relative degree, are {len(gains)}")
    psi, along = [sympy.expand(barrier)], []
    for gain in gains:
        along.append(lie_derivative(psi[-1], drift, state))
        psi.append(sympy.expand(along[-1] + gain * psi[-1]))
    *below, rest = psi
    return HocbfChain(tuple(below), rest, lie_derivative(below[-1], control, state), tuple(along))
