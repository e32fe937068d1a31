"""The horizon search: what it decides, that it decides exactly, resumes, and repeats itself."""

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import pytest

from homeostat.counterexamples import Conjecture, conjecture, find_conjecture
from homeostat.counterexamples.exact import decide_points
from homeostat.counterexamples.exact import first_violation as first_violation_from
from homeostat.counterexamples.space import Point, lattice
from homeostat.errors import InvalidInputError, VacuousClaimError
from homeostat.models.batching import DATA_SETS, BatchingParameters, DataSet, Pair
from homeostat.proofs import certificates, kernel, trees
from homeostat.proofs.claims import CanaryError
from homeostat.proofs.engines.mode_tree import exclusion, horizon, levels
from homeostat.proofs.engines.mode_tree.cone import Cone
from homeostat.proofs.engines.mode_tree.exclusion import common_cone, dot, exclude_cells
from homeostat.proofs.engines.mode_tree.horizon import comparisons_of, first_violation
from homeostat.proofs.store import use_store
from homeostat.proofs.theory.batching import horizons
from homeostat.proofs.verdicts import Proved

ONE, TWO = (data.parameters for data in DATA_SETS)
SMALL = BatchingParameters(1, 1, 3, "2/5", 10)
SPREAD = find_conjecture("g_dominance").violated_when or ()


