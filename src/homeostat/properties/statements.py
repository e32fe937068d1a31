"""A property: cases and a check of one, or a state machine; and whether it should hold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from hypothesis.strategies import SearchStrategy

from homeostat.models.batching import BatchingParameters, Pair
from homeostat.properties.machines.recording import RecordingMachine
from homeostat.properties.results import Violation

__all__ = [
    "AnyProperty",
    "Case",
    "Property",
    "StatefulProperty",
    "Suite",
    "case_example",
    "given_example",
    "property_of",
    "sequence_example",
]

Case: TypeAlias = BatchingParameters | Pair
"""What a property is tried on: a system alone, or both trajectories from one start."""


def _always(_: Any) -> bool:
    return True


def case_example(case: Case, violation: Violation) -> dict[str, Any]:
    """Return a violating case as JSON data, rationals as strings."""
    pair = case if isinstance(case, Pair) else None
    parameters = case.parameters if isinstance(case, Pair) else case
    typed = pair.typed_start if pair else None
    return {
        "parameters": parameters.to_json(),
        "start": [str(m) for m in pair.theory[0]] if pair else None,
        "typed_start": [[str(m) for m in part] for part in typed] if typed else None,
        "step": violation.step,
        "observed": dict(violation.observed),
    }


def given_example(case: Any, violation: Violation) -> dict[str, Any]:
    """Return a violating case, a dataclass of JSON data, as JSON data."""
    return {
        "given": asdict(case),
        "step": violation.step,
        "observed": dict(violation.observed),
    }


def sequence_example(operations: Sequence[Any], violation: Violation) -> dict[str, Any]:
    """Return a violating sequence of operations as JSON data."""
    return {
        "operations": list(operations),
        "step": violation.step,
        "observed": dict(violation.observed),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A statement that can be tried on cases.

    Attributes:
        name: Unique in its suite.
        claim_id: Id of the ledger's claim that it tries, or None.
        statement: What it says, in a sentence.
        holds: Whether it is expected to hold. A false one is a canary of the fuzzer: it
            has to come back refuted.
        cases: Returns the strategy of its cases.
        check: Returns where a case violates it, or None.
        admits: Whether its assumptions hold for a case.
        example: Returns a violating case as JSON data; raises ``HomeostatError`` if the
            case does not replay.
    """

    name: str
    claim_id: str | None
    statement: str
    holds: bool
    cases: Callable[[], SearchStrategy[Any]]
    check: Callable[[Any], Violation | None]
    admits: Callable[[Any], bool] = _always
    example: Callable[[Any, Violation], Mapping[str, Any]] = case_example


def property_of(
    domain: str,
    name: str,
    statement: str,
    cases: Callable[[], SearchStrategy[Any]],
    check: Callable[[Any], Violation | None],
    *,
    claim: str | None = None,
    holds: bool = True,
) -> Property:
    """Return a property whose cases are dataclasses of JSON data.

    Args:
        domain: Of the ledger's claim.
        name: Unique in its suite.
        statement: What it says; a false one is marked as such.
        cases: Returns the strategy of its cases.
        check: Returns where a case violates it, or None.
        claim: Of the ledger, without its domain.
        holds: Whether it is expected to hold.
    """
    return Property(
        name=name,
        claim_id=None if claim is None else f"{domain}.{claim}",
        statement=statement if holds else f"False on purpose: {statement}",
        holds=holds,
        cases=cases,
        check=check,
        example=given_example,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StatefulProperty:
    """A statement about an object with a state, tried by random sequences of operations.

    Attributes:
        name: Unique in its suite.
        claim_id: Id of the ledger's claim that it tries, or None.
        statement: What it says, in a sentence.
        holds: As of ``Property``.
        machine: Returns a new machine; a class or a ``partial`` of one, so that worker
            processes can load it.
        steps: Rules that one case runs, at most.
    """

    name: str
    claim_id: str | None
    statement: str
    holds: bool
    machine: Callable[[], RecordingMachine]
    steps: int = 50


AnyProperty: TypeAlias = Property | StatefulProperty


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The properties of one system.

    Attributes:
        name: Key in ``SUITES``.
        properties: Tried on the reference definitions.
        conformance: Returns the properties that try someone's own implementation, given
            as ``module:callable`` or ``path/to/file.py:callable``.
    """

    name: str
    properties: tuple[AnyProperty, ...]
    conformance: Callable[[str], tuple[AnyProperty, ...]]
