"""The kernel as a program: in a bare Python, on a file, by its exit code."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from homeostat.proofs import kernel
from homeostat.proofs.mutation.scoring import TRUSTED

SOURCE = Path(kernel.__file__).parents[2]
Json = dict[str, Any]

# A Python without site-packages, environment or working folder, told where ours lies.
BARE = [sys.executable, "-I", "-S", "-c"]
RUN = f"""
import runpy, sys
sys.path.insert(0, {str(SOURCE)!r})
before = set(sys.modules)
sys.argv = ["kernel", *sys.argv[1:]]
try:
    runpy.run_module("homeostat.proofs.kernel", run_name="__main__")
except SystemExit as end:
    loaded = sorted(set(sys.modules) - before)
    sys.stderr.write("\\n" + " ".join(loaded))
    raise
"""


def alone(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*BARE, RUN, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def paper(tmp_path: Path, certificate: Callable[[str], Json]) -> Path:
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(certificate("batching.token_balance.2"), indent=3))
    return path


def test_a_bare_python_accepts_and_loads_nothing_but_the_kernel(paper: Path) -> None:
    answer = alone(str(paper))
    assert answer.returncode == 0
    assert answer.stdout.startswith("accepted: scan ")
    loaded = set(answer.stderr.split())
    assert loaded, "the modules were not listed"
    ours = {name for name in loaded if name.partition(".")[0] == "homeostat"}
    assert ours == {
        "homeostat",
        "homeostat.proofs",
        "homeostat.proofs.airlocks",
        "homeostat.proofs.automata",
        "homeostat.proofs.barriers",
        "homeostat.proofs.caches",
        "homeostat.proofs.cases",
        "homeostat.proofs.chains",
        "homeostat.proofs.enclosures",
        "homeostat.proofs.figures",
        "homeostat.proofs.games",
        "homeostat.proofs.implication",
        "homeostat.proofs.langevin",
        "homeostat.proofs.polynomials",
        "homeostat.proofs.roots",
        "homeostat.proofs.systems",
        "homeostat.proofs.trees",
    }
    foreign = {name.partition(".")[0] for name in loaded - ours} - set(sys.stdlib_module_names)
    assert foreign == set()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("{}", 40),
        ("[]", 40),
        ("null", 40),
        ("{", 40),
        ("", 40),
        ("\ud800", 40),
        ("[" * 100_000, 40),
        ("1" * 5000, 40),
        (None, 2),
    ],
    ids=["empty", "list", "null", "cut", "nothing", "no text", "deep", "long number", "missing"],
)
def test_a_file_that_is_no_certificate_is_told_by_the_exit_code(
    tmp_path: Path, content: str | None, code: int
) -> None:
    path = tmp_path / "file.json"
    if content is not None:
        path.write_text(content, encoding="utf-8", errors="surrogatepass")
    answer = alone(str(path))
    assert answer.returncode == code
    assert "Traceback" not in answer.stderr
    assert answer.stdout.startswith("rejected: ") is (code == 40)


def test_exit_codes_are_the_same_when_called(
    tmp_path: Path, paper: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kernel.main([str(paper)]) == 0
    spoiled = tmp_path / "spoiled.json"
    spoiled.write_text(paper.read_text().replace("y + w*n_S = B", "y + w*n_S = 2*B"))
    assert kernel.main([str(spoiled)]) == 40
    assert "the content is not the one hashed" in capsys.readouterr().out
    for arguments in ([], [str(tmp_path)], [str(tmp_path / "none.json")]):
        assert kernel.main(arguments) == 2
        assert "usage" in capsys.readouterr().err


def test_a_file_beyond_the_size_is_rejected_unread(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "FILE_BYTES_MAX", 100)
    path = tmp_path / "large.json"
    path.write_text(" " * 101)
    assert kernel.main([str(path)]) == 40
    assert "larger" in capsys.readouterr().out


def test_the_kernel_can_be_read_in_one_sitting() -> None:
    lines = Path(kernel.__file__).read_text().splitlines()
    assert len(lines) < 400
    assert max(map(len, lines)) <= 100
    for name in TRUSTED:
        assert len(Path(kernel.__file__).with_name(name).read_text().splitlines()) < 400
