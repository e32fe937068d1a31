"""A state machine that writes down what it asked of an implementation and what came back.

A rule that calls ``self.perform(subject, "pop", now_ns)`` gets the answer, and the call is the
next entry of ``operations``. Whatever the implementation raises is a violation, not an error of
the run; an exception anywhere else in a rule is an error of ours and stays one.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn

from hypothesis.stateful import RuleBasedStateMachine

from homeostat.properties.results import Violation

__all__ = ["RecordingMachine", "ViolatedError"]

_TEXT_MAX: Final = 500
"""Characters of somebody else's text that are kept."""


class ViolatedError(Exception):
    """Tells Hypothesis that a case fails; ``homeostat.properties`` never lets it out."""


class RecordingMachine(RuleBasedStateMachine):
    """Base of the machines that a ``StatefulProperty`` runs.

    Attributes:
        operations: Calls so far, as JSON data, oldest first.
        violation: Where the implementation went wrong, None while it has not.
    """

    def __init__(self) -> None:
        """Start without operations."""
        super().__init__()
        self.operations: list[dict[str, Any]] = []
        self.violation: Violation | None = None

    def fail(self, problem: str, **observed: object) -> NoReturn:
        """End the run: the last operation violates the property.

        Args:
            problem: What is wrong, in a sentence.
            **observed: The figures that show it.
        """
        figures = {name: str(value) for name, value in observed.items()}
        self.violation = Violation(len(self.operations), {"problem": problem, **figures})
        raise ViolatedError(problem)

    def perform(
        self,
        subject: Any,
        method: str,
        *arguments: Any,
        refusal: type[Exception] | None = None,
        **named: Any,
    ) -> Any:
        """Call a method of the implementation, and write down the call and its answer.

        Args:
            subject: The implementation, or what makes one if ``method`` is ``__call__``.
            method: Name of the method.
            *arguments: Passed on.
            refusal: The exception that this call has to raise; None if it must not raise.
            **named: Passed on.

        Returns:
            What the method returned; None after a refusal.
        """
        entry: dict[str, Any] = {"call": method, "arguments": [_data(a) for a in arguments]}
        if named:
            entry["named"] = {name: _data(value) for name, value in named.items()}
        self.operations.append(entry)
        try:
            answer = getattr(subject, method)(*arguments, **named)
        except (Exception, SystemExit) as error:  # whatever it raises is what it does
            entry["raised"] = _raised(error)
            if refusal is None or not isinstance(error, refusal):
                self.fail(f"{method} must not raise this", raised=entry["raised"])
            return None
        entry["returned"] = _data(answer)
        if refusal is not None:
            self.fail(f"{method} must raise {refusal.__name__}", returned=repr(answer)[:_TEXT_MAX])
        return answer

    def observe(self, what: str, question: Callable[[], Any]) -> Any:
        """Ask the implementation for something that is no operation, such as its length."""
        try:
            return question()
        except (Exception, SystemExit) as error:
            return self.fail(f"{what} must not raise", raised=_raised(error))

    def check(self, subject: Any) -> None:
        """Have the implementation assert its own invariants, if it has a ``_check``."""
        if callable(getattr(subject, "_check", None)):
            self.observe("its own _check", subject._check)


def _raised(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:_TEXT_MAX]


def _data(value: Any) -> Any:
    """Return a value as JSON data; what JSON has no form for, by its type.

    A ``repr`` may hold an address, which differs between equal runs.
    """
    if value is None or type(value) in (bool, int, str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _data(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_data(item) for item in value]
    return float(value) if type(value) is float else f"<{type(value).__name__}>"
