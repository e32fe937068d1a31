"""Hit rates of all policies on real routes, and the engine's own rate, found again row by row.

The routes are those of Qwen3-30B-A3B (``runtime.traces.routes``): one prompt of 28 tokens, 128
tokens decoded, top-6 of 128 experts in 48 layers. Each layer has a cache of its own here, that
starts empty as it decodes; the engine had one for all layers, which the prompt had filled.
"""

from functools import cache
from typing import Any, Final

from homeostat.models.residency.events import Event
from homeostat.proofs.claims import Canary, CanaryError, Claim, Source
from homeostat.proofs.verdicts import Measured
from homeostat.runtime.experts.comparing import (
    OPTIMA,
    LayerComparison,
    compare_layer,
    layer_tasks,
    total,
)
from homeostat.runtime.experts.policies.family import POLICIES
from homeostat.runtime.experts.policies.lru import LruPolicy
from homeostat.runtime.experts.recorded import QWEN3_BUDGET_BYTES, replay_recorded
from homeostat.runtime.experts.replay import Tally, flat_events, optimal, replay
from homeostat.runtime.traces.fetching import dataset_named, find_data, missing_files
from homeostat.runtime.traces.routes import Phase, Routes, read_routes

__all__ = ["CLAIMS", "gap_points", "policy_points", "recorded_point"]

DATA: Final = "qwen3-routes"
_TIMES_TOP_K: Final = (1, 2, 4)
_LOOP: Final = 3
"""Experts of the canaries' loop; one fewer fits."""


@cache
def _routes() -> Routes:
    return read_routes(find_data(DATA))


@cache
def _compared() -> dict[int, list[LayerComparison]]:
    """Return the comparison of each layer, by the capacity."""
    routes = _routes()
    capacities = tuple(n * routes.top_k for n in _TIMES_TOP_K)
    layers = [
        compare_layer(task, capacities, tuple(POLICIES))
        for task in layer_tasks(routes, Phase.DECODE)
    ]
    return {c: [row[index] for row in layers] for index, c in enumerate(capacities)}


def policy_points() -> list[dict[str, Any]]:
    """Return hits and copies of each policy and of both optima, at each capacity."""
    return [
        {"capacity": capacity, "policy": name, **_counts(total(layers, name))}
        for capacity, layers in _compared().items()
        for name in (*POLICIES, *OPTIMA)
    ]


def _counts(tally: Tally) -> dict[str, Any]:
    return {
        "hit_rate": round(tally.hit_rate, 4),
        "asked": tally.asked,
        "hits": tally.hits,
        "loads": tally.loads,
        "bypasses": tally.bypasses,
    }


def gap_points() -> list[dict[str, Any]]:
    """Return the misses of each policy beyond both optima, at each capacity."""
    points = []
    for capacity, layers in _compared().items():
        least, loading = (total(layers, name) for name in OPTIMA)
        for name in POLICIES:
            tally = total(layers, name)
            points.append(
                {
                    "capacity": capacity,
                    "policy": name,
                    "misses": tally.misses,
                    "regret": tally.regret(least),
                    "regret_share": round(tally.regret(least) / tally.misses, 4),
                    "beyond_the_optimum_that_loads": tally.regret(loading),
                }
            )
    return points


def recorded_point() -> dict[str, Any]:
    """Return the engine's rate by the rule that was found, and on how many rows it agrees."""
    found = replay_recorded(_routes(), QWEN3_BUDGET_BYTES)
    return {
        "budget_bytes": QWEN3_BUDGET_BYTES,
        "rows": found.rows,
        "rows_agreed": found.agreed,
        "hits": found.hits,
        "prompt_reads": found.prompt_reads,
        "engine_rate": round(found.engine_rate, 4),
        "decode_rate": round(found.decode_rate, 4),
    }


def _missing() -> list[str]:
    return list(missing_files(dataset_named(DATA)))


def _decide_policies() -> Measured:
    return Measured(
        estimate={
            "of": "hits of decoding, and copies to stay or to be used once, of all 48 layers",
            "engine": "hits of decoding over these and all experts read, the prompt's included",
            "recorded": [recorded_point()],
            "points": policy_points(),
        }
    )


def _decide_gap() -> Measured:
    return Measured(
        estimate={
            "of": "misses beyond the fewest possible, as a number and as a part of the misses",
            "points": gap_points(),
        }
    )


def _loop() -> tuple[Tally, Tally]:
    """Return LRU and the optimum on a loop over one expert more than fits."""
    events = [Event((expert,), (expert,)) for expert in range(_LOOP)] * 4
    least = optimal(flat_events(events, _LOOP), _LOOP - 1, bypass=True)
    return replay(events, _LOOP - 1, LruPolicy(_LOOP)), least


def _catch_hits() -> str:
    lru, least = _loop()
    if lru.hits or not least.hits:
        raise CanaryError(f"on a loop over one more than fits LRU is {lru}, the optimum {least}")
    return (
        f"LRU never hits on a loop over one expert more than fits, the optimum {least.hits} times"
    )


def _catch_gap() -> str:
    lru, least = _loop()
    if lru.regret(least) <= 0:
        raise CanaryError(f"on a loop over one more than fits LRU is {lru}, the optimum {least}")
    return f"on a loop over one expert more than fits LRU misses {lru.regret(least)} too many"


CLAIMS: Final = (
    Claim(
        id="experts.policies",
        title="Hit rates of cache policies on real routes",
        statement="The part of decoding's experts that is resident when asked for, under each "
        "policy and under the optimum, with k, 2k and 4k resident experts a layer; and the rate of "
        "74.9 % that is reported of the engine that recorded the routes.",
        scope="one prompt of 28 tokens and 128 decoded ones of Qwen3-30B-A3B, top-6 of 128",
        source=Source(note="004", section="2"),
        decide=_decide_policies,
        canary=Canary(
            falsehood="LRU hits on a loop over one expert more than fits", catch=_catch_hits
        ),
        vacuity="every layer decodes 128 tokens",
        remark="One LRU over all layers, of 4000 MiB and filled by the prompt, says of every row "
        "of the record whether its expert was resident. The 74.9 % is its hits over these and "
        "everything read, the prompt's reads included; of decoding's experts 80.3 % were resident. "
        "Static, selector and the policies that estimate a chain have seen the prompt; in the last "
        "layer, through which one token of it went, the first quarter of decoding.",
        trusts=("the reader of the format", "compiled replays as tested against the cache's own"),
        missing_data=_missing,
    ),
    Claim(
        id="experts.optimal_gap.measured",
        title="What policies miss beyond the optimum on real routes",
        statement="Misses of each policy less those of Belady's rule on events, with bypass and "
        "without, with k, 2k and 4k resident experts a layer.",
        scope="decoding of one prompt and 128 tokens of Qwen3-30B-A3B, top-6 of 128",
        source=Source(note="004", section="2"),
        decide=_decide_gap,
        canary=Canary(
            falsehood="LRU has no regret on a loop over one expert more than fits",
            catch=_catch_gap,
        ),
        vacuity="every layer decodes 128 tokens",
        remark="What remains is not all to be had: the optimum knows the future.",
        trusts=("the reader of the format", "compiled replays as tested against the cache's own"),
        missing_data=_missing,
    ),
)
