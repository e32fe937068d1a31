"""A case: a small document of exact data that refutes a conjecture, and its replay.

Like a witness of batching it is data from outside (``case.schema.json``): size and fields are
bounded, nothing is evaluated, and nothing in it is believed: the replay runs it again.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from homeostat.counterexamples.cases.balls import UndecidedError, decided, text_of
from homeostat.counterexamples.cases.conjectures import CaseConjecture, find_case_conjecture
from homeostat.counterexamples.cases.figures import Figures, figures_of, number
from homeostat.counterexamples.conjectures import OPERATORS, Comparison
from homeostat.errors import InvalidInputError, WitnessRejectedError

__all__ = ["CASE_SCHEMA", "Case", "case_holds", "meets", "replay_case"]

CASE_SCHEMA: Final = "homeostat.case/1"
_COMPARISONS_MAX: Final = 8
_BYTES_MAX: Final = 64 * 1024
_FIELDS: Final = frozenset(
    {"schema", "conjecture", "system", "given", "assumes", "violated_when", "observed", "found_by"}
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """Data with which a conjecture is violated.

    Attributes:
        conjecture: Its name.
        system: What the data are of.
        given: The data, as JSON: rationals as p/q, doubles as ``float.hex`` writes them.
        assumes, violated_when: The conjecture's own, so that the document says what it refutes.
        observed: Every figure the violation rests on, as text; ``~`` before one that is rounded.
        found_by: How it was found.
    """

    conjecture: str
    system: str
    given: Mapping[str, Any]
    assumes: tuple[str | Comparison, ...]
    violated_when: tuple[Comparison, ...]
    observed: Mapping[str, str]
    found_by: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        conjecture: CaseConjecture,
        given: Mapping[str, Any],
        found_by: Mapping[str, Any] | None = None,
    ) -> "Case":
        """Return the case that data give.

        Raises:
            InvalidInputError: The data break a rule of the system.
            WitnessRejectedError: They do not refute the conjecture.
        """
        case = cls(
            conjecture=conjecture.name,
            system=conjecture.system,
            given=given,
            assumes=conjecture.assumes,
            violated_when=conjecture.violated_when,
            observed=_observed(conjecture, figures_of(conjecture.system, given)),
            found_by=dict(found_by or {}),
        )
        replay_case(case, conjecture)
        return case

    @property
    def sha256(self) -> str:
        """Hash of the content: UTF-8 of its JSON with sorted keys and no spaces."""
        text = json.dumps(self._content(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def _content(self) -> dict[str, Any]:
        return {
            "schema": CASE_SCHEMA,
            "conjecture": self.conjecture,
            "system": self.system,
            "given": dict(self.given),
            "assumes": [a if isinstance(a, str) else list(a) for a in self.assumes],
            "violated_when": [list(comparison) for comparison in self.violated_when],
            "observed": dict(self.observed),
            "found_by": dict(self.found_by),
        }

    def to_json(self) -> dict[str, Any]:
        """Return the case as JSON data; ``sha256`` covers all other fields."""
        return {**self._content(), "sha256": self.sha256}

    @classmethod
    def from_json(cls, data: object) -> "Case":
        """Read a case from JSON data; every field is validated, nothing run.

        Raises:
            InvalidInputError: A field is missing, unknown or breaks its rule.
            WitnessRejectedError: The content does not have the hash it states.
        """
        fields = _mapping(data, "case")
        if set(fields) != _FIELDS | {"sha256"} or fields["schema"] != CASE_SCHEMA:
            raise InvalidInputError(f"a case must be a {CASE_SCHEMA} with fields {sorted(_FIELDS)}")
        if len(json.dumps(fields)) > _BYTES_MAX:
            raise InvalidInputError(f"a case must have at most {_BYTES_MAX} bytes")
        case = cls(
            conjecture=_text(fields["conjecture"], "conjecture"),
            system=_text(fields["system"], "system"),
            given=_mapping(fields["given"], "given"),
            assumes=tuple(
                a if isinstance(a, str) else _comparison(a, "assumes")
                for a in _list(fields["assumes"], "assumes")
            ),
            violated_when=tuple(
                _comparison(c, "violated_when")
                for c in _list(fields["violated_when"], "violated_when")
            ),
            observed={k: _text(v, k) for k, v in _mapping(fields["observed"], "observed").items()},
            found_by=_mapping(fields["found_by"], "found_by"),
        )
        if case.sha256 != fields["sha256"]:
            raise WitnessRejectedError(
                f"sha256={fields['sha256']!r} must be {case.sha256}, the hash of the content"
            )
        return case


def case_holds(comparison: Comparison, figures: Figures) -> bool:
    """Decide (figure, operator, figure or rational) of a case that was run.

    Raises:
        InvalidInputError: There is no such figure or operator.
        WitnessRejectedError: The figures are not known well enough.
    """
    left, sign, right = comparison
    if sign not in OPERATORS:
        raise InvalidInputError(f"operator {sign!r:.40} must be one of {list(OPERATORS)}")
    other = figures.figure(right) if _is_name(right) else number(right)
    return decided(figures.figure(left), sign, other)


def _is_name(side: str) -> bool:
    """Return whether a side of a comparison is a figure's name; numbers begin otherwise."""
    return side[:1].isalpha()


