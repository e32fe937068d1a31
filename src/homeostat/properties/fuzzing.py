"""Runs a suite: each property in turn or in parallel, and one result for all."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from homeostat.errors import InvalidInputError
from homeostat.properties.results import FuzzResult, PropertyResult
from homeostat.properties.runner import run_property
from homeostat.properties.statements import AnyProperty, Suite
from homeostat.properties.suites import SUITES
from homeostat.properties.targets import Target

__all__ = ["EXAMPLES_DEFAULT", "assert_suite", "chosen_properties", "find_suite", "fuzz"]

EXAMPLES_DEFAULT = 200
"""Cases of each property when nothing else is asked for."""


def find_suite(name: str) -> Suite:
    """Return a suite by name.

    Raises:
        InvalidInputError: There is no suite of that name.
    """
    found = SUITES.get(name)
    if found is None:
        raise InvalidInputError(f"suite {name!r} must be one of {sorted(SUITES)}")
    return found


def chosen_properties(
    suite: Suite, target: str | None, only: Sequence[str] | None
) -> tuple[AnyProperty, ...]:
    """Return what a run would try.

    Args:
        suite: The suite.
        target: An implementation to try instead of the reference, or None.
        only: Names to choose, or None for all.

    Raises:
        InvalidInputError: The target does not load, or a name is not known.
    """
    if target is not None:
        Target(target).load()
    properties = suite.properties if target is None else suite.conformance(target)
    if only is None:
        return properties
    if not only:
        raise InvalidInputError(f"only={only!r} must name at least one property")
    known = {p.name: p for p in properties}
    for name in only:
        if name not in known:
            raise InvalidInputError(f"property {name!r} must be one of {list(known)}")
    return tuple(p for p in properties if p.name in set(only))


def _results(
    properties: Sequence[AnyProperty], *, examples: int, seed: int, jobs: int
) -> Iterator[tuple[PropertyResult, bool]]:
    """Yield results as they come; several processes do not keep the order."""
    if jobs == 1:
        for property_ in properties:
            yield run_property(property_, examples=examples, seed=seed)
        return
    from joblib import Parallel, delayed

    calls = (delayed(run_property)(p, examples=examples, seed=seed) for p in properties)
    # In batches or in order, what is done would wait for what is not, and Ctrl-C would lose it.
    found = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)(calls)
    try:
        for result in found:  # noqa: UP028 - `yield from` would close it outside of the block below
            yield result
    finally:
        with warnings.catch_warnings():
            # joblib warns of tasks that nobody waits for, as after Ctrl-C.
            warnings.simplefilter("ignore", UserWarning)
            found.close()


def fuzz(
    suite: str | Suite,
    *,
    examples: int = EXAMPLES_DEFAULT,
    seed: int = 0,
    jobs: int = 1,
    target: str | None = None,
    only: Sequence[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> FuzzResult:
    """Try every property of a suite; Ctrl-C keeps what was found.

    Equal arguments give equal results, whatever ``jobs`` is.

    Args:
        suite: A suite, or its name in ``SUITES``.
        examples: Cases of each property, >= 1.
        seed: Any integer.
        jobs: Processes; -1 for one a core.
        target: ``module:callable`` or ``path/to/file.py:callable``: an implementation to
            compare with the reference, instead of trying the reference itself.
        only: Names of the properties to try; all when None.
        progress: Called with one line for each property that is done.

    Raises:
        InvalidInputError: An argument breaks its rule, or the target does not load.
    """
    found = find_suite(suite) if isinstance(suite, str) else suite
    if isinstance(examples, bool) or not isinstance(examples, int) or not examples >= 1:
        raise InvalidInputError(f"examples={examples!r} must be an integer >= 1")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise InvalidInputError(f"seed={seed!r} must be an integer")
    if isinstance(jobs, bool) or not isinstance(jobs, int) or not (jobs >= 1 or jobs == -1):
        raise InvalidInputError(f"jobs={jobs!r} must be an integer >= 1, or -1")
    properties = chosen_properties(found, target, only)
    results: list[PropertyResult] = []
    interrupted = False
    with suppress(KeyboardInterrupt):
        for result, stopped in _results(properties, examples=examples, seed=seed, jobs=jobs):
            results.append(result)
            if progress is not None:
                progress(f"{len(results)}/{len(properties)} {result.line()}")
            if stopped:
                interrupted = True
                break
    order = [p.name for p in properties]
    results.sort(key=lambda result: order.index(result.name))
    return FuzzResult(
        suite=found.name,
        target=target,
        examples=examples,
        seed=seed,
        results=tuple(results),
        interrupted=interrupted or len(results) < len(properties),
    )


def assert_suite(
    suite: str | Suite,
    *,
    examples: int = EXAMPLES_DEFAULT,
    seed: int = 0,
    jobs: int = 1,
    target: str | None = None,
    only: Sequence[str] | None = None,
) -> None:
    """Run a suite inside a test, and fail the test unless all is as expected.

    Arguments are those of ``fuzz``.

    Raises:
        AssertionError: A property that should hold was refuted, or the fuzzer did not
            refute one that is known to be false. The message has the smallest case and
            the command that repeats the run.
        KeyboardInterrupt: The run was interrupted.
    """
    result = fuzz(suite, examples=examples, seed=seed, jobs=jobs, target=target, only=only)
    if result.interrupted:
        raise KeyboardInterrupt
    wrong = [r for r in result.results if not r.as_expected]
    if wrong:
        raise AssertionError(failure_text(result, wrong))


def failure_text(result: FuzzResult, wrong: Sequence[PropertyResult]) -> str:
    """Return what a person needs to know about the properties that went wrong."""
    lines = [f"suite {result.suite!r}: {len(wrong)} of {len(result.results)} not as expected"]
    for entry in wrong:
        lines.append(f"{entry.line()}: {entry.statement}")
        if entry.reason:
            lines.append(f"    reason: {entry.reason}")
        lines += [f"    {line}" for line in entry.example_lines()]
    return "\n".join([*lines, f"repeat with: {result.replay_line}"])
