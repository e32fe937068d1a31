"""A witness: exact data that refutes a conjecture, and the replay that confirms it.

A witness is a small JSON document (``witness.schema.json``). It is data from outside, so
reading bounds its size and validates every field, and nothing in it is believed: the
replay runs both systems again in exact fractions.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from homeostat.counterexamples.conjectures import Comparison, Conjecture
from homeostat.counterexamples.files import read_bounded, write_atomically
from homeostat.counterexamples.library import find_conjecture
from homeostat.errors import InvalidInputError, WitnessRejectedError
from homeostat.models.batching import (
    BatchingParameters,
    Pair,
    State,
    TypedState,
    rational,
    validated_start,
)

__all__ = [
    "SCHEMA",
    "STAGES_MAX",
    "STEPS_MAX",
    "Witness",
    "observations",
    "read_witness",
    "replay",
    "write_witness",
]

SCHEMA: Final = "homeostat.witness/1"
STEPS_MAX: Final = 10_000
STAGES_MAX: Final = 64
BITS_MAX: Final = 14_000
_FIELDS: Final = (
    "schema",
    "conjecture",
    "parameters",
    "start",
    "typed_start",
    "step",
    "assumes",
    "violated_when",
    "observed",
    "found_by",
    "sha256",
)


@dataclass(frozen=True, kw_only=True)
class Witness:
    """Where and when a conjecture is violated.

    Attributes:
        conjecture: Its name.
        parameters, start: The system and the shared start, exact.
        typed_start: Types at the start where they matter, else None.
        step: The step at which it is violated.
        assumes, violated_when: The conjecture's own, so that the document says what it
            refutes; ``violated_when`` is None for a user's conjecture.
        observed: Every figure the violation rests on, at ``step``, as exact text.
        found_by: Method, seed and options of the search that found it.
    """

    conjecture: str
    parameters: BatchingParameters
    start: State
    step: int
    assumes: tuple[str | Comparison, ...]
    violated_when: tuple[Comparison, ...] | None
    observed: Mapping[str, str]
    found_by: Mapping[str, Any] = field(default_factory=dict)
    typed_start: TypedState | None = None

    @classmethod
    def of(
        cls,
        conjecture: Conjecture,
        pair: Pair,
        step: int,
        found_by: Mapping[str, Any] | None = None,
    ) -> "Witness":
        """Return the witness that a pair of trajectories gives at a violated step.

        Raises:
            WitnessRejectedError: It does not refute the conjecture.
        """
        witness = cls(
            conjecture=conjecture.name,
            parameters=pair.parameters,
            start=pair.theory[0],
            typed_start=pair.typed_start,
            step=step,
            assumes=conjecture.assumes,
            violated_when=conjecture.violated_when,
            observed=observations(conjecture, pair, step),
            found_by=dict(found_by or {}),
        )
        replay(witness, conjecture)
        return witness

    @property
    def sha256(self) -> str:
        """Hash of the content: UTF-8 of its JSON with sorted keys and no spaces."""
        return _content_hash(self._content())

    def _content(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "conjecture": self.conjecture,
            "parameters": self.parameters.to_json(),
            "start": [str(m) for m in self.start],
            "typed_start": None
            if self.typed_start is None
            else [[str(m) for m in part] for part in self.typed_start],
            "step": self.step,
            "assumes": [a if isinstance(a, str) else list(a) for a in self.assumes],
            "violated_when": None
            if self.violated_when is None
            else [list(comparison) for comparison in self.violated_when],
            "observed": dict(self.observed),
            "found_by": dict(self.found_by),
        }

    def to_json(self) -> dict[str, Any]:
        """Return the witness as JSON data; ``sha256`` covers all other fields."""
        content = self._content()
        return {**content, "sha256": _content_hash(content)}

    @classmethod
    def from_json(cls, data: object) -> "Witness":
        """Read a witness from JSON data; every field is validated, nothing replayed.

        Raises:
            InvalidInputError: A field is missing, unknown or breaks its rule.
            WitnessRejectedError: The content does not have the hash it states.
        """
        fields = _mapping(data, "witness")
        if set(fields) != set(_FIELDS):
            raise InvalidInputError(f"witness has fields {sorted(fields)}, must have {_FIELDS}")
        if fields["schema"] != SCHEMA:
            raise InvalidInputError(f"schema={fields['schema']!r} must be {SCHEMA!r}")
        start = _texts(fields["start"], "start", count_max=STAGES_MAX)
        parameters_data = _mapping(fields["parameters"], "parameters")
        # Before anything is built from l_b: a few bytes may not claim a huge system.
        if parameters_data.get("l_b") != len(start):
            raise InvalidInputError(
                f"l_b={parameters_data.get('l_b')!r} must be the {len(start)} stages of start"
            )
        parameters = BatchingParameters.from_json(parameters_data)
        witness = cls(
            conjecture=_text(fields["conjecture"], "conjecture"),
            parameters=parameters,
            start=validated_start(parameters, start),
            typed_start=_typed(fields["typed_start"]),
            step=_step(fields["step"]),
            assumes=tuple(
                a if isinstance(a, str) else _comparison(a, "assumes")
                for a in _list(fields["assumes"], "assumes")
            ),
            violated_when=None
            if fields["violated_when"] is None
            else tuple(
                _comparison(c, "violated_when")
                for c in _list(fields["violated_when"], "violated_when")
            ),
            observed={
                _text(k, "observed"): _text(v, f"observed[{k!r}]")
                for k, v in _mapping(fields["observed"], "observed").items()
            },
            found_by=_mapping(fields["found_by"], "found_by"),
        )
        content = {name: fields[name] for name in _FIELDS if name != "sha256"}
        if witness._content() != content:
            raise InvalidInputError("a witness must have its rationals in lowest terms, as p/q")
        if witness.sha256 != fields["sha256"]:
            raise WitnessRejectedError(
                f"sha256={fields['sha256']!r} must be {witness.sha256}, the hash of the content"
            )
        return witness


def observations(conjecture: Conjecture, pair: Pair, step: int) -> dict[str, str]:
    """Return every figure that a violation at ``step`` rests on, as exact text."""
    if conjecture.margin is not None:
        return {"margin": _exact_text(conjecture.margin_at(pair, step))}
    return {name: _exact_text(pair.observe(name, step)) for name in conjecture.observables}


def _exact_text(value: Fraction | int) -> str:
    """Return a figure as text, if Python will read it back (4300 digits a number)."""
    bits = max(value.numerator.bit_length(), value.denominator.bit_length())
    if bits > BITS_MAX:
        raise WitnessRejectedError(f"a figure of {bits} bits must have at most {BITS_MAX}")
    return str(value)


def replay(witness: Witness, conjecture: Conjecture | None = None) -> Pair:
    """Run both systems exactly from a witness and confirm all that it says.

    Args:
        witness: What to confirm.
        conjecture: The conjecture that it refutes; the built-in of its name when None.

    Returns:
        The exact trajectories up to the violated step.

    Raises:
        InvalidInputError: No such built-in conjecture, or the start breaks a rule.
        WitnessRejectedError: It states another conjecture, an assumption fails, the
            conjecture is not violated at the step, or a figure differs.
    """
    known = find_conjecture(witness.conjecture) if conjecture is None else conjecture
    for name, stated, own in (
        ("conjecture", witness.conjecture, known.name),
        ("assumes", witness.assumes, known.assumes),
        ("violated_when", witness.violated_when, known.violated_when),
    ):
        if stated != own:
            raise WitnessRejectedError(f"{name}={stated!r} must be the conjecture's own, {own!r}")
    if not known.admits(witness.parameters, witness.start, witness.typed_start):
        raise WitnessRejectedError(
            f"{witness.parameters} from start={_shown(witness.start)} must satisfy "
            f"the assumptions {known.assumes!r}"
        )
    pair = Pair.run(
        witness.parameters,
        witness.start,
        step_count=witness.step,
        typed_start=witness.typed_start,
    )
    if not known.violated(pair, witness.step):
        raise WitnessRejectedError(
            f"step={witness.step} must violate {known.name!r}, but it holds there"
        )
    recomputed = observations(known, pair, witness.step)
    if dict(witness.observed) != recomputed:
        raise WitnessRejectedError(f"observed={dict(witness.observed)} must be {recomputed}")
    return pair


def read_witness(path: Path | str) -> Witness:
    """Read a witness file, at most 16 MiB.

    Raises:
        InvalidInputError: The file is missing, too large, not JSON, or not a witness.
        WitnessRejectedError: Its hash is not that of its content.
    """
    return Witness.from_json(read_bounded(Path(path)))


def write_witness(witness: Witness, path: Path | str) -> None:
    """Write a witness as readable JSON, whole or not at all."""
    write_atomically(Path(path), json.dumps(witness.to_json(), indent=2) + "\n")


def _content_hash(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _shown(state: Sequence[Fraction]) -> str:
    return "[" + ", ".join(map(str, state)) + "]"


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise InvalidInputError(f"{name}={value!r} must be a string")
    return value


def _list(value: object, name: str, *, count_max: int = STAGES_MAX) -> list[Any]:
    if not isinstance(value, list) or len(value) > count_max:
        raise InvalidInputError(f"{name} must be a list of at most {count_max} entries")
    return value


def _texts(value: object, name: str, *, count_max: int = STAGES_MAX) -> list[str]:
    entries = _list(value, name, count_max=count_max)
    return [_text(entry, f"{name}[{index}]") for index, entry in enumerate(entries)]


def _mapping(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInputError(f"{name} must be a JSON object, is {type(value).__name__}")
    return value


def _step(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= STEPS_MAX:
        raise InvalidInputError(f"step={value!r} must be an integer in 0 .. {STEPS_MAX}")
    return value


def _comparison(value: object, name: str) -> Comparison:
    parts = _texts(value, name)
    if len(parts) != 3:
        raise InvalidInputError(f"{name}: {parts!r} must be [observable, operator, right side]")
    return parts[0], parts[1], parts[2]


def _typed(value: object) -> TypedState | None:
    if value is None:
        return None
    parts = _list(value, "typed_start")
    if len(parts) != 2:
        raise InvalidInputError(f"typed_start has {len(parts)} types, must have 2")
    a, b = (
        tuple(rational(m, f"typed_start[{kind}]") for m in _texts(part, "typed_start"))
        for kind, part in enumerate(parts)
    )
    return a, b
