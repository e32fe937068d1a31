"""The chain of a barrier on a position, and the filters of the acceleration that keep it.

A position x has a limit L, its velocity is v, and what can be chosen is the acceleration u. The
barrier psi_0 = L - x does not depend on u, nor does its derivative; so a second one stands above,
psi_1 = psi_0' + k1 psi_0 = k1 (L - x) - v, whose derivative does. The filter asks for
psi_1' + k2 psi_1 >= 0, which is a bound on u from above.

Everything is written once over any number type: fractions, floats, arrays and symbols.

Main statements (proved in ``proofs.theory.governor``)
    ``hocbf_continuous``, ``hocbf_sampled``, ``hocbf_bounded_noise``: psi_0 and psi_1 stay >= 0.
    ``hocbf_input_limits.braking``: with an input within [-u_max, u_max], the barrier that leaves
    room for the way to a stop can always be kept.

Notation
    x, v, u: position, velocity, acceleration; L: limit; h: length of a step; k1, k2: gains, 1/time;
    w: noise, added to the acceleration; W: margin, the most that the noise is expected to be.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from homeostat.models.numbers import Number, maximum, minimum, where

__all__ = [
    "Gains",
    "allowed_acceleration",
    "braking_distance",
    "braking_filter",
    "braking_headroom",
    "chain_value",
    "euler_step",
    "filtered",
    "headroom",
    "least_chance",
    "within",
]

Gains: TypeAlias = tuple[Number, Number]
"""k1, k2: how fast the barrier and the one above it may fall, in parts of themselves per time."""


def headroom(position: Number, limit: Number) -> Number:
    """Return psi_0 = L - x, which must stay >= 0."""
    return limit - position


def chain_value(position: Number, velocity: Number, *, limit: Number, first_gain: Number) -> Number:
    """Return psi_1 = k1 (L - x) - v: how much faster the position might come to its limit."""
    return first_gain * headroom(position, limit) - velocity


def allowed_acceleration(
    position: Number, velocity: Number, *, limit: Number, gains: Gains, margin: Number = 0
) -> Number:
    """Return the largest acceleration with psi_1' + k2 psi_1 >= 0, whatever noise within a margin.

    psi_1' = -(u + w) - k1 v, so u <= k2 psi_1 - k1 v - W where w <= W.

    Args:
        position: x.
        velocity: v.
        limit: L.
        gains: k1, k2.
        margin: W >= 0, an acceleration; 0 where there is no noise.
    """
    first, second = gains
    above = chain_value(position, velocity, limit=limit, first_gain=first)
    return second * above - first * velocity - margin


def filtered(wanted: Number, allowed: Number) -> Number:
    """Return what is nearest to a wanted acceleration among those that are not above another."""
    return minimum(wanted, allowed)


def within(acceleration: Number, input_max: Number) -> Number:
    """Return what is nearest to an acceleration in [-u_max, u_max]."""
    return maximum(minimum(acceleration, input_max), -input_max)


def euler_step(
    position: Number, velocity: Number, acceleration: Number, *, step: Number, noise: Number = 0
) -> tuple[Number, Number]:
    """Return position and velocity one explicit Euler step later.

    Exact where the velocity is set once a step and held: then h v is how far it goes.

    Args:
        position: x.
        velocity: v.
        acceleration: u.
        step: h > 0.
        noise: w, of this step.
    """
    return position + step * velocity, velocity + step * (acceleration + noise)


def braking_distance(velocity: Number, *, input_max: Number, step: Number) -> Number:
    """Return a distance in which full braking stops a velocity: max(v + h u/2, 0)^2 / (2 u).

    For v = n h u it is what the steps add up to, h v + h (v - h u) + ... + 0, and h^2 u / 8 more.

    Args:
        velocity: v.
        input_max: u > 0, the hardest that can be braked.
        step: h > 0.
    """
    fast = maximum(velocity + step * input_max / 2, 0 * velocity)
    return fast * fast / (2 * input_max)


def braking_headroom(
    position: Number, velocity: Number, *, limit: Number, input_max: Number, step: Number
) -> Number:
    """Return L - x less the way to a stop; >= 0 where braking in time is possible."""
    return headroom(position, limit) - braking_distance(velocity, input_max=input_max, step=step)


def braking_filter(
    position: Number,
    velocity: Number,
    wanted: Number,
    *,
    limit: Number,
    input_max: Number,
    step: Number,
) -> Number:
    """Return a wanted acceleration where it leaves room to brake after it, else full braking.

    Needs no square root, and so is exact in every number type.

    Args:
        position: x.
        velocity: v.
        wanted: What is asked for; cut to [-u_max, u_max] first.
        limit: L.
        input_max: u_max > 0.
        step: h > 0.
    """
    asked = within(wanted, input_max)
    then = euler_step(position, velocity, asked, step=step)
    room = braking_headroom(*then, limit=limit, input_max=input_max, step=step)
    return where(room >= 0, asked, 0 * asked - input_max)


def least_chance(noise: Number, deviation: Number, *, exp: Callable[[Any], Any]) -> Any:
    """Return a lower bound on the chance that Gaussian noise is at least so much.

    With z = w / sigma >= 0 the noise lies between z and z + 1 deviations with at least the density
    at the far end, exp(-(z + 1)^2 / 2) / sqrt(2 pi), and 2 pi < 9.

    Args:
        noise: w >= 0.
        deviation: sigma > 0, the standard deviation; the mean is 0.
        exp: The exponential function of the number type.
    """
    far = noise / deviation + 1
    return exp(-far * far / 2) / 3
