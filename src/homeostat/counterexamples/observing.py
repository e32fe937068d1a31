"""Observables over any number type, while both systems run side by side.

``models.batching.OBSERVABLES`` reads exact trajectories and is what a witness is judged
by. Here the same figures are written with ``where`` and arithmetic only, so that NumPy
arrays, z3 terms and flint fractions run them too. A search proposes with these; the
tests hold them equal to the models' own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from homeostat.counterexamples.conjectures import OPERATORS, Conjecture
from homeostat.errors import InvalidInputError
from homeostat.models.batching import evictions, simulation_step, spread, theory_step
from homeostat.models.numbers import Number, maximum, maximum_of, minimum_of, where

__all__ = ["OBSERVING", "Lockstep", "comparison_sides", "readable", "violated_now"]


class Lockstep:
    """Theory and Simulation advanced together from one start, over any number type.

    Args:
        l0: Prompt length in tokens.
        weights: W_0 .. W_{n-1}.
        capacity: B in tokens.
        start: M_0 .. M_{n-1} of both.
    """

    def __init__(
        self, l0: Number, weights: Sequence[Number], capacity: Number, start: Sequence[Number]
    ) -> None:
        """Stand at t = 0, where nothing has been evicted."""
        self.l0, self.weights, self.capacity = l0, weights, capacity
        self.theory: tuple[Number, ...] = tuple(start)
        self.simulation: tuple[Number, ...] = tuple(start)
        zero = start[0] * 0
        self.evicted: tuple[Number, ...] = (zero,) * len(start)
        self.total_theory, self.total_simulation = zero, zero
        self.t = 0

    def advance(self) -> None:
        """Run one step of both; cost O(n)."""
        before = self.simulation
        self.theory = theory_step(self.weights, self.capacity, self.theory)
        self.simulation = simulation_step(self.weights, self.capacity, before)
        self.evicted = evictions(before, self.simulation)
        self.total_theory = self.total_theory + spread(self.theory)
        self.total_simulation = self.total_simulation + spread(self.simulation)
        self.t += 1


def _deltas(now: Lockstep) -> tuple[Number, ...]:
    return tuple(x - y for x, y in zip(now.theory, now.simulation, strict=True))


def _best_tied(now: Lockstep, extreme: Number, values: Sequence[Number]) -> Number:
    """Return the largest value among the stages where M^S is the extreme one."""
    least = minimum_of(values)
    rows = zip(now.simulation, values, strict=True)
    return maximum_of(where(m == extreme, value, least) for m, value in rows)


def _delta_at_peak(now: Lockstep) -> Number:
    return _best_tied(now, maximum_of(now.simulation), _deltas(now))


def _delta_at_trough(now: Lockstep) -> Number:
    negated = tuple(-d for d in _deltas(now))
    return -_best_tied(now, minimum_of(now.simulation), negated)


def _evicted_at_peak(now: Lockstep) -> Number:
    negated = tuple(-e for e in now.evicted)
    return -_best_tied(now, maximum_of(now.simulation), negated)


def _weighted_delta(now: Lockstep) -> Number:
    first, *rest = (w * d for w, d in zip(now.weights, _deltas(now), strict=True))
    return sum(rest, first)


OBSERVING: Final[Mapping[str, Callable[[Lockstep], Number]]] = {
    "l0": lambda now: now.l0,
    "max_theory": lambda now: maximum_of(now.theory),
    "min_theory": lambda now: minimum_of(now.theory),
    "max_simulation": lambda now: maximum_of(now.simulation),
    "min_simulation": lambda now: minimum_of(now.simulation),
    "spread_theory": lambda now: spread(now.theory),
    "spread_simulation": lambda now: spread(now.simulation),
    "mean_spread_theory": lambda now: now.total_theory / maximum(now.t, 1),
    "mean_spread_simulation": lambda now: now.total_simulation / maximum(now.t, 1),
    "delta_at_peak": _delta_at_peak,
    "delta_at_trough": _delta_at_trough,
    "evicted_at_peak": _evicted_at_peak,
    "weighted_delta": _weighted_delta,
    "root_product": lambda now: now.weights[-1] / now.weights[0],
}
"""Observables of a merged run at one step; ``merge_gap`` needs the types apart, and what tells
of all later times (``theory_converges``, ``cycle_spread_simulation``) the whole run."""


def readable(conjecture: Conjecture) -> bool:
    """Return whether a ``Lockstep`` tells all that a conjecture speaks of."""
    return conjecture.margin is None and set(conjecture.observables) <= set(OBSERVING)


def comparison_sides(
    conjecture: Conjecture, now: Lockstep, constant: Callable[[str], Number]
) -> list[tuple[Number, str, Number]]:
    """Return (left, operator, right) of each comparison that makes a violation now.

    Args:
        conjecture: A ``readable`` one.
        now: The running systems.
        constant: Reads a rational string as the number type in use.

    Raises:
        InvalidInputError: The conjecture is not readable.
    """
    if conjecture.violated_when is None or not readable(conjecture):
        raise InvalidInputError(
            f"conjecture {conjecture.name!r} must be made of comparisons of {sorted(OBSERVING)}"
        )
    return [
        (
            OBSERVING[left](now),
            sign,
            OBSERVING[right](now) if right in OBSERVING else constant(right),
        )
        for left, sign, right in conjecture.violated_when
    ]


def violated_now(conjecture: Conjecture, now: Lockstep, constant: Callable[[str], Number]) -> bool:
    """Return whether an exact run violates a readable conjecture at its present step."""
    assert conjecture.violated_when is not None
    for left, sign, right in conjecture.violated_when:
        value = OBSERVING[right](now) if right in OBSERVING else constant(right)
        if not OPERATORS[sign](OBSERVING[left](now), value):
            return False
    return True
