"""The certificates that are corrupted: those of a ledger, and small ones made on the spot."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from homeostat.counterexamples import case_corpus
from homeostat.models.automata import Automaton, Transition
from homeostat.models.batching import DATA_SETS, BatchingParameters, canonical_start
from homeostat.proofs import kernel
from homeostat.proofs.certificates import (
    Certificate,
    automaton,
    enumeration,
    optimal,
    replayed,
    shapes,
    sign_on_interval,
    threshold,
)
from homeostat.proofs.engines.mode_tree.horizon import first_violation
from homeostat.proofs.engines.mode_tree.settling import settle
from homeostat.proofs.engines.thresholds import never_stable, stable_above

__all__ = ["Source", "kind_of", "kinds", "read_sources"]

_BYTES_MAX: Final = 8_500
_POINTS_MAX: Final = 3
"""Of the points of a threshold one change meets one: with many, most changes say the same."""
_STAGES_MAX: Final = 150
_EACH_MAX: Final = 16
_OF_A_CLAIM_MAX: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A certificate that the kernel accepts, with a name to find it by."""

    name: str
    kind: str
    certificate: Certificate


def kind_of(certificate: Mapping[str, Any]) -> str:
    """Return the kind of a certificate; the two sorts of trees count apart."""
    kind = str(certificate["kind"])
    return f"{kind} {certificate['theorem']['says']}" if kind == "case_tree" else kind


def kinds() -> list[str]:
    """Return all kinds that the kernel knows."""
    found = [kind for kind in kernel.CHECKS if kind != "case_tree"]
    return [*found, "case_tree settles", "case_tree never"]


def read_sources(ledger: Path) -> list[Source]:
    """Return certificates of every kind, at most sixteen of each, small ones first.

    Args:
        ledger: A ledger file.

    Raises:
        InvalidInputError: The ledger cannot be read.
        RejectedError: It holds a certificate that the kernel does not accept.
    """
    from homeostat.proofs.ledger import read_ledger

    found: dict[str, Source] = {}
    for entry in read_ledger(ledger).claims:
        # A claim about many points would crowd the others out, with its most trivial ones.
        for evidence in entry["evidence"][:_OF_A_CLAIM_MAX]:
            document = evidence["document"]
            # Of a large certificate the ledger itself holds the size of the evidence only.
            if evidence["kind"] == "certificate" and set(document["evidence"]) != {"bytes"}:
                source = Source(name=evidence["name"], kind=kind_of(document), certificate=document)
                found.setdefault(document["sha256"], source)
    every = [*found.values(), *_made()]
    chosen = []
    for kind in kinds():
        ours = [s for s in every if s.kind == kind and _size(s) <= _BYTES_MAX and _short(s)]
        chosen += _from_every_domain(ours)[:_EACH_MAX]
    for source in chosen:
        kernel.check(source.certificate)
    return chosen


def _from_every_domain(sources: Sequence[Source]) -> list[Source]:
    """Return the smallest of each domain, then the next of each: no domain crowds out another."""
    by_domain: dict[str, list[Source]] = {}
    for source in sorted(sources, key=lambda s: (_size(s), s.name)):
        by_domain.setdefault(source.name.partition(".")[0], []).append(source)
    turns = zip_longest(*by_domain.values())
    return [source for turn in turns for source in turn if source is not None]


def _size(source: Source) -> int:
    return len(json.dumps(source.certificate))


def _short(source: Source) -> bool:
    theorem = source.certificate["theorem"]
    if source.kind == "threshold":
        return len(theorem["points"]) <= _POINTS_MAX
    steps = theorem.get("step", theorem.get("steps"))
    if source.kind not in ("replay", "enumeration"):
        return True
    return int(steps) * int(theorem["parameters"]["l_b"]) <= _STAGES_MAX


def _made() -> Iterator[Source]:
    every = (_trajectories, _automata, _signs, _thresholds, _trees, _cases)
    for name, certificate in (one for made in every for one in made()):
        yield Source(name=f"made.{name}", kind=kind_of(certificate), certificate=certificate)


def _trajectories() -> Iterator[tuple[str, Certificate]]:
    """Yield the first steps of both data sets: the committed ones are long."""
    for data_set in DATA_SETS:
        parameters = data_set.parameters
        start = canonical_start(parameters)
        for left, right in (("min_theory", "min_simulation"), ("weighted_delta", "0")):
            never = [[left, ">", right]]
            yield (
                f"enumeration.{data_set.name}.{left}",
                enumeration(parameters, start, step_count=12, never=never),
            )


