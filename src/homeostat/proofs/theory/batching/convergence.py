"""Does Simulation converge? From every start it evicts only finitely often, and then is Theory."""

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from math import gcd
from typing import Final

from homeostat.models.batching import (
    BatchingParameters,
    DataSet,
    State,
    evictions,
    is_schur_stable,
    simulation_step,
    stage_weights,
)
from homeostat.proofs.certificates import Certificate, schur, sealed
from homeostat.proofs.claims import Canary, CanaryError, Claim, rejected_certificate
from homeostat.proofs.engines.mode_tree.settling import settle, settling_theorem
from homeostat.proofs.engines.mode_tree.subtrees import BudgetError
from homeostat.proofs.theory.batching.common import DATA, section
from homeostat.proofs.verdicts import Proved, ProvedWithin, Unknown, Verdict

__all__ = ["CLAIMS", "family_points", "stable_from"]

L0_MAX: Final = 300
"""How far the family looks for prompts that are not stable."""
L_B_MAX: Final = 5
QS: Final = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4))
UNSTABLE: Final = BatchingParameters(1, 2, 4, "1/2")
RANDOM_STARTS: Final = 40
RUN_STEPS: Final = 40


def stable_from(l_a: int, l_b: int, q: Fraction) -> int:
    """Return the smallest l0 from which all integers up to L0_MAX are stable, exactly."""
    unstable = (
        l0 for l0 in range(L0_MAX, 0, -1) if not is_schur_stable(stage_weights(l0, l_a, l_b, q))
    )
    return next(unstable, 0) + 1


def family_points() -> Iterator[BatchingParameters]:
    """Yield the stable points of the family, each once."""
    for l_b in range(2, L_B_MAX + 1):
        for l_a in (a for a in range(1, l_b) if gcd(a, l_b) == 1):
            for q in QS:
                first = stable_from(l_a, l_b, q)
                for l0 in sorted({first, first + 1, 2 * first, 50, 100}):
                    point = BatchingParameters(l0, l_a, l_b, q)
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
    return Proved(
        certificates=(certificate, _stable(p)),
        detail=f"No step after step {bound} evicts, whatever the start. In exact runs from "
        f"{count} starts the last eviction came at step {seen}.",
    )


def _decide_family() -> Verdict:
    certificates: list[Certificate] = []
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


def _name(p: BatchingParameters) -> str:
    return f"(l0, l_A, l_B, q) = ({p.l0}, {p.l_a}, {p.l_b}, {p.q})"


def _bound_too_small(data: DataSet) -> Canary:
    def build() -> Certificate:
        true = _settled(data.parameters)
        theorem = {**true["theorem"], "steps": true["theorem"]["steps"] - 1}
        return sealed("case_tree", theorem, true["evidence"])

    return rejected_certificate(build, "the same tree gives a bound smaller by one step")


def _trees_of_another(data: DataSet, other: DataSet) -> Canary:
    """Return a canary of a bound that an exact run breaks; its own trees would take long."""

    def build() -> Certificate:
        seen, _ = _last_eviction_seen(data.parameters, RUN_STEPS)
        theorem = settling_theorem(data.parameters, seen - 1)
        return sealed("case_tree", theorem, _settled(other.parameters)["evidence"])

    falsehood = "evictions end one step before the last one seen, by the trees of another system"
    return rejected_certificate(build, falsehood)


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


_ONE, _TWO = DATA["data_set_1"], DATA["data_set_2"]

CLAIMS: Sequence[Claim] = (
    _data_set(_ONE, "data set 1", _bound_too_small(_ONE), wide=False),
    _data_set(_TWO, "data set 2", _trees_of_another(_TWO, _ONE), wide=True),
    Claim(
        id="batching.simulation_converges.family",
        title="Simulation converges from every start: a family of coprime stable points",
        statement="From every start M(0) >= 0 with sum W_s M_s = B, M^S(t) converges to the "
        "equilibrium, at each point of the family.",
        scope="gcd(l_A, l_B) = 1, l_B <= 5, q = 1/4, 1/2, 3/4, and l0 = l0*, l0* + 1, 2 l0*, 50 "
        "or 100 where that is stable; l0* is the smallest integer from which on all up to "
        f"{L0_MAX} are stable; every start, all t, any capacity by scaling",
        source=section("4.3"),
        decide=_decide_family,
        canary=Canary(falsehood=f"{_name(UNSTABLE)} settles", catch=_unstable_settles),
        vacuity="the equilibrium of each point is such a start",
        remark=_REMARK,
        slow=True,
        wide=True,
    ),
)
