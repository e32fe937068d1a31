"""Does Simulation converge? From every start it evicts only finitely often, and then is Theory."""

import random
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import product
from math import gcd
from typing import Final

from homeostat.models.batching import (
    BatchingParameters,
    DataSet,
    State,
    evictions,
    is_schur_stable,
    simulation_step,
)
from homeostat.proofs.certificates import Certificate, schur, sealed, threshold
from homeostat.proofs.claims import Canary, CanaryError, Claim, Theorem, rejected_certificate
from homeostat.proofs.engines.mode_tree.figures import tree_figures
from homeostat.proofs.engines.mode_tree.settling import settle
from homeostat.proofs.engines.mode_tree.subtrees import BudgetError
from homeostat.proofs.engines.thresholds import Found, stable_above
from homeostat.proofs.theory.batching.common import DATA, section
from homeostat.proofs.theory.batching.forged import (
    Forged,
    closed_after_a_step,
    region_one_row_short,
)
from homeostat.proofs.verdicts import Proved, ProvedWithin, Unknown, Verdict

__all__ = ["CLAIMS", "family_points"]

L_B_MAX: Final = 5
QS: Final = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4))
UNSTABLE: Final = BatchingParameters(1, 2, 4, "1/2")
RANDOM_STARTS: Final = 40
RUN_STEPS: Final = 40


@cache
def _thresholds() -> tuple[Found, ...]:
    """Return from where on each (l_A, l_B, q) of the family is stable."""
    counts = [(a, b) for b in range(2, L_B_MAX + 1) for a in range(1, b) if gcd(a, b) == 1]
    return tuple(stable_above(l_a, l_b, q) for (l_a, l_b), q in product(counts, QS))


def family_points() -> Iterator[BatchingParameters]:
    """Yield the stable points of the family, each once."""
    for (l_a, l_b, q, _, _, integer), _ in _thresholds():
        first = int(integer)
        for l0 in sorted({first, first + 1, 2 * first, 50, 100}):
            point = BatchingParameters(l0, int(l_a), int(l_b), q)
            if is_schur_stable(point.weights):
                yield point


@cache
def _settled(parameters: BatchingParameters) -> Certificate:
    return settle(parameters)


def _stable(parameters: BatchingParameters) -> Certificate:
    return schur(parameters, "stable", {"jury": True})


def _last_eviction_seen(parameters: BatchingParameters, step_count: int) -> tuple[int, int]:
    """Return (last step that evicts, number of starts) over exact runs from some starts."""
    weights, capacity = parameters.weights, parameters.capacity
    starts = list(_starts(parameters))
    last = 0
    for start in starts:
        state = start
        for t in range(1, step_count + 1):
            following = simulation_step(weights, capacity, state)
            if any(evictions(state, following)):
                last = max(last, t)
            state = following
    return last, len(starts)


def _starts(parameters: BatchingParameters) -> Iterator[State]:
    """Yield starts with all requests at one stage, and some at random, the same each time."""
    n, draw = parameters.stage_count, random.Random(0)
    for shares in [
        *([int(i == s) for i in range(n)] for s in range(n)),
        *([draw.randrange(100) for _ in range(n)] for _ in range(RANDOM_STARTS)),
    ]:
        used = sum(w * m for w, m in zip(parameters.weights, shares, strict=True))
        if used:
            yield tuple(m * parameters.capacity / used for m in shares)


def _decide_point(data: DataSet) -> Verdict:
    p = data.parameters
    try:
        certificate = _settled(p)
    except BudgetError as error:
        return Unknown(reason=str(error))
    bound = certificate["theorem"]["steps"]
    seen, count = _last_eviction_seen(p, bound)
    figures = tree_figures(certificate)
    return Proved(
        certificates=(certificate, _stable(p)),
        detail=f"No step after step {bound} evicts, whatever the start. In exact runs from "
        f"{count} starts the last eviction came at step {seen}. The trees have "
        f"{sum(f.node_count for f in figures)} nodes, {max(f.depth_max for f in figures)} steps "
        "deep.",
    )


def _decide_family() -> Verdict:
    certificates: list[Certificate] = [threshold("stable above", _thresholds())]
    bounds: list[tuple[int, BatchingParameters]] = []
    left: list[str] = []
    for point in family_points():
        try:
            certificate = _settled(point)
        except BudgetError as error:
            left.append(f"{_name(point)}: {error}")
            continue
        certificates += [certificate, _stable(point)]
        bounds.append((certificate["theorem"]["steps"], point))
    if not bounds:
        return Unknown(reason="; ".join(left))
    bound, slowest = max(bounds, key=lambda entry: entry[0])
    detail = f"{len(bounds)} points; the largest bound is {bound} steps, at {_name(slowest)}."
    if left:
        return ProvedWithin(
            certificates=tuple(certificates),
            bound=f"all points but {len(left)}",
            detail=f"{detail} Not decided: {'; '.join(left)}.",
        )
    return Proved(certificates=tuple(certificates), detail=detail)


