"""Cases in the kernel: its own definitions against the models', and what it must reject."""

import hashlib
import json
import math
import random
from collections.abc import Callable, Sequence
from copy import deepcopy
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import flint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.counterexamples import (
    CASE_CONJECTURES,
    Case,
    CaseConjecture,
    case_corpus,
)
from homeostat.counterexamples.cases.balls import Ball, Figure
from homeostat.counterexamples.cases.case import case_holds
from homeostat.counterexamples.cases.figures import figures_of
from homeostat.counterexamples.corpus_files import file_name
from homeostat.errors import InvalidInputError, WitnessRejectedError
from homeostat.models.aging.disciplines import DISCIPLINES, DOUBLES
from homeostat.proofs import cases, enclosures, kernel
from homeostat.proofs.certificates import case, replayed, shapes
from homeostat.proofs.kernel import RejectedError

Json = dict[str, Any]

WIDTH_MAX = Fraction(1, 2**100)


def agree(figure: Figure, enclosure: tuple[Fraction, Fraction]) -> bool:
    """Whether a figure of the models may be the one that the kernel encloses, narrowly."""
    low, high = enclosure
    if isinstance(figure, Fraction):
        return low <= figure <= high and high - low < WIDTH_MAX
    ends = Ball.of(low).arb.union(Ball.of(high).arb)
    return bool(figure.arb.overlaps(ends)) and high - low < WIDTH_MAX


def compared(system: str, data: Json, names: Sequence[str]) -> None:
    models, (words, figure) = figures_of(system, data), cases.CASES[system](data)
    assert words == models.words
    with flint.ctx.workprec(256):
        for name in names:
            assert agree(models.figure(name), figure(name)), name


@st.composite
def queues(draw: st.DrawFn) -> tuple[Json, list[str]]:
    discipline = draw(st.sampled_from(sorted(DISCIPLINES)))
    double = st.integers(0, 2**53).map(lambda n: Fraction(n, 2**23))
    rational = st.fractions(0, 20, max_denominator=7)
    numbers = double if discipline in DOUBLES else rational
    write: Callable[[Fraction], str] = (lambda x: float(x).hex()) if discipline in DOUBLES else str
    waiting = pops = 0
    events = []
    for i, time in enumerate(sorted(draw(st.lists(numbers, min_size=2, max_size=14)))):
        if waiting and draw(st.booleans()):
            events.append(["pop", write(time)])
            waiting, pops = waiting - 1, pops + 1
        else:
            bid, rate = draw(numbers), draw(numbers)
            events.append(["push", write(time), f"r{i}", write(bid), write(rate)])
            waiting += 1
    places = range(1, pops + 1)
    names = [f"{x}_{j}" for x in ("best_at", "time", "arrival") for j in places]
    names += [f"priority_{i}_at_{j}" for i in places for j in places]
    return {"discipline": discipline, "events": events}, ["rate_count", *names]


@given(queues())
@settings(max_examples=150, deadline=None)
def test_queues_of_kernel_and_models_agree(drawn: tuple[Json, list[str]]) -> None:
    data, names = drawn
    compared("aging-queue", data, names)


ARRIVALS = [
    *(f"{x}_{i}" for x in ("entropy", "entropy_max", "window", "gaps", "bins") for i in (1, 2)),
    *(f"{x}_{i}" for x in ("span", "gap_spread") for i in (1, 2)),
    *("common_arrivals", "gaps", "bin_width", "temperature"),
]


