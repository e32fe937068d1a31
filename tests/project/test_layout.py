import ast
import importlib
import pkgutil
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import homeostat

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("models", "counterexamples", "proofs", "properties", "runtime")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SOURCES = sorted((ROOT / "src").rglob("*.py"))
PYTHON_FILES = (
    SOURCES + sorted((ROOT / "tests").rglob("*.py")) + sorted((ROOT / "tools").rglob("*.py"))
)


def _modules() -> Iterator[ModuleType]:
    yield homeostat
    for found in pkgutil.walk_packages(homeostat.__path__, "homeostat."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


MODULES = tuple(_modules())


def _constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = [line.partition("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, _, version in pinned}


def _requirements() -> list[Requirement]:
    project = PYPROJECT["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    return [Requirement(text) for group in groups for text in group]


@pytest.mark.parametrize("part", PARTS)
def test_the_link_at_the_root_leads_to_the_part(part: str) -> None:
    link = ROOT / part
    assert link.is_symlink()
    assert str(link.readlink()) == f"src/homeostat/{part}"
    assert (link / "__init__.py").is_file()


def test_nothing_imports_through_the_links() -> None:
    for path in PYTHON_FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.partition(".")[0] for name in names} & set(PARTS), path


def test_the_links_cannot_be_imported_in_a_test_run() -> None:
    assert str(ROOT) not in sys.path
    assert "" not in sys.path


def test_every_tested_version_is_in_its_range() -> None:
    pinned = _constraints()
    for requirement in _requirements():
        version = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement


def test_every_dependency_is_bounded_on_both_sides() -> None:
    for requirement in _requirements():
        assert {specifier.operator for specifier in requirement.specifier} == {">=", "<"}


def test_every_core_dependency_is_imported_somewhere() -> None:
    imported = {
        name.partition(".")[0]
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    modules = {"python-flint": "flint", "z3-solver": "z3"}
    for text in PYPROJECT["project"]["dependencies"]:
        name = Requirement(text).name
        assert modules.get(name, name) in imported, f"{name} is installed and never used"


def test_no_file_names_an_index_or_a_path_of_one_machine() -> None:
    names = ["pyproject.toml", "constraints.txt", "Makefile", ".ci/run", "README.md"]
    for name in names:
        text = (ROOT / name).read_text()
        assert not re.search(r"--(extra-)?index-url|--find-links|/home/|/root/|/opt/", text), name


def test_ci_runs_the_tests_and_the_checks() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    lines = script.read_text().splitlines()
    assert [line for line in lines if line.startswith("make ")] == ["make test", "make check"]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.__name__))
def test_every_exported_name_exists_and_is_documented(module: ModuleType) -> None:
    assert module.__doc__, module.__name__
    for name in getattr(module, "__all__", []):
        value = getattr(module, name)
        if callable(value) and getattr(value, "__module__", "").startswith("homeostat"):
            assert value.__doc__, f"{module.__name__}.{name}"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.__name__))
def test_no_exported_name_hides_a_module(module: ModuleType) -> None:
    exported = set(getattr(module, "__all__", []))
    children = {found.name for found in pkgutil.iter_modules(getattr(module, "__path__", []))}
    hidden = [
        name for name in exported & children if not isinstance(getattr(module, name), ModuleType)
    ]
    assert not hidden


def test_every_module_says_what_it_exports() -> None:
    for module in MODULES:
        public = [
            name
            for name, value in vars(module).items()
            if not name.startswith("_")
            and getattr(value, "__module__", None) == module.__name__
            and callable(value)
        ]
        if public and module is not homeostat:
            assert hasattr(module, "__all__"), module.__name__


def test_the_kernel_imports_the_standard_library_only() -> None:
    pending, seen = ["homeostat.proofs.kernel"], set[str]()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        path = ROOT / "src" / Path(*name.split("."))
        text = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text()
        for node in ast.walk(ast.parse(text)):
            imported: list[str] = []
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                imported = [node.module or ""]
            for module in imported:
                if module.startswith("homeostat"):
                    pending.append(module)
                else:
                    assert module.partition(".")[0] in sys.stdlib_module_names, (name, module)
    # One file for each way to prove; the longest is 400 lines, and all are 3,400.
    lines = sum(
        len((ROOT / "src" / f"{x.replace('.', '/')}.py").read_text().splitlines()) for x in seen
    )
    assert len(seen) <= 16, f"the kernel rests on {sorted(seen)}"
    assert lines <= 3_400, f"the kernel must be readable in a day, has {lines} lines"
