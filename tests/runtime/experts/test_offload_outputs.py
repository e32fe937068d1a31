"""Offloaded outputs are those of eager experts, bit for bit."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from transformers import StoppingCriteria, StoppingCriteriaList

from homeostat.runtime.experts.offloading import offload, record_routes
from homeostat.runtime.experts.offloading.weights import ALIGNMENT_BYTES
from homeostat.runtime.experts.policies.family import POLICIES

if TYPE_CHECKING:
    from tests.runtime.experts.conftest import TinyModels


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_logits_are_those_of_eager_experts_for_every_capacity_and_policy(
    tiny: "type[TinyModels]", name: str, dtype: str
) -> None:
    model = tiny.make(name, dtype=dtype)
    inputs = [tiny.tokens(2, 7), tiny.tokens(1, 1, seed=2), tiny.tokens(1, 5, seed=3)]
    expected = [tiny.logits(model, ids) for ids in inputs]
    count = tiny.experts(model)[0].num_experts
    with record_routes(model) as recorder:
        for seed in range(4):
            tiny.logits(model, tiny.tokens(1, 4, seed=seed))
    routes = recorder.routes()
    for policy in POLICIES:
        for capacity in range(1, count + 1):
            with offload(model, capacity=capacity, policy=policy, routes=routes) as offloaded:
                # Twice, so that the second round starts from a cache that is warm.
                for ids, want in [*zip(inputs, expected, strict=True)] * 2:
                    assert torch.equal(tiny.logits(model, ids), want)
                    offloaded.check()
                total = offloaded.report().total
                assert total.asked == total.hits + total.loads + total.bypasses


@pytest.mark.parametrize("batch", [1, 2, 8])
def test_greedy_generation_with_a_kv_cache_is_that_of_eager_experts(
    tiny: "type[TinyModels]", name: str, batch: int
) -> None:
    model = tiny.make(name)
    ids = tiny.tokens(batch, 4)
    plain = tiny.generated(model, ids, output_logits=True, return_dict_in_generate=True)
    with offload(model, capacity=2) as offloaded:
        got = tiny.generated(model, ids, output_logits=True, return_dict_in_generate=True)
        offloaded.check()
    assert torch.equal(got.sequences, plain.sequences)
    assert all(torch.equal(a, b) for a, b in zip(got.logits, plain.logits, strict=True))


def test_a_tiny_model_tells_a_wrong_expert_from_the_right_one(
    tiny: "type[TinyModels]", name: str
) -> None:
    model = tiny.make(name)
    ids = tiny.tokens(2)
    expected = tiny.logits(model, ids)
    with offload(model, capacity=1):
        for layer in offload_layers(model):
            layer.cache._host[0], layer.cache._host[1] = layer.cache._host[1], layer.cache._host[0]
        assert not torch.equal(tiny.logits(model, ids), expected)


def offload_layers(model: Any) -> list[Any]:
    return [m._homeostat_fed[1] for m in model.modules() if "_homeostat_fed" in m.__dict__]


class StopAfter(StoppingCriteria):  # type: ignore[misc]
    """Stops a generation after some steps."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        self.left -= 1
        return torch.full((len(input_ids),), self.left <= 0)


def test_a_generation_that_stops_early_leaves_all_buffers_home(tiny: "type[TinyModels]") -> None:
    model = tiny.make("mixtral")
    ids = tiny.tokens(2, 4)
    plain = tiny.generated(model, ids)
    with offload(model, capacity=1) as offloaded:
        early = tiny.generated(model, ids, stopping_criteria=StoppingCriteriaList([StopAfter(2)]))
        offloaded.check()
        assert torch.equal(early, plain[:, : early.shape[1]])
        assert early.shape[1] < plain.shape[1]
        assert torch.equal(tiny.generated(model, ids), plain)


def test_outputs_stay_the_same_when_experts_are_loaded_ahead(
    tiny: "type[TinyModels]", name: str
) -> None:
    model = tiny.make(name)
    ids = tiny.tokens(2, 4)
    plain = tiny.generated(model, ids)
    with offload(model, capacity=2, policy="rank", prefetch=2) as offloaded:
        assert torch.equal(tiny.generated(model, ids), plain)
        offloaded.check()


def test_inference_mode_and_no_grad_may_take_turns(tiny: "type[TinyModels]") -> None:
    model = tiny.make("qwen3-moe")
    ids = tiny.tokens(2)
    expected = tiny.logits(model, ids)
    with torch.inference_mode():
        offloaded = offload(model, capacity=2)
    for _ in range(2):
        with torch.inference_mode():
            assert torch.equal(model(input_ids=ids).logits, expected)
        assert torch.equal(tiny.logits(model, ids), expected)
    offloaded.close()
    assert torch.equal(tiny.logits(model, ids), expected)


@pytest.mark.slow
def test_a_compiled_model_may_be_offloaded(tiny: "type[TinyModels]") -> None:
    model = tiny.make("mixtral")
    ids = tiny.tokens(2)
    expected = tiny.logits(model, ids)
    with offload(model, capacity=2), torch.no_grad():
        compiled = torch.compile(model, backend="eager")
        assert torch.equal(compiled(input_ids=ids).logits, expected)


def test_a_place_shows_each_weight_at_the_alignment_of_its_row(tiny: "type[TinyModels]") -> None:
    model = tiny.make("qwen3-moe")
    stacks = [(e.gate_up_proj, e.down_proj) for e in tiny.experts(model)]
    phases = set()
    with offload(model, capacity=8) as offloaded:
        tiny.logits(model, tiny.tokens(2))
        for pair, layer in zip(stacks, offloaded.layers, strict=True):
            for expert, memory in layer.cache._held.items():
                for stack, weight in zip(pair, memory.place.tensors, strict=True):
                    assert torch.equal(weight, stack[expert])
                    assert (weight.data_ptr() - stack[expert].data_ptr()) % ALIGNMENT_BYTES == 0
                    phases.add(weight.data_ptr() % 64)
    assert len(phases) > 1


@pytest.mark.slow
def test_a_model_that_was_read_from_a_file_keeps_its_own_outputs(
    tiny: "type[TinyModels]", name: str, tmp_path: Path
) -> None:
    made = tiny.make(name)
    made.save_pretrained(tmp_path)
    model = type(made).from_pretrained(tmp_path).eval()
    if name != "switch":
        model.set_experts_implementation("eager")
    inputs = [tiny.tokens(2), tiny.tokens(1, 1)]
    expected = [tiny.logits(model, ids) for ids in inputs]
    with offload(model, capacity=2):
        for ids, want in zip(inputs, expected, strict=True):
            assert torch.equal(tiny.logits(model, ids), want)
