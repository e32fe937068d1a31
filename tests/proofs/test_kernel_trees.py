"""Attacks on kind case_tree, says "settles": certificates that would prove a false bound."""

import base64
import json
import lzma
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from homeostat.models.batching import BatchingParameters, evictions, simulation_step
from homeostat.proofs import trees
from homeostat.proofs.engines.farkas import NoProofError
from homeostat.proofs.engines.mode_tree import settling
from homeostat.proofs.engines.mode_tree.multipliers import imply
from homeostat.proofs.engines.mode_tree.region import no_eviction_region
from homeostat.proofs.engines.mode_tree.settling import settle
from homeostat.proofs.kernel import RejectedError, check
from homeostat.proofs.trees import System

Json = dict[str, Any]
Forge = Callable[..., Json]
Nodes = list[Any]

POINT = BatchingParameters(6, 1, 3, "3/4")
"""Evicts at step 25 from [0, B/W_1, 0], though its region has 16 rows."""
TRUE = settle(POINT)


def unpacked(certificate: Json) -> Nodes:
    text = lzma.decompress(base64.b64decode(certificate["evidence"]["trees"]))
    return [json.loads(line) for line in text.splitlines()]


def packed(text: str) -> str:
    return base64.b64encode(lzma.compress(text.encode())).decode()


def lines_of(nodes: Nodes) -> str:
    return "".join(json.dumps(node) + "\n" for node in nodes)


@pytest.fixture
def rejects(forge: Forge) -> Callable[..., None]:
    """Return a function that has the kernel refuse the true certificate with changes."""

    def refuse(message: str | None, *, nodes: Nodes | None = None, **changes: Any) -> None:
        theorem, evidence = deepcopy(TRUE["theorem"]), deepcopy(TRUE["evidence"])
        if nodes is not None:
            evidence["trees"] = packed(lines_of(nodes))
        evidence |= {key: changes[key] for key in changes.keys() & evidence.keys()}
        theorem |= {key: changes[key] for key in changes.keys() & theorem.keys()}
        with pytest.raises(RejectedError, match=message):
            check(forge("case_tree", theorem, evidence))

    return refuse


def test_the_true_certificate_is_accepted_also_when_written_anew(forge: Forge) -> None:
    check(TRUE)
    evidence = {**TRUE["evidence"], "trees": packed(lines_of(unpacked(TRUE)))}
    check(forge("case_tree", TRUE["theorem"], evidence))


def test_a_node_without_a_mode_covers_nothing(forge: Forge) -> None:
    """B >= A_1 rules out evictions, and so would lo = 0, hi = -1: then nothing would be left.

    Each node is closed like that as soon as its region allows; the bound that comes out is
    smaller than the step of a real eviction.
    """
    system = System(POINT.to_json())
    region = no_eviction_region(system, row_count_max=100)
    nodes, bound = [], 0
    for face in (2, 1):
        tree = settling._Tree(system, region.rows, face)
        todo, leaf, escape = [tree.root()], 0, 0
        while todo:
            node = todo.pop()
            depth = len(node.path) - 1
            try:
                room = tuple(-x for x in system.excess(node.state, 1))
                nodes.append([0, -1, None, imply(node.rows, room)])
            except NoProofError:
                line = tree.leaf(node)
                if line is None:
                    line, modes = tree.inner(node)
                    todo += [tree.child(node, mode) for mode in reversed(modes)]
                    escape = max(escape, depth + 1 + bound) if line[1] == face < 2 else escape
                else:
                    leaf = max(leaf, depth)
                nodes.append(line)
        bound = max(bound, leaf, escape)
    steps = region.kept[-1] + 1 + bound
    assert steps < last_eviction()
    theorem = {**TRUE["theorem"], "steps": steps}
    evidence = {"region": region.to_json(), "trees": packed(lines_of(nodes))}
    with pytest.raises(RejectedError, match="no such modes"):
        check(forge("case_tree", theorem, evidence))


def last_eviction() -> int:
    state = (0, POINT.capacity / POINT.weights[1], 0)
    last = 0
    for t in range(1, 40):
        following = simulation_step(POINT.weights, POINT.capacity, state)
        last = t if any(evictions(state, following)) else last
        state = following
    return last


