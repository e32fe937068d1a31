"""Two updates of m dv/dt = -U'(x) - g v + noise: the note's, and BAOAB, which the runtime uses.

The note's (stage 2, item 1) takes the force, the friction and the noise at once and then moves
with the new velocity. BAOAB (Leimkuhler and Matthews, 2013) is split into half a kick by the force,
half a drift, friction and noise solved exactly, half a drift, half a kick.

Notation
    x, v: position and velocity; m: mass; g: damping; T: temperature in units of energy;
    h = dt: length of a step; c = exp(-g h / m): what friction leaves of a velocity in a step.
"""

import math
from collections.abc import Callable
from typing import Any

from homeostat.models.numbers import Number

__all__ = ["baoab_step", "kick_variance", "noise_variance", "note_step", "velocity_kept"]


def noise_variance(damping: Number, temperature: Number, dt: Number) -> Number:
    """Return 2 g T / h, the variance of the random force of one of the note's steps."""
    return 2 * damping * temperature / dt


def note_step(
    position: Number,
    velocity: Number,
    force: Number,
    noise: Number,
    *,
    mass: Number,
    damping: Number,
    dt: Number,
) -> tuple[Number, Number]:
    """Return position and velocity after one step of the note's update.

    Args:
        position: x, of any shape.
        velocity: v, of the same.
        force: -U'(x).
        noise: A random force, with the variance ``noise_variance``.
        mass: m > 0.
        damping: g > 0.
        dt: h > 0.
    """
    acceleration = (force - damping * velocity + noise) / mass
    velocity = velocity + acceleration * dt
    return position + velocity * dt, velocity


def velocity_kept(
    damping: Number, mass: Number, dt: Number, *, exp: Callable[[Any], Number] = math.exp
) -> Number:
    """Return c = exp(-g h / m), in (0, 1)."""
    return exp(-damping * dt / mass)


def kick_variance(kept: Number, temperature: Number, mass: Number) -> Number:
    """Return (1 - c^2) T / m, the variance of BAOAB's random change of a velocity."""
    return (1 - kept * kept) * temperature / mass


def baoab_step(
    position: Number,
    velocity: Number,
    force_at: Callable[[Number], Number],
    kick: Number,
    *,
    mass: Number,
    kept: Number,
    dt: Number,
) -> tuple[Number, Number]:
    """Return position and velocity after one step of BAOAB.

    Args:
        position: x, of any shape.
        velocity: v, of the same.
        force_at: Returns -U'(x).
        kick: A random change of the velocity, with the variance ``kick_variance``.
        mass: m > 0.
        kept: c in [0, 1), from ``velocity_kept``.
        dt: h > 0.
    """
    velocity = velocity + force_at(position) * dt / (2 * mass)
    position = position + velocity * dt / 2
    velocity = kept * velocity + kick
    position = position + velocity * dt / 2
    return position, velocity + force_at(position) * dt / (2 * mass)