def _family_theorems() -> list[Theorem]:
    """Return what must be proved: from where on a point is stable; that it is, and settles."""
    points = [point for point, _ in _thresholds()]
    found: list[Theorem] = [("threshold", {"says": "stable above", "points": points})]
    for point in family_points():
        data = point.to_json()
        found.append(("case_tree", {"parameters": data, "says": "settles", "never": []}))
        found.append(("schur", {"parameters": data, "says": "stable"}))
    return found


def _name(p: BatchingParameters) -> str:
    return f"(l0, l_A, l_B, q) = ({p.l0}, {p.l_a}, {p.l_b}, {p.q})"


def _forged(data: DataSet, build: Callable[[BatchingParameters], Forged], how: str) -> Canary:
    """Return a canary of a bound that an exact run breaks; only the multipliers are wrong."""

    def seal() -> Certificate:
        theorem, evidence = build(data.parameters)
        seen, _ = _last_eviction_seen(data.parameters, RUN_STEPS)
        if seen <= theorem["steps"]:
            raise CanaryError(f"no run breaks it: the last eviction seen came at step {seen}")
        return sealed("case_tree", theorem, evidence)

    falsehood = f"{how}; so no step evicts at which an exact run still does"
    return rejected_certificate(seal, falsehood)


def _unstable_settles() -> str:
    try:
        settle(UNSTABLE, row_count_max=100)
    except BudgetError as error:
        return f"no proof is found: {error}"
    raise CanaryError(f"{_name(UNSTABLE)} is not stable, and the engine proved that it settles")


_REMARK: Final = (
    "The certificates give the two halves: from every start Simulation evicts at no step after a "
    "uniform step K, so from there on it is Theory; and Theory is stable, so M^S(t) converges to "
    "the equilibrium at a geometric rate. Dominance of the spreads, by which the note wants to "
    "get here, is false and is not used."
)


def _data_set(data: DataSet, words: str, canary: Canary, *, wide: bool) -> Claim:
    p = data.parameters
    return Claim(
        id=f"batching.simulation_converges.{data.name}",
        title=f"Simulation converges from every start: {words}",
        statement="From every start M(0) >= 0 with sum W_s M_s = B, M^S(t) converges to the "
        "equilibrium; there is a step, the same for all starts, after which nothing is evicted.",
        scope=f"l0 = {p.l0}, l_A = {p.l_a}, l_B = {p.l_b}, q = {p.q}, every start, all t",
        source=section("4.3"),
        decide=lambda: _decide_point(data),
        canary=canary,
        vacuity="the equilibrium is such a start",
        remark=_REMARK,
        wide=wide,
    )


_SHORT: Final = "the region needs one row less than it does, and holds all that evictions leave"
_CLOSED: Final = "one step from what an eviction leaves ends in the region, or evicts further up"
_ONE, _TWO = DATA["data_set_1"], DATA["data_set_2"]

CLAIMS: Sequence[Claim] = (
    _data_set(_ONE, "data set 1", _forged(_ONE, region_one_row_short, _SHORT), wide=False),
    _data_set(_TWO, "data set 2", _forged(_TWO, closed_after_a_step, _CLOSED), wide=True),
    Claim(
        id="batching.simulation_converges.family",
        title="Simulation converges from every start: a family of coprime stable points",
        statement="From every start M(0) >= 0 with sum W_s M_s = B, M^S(t) converges to the "
        "equilibrium, at each point of the family.",
        scope="gcd(l_A, l_B) = 1, l_B <= 5, q = 1/4, 1/2, 3/4, and l0 = l0*, l0* + 1, 2 l0*, 50 "
        "or 100 where that is stable; l0* is the smallest integer >= 1 from which on all real l0 "
        "are stable; every start, all t, any capacity by scaling",
        source=section("4.3"),
        decide=_decide_family,
        canary=Canary(falsehood=f"{_name(UNSTABLE)} settles", catch=_unstable_settles),
        vacuity="the equilibrium of each point is such a start",
        remark=_REMARK,
        slow=True,
        wide=True,
        theorems=_family_theorems,
    ),
)
