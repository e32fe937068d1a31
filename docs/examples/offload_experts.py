"""Offload the experts of a model, on the processor, with a tiny random Mixtral.

It generates with all experts resident, then with two of eight a layer, and prints what the cache
did and how far from the optimum it was. The tokens are the same, bit for bit. The routes are
recorded on the way, in the format that ``homeostat cache replay`` reads.

    python docs/examples/offload_experts.py [routes.csv]

With a real model and a card, only the first lines change: load it on the processor, offload its
experts with ``device="cuda"``, then move the rest with ``model.to("cuda")``.
"""

import sys
from pathlib import Path

import torch
from transformers import MixtralConfig, MixtralForCausalLM

from homeostat.counterexamples.files import write_atomically
from homeostat.runtime.experts.offloading import offload, record_routes
from homeostat.runtime.traces.routes import routes_text


def main() -> None:
    """Generate twice and compare."""
    torch.manual_seed(0)
    config = MixtralConfig(
        vocab_size=256,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        num_local_experts=8,
        num_experts_per_tok=2,
        eos_token_id=None,
        pad_token_id=0,
    )
    model = MixtralForCausalLM(config).eval()
    model.set_experts_implementation("eager")
    prompt = torch.randint(1, 256, (1, 12))
    options = {
        "attention_mask": torch.ones_like(prompt),
        "do_sample": False,
        "max_new_tokens": 32,
        "return_dict_in_generate": True,
        "output_logits": True,
    }
    with torch.no_grad():
        resident = model.generate(prompt, **options)
        with offload(model, capacity=2, policy="lfru") as offloaded, record_routes(model) as routes:
            cached = model.generate(prompt, **options)
    print(offloaded.report().table())
    same = all(torch.equal(a, b) for a, b in zip(resident.logits, cached.logits, strict=True))
    print(f"all {len(cached.logits)} logits bit-equal: {same}")
    if len(sys.argv) > 1:
        write_atomically(Path(sys.argv[1]), routes_text(routes.routes()))


if __name__ == "__main__":
    main()
