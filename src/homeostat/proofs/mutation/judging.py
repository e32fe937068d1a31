"""Whether a theorem is true, found out without the kernel: by exact runs, roots and solvers.

Nothing here proves. ``confirmed``: another method decides the theorem, and agrees. ``agrees``:
exact runs of the models were tried, and none contradicts it. ``untried``: no run could be had.
``false``: a run contradicts it, or another method decides against it.
"""

import random
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from homeostat.counterexamples import Case, CaseConjecture, Conjecture
from homeostat.counterexamples.cases.balls import Figure, UndecidedError, decided, log2
from homeostat.errors import HomeostatError, WitnessRejectedError
from homeostat.models.batching import (
    BatchingParameters,
    Pair,
    is_schur_stable,
    simulation_step,
    stage_weights,
)
from homeostat.models.entropy import entropy
from homeostat.models.residency.events import Event
from homeostat.models.residency.optimal import belady, fewest_misses
from homeostat.proofs.certificates import Certificate
from homeostat.proofs.engines.oracles import Answer, Limits, Model, NoModel, Question, race
from homeostat.proofs.mutation.rows import fair, tried_points
from homeostat.proofs.mutation.runs import induction_fails, scan_fails
from homeostat.proofs.mutation.sources import kind_of
from homeostat.proofs.mutation.walks import automaton_fails
from homeostat.proofs.polynomials import Row, add, row

__all__ = ["Judgement", "judge"]

Data: TypeAlias = Mapping[str, Any]
Word: TypeAlias = Literal["confirmed", "agrees", "untried", "false"]

_STARTS: Final = 12
_STEPS_BEYOND: Final = 25
_LIMITS: Final = Limits(z3_rlimit=2_000_000, cvc5_rlimit=200_000, wall_seconds=60.0)


class Judgement(NamedTuple):
    """A word for what is known of a theorem, and why."""

    word: Word
    why: str


def judge(certificate: Certificate, rng: random.Random) -> Judgement:
    """Judge the theorem of a certificate that the kernel accepted.

    Args:
        certificate: What was accepted; of its evidence only the example is used, from which
            random runs are made.
        rng: For the runs.
    """
    try:
        decide = _JUDGES[kind_of(certificate)]
        return decide(certificate["theorem"], certificate["evidence"], rng)
    except (HomeostatError, LookupError, TypeError, ValueError, ArithmeticError) as error:
        # The models refuse what the kernel reads: no run of it can be had.
        return Judgement("untried", f"{type(error).__name__}: {error}")


def _parameters(data: Data) -> BatchingParameters:
    return BatchingParameters(**{key: data[key] for key in ("l0", "l_a", "l_b", "q", "capacity")})


def _comparisons(data: Any) -> tuple[tuple[str, str, str], ...]:
    return tuple((str(left), str(sign), str(right)) for left, sign, right in data)


def _pair(theorem: Data, steps: int) -> Pair:
    typed = theorem["typed_start"]
    return Pair.run(
        _parameters(theorem["parameters"]),
        theorem["start"],
        step_count=steps,
        typed_start=None if typed is None else (tuple(typed[0]), tuple(typed[1])),
    )


def _enumeration(theorem: Data, _: Data, __: random.Random) -> Judgement:
    pair = _pair(theorem, theorem["steps"])
    never = Conjecture(name="never", statement="", violated_when=_comparisons(theorem["never"]))
    broken = [t for t in range(1, pair.step_count + 1) if never.violated(pair, t)]
    if broken:
        return Judgement("false", f"the models violate it at t = {broken[0]}")
    return Judgement("confirmed", "the models' own run")


def _replay(theorem: Data, _: Data, __: random.Random) -> Judgement:
    t = theorem["step"]
    pair = _pair(theorem, t)
    words = [word for word in theorem["assumes"] if isinstance(word, str)]
    others = [word for word in theorem["assumes"] if not isinstance(word, str)]
    violated = Conjecture(
        name="replay",
        statement="",
        assumes=tuple(words),
        violated_when=_comparisons([*theorem["violated_when"], *others]),
    )
    met = violated.admits(pair.parameters, pair.theory[0], pair.typed_start)
    if not met or not violated.violated(pair, t):
        return Judgement("false", "the models' own run is another")
    return Judgement("confirmed", "the models' own run")


def _case(theorem: Data, _: Data, __: random.Random) -> Judgement:
    assumes = [a if isinstance(a, str) else tuple(map(str, a)) for a in theorem["assumes"]]
    claimed = CaseConjecture(
        name="case",
        statement="",
        system=str(theorem["system"]),
        assumes=tuple(assumes),  # type: ignore[arg-type]  # of three sides, or no case
        violated_when=_comparisons(theorem["violated_when"]),
    )
    try:
        Case.of(claimed, theorem["given"])
    except UndecidedError as error:
        return Judgement("untried", str(error))
    except WitnessRejectedError as error:
        return Judgement("false", str(error))
    return Judgement("confirmed", "the models' own run of the case")


