"""Cases: what a document must be, what a replay confirms, and what searches find."""

import hashlib
import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import flint
import pytest

from homeostat.counterexamples import (
    CASE_CONJECTURES,
    Case,
    Witness,
    case_corpus,
    confirm,
    corpus,
    find_case_conjecture,
    read_any_witness,
    replay_case,
    witness_from_json,
)
from homeostat.counterexamples.cases.balls import Ball, UndecidedError, decided, exp, log2, text_of
from homeostat.counterexamples.cases.case import meets
from homeostat.counterexamples.cases.expert_searching import (
    EXPERT_SEARCHES,
    expert_case,
    small_traces,
    traces_in_turn,
    worst_ratio,
)
from homeostat.counterexamples.cases.figures import figures_of
from homeostat.counterexamples.cases.searching import first_case, near_ties, small_queues
from homeostat.counterexamples.corpus_files import file_name
from homeostat.errors import InvalidInputError, WitnessRejectedError

Json = dict[str, Any]
QUEUE: Json = {"discipline": "exact", "events": [["push", "0", "r", "1", "1"], ["pop", "1"]]}
TIMES: Json = {
    "clock": "exact",
    "histories": [["0", "1", "2"]],
    "bin_width": "1",
    "gaps": 50,
    "temperature": "5",
}
RATES: Json = {"rates": ["1"], "bin_width": "1/1000", "temperature": "5"}


