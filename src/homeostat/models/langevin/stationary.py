"""The law that an update keeps in the well U = k x^2 / 2, where each step is linear.

A step is (x, v) -> A (x, v) + b z with z of mean 0 and a given variance; its matrix is read off the
step itself. Where A is stable there is one stationary covariance S = A S A^T + b b^T Var z.

Main statements (``proofs.theory.governor.langevin`` and ``langevin_steps``, tried by ``governor``)
    langevin_stationary: the note's update is stable for D = 4 m - 2 g h - k h^2 > 0 alone, and
        then k Var x = T (4 m - 2 g h) / D, Var v = 4 T / D and Cov = 2 h T / D.
    langevin_stationary.baoab: BAOAB has k Var x = T for every h with k h^2 < 4 m.

Notation
    As in ``steps``; k: stiffness of the well; D: the note's margin.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from homeostat.errors import InvalidModelError
from homeostat.models.langevin.steps import baoab_step, kick_variance, noise_variance, note_step
from homeostat.models.numbers import Number

__all__ = [
    "Covariance",
    "Map",
    "Well",
    "baoab_covariance",
    "baoab_dt_max",
    "baoab_map",
    "gibbs_covariance",
    "is_stable",
    "note_covariance",
    "note_dt_max",
    "note_map",
    "stationary_covariance",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Well:
    """A particle in U = k x^2 / 2 at a temperature.

    Attributes:
        mass: m > 0.
        stiffness: k > 0.
        temperature: T > 0, in units of energy.
    """

    mass: Number
    stiffness: Number
    temperature: Number


@dataclass(frozen=True, slots=True)
class Covariance:
    """Second moments of a law with mean 0.

    Attributes:
        position: Var x.
        cross: Cov(x, v).
        velocity: Var v.
    """

    position: Number
    cross: Number
    velocity: Number


@dataclass(frozen=True, slots=True)
class Map:
    """A linear step: x' = xx x + xv v + nx z, v' = vx x + vv v + nv z.

    Attributes:
        xx, xv, vx, vv: The matrix A.
        nx, nv: The vector b.
        variance: Of z.
    """

    xx: Number
    xv: Number
    vx: Number
    vv: Number
    nx: Number
    nv: Number
    variance: Number

    @property
    def trace(self) -> Number:
        """The sum of the eigenvalues of A."""
        return self.xx + self.vv

    @property
    def determinant(self) -> Number:
        """Their product."""
        return self.xx * self.vv - self.xv * self.vx


def _map(step: Callable[..., tuple[Number, Number]], variance: Number) -> Map:
    (xx, vx), (xv, vv), (nx, nv) = step(1, 0, 0), step(0, 1, 0), step(0, 0, 1)
    return Map(xx, xv, vx, vv, nx, nv, variance)


def note_map(well: Well, *, damping: Number, dt: Number) -> Map:
    """Return the note's step in a well."""

    def step(position: Number, velocity: Number, noise: Number) -> tuple[Number, Number]:
        force = -well.stiffness * position
        return note_step(
            position, velocity, force, noise, mass=well.mass, damping=damping, dt=dt
        )  # fmt: skip

    return _map(step, noise_variance(damping, well.temperature, dt))


def baoab_map(well: Well, *, kept: Number, dt: Number) -> Map:
    """Return BAOAB's step in a well; ``kept`` is c."""

    def step(position: Number, velocity: Number, kick: Number) -> tuple[Number, Number]:
        return baoab_step(
            position, velocity, lambda x: -well.stiffness * x, kick,
            mass=well.mass, kept=kept, dt=dt,
        )  # fmt: skip

    return _map(step, kick_variance(kept, well.temperature, well.mass))


def is_stable(step: Map) -> Any:
    """Return whether both eigenvalues lie inside the unit circle (Schur, Cohn and Jury)."""
    trace, determinant = step.trace, step.determinant
    return (
        (determinant < 1) & (1 - trace + determinant > 0) & (1 + trace + determinant > 0)
    )  # fmt: skip


def stationary_covariance(step: Map) -> Covariance:
    """Return the solution of S = A S A^T + b b^T Var z, by elimination; exact over fractions.

    It is the law's only where the step is stable.

    Raises:
        InvalidModelError: There is no single solution.
    """
    a, b, c, d = step.xx, step.xv, step.vx, step.vv
    rows = [
        [1 - a * a, -2 * a * b, -b * b, step.nx * step.nx * step.variance],
        [-a * c, 1 - a * d - b * c, -b * d, step.nx * step.nv * step.variance],
        [-c * c, -2 * c * d, 1 - d * d, step.nv * step.nv * step.variance],
    ]
    for i in range(3):
        pivot = next((row for row in rows[i:] if row[i] != 0), None)
        if pivot is None:
            raise InvalidModelError(f"{step} must have a single stationary covariance")
        rows.remove(pivot)
        pivot = [x / pivot[i] for x in pivot]
        rows = [[x - row[i] * y for x, y in zip(row, pivot, strict=True)] for row in rows]
        rows.insert(i, pivot)
    return Covariance(*(row[3] for row in rows))


def gibbs_covariance(well: Well) -> Covariance:
    """Return the moments of the Gibbs law exp(-(U + m v^2 / 2) / T)."""
    zero = well.temperature - well.temperature
    return Covariance(well.temperature / well.stiffness, zero, well.temperature / well.mass)


def note_covariance(well: Well, *, damping: Number, dt: Number) -> Covariance:
    """Return the stationary law of the note's update, in closed form; D > 0 is needed."""
    m, k, t = well.mass, well.stiffness, well.temperature
    margin = 4 * m - 2 * damping * dt - k * dt * dt
    return Covariance(
        t * (4 * m - 2 * damping * dt) / (k * margin), 2 * dt * t / margin, 4 * t / margin
    )


def baoab_covariance(well: Well, *, dt: Number) -> Covariance:
    """Return the stationary law of BAOAB, in closed form; k h^2 < 4 m is needed.

    The position's part is that of Gibbs; the velocity's is smaller by T k h^2 / (4 m^2).
    """
    gibbs = gibbs_covariance(well)
    missing = gibbs.velocity * well.stiffness * dt * dt / (4 * well.mass)
    return Covariance(gibbs.position, gibbs.cross, gibbs.velocity - missing)


def note_dt_max(
    well: Well, *, damping: Number, sqrt: Callable[[Any], Number] = math.sqrt
) -> Number:
    """Return the h with D = 0, below which the note's update is stable."""
    k = well.stiffness
    return (sqrt(damping * damping + 4 * k * well.mass) - damping) / k


def baoab_dt_max(well: Well, *, sqrt: Callable[[Any], Number] = math.sqrt) -> Number:
    """Return 2 sqrt(m / k), below which BAOAB is stable, whatever the damping."""
    return 2 * sqrt(well.mass / well.stiffness)