def _cases() -> Iterator[tuple[str, Certificate]]:
    for case in case_corpus():
        yield f"case.{case.conjecture}", replayed(case)
    for gaps_max in (5, 12, 20):
        yield f"shapes.{gaps_max}", shapes(gaps_max)
    for experts, size, capacity, events in ((3, 2, 1, 3), (2, 2, 2, 4), (4, 1, 2, 3)):
        bounds = {"experts": experts, "size": size, "capacity": capacity, "events": events}
        yield f"optimal.{experts}.{capacity}", optimal(**bounds)


def _automata() -> Iterator[tuple[str, Certificate]]:
    """Yield a counter, two processes that exclude each other, and a swap that takes k = 2."""
    open_ = ("level >= 0", "level <= C")
    level = Automaton(
        parameters=("C",),
        given=("C >= 0",),
        variables=("level",),
        location="open",
        start=("level = 0",),
        transitions=(
            Transition(
                "admit", "open", "open", ("n >= 0", "level + n <= C"), {"level": "level + n"}
            ),
            Transition("fill", "open", "full", ("level = C",)),
            Transition("overflow", "full", "over", ("level > C",)),
        ),
    ).theorem({"*": open_, "over": ["0 > 0"]})
    steps = [["admit", {"n": "1"}], ["admit", {"n": "2"}], ["fill", {}]]
    filled = {"parameters": {"C": "3"}, "start": {"level": "0"}, "steps": steps}
    known = {"open": open_, "full": ["level = C"]}
    yield "automaton.level", automaton(level, known, example=[filled])

    inside = Automaton(
        variables=("a", "b"),
        location="free",
        start=("a = 0", "b = 0"),
        transitions=(
            Transition("enter a", "free", "taken", after={"a": "1"}),
            Transition("enter b", "free", "taken", after={"b": "1"}),
            Transition("leave", "taken", "free", after={"a": "0", "b": "0"}),
        ),
    ).theorem({"*": ["a + b <= 1"]})
    both = [["enter a", {}], ["leave", {}], ["enter b", {}], ["leave", {}]]
    run = {"parameters": {}, "start": {"a": "0", "b": "0"}, "steps": both}
    rows = {"free": ["a = 0", "b = 0"], "taken": ["a + b <= 1"]}
    yield "automaton.exclusion", automaton(inside, rows, example=[run])

    swap = Automaton(
        variables=("x", "y"),
        location="run",
        start=("x = 1", "y = 2"),
        transitions=(Transition("swap", "run", "run", after={"x": "y", "y": "x"}),),
    ).theorem({"run": ["x >= 1"]})
    once = {"parameters": {}, "start": {"x": "1", "y": "2"}, "steps": [["swap", {}]]}
    yield "automaton.swap", automaton(swap, {"run": ["x >= 1"]}, k=2, example=[once])


def _signs() -> Iterator[tuple[str, Certificate]]:
    shapes = [
        ("1, 0, 1", "0", None, ">"),
        ("-7, 1/2, -3", "1", "9/2", "<"),
        ("1, -1, 1", "0", "4", ">"),
        ("2, -3, 0, 1/4", "5", None, ">"),
    ]
    for i, (coefficients, low, high, sign) in enumerate(shapes):
        polynomial = [Fraction(x) for x in coefficients.split(", ")]
        end = None if high is None else Fraction(high)
        yield f"sign.{i}", sign_on_interval(polynomial, Fraction(low), end, sign)


def _thresholds() -> Iterator[tuple[str, Certificate]]:
    half = Fraction(1, 2)
    above = [stable_above(l_a, l_b, half) for l_a, l_b in ((1, 2), (1, 3), (2, 3), (3, 4), (2, 5))]
    yield "threshold.above", threshold("stable above", above[:2])
    yield "threshold.above.more", threshold("stable above", above[2:])
    never = [never_stable(l_a, l_b, half) for l_a, l_b in ((2, 4), (3, 6))]
    yield "threshold.never", threshold("never stable", never)


def _trees() -> Iterator[tuple[str, Certificate]]:
    for l0, l_a, l_b, q in ((10, 2, 3, "1/2"), (20, 1, 4, "1/3"), (9, 3, 4, "3/5")):
        yield f"settles.{l_b}.{l_a}", settle(BatchingParameters(l0, l_a, l_b, q, 60))
    g_dominance = [("spread_theory", "<", "spread_simulation")]
    above_level = [("max_simulation", ">", "30"), ("min_simulation", ">=", "1/3")]
    for name, comparisons, l_b, steps in (
        ("g_dominance", g_dominance, 3, 2),
        ("two_at_once", above_level, 3, 3),
        ("g_dominance", g_dominance, 4, 2),
    ):
        found = first_violation(BatchingParameters(10, 2, l_b, "1/2", 60), comparisons, steps)
        assert found.certificate is not None
        yield f"never.{name}.{l_b}", found.certificate