@pytest.mark.parametrize("clock", ["exact", "float64"])
def test_arrivals_of_kernel_and_models_agree(clock: str) -> None:
    rng = random.Random(clock)
    for _ in range(12):
        shared = [rng.randrange(0, 30) for _ in range(rng.randrange(1, 40))]
        histories = []
        for _ in range(2):
            gaps = [rng.randrange(0, 30) for _ in range(rng.randrange(1, 9))] + shared
            times = [sum(gaps[:i]) for i in range(len(gaps) + 1)]
            last, unit = times[-1], rng.choice([1000, 700])
            histories.append([str(Fraction(1000 + time - last, unit)) for time in times])
        data = {
            "clock": clock,
            "histories": histories,
            "bin_width": "1/1000",
            "gaps": rng.randrange(1, 55),
            "temperature": str(Fraction(rng.randrange(1, 60), 7)),
        }
        compared("arrivals", data, ARRIVALS)


def test_poisson_of_kernel_and_models_agree() -> None:
    rng = random.Random(0)
    for _ in range(20):
        rates = [str(Fraction(rng.randrange(1, 30_000), rng.randrange(1, 10))) for _ in range(2)]
        data = {"rates": rates, "bin_width": "1/1000", "temperature": "5"}
        names = [f"{x}_{i}" for x in ("rate", "entropy", "window") for i in (1, 2)]
        compared("poisson", data, [*names, "bin_width", "temperature"])


@given(st.fractions(Fraction(1, 10**9), 10**9))
def test_logarithms_and_exponentials_are_enclosed(x: Fraction) -> None:
    with flint.ctx.workprec(256):
        exact = Ball.of(x).arb
        assert agree(Ball(exact.log() / flint.arb.const_log2()), enclosures.log2((x, x)))
        small = x / 10**6
        assert agree(Ball((-Ball.of(small).arb).exp()), enclosures.exp((small, small)))


def test_powers_of_two_and_nothing_are_exact() -> None:
    for n in range(-70, 70):
        x = Fraction(2) ** n
        assert enclosures.log2((x, x)) == enclosures.point(n)
    assert enclosures.exp(enclosures.point(0)) == enclosures.point(1)
    assert enclosures.log2((Fraction(1), Fraction(8))) == (Fraction(0), Fraction(3))


@given(st.floats(-1e15, 1e15), st.floats(-1e15, 1e15))
def test_what_doubles_do_is_a_rounding_of_what_fractions_do(x: float, y: float) -> None:
    a, b = Fraction(x), Fraction(y)
    assert enclosures.rounded(a + b) == Fraction(x + y)
    assert enclosures.rounded(a - b) == Fraction(x - y)
    assert enclosures.rounded(a * b) == Fraction(x * y)


@pytest.mark.parametrize("known", case_corpus(), ids=file_name)
def test_the_kernel_confirms_every_case_of_the_corpus(known: Case) -> None:
    certificate = replayed(known)
    assert certificate["kind"] == "case"
    assert certificate["theorem"]["given"] == known.given


NEGATED = {"<": ">=", ">": "<=", "!=": "==", "==": "!=", ">=": "<", "<=": ">"}


@pytest.mark.parametrize("known", case_corpus(), ids=file_name)
def test_a_wrong_violation_or_assumption_is_rejected(known: Case) -> None:
    for field, said in (("violated_when", "not so in this case"), ("assumes", "does not meet")):
        for i, comparison in enumerate(getattr(known, field)):
            changed = deepcopy(replayed(known)["theorem"])
            if isinstance(comparison, str):
                changed[field][i] = "float64" if comparison != "float64" else "exact"
            else:
                left, sign, right = comparison
                changed[field][i] = [left, NEGATED[sign], right]
            with pytest.raises(RejectedError, match=said):
                cases.check_case(changed, {})


def test_data_that_break_nothing_are_rejected_by_both() -> None:
    conjecture = CASE_CONJECTURES["stale_snapshot"]
    events = [["push", "0", "r1", "0", "1"], ["push", "1", "r2", "2", "1"], ["pop", "2"]]
    data = {"discipline": "snapshot", "events": events}
    with pytest.raises(WitnessRejectedError):
        Case.of(conjecture, data)
    with pytest.raises(RejectedError, match="not so in this case"):
        case(conjecture, data)


