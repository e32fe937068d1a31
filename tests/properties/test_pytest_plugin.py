"""The plugin, tried in a pytest of its own."""

from importlib.metadata import entry_points
from pathlib import Path

import pytest

import homeostat

BROKEN = Path(__file__).parents[1] / "canaries" / "broken_targets.py"
INSTALLED = any(
    e.value == "homeostat.properties.pytest_plugin" for e in entry_points(group="pytest11")
)
# An installed package registers the plugin itself; a second registration is an error.
PLUGIN = () if INSTALLED else ("-p", "homeostat.properties.pytest_plugin")


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess(*PLUGIN, "-p", "no:cacheprovider", *options)


def test_a_suite_on_the_command_line_is_a_test_a_property(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        *("--homeostat-suite", "batching", "--homeostat-examples", "5"),
        *("-k", "token_balance or delta_at_peak or merge_exact", "-v"),
    )
    result.assert_outcomes(passed=3, deselected=40)
    result.stdout.fnmatch_lines(["*homeostat::batching::token_balance PASSED*"])


def test_suites_run_beside_the_users_own_tests(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_own(): pass")
    result = run(
        pytester,
        *("--homeostat-suite", "batching", "--homeostat-examples", "3"),
        *("-k", "test_own or token_balance"),
    )
    assert result.parseoutcomes()["passed"] == 2


def test_a_broken_target_fails_with_the_case_and_the_line_that_repeats_it(
    pytester: pytest.Pytester,
) -> None:
    target = f"{BROKEN}:evicts_the_oldest"
    result = run(
        pytester,
        *("--homeostat-suite", "batching", "--homeostat-target", target),
        *("--homeostat-examples", "60", "-k", "agrees_in_fractions"),
    )
    result.assert_outcomes(failed=1, deselected=7)
    result.stdout.fnmatch_lines(
        [
            "*refuted agrees_in_fractions*",
            "*parameters: *",
            f"repeat with: homeostat fuzz batching --examples 60 --seed 0 --target {target}",
        ]
    )
    result.stdout.no_fnmatch_line("*runner.py*")


@pytest.mark.slow
def test_a_right_target_passes(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        *("--homeostat-suite", "batching", "--homeostat-target", f"{BROKEN}:own"),
        *("--homeostat-examples", "10"),
    )
    result.assert_outcomes(passed=8)


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (("--homeostat-suite", "speed"), "suite 'speed' must be one of"),
        (
            ("--homeostat-suite", "batching", "--homeostat-target", "no.module:x"),
            "target 'no.module:x' does not load",
        ),
        (
            ("--homeostat-suite", "batching", "--homeostat-examples", "0"),
            "--homeostat-examples=0 must be an integer >= 1",
        ),
    ],
)
def test_a_wrong_option_is_a_usage_error(
    pytester: pytest.Pytester, options: tuple[str, ...], shown: str
) -> None:
    result = run(pytester, *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{shown}*"])


@pytest.mark.slow
def test_one_line_in_a_test_file_runs_a_suite(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from homeostat.properties import assert_suite

        def test_batching():
            assert_suite("batching", examples=5, only=["token_balance", "g_dominance"])

        def test_with_the_options_of_the_command_line(homeostat_suite):
            homeostat_suite("batching", only=["token_balance"])
        """
    )
    run(pytester).assert_outcomes(passed=2)


@pytest.mark.slow
def test_a_session_that_runs_no_suite_imports_no_hypothesis(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It runs in a folder of its own, from where a relative path would lead nowhere.
    monkeypatch.setenv("PYTHONPATH", str(Path(homeostat.__file__).parents[1]))
    pytester.makepyfile(
        """
        import sys

        def test_light():
            assert not {"hypothesis", "numpy", "joblib"} & set(sys.modules)
        """
    )
    result = pytester.runpytest_subprocess(*PLUGIN, "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
