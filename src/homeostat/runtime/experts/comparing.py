"""All policies on the same routes, beside the optimum: what a replay has to say, as JSON data."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any, Final

from homeostat.models.residency.events import Event, event_of
from homeostat.runtime.experts.policies.family import policy_named
from homeostat.runtime.experts.policies.selector import (
    EVENTS_MIN,
    Selection,
    SelectorPolicy,
    together,
)
from homeostat.runtime.experts.replay import (
    COMPILED,
    Tally,
    flat_events,
    optimal,
    replay,
    replay_compiled,
)
from homeostat.runtime.traces.routes import Phase, Routes

__all__ = [
    "OPTIMA",
    "LayerComparison",
    "LayerTask",
    "compare_layer",
    "comparison_document",
    "layer_tasks",
    "measured_prefix",
    "total",
]

OPTIMA: Final = {"optimum": True, "optimum that loads": False}
"""Names of the two optima, and whether bypass is allowed."""
_PART_MEASURED: Final = 4
"""Without a prompt the first quarter of decoding is measured."""


@dataclass(frozen=True, slots=True)
class LayerTask:
    """One layer: what is replayed, what was measured before, and its size."""

    events: tuple[Event, ...]
    prefix: tuple[Event, ...]
    n_expert: int
    top_k: int
    expert_bytes: int


@dataclass(frozen=True, slots=True)
class LayerComparison:
    """What each policy and optimum did with a layer at a capacity, and the selector's choice."""

    tallies: Mapping[str, Tally]
    selection: Selection | None


def measured_prefix(routes: Routes, layer: int) -> tuple[Event, ...]:
    """Return what is measured of a layer before it decodes: its prompt, token by token.

    If the prompt has fewer than two tokens in this layer, it is the first quarter of decoding.
    """
    tokens = [
        event_of([token.experts])
        for found in routes.passes
        if found.layer == layer and found.phase == Phase.PROMPT
        for token in found.tokens
    ]
    if len(tokens) >= EVENTS_MIN:
        return tuple(tokens)
    decoded = routes.events(layer, Phase.DECODE)
    return tuple(decoded[: max(EVENTS_MIN, len(decoded) // _PART_MEASURED)])


def layer_tasks(routes: Routes, phase: Phase | None) -> list[LayerTask]:
    """Return the layers of routes that have events of a phase, or of both."""
    tasks = []
    for layer in range(routes.layers):
        events = tuple(routes.events(layer, phase))
        if events:
            prefix = measured_prefix(routes, layer)
            size = routes.n_expert, routes.top_k, routes.expert_bytes[layer]
            tasks.append(LayerTask(events, prefix, *size))
    return tasks


def compare_layer(
    task: LayerTask, capacities: Sequence[int], policies: Sequence[str]
) -> list[LayerComparison]:
    """Replay one layer at each capacity, under each policy and both optima.

    Raises:
        InvalidInputError: A capacity is below 1, or a policy is unknown or lacks measured events.
    """
    flat = flat_events(task.events, task.n_expert)
    found = []
    for capacity in capacities:
        tallies, selection = {}, None
        for name in policies:
            if name in COMPILED:
                tallies[name] = replay_compiled(flat, capacity, name)
                continue
            make = policy_named(name)
            policy = make(task.n_expert, capacity, task.top_k, prefix=task.prefix)
            tallies[name] = replay(task.events, capacity, policy)
            if isinstance(policy, SelectorPolicy):
                selection = policy.selection
        for name, bypass in OPTIMA.items():
            tallies[name] = optimal(flat, capacity, bypass=bypass)
        found.append(LayerComparison(tallies, selection))
    return found


def total(layers: Iterable[LayerComparison], name: str) -> Tally:
    """Return what one policy did with all layers; there must be one."""
    return reduce(add, (own.tallies[name] for own in layers))


def comparison_document(
    name: str,
    routes: Routes,
    phase: Phase | None,
    capacities: Sequence[int],
    policies: Sequence[str],
    layers: Sequence[Sequence[LayerComparison]],
) -> dict[str, Any]:
    """Return everything as JSON data.

    Args:
        name: Of the routes.
        routes: What was replayed.
        phase: Which part of it; None for all.
        capacities: Experts resident in each layer.
        policies: Names.
        layers: Of each layer what each capacity gave, as ``layer_tasks`` and ``compare_layer`` do.
    """
    sizes = [task.expert_bytes for task in layer_tasks(routes, phase)]
    rows = [
        resident
        for found in routes.passes
        if found.phase == Phase.DECODE
        for token in found.tokens
        for resident in token.resident
    ]
    return {
        "schema": "homeostat.cache-replay/1",
        "routes": {
            "name": name,
            "model": routes.model,
            "layers": len(layers),
            "experts": routes.n_expert,
            "top_k": routes.top_k,
            "events": sum(row[0].tallies[next(iter(OPTIMA))].events for row in layers),
            "recorded_hit_rate": sum(rows) / len(rows) if any(rows) else None,
        },
        "phase": phase.name.lower() if phase is not None else "all",
        "capacities": [
            _capacity(capacity, policies, [row[index] for row in layers], sizes)
            for index, capacity in enumerate(capacities)
        ],
    }


def _capacity(
    capacity: int,
    policies: Sequence[str],
    layers: Sequence[LayerComparison],
    sizes: Sequence[int],
) -> dict[str, Any]:
    least, loading = (total(layers, name) for name in OPTIMA)
    selections = [own.selection for own in layers if own.selection is not None]
    return {
        "capacity": capacity,
        "union_per_capacity": least.union_per_capacity * len(layers),
        "runs": [
            _run(name, total(layers, name), least, loading, layers, sizes)
            for name in (*policies, *OPTIMA)
        ],
        "selection": {
            "model": _selection(together(selections)),
            "layers": [_selection(own) for own in selections],
        }
        if selections
        else None,
    }


def _run(
    name: str,
    tally: Tally,
    least: Tally,
    loading: Tally,
    layers: Sequence[LayerComparison],
    sizes: Sequence[int],
) -> dict[str, Any]:
    own = [layer.tallies[name] for layer in layers]
    return {
        "policy": name,
        "asked": tally.asked,
        "hits": tally.hits,
        "loads": tally.loads,
        "bypasses": tally.bypasses,
        "hit_rate": tally.hit_rate,
        "read_bytes": sum(t.misses * size for t, size in zip(own, sizes, strict=True)),
        "regret": tally.regret(least),
        "regret_loading": tally.regret(loading),
        "hit_rate_by_layer": [t.hit_rate for t in own],
    }


def _selection(selection: Selection) -> dict[str, Any]:
    return {
        "chosen": selection.chosen,
        "reason": selection.reason,
        "asked": selection.asked,
        "misses": dict(selection.misses),
    }
