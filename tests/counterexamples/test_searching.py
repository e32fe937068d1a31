import json
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

import pytest

from homeostat.counterexamples import (
    CONJECTURES,
    SearchResult,
    SearchSpace,
    conjecture,
    default_space,
    replay,
    search,
)
from homeostat.counterexamples import smt as smt_module
from homeostat.counterexamples.results import order
from homeostat.counterexamples.searching import METHODS, Method
from homeostat.counterexamples.smt import ask
from homeostat.counterexamples.space import Start, lattice
from homeostat.errors import InvalidInputError
from homeostat.models.batching import DATA_SETS, Pair

pytestmark = pytest.mark.slow

NARROW: Final = SearchSpace(
    l0s=(Fraction(1), Fraction(2)),
    l_bs=(2, 3),
    qs=(Fraction(1, 8), Fraction(2, 5), Fraction(3, 4)),
    steps=6,
    lattice=8,
    samples=4000,
)

# Each system is a child process, so only a few; z3 chooses q.
FEW: Final = SearchSpace(l0s=(Fraction(1),), l_bs=(2, 3), qs=None, steps=3)


def run(name: str, method: Method = "grid", start: Start = "free", **options: Any) -> SearchResult:
    space = FEW if method == "smt" else NARROW
    return search(CONJECTURES[name], method=method, start=start, **{"space": space, **options})


@conjecture
def simulation_stays_below_theory(pair: Pair, t: int) -> Fraction:
    """The fullest stage is never fuller in Simulation."""
    return max(pair.theory[t]) - max(pair.simulation[t])


@conjecture
def nothing_is_negative(pair: Pair, t: int) -> bool:
    """Simulation is never negative."""
    return min(pair.simulation[t]) >= 0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("start", ["canonical", "free"])
@pytest.mark.parametrize("canary", [name for name, c in CONJECTURES.items() if c.canary])
def test_every_search_refutes_every_canary(method: Method, start: Start, canary: str) -> None:
    result = run(canary, method, start)
    assert result.witness is not None
    assert replay(result.witness).step_count == result.witness.step == 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("start", ["canonical", "free"])
@pytest.mark.parametrize("name", ["weighted_delta_zero", "min_when_theory_negative"])
def test_no_search_refutes_what_is_true(method: Method, start: Start, name: str) -> None:
    space = SearchSpace(l0s=(Fraction(1),), l_bs=(2,), qs=(Fraction(1, 2),), steps=3, samples=500)
    result = run(name, method, start, space=space)
    assert result.witness is None
    assert result.witnesses_found == 0
    assert result.exhausted == (method == "grid")


@pytest.mark.parametrize(("method", "horizon"), [("grid", 2), ("random", 2), ("smt", 2)])
def test_dominance_fails_at_step_two_from_a_free_start(method: Method, horizon: int) -> None:
    result = run("g_dominance", method)
    assert result.witness is not None
    assert (result.witness.step, result.witness.parameters.l_b) == (horizon, 3)
    assert not result.exhausted


def test_a_grid_says_that_none_has_a_smaller_horizon_and_has_decided_it() -> None:
    result = run("g_dominance", start="canonical")
    assert result.witness is not None
    assert result.witness.step == 5
    assert result.coverage["points_decided"] == result.coverage["points"] == 18
    assert "all 18 points decided in exact arithmetic: none violates at a step up to 4" in (
        result.covered
    )


def test_the_defaults_find_both_starts_and_decide_what_lies_below() -> None:
    expected: dict[Start, int] = {"canonical": 5, "free": 2}
    for start, horizon in expected.items():
        result = search(CONJECTURES["g_dominance"], start=start)
        assert result.witness is not None
        assert result.witness.step == horizon
        assert f"none violates at a step up to {horizon - 1}" in result.covered
        assert result.coverage["points_decided"] == result.coverage["points"]


def test_the_smallest_horizon_is_found_by_the_exact_scan_where_floats_see_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("homeostat.counterexamples.floats.RELATIVE_TOLERANCE", 1e9)
    monkeypatch.setattr("homeostat.counterexamples.sweep.RELATIVE_TOLERANCE", 1e9)
    result = run("max_dominance", start="canonical")
    assert result.coverage["candidates"] == 0
    assert result.witness is not None
    assert "none violates" in result.covered


def test_a_candidate_that_is_float_noise_is_rejected_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("homeostat.counterexamples.floats.RELATIVE_TOLERANCE", 0.0)
    result = run("weighted_delta_zero")
    assert result.candidates_rejected > 0
    assert (result.witness, result.witnesses_found) == (None, 0)
    assert result.exhausted


def test_a_grid_too_large_to_be_decided_is_not_called_exhausted() -> None:
    space = SearchSpace(
        l0s=(Fraction(1),), l_bs=(3,), qs=(Fraction(1, 2),), steps=9, exact_steps_max=100
    )
    result = run("weighted_delta_zero", space=space)
    assert not result.exhausted
    assert "not decided exactly" in result.covered


def test_a_space_without_systems_is_not_called_exhausted() -> None:
    result = run("g_dominance_large_l0", start="canonical")
    assert not result.exhausted
    assert "nothing was decided" in result.covered


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_result(method: Method) -> None:
    assert run("max_dominance", method, seed=3) == run("max_dominance", method, seed=3)


def test_another_seed_draws_other_starts() -> None:
    results = [run("max_dominance", "random", seed=seed, minimise=False) for seed in (1, 2)]
    assert results[0].coverage["candidates"] != results[1].coverage["candidates"]
    assert results[0].witness != results[1].witness


@pytest.mark.parametrize("method", METHODS)
def test_the_number_of_jobs_does_not_change_the_result(method: Method) -> None:
    assert run("max_dominance", method, jobs=2) == run("max_dominance", method)


