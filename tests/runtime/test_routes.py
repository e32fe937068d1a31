import re
from pathlib import Path

import pytest

from homeostat.errors import InvalidInputError
from homeostat.models.residency.events import Event
from homeostat.runtime.traces.fetching import MissingDataError, find_data
from homeostat.runtime.traces.routes import (
    ROUTE_COLUMNS,
    Phase,
    RoutedToken,
    Routes,
    read_routes,
    routes_text,
)

HEAD = """\
# route_trace v1
# model=/a/model.gguf arch=tiny n_layer=2 n_expert=5 n_expert_used=2
# layer=0 expert_bytes=30 dense_bytes=7
# layer=1 expert_bytes=20 dense_bytes=0
"""
COLUMNS = ",".join(ROUTE_COLUMNS) + "\n"
ROWS = """\
0,0,0,0,0,4,0.75,0,30
0,0,0,0,1,1,0.25,0,30
0,0,1,0,0,1,0.5,0,0
0,0,1,0,1,2,0.5,0,30
0,0,1,1,0,3,0.9,0,20
0,0,1,1,1,0,0.1,0,20
0,1,2,0,0,2,0.6,1,0
0,1,2,0,1,0,0.4,0,30
0,1,2,1,0,3,1,1,0
0,1,2,1,1,2,0,0,20
"""


def read(text: str, folder: Path) -> Routes:
    path = folder / "tiny.route.csv"
    path.write_text(text)
    return read_routes(path)


def test_tokens_of_a_prompt_go_through_a_layer_together(tmp_path: Path) -> None:
    routes = read(HEAD + COLUMNS + ROWS, tmp_path)
    assert (routes.model, routes.arch) == ("/a/model.gguf", "tiny")
    assert (routes.layers, routes.n_expert, routes.top_k) == (2, 5, 2)
    assert (routes.expert_bytes, routes.dense_bytes) == ((30, 20), (7, 0))
    assert routes.events(0) == [Event((1, 2, 4), (4, 1)), Event((0, 2), (2,))]
    assert routes.events(0, Phase.PROMPT) == [Event((1, 2, 4), (4, 1))]
    assert routes.events(1, Phase.DECODE) == [Event((2, 3), (3,))]
    assert routes.passes[2].tokens == (
        RoutedToken(2, (2, 0), (0.6, 0.4), (True, False), (0, 30)),
    ), "weights and residency stay with their experts"
    assert [(p.turn, p.phase, p.layer) for p in routes.passes] == [
        (0, Phase.PROMPT, 0),
        (0, Phase.PROMPT, 1),
        (0, Phase.DECODE, 0),
        (0, Phase.DECODE, 1),
    ]


def test_steps_of_decoding_are_passes_also_where_there_is_one_layer(tmp_path: Path) -> None:
    head = HEAD.replace("n_layer=2", "n_layer=1").replace(
        "# layer=1 expert_bytes=20 dense_bytes=0\n", ""
    )
    rows = "0,1,0,0,0,4,1,0,30\n0,1,0,0,1,1,0,0,30\n0,1,1,0,0,4,1,1,0\n0,1,1,0,1,0,0,0,30\n"
    routes = read(head + COLUMNS + rows, tmp_path)
    assert routes.events(0) == [Event((1, 4), (4,)), Event((0, 4), (4,))]


def test_tokens_of_one_decoding_step_are_one_pass(tmp_path: Path) -> None:
    rows = "0,1,0,0,0,4,1,0,30\n0,1,0,0,1,1,0,0,30\n0,1,0,0,0,4,1,1,0\n0,1,0,0,1,0,0,0,30\n"
    routes = read(HEAD + COLUMNS + rows, tmp_path)
    assert routes.events(0) == [Event((0, 1, 4), (4, 4))]


def test_routes_that_are_written_come_back(tmp_path: Path) -> None:
    routes = read(HEAD + COLUMNS + ROWS, tmp_path)
    assert read(routes_text(routes), tmp_path) == routes