@pytest.mark.parametrize(
    ("lo", "hi"),
    [
        (0, -1),
        (1, 0),
        (2, 1),
        (-1, 1),
        (0, 3),
        (1, 3),
        (3, 3),
        (4, 3),
        (False, True),
        (0.0, 1),
        ("0", 1),
    ],
)
def test_modes_outside_the_range_are_refused(
    lo: Any, hi: Any, rejects: Callable[..., None]
) -> None:
    nodes = unpacked(TRUE)
    first = next(i for i, node in enumerate(nodes) if node[0] != "in")
    anything = [1, []]
    nodes[first] = [lo, hi, None if lo == 0 else anything, None if hi == 2 else anything]
    rejects("modes|add up|malformed", nodes=nodes)


@pytest.mark.slow
def test_no_node_can_be_left_out_moved_or_added(rejects: Callable[..., None]) -> None:
    nodes = unpacked(TRUE)
    for i in range(len(nodes)):
        rejects(None, nodes=nodes[:i] + nodes[i + 1 :])
    rejects("ends too early", nodes=nodes[:-1])
    rejects("after the last tree", nodes=[*nodes, ["in", []]])
    rejects("after the last tree", nodes=[*nodes, None])
    rejects(None, nodes=list(reversed(nodes)))
    assert len(nodes) > 100


@pytest.mark.slow
def test_the_trees_of_two_faces_cannot_change_places(rejects: Callable[..., None]) -> None:
    nodes = unpacked(TRUE)
    # The tree of face 2 ends where a tree of n nodes has n - 1 children.
    for i in range(1, len(nodes)):
        rejects(None, nodes=nodes[i:] + nodes[:i])


@pytest.mark.slow
def test_every_leaf_needs_its_proofs(rejects: Callable[..., None]) -> None:
    nodes = unpacked(TRUE)
    for i, node in enumerate(nodes):
        if node[0] == "in":
            changed = [["in", node[1][:-1]], ["in", [[1, []]] * len(node[1])], ["in", None], ["in"]]
            for other in changed:
                if other != node:
                    rejects(None, nodes=[*nodes[:i], other, *nodes[i + 1 :]])
            break
    for i, node in enumerate(nodes):
        if node[0] != "in":
            rejects(None, nodes=[*nodes[:i], ["in", [[1, []]] * 16], *nodes[i + 1 :]])


@pytest.mark.parametrize(
    "proof",
    [
        [0, [[0, 1]]],
        [-1, [[0, 1]]],
        [1.0, [[0, 1]]],
        [True, [[0, 1]]],
        [1, [[0, -1]]],
        [1, [[0, 1.5]]],
        [1, [[0, True]]],
        [1, [[-1, 1]]],
        [1, [[10**6, 1]]],
        [1, [[False, 1]]],
        [1, [["0", 1]]],
        [1, [[0, "1"]]],
        [1, 3],
        [1],
        [],
        None,
        {"0": 1},
        [1, [[0, 1]], 2],
    ],
)
def test_a_proof_is_made_of_integers_that_are_not_negative(
    proof: Any, rejects: Callable[..., None]
) -> None:
    nodes, count = unpacked(TRUE), 0
    for i, node in enumerate(nodes):
        for place in (2, 3):
            if node[0] != "in" and node[place] is not None and node[place][1]:
                count += 1
                changed = [*node[:place], proof, *node[place + 1 :]]
                rejects(None, nodes=[*nodes[:i], changed, *nodes[i + 1 :]])
        if node[0] == "in" and count > 5:
            rejects(None, nodes=[*nodes[:i], ["in", [proof, *node[1][1:]]], *nodes[i + 1 :]])
            break
    assert count


@pytest.mark.parametrize("change", [-1, 1, 0.0, 10**9])
def test_the_bound_is_the_one_that_the_trees_give(
    change: float, rejects: Callable[..., None]
) -> None:
    rejects("the bound is", steps=TRUE["theorem"]["steps"] + change)


