import json
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
import typer

from homeostat import __version__
from homeostat.cli import application, run
from homeostat.cli.exits import VERDICT_EXITS, ExitCode, exit_of_verdicts
from homeostat.errors import (
    CertificateRejectedError,
    HomeostatError,
    InvalidInputError,
    VacuousClaimError,
    WitnessRejectedError,
)

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

COMMANDS = (
    *("verify", "trajectory", "search", "fuzz", "replay", "check", "mutate", "report"),
    *("simulate", "topology", "govern", "cache replay", "prove convergence", "prove horizon"),
    "export coq",
    *("data list", "data fetch", "data path"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command_has_examples(cli: "Cli", command: str) -> None:
    answer = cli(*command.split(), "--help")
    assert answer.code == 0
    assert "For example:" in answer.out
    assert f"homeostat {command}" in answer.out
    assert "--json" in answer.out


def test_the_commands_are_the_ones_that_are_documented(cli: "Cli") -> None:
    answer = cli("--help")
    registered = [str(command.name) for command in application.app.registered_commands]
    for group in application.app.registered_groups:
        inner = group.typer_instance
        assert inner is not None
        registered += [f"{inner.info.name} {command.name}" for command in inner.registered_commands]
    assert sorted(registered) == sorted(COMMANDS)
    assert all(command.split()[0] in answer.out for command in COMMANDS)


def test_the_version_is_the_packages_own(cli: "Cli") -> None:
    assert cli("--version").out.strip() == __version__


@pytest.mark.parametrize("arguments", [("no-such-command",), ("trajectory",), ("replay",)])
def test_wrong_usage_exits_with_2_and_says_so_on_stderr(
    cli: "Cli", arguments: tuple[str, ...]
) -> None:
    answer = cli(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert "Error" in answer.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInputError("q=2 must be < 1"), ExitCode.USAGE),
        (CertificateRejectedError("no"), ExitCode.REJECTED),
        (WitnessRejectedError("no"), ExitCode.REJECTED),
        (VacuousClaimError("empty"), ExitCode.VACUOUS),
        (HomeostatError("a canary was not caught"), ExitCode.INTERNAL),
        (RuntimeError("a mistake of ours"), ExitCode.INTERNAL),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
        (typer.Exit(17), 17),
    ],
)
def test_every_way_to_end_has_its_exit_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
) -> None:
    broken = typer.Typer(pretty_exceptions_enable=False)

    @broken.command()
    def fail() -> None:
        raise error

    monkeypatch.setattr(application, "app", broken)
    assert run([]) == code
    assert "Traceback" not in capsys.readouterr().err


def test_a_traceback_is_shown_to_who_asks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = typer.Typer(pretty_exceptions_enable=False)

    @broken.command()
    def fail() -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(application, "app", broken)
    monkeypatch.setenv("HOMEOSTAT_TRACEBACK", "1")
    assert run([]) == ExitCode.INTERNAL
    assert "Traceback" in capsys.readouterr().err


def test_a_conjunction_exits_with_its_worst_verdict() -> None:
    assert exit_of_verdicts(["proved", "refuted", "unknown"]) == ExitCode.REFUTED
    assert exit_of_verdicts(["proved", "proved-within"]) == ExitCode.PROVED_WITHIN
    assert exit_of_verdicts(["proved", "measured"]) == ExitCode.OK
    assert exit_of_verdicts(["survived", "proved"]) == ExitCode.UNKNOWN


def test_an_empty_conjunction_is_vacuous_and_not_proved() -> None:
    with pytest.raises(VacuousClaimError):
        exit_of_verdicts([])


def test_only_what_rests_on_complete_evidence_exits_with_0() -> None:
    good = [word for word, code in VERDICT_EXITS.items() if code == ExitCode.OK]
    assert good == ["proved", "measured"]


def test_every_published_schema_is_a_schema() -> None:
    schemas = list((resources.files("homeostat.cli") / "schemas").iterdir())
    assert len(schemas) >= 7
    for schema in schemas:
        jsonschema.Draft202012Validator.check_schema(json.loads(schema.read_text()))


@pytest.mark.slow
def test_the_module_runs_as_a_program(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "homeostat", "--version"]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (answer.returncode, answer.stdout.strip(), answer.stderr) == (0, __version__, "")


@pytest.mark.slow
def test_help_imports_no_solver_and_no_numerics(tmp_path: Path) -> None:
    code = (
        "import sys; from homeostat.cli import run; run(['--help']);"
        "slow = {'numpy', 'numba', 'sympy', 'z3', 'hypothesis', 'matplotlib', 'scipy'};"
        "print(sorted(slow & set(sys.modules)), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert answer.stderr.strip() == "[]"
