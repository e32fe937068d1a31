import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from homeostat.counterexamples import Case, Witness, case_corpus, find_conjecture
from homeostat.counterexamples.corpus_files import file_name
from homeostat.models.batching import BatchingParameters, Pair

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


@pytest.fixture
def witness() -> dict[str, Any]:
    pair = Pair.run(BatchingParameters(1, 1, 3, "2/5"), step_count=5)
    return Witness.of(find_conjecture("g_dominance"), pair, 5).to_json()


def _write(document: object, name: str = "w.json") -> str:
    Path(name).write_text(json.dumps(document))
    return name


def test_a_witness_replays_from_its_file_alone(cli: "Cli", witness: dict[str, Any]) -> None:
    answer = cli("replay", _write(witness))
    assert answer.code == 0
    assert "g_dominance fails at t = 5" in answer.out
    assert "989/3125" in answer.out


def test_the_json_of_a_replay_holds_the_witness(cli: "Cli", witness: dict[str, Any]) -> None:
    document = cli("replay", _write(witness), "--json").json("replay")
    assert document["replays"] is True
    assert document["witness"] == witness


@pytest.mark.parametrize("case", case_corpus(), ids=file_name)
def test_a_case_replays_from_its_file_alone(cli: "Cli", case: Case) -> None:
    path = _write(case.to_json())
    answer = cli("replay", path)
    assert answer.code == 0
    assert f"{case.conjecture} fails in this case: " in answer.out
    assert cli("replay", path, "--json").json("replay")["witness"] == case.to_json()


def test_a_case_that_is_changed_does_not_replay(cli: "Cli") -> None:
    document = case_corpus()[0].to_json()
    answer = cli("replay", _write({**document, "found_by": {}}))
    assert answer.code == 40
    assert answer.err.startswith("rejected: ")


def test_a_case_has_no_conjecture_of_a_user(cli: "Cli") -> None:
    path = _write(case_corpus()[0].to_json())
    answer = cli("replay", path, "--conjecture", "mine.py:mine")
    assert answer.code == 2
    assert "must be 'homeostat.witness/1'" in answer.err


def test_a_witness_with_another_step_is_rejected(cli: "Cli", witness: dict[str, Any]) -> None:
    answer = cli("replay", _write({**witness, "step": 4}), "--json")
    document = answer.json("replay")
    assert (answer.code, document["replays"]) == (40, False)
    assert document["reason"]


@pytest.mark.parametrize("field", ["observed", "step", "found_by", "sha256", "assumes", "q"])
def test_a_witness_with_any_field_changed_does_not_replay(
    cli: "Cli", witness: dict[str, Any], field: str
) -> None:
    changes: dict[str, Any] = {
        "observed": {"observed": {**witness["observed"], "spread_theory": "1"}},
        "step": {"step": 6},
        "found_by": {"found_by": {"method": "guess"}},
        "sha256": {"sha256": "0" * 64},
        "assumes": {"assumes": ["canonical"]},
        "q": {"parameters": {**witness["parameters"], "q": "1/2"}},
    }
    answer = cli("replay", _write({**witness, **changes[field]}))
    assert answer.code == 40
    assert answer.err.startswith("rejected: ")


@pytest.mark.parametrize("command", ["replay", "check"])
@pytest.mark.parametrize(
    "content",
    [
        "",
        "not json",
        "[1, 2]",
        "3",
        "{}",
        '{"schema": "homeostat.other/1"}',
        '{"schema": [NaN]}',
        "[" * 100_000,
    ],
    ids=lambda content: content[:12] or "empty",
)
def test_a_file_of_another_kind_is_bad_input(cli: "Cli", command: str, content: str) -> None:
    Path("w.json").write_text(content)
    answer = cli(command, "w.json", "--json")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.count("\n") == 1
    assert "w.json" in answer.err


@pytest.mark.parametrize("command", ["replay", "check"])
def test_a_missing_file_and_a_folder_are_bad_input(cli: "Cli", command: str) -> None:
    Path("folder").mkdir()
    assert cli(command, "missing.json").code == 2
    assert cli(command, "folder").code == 2


@pytest.mark.parametrize("command", ["replay", "check"])
def test_a_file_of_more_than_16_mib_is_refused(cli: "Cli", command: str) -> None:
    with Path("large.json").open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    answer = cli(command, "large.json")
    assert answer.code == 2
    assert "16777216 bytes" in answer.err


@pytest.mark.parametrize("kind", ["farkas", "scan", "schur", "replay", "unheard-of", None, 7])
def test_an_empty_certificate_of_any_kind_is_rejected(cli: "Cli", kind: object) -> None:
    certificate = {"schema": "homeostat.certificate/1", "kind": kind, "theorem": {}, "evidence": {}}
    answer = cli("check", _write({**certificate, "sha256": "0" * 64}), "--json")
    document = answer.json("check")
    assert (answer.code, document["accepted"]) == (40, False)
    assert document["reason"]
