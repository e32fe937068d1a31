"""Tries one property with Hypothesis and says what came of it.

Deterministic: the cases depend on the seed, the number of examples and the versions of
this package and of Hypothesis, on nothing else. No database of earlier failures is read
or written.
"""

import hashlib
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final
from unittest import mock

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis.errors import Flaky, Unsatisfiable
from hypothesis.internal.conjecture.providers import HypothesisProvider

from homeostat.errors import HomeostatError
from homeostat.properties.results import PropertyResult, Violation
from homeostat.properties.statements import Property

__all__ = ["CANARY_EXAMPLES_MIN", "run_property"]

CANARY_EXAMPLES_MIN: Final = 1500
"""A false property may take this many cases even where fewer examples are asked for.

It stops at the first that violates it, so this costs nothing but where the fuzzer is
nearly blind. The rarest violations known take about one case in a hundred.
"""


class _ViolatedError(Exception):
    """Tells Hypothesis that a case fails; never leaves this module."""


class _Shown:
    """A case without the long text that Hypothesis would make of it for every failure."""

    def __init__(self, case: Any) -> None:
        self.case = case

    def __repr__(self) -> str:
        return "<case>"


@dataclass
class _Record:
    """What the runs of one property have seen so far."""

    cases: int = 0
    found: tuple[Any, Violation] | None = None


def _settings(examples: int) -> hypothesis.settings:
    return hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        backend="hypothesis",
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )


def _seed(seed: int, name: str) -> int:
    """Return a seed of the property's own, so that its cases do not depend on the others."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


@contextmanager
def _without_constants() -> Iterator[None]:
    """Keep Hypothesis from drawing constants that it read in the source of loaded modules.

    It does so in about one draw of twenty. Which modules are loaded differs between the
    command line, a worker and pytest, and so would the cases of one and the same seed. There is
    no public switch; a version without this method draws whatever it draws.
    """
    if not hasattr(HypothesisProvider, "_maybe_draw_constant"):
        yield
        return
    with mock.patch.object(HypothesisProvider, "_maybe_draw_constant", return_value=None):
        yield


@contextmanager
def _heard_interrupts() -> Iterator[threading.Event]:
    """Remember Ctrl-C, also where it is raised inside a callback that swallows exceptions.

    Hypothesis times the garbage collector in such a callback; an interrupt that falls into it
    would be lost. Only the main thread may set a handler; elsewhere, and where whoever started
    the process had interrupts ignored, nothing is heard.
    """
    heard = threading.Event()
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before == signal.SIG_IGN:
        yield heard
        return

    def remember(number: int, frame: FrameType | None) -> None:
        heard.set()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGINT, remember)
    try:
        yield heard
    finally:
        signal.signal(signal.SIGINT, before)


def _try(property_: Property, record: _Record, examples: int, seed: int) -> None:
    listening: list[threading.Event] = []

    @hypothesis.seed(_seed(seed, property_.name))
    @_settings(examples)
    @hypothesis.given(property_.cases().map(_Shown))
    def attempt(shown: _Shown) -> None:
        if listening[0].is_set():
            raise KeyboardInterrupt
        case = shown.case
        hypothesis.assume(property_.admits(case))
        record.cases += record.found is None
        violation = property_.check(case)
        if violation is not None:
            # Hypothesis runs the smallest failing case last, so the last is kept.
            record.found = (case, violation)
            raise _ViolatedError

    with _without_constants(), _heard_interrupts() as heard:
        listening.append(heard)
        attempt()


def run_property(property_: Property, *, examples: int, seed: int) -> tuple[PropertyResult, bool]:
    """Try a property on random cases, and shrink the first that violates it.

    Args:
        property_: What to try.
        examples: Cases to try, >= 1; a false property takes up to
            ``CANARY_EXAMPLES_MIN`` where that is more.
        seed: Seed of the run; each property derives its own from it and its name.

    Returns:
        The result, and whether Ctrl-C stopped it; what was found until then counts.
    """
    record = _Record()
    budget = examples if property_.holds else max(examples, CANARY_EXAMPLES_MIN)
    minimal, interrupted, reason = False, False, None
    try:
        _try(property_, record, budget, seed)
    except _ViolatedError:
        minimal = True
    except KeyboardInterrupt:
        interrupted, reason = True, f"interrupted after {record.cases} cases"
    except Flaky:
        reason = "a case failed and then passed: equal calls do not give equal results"
    except Unsatisfiable:
        reason = "no case satisfied the assumptions"
    if record.found is not None:
        return _refuted(property_, record, minimal=minimal, reason=reason), interrupted
    if reason is None and record.cases == 0:
        reason = "no case satisfied the assumptions"
    if reason is None and not property_.holds:
        reason = f"known to be false, yet {record.cases} cases did not show it"
    outcome: Any = "survived" if reason is None else "unknown"
    return _result(property_, outcome, cases=record.cases, reason=reason), interrupted


def _refuted(
    property_: Property, record: _Record, *, minimal: bool, reason: str | None
) -> PropertyResult:
    assert record.found is not None
    try:
        example = property_.example(*record.found)
    except HomeostatError as error:
        return _result(property_, "unknown", cases=record.cases, reason=f"did not replay: {error}")
    return _result(
        property_,
        "refuted",
        cases=record.cases,
        example=example,
        minimal=minimal,
        reason=reason,
    )


def _result(
    property_: Property,
    outcome: Any,
    *,
    cases: int,
    example: Mapping[str, Any] | None = None,
    minimal: bool = False,
    reason: str | None = None,
) -> PropertyResult:
    return PropertyResult(
        name=property_.name,
        claim_id=property_.claim_id,
        statement=property_.statement,
        holds=property_.holds,
        outcome=outcome,
        cases=cases,
        example=example,
        minimal=minimal,
        reason=reason,
    )
