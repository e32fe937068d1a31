"""Both systems side by side from one start, exact, and what can be observed of them.

Notation (note 003, sections 2.6, 5.4)
    T, S: Theory and Simulation; G = max - min over stages (spread); D = M^T - M^S;
    peak, trough: the stages where M^S is largest, smallest. Where several stages tie,
    an observable takes the tied stage that is kindest to the note's claim, so that a
    violation holds whichever of them is chosen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from homeostat.errors import InvalidModelError
from homeostat.models.batching.long_run import cycle_start, theory_converges
from homeostat.models.batching.parameters import (
    BatchingParameters,
    State,
    canonical_start,
    rational,
    validated_start,
)
from homeostat.models.batching.steps import (
    TypedState,
    evictions,
    merge,
    simulation_step,
    split,
    theory_step,
    typed_simulation_step,
    typed_theory_step,
)
from homeostat.models.numbers import Number, maximum_of, minimum_of

__all__ = ["OBSERVABLES", "Pair", "spread"]


def spread(state: Sequence[Number]) -> Number:
    """Return G = max - min over stages, over any number type (section 2.6)."""
    return maximum_of(state) - minimum_of(state)


@dataclass(frozen=True, slots=True)
class Pair:
    """Exact trajectories of Theory and Simulation from one shared start.

    Attributes:
        parameters: The system.
        theory: States at t = 0 .. steps.
        simulation: States at t = 0 .. steps.
        evicted: Amounts evicted by Simulation at each stage in the step to t; zeros at 0.
        typed_theory, typed_simulation: The same with the types apart.
    """

    parameters: BatchingParameters
    theory: tuple[State, ...]
    simulation: tuple[State, ...]
    evicted: tuple[State, ...]
    typed_start: TypedState | None = None

    @classmethod
    def run(
        cls,
        parameters: BatchingParameters,
        start: Sequence[Fraction | int | str] | None = None,
        *,
        step_count: int,
        typed_start: TypedState | None = None,
    ) -> "Pair":
        """Run both systems exactly for ``step_count`` steps; cost O(steps * n) fractions.

        Args:
            parameters: The system.
            start: Shared start; the canonical one when None.
            step_count: Number of steps, >= 0.
            typed_start: Types at the start where they are not split p:q; its merged
                state must be ``start``.

        Raises:
            InvalidModelError: ``start``, ``step_count`` or ``typed_start`` breaks a rule.
        """
        if isinstance(step_count, bool) or not isinstance(step_count, int) or not step_count >= 0:
            raise InvalidModelError(f"step_count={step_count!r} must be an integer >= 0")
        first = canonical_start(parameters) if start is None else validated_start(parameters, start)
        if typed_start is not None:
            typed_start = _validated_typed_start(parameters, first, typed_start)
        theory, simulation = [first], [first]
        evicted: list[State] = [(Fraction(0),) * parameters.stage_count]
        weights, capacity = parameters.weights, parameters.capacity
        for _ in range(step_count):
            theory.append(theory_step(weights, capacity, theory[-1]))
            simulation.append(simulation_step(weights, capacity, simulation[-1]))
            evicted.append(evictions(simulation[-2], simulation[-1]))
        return cls(parameters, tuple(theory), tuple(simulation), tuple(evicted), typed_start)

    @property
    def step_count(self) -> int:
        """The last t."""
        return len(self.theory) - 1

    def observe(self, name: str, t: int) -> Fraction:
        """Return one observable at step t, exactly.

        Raises:
            InvalidModelError: The name is not in ``OBSERVABLES``, or t is out of range.
        """
        if name not in OBSERVABLES:
            raise InvalidModelError(f"observable {name!r} must be one of {sorted(OBSERVABLES)}")
        if not 0 <= t <= self.step_count:
            raise InvalidModelError(f"t={t} must lie in 0 .. {self.step_count}")
        return Fraction(OBSERVABLES[name](self, t))


def _validated_typed_start(
    parameters: BatchingParameters, start: State, typed: TypedState
) -> TypedState:
    if len(typed) != 2:
        raise InvalidModelError(f"typed_start={typed} must have 2 types, has {len(typed)}")
    a, b = (tuple(rational(m, "typed_start") for m in part) for part in typed)
    if (len(a), len(b)) != (parameters.l_a, parameters.l_b) or min(a + b) < 0:
        raise InvalidModelError(
            f"typed_start={typed} must have {parameters.l_a} and {parameters.l_b} "
            "non-negative entries"
        )
    if merge(parameters.q, (a, b)) != start:
        raise InvalidModelError(f"typed_start={typed} must merge into start={start}")
    return a, b


def _tied(state: State, extreme: Fraction) -> list[int]:
    return [s for s, m in enumerate(state) if m == extreme]


def _deltas(pair: Pair, t: int, extreme: Callable[[State], Fraction]) -> list[Fraction]:
    theory, simulation = pair.theory[t], pair.simulation[t]
    return [theory[s] - simulation[s] for s in _tied(simulation, extreme(simulation))]


def _evicted_at_peak(pair: Pair, t: int) -> Fraction:
    simulation = pair.simulation[t]
    return min(pair.evicted[t][s] for s in _tied(simulation, max(simulation)))


def _mean_spread(states: Sequence[State], t: int) -> Fraction:
    return sum(map(spread, states[1 : t + 1]), Fraction(0)) / max(t, 1)


def _merge_gap(pair: Pair, t: int) -> Fraction:
    """Largest distance, over stages and both systems, of typed-then-merged from merged."""
    parameters = pair.parameters
    q, l_a = parameters.q, parameters.l_a
    lengths = tuple(parameters.l0 + s + 1 for s in range(parameters.l_b))
    typed = pair.typed_start or split(q, l_a, pair.theory[0])
    gap = Fraction(0)
    for step, states in (
        (typed_theory_step, pair.theory),
        (typed_simulation_step, pair.simulation),
    ):
        state = typed
        for _ in range(t):
            state = step(lengths, parameters.capacity, q, state)
        merged = merge(q, state)
        gap = max(gap, *(abs(x - y) for x, y in zip(merged, states[t], strict=True)))
    return gap


def _weighted_delta(pair: Pair, t: int) -> Fraction:
    rows = zip(pair.parameters.weights, pair.theory[t], pair.simulation[t], strict=True)
    return sum((w * (x - y) for w, x, y in rows), Fraction(0))


def _cycle_spread(pair: Pair, t: int) -> Fraction:
    first = cycle_start(pair.simulation, t)
    return Fraction(0) if first is None else max(map(spread, pair.simulation[first:t]))


OBSERVABLES: Final[Mapping[str, Callable[[Pair, int], Fraction]]] = {
    "l0": lambda pair, _: pair.parameters.l0,
    "max_theory": lambda pair, t: max(pair.theory[t]),
    "min_theory": lambda pair, t: min(pair.theory[t]),
    "max_simulation": lambda pair, t: max(pair.simulation[t]),
    "min_simulation": lambda pair, t: min(pair.simulation[t]),
    "spread_theory": lambda pair, t: spread(pair.theory[t]),
    "spread_simulation": lambda pair, t: spread(pair.simulation[t]),
    "mean_spread_theory": lambda pair, t: _mean_spread(pair.theory, t),
    "mean_spread_simulation": lambda pair, t: _mean_spread(pair.simulation, t),
    "delta_at_peak": lambda pair, t: max(_deltas(pair, t, max)),
    "delta_at_trough": lambda pair, t: min(_deltas(pair, t, min)),
    "evicted_at_peak": _evicted_at_peak,
    "weighted_delta": _weighted_delta,
    "merge_gap": _merge_gap,
    "root_product": lambda pair, _: pair.parameters.weights[-1] / pair.parameters.weights[0],
    "theory_converges": lambda pair, _: Fraction(theory_converges(pair.parameters, pair.theory[0])),
    "cycle_spread_simulation": _cycle_spread,
}
"""What a claim may speak of at step t, by name; the kernel computes the same, apart.

``delta_at_peak`` and ``delta_at_trough`` are D at the stages where M^S is largest and
smallest; ``mean_spread_*`` averages G over 1 .. t; ``root_product`` is |product of the
roots| of sum W_s z^(n-1-s); ``theory_converges`` is 1 where G^T goes to 0, else 0;
``cycle_spread_simulation`` is the largest G^S of the cycle that closes at t, which is then
limsup G^S, and 0 where none does.
"""