def stopped_at(doing: str, done: int) -> Callable[[str, int, int], None]:
    def progress(now: str, count: int, _: int) -> None:
        if now == doing and count >= done:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize(
    ("method", "doing", "done"),
    [
        ("grid", "exact replay", 1),
        ("grid", "minimising", 1),
        ("random", "random starts", 1),
        # The first system has two stages, where dominance holds.
        ("smt", "z3", 2),
    ],
)
def test_an_interrupted_search_returns_what_it_found(method: Method, doing: str, done: int) -> None:
    result = run("g_dominance", method, progress=stopped_at(doing, done))
    assert result.interrupted
    assert not result.exhausted
    assert "interrupted" in result.covered
    assert result.witness is not None
    replay(result.witness)


def test_a_scan_that_was_interrupted_does_not_claim_to_be_complete() -> None:
    result = search(
        CONJECTURES["weighted_delta_zero"],
        space=default_space("canonical"),
        progress=stopped_at("exact decision", 400),
    )
    assert result.interrupted
    assert not result.exhausted
    assert "400 of 3800 points decided exactly" in result.covered


@pytest.mark.parametrize("method", ["grid", "random"])
def test_a_conjecture_of_one_s_own_is_refuted_or_exhausted(method: Method) -> None:
    false = search(simulation_stays_below_theory, method=method, start="free", space=NARROW)
    assert false.witness is not None
    assert false.witness.violated_when is None
    replay(false.witness, simulation_stays_below_theory)
    true = search(nothing_is_negative, method=method, space=NARROW)
    assert true.witness is None
    assert true.exhausted == (method == "grid")


def test_a_conjecture_of_one_s_own_agrees_with_the_built_in_one() -> None:
    mine = search(simulation_stays_below_theory, start="free", space=NARROW).witness
    built_in = run("max_dominance").witness
    assert mine is not None
    assert built_in is not None
    # The last bits depend on where the descent began.
    assert order(mine)[:4] == order(built_in)[:4]


def test_types_are_divided_at_random_and_a_grid_refuses_to_look_away() -> None:
    result = run("merge_any_split", "random")
    assert result.witness is not None
    assert result.witness.step == 1
    assert run("merge_exact", "random", space=NARROW).witness is None
    with pytest.raises(InvalidInputError, match="random"):
        run("merge_any_split", "grid")


@pytest.mark.parametrize(
    "options",
    [
        {"method": "guess"},
        {"start": "anywhere"},
        {"name": "g_dominance_canonical", "start": "free"},
        {"space": default_space("free", "smt"), "method": "grid"},
        {"space": default_space("free", "smt"), "method": "random"},
        {"name": "merge_exact", "method": "smt"},
        {"jobs": 0},
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        run(**{"name": "g_dominance", **options})


def test_z3_chooses_q_and_the_model_replays() -> None:
    space = SearchSpace(l0s=(Fraction(1),), l_as=(1,), l_bs=(3,), qs=None, steps=2)
    result = run("g_dominance", "smt", space=space)
    assert result.witness is not None
    assert "not certified" in result.covered
    assert "sat and replayed at step 2" in result.covered


def test_a_model_that_does_not_replay_is_counted_and_never_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lie = [{"horizon": 1, "answer": "sat", "q": "1/2", "start": ["1/2", "0"]}]
    monkeypatch.setattr(smt_module, "ask", lambda _: lie)
    space = SearchSpace(l0s=(Fraction(1),), l_bs=(2,), qs=(Fraction(1, 2),), steps=1)
    result = run("weighted_delta_zero", "smt", space=space)
    assert result.witness is None
    assert result.candidates_rejected == 1
    assert "its model did not replay" in result.covered


def query(**changes: Any) -> dict[str, Any]:
    return {
        "conjecture": "g_dominance",
        **DATA_SETS[0].parameters.to_json(),
        "start": "free",
        "stable": False,
        "steps": 12,
        "rlimit": smt_module.RLIMIT,
        "seed": 0,
        **changes,
    }


def test_a_child_that_is_too_slow_is_ended_and_recorded_as_unknown() -> None:
    (*_, last) = ask(query(), fence_s=1.0)
    assert last["answer"] == "unknown"
    assert "fence" in last["reason"]


def test_a_child_that_crashes_is_recorded_as_unknown() -> None:
    (answer,) = ask(query(conjecture="no such"))
    assert answer["answer"] == "unknown"
    assert "ended with code" in answer["reason"]


def test_a_resource_limit_ends_as_unknown() -> None:
    answers = ask(query(steps=5, rlimit=2000))
    assert answers[-1]["answer"] == "unknown"


def test_the_lattice_has_every_division_once() -> None:
    found = lattice(3, 4)
    assert len(found) == len(set(found)) == 15
    assert {sum(shares) for shares in found} == {4}


def test_a_space_reads_back_from_json() -> None:
    for space in (NARROW, default_space("free", "smt"), default_space("canonical")):
        assert SearchSpace.from_json(json.loads(json.dumps(space.to_json()))) == space


@pytest.mark.parametrize(
    "broken", [{"l0s": ()}, {"l_bs": ()}, {"steps": 0}, {"lattice": 0}, {"samples": 0}]
)
def test_an_empty_space_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(broken))):
        SearchSpace(**{"l0s": (Fraction(1),), "l_bs": (2,), **broken})


def test_importing_the_package_does_not_import_the_solvers_and_compilers() -> None:
    code = (
        "import sys, homeostat.counterexamples;"
        "print([m for m in ('numba', 'z3', 'joblib', 'flint', 'sympy') if m in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert output.stdout.strip() == b"[]"