@pytest.mark.parametrize(
    ("change", "to", "message"),
    [
        ("route_trace v1", "route_trace v2", ":1: text='# route_trace v2' must be '# route_trace"),
        ("n_expert=5", "n_expert=0", ":2: n_expert='0' must be a whole number >= 1"),
        ("n_expert=5 ", "", "such that 'n_expert' is one of them"),
        ("n_expert_used=2", "n_expert_used=6", "n_expert_used='6' must be a whole number >= 1 and"),
        ("n_layer=2", "n_layer=3", "n_layer=3 must be the number of layers described, which is 2"),
        ("layer=1 expert", "layer=0 expert", ":4: layer='0' must be 1, as layers are described"),
        ("expert_bytes=20", "expert_bytes=-20", "expert_bytes='-20' must be a whole number"),
        ("dense_bytes=7", "dense_bytes", "must be # name=value"),
        ("turn,phase", "phase,turn", ":5: header="),
        ("0,0,0,0,0,4,0.75,0,30", "0,0,0,0,0,5,0.75,0,30", ":6: expert='5' must be a whole num"),
        ("0,0,0,0,0,4,0.75,0,30", "0,2,0,0,0,4,0.75,0,30", ":6: phase='2' must be"),
        ("0,0,0,0,0,4,0.75,0,30", "0,0,0,2,0,4,0.75,0,30", ":6: layer='2' must be"),
        ("0,0,0,0,0,4,0.75,0,30", "0,0,0,0,0,4,nan,0,30", "weight='nan' must be a finite number"),
        ("0,0,0,0,0,4,0.75,0,30", "0,0,0,0,0,4,x,0,30", "weight='x' must be a finite number"),
        ("0,0,0,0,0,4,0.75,0,30", "0,0,0,0,0,4,-1,0,30", "weight='-1' must be a finite number"),
        ("0,0,0,0,0,4,0.75,0,30", "0,0,0,0,0,4,0.75,2,30", "residency='2' must be"),
        ("0,0,0,0,0,4,0.75,0,30", "0,0,0,0,0,4,0.75,0", "must be 9 fields; has 8"),
        ("0,0,0,0,1,1,0.25,0,30", "0,0,0,0,0,1,0.25,0,30", ":7: slot=0 must be 1, as slots"),
        ("0,0,0,0,1,1,0.25,0,30", "0,0,0,0,1,4,0.25,0,30", ":7: expert=4 must be another one"),
        ("0,0,0,0,1,1,0.25,0,30", "0,0,1,0,1,1,0.25,0,30", "in the whole token"),
        ("0,1,2,1,1,2,0,0,20\n", "", "slots=1 must be 2 for the last token too"),
    ],
)
def test_a_mistake_is_named_with_line_value_and_rule(
    change: str, to: str, message: str, tmp_path: Path
) -> None:
    text = HEAD + COLUMNS + ROWS
    assert change in text
    with pytest.raises(InvalidInputError, match=re.escape(message)):
        read(text.replace(change, to, 1), tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD, "must hold routes, ends before its header"),
        (HEAD + COLUMNS, "must hold at least one route"),
        (HEAD.splitlines()[0] + "\n" + COLUMNS + ROWS, "must name its model"),
    ],
)
def test_a_file_without_routes_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=message):
        read(text, tmp_path)


@pytest.mark.parametrize("name", ["", "two words", "line\nbreak", " edge"])
def test_a_name_that_could_not_be_read_again_is_not_written(name: str, tmp_path: Path) -> None:
    routes = read(HEAD + COLUMNS + ROWS, tmp_path)
    fields = {f: getattr(routes, f) for f in routes.__slots__}
    with pytest.raises(InvalidInputError, match="must be one word"):
        routes_text(Routes(**{**fields, "model": name}))


@pytest.mark.slow
def test_the_real_routes_are_one_prompt_and_128_tokens() -> None:
    try:
        routes = read_routes(find_data("qwen3-routes"))
    except MissingDataError as error:
        pytest.skip(str(error))
    assert (routes.arch, routes.layers, routes.n_expert, routes.top_k) == ("qwen3moe", 48, 128, 6)
    prompt = [p for p in routes.passes if p.phase == Phase.PROMPT]
    # Behind the last layer only the prompt's last token is of use.
    assert [len(p.tokens) for p in prompt] == [28] * 47 + [1]
    decoded = [p for p in routes.passes if p.phase == Phase.DECODE]
    assert [p.layer for p in decoded] == list(range(48)) * 128
    assert {len(p.tokens) for p in decoded} == {1}
