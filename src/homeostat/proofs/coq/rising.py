"""A quadratic form U that never decreases and is positive somewhere, for Unstable.v.

Nothing here is trusted: Coq compares U after a step with U, and evaluates it at the start.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from homeostat.proofs.coq.lyapunov import Matrix, after_step, companion, squares_text
from homeostat.proofs.coq.terms import listed, rational_term
from homeostat.proofs.polynomials import RejectedError
from homeostat.proofs.systems import weights_of

__all__ = ["rising_text"]

Squares = list[tuple[Fraction, list[Fraction]]]


def _pairs(symmetric: Matrix) -> Squares:
    """Return squares of sums of two coordinates that add up to any symmetric matrix."""
    k = range(len(symmetric))
    found = []
    for i in k:
        alone = 2 * symmetric[i][i] - sum(symmetric[i])
        found.append((alone, [Fraction(s == i) for s in k]))
        found += [(symmetric[i][j], [Fraction(s in (i, j)) for s in k]) for j in k if j > i]
    return found


def _solution(weights: Sequence[Fraction]) -> Matrix | None:
    """Return P with A'PA - P = I, or None where two roots have product 1."""
    a, n = companion(weights), len(weights) - 1
    k = range(n)
    pairs = [(i, j) for i in k for j in k]
    system = flint.fmpq_mat(
        [
            [
                flint.fmpq(*(a[s][i] * a[t][j] - int((s, t) == (i, j))).as_integer_ratio())
                for s, t in pairs
            ]
            for i, j in pairs
        ]
    )
    right = flint.fmpq_mat([[flint.fmpq(int(i == j))] for i, j in pairs])
    try:
        solved = system.solve(right)
    except ZeroDivisionError:
        return None
    numbers = [Fraction(int(solved[r, 0].p), int(solved[r, 0].q)) for r in range(n * n)]
    return [numbers[i * n : (i + 1) * n] for i in k]


def _conserved(weights: Sequence[Fraction]) -> Matrix | None:
    """Return U = w^2 + b w w' + w'^2 of a factor z^2 + b z + 1, if it is the only such one."""
    p = flint.fmpq_poly([flint.fmpq(*w.as_integer_ratio()) for w in reversed(weights)])
    mirror = flint.fmpq_poly([flint.fmpq(*w.as_integer_ratio()) for w in weights])
    common = p.gcd(mirror)
    if common.degree() != 2 or common[0] != common[2]:
        return None
    b = Fraction(int((common[1] / common[2]).p), int((common[1] / common[2]).q))
    rest = [Fraction(int(c.p), int(c.q)) for c in reversed((p / common).coeffs())]
    now, before = [*rest, Fraction(0)], [Fraction(0), *rest]
    return [
        [x * y + (b * x * t + b * s * y) / 2 + s * t for y, t in zip(now, before, strict=True)]
        for x, s in zip(now, before, strict=True)
    ]


def _high(p: Matrix) -> list[Fraction] | None:
    """Return a rational vector where the quadratic form is positive."""
    values, vectors = np.linalg.eigh(np.array([[float(x) for x in row] for row in p]))
    steep = [Fraction(round(float(x) * 1000), 1000) for x in vectors[:, int(np.argmax(values))]]
    k = range(len(p))
    candidates = [[Fraction(i == j) for j in k] for i in k] + [steep]
    for z in candidates:
        if sum(z[i] * p[i][j] * z[j] for i in k for j in k) > 0:
            return z
    return None


def rising_text(parameters: Mapping[str, Any]) -> str:
    """Return the definition of ``growing``, a form and a start that Unstable.v accepts.

    Raises:
        RejectedError: No such form was found.
    """
    weights = weights_of(parameters)
    for p in (_solution(weights), _conserved(weights)):
        z = p and _high(p)
        if not p or not z:
            continue
        ahead = after_step(p, weights)
        rise = [[x - y for x, y in zip(r, s, strict=True)] for r, s in zip(ahead, p, strict=True)]
        level = parameters["capacity"] / sum(weights)
        start = [level + x for x in z]
        used = sum(w * m for w, m in zip(weights, start, strict=False))
        start.append((parameters["capacity"] - used) / weights[-1])
        return f"""\
Definition growing : rising := {{|
  form_U := {squares_text(_pairs(p))};
  growth := {squares_text(_pairs(rise))};
  from_state := {listed(map(rational_term, start))} |}}.
"""
    raise RejectedError("no quadratic form was found that never decreases")
