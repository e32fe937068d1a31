import random
from fractions import Fraction

import joblib
import pytest

from homeostat.models.batching import (
    DATA_SETS,
    BatchingParameters,
    evictions,
    simulation_step,
    theory_step,
)
from homeostat.proofs import certificates, trees
from homeostat.proofs.certificates import sealed
from homeostat.proofs.claims import CanaryError, Claim
from homeostat.proofs.engines.mode_tree import subtrees
from homeostat.proofs.engines.mode_tree.figures import tree_figures
from homeostat.proofs.engines.mode_tree.region import RAY_COUNT_MAX, no_eviction_region
from homeostat.proofs.engines.mode_tree.settling import settle
from homeostat.proofs.engines.mode_tree.subtrees import BudgetError, Part, grow
from homeostat.proofs.polynomials import RejectedError
from homeostat.proofs.theory.batching import convergence
from homeostat.proofs.theory.batching.convergence import CLAIMS, family_points
from homeostat.proofs.trees import System
from homeostat.proofs.verdicts import Proved, Unknown

DATA_SET_1 = DATA_SETS[0].parameters
SMALL = BatchingParameters(6, 1, 3, "3/4")
UNSTABLE = [
    BatchingParameters(1, 2, 4, "1/2"),  # a common factor
    BatchingParameters(1, 1, 3, "1/2"),  # a root on the circle
    BatchingParameters(1, 1, 3, "3/4"),
]


def random_start(parameters: BatchingParameters, draw: random.Random) -> tuple[Fraction, ...]:
    shares = [draw.choice([0, draw.randint(1, 50)]) for _ in parameters.weights]
    shares[draw.randrange(len(shares))] += 1
    used = sum(w * m for w, m in zip(parameters.weights, shares, strict=True))
    return tuple(m * parameters.capacity / used for m in shares)


@pytest.mark.slow
@pytest.mark.parametrize("parameters", [DATA_SET_1, SMALL], ids=["data_set_1", "small"])
def test_exact_runs_keep_the_bound_and_some_come_close_to_it(
    parameters: BatchingParameters,
) -> None:
    steps, draw, last = settle(parameters)["theorem"]["steps"], random.Random(0), 0
    for _ in range(60):
        state = random_start(parameters, draw)
        for t in range(1, steps + 20):
            following = simulation_step(parameters.weights, parameters.capacity, state)
            last = t if any(evictions(state, following)) and t > last else last
            state = following
    assert steps / 4 < last <= steps


def test_the_region_holds_just_the_starts_from_which_theory_never_evicts() -> None:
    system = System(SMALL.to_json())
    region = no_eviction_region(system, row_count_max=100)
    draw, inside = random.Random(1), 0
    for _ in range(200):
        state = start = random_start(SMALL, draw)
        lowest = Fraction(0)
        for _ in range(region.kept[-1] + 30):
            state = theory_step(SMALL.weights, SMALL.capacity, state)
            lowest = min(lowest, *state)
        values = [sum(x * m for x, m in zip(row, start, strict=True)) for row in region.rows]
        assert (min(values) >= 0) == (lowest >= 0)
        inside += lowest >= 0
    assert 20 < inside < 180


def test_a_system_that_never_evicts_has_a_region_of_one_row_that_cuts_nothing() -> None:
    never = BatchingParameters(1, 1, 2, "1/4")
    assert settle(never)["evidence"]["region"]["rows"] == [0]


@pytest.mark.parametrize("parameters", UNSTABLE, ids=str)
def test_a_system_that_is_not_stable_does_not_settle(parameters: BatchingParameters) -> None:
    with pytest.raises(BudgetError, match="more than 100 rows"):
        settle(parameters, row_count_max=100)


def test_the_budget_ends_with_what_was_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subtrees, "FIRST_NODE_COUNT", 10)
    told: list[tuple[str, int]] = []
    with pytest.raises(BudgetError) as caught:
        settle(
            DATA_SET_1,
            node_count_max=30,
            progress=lambda doing, done, total: told.append((doing, done + total)),
        )
    assert "30 were allowed" in str(caught.value)
    assert "tree of face 4: 10 nodes" in caught.value.coverage
    assert "subtrees open" in caught.value.coverage
    assert "tree of face 1: 0 nodes, 1 subtrees open" in caught.value.coverage
    rows, nodes = ([done for doing, done in told if word in doing] for word in ("rows", "nodes"))
    assert rows == list(range(1, len(rows) + 1)) != []
    assert nodes == sorted(nodes)
    assert told[-1][1] == nodes[-1] >= 30


