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
from hypothesis.stateful import run_state_machine_as_test

from homeostat.errors import HomeostatError
from homeostat.properties.machines.recording import RecordingMachine, ViolatedError
from homeostat.properties.results import PropertyResult, Violation
from homeostat.properties.statements import (
    AnyProperty,
    Property,
    StatefulProperty,
    sequence_example,
)

__all__ = ["CANARY_EXAMPLES_MIN", "run_property"]

CANARY_EXAMPLES_MIN: Final = 1500
"""A false property may take this many cases even where fewer examples are asked for.

It stops at the first that violates it, so this costs nothing but where the fuzzer is
nearly blind. The rarest violations known take about one case in a hundred.
"""


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
    steps: int = 0
    found: tuple[Any, Violation] | None = None
    machine: RecordingMachine | None = None

    def close(self) -> None:
        """Count what the last machine did, and keep where it went wrong."""
        machine, self.machine = self.machine, None
        if machine is None:
            return
        if self.found is None:
            self.cases += 1
            self.steps += len(machine.operations)
        if machine.violation is not None:
            # Hypothesis runs the smallest failing case last, so the last is kept.
            self.found = (machine.operations, machine.violation)


def _settings(examples: int, steps: int = 1, *, shrinks: bool = True) -> hypothesis.settings:
    return hypothesis.settings(
        max_examples=examples,
        stateful_step_count=steps,
        database=None,
        deadline=None,
        derandomize=False,
        backend="hypothesis",
        phases=(Phase.generate, Phase.shrink) if shrinks else (Phase.generate,),
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


def _interruptible(heard: threading.Event) -> None:
    if heard.is_set():
        raise KeyboardInterrupt


def _try_cases(
    property_: Property, record: _Record, examples: int, seed: int, heard: threading.Event
) -> None:
    @hypothesis.seed(seed)
    @_settings(examples)
    @hypothesis.given(property_.cases().map(_Shown))
    def attempt(shown: _Shown) -> None:
        _interruptible(heard)
        case = shown.case
        hypothesis.assume(property_.admits(case))
        record.cases += record.found is None
        violation = property_.check(case)
        if violation is not None:
            # Hypothesis runs the smallest failing case last, so the last is kept.
            record.found = (case, violation)
            raise ViolatedError

    attempt()


def _shrinks(property_: AnyProperty) -> bool:
    """Return whether a violation is shrunk.

    Of a false property it is enough that it fell, and operations take seconds to shrink.
    """
    return property_.holds or isinstance(property_, Property)


def _try_machines(
    property_: StatefulProperty, record: _Record, examples: int, seed: int, heard: threading.Event
) -> None:
    @hypothesis.seed(seed)
    def begin() -> RecordingMachine:
        _interruptible(heard)
        record.close()
        record.machine = property_.machine()
        return record.machine

    settings = _settings(examples, property_.steps, shrinks=_shrinks(property_))
    try:
        # It takes any callable that returns a machine, whatever its annotation says.
        run_state_machine_as_test(begin, settings=settings)  # type: ignore[arg-type]
    finally:
        record.close()


def _try(property_: AnyProperty, record: _Record, examples: int, seed: int) -> None:
    own_seed = _seed(seed, property_.name)
    with _without_constants(), _heard_interrupts() as heard:
        if isinstance(property_, StatefulProperty):
            _try_machines(property_, record, examples, own_seed, heard)
        else:
            _try_cases(property_, record, examples, own_seed, heard)


def run_property(
    property_: AnyProperty, *, examples: int, seed: int
) -> tuple[PropertyResult, bool]:
    """Try a property on random cases or operations, and shrink the first that violates it.

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
    except ViolatedError:
        minimal = _shrinks(property_)
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
    result = _result(property_, record, outcome, reason=reason, interrupted=interrupted)
    return result, interrupted


def _refuted(
    property_: AnyProperty, record: _Record, *, minimal: bool, reason: str | None
) -> PropertyResult:
    assert record.found is not None
    case, violation = record.found
    if isinstance(property_, StatefulProperty):
        example: Mapping[str, Any] = sequence_example(case, violation)
    else:
        try:
            example = property_.example(case, violation)
        except HomeostatError as error:
            return _result(property_, record, "unknown", reason=f"did not replay: {error}")
    return _result(property_, record, "refuted", example=example, minimal=minimal, reason=reason)


def _result(
    property_: AnyProperty,
    record: _Record,
    outcome: Any,
    *,
    example: Mapping[str, Any] | None = None,
    minimal: bool = False,
    reason: str | None = None,
    interrupted: bool = False,
) -> PropertyResult:
    return PropertyResult(
        name=property_.name,
        claim_id=property_.claim_id,
        statement=property_.statement,
        holds=property_.holds,
        outcome=outcome,
        cases=record.cases,
        steps=record.steps if isinstance(property_, StatefulProperty) else None,
        example=example,
        minimal=minimal,
        reason=reason,
        interrupted=interrupted,
    )
