import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEDGER = {"claims": [{"id": "a.b", "title": "one | two", "verdict": "refuted"}]}


def _load(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


readme_verdicts = _load("readme_verdicts")
check_wheel = _load("check_wheel")


def test_the_readme_shows_the_verdicts_of_the_ledger() -> None:
    readme = (ROOT / "README.md").read_text()
    ledger = json.loads((ROOT / "ledger.json").read_text())
    assert readme_verdicts.updated(readme, ledger) == readme


def test_a_changed_verdict_changes_the_table_and_nothing_else() -> None:
    page = f"before\n{readme_verdicts.BEGIN}\nold\n{readme_verdicts.END}\nafter\n"
    new = readme_verdicts.updated(page, LEDGER)
    assert "| `a.b` | one \\| two | refuted |" in new
    assert "old" not in new
    assert new.startswith("before\n")
    assert new.endswith("\nafter\n")
    assert readme_verdicts.updated(new, LEDGER) == new


def test_a_readme_without_markers_is_an_error() -> None:
    with pytest.raises(ValueError, match="once each"):
        readme_verdicts.updated("nothing", LEDGER)


def test_a_file_that_the_wheel_lacks_or_adds_is_seen() -> None:
    expected = {"homeostat/a.py", "homeostat/b.json"}
    information = "homeostat-0.1.0.dist-info/METADATA"
    check_wheel.check_file_list([*expected, information], expected)
    with pytest.raises(check_wheel.WheelError, match=r"missing from the wheel: \['homeostat/b"):
        check_wheel.check_file_list(["homeostat/a.py", information], expected)
    with pytest.raises(check_wheel.WheelError, match=r"wheel only: \['models/a.py'\]"):
        check_wheel.check_file_list([*expected, "models/a.py"], expected)


def test_the_wheel_must_hold_the_data_of_every_part() -> None:
    names = check_wheel.source_files(ROOT)
    for ending in ("py.typed", "witness.schema.json", "ledger.schema.json", ".css", ".jinja"):
        assert any(name.endswith(ending) for name in names), ending
    assert any("/corpus/" in name for name in names)
    assert not any("__pycache__" in name for name in names)
