"""The expert cache on a card: copy bandwidth, how busy the copy engine is, tokens per second.

What is compared, and why.

1. The rate at which this card copies from pinned host memory, in one long copy: the most that any
   offload can get.
2. The same rate as the cache reaches it while a model generates and nearly everything misses, and
   the fraction of the time in which a copy to the card was running (target 80 %), from a profile.
   Once for many small experts, whose ``eager`` loop takes the processor longer to launch than a
   copy takes, and once for experts of Mixtral's size, where copies are what takes the time.
3. Tokens per second of one random model with some GB of experts, a quarter of which fit the card:
   all resident (``eager`` experts, which is what the cache runs, and the others' ceiling), LRU,
   LFRU, and a bypass by rank; and accelerate's ``device_map`` with as many bytes on the card, which
   is what a user would do without a cache. Ratios are taken within a round of all of them.

The model is random, so its routes are: each router prefers some experts, by construction, so that
there is something to cache. What policies are worth on real routes is for the replay to say.

    python benchmarks/gpu_experts.py                  print the figures
    python benchmarks/gpu_experts.py --write FILE     also keep them
"""

import argparse
import datetime
import gc
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch
from accelerate import dispatch_model
from accelerate.hooks import remove_hook_from_submodules
from torch.profiler import ProfilerActivity, profile
from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM

from homeostat.counterexamples.files import write_atomically
from homeostat.runtime.experts.offloading import offload


class Sizes(NamedTuple):
    """How large a random model is."""

    layers: int = 12
    experts: int = 64
    top_k: int = 6
    hidden: int = 2048
    inner: int = 1408


SMALL: Final = Sizes()
LARGE: Final = Sizes(layers=2, experts=8, top_k=2, hidden=4096, inner=14_336)
RESIDENT: Final = 4
"""One of so many experts, or layers, is on the card."""
POLICIES: Final = ("lru", "lfru", "rank")
TARGET_BUSY: Final = 0.8
PROFILES: Final = 3
PROFILED: Final = 12
"""Tokens of a profile."""
ROUNDS: Final = 3
BANDWIDTH_BYTES: Final = 2**30


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median, smallest and largest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def seconds(work: Callable[[], Any]) -> float:
    """Time one call, with all that it gave to the card."""
    torch.cuda.synchronize()
    began = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - began


def bandwidth() -> dict[str, float]:
    """Return bytes a second of a long copy from pinned memory."""
    host = torch.empty(BANDWIDTH_BYTES, dtype=torch.uint8, pin_memory=True)
    card = torch.empty_like(host, device="cuda")

    def copy() -> None:
        card.copy_(host, non_blocking=True)

    copy()
    return spread([BANDWIDTH_BYTES / seconds(copy) for _ in range(9)])


def build(sizes: Sizes = SMALL, *, device: str = "cuda") -> Any:
    """Return a random model in bf16, whose routers prefer some experts."""
    torch.manual_seed(0)
    config = Qwen3MoeConfig(
        vocab_size=32_000,
        hidden_size=sizes.hidden,
        intermediate_size=sizes.inner,
        moe_intermediate_size=sizes.inner,
        num_hidden_layers=sizes.layers,
        num_attention_heads=16,
        num_key_value_heads=4,
        head_dim=128,
        num_experts=sizes.experts,
        num_experts_per_tok=sizes.top_k,
        eos_token_id=None,
        pad_token_id=0,
    )
    with torch.device(device):
        model = Qwen3MoeForCausalLM._from_config(config, dtype=torch.bfloat16).eval()
    model.set_experts_implementation("eager")
    with torch.no_grad():
        for layer in model.model.layers:
            rank = torch.randperm(sizes.experts, device=device) + 1
            layer.mlp.gate.weight.mul_(20 * rank.to(torch.bfloat16).rsqrt()[:, None])
    return model


def expert_bytes(model: Any) -> int:
    """Return the bytes of one expert."""
    experts = model.model.layers[0].mlp.experts
    return int(sum(p.nbytes for p in experts.parameters()) // model.config.num_experts)


def generate(model: Any, count: int, *, batch: int = 1) -> None:
    """Generate greedily after a prompt of 16 tokens."""
    generator = torch.Generator().manual_seed(batch)
    ids = torch.randint(1, 32_000, (batch, 16), generator=generator).to(model.device)
    with torch.no_grad():
        model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=count
        )


@contextmanager
def by_accelerate(model: Any) -> Iterator[None]:
    """Keep one of ``RESIDENT`` layers on the card, and bring the others whenever they run."""
    model.to("cpu")
    places: dict[str, Any] = {"model.embed_tokens": 0, "model.norm": 0, "lm_head": 0}
    places["model.rotary_emb"] = 0
    for number in range(SMALL.layers):
        places[f"model.layers.{number}"] = 0 if number < SMALL.layers // RESIDENT else "cpu"
    dispatch_model(model, places, main_device=0)
    try:
        yield
    finally:
        remove_hook_from_submodules(model)
        # It forbids to move a model that it has dispatched, by an attribute and a wrapper.
        for name in ("hf_device_map", "to", "cuda"):
            model.__dict__.pop(name, None)
        model.to("cuda")
        gc.collect()