@pytest.mark.parametrize(
    "theorem",
    [
        {"says": "settle"},
        {"says": ["settles"]},
        {"never": [["spread_theory", "<", "spread_simulation"]]},
        {"never": None},
        {"parameters": {**TRUE["theorem"]["parameters"], "l0": "7"}},
        {"parameters": {**TRUE["theorem"]["parameters"], "l_b": 4}},
        {"parameters": {**TRUE["theorem"]["parameters"], "l_a": 2}},
        {"parameters": {**TRUE["theorem"]["parameters"], "q": "1/2"}},
        {"parameters": {**TRUE["theorem"]["parameters"], "more": "1"}},
    ],
)
def test_the_evidence_proves_no_other_theorem(theorem: Json, rejects: Callable[..., None]) -> None:
    rejects(None, **theorem)


def test_the_region_must_ask_for_no_eviction_and_be_kept(rejects: Callable[..., None]) -> None:
    region = TRUE["evidence"]["region"]
    rows, implied = region["rows"], region["implied"]
    others: list[Any] = [
        {"rows": [], "implied": []},
        {"rows": rows, "implied": []},
        {"rows": rows, "implied": [*implied, *implied]},
        {"rows": rows, "implied": [[1, []]]},
        {"rows": rows[:-1], "implied": implied},
        {"rows": rows[1:], "implied": [[1, []], *implied]},
        {"rows": [*rows, rows[-1]], "implied": implied},
        {"rows": list(reversed(rows)), "implied": implied},
        {"rows": [*rows, rows[-1] + 1], "implied": implied},
        {"rows": [*rows[:-1], rows[-1] + 2], "implied": [*implied, *implied]},
        {"rows": [False, *rows[1:]], "implied": implied},
        {"rows": [*map(float, rows)], "implied": implied},
        {"rows": [-1, *rows], "implied": implied},
        {"rows": [*rows, 10**7], "implied": implied},
        {"rows": rows, "implied": implied, "more": []},
        {"rows": rows},
        None,
        [],
    ]
    for other in others:
        rejects(None, region=other)


def test_the_trees_are_one_whole_bounded_stream(
    rejects: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = lines_of(unpacked(TRUE))
    data = lzma.compress(text.encode())
    for broken, message in (
        (data[:-1], "end too early"),
        (data[: len(data) // 2], "end too early"),
        (data + b"x", "whole line"),
        (data + data, "whole line"),
        (data[:-20] + bytes(20), "not compressed"),
        (b"", "end too early"),
        (lzma.compress(text[:-1].encode()), "whole line|too early"),
        (lzma.compress(text.encode() + b" "), "whole line"),
        (lzma.compress(b"[" * 10**6 + b"\n"), "malformed"),
        (lzma.compress(b"\xff\n"), "malformed"),
        (lzma.compress(text.encode(), format=lzma.FORMAT_ALONE), "not compressed"),
    ):
        rejects(message, trees=base64.b64encode(broken).decode())
    rejects("malformed", trees="*")
    rejects("malformed", trees=None)
    rejects("end too early", trees="")
    monkeypatch.setattr(trees, "LINE_BYTES_MAX", 10_000)
    rejects("too large", trees=packed(" " * 100_000))
    monkeypatch.setattr(trees, "BYTES_MAX", 5_000)
    rejects(None, trees=packed(text))


@pytest.mark.slow
def test_a_bomb_is_unpacked_a_piece_at_a_time() -> None:
    bomb = base64.b64encode(lzma.compress(bytes(200 * 2**20), preset=0)).decode()
    assert len(bomb) < 100_000
    with pytest.raises(RejectedError, match="too large"):
        list(trees.lines(bomb))


def test_with_two_stages_there_is_one_tree(forge: Forge) -> None:
    true = settle(BatchingParameters(3, 1, 2, "3/4"))
    check(true)
    nodes = unpacked(true)
    for other in ([], [*nodes, *nodes]):
        evidence = {**true["evidence"], "trees": packed(lines_of(other))}
        with pytest.raises(RejectedError):
            check(forge("case_tree", true["theorem"], evidence))


def test_a_chain_of_modes_that_never_closes_is_too_deep(
    rejects: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees, "DEPTH_MAX", 20)
    rejects("too deep", nodes=[[0, 2, None, None]] * 200)
