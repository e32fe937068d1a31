"""What chance alone gives: components, distances from rank one, and unions, on real routes.

A source without memory has strong components, a distance from rank one and a spectral gap too, as
soon as it is counted finitely often. So each figure stands beside copies in which successors, or
the order of the tokens, are dealt out at random, with the same marginals.
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any, Final, TypeAlias

import numpy as np
from scipy.stats import spearmanr

from homeostat.models.routing.chain import chain_of
from homeostat.models.routing.classes import components
from homeostat.models.routing.counts import Counts, product_edges, shuffled, top_transitions
from homeostat.models.routing.information import (
    Comparison,
    against_null,
    distance_from_rank_one,
    mutual_information_bits,
)
from homeostat.models.routing.profile import WALKERS, union_profile
from homeostat.models.routing.unions import lazy_uniform_chain
from homeostat.proofs.claims import Canary, CanaryError, Claim, Source
from homeostat.proofs.verdicts import Measured
from homeostat.runtime.traces.fetching import dataset_named, find_data, missing_files
from homeostat.runtime.traces.routes import read_routes
from homeostat.runtime.traces.transitions import layer_tokens, read_transitions

__all__ = ["CLAIMS", "edge_point", "null_point", "union_points"]

COUNTED: Final = "qwen1.5-transitions"
ROUTED: Final = "qwen3-routes"
THRESHOLD: Final = Fraction(1, 20)
DRAWS: Final = 199
TOKEN_DRAWS: Final = 39
SEED: Final = 20261126
EXPERTS: Final = (8, 16, 20, 60, 64, 128)
"""Of uniform chains: below and above 1/threshold, and as many as the notes' models have."""
_Tokens: TypeAlias = Sequence[Sequence[Sequence[int]]]
"""Texts, each the experts of its tokens in order."""


# --- experts.components_null


def _component_count(threshold: Fraction) -> Callable[[Counts], float]:
    # A quotient of counts that is not the threshold is far more from it than floats round.
    return lambda counts: float(len(components(chain_of(counts), threshold=float(threshold))))


def null_point(counts: Counts, seed: int) -> dict[str, Any]:
    """Return the components of a layer beside those of shuffled copies."""
    (found,) = against_null(counts, [_component_count(THRESHOLD)], draws=DRAWS, seed=(SEED, seed))
    return _beside(found)


def _beside(found: Comparison) -> dict[str, Any]:
    return {
        "observed": round(found.observed, 4),
        "chance_mean": round(found.mean, 4),
        "chance_least": round(found.least, 4),
        "chance_most": round(found.most, 4),
        "z": None if found.z is None else round(found.z, 1),
        "p_above": round(found.p_above, 4),
        "p_below": round(found.p_below, 4),
    }


def _decide_null() -> Measured:
    layers = read_transitions(find_data(COUNTED))
    points = [{"layer": n, **null_point(counts, n)} for n, counts in enumerate(layers)]
    return Measured(
        estimate={
            "of": f"strong components above {THRESHOLD}, beside {DRAWS} copies of each layer with "
            "the same marginals and no memory",
            "layers_with_fewer_than_every_copy": _count(
                point["observed"] < point["chance_least"] for point in points
            ),
            "layers_with_more_than_every_copy": _count(
                point["observed"] > point["chance_most"] for point in points
            ),
            "seed": SEED,
            "points": points,
            "uniform": [
                {
                    "experts": count,
                    "components": len(
                        components(lazy_uniform_chain(count, Fraction(0)), threshold=THRESHOLD)
                    ),
                }
                for count in EXPERTS
            ],
        }
    )


def _count(marks: Iterable[bool]) -> int:
    return sum(marks)


def _catch_null() -> str:
    """Compare a copy with copies, which is chance, and a cycle with copies, which is not."""
    cycle = 40 * np.roll(np.eye(60, dtype=np.int64), 1, axis=1) + 1
    chance = null_point(shuffled(cycle, np.random.default_rng(SEED)), 0)
    if not chance["chance_least"] <= chance["observed"] <= chance["chance_most"]:
        raise CanaryError(f"a source without memory is told from chance: {chance}")
    around = null_point(cycle, 0)
    if not (around["observed"] == 1 and around["chance_least"] > 1):
        raise CanaryError(f"a walk around 60 experts is not told from chance: {around}")
    return (
        f"a copy has {chance['observed']:g} components, as copies have, and a walk around 1 where "
        f"its copies have {around['chance_least']:g} or more"
    )


