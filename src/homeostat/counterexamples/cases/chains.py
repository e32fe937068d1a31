"""Markov chains of experts in a case: their figures by the models, eigenvalues by python-flint.

An eigenvalue is a root of a characteristic polynomial with rational coefficients: exact where a
linear factor over the rationals has it, else within a ball. What the kernel knows in closed form is
eliminated here.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np

from homeostat.counterexamples.cases.balls import BITS, Ball, Figure
from homeostat.counterexamples.cases.reading import (
    Figures,
    Given,
    integer,
    list_of,
    number,
    read_fields,
)
from homeostat.errors import InvalidInputError, WitnessRejectedError
from homeostat.models.routing.chain import Chain
from homeostat.models.routing.classes import components, stationary_law
from homeostat.models.routing.unions import expected_union

__all__ = ["CHAINS", "CaseChain", "chain_of", "chains", "discount_of"]

CHAINS: Final = frozenset({"chains", "discount", "walkers"})
MATRIX_MAX: Final = 8
LAW_MAX: Final = 200
CHAINS_MAX: Final = 2
WALKERS_MAX: Final = 64

Rows = list[list[Fraction]]


class CaseChain(NamedTuple):
    """A chain, and its law if it draws every expert from one law or stays."""

    chain: Chain
    law: list[Fraction] | None

    @property
    def rows(self) -> Rows:
        """The transition matrix."""
        return [list(row) for row in self.chain.matrix]

    def p_return(self, state: int, discount: Fraction) -> Fraction:
        """Return E[discount^T] over the first return: 1 - 1/G_jj, G = (I - discount P)^-1.

        The formula is that of ``models.routing.returns``; tests hold it against that.
        """
        import flint

        rows = self.rows
        resolved = _flint([[(i == j) - discount * p for j, p in enumerate(r)]
                           for i, r in enumerate(rows)])  # fmt: skip
        unit = [flint.fmpq(int(i == state)) for i in range(len(rows))]
        column = resolved.solve(flint.fmpq_mat(len(rows), 1, unit))
        return 1 - 1 / _fraction(column[state, 0])


def chain_of(data: object) -> CaseChain:
    """Read a chain: a matrix, or a law and the chance to stay instead of drawing from it.

    Raises:
        InvalidInputError: It is none.
    """
    if isinstance(data, dict) and "law" in data:
        given = read_fields(data, "chain", "law stay")
        law, stay = _chances(given["law"], LAW_MAX), number(given["stay"])
        if not 0 <= stay < 1:
            raise InvalidInputError(f"stay={stay} must be >= 0 and < 1")
        drawn = [(1 - stay) * x for x in law]
        rows = [[x + stay if i == j else x for j, x in enumerate(drawn)] for i in range(len(drawn))]
        return CaseChain(Chain.of(np.array(rows, dtype=object)), law)
    listed = list_of(read_fields(data, "chain", "matrix")["matrix"], "matrix", MATRIX_MAX)
    matrix = [_chances(row, MATRIX_MAX) for row in listed]
    if any(len(row) != len(matrix) for row in matrix):
        raise InvalidInputError("a matrix must be square")
    return CaseChain(Chain.of(np.array(matrix, dtype=object)), None)


def _chances(data: object, count_max: int) -> list[Fraction]:
    found = [number(x) for x in list_of(data, "chances", count_max)]
    if min(found) < 0 or sum(found) != 1:
        raise InvalidInputError(f"chances must be >= 0 and add up to 1, not {sum(found)}")
    return found


def discount_of(data: object) -> Fraction:
    """Read a discount.

    Raises:
        InvalidInputError: It is not in [0, 1).
    """
    found = number(data)
    if not 0 <= found < 1:
        raise InvalidInputError(f"discount={found} must be >= 0 and < 1")
    return found


def _flint(rows: Sequence[Sequence[Fraction]]) -> Any:
    import flint

    return flint.fmpq_mat([[flint.fmpq(x.numerator, x.denominator) for x in row] for row in rows])


def _fraction(x: Any) -> Fraction:
    return Fraction(int(x.p), int(x.q))


def _eigenvalues(rows: Rows, without: int) -> list[Fraction | Any]:
    """Return the eigenvalues of a matrix but one, each exact or as an ``acb``.

    Raises:
        WitnessRejectedError: There is no other eigenvalue.
    """
    import flint

    _, factors = _flint(rows).charpoly().factor()
    found: list[Fraction | Any] = []
    for factor, count in factors:
        if factor.degree() == 1:
            found += [-_fraction(factor[0]) / _fraction(factor[1])] * count
        else:
            with flint.ctx.workprec(BITS):
                found += [root for root, _ in factor.complex_roots()] * count
    found.remove(Fraction(without))
    if not found:
        raise WitnessRejectedError("one expert has no second eigenvalue")
    return found


def _largest(values: Sequence[Any]) -> Figure:
    """Return the largest of real numbers, some of them balls."""
    import flint

    if all(isinstance(value, Fraction) for value in values):
        return Fraction(max(values))
    with flint.ctx.workprec(BITS):
        balls = [Ball.of(x).arb if isinstance(x, Fraction) else x for x in values]
        found = balls[0]
        for ball in balls[1:]:
            found = found.max(ball)
    return Ball(found)


def _modulus(value: Any) -> Any:
    import flint

    if isinstance(value, Fraction):
        return abs(value)
    with flint.ctx.workprec(BITS):
        return abs(value)


def _real(value: Any) -> Any:
    return value if isinstance(value, Fraction) else value.real


def _gap(one: CaseChain) -> Figure:
    if len(one.rows) == 1:
        return Fraction(1)
    return 1 - _largest([_modulus(x) for x in _eigenvalues(one.rows, 1)])


def _law(one: CaseChain) -> list[Fraction]:
    if one.law is not None:
        return one.law
    try:
        return list(stationary_law(one.chain))
    except InvalidInputError as error:
        raise WitnessRejectedError(str(error)) from error


def _reversible_gap(one: CaseChain) -> Figure:
    law, rows = _law(one), one.rows
    kept = [i for i, x in enumerate(law) if x]
    mean = [[(rows[i][j] + law[j] * rows[j][i] / law[i]) / 2 for j in kept] for i in kept]
    return 1 - _largest([_real(x) for x in _eigenvalues(mean, 1)])


def _laplacian(one: CaseChain, *, normalised: bool) -> Figure:
    rows = one.rows
    weights = [[(x + rows[j][i]) / 2 for j, x in enumerate(row)] for i, row in enumerate(rows)]
    sums = [sum(row, Fraction(0)) for row in weights]
    if normalised and not all(sums):
        raise WitnessRejectedError("a node must have some weight")
    # D^-1 (D - W) is similar to I - D^-1/2 W D^-1/2.
    laplacian = [
        [((i == j) * sums[i] - x) / (sums[i] if normalised else 1) for j, x in enumerate(row)]
        for i, row in enumerate(weights)
    ]
    return -_largest([-_real(x) for x in _eigenvalues(laplacian, 0)])


def chains(given: Given) -> Figures:
    """Run a case of one chain or two.

    Raises:
        InvalidInputError: The data break a rule.
    """
    found = [chain_of(data) for data in list_of(given["chains"], "chains", CHAINS_MAX)]
    walkers = integer(given["walkers"], "walkers", 1, WALKERS_MAX)
    discount = discount_of(given["discount"])

    def back(i: int, k: int) -> Figure:
        chain = found[k]
        return chain.p_return(range(len(chain.rows))[i], discount)

    table: dict[str, Callable[..., Figure]] = {
        "states_#": lambda k: Fraction(len(found[k].rows)),
        "components_#": lambda k: Fraction(len(components(found[k].chain))),
        "classes_#": lambda k: Fraction(sum(c.closed for c in components(found[k].chain))),
        "gap_#": lambda k: _gap(found[k]),
        "reversible_gap_#": lambda k: _reversible_gap(found[k]),
        "laplacian_#": lambda k: _laplacian(found[k], normalised=False),
        "normalised_laplacian_#": lambda k: _laplacian(found[k], normalised=True),
        "union_#": lambda k: Fraction(expected_union([np.array(_law(found[k]))] * walkers)),
        "p_return_#_#": back,
        "walkers": lambda: Fraction(walkers),
        "discount": lambda: discount,
    }
    even = all(one.law is not None and one.rows == _uniform(len(one.rows)) for one in found)
    return Figures(frozenset({"uniform"} if even else ()), table)


def _uniform(count: int) -> Rows:
    return [[Fraction(1, count)] * count] * count
