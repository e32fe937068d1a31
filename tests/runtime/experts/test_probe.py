"""The router probe records what the routers said, in the format of routes."""

from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest
import torch

from homeostat.errors import HomeostatError, InvalidInputError
from homeostat.runtime.experts.offloading import offload, probe, record_routes
from homeostat.runtime.traces.routes import Phase, Routes, read_routes, routes_text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.runtime.experts.conftest import TinyModels


def recorded(tiny: "type[TinyModels]", model: Any, *, batch: int = 2, count: int = 4) -> Routes:
    with record_routes(model) as recorder:
        tiny.generated(model, tiny.tokens(batch, 5), count)
    return recorder.routes()


def test_routes_are_those_of_the_routers_and_survive_their_file(
    tiny: "type[TinyModels]", name: str, tmp_path: "Path"
) -> None:
    model = tiny.make(name)
    said: list[tuple[int, Any]] = []

    def note(number: int) -> Any:
        return lambda m, args, kwargs, result: said.append((number, result))

    routers = [m for n, m in model.named_modules() if type(m).__name__.lower().endswith("router")]
    assert len(routers) == len(tiny.experts(model))
    hooks = [
        router.register_forward_hook(note(number), with_kwargs=True)
        for number, router in enumerate(routers)
    ]
    routes = recorded(tiny, model)
    for hook in hooks:
        hook.remove()

    assert len(said) == len(routes.passes)
    for (layer, answer), found in zip(said, routes.passes, strict=True):
        first, second, third = answer
        assert found.layer == layer
        if name == "switch":  # a mask and one probability, where the others give choices last
            mask, weights = first.flatten(0, 1), second.flatten(0, 1)
            sent = mask.any(-1)
            choices, weights = mask.argmax(-1, keepdim=True)[sent], weights[sent]
        else:
            choices, weights = third, second
        assert [list(token.experts) for token in found.tokens] == choices.tolist()
        assert [list(token.weights) for token in found.tokens] == weights.float().tolist()

    path = tmp_path / "routes.csv"
    path.write_text(routes_text(routes))
    assert read_routes(path) == routes


def test_what_is_recorded_says_turn_phase_and_step(tiny: "type[TinyModels]", name: str) -> None:
    model = tiny.make(name)
    with record_routes(model) as recorder:
        for _ in range(2):
            tiny.generated(model, tiny.tokens(2, 5), 3)
    layers = [p for p in recorder.routes().passes if p.layer == 1]
    shape = [(p.turn, p.phase, [token.step for token in p.tokens]) for p in layers]
    # The decoder of Switch Transformers starts from one token; its last layers are the decoder's.
    length = 1 if name == "switch" else 5
    assert shape == [
        (turn, *rest)
        for turn in (0, 1)
        for rest in (
            (Phase.PROMPT, [*range(length)] * 2),
            (Phase.DECODE, [length] * 2),
            (Phase.DECODE, [length + 1] * 2),
        )
    ]


def test_sizes_are_those_of_the_parameters(tiny: "type[TinyModels]", name: str) -> None:
    model = tiny.make(name)
    routes = recorded(tiny, model)
    modules = tiny.experts(model)
    assert routes.layers == len(modules)
    assert routes.n_expert == modules[0].num_experts
    sizes = [sum(p.nbytes for p in m.parameters()) // m.num_experts for m in modules]
    assert list(routes.expert_bytes) == sizes
    whole = sum(p.nbytes for p in model.parameters())
    assert 0 < sum(routes.dense_bytes) < whole - sum(s * routes.n_expert for s in sizes)
    assert (routes.arch, routes.model) == (model.config.model_type, type(model).__name__)
    with offload(model, capacity=1):
        again = recorded(tiny, model)
    assert (again.expert_bytes, again.dense_bytes) == (routes.expert_bytes, routes.dense_bytes)


def test_without_an_offload_everything_is_resident(tiny: "type[TinyModels]", name: str) -> None:
    routes = recorded(tiny, tiny.make(name))
    tokens = [token for found in routes.passes for token in found.tokens]
    assert all(all(token.resident) and not any(token.read_bytes) for token in tokens)


def test_of_an_offloaded_model_the_recording_agrees_with_its_account(
    tiny: "type[TinyModels]", name: str
) -> None:
    model = tiny.make(name)
    with offload(model, capacity=2) as offloaded:
        routes = recorded(tiny, model)
    for number, layer in enumerate(offloaded.report().layers):
        passes = [found for found in routes.passes if found.layer == number]
        assert (
            sum(t.read_bytes[k] for p in passes for t in p.tokens for k in range(routes.top_k))
            == layer.bytes_up
        )
        asked = [set(found.event.experts) for found in passes]
        hits = [
            {e for t in p.tokens for e, r in zip(t.experts, t.resident, strict=True) if r}
            for p in passes
        ]
        assert (sum(map(len, asked)), sum(map(len, hits))) == (layer.asked, layer.hits)


def test_recording_changes_no_output_and_leaves_no_hook(
    tiny: "type[TinyModels]", name: str
) -> None:
    model = tiny.make(name)
    ids = tiny.tokens(2)
    expected = tiny.logits(model, ids)

    def hooks() -> int:
        return sum(len(module._forward_pre_hooks) for module in model.modules())

    before = hooks()
    with record_routes(model):
        assert hooks() > before
        assert torch.equal(tiny.logits(model, ids), expected)
    assert hooks() == before


def test_steps_of_a_recording_come_in_order_for_each_layer(tiny: "type[TinyModels]") -> None:
    routes = recorded(tiny, tiny.make("deepseek-v3"), count=6)
    for layer, group in groupby(sorted(routes.passes, key=lambda p: p.layer), lambda p: p.layer):
        steps = [max(token.step for token in found.tokens) for found in group]
        assert steps == sorted(set(steps)), layer


def test_an_empty_recording_is_refused(tiny: "type[TinyModels]") -> None:
    with pytest.raises(InvalidInputError, match="must hold at least one pass, has none"):
        record_routes(tiny.make("mixtral")).routes()


def test_a_recorder_records_once_at_a_time(tiny: "type[TinyModels]") -> None:
    with (
        record_routes(tiny.make("mixtral")) as recorder,
        pytest.raises(HomeostatError, match="recording already"),
        recorder,
    ):
        pass


def test_layers_that_differ_are_refused(tiny: "type[TinyModels]") -> None:
    model = tiny.make("mixtral")
    model.model.layers[1].mlp.gate.top_k = 1
    with record_routes(model) as recorder:
        tiny.logits(model, tiny.tokens())
    with pytest.raises(InvalidInputError, match=r"experts a token, have \[4\] and \[1, 2\]"):
        recorder.routes()


def test_a_recording_is_bounded(tiny: "type[TinyModels]", monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.make("mixtral")
    monkeypatch.setattr(probe, "PASSES_MAX", 3)
    with record_routes(model), pytest.raises(HomeostatError, match="must have 3 passes"):
        tiny.generated(model, tiny.tokens(1, 3))
