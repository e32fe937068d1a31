"""What trying a property or a suite found, as data; equal seeds give equal JSON.

Vocabulary
    survived: every case tried satisfies the property. It is not proved.
    refuted: a case violates it; ``example`` is the case.
    unknown: nothing is claimed. Also said of a property that is known to be false and
        that the fuzzer failed to refute: that casts doubt on the fuzzer, so it is never
        counted as survived.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

__all__ = ["SCHEMA", "FuzzResult", "Outcome", "PropertyResult", "Violation"]

SCHEMA: Final = "homeostat.fuzz/1"

Outcome: TypeAlias = Literal["survived", "refuted", "unknown"]


@dataclass(frozen=True, slots=True)
class Violation:
    """Where one case violates a property.

    Attributes:
        step: The step t at which it does, counting operations where there are some; 0 where
            the property speaks of no step.
        observed: The figures that show it, as exact text.
    """

    step: int
    observed: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyResult:
    """What trying one property found.

    Attributes:
        name: The property's name in its suite.
        claim_id: Id of the ledger's claim that it tries, None where it tries an
            implementation and not a claim.
        statement: What it says.
        holds: Whether it is expected to hold; a false one tries the fuzzer.
        outcome: ``survived``, ``refuted`` or ``unknown``.
        cases: Cases tried, up to and with the first that violates it.
        steps: Operations that these cases performed; None where a case has no operations.
        example: The violating case: what was given, step, observed; None if none.
        minimal: Whether the example is the end of shrinking.
        reason: Why the outcome is unknown, or what else there is to say.
        interrupted: Whether Ctrl-C came before there was an outcome; it is unknown then.
    """

    name: str
    claim_id: str | None
    statement: str
    holds: bool
    outcome: Outcome
    cases: int
    steps: int | None = None
    example: Mapping[str, Any] | None = None
    minimal: bool = False
    reason: str | None = None
    interrupted: bool = False

    @property
    def as_expected(self) -> bool:
        """Whether a true property survived, or a false one was refuted."""
        return self.outcome == ("survived" if self.holds else "refuted")

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON data."""
        return {
            "name": self.name,
            "claim": self.claim_id,
            "statement": self.statement,
            "expected": "survived" if self.holds else "refuted",
            "outcome": self.outcome,
            "as_expected": self.as_expected,
            "cases": self.cases,
            "steps": self.steps,
            "example": None if self.example is None else dict(self.example),
            "minimal": self.minimal,
            "reason": self.reason,
        }

    def line(self) -> str:
        """Return the result in one line for a person."""
        expectation = "as expected" if self.as_expected else "NOT AS EXPECTED"
        if self.interrupted:
            expectation = "interrupted"
        steps = "" if self.steps is None else f", {self.steps} steps"
        return f"{self.outcome} {self.name}: {self.cases} cases{steps}, {expectation}"

    def example_lines(self) -> list[str]:
        """Return the violating case for a person; of operations, one a line."""
        lines = []
        for name, value in (self.example or {}).items():
            if name == "operations":
                lines.append("operations:")
                lines += [f"    {_call_text(operation)}" for operation in value]
            else:
                lines.append(f"{name}: {value}")
        return lines


def _call_text(operation: Mapping[str, Any]) -> str:
    arguments = [repr(a) for a in operation["arguments"]]
    arguments += [f"{name}={value!r}" for name, value in operation.get("named", {}).items()]
    outcome = (
        f"raises {operation['raised']}"
        if "raised" in operation
        else f"returns {operation.get('returned')!r}"
    )
    return f"{operation['call']}({', '.join(arguments)}) {outcome}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzResult:
    """What a run of a suite found; no clock or machine enters it.

    Attributes:
        suite: Name of the suite.
        target: ``module:callable`` that was tried, None for the reference itself.
        examples: Cases asked for of each property.
        seed: Seed of the run.
        results: One entry a property that was finished or begun, in the suite's order.
        interrupted: Whether the run was stopped before its end.
    """

    suite: str
    target: str | None
    examples: int
    seed: int
    results: tuple[PropertyResult, ...]
    interrupted: bool = False

    @property
    def verdict(self) -> Outcome:
        """Refuted if a property that should hold does not; survived if all is as expected."""
        if any(r.holds and r.outcome == "refuted" for r in self.results):
            return "refuted"
        if self.results and not self.interrupted and all(r.as_expected for r in self.results):
            return "survived"
        return "unknown"

    @property
    def exit_code(self) -> int:
        """0 survived, 20 refuted, 30 unknown, 130 interrupted with nothing refuted."""
        if self.interrupted and self.verdict != "refuted":
            return 130
        return {"survived": 0, "refuted": 20, "unknown": 30}[self.verdict]

    @property
    def replay_line(self) -> str:
        """The command that repeats this run."""
        target = f" --target {self.target}" if self.target else ""
        return f"homeostat fuzz {self.suite} --examples {self.examples} --seed {self.seed}{target}"

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON data, schema ``homeostat.fuzz/1``."""
        return {
            "schema": SCHEMA,
            "suite": self.suite,
            "target": self.target,
            "examples": self.examples,
            "seed": self.seed,
            "interrupted": self.interrupted,
            "verdict": self.verdict,
            "replay": self.replay_line,
            "properties": [result.to_json() for result in self.results],
        }
