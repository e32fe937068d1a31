"""What an offload takes it gives back, and what it says of itself is true."""

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
import torch

from homeostat.errors import HomeostatError, InvalidInputError, MissingExtraError
from homeostat.models.residency.optimal import belady
from homeostat.runtime.experts.offloading import offload
from homeostat.runtime.experts.offloading.budget import capacities

if TYPE_CHECKING:
    from pathlib import Path

    from tests.runtime.experts.conftest import TinyModels


def facts(model: Any) -> Any:
    """Everything of a model that an offload could leave changed."""
    return (
        [(name, id(p), p.data_ptr(), p.device) for name, p in model.named_parameters()],
        [(name, sorted(map(str, m.__dict__))) for name, m in model.named_modules()],
        [(n, len(m._forward_pre_hooks), len(m._forward_hooks)) for n, m in model.named_modules()],
        [(n, len(m._state_dict_hooks)) for n, m in model.named_modules()],
        [(n, len(m._load_state_dict_pre_hooks)) for n, m in model.named_modules()],
        model.get_experts_implementation(),
        model.config._experts_implementation,
    )


def test_closing_gives_the_model_back_as_it_was(tiny: "type[TinyModels]", name: str) -> None:
    model = tiny.make(name)
    # Some routers keep notes of the first forward.
    tiny.logits(model, tiny.tokens(2))
    values = {key: value.clone() for key, value in model.state_dict().items()}
    before = facts(model)
    offloaded = offload(model, capacity=2, prefetch=1)
    assert facts(model) != before
    tiny.logits(model, tiny.tokens(2))
    offloaded.close()
    assert facts(model) == before
    assert all(torch.equal(values[key], value) for key, value in model.state_dict().items())
    offloaded.close()
    assert facts(model) == before


def test_the_implementation_that_was_set_before_is_set_again(tiny: "type[TinyModels]") -> None:
    model = tiny.make("mixtral")
    model.set_experts_implementation("batched_mm")
    with offload(model, capacity=2):
        assert model.get_experts_implementation() == {"": "homeostat_offload"}
    assert model.get_experts_implementation() == {"": "batched_mm"}


def test_parameters_do_not_hold_the_experts_while_offloaded(
    tiny: "type[TinyModels]", name: str
) -> None:
    model = tiny.make(name)
    of_experts = {id(p) for experts in tiny.experts(model) for p in experts.parameters()}
    assert of_experts
    with offload(model, capacity=1):
        assert not of_experts & {id(p) for p in model.parameters()}


def test_the_state_while_offloaded_is_that_of_the_whole_model(
    tiny: "type[TinyModels]", name: str
) -> None:
    model = tiny.make(name)
    values = {key: value.clone() for key, value in model.state_dict().items()}
    with offload(model, capacity=2):
        state = model.state_dict()
        assert state.keys() == values.keys()
        assert all(torch.equal(values[key], value) for key, value in state.items())


@pytest.mark.slow
def test_a_model_saved_while_offloaded_loads_as_it_was(
    tiny: "type[TinyModels]", name: str, tmp_path: "Path"
) -> None:
    model = tiny.make(name)
    with offload(model, capacity=2):
        model.save_pretrained(tmp_path)
    # Values and not logits: what is read from a file may lie at other addresses.
    loaded, values = type(model).from_pretrained(tmp_path).state_dict(), model.state_dict()
    assert loaded.keys() == values.keys()
    assert all(torch.equal(loaded[key], value) for key, value in values.items())


def test_values_are_not_loaded_into_an_offloaded_model(tiny: "type[TinyModels]", name: str) -> None:
    model = tiny.make(name)
    values = model.state_dict()
    with offload(model, capacity=2), pytest.raises(HomeostatError, match="before loading values"):
        model.load_state_dict(values)
    model.load_state_dict(values)


def test_a_capacity_above_the_experts_is_all_of_them(tiny: "type[TinyModels]") -> None:
    with offload(tiny.make("mixtral"), capacity=1000) as offloaded:
        assert [layer.cache.account.capacity for layer in offloaded.layers] == [4, 4]


