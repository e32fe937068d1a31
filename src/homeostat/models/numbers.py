"""One choice operator for every number type, so that a step is written once.

``where`` is the only place where the number types differ: Fraction, int and float
choose with a plain ``if``; NumPy, torch, z3 and sympy build their own conditional.
The library of a value is taken from its type, so none is imported before it is in use.
"""

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any, TypeAlias

__all__ = ["Number", "maximum", "maximum_of", "minimum", "minimum_of", "where"]

Number: TypeAlias = Any
"""A Fraction, float, NumPy or torch array (one entry a batch member), z3 or sympy term."""


def _numpy_where(condition: Any, then: Number, otherwise: Number) -> Number:
    import numpy as np

    return np.where(condition, then, otherwise)


def _torch_where(condition: Any, then: Number, otherwise: Number) -> Number:
    import torch

    return torch.where(condition, then, otherwise)


def _z3_where(condition: Any, then: Number, otherwise: Number) -> Number:
    import z3

    return z3.If(condition, then, otherwise)


def _sympy_where(condition: Any, then: Number, otherwise: Number) -> Number:
    import sympy

    return sympy.Piecewise((then, condition), (otherwise, True))


_WHERE: dict[str, Callable[[Any, Number, Number], Number]] = {
    "numpy": _numpy_where,
    "torch": _torch_where,
    "z3": _z3_where,
    "sympy": _sympy_where,
}


def where(condition: Any, then: Number, otherwise: Number) -> Number:
    """Return ``then`` where the condition holds, else ``otherwise``.

    Both branches are evaluated before the call, so neither may raise: divide by a
    divisor that is safe in the branch not taken.

    Args:
        condition: A truth value of the number type: bool, boolean array or formula.
        then: Value where it holds.
        otherwise: Value where it does not.
    """
    if isinstance(condition, bool):
        return then if condition else otherwise
    for branch in (then, otherwise):
        # Numbers made of numbers, such as duals, choose part by part.
        if hasattr(branch, "choose") and not hasattr(branch, "__array__"):
            return branch.choose(condition, then, otherwise)
    library = type(condition).__module__.partition(".")[0]
    return _WHERE[library](condition, then, otherwise)


def minimum(a: Number, b: Number) -> Number:
    """Return the smaller of two numbers of any type."""
    return where(a <= b, a, b)


def maximum(a: Number, b: Number) -> Number:
    """Return the larger of two numbers of any type."""
    return where(a >= b, a, b)


def minimum_of(values: Iterable[Number]) -> Number:
    """Return the smallest of one or more numbers of any type."""
    return reduce(minimum, values)


def maximum_of(values: Iterable[Number]) -> Number:
    """Return the largest of one or more numbers of any type."""
    return reduce(maximum, values)
