"""The stationary law of a Langevin step in a well, in a case. Standard library only.

A particle of mass m in U = k x^2 / 2 takes steps of length h. Two updates are known.
    note: v' = v + h (n - k x - g v) / m, x' = x + h v', Var n = 2 g T / h; g is the friction.
    baoab: half a kick v - h k x / (2 m), half a drift x + h v / 2, c v + n with
        Var n = (1 - c^2) T / m, half a drift, half a kick; c is the friction.
Either is s' = A s + b n for s = (x, v). Its law is the S with S = A S A^T + b b^T Var n; there is
one where both eigenvalues of A lie inside the unit circle.

Words
    note, baoab: the update. stable: the eigenvalues lie there.

Figures, each rational
    position_variance, covariance, velocity_variance: of the law, if the step is stable.
    gibbs_position_variance, gibbs_velocity_variance: T / k and T / m.
    dt: as it is given.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final, NamedTuple

from homeostat.proofs.chains import solved
from homeostat.proofs.enclosures import Enclosure, number, point
from homeostat.proofs.figures import Figure, figures
from homeostat.proofs.polynomials import demand

__all__ = ["langevin"]

FIELDS: Final = ("mass", "stiffness", "friction", "temperature", "dt")
Vector = tuple[Fraction, Fraction]


class Step(NamedTuple):
    """Where (1, 0), (0, 1) and the noise alone lead, and the noise's variance."""

    of_x: Vector
    of_v: Vector
    of_noise: Vector
    variance: Fraction


def _step(of: Callable[[int, int, int], Vector], variance: Fraction) -> Step:
    return Step(of(1, 0, 0), of(0, 1, 0), of(0, 0, 1), variance)


def _note(m: Fraction, k: Fraction, g: Fraction, temperature: Fraction, h: Fraction) -> Step:
    demand(g > 0, "the damping must be positive")

    def whole(x: int, v: int, n: int) -> Vector:
        after = v + h * (n - k * x - g * v) / m
        return x + h * after, after

    return _step(whole, 2 * g * temperature / h)


def _baoab(m: Fraction, k: Fraction, c: Fraction, temperature: Fraction, h: Fraction) -> Step:
    demand(0 <= c < 1, "what friction leaves must be in [0, 1)")
    kick = h * k / (2 * m)

    def whole(x: int, v: int, n: int) -> Vector:
        before = v - kick * x
        between = c * before + n
        after = x + h / 2 * (before + between)
        return after, between - kick * after

    return _step(whole, (1 - c * c) * temperature / m)


UPDATES: Final = {"note": _note, "baoab": _baoab}


def _stable(step: Step) -> bool:
    """Decide whether both zeros of z^2 - trace z + determinant lie inside the unit circle."""
    (a, c), (b, d) = step.of_x, step.of_v
    trace, determinant = a + d, a * d - b * c
    return determinant < 1 and abs(trace) < 1 + determinant


def _moment(step: Step, place: int) -> Enclosure:
    """Solve the equations of Var x, Cov(x, v) and Var v, and return one of them."""
    demand(_stable(step), "the step is not stable: it keeps no law")
    (a, c), (b, d), (x, v) = step.of_x, step.of_v, step.of_noise
    rows = [
        [1 - a * a, -2 * a * b, -b * b, x * x * step.variance],
        [-a * c, 1 - a * d - b * c, -b * d, x * v * step.variance],
        [-c * c, -2 * c * d, 1 - d * d, v * v * step.variance],
    ]
    return point(solved(rows)[place])


def langevin(given: Mapping[str, Any]) -> tuple[set[str], Figure]:
    """Read a case of one update in one well, and return its figures."""
    demand(set(given) == {"update", *FIELDS}, "wrong fields")
    demand(given["update"] in UPDATES, f"no such update: {given['update']!r:.40}")
    m, k, friction, temperature, h = (number(given[name]) for name in FIELDS)
    demand(min(m, k, temperature, h) > 0, "mass, stiffness, temperature, dt must be positive")
    step = UPDATES[given["update"]](m, k, friction, temperature, h)
    return {given["update"]} | ({"stable"} if _stable(step) else set()), figures(
        {
            "position_variance": lambda: _moment(step, 0),
            "covariance": lambda: _moment(step, 1),
            "velocity_variance": lambda: _moment(step, 2),
            "gibbs_position_variance": lambda: point(temperature / k),
            "gibbs_velocity_variance": lambda: point(temperature / m),
            "dt": lambda: point(h),
        }
    )
