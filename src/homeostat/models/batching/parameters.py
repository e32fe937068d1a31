"""Validated parameters of the two-type batching system, and states that fit them.

Source: note 003, sections 2.1 to 2.5 and 5.1.

Notation
    l0: prompt length in tokens; l_a, l_b: decode steps of the two request types;
    q: share of type B; B (capacity): tokens that fit the GPU at once;
    W_s: tokens of one merged unit at stage s, l0 + s + 1, times q from stage l_a on.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, TypeAlias

from homeostat.errors import InvalidModelError
from homeostat.models.numbers import Number

__all__ = [
    "DATA_SETS",
    "BatchingParameters",
    "DataSet",
    "State",
    "canonical_start",
    "rational",
    "single_type_weights",
    "stage_weights",
    "validated_start",
]

State: TypeAlias = tuple[Fraction, ...]
"""M_0 .. M_{n-1}: merged requests at each stage, exact."""

RationalLike: TypeAlias = Fraction | int | float | str

_DIGITS_MAX: Final = 10_000
STAGES_MAX: Final = 10_000
"""Stages of a system at most: a short file must not claim a huge one."""


def rational(value: RationalLike, name: str) -> Fraction:
    """Return a value as an exact fraction.

    A string such as ``"2/5"`` or ``"0.4"`` is read in decimal; a float keeps its
    binary value.

    Raises:
        InvalidModelError: The value is not a finite rational number.
    """
    if isinstance(value, bool) or not isinstance(value, Fraction | int | float | str):
        raise InvalidModelError(f"{name}={value!r} must be a rational number")
    if isinstance(value, str) and len(value) > _DIGITS_MAX:
        raise InvalidModelError(f"{name} has {len(value)} characters, at most {_DIGITS_MAX}")
    if isinstance(value, str) and "e" in value.lower():
        raise InvalidModelError(f"{name}={value!r} must be written as p/q or a plain decimal")
    try:
        return Fraction(value)
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        raise InvalidModelError(f"{name}={value!r} must be a finite rational number") from error


def stage_weights(l0: Number, l_a: int, l_b: int, q: Number) -> tuple[Number, ...]:
    """Return W_0 .. W_{l_b-1} over any number type (note 003, section 2.4)."""
    return tuple((l0 + s + 1) * (q if s >= l_a else 1) for s in range(l_b))


def single_type_weights(l0: Number, stage_count: int) -> tuple[Number, ...]:
    """Return the weights when there is one request type only: l0 + s + 1 at stage s."""
    return tuple(l0 + s + 1 for s in range(stage_count))


def _integer(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidModelError(f"{name}={value!r} must be an integer")
    return value


@dataclass(frozen=True, slots=True)
class BatchingParameters:
    """Parameters of the batching system; every instance satisfies the model's rules.

    Args:
        l0: Prompt length in tokens, >= 1; rational, since the theory asks for reals.
        l_a: Decode steps of the short type, >= 1.
        l_b: Decode steps of the long type, > l_a; also the number of stages n.
        q: Share of the long type, strictly between 0 and 1.
        capacity: Tokens that fit at once, > 0.

    Raises:
        InvalidModelError: A value breaks its rule; the message shows both.
    """

    l0: Fraction
    l_a: int
    l_b: int
    q: Fraction
    capacity: Fraction = Fraction(1)
    weights: tuple[Fraction, ...] = field(init=False, repr=False, compare=False)

    def __init__(
        self,
        l0: RationalLike,
        l_a: int,
        l_b: int,
        q: RationalLike,
        capacity: RationalLike = 1,
    ) -> None:
        """Validate and store; see the class for the rules."""
        store = object.__setattr__
        store(self, "l0", rational(l0, "l0"))
        store(self, "l_a", _integer(l_a, "l_a"))
        store(self, "l_b", _integer(l_b, "l_b"))
        store(self, "q", rational(q, "q"))
        store(self, "capacity", rational(capacity, "capacity"))
        self._check()
        store(self, "weights", stage_weights(self.l0, self.l_a, self.l_b, self.q))

    def _check(self) -> None:
        if not self.l0 >= 1:
            raise InvalidModelError(f"l0={self.l0} must be >= 1")
        if not self.l_a >= 1:
            raise InvalidModelError(f"l_a={self.l_a} must be >= 1")
        if not self.l_b > self.l_a:
            raise InvalidModelError(f"l_b={self.l_b} must be > l_a={self.l_a}")
        if not self.l_b <= STAGES_MAX:
            raise InvalidModelError(f"l_b={self.l_b} must be <= {STAGES_MAX}")
        if not 0 < self.q < 1:
            raise InvalidModelError(f"q={self.q} must lie strictly between 0 and 1")
        if not self.capacity > 0:
            raise InvalidModelError(f"capacity={self.capacity} must be > 0")

    @property
    def stage_count(self) -> int:
        """n, the number of stages of a merged state."""
        return self.l_b

    @property
    def p(self) -> Fraction:
        """Share of the short type, 1 - q."""
        return 1 - self.q

    @property
    def coprime(self) -> bool:
        """Whether gcd(l_a, l_b) = 1."""
        return math.gcd(self.l_a, self.l_b) == 1

    def to_json(self) -> dict[str, str | int]:
        """Return the parameters as JSON data, rationals as strings."""
        return {
            "l0": str(self.l0),
            "l_a": self.l_a,
            "l_b": self.l_b,
            "q": str(self.q),
            "capacity": str(self.capacity),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> "BatchingParameters":
        """Read parameters from JSON data, validated like any others.

        Raises:
            InvalidModelError: A field is missing, unknown, or breaks its rule.
        """
        fields = {"l0", "l_a", "l_b", "q", "capacity"}
        if not isinstance(data, Mapping) or set(data) != fields:
            raise InvalidModelError(f"parameters={data!r} must have the fields {sorted(fields)}")
        return cls(**data)  # type: ignore[arg-type]  # every value is validated by __init__


@dataclass(frozen=True, slots=True)
class DataSet:
    """One of the note's two experiments: parameters and the number of steps it ran."""

    name: str
    parameters: BatchingParameters
    step_count: int


