"""A quadratic form V that shrinks, as the sums of squares that Converges.v checks.

Nothing here is trusted: Coq compares the sums of squares with V, and with V after a step.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from homeostat.models.batching import BatchingParameters
from homeostat.proofs.coq.terms import listed, rational_term
from homeostat.proofs.engines.schur import lyapunov
from homeostat.proofs.polynomials import RejectedError
from homeostat.proofs.systems import weights_of

__all__ = ["Matrix", "after_step", "companion", "lyapunov_text", "squares_of", "squares_text"]

Matrix = list[list[Fraction]]
DIGITS: Final = (3, 6, 12)
HALVINGS_MAX: Final = 60


def squares_of(symmetric: Matrix) -> list[tuple[Fraction, list[Fraction]]] | None:
    """Return multiples and forms whose squares add up to a positive definite matrix.

    Returns:
        None if the matrix is not positive definite.
    """
    rest, found = [list(row) for row in symmetric], []
    for k in range(len(rest)):
        pivot = rest[k][k]
        if pivot <= 0:
            return None
        line = [x / pivot for x in rest[k]]
        found.append((pivot, line))
        rest = [
            [x - pivot * line[i] * y for x, y in zip(row, line, strict=True)]
            for i, row in enumerate(rest)
        ]
    return found


def _combined(p: Matrix, q: Matrix, a: Fraction, b: Fraction) -> Matrix:
    return [[a * x + b * y for x, y in zip(r, s, strict=True)] for r, s in zip(p, q, strict=True)]


def companion(weights: Sequence[Fraction]) -> Matrix:
    """Return A, the step z' = (-ws.z / w0, z_0, z_1, ..) of all stages but the last."""
    k = range(len(weights) - 1)
    return [
        [-w / weights[0] for w in weights[1:]],
        *([Fraction(i == j) for j in k] for i in k[:-1]),
    ]


def after_step(p: Matrix, weights: Sequence[Fraction]) -> Matrix:
    """Return A'PA."""
    a, k = companion(weights), range(len(p))
    pa = [[sum((p[i][s] * a[s][j] for s in k), Fraction(0)) for j in k] for i in k]
    return [[sum((a[s][i] * pa[s][j] for s in k), Fraction(0)) for j in k] for i in k]


def _shown(p: Matrix, weights: Sequence[Fraction]) -> tuple[Any, ...] | None:
    """Return (V, factor, floor, above the floor, decrease), or None if P does not do."""
    unit = [[Fraction(i == j) for j in range(len(p))] for i in range(len(p))]
    ahead = after_step(p, weights)
    form = squares_of(p)
    small = [Fraction(1, 2**k) for k in range(HALVINGS_MAX)]
    floors = ((x, squares_of(_combined(p, unit, Fraction(1), -x))) for x in small)
    floor = next((pair for pair in floors if pair[1]), None)
    factors = ((1 - x, squares_of(_combined(p, ahead, 1 - x, Fraction(-1)))) for x in small[1:])
    factor = next((pair for pair in factors if pair[1]), None)
    return None if not (form and floor and factor) else (form, *factor, *floor)


def squares_text(squares: Any) -> str:
    """Return multiples and forms as a term of type ``squares``."""
    return listed(
        (f"({rational_term(d)}, {listed(map(rational_term, row))})" for d, row in squares),
        lines=True,
    )


def lyapunov_text(parameters: Mapping[str, Any], known: Matrix | None = None) -> str:
    """Return the definition of ``shrinking``, a quadratic form that Converges.v accepts.

    Args:
        parameters: As ``parameters_of`` returns them.
        known: P > 0 with P - A'PA > 0, if the certificate has it.

    Raises:
        RejectedError: No such form was found.
        InvalidInputError: The system is not stable.
    """
    p, weights = parameters, weights_of(parameters)
    model = BatchingParameters(p["l0"], p["l_a"], p["l_b"], p["q"])
    tries = [known] if known else []
    for digits in DIGITS:
        tries.append([[Fraction(x) for x in row] for row in lyapunov(model, digits=digits)])
    found = next((shown for matrix in tries if (shown := _shown(matrix, weights))), None)
    if found is None:
        raise RejectedError("no quadratic form was found that shrinks in each step")
    form, factor, decrease, floor, above = found
    return f"""\
Definition shrinking : lyapunov := {{|
  form_V := {squares_text(form)};
  factor := {rational_term(factor)};
  floor := {rational_term(floor)};
  above_floor := {squares_text(above)};
  decrease := {squares_text(decrease)} |}}.
"""