def _shapes(theorem: Data, _: Data, rng: random.Random) -> Judgement:
    """Hold the models' entropy of random histograms against the bounds."""
    for _round in range(_STARTS):
        counts, left = [], rng.randint(1, theorem["gaps_max"])
        while left:
            counts.append(rng.randint(1, left))
            left -= counts[-1]
        found = Fraction(0) + entropy(counts, log2=log2)
        beyond = (found, log2(Fraction(len(counts)))), (Fraction(0), found)
        if any(_surely_above(*pair) for pair in beyond):
            return Judgement("false", f"not so for the counts {counts}")
    return Judgement("agrees", f"{_STARTS} histograms")


def _optimal(theorem: Data, _: Data, rng: random.Random) -> Judgement:
    """Hold the models' Belady against the least of all choices, on random traces."""
    n, size, capacity, most = (theorem[key] for key in ("experts", "size", "capacity", "events"))
    for _round in range(_STARTS):
        events = [
            Event(tuple(sorted(rng.sample(range(n), rng.randint(1, min(size, n))))))
            for _ in range(rng.randint(1, most))
        ]
        found = sum(outcome.misses for outcome in belady(events, capacity, bypass=True))
        if found != fewest_misses(events, capacity, bypass=True):
            return Judgement("false", f"not so for {[list(event.experts) for event in events]}")
    return Judgement("agrees", f"{_STARTS} traces")


def _surely_above(left: Figure, right: Figure) -> bool:
    try:
        return decided(left, ">", right)
    except UndecidedError:
        return False


def _schur(theorem: Data, _: Data, __: random.Random) -> Judgement:
    weights, says = _parameters(theorem["parameters"]).weights, theorem["says"]
    if says == "on the circle":
        import flint

        scaled = [flint.fmpq(w.numerator, w.denominator) for w in reversed(weights)]
        roots = flint.fmpq_poly(scaled).numer().complex_roots()
        near = [root for root, _ in roots if abs(root).contains(1)]
        if not near:
            return Judgement("false", "no root's enclosure meets the circle")
        return Judgement("agrees", "a root's enclosure meets the circle")
    if is_schur_stable(weights) is not (says == "stable"):
        return Judgement("false", "the models' Jury table says otherwise")
    return Judgement("confirmed", "the models' Jury table")


def _farkas(theorem: Data, evidence: Data, rng: random.Random) -> Judgement:
    given, then = theorem["given"], theorem["then"]
    tried = 0
    for point in tried_points(given, evidence["example"], rng):
        tried += 1
        if not fair(then, point):
            shown = ", ".join(f"{name} = {x}" for name, x in sorted(point.items()))
            return Judgement("false", f"it fails at {shown}")
    answers = [_asked(given, negation) for negation in _negations(row(then))]
    model = next((answer for answer in answers if isinstance(answer, Model)), None)
    if model is not None:
        return Judgement("false", f"{model.by} has a model: {model.point}")
    if all(isinstance(answer, NoModel) for answer in answers):
        return Judgement("confirmed", "a solver finds no counter-model")
    return Judgement("agrees", f"{tried} points") if tried else Judgement("untried", "no point")


def _negations(goal: Row) -> list[Row]:
    p, sign = goal
    minus = add({}, p, -1)
    if sign == "=":
        return [(p, ">"), (minus, ">")]
    return [(minus, ">=" if sign == ">" else ">")]


_answers: dict[str, Answer] = {}
"""By the question's digest: many changes of a certificate leave the same question."""


def _asked(given: Any, negation: Row) -> Answer:
    question = Question(rows=(*map(row, given), negation), limits=_LIMITS)
    if question.digest not in _answers:
        _answers[question.digest] = race(question).answer
    return _answers[question.digest]


def _scan(theorem: Data, evidence: Data, rng: random.Random) -> Judgement:
    return _from_runs(*scan_fails(theorem, evidence["example"], rng))


def _induction(theorem: Data, evidence: Data, rng: random.Random) -> Judgement:
    step = _from_runs(*scan_fails(theorem["step"], evidence["example"], rng))
    ever = _from_runs(*induction_fails(theorem, evidence["example"], rng))
    return step if step.word == "false" or ever.word == "untried" else ever


def _automaton(theorem: Data, evidence: Data, rng: random.Random) -> Judgement:
    return _from_runs(*automaton_fails(theorem, evidence["example"], rng))


