"""The finite space that a search covers, and its points.

A free start is given by the share u_s of the capacity that stage s holds: M_s = B u_s / W_s
with u on the simplex. The lattice of denominator k has the shares that are multiples of
1/k, so it is finite and every point is exact.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from homeostat.counterexamples.conjectures import ASSUMPTIONS, Comparison, Conjecture
from homeostat.counterexamples.witness import STAGES_MAX, STEPS_MAX
from homeostat.errors import InvalidInputError
from homeostat.models.batching import BatchingParameters, State, canonical_start

__all__ = [
    "Point",
    "SearchSpace",
    "Shares",
    "Start",
    "default_space",
    "lattice",
    "start_count",
    "start_of",
    "starts_of",
]

Start: TypeAlias = Literal["canonical", "free"]

Shares: TypeAlias = tuple[int, ...]
"""Whole numbers k_s; stage s holds k_s / sum(k) of the capacity."""

_TWENTIETHS: Final = tuple(Fraction(k, 20) for k in range(1, 20))
_TENTHS: Final = tuple(Fraction(k, 10) for k in range(1, 10))


class Point(NamedTuple):
    """One system with one start."""

    parameters: BatchingParameters
    shares: Shares

    @property
    def start(self) -> State:
        """The exact start state."""
        return start_of(self.parameters, self.shares)


@dataclass(frozen=True, kw_only=True)
class SearchSpace:
    """What a search covers.

    Args:
        l0s: Prompt lengths in tokens.
        l_bs: Decode steps of the long type.
        l_as: Decode steps of the short type; all below l_b when None.
        qs: Shares of the long type; None, for smt only: any in (0, 1).
        steps: Steps to look at, from 0 up to this one.
        stable_only: Leave out parameters for which Theory does not converge.
        capacity: Tokens that fit at once; None leaves it to the minimiser, which starts
            from 1, because both systems scale with it.
        exact_steps_max: Paired steps to spend on deciding a whole grid exactly when the
            float sweep found nothing in it.
        lattice: Denominator k of the shares of a free start (grid only).
        samples: Number of starts drawn (random only).

    Raises:
        InvalidInputError: A list is empty or a number is out of range.
    """

    l0s: tuple[Fraction, ...]
    l_bs: tuple[int, ...]
    l_as: tuple[int, ...] | None = None
    qs: tuple[Fraction, ...] | None = _TWENTIETHS
    steps: int = 30
    stable_only: bool = False
    capacity: Fraction | None = None
    exact_steps_max: int = 5_000_000
    lattice: int = 8
    samples: int = 50_000

    def __post_init__(self) -> None:
        """Refuse an empty space early, with the rule that it breaks."""
        for name in ("l0s", "l_bs", "l_as", "qs"):
            if getattr(self, name) == ():
                raise InvalidInputError(f"{name}=() must have at least one value")
        for name in ("steps", "lattice", "samples"):
            if not getattr(self, name) >= 1:
                raise InvalidInputError(f"{name}={getattr(self, name)} must be >= 1")
        # What cannot stand in a witness is not searched for.
        if not self.steps <= STEPS_MAX:
            raise InvalidInputError(f"steps={self.steps} must be <= {STEPS_MAX}")
        if not max(self.l_bs) <= STAGES_MAX:
            raise InvalidInputError(f"l_b={max(self.l_bs)} must be <= {STAGES_MAX}")

    def l_as_of(self, l_b: int) -> tuple[int, ...]:
        """Return the l_a to combine with an l_b."""
        known = range(1, l_b) if self.l_as is None else self.l_as
        return tuple(l_a for l_a in known if l_a < l_b)

    def systems(self, conjecture: Conjecture) -> Iterator[BatchingParameters]:
        """Yield every system of the space that the conjecture's assumptions admit.

        Comparisons among the assumptions are judged on the canonical start when the
        conjecture assumes it; for free starts every point is judged by itself.
        """
        for l_b in self.l_bs:
            for l_a in self.l_as_of(l_b):
                for l0, q in itertools.product(self.l0s, self.qs or ()):
                    system = BatchingParameters(l0, l_a, l_b, q, self.capacity or 1)
                    if self.admits_system(conjecture, system):
                        yield system

    def admits_system(self, conjecture: Conjecture, system: BatchingParameters) -> bool:
        """Return whether the assumptions about parameters alone hold."""
        if "canonical" in conjecture.assumes:
            if not conjecture.admits(system, canonical_start(system)):
                return False
        elif not all(
            ASSUMPTIONS[word](system, (), None)
            for word in conjecture.assumes
            if word in ("coprime", "stable")
        ):
            return False
        return not self.stable_only or ASSUMPTIONS["stable"](system, (), None)

    def contains(self, conjecture: Conjecture, system: BatchingParameters) -> bool:
        """Return whether a minimiser may move to a system.

        Lengths must be among those given; q may be any rational between the smallest
        and the largest, so that a simpler one can be found.
        """
        return (
            system.l0 in self.l0s
            and system.l_b in self.l_bs
            and system.l_a in self.l_as_of(system.l_b)
            and self.capacity in (None, system.capacity)
            and (self.qs is None or min(self.qs) <= system.q <= max(self.qs))
            and self.admits_system(conjecture, system)
        )

    def to_json(self) -> dict[str, Any]:
        """Return the space as JSON data, rationals as strings."""
        return {
            "l0s": [str(l0) for l0 in self.l0s],
            "l_as": None if self.l_as is None else list(self.l_as),
            "l_bs": list(self.l_bs),
            "qs": None if self.qs is None else [str(q) for q in self.qs],
            "steps": self.steps,
            "stable_only": self.stable_only,
            "capacity": None if self.capacity is None else str(self.capacity),
            "lattice": self.lattice,
            "samples": self.samples,
            "exact_steps_max": self.exact_steps_max,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "SearchSpace":
        """Read a space from what ``to_json`` wrote, as it stands in a witness."""
        fields: dict[str, Any] = dict(data)
        for name in ("l0s", "qs"):
            fields[name] = None if data[name] is None else tuple(map(Fraction, data[name]))
        for name in ("l_as", "l_bs"):
            fields[name] = None if data[name] is None else tuple(data[name])
        if data["capacity"] is not None:
            fields["capacity"] = Fraction(data["capacity"])
        return cls(**fields)


def start_of(parameters: BatchingParameters, shares: Shares) -> State:
    """Return the start whose stage s holds the given share of the capacity."""
    unit = parameters.capacity / sum(shares)
    return tuple(unit * k / w for k, w in zip(shares, parameters.weights, strict=True))


def lattice(stage_count: int, denominator: int) -> list[Shares]:
    """Return every way to divide ``denominator`` units over the stages."""
    slots = denominator + stage_count - 1
    return [
        tuple(right - left - 1 for left, right in itertools.pairwise((-1, *bars, slots)))
        for bars in itertools.combinations(range(slots), stage_count - 1)
    ]


def start_count(start: Start, stage_count: int, denominator: int) -> int:
    """Return how many starts ``starts_of`` gives, without making them."""
    slots = denominator + stage_count - 1
    return 1 if start == "canonical" else math.comb(slots, stage_count - 1)


def starts_of(start: Start, stage_count: int, denominator: int) -> Sequence[Shares]:
    """Return the shares to try: the canonical start alone, or the whole lattice."""
    if start == "canonical":
        return [(1,) + (0,) * (stage_count - 1)]
    return lattice(stage_count, denominator)


def default_space(
    start: Start, method: str = "grid", conjecture: Conjecture | None = None
) -> SearchSpace:
    """Return the space of a search for which none was named; seconds on two cores.

    Where the conjecture assumes a large l0, the space begins there.
    """
    least = max(
        (Fraction(right) for left, _, right in _lower_bounds(conjecture) if left == "l0"),
        default=Fraction(1),
    )
    if least > 1:
        return SearchSpace(l0s=(least, 2 * least, 10 * least), l_bs=tuple(range(2, 9)))
    if method == "smt":
        return SearchSpace(l0s=(least,), l_bs=(2, 3), qs=None, steps=2 if start == "free" else 5)
    if start == "canonical":
        return SearchSpace(l0s=tuple(map(Fraction, range(1, 21))), l_bs=(2, 3, 4, 5))
    return SearchSpace(l0s=tuple(map(Fraction, range(1, 11))), l_bs=(2, 3, 4), qs=_TENTHS, steps=12)


def _lower_bounds(conjecture: Conjecture | None) -> list[Comparison]:
    assumes = () if conjecture is None else conjecture.assumes
    return [a for a in assumes if not isinstance(a, str) and a[1] in (">", ">=")]
