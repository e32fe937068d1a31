import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from homeostat.cli import run


@dataclass(frozen=True)
class Answer:
    """What one command line answered."""

    code: int
    out: str
    err: str

    def json(self, schema: str | None = None) -> dict[str, Any]:
        """Return stdout as JSON, valid against the published schema of that name."""
        document: dict[str, Any] = json.loads(self.out)
        if schema is not None:
            text = (resources.files("homeostat.cli") / f"schemas/{schema}.schema.json").read_text()
            jsonschema.validate(document, json.loads(text))
        return document


Cli = Callable[..., Answer]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """Run command lines in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERMINAL_WIDTH", "200")
    monkeypatch.setenv("COLUMNS", "200")

    def answer(*arguments: str) -> Answer:
        code = run(arguments)
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return answer