def _from_runs(tried: int, failure: str | None) -> Judgement:
    if failure is not None:
        return Judgement("false", failure)
    return Judgement("agrees", f"{tried} runs") if tried else Judgement("untried", "no run")


def _starts(parameters: BatchingParameters, rng: random.Random) -> list[list[Fraction]]:
    """Return the corners of the simplex of starts, and random points of it."""
    n, weights = parameters.stage_count, parameters.weights
    shares = [[Fraction(i == j) for j in range(n)] for i in range(n)]
    for _ in range(_STARTS):
        parts = [Fraction(rng.choice([0, 0, 1, 2, 3, rng.randrange(100)])) for _ in range(n)]
        total = sum(parts)
        if total:
            shares.append([part / total for part in parts])
    scale = parameters.capacity
    return [[x * scale / w for x, w in zip(s, weights, strict=True)] for s in shares]


def _settles(theorem: Data, _: Data, rng: random.Random) -> Judgement:
    parameters, steps = _parameters(theorem["parameters"]), theorem["steps"]
    starts = _starts(parameters, rng)
    weights, capacity = parameters.weights, parameters.capacity
    for start in starts:
        state: tuple[Any, ...] = tuple(start)
        for t in range(1, steps + _STEPS_BEYOND):
            after = simulation_step(weights, capacity, state)
            if t > steps and after[1:] != state[:-1]:
                return Judgement("false", f"from {list(map(str, start))} it evicts at t = {t}")
            state = after
    return Judgement("agrees", f"{len(starts)} starts")


def _never(theorem: Data, _: Data, rng: random.Random) -> Judgement:
    parameters, steps = _parameters(theorem["parameters"]), theorem["steps"]
    never = Conjecture(name="never", statement="", violated_when=_comparisons(theorem["never"]))
    starts = _starts(parameters, rng)
    for start in starts:
        found = never.first_violation(Pair.run(parameters, start, step_count=steps))
        if found is not None:
            return Judgement("false", f"from {list(map(str, start))} it fails at t = {found}")
    return Judgement("agrees", f"{len(starts)} starts")


def _sign_on_interval(theorem: Data, _: Data, __: random.Random) -> Judgement:
    import sympy

    x = sympy.Symbol("x")
    coefficients = [sympy.Rational(c) for c in reversed(theorem["polynomial"])]
    p = sympy.Poly(coefficients, x)
    low = sympy.Rational(theorem["from"])
    high = None if theorem["to"] is None else sympy.Rational(theorem["to"])
    if high is not None and high < low:
        return Judgement("confirmed", "the interval is empty")
    value = p.eval(low)
    if (value > 0) is not sympy.true if theorem["sign"] == ">" else (value < 0) is not sympy.true:
        return Judgement("false", f"the value at {low} is {value}")
    if p.degree() > 0 and p.count_roots(low, high):
        return Judgement("false", "sympy counts a root in the interval")
    return Judgement("confirmed", "sympy counts no root in the interval")


def _threshold(theorem: Data, __: Data, rng: random.Random) -> Judgement:
    """Hold the models' Jury table against the theorem at many l0."""
    tried = 0
    for l_a, l_b, q, *claimed in theorem["points"]:
        above = [Fraction(claimed[1]), Fraction(claimed[2])] if claimed else []
        below = [Fraction(claimed[0]), Fraction(claimed[2] - 1)] if claimed else []
        for _ in range(10):
            x = Fraction(rng.randrange(1, 400), rng.randrange(1, 40))
            above += [above[0] + x] if claimed else []
            below += [below[0] - x] if claimed else [x]
        for l0, stable in [*((x, True) for x in above), *((x, False) for x in below)]:
            if l0 <= -1 or (claimed and l0 == claimed[2] - 1 and claimed[2] == 1):
                continue
            tried += 1
            if is_schur_stable(stage_weights(l0, l_a, l_b, Fraction(q))) is not stable:
                return Judgement("false", f"({l_a}, {l_b}, {q}) at l0 = {l0}")
    return _from_runs(tried, None)


_JUDGES: Final[Mapping[str, Callable[[Data, Data, random.Random], Judgement]]] = {
    "farkas": _farkas,
    "scan": _scan,
    "induction": _induction,
    "automaton": _automaton,
    "schur": _schur,
    "sign_on_interval": _sign_on_interval,
    "threshold": _threshold,
    "enumeration": _enumeration,
    "replay": _replay,
    "case": _case,
    "shapes": _shapes,
    "optimal": _optimal,
    "case_tree settles": _settles,
    "case_tree never": _never,
}
