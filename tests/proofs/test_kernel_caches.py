"""Caches and chains in the kernel: its own definitions against the models', and attacks."""

import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from types import ModuleType
from typing import Any

import flint
import numpy as np
import pytest

from homeostat.counterexamples import Case, CaseConjecture
from homeostat.counterexamples.cases.balls import Ball, Figure
from homeostat.counterexamples.cases.figures import figures_of
from homeostat.errors import InvalidInputError, WitnessRejectedError
from homeostat.models.residency.events import Event
from homeostat.models.residency.optimal import belady, fewest_misses
from homeostat.models.routing.chain import Chain
from homeostat.models.routing.gaps import (
    eigenvalue_gap,
    laplacian_gap,
    normalised_laplacian_gap,
    reversible_gap,
)
from homeostat.models.routing.returns import discounted_returns
from homeostat.proofs import caches, cases, kernel
from homeostat.proofs.certificates import case, optimal
from homeostat.proofs.kernel import RejectedError

Json = dict[str, Any]
Forge = Callable[..., Json]

POLICIES = ("lru", "rank", "never_admit", "next_use", "belady", "optimal")


def agree(figure: Figure, enclosure: tuple[Fraction, Fraction]) -> bool:
    """Whether a figure of the models is the one that the kernel has exactly."""
    low, high = enclosure
    if isinstance(figure, Fraction):
        return low == figure == high
    with flint.ctx.workprec(256):
        return low == high and bool(figure.arb.overlaps(Ball.of(low).arb))


def compared(system: str, data: Json, names: Iterator[str]) -> set[str]:
    """Hold the figures against each other; return those that the kernel knows."""
    models, (words, figure) = figures_of(system, data), cases.CASES[system](data)
    assert words == models.words
    known = set()
    for name in names:
        try:
            enclosure = figure(name)
        except RejectedError:
            continue
        known.add(name)
        assert agree(models.figure(name), enclosure), (name, data)
    return known


# --- caches


def cache_case(rng: random.Random) -> Json:
    count = rng.randint(1, 5)
    events = [
        sorted(rng.sample(range(count), rng.randint(1, min(3, count))))
        for _ in range(rng.randint(1, 12))
    ]
    given = {"chain": chain(rng, count), "discount": "9/10", "threshold": f"1/{rng.randint(1, 12)}"}
    return {
        "capacity": rng.randint(1, 4),
        "events": events,
        "half_life": rng.choice([1, 2, 3, 32]),
        "admission": given,
    }


def chain(rng: random.Random, count: int) -> Json:
    def chances() -> list[str]:
        parts = [rng.choice([0, 0, 1, 2, 5]) for _ in range(count)]
        parts[rng.randrange(count)] += 1
        return [str(Fraction(part, sum(parts))) for part in parts]

    if rng.random() < 0.3:
        law = chances() if rng.random() < 0.7 else [f"1/{count}"] * count
        return {"law": law, "stay": rng.choice(["0", "1/2", "9/10"])}
    return {"matrix": [chances() for _ in range(count)]}


def test_caches_of_kernel_and_models_agree() -> None:
    rng = random.Random(5)
    names = [f"misses_{policy}" for policy in (*POLICIES, "threshold")]
    names += ["capacity", "events", "uses", "experts"]
    for _ in range(60):
        data = cache_case(rng)
        assert compared("expert-cache", data, iter(names)) == set(names)


def counted(events: list[int], count: int) -> Json:
    """The chain of a trace of single experts, by hand."""
    rows = []
    for i in range(count):
        after = [b for a, b in pairwise(events) if a == i]
        shares = [Fraction(after.count(j), len(after)) if after else Fraction(1, count)
                  for j in range(count)]  # fmt: skip
        rows.append([str(share) for share in shares])
    return {"matrix": rows}


def test_the_chain_of_the_trace_itself_is_told_from_any_other() -> None:
    rng, names = random.Random(2), ["misses_threshold", "misses_lru", "discount", "threshold"]
    for _ in range(40):
        count = rng.randint(1, 4)
        trace = [rng.randrange(count) for _ in range(rng.randint(1, 9))]
        admission = {"chain": counted(trace, count), "discount": "1/2", "threshold": "1/10"}
        data: Json = {
            "capacity": 2,
            "events": [[expert] for expert in trace],
            "half_life": 32,
            "admission": admission,
        }
        assert compared("expert-cache", data, iter(names)) == set(names)
        assert figures_of("expert-cache", data).words == {"counted"}
        for change in (
            {"events": [*data["events"], [0], [0], [count - 1]]},
            {"events": [*data["events"], list(range(count))]},
            {"admission": {**admission, "chain": rotation(count + 1)}},
            {"admission": {**admission, "chain": {"law": [f"1/{count}"] * count, "stay": "0"}}},
            {"admission": None},
        ):
            other = {**data, **change}
            compared("expert-cache", other, iter(["misses_lru"]))
            # Three uses more may leave the shares as they were.
            if count > 1 and len(other["events"]) != len(trace) + 3:
                assert figures_of("expert-cache", other).words == set()