DATA_SETS: Final = (
    DataSet("data_set_1", BatchingParameters(10, 2, 5, "1/2", 60), 50),
    DataSet("data_set_2", BatchingParameters(50, 4, 7, "1/2", 1000), 200),
)
"""The experiments of note 003, section 5.1."""


def canonical_start(parameters: BatchingParameters) -> State:
    """Return [B/W_0, 0, ..., 0]: the batch filled with fresh requests (section 5.1)."""
    first = parameters.capacity / parameters.weights[0]
    return (first,) + (Fraction(0),) * (parameters.stage_count - 1)


def validated_start(parameters: BatchingParameters, start: Sequence[RationalLike]) -> State:
    """Return a start state as exact fractions.

    Args:
        parameters: The system.
        start: n merged amounts, each >= 0, with sum W_s M_s = B.

    Raises:
        InvalidModelError: Wrong length, a negative or non-finite entry, or off the balance.
    """
    state = tuple(rational(m, f"start[{s}]") for s, m in enumerate(start))
    if len(state) != parameters.stage_count:
        raise InvalidModelError(
            f"start has {len(state)} stages, the parameters ask for {parameters.stage_count}"
        )
    for s, m in enumerate(state):
        if m < 0:
            raise InvalidModelError(f"start[{s}]={m} must be >= 0")
    tokens = sum(w * m for w, m in zip(parameters.weights, state, strict=True))
    if tokens != parameters.capacity:
        raise InvalidModelError(
            f"start holds sum W_s M_s = {tokens} tokens, must be capacity={parameters.capacity}"
        )
    return state
