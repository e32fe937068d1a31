"""Tiny models of real classes with random weights: two layers of experts, few experts.

torch and transformers take seconds to import, so only what asks for a model does it.
"""

from collections.abc import Iterator
from typing import Any, Final

import pytest

SHARED: Final[dict[str, Any]] = {
    "vocab_size": 64,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": None,
    # Large enough for experts to matter, so that a wrong one shows in the logits.
    "initializer_range": 0.5,
}
DEEPSEEK: Final[dict[str, Any]] = {
    **SHARED,
    "num_hidden_layers": 3,
    "num_key_value_heads": 2,
    "intermediate_size": 24,
    "moe_intermediate_size": 12,
    "first_k_dense_replace": 1,
    "num_experts_per_tok": 2,
    "n_routed_experts": 6,
    "n_shared_experts": 1,
    "q_lora_rank": None,
    "kv_lora_rank": 8,
    "qk_nope_head_dim": 8,
    "qk_rope_head_dim": 4,
    "v_head_dim": 8,
    "head_dim": 4,
}
SWITCH: Final[dict[str, Any]] = {
    "vocab_size": 64,
    "d_model": 16,
    "d_ff": 20,
    "d_kv": 8,
    "num_heads": 2,
    "num_layers": 2,
    "num_decoder_layers": 2,
    "num_sparse_encoder_layers": 1,
    "num_sparse_decoder_layers": 1,
    "num_experts": 4,
    # So small that some tokens find their expert full.
    "expert_capacity": 3,
    "pad_token_id": 0,
    "decoder_start_token_id": 0,
    "eos_token_id": None,
}
CLASSES: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "mixtral": (
        "MixtralForCausalLM",
        {**SHARED, "intermediate_size": 20, "num_local_experts": 4, "head_dim": 8},
    ),
    "qwen2-moe": (
        "Qwen2MoeForCausalLM",
        {
            **SHARED,
            "intermediate_size": 20,
            "moe_intermediate_size": 12,
            "shared_expert_intermediate_size": 12,
            "num_experts": 6,
            "num_experts_per_tok": 3,
        },
    ),
    # Odd sizes, so that rows of a stack lie at odd addresses.
    "qwen3-moe": (
        "Qwen3MoeForCausalLM",
        {
            **SHARED,
            "hidden_size": 17,
            "intermediate_size": 20,
            "moe_intermediate_size": 13,
            "num_experts": 8,
            "num_experts_per_tok": 2,
            "head_dim": 8,
        },
    ),
    "deepseek-v2": (
        "DeepseekV2ForCausalLM",
        {**DEEPSEEK, "topk_method": "greedy", "n_group": 1, "topk_group": 1},
    ),
    "deepseek-v3": ("DeepseekV3ForCausalLM", {**DEEPSEEK, "n_group": 2, "topk_group": 1}),
    "olmoe": (
        "OlmoeForCausalLM",
        {**SHARED, "intermediate_size": 11, "num_experts": 5, "num_experts_per_tok": 2},
    ),
    "gpt-oss": (
        "GptOssForCausalLM",
        {
            **SHARED,
            # Its rotary embedding is scaled for this length, and warns of another.
            "max_position_embeddings": 131072,
            "intermediate_size": 12,
            "num_local_experts": 4,
            "num_experts_per_tok": 2,
            "head_dim": 8,
        },
    ),
    "switch": ("SwitchTransformersForConditionalGeneration", SWITCH),
}
"""Class and configuration, by name."""


class TinyModels:
    """Makes models and runs them."""

    names = tuple(CLASSES)

    @staticmethod
    def make(name: str, *, dtype: str = "float32", seed: int = 0) -> Any:
        """Return a new model, the same for the same arguments, with eager experts."""
        import torch
        import transformers

        kind, options = CLASSES[name]
        of_class = getattr(transformers, kind)
        torch.manual_seed(seed)
        model = of_class(of_class.config_class(**options)).to(getattr(torch, dtype)).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                # Routers that start at zero would send every token to the same experts.
                if not parameter.any():
                    parameter.normal_(0, 0.3)
        if name != "switch":
            model.set_experts_implementation("eager")
        return model

    @staticmethod
    def experts(model: Any) -> list[Any]:
        """Return the modules of experts."""
        return [m for m in model.modules() if type(m).__name__.endswith("Experts")]

    @staticmethod
    def tokens(batch: int = 1, length: int = 7, *, seed: int = 1) -> Any:
        """Return random tokens, shape (batch, length), none of which is padding."""
        import torch

        generator = torch.Generator().manual_seed(seed)
        return torch.randint(2, 64, (batch, length), generator=generator)

    @staticmethod
    def logits(model: Any, ids: Any) -> Any:
        """Return the logits of one forward without gradients."""
        import torch

        extra = {"decoder_input_ids": ids} if model.config.is_encoder_decoder else {}
        with torch.no_grad():
            return model(input_ids=ids, **extra).logits

    @staticmethod
    def generated(model: Any, ids: Any, count: int = 6, **options: Any) -> Any:
        """Return what greedy generation with a KV cache gives."""
        import torch

        with torch.no_grad():
            return model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                do_sample=False,
                max_new_tokens=count,
                **options,
            )


@pytest.fixture(scope="module")
def tiny() -> Iterator[type[TinyModels]]:
    """Tiny models, on one thread: with more, tests side by side wait for each other's."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield TinyModels
    torch.set_num_threads(threads)


@pytest.fixture(params=tuple(CLASSES))
def name(request: pytest.FixtureRequest) -> str:
    """The name of each class in turn."""
    return str(request.param)
