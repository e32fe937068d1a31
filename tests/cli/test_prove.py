import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from homeostat.models.batching import BatchingParameters
from homeostat.proofs import kernel
from homeostat.proofs.store import Store

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

SMALL = ("--l0", "6", "--l-a", "1", "--l-b", "3", "--q", "3/4")
PROVE = ("prove", "convergence", *SMALL)


def test_what_converges_is_proved_by_two_certificates_that_the_kernel_accepts(cli: "Cli") -> None:
    answer = cli(*PROVE, "--capacity", "9/2", "--out", "c.json", "--json")
    document = answer.json("prove-convergence")
    proof = document["proof"]
    assert (answer.code, document["verdict"], document["reason"]) == (0, "proved", None)
    assert document["parameters"]["capacity"] == "9/2"
    assert proof["files"] == ["c.json", "c.json.stable.json"]
    settles, stable = (json.loads(Path(file).read_text()) for file in proof["files"])
    for certificate, digest in zip((settles, stable), proof["sha256"], strict=True):
        kernel.check(certificate)
        assert certificate["sha256"] == digest
        assert certificate["theorem"]["parameters"] == document["parameters"]
    assert settles["theorem"]["steps"] == proof["steps"]
    assert proof["evidence_bytes"] == len(settles["evidence"]["trees"])
    for file in proof["files"]:
        assert cli("check", file).code == 0


def test_the_text_says_the_theorem_and_the_figures(cli: "Cli") -> None:
    answer = cli(*PROVE)
    assert answer.code == 0
    assert "proved: from every start, Simulation converges to the equilibrium" in answer.out
    for words in ("l0 = 6", "whatever the start", "nodes in 2 trees, depth", "rows", "bytes"):
        assert words in answer.out
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    "point", [("1", "2", "4", "1/2"), ("1", "1", "3", "1/2")], ids=["factor", "circle"]
)
def test_what_is_not_stable_is_unknown_and_said_plainly(point: tuple[str, ...], cli: "Cli") -> None:
    names = ("--l0", "--l-a", "--l-b", "--q")
    options = [text for pair in zip(names, point, strict=True) for text in pair]
    answer = cli("prove", "convergence", *options, "--out", "c.json", "--json")
    document = answer.json("prove-convergence")
    assert (answer.code, document["verdict"], document["proof"]) == (30, "unknown", None)
    assert "not stable" in document["reason"]
    assert "not stable" in cli("prove", "convergence", *options).out
    assert not Path("c.json").exists()


def test_a_budget_that_is_too_small_leaves_it_open_with_what_was_covered(cli: "Cli") -> None:
    answer = cli(*PROVE, "--node-limit", "3", "--json")
    document = answer.json("prove-convergence")
    assert (answer.code, document["verdict"]) == (30, "unknown")
    assert "3 were allowed" in document["reason"]
    assert "tree of face 2: " in document["reason"]
    assert "subtrees open" in document["reason"]


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        (("--l0", "0"), "l0=0 must be >= 1"),
        (("--l-a", "3"), "l_a=3"),
        (("--l-b", "101"), "--l-b='101' must be an integer >= 0 and <= 100"),
        (("--q", "1"), "q=1"),
        (("--q", "x"), "q='x'"),
        (("--capacity", "0"), "capacity=0"),
        (("--node-limit", "0"), "--node-limit='0' must be an integer >= 1"),
        (("--jobs", "0"), "--jobs='0'"),
    ],
)
def test_bad_input_is_refused_with_its_rule(
    options: tuple[str, ...], rule: str, cli: "Cli"
) -> None:
    answer = cli(*PROVE, *options)
    assert answer.code == 2
    assert rule in answer.err
    assert answer.out == ""


def test_a_missing_option_is_bad_input(cli: "Cli") -> None:
    assert cli("prove", "convergence", "--l0", "6").code == 2
    assert cli("prove", "nothing").code == 2


def test_the_store_is_used_and_more_jobs_give_the_same(cli: "Cli") -> None:
    first = cli(*PROVE, "--store", "kept", "--json").json("prove-convergence")["proof"]
    (file,) = Path("kept").iterdir()
    assert json.loads(file.read_text())["sha256"] == first["sha256"][0]
    for more in (("--store", "kept"), ("--jobs", "2")):
        again = cli(*PROVE, *more, "--json").json("prove-convergence")["proof"]
        assert again["sha256"] == first["sha256"]


def test_ctrl_c_exits_with_130_and_says_how_to_go_on(
    cli: "Cli", monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("homeostat.proofs.engines.mode_tree.settling.grow", interrupted)
    answer = cli(*PROVE, "--store", "kept")
    assert (answer.code, answer.out) == (130, "")
    assert "goes on from kept" in answer.err


def test_an_interrupted_run_goes_on_where_it_was(
    cli: "Cli", monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "homeostat.proofs.engines.mode_tree"
    monkeypatch.setattr(f"{module}.subtrees.FIRST_NODE_COUNT", 10)
    monkeypatch.setattr(f"{module}.subtrees.NODE_COUNT", 15)
    asked = cli(*PROVE, "--json").json("prove-convergence")["proof"]
    theorem = {
        "parameters": BatchingParameters("6", 1, 3, "3/4").to_json(),
        "says": "settles",
        "steps": 0,
        "never": [],
    }
    parts = Store(Path("kept")).parts("case_tree", theorem)
    from homeostat.proofs.engines.mode_tree import settling

    explore, explored = settling._explore, []

    def few(*arguments: Any) -> Any:
        explored.append(arguments[2])
        if limit and len(explored) > limit:
            raise KeyboardInterrupt
        return explore(*arguments)

    monkeypatch.setattr(settling, "_explore", few)
    limit = 6
    assert cli(*PROVE, "--store", "kept").code == 130
    kept = len(list(parts.folder.iterdir()))
    assert kept >= 3
    limit, done = 0, list(explored[:-1])
    explored.clear()
    again = cli(*PROVE, "--store", "kept", "--json").json("prove-convergence")["proof"]
    assert again["sha256"] == asked["sha256"]
    roots = {(2,), (1,)}
    assert not (set(done) - roots) & set(explored)
    assert not parts.folder.exists()