def test_uniform_is_what_draws_every_expert_alike() -> None:
    for given, word in (
        ({"law": ["1/3"] * 3, "stay": "0"}, True),
        ({"law": ["1/3"] * 3, "stay": "1/2"}, False),
        ({"law": ["1/2", "1/4", "1/4"], "stay": "0"}, False),
        ({"matrix": [["1/2", "1/2"], ["1/2", "1/2"]]}, False),
    ):
        data = {"chains": [given], "discount": "1/2", "walkers": 1}
        compared("chains", data, iter(["states_1"]))
        assert figures_of("chains", data).words == ({"uniform"} if word else set())


def misses(events: list[list[int]], capacity: int, **more: Any) -> dict[str, int]:
    data = {"capacity": capacity, "events": events, "half_life": 32, "admission": None, **more}
    _, figure = caches.expert_cache(data)
    names = POLICIES if data["admission"] is None else ("lru", "threshold")
    return {name: int(figure(f"misses_{name}")[0]) for name in names}


def test_of_equals_the_one_that_is_used_again_sooner_after_that_must_be_kept() -> None:
    found = misses([[0], [1], [0, 1], [1]], 1)
    assert found["next_use"] == 4
    assert found["belady"] == found["optimal"] == 3


def test_figures_that_can_be_told_by_hand() -> None:
    assert misses([[0], [0], [0]], 1) == {
        **dict.fromkeys(("lru", "rank", "next_use", "belady", "optimal"), 1),
        "never_admit": 3,
    }
    # Two experts take turns in one place: LRU never hits, who stays does.
    turns = misses([[0], [1]] * 3, 1)
    assert (turns["lru"], turns["optimal"]) == (6, 4)
    # The last event that needs more than there are places bypasses what is over.
    assert misses([[0, 1, 2]], 2)["lru"] == 3


def rotation(count: int) -> Json:
    rows = [[str(int(j == (i + 1) % count)) for j in range(count)] for i in range(count)]
    return {"matrix": rows}


def test_a_threshold_can_miss_more_than_lru() -> None:
    admission = {"chain": rotation(4), "discount": "1/2", "threshold": "1/10"}
    found = misses([[i % 4] for i in range(12)], 4, admission=admission)
    assert found == {"lru": 4, "threshold": 12}


def conjecture(system: str, *violated: tuple[str, str, str]) -> CaseConjecture:
    return CaseConjecture(
        name="any", statement="", system=system, assumes=(), violated_when=violated
    )


def test_a_cache_case_refutes_in_models_and_kernel() -> None:
    data = {
        "capacity": 4,
        "events": [[i % 4] for i in range(12)],
        "half_life": 32,
        "admission": {"chain": rotation(4), "discount": "1/2", "threshold": "1/10"},
    }
    worse = conjecture("expert-cache", ("misses_threshold", ">", "misses_lru"))
    assert Case.of(worse, data).observed == {"misses_threshold": "12", "misses_lru": "4"}
    assert case(worse, data)["theorem"]["given"] == data
    better = conjecture("expert-cache", ("misses_threshold", "<", "misses_lru"))
    with pytest.raises(WitnessRejectedError):
        Case.of(better, data)
    with pytest.raises(RejectedError, match="not so in this case"):
        case(better, data)


# --- chains


def chain_names(count: int) -> list[str]:
    every = ("states", "components", "classes", "gap", "reversible_gap", "laplacian")
    names = [f"{name}_1" for name in (*every, "normalised_laplacian", "union")]
    return [*names, *(f"p_return_{i}_1" for i in range(1, count + 1)), "walkers", "discount"]


def test_chains_of_kernel_and_models_agree() -> None:
    rng, known = random.Random(7), set[str]()
    for _ in range(120):
        count = rng.randint(1, 5)
        data = {
            "chains": [chain(rng, count)],
            "discount": rng.choice(["0", "1/2", "9/10"]),
            "walkers": rng.randint(1, 5),
        }
        found = compared("chains", data, iter(chain_names(count)))
        assert {"states_1", "classes_1", "components_1", "p_return_1_1"} <= found
        known |= found
    assert known == set(chain_names(5))


