"""Markov chains in a case: how one expert follows another. Standard library only.

A chain is {"matrix": rows}, or {"law": l, "stay": s} for P = s I + (1 - s) 1 l^T: it stays, or it
draws an expert afresh. Of the first every figure is found by elimination over the rationals; the
second has closed forms, so that it may be large.

Word
    uniform: every chain draws each expert afresh, all as likely.

Figures of a chain, each rational; where it would not be, there is none
    states, components, classes: experts; strong components; closed ones, which nothing leaves.
    gap: 1 - |lambda_2| of P. It is 0 with two closed classes.
    reversible_gap: 1 - lambda_2 of (P + P*) / 2, P* the chain run backwards.
    laplacian, normalised_laplacian: the second smallest eigenvalue of D - W, and of
        I - D^-1/2 W D^-1/2, for W = (P + P^T) / 2 and its row sums D.
    union: the expected number of distinct experts that so many independent walkers are on, each in
        the stationary law pi: sum of 1 - (1 - pi_i)^walkers.
    p_return: the discounted chance to come back: E[g^T] over the first T > 0 with the chain where
        it was. From i to j it is h_i = g (P_ij + sum over l other than j of P_il h_l).
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

from homeostat.proofs.enclosures import Enclosure, number, point
from homeostat.proofs.figures import Figure, figures, pick, texts
from homeostat.proofs.polynomials import demand

__all__ = ["Chain", "chain_of", "chains", "discount_of", "p_return", "solved"]

MATRIX_MAX: Final = 8
LAW_MAX: Final = 200
CHAINS_MAX: Final = 2
WALKERS_MAX: Final = 64

Matrix = list[list[Fraction]]


class Chain(NamedTuple):
    """A transition matrix; or a law, and the chance to stay instead of drawing from it."""

    matrix: Matrix
    law: list[Fraction]
    stay: Fraction

    @property
    def size(self) -> int:
        """How many experts there are."""
        return len(self.matrix or self.law)


def _chances(data: Any, most: int) -> list[Fraction]:
    found = [number(x) for x in texts(data, 1, most, "chances")]
    demand(min(found) >= 0 and sum(found) == 1, "chances must be >= 0 and add up to 1")
    return found


def chain_of(data: Any) -> Chain:
    """Read a chain."""
    demand(type(data) is dict, "a chain is an object")
    if set(data) == {"law", "stay"}:
        stay = number(data["stay"])
        demand(0 <= stay < 1, "the chance to stay must be in [0, 1)")
        return Chain([], _chances(data["law"], LAW_MAX), stay)
    demand(set(data) == {"matrix"}, "a chain has a matrix, or a law and a chance to stay")
    rows = data["matrix"]
    demand(type(rows) is list and 1 <= len(rows) <= MATRIX_MAX, "no list of few rows")
    matrix = [_chances(row, MATRIX_MAX) for row in rows]
    demand(all(len(row) == len(rows) for row in matrix), "the matrix is not square")
    return Chain(matrix, [], Fraction(0))


def discount_of(data: Any) -> Fraction:
    """Read a discount."""
    found = number(data)
    demand(0 <= found < 1, "a discount must be in [0, 1)")
    return found


def solved(rows: Sequence[Sequence[Fraction]]) -> list[Fraction]:
    """Solve A x = b for rows (A | b), by elimination."""
    rest, done = [list(row) for row in rows], list[list[Fraction]]()
    for column in range(len(rest)):
        found = next((row for row in rest if row[column]), None)
        demand(found is not None, "the equations have no single solution")
        pivot = [x / found[column] for x in found] if found else []
        rest = [row for row in rest if row is not found]
        for rows_left in (rest, done):
            for row in rows_left:
                row[:] = [x - row[column] * y for x, y in zip(row, pivot, strict=True)]
        done.append(pivot)
    return [row[-1] for row in done]


def p_return(chain: Chain, j: int, discount: Fraction) -> Fraction:
    """Return E[discount^T] over the first T > 0 at which the chain is at j again, from j."""
    if chain.law:
        # Of all l other than j the chance is the same, a.
        draw, other = (1 - chain.stay) * chain.law[j], (1 - chain.stay) * (1 - chain.law[j])
        a = discount * draw / (1 - discount * (chain.stay + other))
        return discount * (chain.stay + draw + other * a)
    equations = [
        [(i == k) - (discount * p if k != j else 0) for k, p in enumerate(row)]
        + [discount * row[j]]
        for i, row in enumerate(chain.matrix)
    ]
    return solved([list(map(Fraction, row)) for row in equations])[j]


def _reached(chain: Chain) -> list[set[int]]:
    """Return for each expert those that can follow it sooner or later, and itself."""
    if chain.law:
        drawn = {j for j, x in enumerate(chain.law) if x}
        return [{i} | drawn for i in range(chain.size)]
    found = [{i} | {j for j, p in enumerate(row) if p} for i, row in enumerate(chain.matrix)]
    for _ in found:
        found = [set().union(*(found[j] for j in some)) for some in found]
    return found


def _components(chain: Chain) -> tuple[list[frozenset[int]], list[frozenset[int]]]:
    """Return the strong components, and those of them that nothing leaves."""
    reached = _reached(chain)
    each = [frozenset(j for j in some if i in reached[j]) for i, some in enumerate(reached)]
    return list(dict.fromkeys(each)), [c for c in dict.fromkeys(each) if reached[min(c)] == c]


def _gap(chain: Chain) -> Fraction:
    every, closed = _components(chain)
    if chain.law:
        # The eigenvalues are 1, and s as often as there are other experts.
        return 1 - chain.stay if chain.size > 1 else Fraction(1)
    if len(closed) > 1:
        return Fraction(0)
    if len(every) == chain.size:
        # Each expert alone: in some order P is triangular. One eigenvalue is 1; it is left out.
        values = sorted(abs(row[i]) for i, row in enumerate(chain.matrix))[:-1]
        return 1 - max(values, default=Fraction(0))
    demand(chain.size == 2, "the gap of this chain is not known exactly")
    return 1 - abs(chain.matrix[0][0] + chain.matrix[1][1] - 1)


def _law(chain: Chain) -> list[Fraction]:
    """Return the stationary law: pi P = pi, where one equation gives way to sum pi = 1."""
    if chain.law:
        return chain.law
    demand(len(_components(chain)[1]) == 1, "the stationary law is not unique")
    n = chain.size
    equations = [
        [chain.matrix[i][j] - (i == j) for i in range(n)] + [Fraction(0)] for j in range(n - 1)
    ]
    return solved([[Fraction(1)] * (n + 1), *equations])


def _uniform(chain: Chain) -> bool:
    """Tell a uniform law, with which P is symmetric, from two experts, of which all is known."""
    demand(chain.size > 1, "one expert has no second eigenvalue")
    uniform = len(set(chain.law)) == 1
    demand(uniform or len(chain.matrix) == 2, "this eigenvalue is not known exactly")
    return uniform


def _reversible_gap(chain: Chain) -> Fraction:
    demand(min(_law(chain)) > 0, "an expert that is left for ever")
    # With a law, or two experts, P* = P.
    if chain.law and chain.size > 1:
        return 1 - chain.stay
    demand(chain.size == 2, "this eigenvalue is not known exactly")
    return chain.matrix[0][1] + chain.matrix[1][0]


def _laplacian(chain: Chain) -> Fraction:
    if _uniform(chain):
        return 1 - chain.stay
    return chain.matrix[0][1] + chain.matrix[1][0]


def _normalised_laplacian(chain: Chain) -> Fraction:
    if _uniform(chain):
        # All row sums are 1.
        return 1 - chain.stay
    between = (chain.matrix[0][1] + chain.matrix[1][0]) / 2
    sums = [chain.matrix[i][i] + between for i in (0, 1)]
    demand(min(sums) > 0, "a node without weight")
    # One eigenvalue is 0, so the other is the trace.
    return between / sums[0] + between / sums[1]


def chains(given: Mapping[str, Any]) -> tuple[set[str], Figure]:
    """Read a case of one chain or two, and return its figures."""
    demand(set(given) == {"chains", "discount", "walkers"}, "wrong fields")
    listed, walkers, discount = given["chains"], given["walkers"], discount_of(given["discount"])
    demand(type(listed) is list and 1 <= len(listed) <= CHAINS_MAX, "no list of few chains")
    demand(type(walkers) is int and 1 <= walkers <= WALKERS_MAX, "no number of walkers")
    found = [chain_of(data) for data in listed]

    def back(i: int, k: int) -> Enclosure:
        chain = pick(found, k)
        return point(p_return(chain, pick(range(chain.size), i), discount))

    even = all(len(set(c.law)) == 1 and (not c.stay or c.size == 1) for c in found)
    return {"uniform"} if even else set(), figures(
        {
            "states_#": lambda k: point(pick(found, k).size),
            "components_#": lambda k: point(len(_components(pick(found, k))[0])),
            "classes_#": lambda k: point(len(_components(pick(found, k))[1])),
            "gap_#": lambda k: point(_gap(pick(found, k))),
            "reversible_gap_#": lambda k: point(_reversible_gap(pick(found, k))),
            "laplacian_#": lambda k: point(_laplacian(pick(found, k))),
            "normalised_laplacian_#": lambda k: point(_normalised_laplacian(pick(found, k))),
            "union_#": lambda k: point(sum(1 - (1 - x) ** walkers for x in _law(pick(found, k)))),
            "p_return_#_#": back,
            "walkers": lambda: point(walkers),
            "discount": lambda: point(discount),
        }
    )
