"""Kind case_tree, says "never": its cells and steps against exact runs, and attacks on it."""

import base64
import json
import lzma
import random
from collections.abc import Callable
from copy import deepcopy
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from homeostat.counterexamples import Conjecture
from homeostat.models.batching import BatchingParameters, Pair
from homeostat.proofs import trees
from homeostat.proofs.engines.mode_tree.horizon import first_violation
from homeostat.proofs.kernel import RejectedError, check
from homeostat.proofs.trees import System, step_both

Json = dict[str, Any]
Forge = Callable[..., Json]
Nodes = list[Any]

SYSTEMS = (
    BatchingParameters(1, 1, 3, "2/5", 10),
    BatchingParameters(3, 2, 3, "3/4"),
    BatchingParameters("3/2", 1, 4, "1/8", 7),
    BatchingParameters(10, 2, 5, "1/2", 60),
)
SIDES = (
    *(f"{which}_{of}" for which in ("max", "min", "spread") for of in ("theory", "simulation")),
    *("delta_at_peak", "delta_at_trough", "l0", "0", "1", "-2/3"),
)
POINT = SYSTEMS[0]
NEVER = (("spread_theory", "<", "spread_simulation"),)


def some_start(parameters: BatchingParameters, rng: random.Random) -> list[Fraction]:
    shares = [rng.choice((0, 0, 1, 2, 3, 7, rng.randint(1, 99))) for _ in parameters.weights]
    shares[rng.randrange(len(shares))] += 1
    return [
        parameters.capacity * u / sum(shares) / w
        for u, w in zip(shares, parameters.weights, strict=True)
    ]


def mode_of(pair: Pair, t: int) -> int:
    """Return the highest stage that the step to t evicts from, 0 if from none."""
    return max((s for s, m in enumerate(pair.evicted[t]) if m > 0), default=0)


def value(form: trees.Form, start: list[Fraction]) -> Fraction:
    return sum((x * m for x, m in zip(form, start, strict=True)), Fraction(0))


def states_along(pair: Pair, steps: int) -> list[list[trees.Form]]:
    """Return the kernel's forms of both states along the modes of a run."""
    system = System(pair.parameters.to_json())
    found, both = [system.start(0) * 2], system.start(0) * 2
    for t in range(1, steps + 1):
        both = step_both(system, both, mode_of(pair, t))
        found.append(both)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("parameters", SYSTEMS, ids=str)
def test_forms_along_a_run_are_both_states_on_one_scale(parameters: BatchingParameters) -> None:
    rng, modes = random.Random(1), set()
    for _ in range(40):
        start = some_start(parameters, rng)
        pair = Pair.run(parameters, start, step_count=8)
        system = System(parameters.to_json())
        for t, both in enumerate(states_along(pair, 8)):
            values = [value(form, start) for form in both]
            exact = [*pair.simulation[t], *pair.theory[t]]
            (scale,) = {x / y for x, y in zip(values, exact, strict=True) if y}
            assert scale > 0
            assert values == [scale * y for y in exact]
            if t < 8:
                mode = mode_of(pair, t + 1)
                modes.add(mode)
                guards = system.guards(both[: system.n], mode)
                assert all(value(guard, start) >= 0 for guard in guards)
    assert len(modes) >= parameters.l_b - 1


@pytest.mark.slow
@pytest.mark.parametrize("parameters", SYSTEMS, ids=str)
def test_every_violation_lies_in_a_cell_and_cells_hold_no_more_without_ties(
    parameters: BatchingParameters,
) -> None:
    rng, system, seen = random.Random(2), System(parameters.to_json()), [0, 0]
    for _ in range(60):
        start = some_start(parameters, rng)
        pair = Pair.run(parameters, start, step_count=6)
        runs = states_along(pair, 6)
        for _ in range(12):
            t = rng.randrange(7)
            never = [
                (rng.choice(SIDES[:9]), rng.choice(("<", "<=", ">", ">=")), rng.choice(SIDES))
                for _ in range(rng.choice((1, 1, 2)))
            ]
            tried = Conjecture(name="tried", statement="-", violated_when=tuple(never))
            violated = tried.violated(pair, t)
            inside = any(
                all(value(form, start) > 0 for form in strict)
                and all(value(form, start) >= 0 for form in weak)
                for strict, weak in trees.cells(system, runs[t], never)
            )
            tied = len(set(pair.simulation[t])) < parameters.l_b
            by_cases = any(side.startswith("delta") for c in never for side in c)
            assert inside or not violated
            assert violated or not inside or (tied and by_cases)
            seen[violated] += 1
    assert min(seen) > 20