# --- experts.product_edges_rank_one.real_routes


_FIGURES: Final[dict[str, Callable[[Counts], float]]] = {
    "distance": distance_from_rank_one,
    "bits": mutual_information_bits,
}


def edge_point(texts: _Tokens, expert_count: int, seed: int) -> dict[str, Any]:
    """Return how far transitions of first choices, and all pairs, are from rank one.

    Chance is the same tokens in random order within each text.
    """
    rng = np.random.default_rng((SEED, seed))
    orders = [[rng.permutation(len(text)) for text in texts] for _ in range(TOKEN_DRAWS)]
    mixed = [
        [[text[i] for i in order] for text, order in zip(texts, orders_of, strict=True)]
        for orders_of in orders
    ]
    point: dict[str, Any] = {}
    for kind, count in (("first_choices", _tops), ("all_pairs", product_edges)):
        own, copies = count(texts, expert_count), [count(copy, expert_count) for copy in mixed]
        for name, figure in _FIGURES.items():
            found = Comparison.of(figure(own), [figure(copy) for copy in copies])
            point[f"{kind}_{name}"] = round(found.observed, 4)
            point[f"{kind}_{name}_by_chance"] = round(found.mean, 4)
            point[f"{kind}_{name}_z"] = None if found.z is None else round(found.z, 1)
    return point


def _tops(texts: _Tokens, expert_count: int) -> Counts:
    return top_transitions([[token[0] for token in text] for text in texts], expert_count)


def _decide_edges() -> Measured:
    routes = read_routes(find_data(ROUTED))
    points = [
        {"layer": n, **edge_point(layer_tokens(routes, n), routes.n_expert, n)}
        for n in range(routes.layers)
    ]
    return Measured(
        estimate={
            "of": "distance of counted transitions from rank one (total variation, and mutual "
            f"information in bits), beside {TOKEN_DRAWS} random orders of the same tokens",
            "layers": len(points),
            "layers_where_all_pairs_are_nearer": _count(
                p["all_pairs_distance"] < p["first_choices_distance"] for p in points
            ),
            "mean_distance": {
                name: _mean(points, name)
                for kind in ("first_choices", "all_pairs")
                for name in (f"{kind}_distance", f"{kind}_distance_by_chance")
            },
            "layers_where_all_pairs_exceed_chance_by_more": _count(
                _excess(p, "all_pairs") > _excess(p, "first_choices") for p in points
            ),
            "seed": SEED,
            "points": points,
        }
    )


def _excess(point: dict[str, Any], kind: str) -> float:
    excess: float = point[f"{kind}_distance"] - point[f"{kind}_distance_by_chance"]
    return excess


def _mean(points: Sequence[dict[str, Any]], name: str) -> float:
    return round(float(np.mean([point[name] for point in points])), 4)


def _catch_edges() -> str:
    """Measure independent draws, which have rank one, and tokens in turn, which do not."""
    rng = np.random.default_rng(SEED)
    drawn = [[tuple(rng.choice(12, size=2, replace=False)) for _ in range(300)]]
    independent = edge_point(drawn, 12, 0)
    turns = edge_point([[(0, 1), (2, 3)] * 150], 12, 0)
    for kind in ("first_choices", "all_pairs"):
        z = independent[f"{kind}_distance_z"]
        if z is None or abs(z) > 4:
            raise CanaryError(f"independent draws are told from chance: {independent}")
        if not turns[f"{kind}_distance"] > turns[f"{kind}_distance_by_chance"] + 0.4:
            raise CanaryError(f"two tokens in turn are not told from chance: {turns}")
    return (
        "independent draws are within 4 deviations of chance, and two tokens in turn are "
        f"{turns['all_pairs_distance']:.2f} from rank one"
    )


# --- experts.gap_predicts_avalanche.layers