def test_figures_of_chains_are_those_of_the_models_in_floats() -> None:
    rng, seen = random.Random(3), 0
    for _ in range(40):
        count = rng.randint(2, 4)
        given = chain(rng, count)
        data = {"chains": [given], "discount": "3/4", "walkers": 2}
        figures = figures_of("chains", data)
        model = Chain.of(np.array(matrix_of(given), dtype=object))
        back = discounted_returns(model, Fraction(3, 4))
        for i in range(count):
            assert figures.figure(f"p_return_{i + 1}_1") == back[i, i]
        floats = np.asarray(model.matrix, dtype=np.float64)
        told = {
            "gap_1": eigenvalue_gap(model),
            "laplacian_1": laplacian_gap(floats),
            "normalised_laplacian_1": normalised_laplacian_gap(floats),
        }
        if figures.figure("classes_1") == 1:
            told["reversible_gap_1"] = reversible_gap(model)
        for name, of_model in told.items():
            try:
                found = figures.figure(name)
            except WitnessRejectedError:
                continue
            seen += 1
            exact = found if isinstance(found, Fraction) else float(found.arb.mid())
            assert float(exact) == pytest.approx(of_model, abs=1e-6), name
    assert seen > 120


def matrix_of(given: Json) -> list[list[Fraction]]:
    if "matrix" in given:
        return [[Fraction(x) for x in row] for row in given["matrix"]]
    law, stay = [Fraction(x) for x in given["law"]], Fraction(given["stay"])
    count = range(len(law))
    return [[(1 - stay) * law[j] + stay * (i == j) for j in count] for i in count]


def one(given: Json, **more: Any) -> Callable[[str], Fraction]:
    data = {"chains": [given], "discount": "9/10", "walkers": 4, **more}
    _, figure = cases.CASES["chains"](data)

    def exact(name: str) -> Fraction:
        low, high = figure(f"{name}_1")
        assert low == high
        return low

    return exact


def test_three_definitions_of_a_gap_differ_on_two_experts() -> None:
    figure = one({"matrix": [["1/2", "1/2"], ["1", "0"]]})
    assert figure("gap") == Fraction(1, 2)
    assert figure("reversible_gap") == Fraction(3, 2)
    assert figure("normalised_laplacian") == Fraction(8, 5)


def test_several_components_with_a_gap_and_two_closed_classes_without() -> None:
    leaves = one({"matrix": [["1/2", "1/2"], ["0", "1"]]})
    assert [leaves(x) for x in ("components", "classes", "gap")] == [2, 1, Fraction(1, 2)]
    apart = one({"matrix": [["1/2", "1/2", "0"], ["1/2", "1/2", "0"], ["0", "0", "1"]]})
    assert [apart(x) for x in ("components", "classes", "gap")] == [2, 2, 0]


def test_the_union_does_not_follow_the_gap() -> None:
    lazy = one({"law": ["1/64"] * 64, "stay": "99/100"})
    sure = one({"law": ["97/100", "1/100", "1/100", "1/100"], "stay": "0"})
    assert lazy("gap") == Fraction(1, 100)
    assert lazy("union") > Fraction(39, 10)
    assert sure("gap") == 1
    assert sure("union") < Fraction(6, 5)


def test_one_threshold_means_another_thing_for_more_experts() -> None:
    few = one({"law": ["1/8"] * 8, "stay": "0"})
    many = one({"law": ["1/128"] * 128, "stay": "0"})
    assert few("p_return_1") == Fraction(9, 17)
    assert many("p_return_1") == Fraction(9, 137)


# --- kind optimal


def test_every_trace_of_the_bounds_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    before = caches._before

    def look(event: tuple[int, ...], least: Any, capacity: int) -> Any:
        seen.append(len(least))
        return before(event, least, capacity)

    monkeypatch.setattr(caches, "_before", look)
    caches.check_optimal({"experts": 3, "size": 2, "capacity": 2, "events": 3}, {})
    # Six events of one or two of three experts; seven sets of at most two.
    assert len(seen) == 6 + 6**2 + 6**3
    assert set(seen) == {7}