def test_a_byte_budget_is_shared_by_all_layers_and_the_buffers(tiny: "type[TinyModels]") -> None:
    model = tiny.make("mixtral")
    # One expert of 3 * 20 * 16 floats, and 512 bytes of room for each of two weights.
    place_bytes = 3 * 20 * 16 * 4 + 2 * 512
    for bytes_max, capacity in ((4 * place_bytes, 1), (8 * place_bytes - 1, 2), (10**9, 4)):
        with offload(model, bytes_max=bytes_max) as offloaded:
            assert [cache.account.capacity for cache in offloaded.caches] == [capacity] * 2
            allocated = sum(
                raw.nbytes
                for cache in offloaded.caches
                for memory in cache._free
                for raw in memory.place._raw
            )
            buffers = offloaded.caches[0]._buffers
            assert buffers is offloaded.caches[1]._buffers
            allocated += sum(raw.nbytes for memory in buffers._home for raw in memory.place._raw)
            assert allocated == (2 * capacity + 2) * place_bytes <= bytes_max


def test_a_budget_gives_layers_of_two_sizes_the_same_number() -> None:
    layers = [(4, 100), (8, 10), (8, 10)]
    assert capacities(layers, capacity=None, bytes_max=620 + 6, buffer_bytes=20) == [4, 5, 5]
    with pytest.raises(InvalidInputError, match="one expert a layer takes 120, the transient"):
        capacities(layers, capacity=None, bytes_max=139, buffer_bytes=20)


def test_the_report_counts_what_was_copied_and_compares_it_with_the_optimum(
    tiny: "type[TinyModels]", name: str
) -> None:
    model = tiny.make(name)
    with offload(model, capacity=2, policy="lru") as offloaded:
        tiny.generated(model, tiny.tokens(2, 4))
        accounts = [cache.account for cache in offloaded.caches]
    report = offloaded.report()
    for layer, account in zip(report.layers, accounts, strict=True):
        assert layer.events == account.events == len(account.kept) > 0
        assert layer.misses == layer.loads + layer.bypasses == layer.misses_compared
        assert layer.bytes_up == layer.misses * account.expert_bytes
        assert layer.bytes_down == 0
        best = sum(o.misses for o in belady(account.kept, 2, bypass=True))
        assert layer.regret == layer.misses - best >= 0
        assert layer.regret_no_bypass <= layer.regret
        assert 0 <= layer.hit_rate == layer.hits / layer.asked <= 1
        assert layer.union_per_capacity == account.union_per_capacity
    for field in ("events", "asked", "hits", "loads", "bypasses", "bytes_up", "misses_optimal"):
        values = [getattr(layer, field) for layer in report.layers]
        assert getattr(report.total, field) == sum(values)
    assert json.loads(json.dumps(report.as_dict()))["total"]["misses"] == report.total.misses
    lines = report.table().splitlines()
    assert len(lines) == len(report.layers) + 2
    assert len({len(line) for line in lines}) == 1
    assert all(layer.name in line for layer, line in zip(report.layers, lines[1:], strict=False))


def test_loads_ahead_are_counted_apart_and_turn_misses_into_hits(tiny: "type[TinyModels]") -> None:
    model = tiny.make("mixtral")
    with offload(model, capacity=4, policy="lru", prefetch=4) as offloaded:
        tiny.logits(model, tiny.tokens(1, 1))
        tiny.logits(model, tiny.tokens(4, 8))
    total = offloaded.report().total
    # Two of four experts a layer are asked for first; the free places get the other two.
    assert (total.loads, total.prefetches, total.bypasses) == (4, 4, 0)
    assert total.misses == 4
    assert total.bytes_up == 8 * offloaded._accounts[0][1].expert_bytes
    assert total.regret <= 0


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [
        name for name in sys.modules if name.startswith("homeostat.runtime.experts.off")
    ]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"homeostat\[experts\]"):
        import homeostat.runtime.experts.offloading  # noqa: F401
