"""Pytest plugin ``homeostat``: run a property suite from the command line or a fixture.

``pytest --homeostat-suite batching`` adds a test for each property of the suite to
whatever else is collected; ``--homeostat-target module:callable`` tries that
implementation instead of the reference. A test that takes the fixture
``homeostat_suite`` calls it with a suite's name and gets the same options.

pytest imports this module in every session, so it imports neither Hypothesis nor NumPy
until a suite is asked for.
"""

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from homeostat.errors import InvalidInputError

if TYPE_CHECKING:
    from homeostat.properties.statements import AnyProperty

__all__ = [
    "homeostat_suite",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
]

_EXAMPLES_DEFAULT = 100


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("homeostat", "property suites of homeostat")
    group.addoption(
        "--homeostat-suite",
        action="append",
        default=[],
        metavar="NAME",
        help="run the properties of this suite as tests; may be given again",
    )
    group.addoption(
        "--homeostat-target",
        metavar="MODULE:CALLABLE",
        help="compare this implementation with the suite's reference",
    )
    group.addoption(
        "--homeostat-examples",
        type=int,
        default=_EXAMPLES_DEFAULT,
        metavar="N",
        help=f"cases of each property (default: {_EXAMPLES_DEFAULT})",
    )
    group.addoption("--homeostat-seed", type=int, default=0, metavar="N", help="seed (default: 0)")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a bad number once, and not in every test."""
    examples = config.getoption("--homeostat-examples")
    if examples < 1:
        raise pytest.UsageError(f"--homeostat-examples={examples} must be an integer >= 1")


class _SuiteCollector(pytest.Collector):
    """The properties of one suite, as tests."""

    def collect(self) -> Iterator["_PropertyItem"]:
        """Yield one test a property."""
        from homeostat.properties.fuzzing import chosen_properties, find_suite

        target = self.config.getoption("--homeostat-target")
        try:
            properties = chosen_properties(find_suite(self.name), target, None)
        except InvalidInputError as error:
            raise pytest.UsageError(str(error)) from error
        for property_ in properties:
            yield _PropertyItem.from_parent(self, name=property_.name, property_=property_)


class _PropertyItem(pytest.Item):
    """One property; fails unless it comes out as expected."""

    def __init__(self, *, property_: "AnyProperty", **options: Any) -> None:
        super().__init__(**options)
        self.property_ = property_

    def runtest(self) -> None:
        """Run the property with the options of the command line."""
        from homeostat.properties.fuzzing import assert_suite, find_suite

        assert self.parent is not None
        assert_suite(
            find_suite(self.parent.name),
            only=(self.property_.name,),
            **_run_options(self.config),
        )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the counterexample alone: a traceback through the fuzzer tells nothing."""
        if isinstance(excinfo.value, AssertionError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Return where the test stands: a suite stands in no file of the user's."""
        assert self.parent is not None
        return self.config.rootpath, None, f"homeostat {self.parent.name}: {self.name}"


def _run_options(config: pytest.Config) -> dict[str, Any]:
    return {
        "examples": config.getoption("--homeostat-examples"),
        "seed": config.getoption("--homeostat-seed"),
        "target": config.getoption("--homeostat-target"),
    }


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add the asked-for suites, before ``-k`` and other plugins choose among the tests."""
    for name in dict.fromkeys(config.getoption("--homeostat-suite")):
        collector = _SuiteCollector.from_parent(session, name=name, nodeid=f"homeostat::{name}")
        items.extend(collector.collect())


@pytest.fixture
def homeostat_suite(pytestconfig: pytest.Config) -> Callable[..., None]:
    """Return ``assert_suite`` with the options of the command line filled in."""

    def run(suite: str, **options: Any) -> None:
        from homeostat.properties.fuzzing import assert_suite

        assert_suite(suite, **{**_run_options(pytestconfig), **options})

    return run