@pytest.mark.slow
@pytest.mark.parametrize("bounds", [(3, 3, 2, 4), (4, 2, 2, 4), (3, 2, 1, 5), (4, 1, 3, 5)])
def test_no_policy_misses_less_than_belady(bounds: tuple[int, int, int, int]) -> None:
    experts, size, capacity, events = bounds
    optimal(experts=experts, size=size, capacity=capacity, events=events)


def variant(old: str, new: str) -> Any:
    """Return the kernel's caches with one text replaced."""
    from pathlib import Path

    text = Path(str(caches.__file__)).read_text()
    assert text.count(old) == 1
    module = ModuleType("variant")
    exec(compile(text.replace(old, new), "variant", "exec"), module.__dict__)
    return module


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("experts, 0, further=True", "experts, 0, further=False"),
        ("key=lambda expert: (uses(expert), expert)", "key=lambda expert: expert"),
        ("[: capacity - len(hits)]", "[: capacity - len(hits) - 1]"),
    ],
    ids=["next use alone", "no order", "one place less"],
)
def test_choices_that_are_not_the_best_are_rejected(old: str, new: str) -> None:
    with pytest.raises(RejectedError, match="not so for"):
        variant(old, new).check_optimal({"experts": 3, "size": 2, "capacity": 2, "events": 4}, {})


def test_the_least_of_all_choices_is_that_of_the_models() -> None:
    rng = random.Random(11)
    for _ in range(40):
        events = [sorted(rng.sample(range(4), rng.randint(1, 3))) for _ in range(7)]
        capacity = rng.randint(1, 4)
        found = misses(events, capacity)
        model = [Event(tuple(event)) for event in events]
        assert found["optimal"] == fewest_misses(model, capacity, bypass=True)
        kept = sum(outcome.misses for outcome in belady(model, capacity, bypass=True))
        assert found["belady"] == found["optimal"] == kept
        assert all(found[policy] >= found["optimal"] for policy in POLICIES)


@pytest.mark.parametrize(
    "change",
    [
        {"experts": 7},
        {"experts": 0},
        {"size": 4},
        {"capacity": 4},
        {"capacity": 0},
        {"events": True},
        {"events": "3"},
        {"events": 9},
        {"events": 10**9},
        {"more": 1},
    ],
    ids=str,
)
def test_bounds_out_of_range_are_rejected(change: Json, forge: Forge) -> None:
    bounds: Json = {"experts": 3, "size": 2, "capacity": 2, "events": 2}
    kernel.check(forge("optimal", bounds, {}))
    with pytest.raises(RejectedError):
        kernel.check(forge("optimal", {**bounds, **change}, {}))


# --- what both sides must refuse

CACHE: Json = {"capacity": 1, "events": [[0], [1]], "half_life": 32, "admission": None}
ADMISSION: Json = {"chain": {"matrix": [["1"]]}, "discount": "1/2", "threshold": "1/10"}
CHAINS: Json = {"chains": [{"matrix": [["1"]]}], "discount": "1/2", "walkers": 1}


def _chain(data: Any) -> Json:
    return {**CHAINS, "chains": [data]}


