"""Is someone's own simulation step the reference's? Tried in fractions and in float64.

A target is a callable ``(weights, capacity, state) -> state``: tuples of n numbers,
lowest stage first, as in ``models.batching.simulation_step``. It gets the states of real
trajectories, where stages exactly fill the capacity often.
"""

import numbers
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from homeostat.models.batching import Pair, simulation_step, theory_step
from homeostat.models.numbers import Number
from homeostat.properties.results import Violation
from homeostat.properties.rounding import floats, step_differs_from_float64
from homeostat.properties.statements import Property
from homeostat.properties.strategies.batching import pairs
from homeostat.properties.targets import Step, Target

__all__ = ["batching_conformance"]


def _took(step: Step, *arguments: Any) -> tuple[list[Any] | None, str]:
    """Return the next state as a list, or None and what is wrong with it."""
    try:
        after = list(step(*arguments))
    except (Exception, SystemExit) as error:  # whatever it raises is what it does wrong
        return None, f"raised {type(error).__name__}: {error}"
    if len(after) != len(arguments[2]):
        return None, f"returned {len(after)} stages, must be {len(arguments[2])}"
    for s, m in enumerate(after):
        if isinstance(m, bool) or not isinstance(m, numbers.Real):
            return None, f"returned {m!r} of {type(m).__name__} at stage {s}, must be a number"
    return after, ""


def _wrong(t: int, state: Sequence[Any], **observed: object) -> Violation:
    figures = {"state": "[" + ", ".join(map(str, state)) + "]"}
    return Violation(t + 1, figures | {name: str(value) for name, value in observed.items()})


def _differs_in_fractions(step: Step, pair: Pair) -> Violation | None:
    parameters = pair.parameters
    for t, state in enumerate(pair.simulation):
        expected = simulation_step(parameters.weights, parameters.capacity, state)
        got, complaint = _took(step, parameters.weights, parameters.capacity, state)
        if got is None:
            return _wrong(t, state, problem=complaint)
        for s, (x, y) in enumerate(zip(got, expected, strict=True)):
            if x != y:
                return _wrong(t, state, stage=s, got=x, exact=y)
    return None


def _differs_in_floats(step: Step, pair: Pair) -> Violation | None:
    weights, capacity = floats(pair.parameters.weights), float(pair.parameters.capacity)
    for t, exact_state in enumerate(pair.simulation):
        state = floats(exact_state)
        got, complaint = _took(step, weights, capacity, state)
        if got is None:
            return _wrong(t, state, problem=complaint)
        figures = step_differs_from_float64(
            weights, capacity, state, lambda *_, got=got: got, simulation_step
        )
        if figures is not None:
            return _wrong(t, state, **figures)
    return None


def _negative_in_floats(step: Step, pair: Pair) -> Violation | None:
    weights, capacity = floats(pair.parameters.weights), float(pair.parameters.capacity)
    state: Sequence[Any] = floats(pair.simulation[0])
    for t in range(pair.step_count):
        after, complaint = _took(step, weights, capacity, tuple(state))
        if after is None:
            return _wrong(t, state, problem=complaint)
        if not min(after) >= 0:
            return _wrong(t, state, got=after)
        state = after
    return None


def _impure(step: Step, pair: Pair) -> Violation | None:
    weights, capacity = list(floats(pair.parameters.weights)), float(pair.parameters.capacity)
    for t, exact_state in enumerate(pair.simulation):
        state = list(floats(exact_state))
        given = (list(weights), list(state))
        first, complaint = _took(step, weights, capacity, state)
        if first is None:
            return _wrong(t, state, problem=complaint)
        if (weights, state) != given:
            return _wrong(t, given[1], problem="changed its arguments", left=state)
        second, _ = _took(step, weights, capacity, state)
        if second != first:
            return _wrong(t, state, problem="equal calls differ", first=first, second=second)
    return None


def _drops_the_crossing_stage(
    weights: Sequence[Number], capacity: Number, state: Sequence[Number]
) -> Sequence[Number]:
    """Broken on purpose: evicts all of the stage that crosses the capacity, not a share."""
    after = list(simulation_step(weights, capacity, state))
    for s in range(1, len(after)):
        if after[s] != state[s - 1]:
            after[0] += weights[s] * after[s] / weights[0]
            after[s] = after[s] * 0
    return after


def _changes_its_argument(
    weights: Sequence[Number], capacity: Number, state: Any
) -> Sequence[Number]:
    """Broken on purpose: right, but leaves its result in the caller's list."""
    state[:] = simulation_step(weights, capacity, state)
    return list(state)


_CHECKS: Final = (
    (
        "agrees_in_fractions",
        "In fractions, the step is exactly the reference's.",
        _differs_in_fractions,
    ),
    (
        "agrees_in_float64",
        "In float64, the step differs from the exact one by rounding alone.",
        _differs_in_floats,
    ),
    (
        "nonnegative_in_float64",
        "In float64, no amount goes below zero along a trajectory.",
        _negative_in_floats,
    ),
    ("pure", "The step changes no argument, and equal calls agree.", _impure),
)

_CANARIES: Final = (
    ("canary_drops_the_crossing_stage", _drops_the_crossing_stage, _differs_in_fractions),
    ("canary_drops_it_in_float64", _drops_the_crossing_stage, _differs_in_floats),
    ("canary_admits_negative", theory_step, _negative_in_floats),
    ("canary_changes_its_argument", _changes_its_argument, _impure),
)


def batching_conformance(target: str) -> tuple[Property, ...]:
    """Return the properties that compare a target with the reference simulation step.

    Each check also runs on a step that is broken on purpose and must be caught.
    """
    step = Target(target)
    return (
        *(
            Property(
                name=name,
                claim_id=None,
                statement=statement,
                holds=True,
                cases=pairs,
                check=partial(check, step),
            )
            for name, statement, check in _CHECKS
        ),
        *(
            Property(
                name=name,
                claim_id=None,
                statement=f"False on purpose: {broken.__name__.strip('_')} conforms.",
                holds=False,
                cases=pairs,
                check=partial(check, broken),
            )
            for name, broken, check in _CANARIES
        ),
    )