def tokens_per_second(model: Any, tokens: int, few_tokens: int) -> list[dict[str, float]]:
    """Return rounds of tokens a second, of each way to hold the experts."""
    generate(model, tokens)
    rounds = []
    for number in range(ROUNDS):
        found: dict[str, float] = {}

        def timed(name: str, count: int, kept: dict[str, float] = found) -> None:
            generate(model, 4)
            kept[name] = count / seconds(lambda: generate(model, count))

        timed("resident", tokens)
        for policy in POLICIES:
            with offload(model, capacity=SMALL.experts // RESIDENT, policy=policy) as offloaded:
                timed(policy, tokens)
            found[f"{policy}_hit_rate"] = offloaded.report().total.hit_rate
        with by_accelerate(model):
            timed("accelerate", few_tokens)
        print(f"round {number + 1} of {ROUNDS}: {found}", flush=True)
        rounds.append(found)
    return rounds


def covered(intervals: Sequence[tuple[float, float]]) -> float:
    """Return the length of a union of intervals."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(intervals):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def copies_of(model: Any, offloaded: Any, bytes_per_s: float, tokens: int) -> dict[str, float]:
    """Return how busy copies to the card are while a model generates, from a profile."""
    before = offloaded.report().total
    with profile(activities=[ProfilerActivity.CUDA]) as recorded:
        generate(model, tokens, batch=8)
        torch.cuda.synchronize()
    after = offloaded.report().total
    on_card = [e for e in recorded.events() if e.device_type == torch.autograd.DeviceType.CUDA]
    times = [(e.time_range.start, e.time_range.end) for e in on_card]
    copies = [t for e, t in zip(on_card, times, strict=True) if "Memcpy HtoD" in e.name]
    kernels = [
        t
        for e, t in zip(on_card, times, strict=True)
        if not e.name.startswith(("Memcpy", "Memset"))
    ]
    span_us = max(end for _, end in times) - min(start for start, _ in times)
    busy_us, both_us = covered(copies), covered([*copies, *kernels])
    copied = after.bytes_up - before.bytes_up
    return {
        "miss_rate": (after.misses - before.misses) / (after.asked - before.asked),
        "span_s": span_us / 1e6,
        "busy_fraction": busy_us / span_us,
        "overlap_s": (busy_us + covered(kernels) - both_us) / 1e6,
        "fraction_of_bandwidth": copied / span_us * 1e6 / bytes_per_s,
        "fraction_of_bandwidth_while_busy": copied / busy_us * 1e6 / bytes_per_s,
    }


def copy_engine(model: Any, bytes_per_s: float, *, buffers: int) -> dict[str, Any]:
    """Return how busy copies to the card are while nearly everything misses, over some profiles."""
    capacity = model.config.num_experts_per_tok
    with offload(model, capacity=capacity, policy="lru", buffers=buffers) as offloaded:
        generate(model, 2, batch=8)
        rounds = [copies_of(model, offloaded, bytes_per_s, PROFILED) for _ in range(PROFILES)]
    figures = {name: spread([found[name] for found in rounds]) for name in rounds[0]}
    return {
        "expert_bytes": expert_bytes(model),
        "buffers": buffers,
        "tokens": PROFILED,
        "profiles": PROFILES,
        "target_busy_fraction": TARGET_BUSY,
        "below_target": figures["busy_fraction"]["median"] < TARGET_BUSY,
        **figures,
    }


def copy_engines(bytes_per_s: float) -> list[dict[str, Any]]:
    """Return how busy copies are, of large and of small experts, with two and four buffers."""
    found = []
    for sizes in (LARGE, SMALL):
        model = build(sizes)
        found += [copy_engine(model, bytes_per_s, buffers=buffers) for buffers in (2, 4)]
        print(json.dumps(found[-2:], indent=1), flush=True)
        del model
        gc.collect()
        torch.cuda.empty_cache()
    return found


def generations(tokens: int, few_tokens: int) -> dict[str, Any]:
    """Return tokens per second, and their ratios."""
    model = build()
    rounds = tokens_per_second(model, tokens, few_tokens)
    ways = ("resident", *POLICIES, "accelerate")
    return {
        "model": {
            **SMALL._asdict(),
            "expert_bytes": expert_bytes(model),
            "experts_bytes": expert_bytes(model) * SMALL.experts * SMALL.layers,
        },
        "resident_fraction": 1 / RESIDENT,
        "tokens_per_second": {way: spread([found[way] for found in rounds]) for way in ways},
        "hit_rate": {p: spread([found[f"{p}_hit_rate"] for found in rounds]) for p in POLICIES},
        "over_accelerate": {
            way: spread([found[way] / found["accelerate"] for found in rounds]) for way in ways
        },
        "of_resident": {
            way: spread([found[way] / found["resident"] for found in rounds]) for way in ways
        },
    }


def main() -> None:
    """Measure, print, and with --write keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="file for the figures")
    parser.add_argument("--tokens", type=int, default=48, help="tokens of a timed generation")
    parser.add_argument("--few-tokens", type=int, default=6, help="the same, for accelerate")
    parser.add_argument("--only", choices=("copies", "tokens"), help="one part; others are kept")
    options = parser.parse_args()
    kept = {}
    if options.only and options.write and options.write.exists():
        kept = json.loads(options.write.read_text())
    rate = bandwidth()
    print(f"pinned host to card: {rate['median'] / 1e9:.1f} GB/s", flush=True)
    result = {
        "benchmark": "gpu_experts",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "card": torch.cuda.get_device_name(),
        "torch": torch.__version__,
    }
    if kept and any(kept[name] != value for name, value in result.items()):
        raise SystemExit(f"{options.write} is of another day, card or torch: write another file")
    result = {**kept, **result}
    if options.only != "tokens":
        result |= {
            "host_to_card_bytes_per_s": rate,
            "copy_engine": copy_engines(rate["median"]),
        }
    if options.only != "copies":
        result |= generations(options.tokens, options.few_tokens)
    text = json.dumps(result, indent=1)
    print(text)  # a benchmark prints its figures
    if options.write:
        write_atomically(options.write, text + "\n")


if __name__ == "__main__":
    main()
