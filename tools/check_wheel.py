"""Test the built wheel as a stranger meets it: its file list, then an empty environment.

Usage: ``python tools/check_wheel.py FOLDER`` with the folder that holds one wheel. The
wheel must hold every file of src/homeostat and nothing else; then it is installed into a
new virtual environment and used from an empty folder. Last, the kernel runs from the
unpacked wheel in a Python that sees no third-party package.
"""

import json
import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
REJECTED: Final = 40


class WheelError(Exception):
    """The wheel is not what it should be."""


def source_files(root: Path) -> set[str]:
    """Return the files that belong into the wheel, as paths below src."""
    package = root / "src" / "homeostat"
    return {
        path.relative_to(root / "src").as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }


def check_file_list(names: Iterable[str], expected: set[str]) -> None:
    """Hold the wheel's files against those of the source, both ways.

    Raises:
        WheelError: One is missing or too many.
    """
    held = {name for name in names if not name.partition("/")[0].endswith(".dist-info")}
    if held != expected:
        raise WheelError(
            f"missing from the wheel: {sorted(expected - held)}; "
            f"in the wheel only: {sorted(held - expected)}"
        )


def _run(command: list[str], folder: Path, *, code: int = 0, path: str | None = None) -> str:
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    answer = subprocess.run(
        command,
        cwd=folder,
        env=kept if path is None else {**kept, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    shown = " ".join(command[1:])
    if answer.returncode != code:
        raise WheelError(
            f"{shown}: exit {answer.returncode}, expected {code}\n{answer.stdout}{answer.stderr}"
        )
    print(f"ok: {shown[:100]}")
    return answer.stdout


def _certificate() -> dict[str, Any]:
    """Return some certificate of the committed ledger."""
    ledger = json.loads((ROOT / "ledger.json").read_text(encoding="utf-8"))
    for claim in ledger["claims"]:
        for evidence in claim["evidence"]:
            if evidence["kind"] == "certificate":
                document: dict[str, Any] = evidence["document"]
                return document
    raise WheelError("ledger.json holds no certificate to try")


def _write(path: Path, document: Mapping[str, Any]) -> str:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path.name


def check_installed(wheel: Path, folder: Path) -> None:
    """Install the wheel into a new environment and use it from an empty folder."""
    environment = folder / "environment"
    venv.create(environment, with_pip=True)
    python = str(environment / "bin" / "python")
    constraints = str(ROOT / "constraints.txt")
    quiet = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    _run([python, *quiet, "--constraint", constraints, str(wheel)], folder)
    empty = folder / "empty"
    empty.mkdir()
    homeostat = str(environment / "bin" / "homeostat")
    _run([homeostat, "--help"], empty)
    small = ["--l0=1", "--l-a=1", "--l-b=3", "--q=2/5", "--steps=5", "--json"]
    steps = json.loads(_run([homeostat, "trajectory", *small], empty))["steps"]
    if steps[-1]["spread_theory"] != "989/3125":
        raise WheelError(f"trajectory: spread_theory={steps[-1]['spread_theory']} at t=5")
    code = "from homeostat.counterexamples import corpus; import json; " + (
        "print(json.dumps([witness.to_json() for witness in corpus()]))"
    )
    witnesses = json.loads(_run([python, "-c", code], empty))
    if not witnesses:
        raise WheelError("the installed corpus is empty")
    _run([homeostat, "replay", _write(empty / "witness.json", witnesses[0])], empty)
    _run([homeostat, "check", _write(empty / "certificate.json", _certificate())], empty)
    _run([homeostat, "data", "list"], empty)
    fuzzed = json.loads(_run([homeostat, "fuzz", "aging-queue", "--examples=5", "--json"], empty))
    if not any(entry["steps"] for entry in fuzzed["properties"]):
        raise WheelError("the installed state machines took no step")


def check_kernel(wheel: Path, folder: Path) -> None:
    """Run the kernel from the unpacked wheel without any third-party package."""
    unpacked = folder / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    good = _certificate()
    corrupted = {**good, "sha256": "0" * 64}
    # -S leaves out site-packages; -I is not used, since it would ignore PYTHONPATH.
    command = [sys.executable, "-S", "-m", "homeostat.proofs.kernel"]
    _run([*command, _write(folder / "good.json", good)], folder, path=str(unpacked))
    _run(
        [*command, _write(folder / "bad.json", corrupted)],
        folder,
        code=REJECTED,
        path=str(unpacked),
    )


def main(folder: Path) -> int:
    """Check the one wheel in a folder; return the exit code."""
    (wheel,) = folder.resolve().glob("*.whl")
    try:
        with zipfile.ZipFile(wheel) as archive:
            check_file_list(archive.namelist(), source_files(ROOT))
        print(f"ok: {wheel.name} holds every file of src/homeostat and nothing else")
        with tempfile.TemporaryDirectory() as temporary:
            check_installed(wheel, Path(temporary))
            check_kernel(wheel, Path(temporary))
    except WheelError as error:
        print(f"check_wheel: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