def _observed(conjecture: CaseConjecture, figures: Figures) -> dict[str, str]:
    comparisons = [a for a in conjecture.assumes if not isinstance(a, str)]
    sides = [side for left, _, right in [*comparisons, *conjecture.violated_when]
             for side in (left, right) if _is_name(side)]  # fmt: skip
    return {name: text_of(figures.figure(name)) for name in dict.fromkeys(sides)}


def replay_case(case: Case, conjecture: CaseConjecture | None = None) -> Figures:
    """Run a case again and confirm all that it says.

    Args:
        case: What to confirm.
        conjecture: The conjecture that it refutes; the built-in of its name when None.

    Returns:
        Its figures.

    Raises:
        InvalidInputError: No such built-in conjecture, or the data break a rule.
        WitnessRejectedError: It states another conjecture, an assumption fails, the conjecture
            is not violated, or a figure differs.
    """
    known = find_case_conjecture(case.conjecture) if conjecture is None else conjecture
    for name in ("system", "assumes", "violated_when"):
        stated, own = getattr(case, name), getattr(known, name)
        if stated != own:
            raise WitnessRejectedError(f"{name}={stated!r} must be the conjecture's own, {own!r}")
    figures = figures_of(case.system, case.given)
    for assumption in known.assumes:
        if not _met(assumption, figures):
            raise WitnessRejectedError(f"the case must satisfy the assumption {assumption!r}")
    for comparison in known.violated_when:
        if not case_holds(comparison, figures):
            raise WitnessRejectedError(f"the case must violate {known.name!r}: not {comparison}")
    recomputed = _observed(known, figures)
    if dict(case.observed) != recomputed:
        raise WitnessRejectedError(f"observed={dict(case.observed)} must be {recomputed}")
    return figures


def meets(conjecture: CaseConjecture, figures: Figures) -> bool:
    """Tell whether a run is one that a conjecture speaks of.

    A run that lacks a figure which an assumption names (a second pop, say) is not.

    Raises:
        UndecidedError: Whether an assumption holds is open.
    """
    try:
        return all(_met(assumption, figures) for assumption in conjecture.assumes)
    except UndecidedError:
        raise
    except WitnessRejectedError:
        return False


def _met(assumption: str | Comparison, figures: Figures) -> bool:
    if isinstance(assumption, str):
        return assumption in figures.words
    return case_holds(assumption, figures)


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise InvalidInputError(f"{name}={value!r:.60} must be a string")
    return value


def _list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > _COMPARISONS_MAX:
        raise InvalidInputError(f"{name} must be a list of at most {_COMPARISONS_MAX} entries")
    return value


def _mapping(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInputError(f"{name} must be a JSON object, is {type(value).__name__}")
    return value


def _comparison(value: object, name: str) -> Comparison:
    parts = [_text(part, name) for part in _list(value, name)]
    if len(parts) != 3:
        raise InvalidInputError(f"{name}: {parts!r} must be [figure, operator, right side]")
    return parts[0], parts[1], parts[2]
