"""Cases and checks of the suite ``expert-cache`` that speak of routing chains, exactly.

Notation, as in ``models.routing``
    P: transition matrix; g: discount; F_ij(g): discounted probability of coming from i to j.
"""

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from math import prod
from typing import Final

import numpy as np
from hypothesis import strategies as st

from homeostat.models.routing.chain import Chain, Matrix, Unvisited, chain_of
from homeostat.models.routing.classes import components, stationary_law
from homeostat.models.routing.counts import product_edges
from homeostat.models.routing.gaps import eigenvalue_gap, normalised_laplacian_gap, reversible_gap
from homeostat.models.routing.returns import discounted_returns, returns_within
from homeostat.models.routing.unions import expected_union
from homeostat.properties.results import Violation

__all__ = [
    "ChainCase",
    "Rules",
    "TwoChains",
    "Walkers",
    "chains",
    "classes_are_not_multiplicity",
    "components_leave_a_gap",
    "gaps_all_differ",
    "pairs_deviate_otherwise",
    "pairs_do_not_forget",
    "returns_leave_their_range",
    "row_is_no_law",
    "small_chains",
    "smaller_gap_has_the_larger_union",
    "threshold_depends_on_size",
    "thresholds",
    "two_chains",
    "union_is_not_the_enumerated",
    "union_is_not_the_sum",
    "walkers",
]

_COUNTS: Final = st.integers(0, 5) | st.just(0)
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class ChainCase:
    """Counts of transitions, and what is asked of their chain.

    Attributes:
        counts: Row i, column j: how often j followed i; at least one transition.
        unvisited: What follows an expert that was never left.
        discounts: Two discounts in percent, below 100, ascending.
        steps: A horizon.
    """

    counts: tuple[tuple[int, ...], ...]
    unvisited: Unvisited
    discounts: tuple[int, int]
    steps: int

    @property
    def chain(self) -> Chain:
        """The chain, in fractions."""
        return chain_of(np.array(self.counts), unvisited=self.unvisited, exact=True)


@st.composite
def _squares(draw: st.DrawFn, size_max: int) -> tuple[tuple[int, ...], ...]:
    n = draw(st.integers(2, size_max))
    rows = [draw(st.tuples(*[_COUNTS] * n)) for _ in range(n)]
    if not any(map(any, rows)):
        rows[0] = (1, *rows[0][1:])
    return tuple(rows)


def chains(*, size_max: int = 5) -> st.SearchStrategy[ChainCase]:
    """Return chains of a few experts; many entries are 0, so that classes are common."""
    percents = st.tuples(st.integers(0, 99), st.integers(0, 99)).map(sorted).map(tuple)
    unvisited = st.sampled_from(("uniform", "stay"))
    return st.builds(ChainCase, _squares(size_max), unvisited, percents, st.integers(0, 6))


def small_chains() -> st.SearchStrategy[ChainCase]:
    """Return chains of two or three experts."""
    return chains(size_max=3)


def row_is_no_law(case: ChainCase) -> Violation | None:
    """Every row is >= 0 and adds up to exactly 1; rows without a count are marked."""
    chain = case.chain
    for i, row in enumerate(chain.matrix):
        if not (min(row) >= 0 and sum(row) == 1 and chain.visited[i] == any(case.counts[i])):
            return Violation(0, {"row": str(list(row)), "visited": str(chain.visited[i])})
    return None


