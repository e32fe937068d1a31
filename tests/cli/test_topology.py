import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

COUNTS = np.random.default_rng(1).integers(0, 9, (3, 6, 6))


@pytest.fixture
def counts(tmp_path: Path) -> str:
    path = tmp_path / "counts.npy"
    np.save(path, COUNTS)
    return str(path)


def test_each_layer_has_its_figures_beside_chance(cli: "Cli", counts: str) -> None:
    answer = cli("topology", counts, "--null", "10", "--json")
    assert answer.code == 0, answer.err
    document = answer.json("topology")
    (file,) = document["files"]
    assert (file["name"], file["experts"], file["middle"]) == ("counts.npy", 6, 1)
    assert [layer["layer"] for layer in file["layers"]] == [0, 1, 2]
    for number, layer in enumerate(file["layers"]):
        assert layer["transitions"] == COUNTS[number].sum()
        assert layer["components_at"][document["thresholds"].index(0.05)] == layer["components"]
        assert layer["null"]["components"]["observed"] == layer["components"]
    assert [drawn["counts"] for drawn in file["drawn"]] == COUNTS.tolist()
    assert np.array(file["shuffled"]).sum(axis=0).tolist() == COUNTS[1].sum(axis=0).tolist()


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(cli: "Cli", counts: str) -> None:
    first, again, other = (
        cli("topology", counts, "--null", "5", "--seed", seed, "--json").out for seed in "112"
    )
    assert first == again != other


def test_layers_and_threshold_are_chosen(cli: "Cli", counts: str) -> None:
    answer = cli(
        "topology", counts, "--layer", "2", "--layer", "0", "--layer", "2", "--threshold", "1/3",
        "--null", "0", "--json",
    )  # fmt: skip
    document = answer.json("topology")
    assert document["null"] is None
    assert document["threshold"] == 1 / 3
    (file,) = document["files"]
    assert [layer["layer"] for layer in file["layers"]] == [0, 2]
    assert {layer["null"] for layer in file["layers"]} == {None}


@pytest.mark.slow
def test_several_files_are_panels_of_one_page(cli: "Cli", counts: str, tmp_path: Path) -> None:
    answer = cli("topology", counts, counts, "--null", "2", "--out", str(tmp_path / "page"))
    assert answer.code == 0, answer.err
    document = json.loads((tmp_path / "page" / "topology.json").read_text())
    assert [file["name"] for file in document["files"]] == ["counts.npy"] * 2
    page = (tmp_path / "page" / "topology.html").read_text()
    assert page.count("<h2") == 3
    assert "counts.npy: 6 experts" in answer.out


def test_a_table_without_a_null_has_no_word_on_chance(cli: "Cli", counts: str) -> None:
    answer = cli("topology", counts, "--null", "0")
    assert answer.code == 0, answer.err
    assert "copies" not in answer.out
    assert cli("topology", counts, "--null", "2").out.count("copies") == 1


@pytest.mark.slow
def test_two_closed_classes_are_shown_and_have_no_union(cli: "Cli", tmp_path: Path) -> None:
    path = tmp_path / "split.npy"
    np.save(path, np.kron(np.eye(2, dtype=int), np.ones((2, 2), int)))
    answer = cli("topology", str(path), "--null", "3", "--out", str(tmp_path / "page"), "--json")
    assert answer.code == 0, answer.err
    (layer,) = answer.json("topology")["files"][0]["layers"]
    assert (layer["closed_classes"], layer["union"]) == (2, None)
    assert cli("topology", str(path), "--null", "3").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--threshold", "1"), "--threshold='1' must be a number >= 0 and < 1"),
        (("--threshold", "-0.1"), "--threshold"),
        (("--threshold", "nan"), "--threshold"),
        (("--threshold", "1/0"), "--threshold"),
        (("--threshold", "1e-9"), "--threshold"),
        (("--null", "1"), "--null=1 must be 0, or 2 or more"),
        (("--null", "10001"), "--null"),
        (("--layer", "3"), "--layer=3 must be < 3"),
        (("--layer", "-1"), "--layer"),
    ],
)
def test_an_option_out_of_range_is_refused(
    cli: "Cli", counts: str, arguments: tuple[str, ...], said: str
) -> None:
    answer = cli("topology", counts, *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_a_file_that_is_not_there_is_refused_with_the_names_that_are_known(cli: "Cli") -> None:
    answer = cli("topology", "nothing.npy")
    assert answer.code == 2
    assert "'nothing.npy' must be a file, or qwen3-routes, qwen1.5-transitions" in answer.err


def test_a_data_set_that_is_missing_says_where_it_is_looked_for(
    cli: "Cli", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOMEOSTAT_DATA", str(tmp_path))
    answer = cli("topology", "qwen1.5-transitions")
    assert answer.code == 2
    assert "set HOMEOSTAT_DATA" in answer.err
