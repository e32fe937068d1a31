"""The filter between what a controller wants and what is done: barriers are kept, or it says so.

What the governor bounds with it. A *position* is what must not pass a limit and cannot be set at
once: the memory of a node in MiB, or its temperature. Its *velocity* is the rate of allocation, in
MiB per second, which is held from one step to the next, so the steps of ``models.barrier`` are
exact. The *acceleration* is the change of that rate per second, and this is what tenants ask for
and the filter cuts. Where many inputs move one position, each tenant its own rate, weights say how.

The set that is kept, and for which gains, steps, margins and input limits, is proved in
``proofs.theory.governor.barrier`` and beside; each assumption that is left out has its witness.

One constraint has a closed form, computed exactly and rounded to the safe side. Several are a
quadratic program (cvxpy, Clarabel), solved with a little room to spare; the answer is checked in
exact fractions against the constraints as they are, with no tolerance, whatever the solver says of
it. Where nothing can be met the decision says so and carries a fallback: nothing is silent.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from homeostat.errors import InvalidInputError
from homeostat.models.barrier.filters import (
    allowed_acceleration,
    braking_filter,
    braking_headroom,
    filtered,
    within,
)
from homeostat.runtime.governor.nearest_input import (
    Constraint,
    Status,
    at_most,
    by_projection,
    by_solver,
)

__all__ = ["Constraint", "Decision", "SafetyFilter", "Status"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be done.

    Attributes:
        inputs: Accelerations, one for each that was wanted.
        status: How they came out.
        violation: The largest of all constraints' violations by these inputs, exact; > 0 only
            where the status is INFEASIBLE or FAILED.
        by: Who decided, and what it said.
    """

    inputs: tuple[float, ...]
    status: Status
    violation: Fraction
    by: str

    @property
    def safe(self) -> bool:
        """Whether all constraints are met."""
        return self.violation <= 0


