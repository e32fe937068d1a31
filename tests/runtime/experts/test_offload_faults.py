"""What goes wrong in an offloaded model goes wrong clearly, and leaves nothing behind."""

import copy
import pickle
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

import pytest
import torch
from torch import nn

from homeostat.errors import HomeostatError, InvalidInputError
from homeostat.models.residency.events import Event
from homeostat.runtime.experts.lanes import Mark
from homeostat.runtime.experts.offloading import offload, record_routes
from homeostat.runtime.experts.offloading.lanes import CpuLanes
from homeostat.runtime.experts.offloading.weights import DevicePlace, HostExpert

if TYPE_CHECKING:
    from tests.runtime.experts.conftest import TinyModels


class FailsOnce(nn.Module):  # type: ignore[misc]
    """An activation that raises when it is called for the n-th time."""

    def __init__(self, inner: Any, error: type[BaseException], after: int) -> None:
        super().__init__()
        self.inner = inner
        self.error = error
        self.left = after

    def forward(self, x: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            raise self.error("on purpose")
        return self.inner(x)


def set_activation(experts: Any, make: Any) -> None:
    """Wrap the activation of a module of experts, whichever way it has one."""
    if type(experts).__name__ == "GptOssExperts":
        # A module that is assigned would be found behind the method of the class.
        experts.__dict__["_apply_gate"] = make(experts._apply_gate)
    elif hasattr(experts, "act_fn"):
        experts.act_fn = make(experts.act_fn)
    else:
        shared = make(next(iter(experts.values())).act)
        for expert in experts.values():
            expert.act = shared


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("after", [1, 2])
def test_after_an_exception_in_the_middle_everything_is_home_and_outputs_are_right(
    tiny: "type[TinyModels]", name: str, error: type[BaseException], after: int
) -> None:
    model = tiny.make(name)
    ids = tiny.tokens(2)
    expected = tiny.logits(model, ids)
    set_activation(tiny.experts(model)[-1], lambda inner: FailsOnce(inner, error, after))
    with offload(model, capacity=1) as offloaded:
        with pytest.raises(error, match="on purpose"):
            tiny.logits(model, ids)
        offloaded.check()
        assert torch.equal(tiny.logits(model, ids), expected)
        offloaded.check()


def test_an_exception_passes_through_the_offload_and_the_model_is_restored(
    tiny: "type[TinyModels]", name: str
) -> None:
    model = tiny.make(name)
    ids = tiny.tokens(2)
    expected = tiny.logits(model, ids)
    before = [(key, id(p), p.data_ptr()) for key, p in model.named_parameters()]
    set_activation(tiny.experts(model)[0], lambda inner: FailsOnce(inner, RuntimeError, 2))

    with pytest.raises(RuntimeError, match="on purpose"), offload(model, capacity=1):
        tiny.logits(model, ids)
    after = [(key, id(p), p.data_ptr()) for key, p in model.named_parameters()]
    assert after == before
    assert torch.equal(tiny.logits(model, ids), expected)


class FailingLanes(CpuLanes):
    """Lanes whose n-th copy fails after half of it is done."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after

    def copy(
        self, source: HostExpert, place: DevicePlace, *, after: Iterable[Mark], ahead: bool = False
    ) -> Mark:
        self.left -= 1
        if self.left == 0:
            place.fit(source)[0].fill_(float("nan"))
            raise RuntimeError("the copy failed")
        return super().copy(source, place, after=after, ahead=ahead)


@pytest.mark.parametrize("after", range(1, 9))
def test_after_a_copy_that_failed_everything_is_home_and_outputs_are_right(
    tiny: "type[TinyModels]", after: int
) -> None:
    model = tiny.make("mixtral")
    ids = tiny.tokens(2)
    expected = tiny.logits(model, ids)
    with offload(model, capacity=2, lanes=FailingLanes(after)) as offloaded:
        with pytest.raises(RuntimeError, match="the copy failed"):
            tiny.generated(model, ids)
        offloaded.check()
        assert torch.equal(tiny.logits(model, ids), expected)
        offloaded.check()


@pytest.mark.parametrize("name", ["mixtral", "switch"])
def test_a_second_thread_is_refused_and_the_first_is_not_disturbed(
    tiny: "type[TinyModels]", name: str
) -> None:
    model = tiny.make(name)
    ids = tiny.tokens(2)
    expected = tiny.logits(model, ids)
    inside, refused = threading.Event(), threading.Event()

    class Waits(nn.Module):  # type: ignore[misc]
        def __init__(self, inner: Any) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: Any) -> Any:
            inside.set()
            assert refused.wait(60)
            return self.inner(x)

    set_activation(tiny.experts(model)[0], Waits)
    results: list[Any] = []
    with offload(model, capacity=1) as offloaded:
        thread = threading.Thread(target=lambda: results.append(tiny.logits(model, ids)))
        thread.start()
        try:
            assert inside.wait(60)
            with pytest.raises(HomeostatError, match="one thread at a time"):
                tiny.logits(model, ids)
            with pytest.raises(HomeostatError, match="cannot close an offload while a forward"):
                offloaded.close()
        finally:
            refused.set()
            thread.join()
        assert torch.equal(results[0], expected)
        offloaded.check()


def test_a_model_is_restored_if_offloading_it_fails_half_way(tiny: "type[TinyModels]") -> None:
    model = tiny.make("mixtral")
    ids = tiny.tokens(2)
    expected = tiny.logits(model, ids)
    before = dict(model.named_parameters())

    class FailsForTheSecond(CpuLanes):
        def bytes_of(self, source: HostExpert) -> int:
            if any("_homeostat_fed" in module.__dict__ for module in model.modules()):
                raise RuntimeError("no second layer")
            return super().bytes_of(source)

    with pytest.raises(RuntimeError, match="no second layer"):
        offload(model, capacity=1, lanes=FailsForTheSecond())
    assert all(p is before[key] for key, p in model.named_parameters())
    assert torch.equal(tiny.logits(model, ids), expected)


def test_a_consumer_that_closes_early_leaves_the_cache_as_it_should_be(
    tiny: "type[TinyModels]",
) -> None:
    model = tiny.make("qwen3-moe")
    ids = tiny.tokens(2)
    expected = tiny.logits(model, ids)
    with offload(model, capacity=1) as offloaded:
        for taken in range(5):
            serving = cast("Any", offloaded.caches[0].serve(Event((0, 2, 3, 5, 7))))
            served = [next(serving)[0] for _ in range(taken)]
            assert served == [0, 2, 3, 5, 7][:taken]
            serving.close()
            offloaded.check()
            assert torch.equal(tiny.logits(model, ids), expected)


def test_experts_that_are_asked_for_in_another_order_are_refused(
    tiny: "type[TinyModels]",
) -> None:
    with offload(tiny.make("mixtral"), capacity=2) as offloaded:
        layer = offloaded.layers[0]
        with layer._event(Event((0, 2))), pytest.raises(HomeostatError, match="2 where 0 was next"):
            layer.weights(2)
        offloaded.check()
        with layer._event(Event((0, 2))):
            first = layer.weights(torch.tensor(0))
            assert layer.weights(0) is first
            assert layer.weights(2) is not first
            with pytest.raises(HomeostatError, match="3 where None was next"):
                layer.weights(3)
        offloaded.check()


def test_gradients_are_refused(tiny: "type[TinyModels]", name: str) -> None:
    model = tiny.make(name)
    ids = tiny.tokens()
    extra = {"decoder_input_ids": ids} if model.config.is_encoder_decoder else {}
    with offload(model, capacity=2), pytest.raises(HomeostatError, match=r"torch\.no_grad"):
        model(input_ids=ids, **extra)


def test_without_anything_to_train_gradients_need_not_be_off(tiny: "type[TinyModels]") -> None:
    model = tiny.make("mixtral").requires_grad_(requires_grad=False)
    ids = tiny.tokens()
    expected = tiny.logits(model, ids)
    with offload(model, capacity=2):
        assert torch.equal(model(input_ids=ids).logits, expected)


@pytest.mark.parametrize("implementation", ["eager", "batched_mm", "grouped_mm"])
def test_another_experts_implementation_is_refused_while_offloaded(
    tiny: "type[TinyModels]", implementation: str
) -> None:
    model = tiny.make("mixtral")
    ids = tiny.tokens(2)
    expected = tiny.logits(model, ids)
    with offload(model, capacity=2):
        model.set_experts_implementation(implementation)
        with pytest.raises(HomeostatError, match="offloaded"):
            tiny.logits(model, ids)
    assert model.get_experts_implementation() == {"": "eager"}
    assert torch.equal(tiny.logits(model, ids), expected)


def test_a_model_that_shares_its_config_with_an_offloaded_one_says_so(
    tiny: "type[TinyModels]",
) -> None:
    model = tiny.make("mixtral")
    other = type(model)(model.config).eval()
    with offload(model, capacity=2), pytest.raises(HomeostatError, match="share a config"):
        tiny.logits(other, tiny.tokens())


def test_a_weight_that_is_offloaded_refuses_to_be_used_as_a_whole(
    tiny: "type[TinyModels]", name: str
) -> None:
    model = tiny.make(name)
    with offload(model, capacity=2):
        experts = tiny.experts(model)[0]
        absent = experts["expert_0"].wi.weight if name == "switch" else experts.gate_up_proj
        for use in (
            lambda: absent + torch.ones(1),
            lambda: torch.nn.functional.linear(torch.ones(1, 16), absent),
            lambda: absent.shape,
            lambda: absent[0],
            lambda: pickle.dumps(absent),
            lambda: copy.deepcopy(model),
        ):
            with pytest.raises(HomeostatError, match="is offloaded"):
                use()


def test_hidden_states_on_another_device_are_refused(tiny: "type[TinyModels]") -> None:
    model = tiny.make("mixtral")
    with offload(model, capacity=2) as offloaded:
        for layer in offloaded.layers:
            layer.device = torch.device("meta")
        with pytest.raises(HomeostatError, match="move the rest of the model there"):
            tiny.logits(model, tiny.tokens())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "exactly one of capacity=None and bytes_max=None"),
        ({"capacity": 1, "bytes_max": 1}, "exactly one of capacity=1 and bytes_max=1"),
        ({"capacity": 0}, "capacity 0 must be 1 or more"),
        ({"capacity": -3}, "capacity -3 must be 1 or more"),
        ({"bytes_max": 100}, "bytes_max 100 must be 19456 or more"),
        ({"capacity": 1, "buffers": 0}, "buffers 0 must be 1 or more"),
        ({"capacity": 1, "prefetch": -1}, "prefetch -1 must be 0 or more"),
        ({"capacity": 1, "policy": "best"}, "policy 'best' must be one of"),
        ({"capacity": 1, "policy": "static"}, "policy 'static' must have routes= to learn from"),
        ({"capacity": 1, "device": "meta"}, "device 'meta' must be 'cpu' or 'cuda'"),
    ],
)
def test_an_option_that_breaks_its_rule_is_named(
    tiny: "type[TinyModels]", options: dict[str, Any], message: str
) -> None:
    model = tiny.make("mixtral")
    before = [(key, id(p)) for key, p in model.named_parameters()]
    with pytest.raises(InvalidInputError, match=message):
        offload(model, **options)
    assert [(key, id(p)) for key, p in model.named_parameters()] == before
    assert model.get_experts_implementation() == {"": "eager"}


def test_routes_of_another_model_are_refused(tiny: "type[TinyModels]") -> None:
    other = tiny.make("qwen2-moe")
    with record_routes(other) as recorder:
        tiny.logits(other, tiny.tokens())
    with pytest.raises(InvalidInputError, match=r"2 layers with \[6\] .* has 2 with \[4\]"):
        offload(tiny.make("mixtral"), capacity=1, policy="static", routes=recorder.routes())


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a card")
def test_a_card_that_is_not_there_is_named(tiny: "type[TinyModels]") -> None:
    with pytest.raises(InvalidInputError, match="device 'cuda' must be there"):
        offload(tiny.make("mixtral"), capacity=1, device="cuda")


def test_a_model_is_not_offloaded_twice(tiny: "type[TinyModels]", name: str) -> None:
    model = tiny.make(name)
    with offload(model, capacity=1), pytest.raises(HomeostatError, match="offloaded already"):
        offload(model, capacity=1)
    offload(model, capacity=1).close()


def test_what_is_no_model_of_transformers_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="must be one of transformers, is a Linear"):
        offload(nn.Linear(2, 2), capacity=1)


def test_a_model_without_experts_is_refused() -> None:
    from transformers import MistralConfig, MistralForCausalLM

    config = MistralConfig(
        vocab_size=8,
        hidden_size=4,
        num_hidden_layers=1,
        num_attention_heads=1,
        head_dim=4,
        num_key_value_heads=1,
        intermediate_size=4,
    )
    with pytest.raises(InvalidInputError, match="MistralForCausalLM must have experts, has none"):
        offload(MistralForCausalLM(config), capacity=1)


def test_experts_that_are_kept_in_another_way_are_refused(tiny: "type[TinyModels]") -> None:
    class StrangeExperts(nn.Module):  # type: ignore[misc]
        num_experts = 4

    model = tiny.make("mixtral")
    model.model.layers[1].mlp.experts = StrangeExperts()
    with pytest.raises(InvalidInputError, match="or those of Switch Transformers; is a Strange"):
        offload(model, capacity=1)


def test_experts_that_are_spread_over_processes_are_refused(tiny: "type[TinyModels]") -> None:
    model = tiny.make("mixtral")
    model.model.layers[1].mlp.experts._is_expert_parallel = True
    with pytest.raises(InvalidInputError, match="must be in one process, are parallel"):
        offload(model, capacity=1)


def test_experts_that_do_not_listen_to_their_model_are_refused(
    tiny: "type[TinyModels]", monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny.make("mixtral")
    ids = tiny.tokens(2)
    expected = tiny.logits(model, ids)
    monkeypatch.setattr(type(model), "_can_set_experts_implementation_cached_value", False)
    with pytest.raises(InvalidInputError, match="must follow its model's experts implementation"):
        offload(model, capacity=1)
    assert torch.equal(tiny.logits(model, ids), expected)


def test_weights_that_are_not_loaded_are_refused(tiny: "type[TinyModels]") -> None:
    model = tiny.make("mixtral")
    with torch.device("meta"):
        hollow = type(model)(model.config)
    with pytest.raises(InvalidInputError, match="must be loaded, not on the device 'meta'"):
        offload(hollow, capacity=1, device="cpu")
