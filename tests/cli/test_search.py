from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homeostat.counterexamples import replay
from homeostat.counterexamples.witness import read_witness

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

NARROW = ("--l0", "1..2", "--l-a", "1", "--l-b", "3", "--q", "1/5..4/5:1/5", "--steps", "8")

MINE = """
from homeostat.counterexamples import conjecture

@conjecture
def peak_stays_below_start(pair, t):
    "No stage of Simulation ever holds more than the fullest one at the start."
    return max(pair.simulation[t]) <= max(pair.simulation[0])

@conjecture(assumes=("canonical",))
def nothing_is_negative(pair, t):
    return min(pair.simulation[t]) >= 0

plain = 3
"""


@pytest.mark.slow
def test_a_false_conjecture_exits_with_20_and_leaves_a_witness_that_replays(cli: "Cli") -> None:
    answer = cli("search", "g-dominance", "--start", "canonical", *NARROW, "--json")
    document = answer.json("search")
    assert (answer.code, document["verdict"]) == (20, "refuted")
    (found,) = document["searches"]
    assert found["witness"]["step"] == 5
    assert replay(read_witness(Path(found["file"]))).step_count == 5


@pytest.mark.slow
def test_both_starts_are_searched_unless_one_is_named(cli: "Cli") -> None:
    document = cli("search", "batching.g_dominance", *NARROW, "--json").json("search")
    assert [search["start"] for search in document["searches"]] == ["canonical", "free"]
    files = [search["file"] for search in document["searches"]]
    assert all(Path(file).is_file() for file in files)
    assert len(set(files)) == 2


@pytest.mark.slow
def test_a_named_file_holds_the_smallest_witness_of_all_starts(cli: "Cli") -> None:
    document = cli("search", "g_dominance", *NARROW, "--out", "w.json", "--json").json("search")
    steps = [search["witness"]["step"] for search in document["searches"]]
    assert [search["file"] for search in document["searches"]].count("w.json") == 1
    assert read_witness(Path("w.json")).step == min(steps)
    assert [path.name for path in Path().iterdir()] == ["w.json"]


@pytest.mark.slow
def test_a_finite_space_without_counterexample_is_exhausted(cli: "Cli") -> None:
    answer = cli("search", "min-when-theory-negative", "--start", "canonical", *NARROW, "--json")
    document = answer.json("search")
    assert (answer.code, document["verdict"]) == (0, "exhausted")
    assert document["searches"][0]["witness"] is None
    assert not list(Path().iterdir())


@pytest.mark.slow
def test_a_sample_without_counterexample_is_open(cli: "Cli") -> None:
    arguments = ("--method", "random", "--samples", "50", *NARROW, "--start", "free", "--json")
    answer = cli("search", "min-when-theory-negative", *arguments)
    assert (answer.code, answer.json("search")["verdict"]) == (30, "open")


@pytest.mark.slow
def test_the_text_says_what_was_covered_and_what_was_dropped(cli: "Cli") -> None:
    answer = cli("search", "g-dominance", "--start", "canonical", *NARROW)
    assert answer.code == 20
    assert "fails at t = 5 for l0 = 1, l_a = 1, l_b = 3, q = 2/5" in answer.out
    assert "covered: grid of 8 systems" in answer.out
    assert "did not and were dropped" in answer.out


@pytest.mark.slow
def test_a_conjecture_of_ones_own_takes_a_short_file(cli: "Cli") -> None:
    Path("mine.py").write_text(MINE)
    target = "mine.py:peak_stays_below_start"
    answer = cli("search", target, *NARROW, "--start", "free", "--out", "w.json", "--json")
    assert (answer.code, answer.json("search")["verdict"]) == (20, "refuted")
    assert cli("replay", "w.json", "--conjecture", target).code == 0
    assert cli("replay", "w.json", "--conjecture", "mine.py:nothing_is_negative").code == 40
    assert cli("replay", "w.json").code == 2


@pytest.mark.slow
def test_a_conjecture_that_assumes_the_canonical_start_is_searched_from_it_alone(
    cli: "Cli",
) -> None:
    Path("mine.py").write_text(MINE)
    answer = cli("search", "mine.py:nothing_is_negative", *NARROW, "--json")
    document = answer.json("search")
    assert (answer.code, document["verdict"]) == (0, "exhausted")
    assert [search["start"] for search in document["searches"]] == ["canonical"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no-such",), "no_such"),
        (("missing.py:mine",), "missing.py"),
        (("mine.py:plain",), "plain"),
        (("mine.py:absent",), "absent"),
        (("mine.py",), "mine.py"),
        (("broken.py:mine",), "SyntaxError"),
        (("g-dominance", "--method", "magic"), "method='magic' must be one of"),
        (("g-dominance", "--start", "warm"), "start='warm' must be"),
        (("g-dominance-canonical", "--start", "free"), "canonical"),
        (("g-dominance", "--l0", "5..1"), "l0='5..1' must ascend"),
        (("g-dominance", "--l0", "0"), "l0=0 must be >= 1"),
        (("g-dominance", "--l-b", "3/2"), "must hold integers only"),
        (("g-dominance", "--q", "0,1/2"), "q=0 must lie strictly between 0 and 1"),
        (("g-dominance", "--q", "any"), "q='any' with method='grid'"),
        (("g-dominance", "--steps", "0"), "--steps='0' must be an integer >= 1"),
        (("g-dominance", "--jobs", "0"), "--jobs='0' must be an integer >= 1"),
        (("g-dominance", "--seed", "-1"), "--seed='-1' must be an integer >= 0"),
    ],
)
def test_bad_input_exits_with_2_and_one_line(
    cli: "Cli", arguments: tuple[str, ...], message: str
) -> None:
    Path("mine.py").write_text(MINE)
    Path("broken.py").write_text("def mine(:")
    answer = cli("search", *arguments, "--json")
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err
    assert answer.err.count("\n") == 1


def test_ctrl_c_leaves_what_was_found(cli: "Cli", monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("homeostat.counterexamples.searching.search_grid", stop)
    answer = cli("search", "g-dominance", *NARROW, "--json")
    document = answer.json("search")
    assert (answer.code, document["verdict"], document["interrupted"]) == (130, "open", True)
    assert len(document["searches"]) == 1