HOSTILE: list[tuple[str, str, Json]] = [
    ("no event", "expert-cache", {**CACHE, "events": []}),
    ("an empty event", "expert-cache", {**CACHE, "events": [[]]}),
    ("an event as an object", "expert-cache", {**CACHE, "events": [{"0": 0}]}),
    ("too many events", "expert-cache", {**CACHE, "events": [[0]] * 101}),
    ("too many experts", "expert-cache", {**CACHE, "events": [list(range(17))]}),
    ("twice", "expert-cache", {**CACHE, "events": [[0, 0]]}),
    ("descending", "expert-cache", {**CACHE, "events": [[1, 0]]}),
    ("a truth value", "expert-cache", {**CACHE, "events": [[True]]}),
    ("as text", "expert-cache", {**CACHE, "events": [["0"]]}),
    ("negative", "expert-cache", {**CACHE, "events": [[-1]]}),
    ("beyond", "expert-cache", {**CACHE, "events": [[200]]}),
    ("no place", "expert-cache", {**CACHE, "capacity": 0}),
    ("too many places", "expert-cache", {**CACHE, "capacity": 65}),
    ("half a place", "expert-cache", {**CACHE, "capacity": 1.5}),
    ("no half-life", "expert-cache", {**CACHE, "half_life": 0}),
    ("a long half-life", "expert-cache", {**CACHE, "half_life": 10**6 + 1}),
    ("more", "expert-cache", {**CACHE, "more": 1}),
    ("admission as a list", "expert-cache", {**CACHE, "admission": []}),
    ("admission of more", "expert-cache", {**CACHE, "admission": {**ADMISSION, "more": 1}}),
    ("discount 1", "expert-cache", {**CACHE, "admission": {**ADMISSION, "discount": "1"}}),
    ("threshold", "expert-cache", {**CACHE, "admission": {**ADMISSION, "threshold": 0}}),
    ("no chain", "chains", {**CHAINS, "chains": []}),
    ("three chains", "chains", {**CHAINS, "chains": [{"matrix": [["1"]]}] * 3}),
    ("a chain as a list", "chains", _chain([["1"]])),
    ("no rows", "chains", _chain({"matrix": []})),
    ("nine rows", "chains", _chain({"matrix": [["1/9"] * 9] * 9})),
    ("not square", "chains", _chain({"matrix": [["1/2", "1/2"]]})),
    ("ragged", "chains", _chain({"matrix": [["1/2", "1/2"], ["1"]]})),
    ("negative chance", "chains", _chain({"matrix": [["2", "-1"], ["0", "1"]]})),
    ("less than 1", "chains", _chain({"matrix": [["1/2"]]})),
    ("no text", "chains", _chain({"matrix": [[1]]})),
    ("no law", "chains", _chain({"law": [], "stay": "0"})),
    ("a long law", "chains", _chain({"law": ["1/201"] * 201, "stay": "0"})),
    ("stays for ever", "chains", _chain({"law": ["1"], "stay": "1"})),
    ("a negative stay", "chains", _chain({"law": ["1"], "stay": "-1/2"})),
    ("both", "chains", _chain({"law": ["1"], "stay": "0", "matrix": [["1"]]})),
    ("no walker", "chains", {**CHAINS, "walkers": 0}),
    ("many walkers", "chains", {**CHAINS, "walkers": 65}),
    ("a walker that is true", "chains", {**CHAINS, "walkers": True}),
    ("a discount of 1", "chains", {**CHAINS, "discount": "1"}),
    ("a negative discount", "chains", {**CHAINS, "discount": "-1/2"}),
]


@pytest.mark.parametrize(("name", "system", "data"), HOSTILE, ids=[row[0] for row in HOSTILE])
def test_data_out_of_bounds_are_refused_by_both(
    name: str, system: str, data: Json, forge: Forge
) -> None:
    figure = "misses_lru" if system == "expert-cache" else "walkers"
    theorem = {
        "system": system,
        "given": data,
        "assumes": [],
        "violated_when": [[figure, ">", "0"]],
    }
    with pytest.raises(RejectedError):
        kernel.check(forge("case", theorem, {}))
    with pytest.raises((InvalidInputError, WitnessRejectedError)):
        figures_of(system, data).figure(figure)
    near = {**theorem, "given": CACHE if system == "expert-cache" else CHAINS}
    kernel.check(forge("case", near, {}))


NONE_SUCH = [
    ("expert-cache", CACHE, "misses_threshold"),
    ("expert-cache", {**CACHE, "admission": ADMISSION}, "misses_threshold"),
    ("expert-cache", {**CACHE, "events": [[i] for i in range(7)]}, "misses_optimal"),
    ("chains", CHAINS, "laplacian_1"),
    ("chains", CHAINS, "gap_2"),
    ("chains", CHAINS, "p_return_2_1"),
    ("chains", _chain({"matrix": [["1", "0"], ["0", "1"]]}), "union_1"),
    ("chains", _chain({"matrix": [["1", "0"], ["0", "1"]]}), "reversible_gap_1"),
]


@pytest.mark.parametrize(("system", "data", "name"), NONE_SUCH)
def test_a_figure_that_a_case_does_not_have_is_refused_by_both(
    system: str, data: Json, name: str
) -> None:
    with pytest.raises(RejectedError):
        cases.CASES[system](data)[1](name)
    with pytest.raises(WitnessRejectedError):
        figures_of(system, data).figure(name)


def test_what_the_kernel_does_not_know_exactly_it_rejects() -> None:
    three = {"matrix": [["0", "1", "0"], ["1/2", "0", "1/2"], ["1/3", "1/3", "1/3"]]}
    for name in ("gap_1", "reversible_gap_1", "laplacian_1", "normalised_laplacian_1"):
        with pytest.raises(RejectedError, match="not known exactly"):
            cases.CASES["chains"](_chain(three))[1](name)
        figures_of("chains", _chain(three)).figure(name)