def union_points(layers: Sequence[Counts]) -> list[dict[str, Any]]:
    """Return the gap and the unions of stationary walkers of each layer that has one law."""
    points = []
    for number, counts in enumerate(layers):
        found = union_profile(chain_of(counts))
        if found is not None:
            points.append(
                {
                    "layer": number,
                    "gap": round(found.gap, 6),
                    "effective_experts": round(found.effective_experts, 4),
                    **{
                        f"union_of_{walkers}": round(size, 4)
                        for walkers, size in zip(WALKERS, found.stationary, strict=True)
                    },
                }
            )
    return points


def _rank_correlation(
    points: Sequence[dict[str, Any]], first: str, second: str
) -> dict[str, float]:
    rho, p_value = spearmanr([p[first] for p in points], [p[second] for p in points])
    return {"rho": round(float(rho), 4), "p": float(f"{p_value:.3g}")}


def _decide_unions() -> Measured:
    points = union_points(read_transitions(find_data(COUNTED)))
    return Measured(
        estimate={
            "of": "1 - |lambda_2| of each layer, and the experts that B independent walkers need "
            "in its stationary law; Spearman's rank correlation over the layers",
            "gap_and_union_of_64": _rank_correlation(points, "gap", "union_of_64"),
            "effective_experts_and_union_of_64": _rank_correlation(
                points, "effective_experts", "union_of_64"
            ),
            "points": points,
        }
    )


def _catch_unions() -> str:
    """Correlate where the answer is known: as concentration rises, the union falls."""
    layers = [np.outer(np.ones(6, int), [n, 1, 1, 1, 1, 1]) for n in (1, 3, 9, 27, 81)]
    points = union_points(layers)
    found = _rank_correlation(points, "effective_experts", "union_of_8")["rho"]
    if found != 1.0 or any(abs(point["gap"] - 1) > 1e-6 for point in points):
        raise CanaryError(f"sources without memory, ever more concentrated, give {points}")
    return "five sources of gap 1 have five different unions, in the order of their concentration"


def _missing(name: str) -> Callable[[], tuple[str, ...]]:
    return lambda: missing_files(dataset_named(name))


CLAIMS: Final = (
    Claim(
        id="experts.components_null",
        title="How many components a source without memory has",
        statement="The number of strong components above 1/20 in each layer, beside copies with "
        "the same marginals and successors dealt out at random; and in uniform chains.",
        scope="24 layers of Qwen1.5-MoE-A2.7B; uniform chains of 8 to 128 experts",
        source=Source(note="002", section="3"),
        decide=_decide_null,
        canary=Canary(falsehood="a copy is told from copies", catch=_catch_null),
        vacuity="every layer has counts",
        remark="The note takes many components for isolated experts. With 20 experts or more a "
        "uniform chain, which isolates nobody, has as many components as experts; with fewer it "
        "has one. Read in which direction the layers differ from chance.",
        trusts=("SciPy's random tables and strong components",),
        missing_data=_missing(COUNTED),
    ),
    Claim(
        id="experts.product_edges_rank_one.real_routes",
        title="How far all pairs, and first choices, are from rank one",
        statement="On real routes, the distance from rank one of transitions between first choices "
        "and of those between all experts of neighbouring tokens, each beside the same tokens in "
        "random order.",
        scope="Qwen3-30B-A3B, 48 layers, top-6 of 128, one run of 156 tokens",
        source=Source(note="002", section="2"),
        decide=_decide_edges,
        canary=Canary(falsehood="independent draws are told from chance", catch=_catch_edges),
        vacuity="every layer has transitions",
        remark="155 transitions among 128 experts are far from rank one whatever their law: most "
        "of the distance of first choices is chance. Compare what exceeds it.",
        trusts=("the reader of the routes",),
        missing_data=_missing(ROUTED),
    ),
    Claim(
        id="experts.gap_predicts_avalanche.layers",
        title="Gap and union over the layers of a real model",
        statement="The spectral gap of each layer and the experts that 1 to 64 independent walkers "
        "need in its stationary law, with their rank correlation.",
        scope="24 layers of Qwen1.5-MoE-A2.7B",
        source=Source(note="002", section="4"),
        decide=_decide_unions,
        canary=Canary(falsehood="sources of one gap have one union", catch=_catch_unions),
        vacuity="every layer has one stationary law",
        trusts=("LAPACK", "SciPy's rank correlation"),
        missing_data=_missing(COUNTED),
    ),
)