FOUND = first_violation(POINT, NEVER, 9)


def true_certificate() -> Json:
    assert FOUND.certificate is not None
    return FOUND.certificate


def unpacked(certificate: Json) -> Nodes:
    text = lzma.decompress(base64.b64decode(certificate["evidence"]["trees"]))
    return [json.loads(line) for line in text.splitlines()]


def packed(nodes: Nodes) -> str:
    text = "".join(json.dumps(node) + "\n" for node in nodes)
    return base64.b64encode(lzma.compress(text.encode())).decode()


@pytest.fixture
def rejects(forge: Forge) -> Callable[..., None]:
    """Return a function that has the kernel refuse the true certificate with changes."""

    def refuse(message: str | None, *, nodes: Nodes | None = None, **changes: Any) -> None:
        true = true_certificate()
        theorem, evidence = deepcopy(true["theorem"]), deepcopy(true["evidence"])
        if nodes is not None:
            evidence["trees"] = packed(nodes)
        evidence |= {key: changes[key] for key in changes.keys() & evidence.keys()}
        theorem |= {key: changes[key] for key in changes.keys() & theorem.keys()}
        with pytest.raises(RejectedError, match=message):
            check(forge("case_tree", theorem, evidence))

    return refuse


def test_the_true_certificate_is_accepted_also_when_written_anew(forge: Forge) -> None:
    true = true_certificate()
    check(true)
    evidence = {"region": None, "trees": packed(unpacked(true))}
    check(forge("case_tree", true["theorem"], evidence))


def test_the_bound_is_what_the_tree_reaches(rejects: Callable[..., None]) -> None:
    steps = true_certificate()["theorem"]["steps"]
    rejects("ends too early", steps=steps + 1)
    rejects("too deep", steps=steps - 1)
    for wrong in (-1, steps + 0.5, True, str(steps), 10**9):
        rejects("steps out of range|too early|too deep", steps=wrong)


def test_a_certificate_of_something_else_is_refused(rejects: Callable[..., None]) -> None:
    rejects("not excluded", never=[["spread_theory", "<=", "spread_simulation"]])
    rejects("not excluded", never=[["spread_theory", ">", "spread_simulation"]])
    rejects(None, never=[["max_theory", "<", "max_simulation"]])
    rejects("nothing is excluded", never=[])
    rejects("no cells for", never=[["spread_theory", "==", "spread_simulation"]])
    rejects("not p/q", never=[["mean_spread_theory", "<", "spread_simulation"]])
    rejects("not p/q", never=[["evicted_at_peak", "<", "0"]])
    rejects("malformed", never=[["max_theory", "<", 0.5]])
    rejects(None, says="settles")
    rejects("no region", region={"rows": [0], "implied": []})
    rejects(None, parameters={**POINT.to_json(), "q": "1/5"})


def test_a_tree_with_a_node_gone_added_or_moved_is_refused(rejects: Callable[..., None]) -> None:
    nodes = unpacked(true_certificate())
    rejects("a node after the tree", nodes=[*nodes, nodes[-1]])
    rejects("a node after the tree", nodes=[*nodes, None])
    rejects(None, nodes=nodes[:-1])
    rejects(None, nodes=nodes[::-1])
    for i in range(len(nodes)):
        rejects(None, nodes=[*nodes[:i], *nodes[i + 1 :]])


