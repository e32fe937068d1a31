import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from homeostat.proofs import kernel
from homeostat.proofs.mutation import scoring

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

LEDGER = str(Path(__file__).parents[2] / "ledger.json")


@pytest.mark.slow
def test_a_score_is_printed_and_written_as_its_schema_says(cli: "Cli") -> None:
    answer = cli("mutate", "-n", "60", "--ledger", LEDGER, "--out", "score.json", "--json")
    document = answer.json("mutate")
    assert answer.code == 0
    assert document["done"] == document["count"] == 60
    assert document["missing"] == []
    assert json.loads(Path("score.json").read_text()) == document


@pytest.mark.slow
def test_a_person_reads_a_table_and_how_to_repeat_it(cli: "Cli") -> None:
    answer = cli("mutate", "-n", "60", "--seed", "4", "--ledger", LEDGER)
    assert answer.code == 0
    assert "60 corruptions" in answer.out
    assert "case_tree never" in answer.out
    assert "homeostat mutate --count 60 --seed 4" in answer.err


@pytest.mark.slow
def test_a_hole_ends_with_1_and_leaves_its_certificate(
    cli: "Cli", monkeypatch: pytest.MonkeyPatch
) -> None:
    def accepts(_: dict[str, Any]) -> None:
        """Accept everything."""

    original = scoring.mutation_score
    monkeypatch.setattr(
        "homeostat.proofs.mutation.mutation_score", lambda s, **o: original(s, check=accepts, **o)
    )
    answer = cli("mutate", "-n", "200", "--ledger", LEDGER, "--json")
    document = answer.json("mutate")
    assert answer.code == 1
    holes = [fault for fault in document["faults"] if fault["outcome"] == "hole"]
    assert holes
    for hole in holes:
        certificate = json.loads(Path(f"hole-0-{hole['index']}.json").read_text())
        with pytest.raises(kernel.RejectedError):
            kernel.check(certificate)


@pytest.mark.slow
def test_an_interrupted_run_does_not_replace_a_whole_score(
    cli: "Cli", monkeypatch: pytest.MonkeyPatch
) -> None:
    original = scoring.mutation_score

    def interrupted(sources: Any, **options: Any) -> Any:
        def stop(_: Any) -> None:
            raise KeyboardInterrupt

        return original(sources, **{**options, "progress": stop})

    monkeypatch.setattr("homeostat.proofs.mutation.mutation_score", interrupted)
    first = cli("mutate", "-n", "300", "--ledger", LEDGER, "--out", "score.json")
    assert first.code == 130
    assert json.loads(Path("score.json").read_text())["done"] == 100
    Path("score.json").write_text("{}")
    second = cli("mutate", "-n", "300", "--ledger", LEDGER, "--out", "score.json", "--json")
    assert second.code == 130
    assert second.json("mutate")["interrupted"] is True
    assert Path("score.json").read_text() == "{}"


@pytest.mark.parametrize("options", [["-n", "0"], ["-n", "x"], ["--ledger", "missing.json"]])
def test_bad_input_is_named(cli: "Cli", options: list[str]) -> None:
    answer = cli("mutate", *options)
    assert answer.code == 2
    assert options[1] in answer.err