def rehashed(document: Json) -> Json:
    content = {key: value for key, value in document.items() if key != "sha256"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return {**content, "sha256": hashlib.sha256(text.encode()).hexdigest()}


def changes(data: Any) -> Iterator[Any]:
    """Yield the data with one leaf changed, for every leaf."""
    if isinstance(data, dict):
        for key in data:
            yield from ({**data, key: part} for part in changes(data[key]))
    elif isinstance(data, list):
        for i in range(len(data)):
            yield from ([*data[:i], part, *data[i + 1 :]] for part in changes(data[i]))
    else:
        yield f"{data}x" if isinstance(data, str) else (data or 0) + 1


@pytest.mark.parametrize("case", case_corpus(), ids=file_name)
def test_a_case_reads_back_equal_and_replays(case: Case) -> None:
    document = json.loads(json.dumps(case.to_json()))
    assert Case.from_json(document) == case
    assert witness_from_json(document) == case
    confirm(case)


@pytest.mark.parametrize("case", case_corpus(), ids=file_name)
def test_a_case_with_one_leaf_changed_is_rejected(case: Case) -> None:
    document = json.loads(json.dumps(case.to_json()))
    for changed in changes(document):
        with pytest.raises((InvalidInputError, WitnessRejectedError)):
            confirm(Case.from_json(changed))


@pytest.mark.slow
@pytest.mark.parametrize("case", case_corpus(), ids=file_name)
def test_with_its_hash_made_anew_only_how_it_was_found_may_change(case: Case) -> None:
    document = json.loads(json.dumps(case.to_json()))
    names = iter(range(100))
    for field in ("conjecture", "system", "given", "assumes", "violated_when", "observed"):
        for part in changes(document[field]):
            if field == "given" and _says_as_much(document["given"], part):
                continue
            next(names, None)
            with pytest.raises((InvalidInputError, WitnessRejectedError)):
                confirm(Case.from_json(rehashed({**document, field: part})))
    confirm(Case.from_json(rehashed({**document, "found_by": {"method": "by hand"}})))


def _says_as_much(given: Json, changed: Json) -> bool:
    """A request may have any name; how much room there is, or how many walk, may not matter."""
    if any(given.get(key) != changed.get(key) for key in ("half_life", "walkers", "capacity")):
        return True
    if "discipline" not in given:
        return False
    pairs = zip(given["events"], changed["events"], strict=True)
    return any(a[0] == b[0] == "push" and a[2] != b[2] for a, b in pairs)


def test_other_data_with_the_old_figures_are_rejected() -> None:
    case = next(c for c in case_corpus() if c.conjecture == "stale_snapshot")
    moved = deepcopy(dict(case.given))
    moved["events"] = [["push", "0", "r1", "0", "1"], ["push", "3", "r2", "1", "1"], ["pop", "3"]]
    with pytest.raises(WitnessRejectedError, match="observed"):
        replay_case(replace(case, given=moved))
    assert Case.of(find_case_conjecture("stale_snapshot"), moved).observed["best_at_1"] == "3"


def test_a_case_against_another_conjecture_is_rejected() -> None:
    case = next(c for c in case_corpus() if c.conjecture == "stale_snapshot")
    with pytest.raises(WitnessRejectedError, match="must be the conjecture's own"):
        replay_case(case, CASE_CONJECTURES["per_request_rate"])
    with pytest.raises(InvalidInputError, match="'g_dominance' must be one of"):
        replay_case(replace(case, conjecture="g_dominance"))


DOCUMENT = case_corpus()[0].to_json()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"note": ""}, "with fields"),
        ({"schema": "homeostat.case/2"}, "homeostat.case/1"),
        ({"given": []}, "given must be a JSON object"),
        ({"observed": {"a": 1}}, "must be a string"),
        ({"assumes": [["a", "<"]]}, "must be \\[figure, operator, right side\\]"),
        ({"violated_when": [["a", "<", "b"]] * 9}, "at most 8 entries"),
        ({"found_by": {"text": "x" * 70_000}}, "at most 65536 bytes"),
        ({"conjecture": None}, "conjecture=None must be a string"),
    ],
)
def test_documents_that_are_no_case_are_refused(change: Json, rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        Case.from_json(rehashed({**DOCUMENT, **change}))
    with pytest.raises(InvalidInputError):
        Case.from_json("case")


BAD: list[tuple[str, Json, str]] = [
    ("nonsense", QUEUE, "system='nonsense' must be one of"),
    ("aging-queue", {**QUEUE, "discipline": "luck"}, "discipline='luck' must be one of"),
    ("aging-queue", {**QUEUE, "more": 1}, "given has fields"),
    ("aging-queue", {**QUEUE, "events": []}, "events must be a list of 1 .. 200"),
    ("aging-queue", {**QUEUE, "events": [["pop", "0"]] * 201}, "events must be a list of 1 .. 200"),
    ("aging-queue", {**QUEUE, "events": [["wait", "1"]]}, "must be \\[pop, time\\] or"),
    ("aging-queue", {**QUEUE, "events": [["pop", "1"]]}, "events: the pop at 1"),
    ("aging-queue", {**QUEUE, "events": [["pop", "1e3"]]}, "must be p/q or a double"),
    ("aging-queue", {**QUEUE, "events": [["pop", 1]]}, "must be p/q or a double"),
    (
        "aging-queue",
        {"discipline": "float_key", "events": [["push", "1/3", "r", "1", "1"]]},
        "must be doubles",
    ),
    (
        "aging-queue",
        {"discipline": "float_priority", "events": [["push", "1/3", "r", "1", "1"]]},
        "must be doubles",
    ),
    ("arrivals", {**TIMES, "clock": "sundial"}, "clock='sundial'"),
    ("arrivals", {**TIMES, "gaps": True}, "gaps=True must be an integer"),
    ("arrivals", {**TIMES, "histories": [["0"]]}, "two arrivals or more"),
    ("arrivals", {**TIMES, "histories": [["1", "0"]]}, "in order of time"),
    ("arrivals", {**TIMES, "histories": [["0", "1"]] * 3}, "histories must be a list of 1 .. 2"),
    ("arrivals", {**TIMES, "bin_width": "0"}, "bin_width=0 must be > 0"),
    ("arrivals", {**TIMES, "temperature": "-5"}, "temperature=-5 must be > 0"),
    ("poisson", {**RATES, "rates": ["1000001"]}, "rates times bin_width must be in"),
    ("poisson", {**RATES, "rates": ["0"]}, "rates times bin_width must be in"),
    ("poisson", {**RATES, "bin_width": "1/0"}, "must be p/q or a double"),
    ("poisson", {**RATES, "bin_width": "1/" + "7" * 100}, "must be p/q or a double"),
    ("poisson", {**RATES, "bin_width": "1" + "0" * 16}, "must be at most"),
    ("poisson", {**RATES, "bin_width": "0x1.8p+1"}, "must be p/q or a double"),
]


@pytest.mark.parametrize(("system", "given", "rule"), BAD)
def test_data_that_break_a_rule_are_refused_with_value_and_rule(
    system: str, given: Json, rule: str
) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        figures_of(system, given)


def test_figures_that_there_are_not_are_told_apart() -> None:
    figures = figures_of("aging-queue", QUEUE)
    assert figures.figure("priority_1_at_1") == figures.figure("best_at_1") == 2
    with pytest.raises(InvalidInputError, match="figure 'luck' must be one of"):
        figures.figure("luck")
    with pytest.raises(WitnessRejectedError, match="no figure 'time_2'"):
        figures.figure("time_2")


def test_equal_gaps_give_a_window_of_one_and_an_entropy_of_zero() -> None:
    figures = figures_of("arrivals", TIMES)
    assert figures.figure("entropy_1") == 0
    assert text_of(figures.figure("window_1")) == "~1.000000000000000"
    assert figures.figure("entropy_max_1") == 1


def test_balls_decide_what_they_can_and_say_when_they_cannot() -> None:
    third = log2(Fraction(3))
    assert decided(third, ">", Fraction(3, 2))
    assert not decided(third, "<=", Fraction(3, 2))
    assert decided(third, "!=", Fraction(3, 2))
    assert not decided(third, "==", Fraction(3, 2))
    assert text_of(third) == "~1.584962500721156"
    assert text_of(-exp(Fraction(-1))) == "~-0.367879441171442"
    assert log2(Fraction(1, 8)) == -3
    assert decided(Fraction(1, 3), "<", Fraction(1, 2))
    for relation in ("<", "<=", "==", "!=", ">=", ">"):
        with pytest.raises(UndecidedError):
            decided(third, relation, log2(Fraction(3)))
    with pytest.raises(UndecidedError, match="15 decimals"):
        text_of(Ball(flint.arb(1, 1)))


def test_the_search_is_exhaustive_on_its_grid_and_goes_from_small_to_large() -> None:
    runs = list(small_queues("exact", (0, 1)))
    # Non-decreasing times out of three for 3, 4 and 4 events; 3 bids and 2 rates for each of two.
    assert len(runs) == (10 + 15 + 15) * (3 * 2) ** 2
    assert len({json.dumps(run) for run in runs}) == len(runs)
    lengths = [len(run["events"]) for run in runs]
    assert lengths == sorted(lengths)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERT_SEARCHES)