def test_what_the_enclosures_leave_open_is_rejected() -> None:
    times = [str(Fraction(i * (i + 1), 2000)) for i in range(7)]
    data = {
        "clock": "exact",
        "histories": [times],
        "bin_width": "1/1000",
        "gaps": 50,
        "temperature": "5",
    }
    # Six gaps in six bins: H is log2(6) indeed, which no enclosure can tell.
    for sign in ("==", "!=", "<=", "<", ">", ">="):
        equal = CaseConjecture(
            name="equal",
            statement="",
            system="arrivals",
            assumes=("exact",),
            violated_when=(("entropy_1", sign, "entropy_max_1"),),
        )
        with pytest.raises(RejectedError, match="do not decide"):
            case(equal, data)
        with pytest.raises(WitnessRejectedError, match="not decided"):
            Case.of(equal, data)


POP = [["pop", "1"]]
QUEUE: Json = {"discipline": "exact", "events": [["push", "0", "r", "1", "1"], *POP]}
TIMES: Json = {
    "clock": "exact",
    "histories": [["0", "1"]],
    "bin_width": "1",
    "gaps": 50,
    "temperature": "5",
}
RATES: Json = {"rates": ["1"], "bin_width": "1/1000", "temperature": "5"}


def of(system: str, data: Json, *violated: Any) -> Json:
    wanted = [["temperature", ">", "0"]] if system != "aging-queue" else [["best_at_1", ">", "0"]]
    return {
        "system": system,
        "given": data,
        "assumes": [],
        "violated_when": list(violated) or wanted,
    }


def many(n: int) -> list[list[str]]:
    return [["push", "0", f"r{i}", "0", "1"] for i in range(n)]


PUSH = ["push", "0", "r", "1", "1"]
ILL_TYPED: dict[str, Json] = {
    "a comparison that is an object": of("aging-queue", QUEUE, {"best_at_1": 0, ">=": 0, "0": 0}),
    "a comparison that is text": of("poisson", RATES, "a>0"),
    "an assumption that is an object": {
        **of("aging-queue", QUEUE),
        "assumes": [{"best_at_1": 0, ">=": 0, "0": 0}],
    },
    "an event that is an object": of(
        "aging-queue", {**QUEUE, "events": [dict.fromkeys(["push", "0", "r", "1", "2"]), *POP]}
    ),
    "a pop that is text": of("aging-queue", {**QUEUE, "events": [PUSH, "p1"]}),
    "numbers that are integers": of(
        "aging-queue", {**QUEUE, "events": [["push", 0, "r", 1, 1], *POP]}
    ),
    "a truth value for a number": of("aging-queue", {**QUEUE, "events": [PUSH, ["pop", True]]}),
    "a width that is an integer": of("poisson", {**RATES, "bin_width": 1}),
    "rates that are text": of("poisson", {**RATES, "rates": "12"}),
    "rates that are an object": of("poisson", {**RATES, "rates": {"1": 0}}),
    "a history that is text": of("arrivals", {**TIMES, "histories": ["12"]}),
    "a history that is an object": of("arrivals", {**TIMES, "histories": [{"0": 0, "1": 0}]}),
    "histories that are an object": of("arrivals", {**TIMES, "histories": {"01": 0}}),
    "a right side that is a number": of("aging-queue", QUEUE, ["best_at_1", ">", 0]),
    "no events": of("aging-queue", {**QUEUE, "events": []}, ["rate_count", "==", "0"]),
    "no histories": of("arrivals", {**TIMES, "histories": []}, ["gaps", "==", "50"]),
    "no rates": of("poisson", {**RATES, "rates": []}),
    "a push without a rate": of("aging-queue", {**QUEUE, "events": [PUSH[:4], *POP]}),
}
"""Taken as they come, most of these can be unpacked and run; the models accept none of them."""


