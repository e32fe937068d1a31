import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from homeostat.cli import ExitCode, app

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    *(f"docs/{p.name}" for p in sorted((ROOT / "docs").glob("*.md"))),
)
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def _commands(page: str) -> list[str]:
    text = (ROOT / page).read_text()
    blocks = re.findall(r"```(?:sh|console)\n(.*?)```", text, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line.partition("#")[0].strip() for line in lines]


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_on_a_page_exists(page: str) -> None:
    named = set(re.findall(r"`make ([a-z]+)", (ROOT / page).read_text()))
    named |= {line.split()[1] for line in _commands(page) if line.startswith("make ")}
    assert named <= TARGETS


@pytest.mark.parametrize("page", PAGES)
def test_every_command_on_a_page_has_options_that_exist(page: str) -> None:
    for line in _commands(page):
        words = shlex.split(line)
        if words[:1] == ["homeostat"] and len(words) > 1 and not words[1].startswith("-"):
            command: Any = get_command(app)
            while hasattr(command, "commands"):
                command = command.commands[words[1]]
                words = words[1:]
            options = {o for parameter in command.params for o in parameter.opts}
            assert {word for word in words[1:] if word.startswith("--")} <= options, line


def test_readme_has_the_two_commands() -> None:
    assert {"make report", "make test"} <= set(_commands("README.md"))


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in PAGES:
        folder = (ROOT / page).parent
        for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text()):
            if "://" not in target:
                assert (folder / target).exists(), f"{page} -> {target}"


def test_the_page_of_the_command_line_lists_every_command_and_exit_code() -> None:
    text = (ROOT / "docs/cli.md").read_text()
    groups = [group.typer_instance for group in app.registered_groups]
    names = [str(command.name) for command in app.registered_commands]
    names += [f"{g.info.name} {c.name}" for g in groups if g for c in g.registered_commands]
    assert len(names) > len(app.registered_commands)
    for name in names:
        assert f"## homeostat {name}\n" in text
    table = {int(code) for code in re.findall(r"^\| ([0-9]+) \|", text, flags=re.MULTILINE)}
    assert table == set(ExitCode)


def test_contributing_fits_one_screen() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text().splitlines()) <= 60


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