def test_what_breaks_a_conjecture_about_experts_is_in_the_corpus(name: str) -> None:
    found = expert_case(name)
    assert found in case_corpus()


def test_a_conjecture_without_a_search_is_named() -> None:
    with pytest.raises(InvalidInputError, match="'stale_snapshot' must be one of"):
        expert_case("stale_snapshot")


def test_every_trace_is_tried_up_to_the_names_of_its_experts() -> None:
    traces = [[event[0] for event in given["events"]] for given in small_traces(length_max=4)]
    # Partitions of 1 .. 4 events into experts: 1, 2, 5, 15 (Bell), each by its capacities.
    assert len({tuple(trace) for trace in traces}) == 1 + 2 + 5 + 15
    assert [0, 1, 0, 2] in traces
    assert len(traces) == sum(len(set(trace)) for trace in map(list, {*map(tuple, traces)}))


def test_the_worst_ratio_of_admission_grows_with_the_length_of_the_trace() -> None:
    figures = ("misses_threshold", "misses_lru")
    ratios = [
        worst_ratio("expert-cache", traces_in_turn(4, [rounds]), *figures)[0]
        for rounds in (2, 5, 25)
    ]
    assert ratios == [2, 5, 25]
    # Where LRU is never better, neither is the search.
    assert worst_ratio("expert-cache", small_traces(length_max=3), *figures)[0] == 1
    with pytest.raises(InvalidInputError, match="got none"):
        worst_ratio("expert-cache", [], *figures)


def test_a_search_of_nothing_finds_nothing() -> None:
    assert first_case(CASE_CONJECTURES["stale_snapshot"], [], {}) is None
    exact = small_queues("exact")
    assert first_case(CASE_CONJECTURES["stale_snapshot"], exact, {}) is None


def test_draws_repeat_by_seed_and_differ_by_seed() -> None:
    first, again, other = (list(near_ties("float_key", seed, 5, within=1e-7)) for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("within", [1e-3, 1e-9])
def test_priorities_that_are_drawn_are_as_near_as_asked_for_and_no_nearer(within: float) -> None:
    apart = []
    for given in near_ties("float_priority", 0, 50, within=within):
        first, second = _exact_priorities(given)
        apart.append(abs(first - second))
    assert within / 2 < max(apart) < within + 1e-14


def _exact_priorities(given: Json) -> tuple[Fraction, Fraction]:
    *pushes, (_, pop) = given["events"]
    time = Fraction(float.fromhex(pop))
    first, second = (
        Fraction(float.fromhex(bid))
        + Fraction(float.fromhex(rate)) * (time - Fraction(float.fromhex(at)))
        for _, at, _, bid, rate in pushes
    )
    return first, second


def test_a_run_without_the_figures_of_an_assumption_is_not_spoken_of() -> None:
    stated = CASE_CONJECTURES["dequeue_order_as_stated"]
    assert not meets(stated, figures_of("aging-queue", QUEUE))
    two = [["push", "0", "r", "1", "1"], ["push", "0", "s", "1", "1"], ["pop", "1"], ["pop", "2"]]
    assert meets(stated, figures_of("aging-queue", {**QUEUE, "events": two}))
    equal = replace(CASE_CONJECTURES["uniform_max"], assumes=(("entropy_1", "<", "entropy_max_1"),))
    apart = {**TIMES, "histories": [["0", "0", "1", "3"]]}
    with pytest.raises(UndecidedError):
        meets(equal, figures_of("arrivals", apart))


def test_files_of_both_kinds_are_read_by_their_schema(tmp_path: Path) -> None:
    def write(witness: Case | Witness) -> None:
        (tmp_path / "w.json").write_text(json.dumps(witness.to_json()))

    for witness in (case_corpus()[0], corpus()[0]):
        write(witness)
        assert read_any_witness(tmp_path / "w.json") == witness
    (tmp_path / "w.json").write_text("{}")
    with pytest.raises(InvalidInputError):
        read_any_witness(tmp_path / "w.json")