def steps_of(found: horizon.Horizon) -> int:
    assert found.certificate is not None
    kernel.check(found.certificate)
    return int(found.certificate["theorem"]["steps"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parameters", "name", "step"),
    [
        (ONE, "g_dominance", 6),
        (ONE, "max_dominance", 3),
        (ONE, "min_dominance", 6),
        (ONE, "delta_at_peak", 3),
        (ONE, "min_when_theory_nonnegative", 6),
        (TWO, "max_dominance", 5),
    ],
)
def test_the_first_violation_has_a_start_and_a_proof_that_it_is_first(
    parameters: BatchingParameters, name: str, step: int
) -> None:
    tried = find_conjecture(name)
    found = first_violation(parameters, tried.violated_when or (), 9)
    assert (found.step, found.open) == (step, None)
    assert steps_of(found) == step - 1
    pair = Pair.run(parameters, found.start, step_count=9)
    assert tried.first_violation(pair) == step
    assert sum(len(str(m)) for m in found.start or ()) < 40


@pytest.mark.slow
@pytest.mark.parametrize("q", ["1/8", "2/5", "3/4"])
@pytest.mark.parametrize("name", ["g_dominance", "max_dominance", "min_dominance"])
def test_no_start_of_a_lattice_violates_sooner(name: str, q: str) -> None:
    parameters, tried = BatchingParameters(1, 1, 3, q), find_conjecture(name)
    found = first_violation(parameters, tried.violated_when or (), 6)
    points = (Point(parameters, shares) for shares in lattice(3, 24))
    *_, decided = decide_points(tried, points, 6)
    assert found.step is not None or decided.step is None
    assert decided.step is None or (found.step or 0) <= decided.step
    assert steps_of(found) == (6 if found.step is None else found.step - 1)


@pytest.mark.slow
def test_random_starts_keep_what_was_proved() -> None:
    rng, tried = random.Random(3), find_conjecture("g_dominance")
    for _ in range(300):
        shares = (*(rng.choice((0, 0, 1, 2, 5, 9, 40)) for _ in range(4)), 1)
        assert first_violation_from(tried, Point(ONE, shares), 5) is None


@pytest.mark.slow
def test_before_the_first_violation_nothing_is_refuted_and_after_it_nothing_proved() -> None:
    for steps in range(8):
        found = first_violation(ONE, SPREAD, steps)
        assert found.step == (6 if steps >= 6 else None)
        assert steps_of(found) == min(steps, 5)
        assert found.open is None


def test_a_start_that_violates_at_once_leaves_nothing_to_prove() -> None:
    found = first_violation(ONE, [("max_simulation", ">", "7")], 3)
    assert (found.step, found.certificate, found.open) == (0, None, None)


@pytest.mark.slow
def test_what_hangs_on_ties_is_open_and_says_so() -> None:
    tried = find_conjecture("delta_gap_necessary")
    found = first_violation(ONE, tried.violated_when or (), 3)
    assert (found.step, found.start) == (None, None)
    assert "ties" in (found.open or "")
    assert steps_of(found) == 0


def test_numbers_may_be_decimals_and_l0_a_side() -> None:
    (one, other) = (
        first_violation(SMALL, [("min_theory", "<", text)], 4) for text in ("-0.5", "-1/2")
    )
    assert one == other
    assert first_violation(SMALL, [("max_theory", ">", "l0")], 4).step == 0


@pytest.mark.slow
def test_both_at_once_is_less_than_each() -> None:
    both = [("max_theory", "<", "max_simulation"), ("min_simulation", "<", "min_theory")]
    steps = [first_violation(ONE, each, 6).step or 99 for each in (both, both[:1], both[1:])]
    assert steps[0] >= max(steps[1:])


@pytest.mark.parametrize(
    ("comparisons", "message"),
    [
        ([], "at least one"),
        ([("mean_spread_theory", "<", "1")], "mean_spread_theory"),
        ([("max_theory", "<", "evicted_at_peak")], "evicted_at_peak"),
        ([("weighted_delta", "<", "0")], "weighted_delta"),
        ([("0", "<", "max_theory")], "observable '0'"),
        ([("max_theory", "==", "1")], "operator '=='"),
        ([("max_theory", "!=", "1")], "operator '!='"),
        ([("max_theory", "<", "much")], "much"),
        ([SPREAD[0]] * 6, "too many cells"),
    ],
)
def test_comparisons_that_are_not_supported_are_refused(
    comparisons: list[Any], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        first_violation(ONE, comparisons, 2)


def test_bounds_of_steps_and_stages_are_checked() -> None:
    for steps in (-1, 2_001):
        with pytest.raises(InvalidInputError, match=f"steps={steps}"):
            first_violation(ONE, SPREAD, steps)
    with pytest.raises(InvalidInputError, match="l_b=17"):
        first_violation(BatchingParameters(1, 1, 17, "1/2"), SPREAD, 2)


def test_what_a_conjecture_assumes_of_a_start_cannot_be_decided_for_all() -> None:
    assert comparisons_of(find_conjecture("g_dominance"), ONE) == SPREAD
    with pytest.raises(InvalidInputError, match=r"'canonical' .* search"):
        comparisons_of(find_conjecture("g_dominance_canonical"), ONE)

    @conjecture
    def own(pair: Pair, t: int) -> bool:
        return True

    with pytest.raises(InvalidInputError, match="Python function"):
        comparisons_of(own, ONE)
    of_l0 = Conjecture(
        name="a", statement="-", assumes=(("l0", ">=", "3"),), violated_when=tuple(SPREAD)
    )
    with pytest.raises(InvalidInputError, match="every start"):
        comparisons_of(of_l0, ONE)
    stable = replace(of_l0, assumes=("stable", "coprime"))
    assert comparisons_of(stable, ONE) == SPREAD
    with pytest.raises(VacuousClaimError, match="stable"):
        comparisons_of(stable, BatchingParameters(1, 1, 3, "1/2"))


def test_the_budget_leaves_what_was_proved_until_then() -> None:
    found = first_violation(ONE, SPREAD, 6, node_count_max=30)
    assert "30 nodes" in (found.open or "")
    assert (found.step, steps_of(found)) == (None, 3)
    assert found.node_count == 40


@pytest.mark.slow
def test_the_certificate_is_the_same_for_any_number_of_processes() -> None:
    alone = first_violation(ONE, SPREAD, 5)
    with joblib.parallel_config(n_jobs=2):
        assert first_violation(ONE, SPREAD, 5) == alone


class Stopped(BaseException):
    """Stands for Ctrl-C."""


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets an entry for each node whose cells are decided."""
    seen: list[int] = []
    own = levels._tried

    def counting(system: Any, never: Any, region: Any) -> Any:
        seen.append(len(region.rows))
        return own(system, never, region)

    monkeypatch.setattr(levels, "_tried", counting)
    return seen


@pytest.mark.slow
def test_an_interrupted_search_goes_on_where_it_was(tmp_path: Path, tried: list[int]) -> None:
    plain = first_violation(ONE, SPREAD, 9)
    whole = len(tried)

    def stop(doing: str, done: int, _: int) -> None:
        if doing.startswith("step 4") and done > 10:
            raise Stopped

    with use_store(tmp_path):
        with pytest.raises(Stopped):
            first_violation(ONE, SPREAD, 9, progress=stop)
        before = len(tried) - whole
        assert first_violation(ONE, SPREAD, 9) == plain
        # The start anew, and the chunk during which it was stopped at most.
        assert whole <= len(tried) - whole <= whole + 1 + 8 * 5
        assert before > whole / 4
        assert not list(tmp_path.rglob("*.json"))


def test_what_leaves_the_violation_open_is_kept_for_a_run_that_looks_further(
    tmp_path: Path, tried: list[int]
) -> None:
    plain = first_violation(ONE, SPREAD, 4)
    whole = len(tried)
    with use_store(tmp_path):
        assert first_violation(ONE, SPREAD, 4) == plain
        assert list(tmp_path.rglob("*.json"))
        assert first_violation(ONE, SPREAD, 4) == plain
    assert len(tried) == 2 * whole + 1


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["[]", "[[[]]]", "7", "[[[null]]]", "[[[[[[0,1]],[]]]]]"])
def test_what_was_kept_is_believed_by_nobody(tmp_path: Path, wrong: str) -> None:
    plain = first_violation(SMALL, SPREAD, 4)
    assert plain.step is not None
    with use_store(tmp_path):
        first_violation(SMALL, SPREAD, plain.step - 1)
        files = sorted(tmp_path.rglob("*.json"))
        assert files
        for file in files:
            name, _, _ = file.read_text().partition(',"piece"')
            file.write_text(f'{name},"piece":{{"cells":{wrong}}}}}')
        assert first_violation(SMALL, SPREAD, 4) == plain


def some_cone(rng: random.Random, size: int) -> tuple[list[tuple[int, ...]], Cone]:
    cone, rows = Cone.orthant(size, lambda unit: unit), []
    for _ in range(rng.randrange(4)):
        row = tuple(rng.randint(-4, 4) for _ in range(size))
        rows.append(row)
        cone = cone.clipped([dot(row, ray) for ray in cone.rays])
    return rows, cone


@pytest.mark.parametrize("guesses", ["of floats", "none"])
def test_a_cell_is_excluded_or_met_always(guesses: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if guesses == "none":
        monkeypatch.setattr(exclusion, "_guesses", lambda cells, _: [None] * len(cells))
    rng, seen = random.Random(4), [0, 0]
    for _ in range(250):
        size = rng.choice((2, 3, 4))
        rows, cone = some_cone(rng, size)
        forms = [tuple(rng.randint(-3, 2) for _ in range(size)) for _ in range(rng.choice((1, 3)))]
        split = rng.randrange(len(forms) + 1)
        cell = (forms[:split], forms[split:])
        (proof,) = exclude_cells([cell], rows, cone)
        common = common_cone(cell, cone)
        assert (proof is None) == (common is not None)
        if proof is not None:
            trees.exclude(rows, cell, proof, size)
        elif common is not None:
            point = [sum(column) for column in zip(*common.rays, strict=True)]
            assert min(point) >= 0 < max(point)
            assert all(dot(form, point) >= 0 for form in rows)
            assert all(dot(form, point) > 0 for form in cell[0])
            assert all(dot(form, point) >= 0 for form in cell[1])
        seen[proof is None] += 1
    assert min(seen) > 50


def test_the_first_eviction_never_breaks_dominance() -> None:
    """The engine agrees with what ``first_eviction_dominance`` proves for every n and time."""
    for parameters in (SMALL, ONE):
        system = trees.System(parameters.to_json())
        never = [list(comparison) for comparison in SPREAD]
        region, _ = levels._whole_simplex(system, never)
        for _ in range(8):
            for stage in range(1, system.n):
                _, proofs = levels._tried(system, never, region.after(system, stage))
                assert None not in proofs
            region = region.after(system, 0)


@pytest.mark.parametrize("claim", horizons.CLAIMS, ids=lambda claim: str(claim.id))
def test_a_claim_names_no_step_before_it_is_computed(claim: Any) -> None:
    for text in (claim.title, claim.statement, claim.remark):
        assert not re.search(r"\b[tT]\s*\*?\s*(=|is|at)\s*\d|\bsteps?\s+\d", text)


def test_a_claim_is_proved_with_the_step_in_words() -> None:
    claim = next(c for c in horizons.CLAIMS if c.id == "batching.max_dominance_horizon.data_set_1")
    verdict = claim.decide()
    assert isinstance(verdict, Proved)
    tree, witness = verdict.certificates
    assert tree["theorem"]["steps"] + 1 == witness["theorem"]["step"] == 3
    assert "The smallest t is 3:" in (verdict.detail or "")


def test_a_claim_without_a_violation_is_proved_within_a_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    horizons._horizon.cache_clear()
    monkeypatch.setattr(horizons, "_STEPS_MAX", 2)
    try:
        verdict = horizons._decide("g_dominance", DATA_SETS[0])
    finally:
        horizons._horizon.cache_clear()
    assert verdict.word == "proved-within"


@pytest.mark.parametrize(
    "data", [DATA_SETS[0], pytest.param(DATA_SETS[1], marks=pytest.mark.slow)], ids=["1", "2"]
)
def test_only_the_proofs_of_cells_stand_against_the_canary(
    data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = horizons._canary("max_dominance", data)
    assert "rejected: the cell is not excluded" in canary.catch()
    # What is accepted here must not be taken for accepted later.
    monkeypatch.setattr(certificates, "_ACCEPTED", {})
    monkeypatch.setattr(trees, "exclude", lambda *_: None)
    with pytest.raises(CanaryError, match="one step too many"):
        canary.catch()


def test_processes_are_not_left_with_work_that_nobody_waits_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[str] = []

    class Parallel:
        def __init__(self, **_: object) -> None: ...

        def __call__(self, tasks: Iterator[Any]) -> Iterator[Any]:
            try:
                for call, arguments, _ in tasks:
                    yield call(*arguments)
            finally:
                ended.append("closed")

    def stop(doing: str, *_: int) -> None:
        if doing.startswith("step 4"):
            raise Stopped

    monkeypatch.setattr(joblib, "Parallel", Parallel)
    try:
        first_violation(ONE, SPREAD, 9, progress=stop)
    except Stopped:
        # While the frames of the interrupted call still hold the generators.
        assert ended == ["closed"] * 4