def _rank(matrix: Matrix) -> int:
    """Return the rank of a matrix of fractions, by elimination."""
    rows, rank = [list(row) for row in matrix], 0
    for column in range(len(rows)):
        pivot = next((i for i in range(rank, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        for i in range(rank + 1, len(rows)):
            factor = rows[i][column] / rows[rank][column]
            rows[i] = [x - factor * y for x, y in zip(rows[i], rows[rank], strict=True)]
        rank += 1
    return rank


def _identity(chain: Chain) -> Matrix:
    count = len(chain.states)
    return np.array([[Fraction(i == j) for j in range(count)] for i in range(count)])


def classes_are_not_multiplicity(case: ChainCase) -> Violation | None:
    """The eigenvalue 1 of P is as often as there are closed classes; two leave no gap."""
    chain = case.chain
    closed = sum(component.closed for component in components(chain))
    multiplicity = len(chain.states) - _rank(chain.matrix - _identity(chain))
    gap = eigenvalue_gap(chain)
    if multiplicity == closed and (closed < 2 or abs(gap) <= _ROUNDING):
        return None
    return Violation(0, {"closed": str(closed), "ones": str(multiplicity), "gap": repr(gap)})


def components_leave_a_gap(case: ChainCase) -> Violation | None:
    """False neighbour: more than one component leaves no gap, either."""
    found, gap = len(components(case.chain)), eigenvalue_gap(case.chain)
    if found < 2 or gap <= _ROUNDING:
        return None
    return Violation(0, {"components": str(found), "gap": repr(gap)})


def gaps_all_differ(case: ChainCase) -> Violation | None:
    """False: of three numbers that are called the spectral gap, two agree."""
    chain = case.chain
    if sum(component.closed for component in components(chain)) > 1:
        return None
    found = [
        eigenvalue_gap(chain),
        reversible_gap(chain),
        normalised_laplacian_gap(np.asarray(chain.matrix, dtype=np.float64)),
    ]
    differ = all(abs(a - b) > _ROUNDING for a, b in combinations(found, 2))
    return Violation(0, {"gaps": str(found)}) if differ else None


def returns_leave_their_range(case: ChainCase) -> Violation | None:
    """F(g) is in [0, g], grows with g, and exceeds that of a horizon H by at most g^(H+1)."""
    low, high = (Fraction(percent, 100) for percent in case.discounts)
    whole, more = (discounted_returns(case.chain, g) for g in (low, high))
    rest = whole - returns_within(case.chain, case.steps, low)
    bounds = (whole >= 0, whole <= low, whole <= more, rest >= 0, rest <= low ** (case.steps + 1))
    if all(np.all(bound) for bound in bounds):
        return None
    return Violation(0, {"returns": str(whole.tolist()), "rest": str(rest.tolist())})


@dataclass(frozen=True, slots=True)
class Walkers:
    """Independent walkers.

    Attributes:
        weights: For each, in what proportion it is on each expert.
    """

    weights: tuple[tuple[int, ...], ...]

    @property
    def laws(self) -> list[Matrix]:
        """Where each walker is."""
        return [np.array([Fraction(w, sum(row)) for w in row]) for row in self.weights]


def walkers() -> st.SearchStrategy[Walkers]:
    """Return one to four walkers on two to four experts."""

    def of(experts: int) -> st.SearchStrategy[tuple[tuple[int, ...], ...]]:
        row = st.tuples(*[st.integers(0, 4)] * experts).filter(any)
        return st.lists(row, min_size=1, max_size=4).map(tuple)

    return st.integers(2, 4).flatmap(of).map(Walkers)


def union_is_not_the_enumerated(case: Walkers) -> Violation | None:
    """The closed form is the mean over every place that each walker could be."""
    laws = case.laws
    mean = Fraction(0)
    for places in product(range(len(laws[0])), repeat=len(laws)):
        chance = prod((law[i] for law, i in zip(laws, places, strict=True)), start=Fraction(1))
        mean += len(set(places)) * chance
    closed = expected_union(laws)
    return None if closed == mean else Violation(0, {"closed": str(closed), "mean": str(mean)})


def union_is_not_the_sum(case: Walkers) -> Violation | None:
    """False neighbour: every walker needs an expert of its own."""
    union = expected_union(case.laws)
    return None if union == len(case.weights) else Violation(0, {"union": str(union)})


def _pair_means(case: ChainCase, k: int) -> tuple[Matrix, Matrix, Matrix]:
    """Return the mean edge of all k k pairs, the first choices' edge, and that of chance.

    The first choices of two tokens are distributed as the counts, all others as the marginals.
    """
    count = len(case.counts)
    total = sum(map(sum, case.counts))
    first = np.array([[Fraction(w, total) for w in row] for row in case.counts])
    before, after = first.sum(axis=1), first.sum(axis=0)
    mean = 0 * first
    for experts in product(range(count), repeat=2 * k):
        one, two = experts[:k], experts[k:]
        chance = first[one[0], two[0]]
        for i, j in zip(one[1:], two[1:], strict=True):
            chance = chance * before[i] * after[j]
        if chance:
            mean = mean + chance * product_edges([[one, two]], count).astype(object)
    return mean / (k * k), first, np.outer(before, after)


def pairs_deviate_otherwise(case: ChainCase) -> Violation | None:
    """The mean of all k k pairs deviates from chance by 1/k^2 of what the first choices do."""
    k = 2
    mean, first, chance = _pair_means(case, k)
    if np.all(mean - chance == (first - chance) / (k * k)):
        return None
    return Violation(0, {"mean": str(mean.tolist()), "chance": str(chance.tolist())})


def pairs_do_not_forget(case: ChainCase) -> Violation | None:
    """False neighbour: it does not deviate at all."""
    mean, _, chance = _pair_means(case, 2)
    return None if np.all(mean == chance) else Violation(0, {"mean": str(mean.tolist())})


@dataclass(frozen=True, slots=True)
class Rules:
    """One rule, asked of two uniform chains.

    Attributes:
        sizes: Their experts, ascending.
        percent: The discount.
    """

    sizes: tuple[int, int]
    percent: int


def thresholds() -> st.SearchStrategy[Rules]:
    """Return pairs of uniform chains of 8 to 128 experts."""
    sizes = st.tuples(st.integers(8, 128), st.integers(8, 128)).map(sorted).map(tuple)
    return st.builds(Rules, sizes, st.integers(50, 99))


def threshold_depends_on_size(case: Rules) -> Violation | None:
    """False: a return probability of 0.1 admits an expert of a uniform chain of either size."""
    found = [
        float(discounted_returns(Chain.of(np.full((n, n), 1 / n)), case.percent / 100)[0, 0])
        for n in case.sizes
    ]
    same = (found[0] >= 0.1) == (found[1] >= 0.1)
    return None if same else Violation(0, {"returns": str(found)})


@dataclass(frozen=True, slots=True)
class TwoChains:
    """Two chains on as many experts, and some walkers.

    Attributes:
        counts: The transitions of either, each at least once.
        walkers: How many walk independently, all in the stationary law.
    """

    counts: tuple[tuple[tuple[int, ...], ...], ...]
    walkers: int


def two_chains() -> st.SearchStrategy[TwoChains]:
    """Return pairs of irreducible chains of two to four experts."""

    def of(n: int) -> st.SearchStrategy[tuple[tuple[tuple[int, ...], ...], ...]]:
        matrix = st.tuples(*[st.tuples(*[st.integers(1, 9)] * n)] * n)
        return st.tuples(matrix, matrix)

    return st.builds(TwoChains, st.integers(2, 4).flatmap(of), st.integers(2, 6))


def smaller_gap_has_the_larger_union(case: TwoChains) -> Violation | None:
    """False: of two chains the one with the smaller gap has the smaller union."""
    chains = [chain_of(np.array(counts)) for counts in case.counts]
    gaps = [eigenvalue_gap(chain) for chain in chains]
    unions = [expected_union([stationary_law(chain)] * case.walkers) for chain in chains]
    turned = (gaps[0] - gaps[1]) * float(unions[0] - unions[1]) < -_ROUNDING
    if not turned:
        return None
    return Violation(0, {"gaps": str(gaps), "unions": str([float(u) for u in unions])})