def _finite(name: str, *values: float) -> None:
    for value in values:
        if not math.isfinite(value):
            raise InvalidInputError(f"{name}={value!r} must be finite")


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyFilter:
    """The filter of one kind of position.

    Attributes:
        gains: k1, k2 >= 0, per second.
        step: h > 0, seconds between decisions; h k1 <= 1 and h k2 <= 1.
        margin: W >= 0: the largest acceleration that no one asked for.
        input_max: u_max > 0: inputs are in [-u_max, u_max]; None for no limit.

    Raises:
        InvalidInputError: A rule is broken.
    """

    gains: tuple[float, float]
    step: float
    margin: float = 0
    input_max: float | None = None

    def __post_init__(self) -> None:
        """Check the rules under which the barriers are kept."""
        _finite("gains", *self.gains)
        _finite("step", self.step)
        _finite("margin", self.margin)
        if not self.step > 0:
            raise InvalidInputError(f"step={self.step!r} must be > 0")
        for gain in self.gains:
            if not 0 <= Fraction(self.step) * Fraction(gain) <= 1:
                raise InvalidInputError(f"step * gain = {self.step!r} * {gain!r} must be in 0 .. 1")
        if not self.margin >= 0:
            raise InvalidInputError(f"margin={self.margin!r} must be >= 0")
        if self.input_max is not None:
            _finite("input_max", self.input_max)
            if not self.input_max > 0:
                raise InvalidInputError(f"input_max={self.input_max!r} must be > 0")

    def bound(self, position: float, velocity: float, *, limit: float) -> Fraction:
        """Return the largest acceleration that the barrier allows, exactly.

        Args:
            position: x, in any unit.
            velocity: Units per second.
            limit: Of the position.

        Raises:
            InvalidInputError: A number is not finite.
        """
        _finite("position, velocity or limit", position, velocity, limit)
        first, second = map(Fraction, self.gains)
        found: Fraction = allowed_acceleration(
            Fraction(position),
            Fraction(velocity),
            limit=Fraction(limit),
            gains=(first, second),
            margin=Fraction(self.margin),
        )
        return found

    def constraint(
        self, position: float, velocity: float, *, limit: float, weights: Sequence[float]
    ) -> Constraint:
        """Return the row that a position puts on several inputs; its bound is rounded down."""
        _finite("weights", *weights)
        bound = at_most(self.bound(position, velocity, limit=limit))
        return Constraint(tuple(weights), bound)

    def allow(self, position: float, velocity: float, wanted: float, *, limit: float) -> Decision:
        """Return what may be done of one wanted acceleration: the closed form.

        Where even full braking is above the bound it is what is done, and the status says so.

        Args:
            position: x.
            velocity: Units per second.
            wanted: Units per second squared.
            limit: Of the position.

        Raises:
            InvalidInputError: A number is not finite.
        """
        _finite("wanted", wanted)
        bound = self.bound(position, velocity, limit=limit)
        chosen = filtered(Fraction(wanted), bound)
        if self.input_max is not None:
            chosen = within(chosen, Fraction(self.input_max))
        value = at_most(chosen)
        status = Status.LIMITED if value != wanted else Status.AS_WANTED
        if chosen > bound:
            status = Status.INFEASIBLE
        return Decision(
            inputs=(value,), status=status, violation=Fraction(value) - bound, by="closed form"
        )

    def brake(self, position: float, velocity: float, wanted: float, *, limit: float) -> Decision:
        """Return what may be done such that braking within the input limits stays possible.

        Unlike ``allow`` it is feasible for ever once it is: the braking distance is kept free. Its
        violation is that of the room to brake, in units of the position.

        Raises:
            InvalidInputError: A number is not finite, or there is no input limit.
        """
        _finite("position, velocity, limit or wanted", position, velocity, limit, wanted)
        if self.input_max is None:
            raise InvalidInputError("input_max=None must be a number: it is what one brakes by")
        limits = {
            "limit": Fraction(limit),
            "input_max": Fraction(self.input_max),
            "step": Fraction(self.step),
        }
        here = Fraction(position), Fraction(velocity)
        room: Fraction = braking_headroom(*here, **limits)
        chosen = float(braking_filter(*here, Fraction(wanted), **limits))
        status = Status.AS_WANTED if chosen == wanted else Status.LIMITED
        return Decision(
            inputs=(chosen,),
            status=Status.INFEASIBLE if room < 0 else status,
            violation=-room,
            by="braking distance",
        )

    def decide(
        self,
        wanted: Sequence[float],
        constraints: Sequence[Constraint],
        *,
        fallback: Sequence[float] | None = None,
    ) -> Decision:
        """Return the inputs nearest to those wanted that meet every constraint.

        Args:
            wanted: Accelerations, one for each input.
            constraints: From ``constraint``.
            fallback: Taken where no input meets them; None for full braking of every input, which
                is what violates least where no weight is negative.

        Raises:
            InvalidInputError: A number is not finite, sizes differ, or there is neither a fallback
                nor an input limit.
        """
        _finite("wanted", *wanted)
        if not wanted or any(len(row.weights) != len(wanted) for row in constraints):
            raise InvalidInputError(f"{len(wanted)} inputs must be >= 1, each with its weights")
        for row in constraints:
            _finite("weights or bound", *row.weights, row.bound)
        if fallback is None and self.input_max is None:
            raise InvalidInputError("fallback=None must be given where input_max is None")
        fall = (-(self.input_max or 0.0),) * len(wanted) if fallback is None else tuple(fallback)
        _finite("fallback", *fall)
        if len(fall) != len(wanted):
            raise InvalidInputError(f"fallback has {len(fall)} inputs, must have {len(wanted)}")
        asked, most = tuple(float(u) for u in wanted), self.input_max
        if _meets(asked, constraints, most):
            return _decision(asked, Status.AS_WANTED, constraints, "as it was")
        if len(constraints) == 1:
            found = by_projection(asked, constraints[0])
            if found is not None and _meets(found, constraints, most):
                return _decision(found, Status.LIMITED, constraints, "closed form")
        inputs, status, by = by_solver(asked, constraints, input_max=most)
        if inputs is None or not _meets(inputs, constraints, most):
            status = Status.INFEASIBLE if status is Status.INFEASIBLE else Status.FAILED
            return _decision(fall, status, constraints, by)
        return _decision(inputs, status, constraints, by)


def _meets(
    inputs: Sequence[float], constraints: Sequence[Constraint], input_max: float | None
) -> bool:
    inside = input_max is None or all(abs(u) <= input_max for u in inputs)
    return inside and all(row.violation(inputs) <= 0 for row in constraints)


def _decision(
    inputs: tuple[float, ...], status: Status, constraints: Sequence[Constraint], by: str
) -> Decision:
    worst = max((row.violation(inputs) for row in constraints), default=Fraction(0))
    return Decision(inputs=inputs, status=status, violation=worst, by=by)