@pytest.mark.parametrize("name", ILL_TYPED)
def test_what_is_not_of_the_right_type_is_rejected_by_both(
    name: str, forge: Callable[..., Json]
) -> None:
    theorem = ILL_TYPED[name]
    with pytest.raises(RejectedError):
        kernel.check(forge("case", theorem, {}))
    content = {
        "schema": "homeostat.case/1",
        "conjecture": "stale_snapshot",
        **theorem,
        "observed": {},
        "found_by": {},
    }
    with pytest.raises((InvalidInputError, WitnessRejectedError)):
        _of_the_models(content)


def _of_the_models(content: Json) -> None:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    read = Case.from_json({**content, "sha256": hashlib.sha256(text.encode()).hexdigest()})
    figures = figures_of(read.system, read.given)
    for comparison in (*read.assumes, *read.violated_when):
        assert isinstance(comparison, str) or case_holds(comparison, figures)


def test_the_models_accept_what_the_ill_typed_ones_are_near_to() -> None:
    for system, data in (("aging-queue", QUEUE), ("arrivals", TIMES), ("poisson", RATES)):
        known = {"schema": "homeostat.case/1", "conjecture": "any"}
        _of_the_models({**known, **of(system, data), "observed": {}, "found_by": {}})


HOSTILE: dict[str, Json] = {
    "no system": of("nonsense", QUEUE),
    "unhashable system": {**of("poisson", RATES), "system": []},
    "no violation": {**of("poisson", RATES), "violated_when": []},
    "violation is text": {**of("poisson", RATES), "violated_when": "temperature"},
    "too many comparisons": of("poisson", RATES, *[["temperature", ">", "0"]] * 9),
    "unknown field": of("poisson", {**RATES, "more": "1"}),
    "missing field": of("poisson", {"rates": ["1"]}),
    "no discipline": of("aging-queue", {**QUEUE, "discipline": "luck"}),
    "too many events": of("aging-queue", {**QUEUE, "events": many(201)}),
    "pushed twice": of("aging-queue", {**QUEUE, "events": [*many(1), *many(1), ["pop", "1"]]}),
    "pop of nothing": of("aging-queue", {**QUEUE, "events": [["pop", "1"]]}),
    "backwards": of("aging-queue", {**QUEUE, "events": [*many(1), ["pop", "-1"]]}),
    "negative rate": of(
        "aging-queue", {**QUEUE, "events": [["push", "0", "r", "1", "-1"], ["pop", "1"]]}
    ),
    "no double": of(
        "aging-queue",
        {"discipline": "float_key", "events": [["push", "1/3", "r", "1", "1"], ["pop", "1"]]},
    ),
    "huge exponent": of("poisson", {**RATES, "bin_width": "0x1.0000000000000p+999"}),
    "huge number": of("poisson", {**RATES, "bin_width": "1" + "0" * 16}),
    "long number": of("poisson", {**RATES, "bin_width": "1/" + "7" * 100}),
    "not hexadecimal as written": of("poisson", {**RATES, "bin_width": "0x1.8p+1"}),
    "zero width": of("arrivals", {**TIMES, "bin_width": "0"}),
    "division by zero": of("poisson", {**RATES, "bin_width": "1/0"}),
    "zero temperature": of("arrivals", {**TIMES, "temperature": "0"}, ["window_1", ">", "0"]),
    "one arrival": of("arrivals", {**TIMES, "histories": [["0"]]}, ["entropy_1", "==", "0"]),
    "arrivals backwards": of("arrivals", {**TIMES, "histories": [["1", "0"]]}),
    "too many arrivals": of("arrivals", {**TIMES, "histories": [["0"] * 201]}),
    "too many histories": of("arrivals", {**TIMES, "histories": [["0", "1"]] * 3}),
    "gaps is a truth value": of("arrivals", {**TIMES, "gaps": True}),
    "no gaps": of("arrivals", {**TIMES, "gaps": 0}),
    "a rate of zero": of("poisson", {**RATES, "rates": ["0"]}),
    "an exponent too large": of(
        "poisson", {**RATES, "rates": ["1000001"]}, ["entropy_1", "<", "1"]
    ),
    "too many rates": of("poisson", {**RATES, "rates": ["1"] * 3}),
    "no such figure": of("poisson", RATES, ["entropy", ">", "0"]),
    "no such place": of("poisson", RATES, ["entropy_2", ">", "0"]),
    "place zero": of("poisson", RATES, ["entropy_0", ">", "0"]),
    "place in other digits": of("poisson", RATES, ["entropy_\u0661", ">", "0"]),
    "no such relation": of("poisson", RATES, ["entropy_1", "=>", "0"]),
    "a right side of no kind": of("poisson", RATES, ["entropy_1", ">", 0]),
    "two sides": of("poisson", RATES, ["entropy_1", ">"]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_cases_are_rejected(name: str, forge: Callable[..., Json]) -> None:
    with pytest.raises(RejectedError):
        kernel.check(forge("case", HOSTILE[name], {}))


def test_the_cases_that_the_hostile_ones_are_near_to_are_accepted(
    forge: Callable[..., Json],
) -> None:
    for system, data in (("aging-queue", QUEUE), ("arrivals", TIMES), ("poisson", RATES)):
        kernel.check(forge("case", of(system, data), {}))


@pytest.mark.parametrize("gaps_max", [0, 51, -1, True, "5", 5.0, None])
def test_shapes_out_of_bounds_are_rejected(gaps_max: Any, forge: Callable[..., Json]) -> None:
    with pytest.raises(RejectedError):
        kernel.check(forge("shapes", {"gaps_max": gaps_max}, {}))


@pytest.mark.slow
def test_all_shapes_of_fifty_gaps_are_within_the_bounds() -> None:
    assert shapes(50)["theorem"] == {"gaps_max": 50}


def partitions(k: int, largest: int) -> int:
    if k == 0:
        return 1
    return sum(partitions(k - c, c) for c in range(1, min(k, largest) + 1))


def variant(old: str, new: str) -> Any:
    """Return the kernel's cases with one text replaced."""
    text = Path(str(cases.__file__)).read_text()
    assert text.count(old) == 1
    module = ModuleType("variant")
    exec(compile(text.replace(old, new), "variant", "exec"), module.__dict__)
    return module


def test_every_shape_is_looked_at() -> None:
    seen: list[int] = []
    counting = variant("total, found = k + c,", "total, found = seen(k + c),")

    def look(k: int) -> int:
        seen.append(k)
        return k

    counting.seen = look
    counting.check_shapes({"gaps_max": 12}, {})
    assert [seen.count(k) for k in range(1, 13)] == [partitions(k, k) for k in range(1, 13)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # H <= log2(m - 1); H < log2 m and H > 0, which equal counts and one bin break.
        ("(m + 1) ** total * found", "m ** total * found"),
        ("<= (m + 1) ** total", "< (m + 1) ** total"),
        ("if not found <= own[total]", "if not found < own[total]"),
    ],
)
def test_bounds_that_are_too_tight_are_rejected(old: str, new: str) -> None:
    with pytest.raises(RejectedError, match="not so for"):
        variant(old, new).check_shapes({"gaps_max": 6}, {})


def test_the_integers_of_the_shapes_are_those_of_the_entropy() -> None:
    counts = (5, 3, 3, 1)
    k, m = sum(counts), len(counts)
    product = math.prod(c**c for c in counts)
    bits = sum(c / k * math.log2(k / c) for c in counts)
    assert math.log2(k**k / product) / k == pytest.approx(bits)
    assert math.log2(m**k * product / k**k) / k == pytest.approx(math.log2(m) - bits)


def test_a_certificate_of_a_case_travels_as_text() -> None:
    for known in case_corpus():
        kernel.check(json.loads(json.dumps(replayed(known))))
