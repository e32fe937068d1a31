"""A congestion game of shares: so many players that the load on each resource is a flow.

Notation
    x_r: flow on resource r, >= 0, together the mass m; c_r(x_r): its cost, which does not fall.
    Phi(x) = sum_r of the integral of c_r up to x_r: Rosenthal's potential, in the limit of many.
    L: curvature: the largest slope of a cost anywhere; g: damping.
Damped response
    y = argmin over flows of mass m of c(x) y + g/2 |y - x|^2: everyone moves to what is cheap, and
    pays g for moving fast. So y_r = max(x_r - (c_r + l)/g, 0), and l is such that they are m.
    Phi(y) <= Phi(x) - (g - L/2) |y - x|^2 (``proofs.theory.governor.nash``).

A cost is a function of a number of any type. Damping and curvature come from its slope by dual
numbers, so the cost is all that has to be written.

Source: note 000, concept 5; Beckmann, McGuire and Winsten, Studies in the economics of
transportation, 1956; Rosenthal, A class of games possessing pure-strategy Nash equilibria, Int. J.
Game Theory 2, 1973.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import TypeAlias

from homeostat.models.dual import slope_at
from homeostat.models.numbers import Number, maximum, maximum_of, minimum

__all__ = [
    "Cost",
    "costs_at",
    "curvature",
    "damped_response",
    "damping_for",
    "flow_potential",
    "polynomial",
]

Cost: TypeAlias = Callable[[Number], Number]
"""Of a resource: cost for everyone on it, of the flow on it."""


def polynomial(coefficients: Sequence[Number]) -> Cost:
    """Return a_0 + a_1 x + ..., by Horner's rule.

    Args:
        coefficients: From the constant upwards, at least one.
    """

    def cost(x: Number) -> Number:
        return reduce(lambda s, a: s * x + a, reversed(coefficients[:-1]), coefficients[-1])

    return cost


def costs_at(costs: Sequence[Cost], flow: Sequence[Number]) -> list[Number]:
    """Return what each resource costs now."""
    return [cost(x) for cost, x in zip(costs, flow, strict=True)]


def flow_potential(coefficients: Sequence[Sequence[Number]], flow: Sequence[Number]) -> Number:
    """Return Phi of polynomial costs.

    Args:
        coefficients: Those of each cost, fractions where Phi is to be one.
        flow: On each resource.
    """
    terms = [
        sum(a * x ** (k + 1) / (k + 1) for k, a in enumerate(own))
        for own, x in zip(coefficients, flow, strict=True)
    ]
    return sum(terms)


def curvature(costs: Sequence[Cost], mass: Number) -> Number:
    """Return L: the largest slope of any cost for flows up to a mass.

    Exact for costs whose slope does not fall, such as polynomials without negative coefficients:
    then it is largest at the mass, where dual numbers give it.
    """
    return maximum_of(slope_at(cost, mass) for cost in costs)


def damping_for(costs: Sequence[Cost], mass: Number, *, least: Number) -> Number:
    """Return the damping g = L with which a response lowers the potential surely.

    By the bound (1/g) (1 - L/2g) the decrease is largest there; g > L/2 would do.

    Args:
        costs: As for ``curvature``.
        mass: Of the flow.
        least: What it is at least, > 0, for costs without any slope.
    """
    return maximum(curvature(costs, mass), least)


def _sorted(values: Sequence[Number]) -> list[Number]:
    """Sort downwards by exchanges of neighbours, which need no branch on the values."""
    found = list(values)
    for i in range(len(found)):
        for j in range(i % 2, len(found) - 1, 2):
            a, b = found[j], found[j + 1]
            found[j], found[j + 1] = maximum(a, b), minimum(a, b)
    return found


def _levels(wanted: Sequence[Number], mass: Number) -> Iterator[Number]:
    """Yield what the k largest would each have to give up to be the mass together, k = 1, 2, ..."""
    total: Number = 0
    for k, value in enumerate(_sorted(wanted), start=1):
        total = total + value
        yield (total - mass) / k


def damped_response(
    flow: Sequence[Number], costs: Sequence[Number], damping: Number
) -> list[Number]:
    """Return the flow after one damped response; its mass stays.

    Args:
        flow: x, each >= 0.
        costs: c of each resource now.
        damping: g > 0.
    """
    wanted = [x - cost / damping for x, cost in zip(flow, costs, strict=True)]
    # For any set of resources the level that they need is a lower bound, which the ones that stay
    # in use reach; so the largest one over the k largest is the right one.
    level = maximum_of(_levels(wanted, sum(flow)))
    return [maximum(x - level, 0 * x) for x in wanted]
