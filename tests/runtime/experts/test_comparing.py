"""What policies learn from before a replay, and sums over layers."""

import pytest

from homeostat.models.residency.events import Event
from homeostat.runtime.experts.comparing import (
    OPTIMA,
    compare_layer,
    layer_tasks,
    measured_prefix,
    total,
)
from homeostat.runtime.experts.policies.family import POLICIES
from homeostat.runtime.experts.policies.lfru import LfruPolicy
from homeostat.runtime.experts.replay import flat_events, optimal, replay
from homeostat.runtime.traces.routes import LayerPass, Phase, RoutedToken, Routes


def one_pass(phase: Phase, layer: int, *tokens: tuple[int, int]) -> LayerPass:
    routed = (RoutedToken(0, t, (0.5, 0.5), (False, False), (9, 9)) for t in tokens)
    return LayerPass(0, phase, layer, tuple(routed))


PROMPT = one_pass(Phase.PROMPT, 0, (3, 1), (2, 1), (3, 0)), one_pass(Phase.PROMPT, 1, (3, 1))
DECODED = [
    one_pass(Phase.DECODE, layer, ((step * step + layer) % 4, 4 + step % 2))
    for step in range(20)
    for layer in range(2)
]
ROUTES = Routes(
    model="m",
    arch="a",
    n_expert=6,
    top_k=2,
    expert_bytes=(30, 20),
    dense_bytes=(0, 0),
    passes=(*PROMPT, *DECODED),
)


def test_a_prompt_is_measured_token_by_token() -> None:
    assert measured_prefix(ROUTES, 0) == (
        Event((1, 3), (3,)),
        Event((1, 2), (2,)),
        Event((0, 3), (3,)),
    )


def test_without_a_prompt_the_first_quarter_of_decoding_is_measured() -> None:
    assert measured_prefix(ROUTES, 1) == tuple(ROUTES.events(1, Phase.DECODE)[:5])


def test_layers_without_events_of_the_phase_are_left_out() -> None:
    assert [len(task.events) for task in layer_tasks(ROUTES, Phase.PROMPT)] == [1, 1]
    assert [len(task.events) for task in layer_tasks(ROUTES, None)] == [21, 21]
    assert [task.expert_bytes for task in layer_tasks(ROUTES, Phase.DECODE)] == [30, 20]


@pytest.mark.slow
def test_a_layer_is_replayed_under_each_policy_and_layers_add_up() -> None:
    tasks = layer_tasks(ROUTES, Phase.DECODE)
    layers = [compare_layer(task, (2, 3), tuple(POLICIES)) for task in tasks]
    for index, capacity in enumerate((2, 3)):
        here = [row[index] for row in layers]
        for task, own in zip(tasks, here, strict=True):
            assert own.tallies.keys() == {*POLICIES, *OPTIMA}
            assert own.tallies["lfru"] == replay(task.events, capacity, LfruPolicy(6))
            flat = flat_events(task.events, 6)
            assert own.tallies["optimum"] == optimal(flat, capacity, bypass=True)
            assert own.selection is not None
        for name in POLICIES:
            assert total(here, name).misses == sum(own.tallies[name].misses for own in here)
    assert compare_layer(tasks[0], (2,), ("lru",))[0].selection is None
