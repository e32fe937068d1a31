"""The kernel's own systems against ``homeostat.models``: written apart, they must agree."""

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.models.batching import (
    OBSERVABLES,
    BatchingParameters,
    Pair,
    is_schur_stable,
    split,
    typed_simulation_step,
    typed_theory_step,
)
from homeostat.proofs import kernel, systems
from homeostat.proofs.kernel import RejectedError, trajectories
from homeostat.proofs.polynomials import jury
from homeostat.properties.strategies.batching import batching_parameters, pairs

STEPS = 4


def theorem_of(pair: Pair, *, typed: bool) -> dict[str, Any]:
    start = pair.typed_start or split(pair.parameters.q, pair.parameters.l_a, pair.theory[0])
    data = {
        "parameters": pair.parameters.to_json(),
        "start": [str(m) for m in pair.theory[0]],
        "typed_start": [[str(m) for m in part] for part in start] if typed else None,
    }
    read: dict[str, Any] = json.loads(json.dumps(data))
    return read


def typed_states(pair: Pair, step: Any) -> list[Any]:
    p = pair.parameters
    lengths = tuple(p.l0 + s + 1 for s in range(p.l_b))
    states = [pair.typed_start or split(p.q, p.l_a, pair.theory[0])]
    for _ in range(pair.step_count):
        states.append(step(lengths, p.capacity, p.q, states[-1]))
    return [tuple(map(list, state)) for state in states]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(pairs(step_count=STEPS, typed=True))
def test_the_kernel_runs_the_systems_of_the_models(pair: Pair) -> None:
    run = trajectories(theorem_of(pair, typed=True), STEPS)
    assert run["theory"] == [list(state) for state in pair.theory]
    assert run["simulation"] == [list(state) for state in pair.simulation]
    assert [tuple(x) for x in run["typed_theory"]] == typed_states(pair, typed_theory_step)
    assert [tuple(x) for x in run["typed_simulation"]] == typed_states(pair, typed_simulation_step)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(pairs(step_count=STEPS, typed=True), st.integers(0, STEPS))
def test_every_observable_is_the_models_one(pair: Pair, t: int) -> None:
    run = trajectories(theorem_of(pair, typed=True), STEPS)
    for name, observe in systems.OBSERVABLES.items():
        assert observe(run, t) == pair.observe(name, t), name


def test_both_know_the_same_observables() -> None:
    assert set(systems.OBSERVABLES) == set(OBSERVABLES)


@given(batching_parameters())
def test_weights_and_stability_are_the_models_ones(parameters: BatchingParameters) -> None:
    read = systems.parameters_of(parameters.to_json())
    assert tuple(systems.weights_of(read)) == parameters.weights
    assert jury(systems.weights_of(read)) is is_schur_stable(parameters.weights)


def test_a_run_without_types_has_no_typed_states() -> None:
    pair = Pair.run(BatchingParameters(1, 1, 3, "2/5", 10), step_count=2)
    run = trajectories(theorem_of(pair, typed=False), 2)
    assert set(run) == {"parameters", "theory", "simulation"}


@pytest.mark.parametrize(
    ("left", "relation", "right", "expected"),
    [
        ("l0", "==", "2", True),
        ("l0", "!=", "2", False),
        ("l0", "<", "2", False),
        ("l0", "<=", "2", True),
        ("l0", ">", "3/2", True),
        ("l0", ">=", "5/2", False),
        ("max_theory", ">=", "min_theory", True),
        ("max_theory", "<", "max_theory", False),
    ],
)
def test_comparisons_are_exact(left: str, relation: str, right: str, *, expected: bool) -> None:
    pair = Pair.run(BatchingParameters(2, 1, 2, "1/2", 3), step_count=1)
    run = trajectories(theorem_of(pair, typed=False), 1)
    assert systems.compare(run, 1, (left, relation, right)) is expected


def test_every_stage_is_told_what_kind_it_is_and_what_it_weighs() -> None:
    parameters = systems.parameters_of({"l0": "1", "l_a": 2, "l_b": 3, "q": "1/3", "capacity": "6"})
    state = [Fraction(1), Fraction(2), Fraction(3)]
    stages = systems.inputs("simulation", parameters, state)
    assert [(sort, values["w"], values.get("m_S")) for sort, values in stages] == [
        ("tail", Fraction(4, 3), 2),
        ("shared", 3, 1),
        ("shared", 2, None),
    ]


def test_two_runs_of_a_stage_are_never_possible_at_once() -> None:
    # At the capacity exactly, nothing is cut; one hair above, something is.
    theorem = systems.bare_theorem("simulation")
    for tokens, end in ((6, "open"), (Fraction(6001, 1000), "cut")):
        stages = [("shared", {"w": Fraction(1), "m_S": tokens}), ("shared", {"w": Fraction(1)})]
        points = kernel.walk(theorem, {"B": Fraction(6)}, stages)
        assert points[0]["k_S"] == 6
        other = "cut" if end == "open" else "open"
        with pytest.raises(RejectedError, match="stage 0"):
            kernel.walk({**theorem, "ends": [other]}, {"B": Fraction(6)}, stages)