def test_every_mode_that_is_possible_needs_its_child(rejects: Callable[..., None]) -> None:
    """Narrow the modes of the root, with proofs that say nothing, and drop the subtrees."""
    nodes = unpacked(true_certificate())
    steps = true_certificate()["theorem"]["steps"]
    assert nodes[0][:4] == [0, 2, None, None]
    # Subtrees of the root begin where a preorder walk by depth comes back to depth 1.
    depths = depths_of(nodes, steps)
    first = [i for i, depth in enumerate(depths) if depth == 1] + [len(nodes)]
    parts = [nodes[a:b] for a, b in pairwise(first)]
    cells = nodes[0][-1]
    rejects("add up", nodes=[[1, 2, [1, []], None, cells], *parts[1], *parts[2]])
    rejects("add up", nodes=[[0, 1, None, [1, []], cells], *parts[0], *parts[1]])
    rejects("a proof of nothing", nodes=[[1, 2, None, None, cells], *parts[1], *parts[2]])
    rejects("no such modes", nodes=[[1, 0, [1, []], [1, []], cells]])
    rejects("no such modes", nodes=[[0, -1, None, [1, []], cells]])
    rejects("modes are integers", nodes=[[0.0, 2, None, None, cells], *nodes[1:]])


def depths_of(nodes: Nodes, steps: int) -> list[int]:
    system, depths = System(POINT.to_json()), []
    todo: list[tuple[Any, list[trees.Form], int]] = [(system.start(0), [], 0)]
    for node in nodes:
        state, rows, depth = todo.pop()
        depths.append(depth)
        if depth < steps:
            children = trees._children(system, state, node[:-1], rows, system.n - 1)
            todo += [(system.step(state, m), known, depth + 1) for m, known in reversed(children)]
    return depths


@pytest.mark.parametrize(
    "proof",
    [
        [[], []],
        [[[0, 0]], []],
        [[[0, -1]], []],
        [[[0, 1.0]], []],
        [[[0, True]], []],
        [[[True, 1]], []],
        [[[-1, 1]], []],
        [[[999, 1]], []],
        [[[0, 1]], [[0, 1]]],
        [[[0, "1"]], []],
        [[[0, 1]]],
        None,
        1,
    ],
)
def test_a_cell_needs_a_proof_that_is_one(rejects: Callable[..., None], proof: Any) -> None:
    nodes = unpacked(true_certificate())
    # At the root Theory is Simulation: the first pair of stages excludes the first cell.
    assert nodes[0][-1][0] == [[[0, 1]], []]
    rejects(None, nodes=[[*nodes[0][:-1], [proof, *nodes[0][-1][1:]]], *nodes[1:]])


def test_every_cell_needs_its_own_proof(rejects: Callable[..., None]) -> None:
    nodes = unpacked(true_certificate())
    for i, (*node, cells) in enumerate(nodes):
        rejects("for each cell", nodes=[*nodes[:i], [*node, cells[1:]], *nodes[i + 1 :]])
        rejects("for each cell", nodes=[*nodes[:i], [*node, [*cells, [[], []]]], *nodes[i + 1 :]])


def test_a_cell_that_is_closed_is_excluded_with_room_only() -> None:
    zero, falling = (0, 0), (-1, -1)
    trees.exclude([], ([zero], []), [[[0, 1]], []], 2)
    trees.exclude([], ([], [falling]), [[[0, 1]], []], 2)
    trees.exclude([(1, -1)], ([(-1, 1)], []), [[[0, 1]], [[0, 1]]], 2)
    wrong: list[tuple[list[trees.Form], trees.Cell, Any]] = [
        ([], ([], [zero]), [[[0, 1]], []]),
        ([], ([], [(-1, 0)]), [[[0, 1]], []]),
        ([], ([zero], [zero]), [[[1, 1]], []]),
        ([(1, -1)], ([], [(-1, 1)]), [[[0, 1]], [[0, 1]]]),
        ([(1, -1)], ([(-1, 2)], []), [[[0, 1]], [[0, 1]]]),
    ]
    for rows, cell, proof in wrong:
        with pytest.raises(RejectedError, match="not excluded"):
            trees.exclude(rows, cell, proof, 2)


def test_packed_trees_that_are_cut_or_go_on_are_refused(rejects: Callable[..., None]) -> None:
    data = base64.b64decode(true_certificate()["evidence"]["trees"])
    for wrong in (data[:-8], data + b"x", data[:40] + b"\0" + data[41:], b""):
        rejects(None, trees=base64.b64encode(wrong).decode())
    unfinished = lzma.compress(lzma.decompress(data)[:-1])
    rejects("whole line", trees=base64.b64encode(unfinished).decode())
