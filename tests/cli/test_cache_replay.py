import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from homeostat.errors import InvalidInputError
from homeostat.proofs.report.cache_replay import CacheReplayView, write_cache_replay
from homeostat.runtime.experts.policies.family import POLICIES
from homeostat.runtime.traces.routes import ROUTE_COLUMNS

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

HEAD = """\
# route_trace v1
# model=tiny arch=tiny n_layer=2 n_expert=8 n_expert_used=2
# layer=0 expert_bytes=30 dense_bytes=7
# layer=1 expert_bytes=20 dense_bytes=0
"""
PROMPT = 6
STEPS = 40


@pytest.fixture
def routes(tmp_path: Path) -> str:
    """A prompt of a few tokens and some decoding, with no record of residents."""
    rows = []
    for layer in range(2):
        rows += [(0, step, layer) for step in range(PROMPT)]
    rows += [(1, step, layer) for step in range(PROMPT, STEPS) for layer in range(2)]
    lines = []
    for phase, step, layer in rows:
        first = (step * step + layer) % 5
        for slot, expert in enumerate((first, first + 1 + step % 3)):
            lines.append(f"0,{phase},{step},{layer},{slot},{expert},0.5,0,30")
    path = tmp_path / "tiny.route.csv"
    path.write_text(HEAD + ",".join(ROUTE_COLUMNS) + "\n" + "\n".join(lines) + "\n")
    return str(path)


def runs_of(document: dict[str, Any], index: int = 0) -> dict[str, dict[str, Any]]:
    return {run["policy"]: run for run in document["capacities"][index]["runs"]}


@pytest.mark.slow
def test_every_policy_stands_beside_the_optimum(cli: "Cli", routes: str) -> None:
    answer = cli("cache", "replay", routes, "--json")
    assert answer.code == 0, answer.err
    document = answer.json("cache-replay")
    assert [row["capacity"] for row in document["capacities"]] == [2, 4, 8], "k, 2k and 4k"
    assert document["routes"]["recorded_hit_rate"] is None
    assert document["routes"]["events"] == 2 * (STEPS - PROMPT)
    for index in range(3):
        runs = runs_of(document, index)
        assert set(runs) == {*POLICIES, "optimum", "optimum that loads"}
        asked = 2 * 2 * (STEPS - PROMPT)
        for run in runs.values():
            assert run["hits"] + run["loads"] + run["bypasses"] == run["asked"] == asked
            assert run["regret"] >= 0
    selection = document["capacities"][1]["selection"]
    assert [len(own["misses"]) for own in selection["layers"]] == [len(POLICIES) - 1] * 2
    assert selection["model"]["asked"] == sum(own["asked"] for own in selection["layers"])


def test_bytes_are_those_of_each_layer(cli: "Cli", routes: str) -> None:
    document = cli("cache", "replay", routes, "--capacity", "8", "--policy", "lru", "--json").json()
    run = runs_of(document)["lru"]
    misses = [round((1 - rate) * 2 * (STEPS - PROMPT)) for rate in run["hit_rate_by_layer"]]
    assert run["read_bytes"] == 30 * misses[0] + 20 * misses[1]


def test_phases_are_replayed_apart_or_together(cli: "Cli", routes: str) -> None:
    asked = {}
    for phase in ("prompt", "decode", "all"):
        answer = cli("cache", "replay", routes, "--policy", "lru", "--phase", phase, "--json")
        document = answer.json("cache-replay")
        assert document["phase"] == phase
        asked[phase] = runs_of(document)["lru"]["asked"]
    assert asked["all"] == asked["prompt"] + asked["decode"]
    assert 0 < asked["prompt"] < 2 * 2 * PROMPT, "tokens of a prompt share experts"


def test_the_table_shows_policies_and_the_selectors_reason(cli: "Cli", routes: str) -> None:
    answer = cli("cache", "replay", routes, "--capacity", "3", "--policy", "lru,selector")
    assert answer.code == 0, answer.err
    for words in ("lru", "selector", "optimum that loads", "C = 3", "regret", "missed"):
        assert words in answer.out
    many = cli("cache", "replay", routes, "--capacity", "1..10", "--policy", "lru")
    assert "first 8 of 10 capacities" in many.out


@pytest.mark.slow
def test_two_processes_give_the_same_bytes(cli: "Cli", routes: str) -> None:
    one = cli("cache", "replay", routes, "--json")
    two = cli("cache", "replay", routes, "--json", "--jobs", "2")
    assert one.code == two.code == 0
    assert one.out == two.out


@pytest.mark.slow
def test_the_page_says_what_the_numbers_say(cli: "Cli", routes: str, tmp_path: Path) -> None:
    out = tmp_path / "page"
    answer = cli("cache", "replay", routes, "--capacity", "1..6", "--out", str(out), "--json")
    assert answer.code == 0, answer.err
    document = json.loads((out / "cache-replay.json").read_text())
    assert document == answer.json("cache-replay")
    page = (out / "cache-replay.html").read_text()
    view = CacheReplayView(document)
    assert [row["capacity"] for row in view.detailed] == [1, 3, 4, 6]
    for row in view.detailed:
        best = min(run["loads"] + run["bypasses"] for run in row["runs"][:-2])
        assert f": {best:,} of " in view.words(row)
        assert view.words(row).replace("'", "&#39;") in page
        assert view.selector_words(row) in page
    for name in view.plots():
        for layout in ("wide", "narrow"):
            assert (out / "plots" / f"{name}.{layout}.svg").stat().st_size > 1000
    assert "http" not in page.replace("http://www.w3.org", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--capacity", "0,4"), "--capacity='0,4' must be integers >= 1"),
        (("--capacity", "4097"), "must be integers >= 1 and <= 4096"),
        (("--capacity", "1/2"), "must hold integers only"),
        (("--policy", "magic"), "policy 'magic' must be one of lfru"),
        (("--policy", "lru,lru"), "must name each policy once"),
    ],
)
def test_bad_input_exits_with_2_and_says_the_rule(
    cli: "Cli", routes: str, arguments: tuple[str, ...], words: str
) -> None:
    answer = cli("cache", "replay", routes, *arguments)
    assert answer.code == 2
    assert words in answer.err


def test_routes_that_are_not_there_are_refused(cli: "Cli", routes: str) -> None:
    answer = cli("cache", "replay", "nowhere.csv")
    assert answer.code == 2
    assert "must be a file, or qwen3-routes" in answer.err
    path = Path(routes)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("0,1,")))
    answer = cli("cache", "replay", routes)
    assert answer.code == 2
    assert "must have passes of the phase, have none" in answer.err


def test_a_page_is_made_of_a_replay_only_and_into_a_folder_only(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="schema='x' must be 'homeostat"):
        write_cache_replay({"schema": "x"}, tmp_path)
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(InvalidInputError, match="must be a folder"):
        write_cache_replay({"schema": "homeostat.cache-replay/1"}, file)