def test_the_region_has_a_budget_of_rays_and_says_how_far_it_is() -> None:
    large, told = BatchingParameters(400, 1, 14, "1/2"), list[str]()
    with pytest.raises(BudgetError, match="more than 100 extreme rays; 160 after 4 rows, no tree"):
        settle(large, ray_count_max=100, progress=lambda doing, *_: told.append(doing))
    assert told[-1] == "region of 88 extreme rays, rows"
    rays = no_eviction_region(System(SMALL.to_json()), row_count_max=100).ray_count
    assert rays < RAY_COUNT_MAX


@pytest.mark.slow
def test_the_certificate_is_the_same_however_the_work_is_divided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = settle(SMALL)
    for first, following in ((1, 1), (7, 30)):
        monkeypatch.setattr(subtrees, "FIRST_NODE_COUNT", first)
        monkeypatch.setattr(subtrees, "NODE_COUNT", following)
        assert settle(SMALL) == whole
    with joblib.parallel_config(n_jobs=2):
        assert settle(SMALL) == whole


def test_parts_are_put_together_in_preorder() -> None:
    """A binary tree of depth 4, whose nodes are numbered by their path."""

    def explore(path: tuple[int, ...], node_count: int) -> Part:
        todo, lines = [path], list[str]()
        while todo and len(lines) < node_count:
            node = todo.pop()
            lines.append(f"{node}\n")
            if len(node) < 5:
                todo += [(*node, 1), (*node, 0)]
        return Part(lines="".join(lines), node_count=len(lines), open=tuple(reversed(todo)))

    whole = explore((9,), 1000)
    for count in (1, 2, 3, 7):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(subtrees, "FIRST_NODE_COUNT", count)
            patch.setattr(subtrees, "NODE_COUNT", count)
            grown = grow(explore, [(9,)], node_count_max=1000)
        assert "".join(part.lines for part in grown.tree((9,))) == whole.lines
        assert grown.node_count == whole.node_count == 31
        assert grown.coverage() == "tree of face 9: 31 nodes, closed"


def test_figures_count_what_the_certificate_holds() -> None:
    figures = tree_figures(settle(SMALL))
    assert [figure.face for figure in figures] == [2, 1]
    assert all(figure.leaf_count < figure.node_count for figure in figures)
    assert max(figure.depth_max for figure in figures) < settle(SMALL)["theorem"]["steps"]


@pytest.mark.slow
def test_data_set_1_converges() -> None:
    verdict = CLAIMS[0].decide()
    assert isinstance(verdict, Proved)
    assert [c["kind"] for c in verdict.certificates] == ["case_tree", "schur"]


def test_the_bound_is_the_one_that_the_tree_gives() -> None:
    found = settle(SMALL)
    theorem = {**found["theorem"], "steps": found["theorem"]["steps"] - 1}
    with pytest.raises(RejectedError, match="the bound is"):
        sealed("case_tree", theorem, found["evidence"])


@pytest.mark.parametrize("claim", CLAIMS[:2], ids=lambda claim: str(claim.id))
def test_only_the_multipliers_stand_against_the_canary(
    claim: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert claim.canary is not None
    assert claim.canary.catch() == "rejected: the rows do not add up to the goal"
    # What is accepted here must not be taken for accepted later.
    monkeypatch.setattr(certificates, "_ACCEPTED", {})
    monkeypatch.setattr(trees, "imply", lambda *_: None)
    with pytest.raises(CanaryError, match="the kernel accepted it"):
        claim.canary.catch()


def test_a_forged_bound_that_no_run_breaks_is_no_canary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convergence, "RUN_STEPS", 10)
    canary = CLAIMS[0].canary
    assert canary is not None
    with pytest.raises(CanaryError, match="no run breaks it"):
        canary.catch()


@pytest.mark.slow
def test_what_is_over_the_budget_is_unknown_with_its_coverage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def over(_: object) -> None:
        raise BudgetError("too large", "tree of face 1: 3 nodes, 2 subtrees open")

    monkeypatch.setattr("homeostat.proofs.theory.batching.convergence._settled", over)
    for claim in (CLAIMS[0], CLAIMS[2]):
        verdict = claim.decide()
        assert isinstance(verdict, Unknown)
        assert "2 subtrees open" in verdict.reason


@pytest.mark.slow
def test_the_family_holds_each_stable_point_once() -> None:
    points = list(family_points())
    assert len(points) == len(set(points)) == 131
    assert min(p.l0 for p in points if (p.l_a, p.l_b, p.q) == (1, 4, Fraction(1, 2))) == 3
    assert {p.stage_count for p in points} == {2, 3, 4, 5}
    canary = CLAIMS[2].canary
    assert canary is not None
    assert "no proof is found" in canary.catch()
