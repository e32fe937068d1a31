"""Making a witness small: horizon first, then l_b, l_a, l0, then the numbers.

Greedy descent on ``results.order``: each move proposes systems and starts near the
present witness, the first that is smaller and violates in exact arithmetic is taken,
and the moves begin again. So the result is a witness at every moment, and no smaller
than the moves can see: it is not claimed to be the smallest there is.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cache
from typing import Final, NamedTuple

from homeostat.counterexamples.conjectures import Conjecture
from homeostat.counterexamples.exact import first_violation
from homeostat.counterexamples.results import order, size_of
from homeostat.counterexamples.space import Point, SearchSpace, lattice
from homeostat.counterexamples.witness import Witness
from homeostat.errors import HomeostatError
from homeostat.models.batching import (
    BatchingParameters,
    Pair,
    State,
    TypedState,
    canonical_start,
)

__all__ = ["minimise_witness"]

_DENOMINATOR_MAX: Final = 20
_L0_TRIED_MAX: Final = 40
_LATTICE_POINTS_MAX: Final = 500
_PAIR_STAGES_MAX: Final = 4
_RATIO_MAX: Final = 12
_PAIR_DENOMINATOR_MAX: Final = 8

Shares = tuple[Fraction, ...]


class _Trial(NamedTuple):
    parameters: BatchingParameters
    start: State
    typed_start: TypedState | None


def minimise_witness(
    witness: Witness,
    conjecture: Conjecture,
    space: SearchSpace | None = None,
    *,
    on_smaller: Callable[[Witness], None] | None = None,
) -> Witness:
    """Return a witness of the same conjecture that no move makes smaller.

    Args:
        witness: A witness that replays.
        conjecture: What it refutes.
        space: Systems that it must stay in (``SearchSpace.contains``); all when None.
        on_smaller: Called with each smaller witness, so that an interruption keeps it.
    """
    best = witness
    improved = True
    while improved:
        improved = False
        for move in _MOVES:
            smaller = _first_smaller(best, conjecture, space, move)
            if smaller is not None:
                best, improved = smaller, True
                if on_smaller is not None:
                    on_smaller(best)
                break
    return best


def _first_smaller(
    best: Witness,
    conjecture: Conjecture,
    space: SearchSpace | None,
    move: Callable[[Witness], Iterator[_Trial]],
) -> Witness | None:
    key = order(best)
    for trial in move(best):
        system = trial.parameters
        if space is not None and not space.contains(conjecture, system):
            continue
        # What is not smaller at the same horizon has to be shorter.
        rank = (system.l_b, system.l_a, system.l0, size_of(*trial))
        step_max = best.step if rank < key[1:5] else best.step - 1
        witness = _witness_of(trial, conjecture, best, step_max)
        if witness is not None and order(witness) < key:
            return witness
    return None


def _witness_of(
    trial: _Trial, conjecture: Conjecture, best: Witness, step_max: int
) -> Witness | None:
    if step_max < 0:
        return None
    try:
        if trial.typed_start is None:
            point = Point(trial.parameters, ())
            step = first_violation(conjecture, point, step_max, start=trial.start)
        else:
            step = conjecture.first_violation(
                Pair.run(*trial[:2], step_count=step_max, typed_start=trial.typed_start)
            )
        if step is None:
            return None
        pair = Pair.run(*trial[:2], step_count=step, typed_start=trial.typed_start)
        return Witness.of(conjecture, pair, step, {**best.found_by, "minimised": True})
    except HomeostatError:
        # A move may leave what the model or the assumptions admit; it is then no witness.
        return None


def _shares(witness: Witness) -> Shares:
    """Return the share of the capacity that each stage holds at the start."""
    system = witness.parameters
    rows = zip(system.weights, witness.start, strict=True)
    return tuple(w * m / system.capacity for w, m in rows)


def _is_canonical(witness: Witness) -> bool:
    return witness.start == canonical_start(witness.parameters)


def _trial(witness: Witness, system: BatchingParameters, shares: Sequence[Fraction]) -> _Trial:
    """Return a trial with the given shares; types keep their part of each shared stage."""
    total = sum(shares)
    rows = zip(system.weights, shares, strict=True)
    start = tuple(system.capacity * u / total / w for w, u in rows)
    if witness.typed_start is None:
        return _Trial(system, start, None)
    a, b = witness.typed_start
    parts = [x / (x + y) if x + y else Fraction(0) for x, y in zip(a, b, strict=False)]
    parts = (parts + [Fraction(0)] * system.l_a)[: system.l_a]
    own = tuple(part * m for part, m in zip(parts, start, strict=False))
    shared = tuple(m - x for m, x in zip(start, own, strict=False))
    return _Trial(system, start, (own, shared + tuple(system.q * m for m in start[system.l_a :])))


def _with(system: BatchingParameters, **changes: object) -> BatchingParameters:
    fields = {name: getattr(system, name) for name in ("l0", "l_a", "l_b", "q", "capacity")}
    return BatchingParameters(**{**fields, **changes})


@cache
def _simple_rationals() -> tuple[Fraction, ...]:
    """Return the rationals in (0, 1) with small denominators, simplest first."""
    found = {Fraction(k, d) for d in range(2, _DENOMINATOR_MAX + 1) for k in range(1, d)}
    return tuple(sorted(found, key=lambda q: (q.denominator, q.numerator)))


def _later_starts(witness: Witness) -> Iterator[_Trial]:
    """A run that has not yet evicted can start later; one that has may, too."""
    if _is_canonical(witness) or witness.typed_start is not None:
        return
    pair = Pair.run(witness.parameters, witness.start, step_count=witness.step)
    for t in range(witness.step, 0, -1):
        yield _Trial(witness.parameters, pair.simulation[t], None)


def _fewer_stages(witness: Witness) -> Iterator[_Trial]:
    """Drop one stage, and with it one decode step of one or both types."""
    system, shares = witness.parameters, _shares(witness)
    if system.l_b <= 2:
        return
    for l_a in range(1, min(system.l_a, system.l_b - 2) + 1):
        smaller = _with(system, l_a=l_a, l_b=system.l_b - 1)
        for stage in range(system.l_b):
            rest = shares[:stage] + shares[stage + 1 :]
            if sum(rest):
                yield from _over_q(witness, smaller, rest)


def _smaller_l_a(witness: Witness) -> Iterator[_Trial]:
    system = witness.parameters
    for l_a in range(1, system.l_a):
        yield from _over_q(witness, _with(system, l_a=l_a), _shares(witness))


def _smaller_l0(witness: Witness) -> Iterator[_Trial]:
    """Try every small l0, and for large ones powers of two and near neighbours."""
    system = witness.parameters
    whole = math.ceil(system.l0)
    tried = set(range(1, min(whole, _L0_TRIED_MAX)))
    tried |= {2**k for k in range(whole.bit_length())} | {10**k for k in range(len(str(whole)))}
    tried |= {whole - 2**k for k in range(whole.bit_length())} | {whole * 3 // 4, whole // 2}
    for l0 in sorted(tried):
        if 1 <= l0 < system.l0:
            yield from _over_q(witness, _with(system, l0=l0), _shares(witness))


def _over_q(
    witness: Witness, system: BatchingParameters, shares: Sequence[Fraction]
) -> Iterator[_Trial]:
    yield _trial(witness, system, shares)
    for q in _simple_rationals():
        yield _trial(witness, _with(system, q=q), shares)


def _simpler_q(witness: Witness) -> Iterator[_Trial]:
    system = witness.parameters
    yield from _over_q(witness, system, _shares(witness))
    for bound in (50, 100, 1000, 10**6):
        yield _trial(witness, _with(system, q=system.q.limit_denominator(bound)), _shares(witness))


def _emptier_start(witness: Witness) -> Iterator[_Trial]:
    if _is_canonical(witness):
        return
    shares = _shares(witness)
    for stage, own in enumerate(shares):
        if own and sum(shares) != own:
            yield _trial(
                witness, witness.parameters, [*shares[:stage], Fraction(0), *shares[stage + 1 :]]
            )


def _simpler_start(witness: Witness) -> Iterator[_Trial]:
    """Try all coarse shares, then the present ones and amounts rounded to small units."""
    if _is_canonical(witness):
        return
    system, shares = witness.parameters, _shares(witness)
    for unit_count in range(1, 13):
        if math.comb(unit_count + system.l_b - 1, system.l_b - 1) > _LATTICE_POINTS_MAX:
            break
        for units in lattice(system.l_b, unit_count):
            yield _trial(witness, system, list(map(Fraction, units)))
    unit = system.capacity / sum(system.weights)
    for parts in range(1, 25):
        rounded = [Fraction(round(u * parts)) for u in shares]
        amounts = [
            w * round(m * parts / unit) for w, m in zip(system.weights, witness.start, strict=True)
        ]
        for candidate in (rounded, amounts):
            if sum(candidate):
                yield _trial(witness, system, candidate)


def _simpler_capacity(witness: Witness) -> Iterator[_Trial]:
    """Both systems scale with the capacity: choose it so that the start is short."""
    system = witness.parameters
    common = math.lcm(*(m.denominator for m in witness.start))
    divisor = math.gcd(*(int(m * common) for m in witness.start))
    whole = system.capacity * common / divisor
    for capacity in (Fraction(1), system.weights[0], whole, sum(system.weights)):
        yield _trial(witness, _with(system, capacity=capacity), _shares(witness))


def _small_pairs(witness: Witness) -> Iterator[_Trial]:
    """Try every simple q with one or two filled stages in a small ratio, smallest first."""
    if _is_canonical(witness) or witness.typed_start is not None:
        return
    n = witness.parameters.l_b
    if n > _PAIR_STAGES_MAX:
        return
    amounts = [_filled(n, {s: 1}) for s in range(n)]
    for s, r in itertools.combinations(range(n), 2):
        for x, y in itertools.product(range(1, _RATIO_MAX + 1), repeat=2):
            if math.gcd(x, y) == 1:
                amounts.append(_filled(n, {s: x, r: y}))
    simple = [q for q in _simple_rationals() if q.denominator <= _PAIR_DENOMINATOR_MAX]
    systems = [_with(witness.parameters, q=q) for q in (witness.parameters.q, *simple)]
    trials = [t for system in systems for state in amounts for t in _scaled(system, state)]
    yield from sorted(trials, key=lambda trial: size_of(*trial))


def _filled(stage_count: int, amounts: dict[int, int]) -> State:
    return tuple(Fraction(amounts.get(s, 0)) for s in range(stage_count))


def _scaled(system: BatchingParameters, state: State) -> Iterator[_Trial]:
    """Yield a state in whole units, with whole tokens, and at the usual capacities."""
    tokens = sum((w * m for w, m in zip(system.weights, state, strict=True)), Fraction(0))
    sizes = (Fraction(1), system.weights[0], system.capacity)
    scales = [Fraction(1), Fraction(tokens.denominator)]
    for scale in (*scales, *(capacity / tokens for capacity in sizes)):
        sized = _with(system, capacity=tokens * scale)
        yield _Trial(sized, tuple(m * scale for m in state), None)


def _simpler_types(witness: Witness) -> Iterator[_Trial]:
    """Give whole stages to one type."""
    if witness.typed_start is None:
        return
    system, start = witness.parameters, witness.start
    tail = tuple(system.q * m for m in start[system.l_a :])
    for mask in range(2**system.l_a):
        a = tuple(m if mask >> s & 1 else Fraction(0) for s, m in enumerate(start[: system.l_a]))
        b = tuple(m - x for m, x in zip(start, a, strict=False)) + tail
        yield _Trial(system, start, (a, b))


_MOVES: Final = (
    _later_starts,
    _fewer_stages,
    _smaller_l_a,
    _smaller_l0,
    _simpler_q,
    _emptier_start,
    _simpler_types,
    _simpler_capacity,
    _simpler_start,
    _small_pairs,
)
