"""The claims about the airlock: verdicts afresh, cases on both sides, and what must be rejected."""

import random
from collections.abc import Callable
from copy import deepcopy
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from homeostat.counterexamples import CASE_CONJECTURES, Case, case_corpus, replay_case
from homeostat.counterexamples.cases.airlock_searching import (
    AIRLOCK_SEARCHES,
    airlock_case,
    small_runs,
)
from homeostat.counterexamples.cases.figures import figures_of
from homeostat.counterexamples.cases.reading import Figures
from homeostat.errors import InvalidInputError, WitnessRejectedError
from homeostat.models.airlock.automata import AIRLOCK, LINE
from homeostat.models.airlock.designs import EVENTS, Run
from homeostat.proofs import airlocks, cases, kernel
from homeostat.proofs.certificates import case
from homeostat.proofs.claims import Claim
from homeostat.proofs.engines.transitions import violating_run
from homeostat.proofs.kernel import RejectedError
from homeostat.proofs.theory.governor import airlock as theory
from homeostat.proofs.verdicts import Proved, Refuted

Json = dict[str, Any]
Forge = Callable[..., Json]

PROVED = [c for c in theory.CLAIMS if c.id in ("governor.airlock_safe", "governor.airlock_live")]
REFUTED = [c for c in theory.CLAIMS if c not in PROVED]
NUMBERS = (
    *("capacity", "room", "jobs", "alive", "running", "waiting", "stopped"),
    *("used", "used_max", "whole_max"),
)


@pytest.mark.slow
@pytest.mark.parametrize("claim", PROVED, ids=lambda claim: claim.id)
def test_what_is_proved_is_proved_afresh_and_its_false_neighbours_are_caught(claim: Claim) -> None:
    verdict = claim.decide()
    assert isinstance(verdict, Proved)
    assert len(verdict.certificates) == 1
    assert claim.canary is not None
    assert claim.canary.catch().count("the engine finds no proof") == 2


@pytest.mark.slow
@pytest.mark.parametrize("claim", REFUTED, ids=lambda claim: claim.id)
def test_what_is_refuted_has_a_case_that_is_in_the_corpus(claim: Claim) -> None:
    verdict = claim.decide()
    assert isinstance(verdict, Refuted)
    (witness,) = verdict.witnesses
    assert witness.conjecture in claim.conjectures
    assert witness in case_corpus()
    assert claim.canary is not None
    assert claim.canary.catch()


# --- the automata


@cache
def proofs(claim_id: str) -> Json:
    (claim,) = [c for c in PROVED if c.id == claim_id]
    verdict = claim.decide()
    assert isinstance(verdict, Proved)
    return dict(verdict.certificates[0])


AMOUNTS = [{"amount": str(n)} for n in (-1, 1, 2)]
INPUTS: dict[str, list[dict[str, str]]] = {
    **dict.fromkeys(("reserve", "commit", "cancel", "release", "grow", "shrink"), AMOUNTS),
    "holder dies": [{"gone": "0"}],
    "thaw the first": [{"asked": "1"}, {"asked": "2"}],
    **{f"memory taken {place}": [{"more": "1"}] for place in ("open", "held")},
    **{f"memory given back {place}": [{"less": "1"}] for place in ("open", "held", "dead")},
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("label", "row"),
    [
        ("reserve", "used + reserved + amount <= capacity"),
        ("reserve", "amount >= 1"),
        ("commit", "amount <= reserved"),
        ("commit", "used + amount + room <= capacity"),
        ("cancel", "taken + amount <= used + reserved"),
        ("release", "amount <= used"),
        ("leave", "reserved = 0"),
        ("enter beside", "unlocked >= 1"),
        ("holder dies", "taken - gone <= used"),
        ("memory taken open", "taken + more <= used + reserved"),
    ],
)
def test_no_row_of_the_airlock_can_be_left_out(label: str, row: str, forge: Forge) -> None:
    weak = AIRLOCK.without(label, row).theorem(theory._SAFE)
    fixed = {"capacity": "2", "room": "1"}
    assert violating_run(weak, start=theory._EMPTY, parameters=fixed, inputs=INPUTS) is not None
    with pytest.raises(RejectedError):
        kernel.check(forge("automaton", weak, proofs("governor.airlock_safe")["evidence"]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("label", "row"),
    [
        ("thaw the first", "asked <= room"),
        ("grow", "used + amount + room <= capacity"),
        ("time served", "lasted + 1 <= turn_max"),
        ("time open", "lasted + 1 <= turn_max"),
        ("time held", "lasted + 1 <= turn_max"),
    ],
)
def test_no_row_of_the_line_can_be_left_out(label: str, row: str, forge: Forge) -> None:
    weak = theory._with_stuck(LINE.without(label, row)).theorem(theory._BOUND)
    assert (
        violating_run(weak, start=theory._JOINED, parameters=theory._SMALL, inputs=INPUTS)
        is not None
    )
    with pytest.raises(RejectedError):
        kernel.check(forge("automaton", weak, proofs("governor.airlock_live")["evidence"]))


@pytest.mark.slow
@pytest.mark.parametrize("claim_id", ["governor.airlock_safe", "governor.airlock_live"])
def test_a_certificate_that_is_changed_is_rejected(claim_id: str, forge: Forge) -> None:
    true = deepcopy(proofs(claim_id))
    kernel.check(forge("automaton", true["theorem"], true["evidence"]))
    evidence = true["evidence"]
    location = next(iter(evidence["invariants"]))
    label = next(iter(evidence["proofs"]))
    rows = evidence["invariants"][location]
    changes: list[Json] = [
        {"k": 0},
        {"k": 2},
        {"invariants": {**evidence["invariants"], location: rows[1:]}},
        {"invariants": {k: v for k, v in evidence["invariants"].items() if k != location}},
        {"proofs": {k: v for k, v in evidence["proofs"].items() if k != label}},
        {"proofs": {**evidence["proofs"], "more": evidence["proofs"][label]}},
        {"example": []},
        {"example": [{**run, "steps": run["steps"][:3]} for run in evidence["example"]]},
    ]
    for change in changes:
        with pytest.raises(RejectedError):
            kernel.check(forge("automaton", true["theorem"], {**evidence, **change}))
    stronger = {**true["theorem"]["always"], "*": ["used + reserved + 1 <= capacity"]}
    with pytest.raises(RejectedError):
        kernel.check(forge("automaton", {**true["theorem"], "always": stronger}, evidence))


def test_a_wait_of_n_turns_can_happen_to_the_tick_before() -> None:
    # Two ahead of the last of four, each of whom stays as long as it may.
    bound = LINE.theorem({"*": ["waited <= jobs*turn_max - 1"]})
    start = {"ahead": "2", "used": "0", "reserved": "1", "need": "1", "lasted": "0", "waited": "0"}
    fixed = {"capacity": "1", "room": "1", "jobs": "4", "turn_max": "1"}
    found = violating_run(bound, start=start, parameters=fixed, inputs=INPUTS)
    assert found is not None
    assert sum(label.startswith("time") for label, _ in found["steps"]) == 4


# --- cases


def exact(figures: Figures, name: str) -> Fraction:
    found = figures.figure(name)
    assert isinstance(found, Fraction)
    return found


def random_case(rng: random.Random, design: str) -> Json:
    """Return a case of events that can all happen."""
    room = rng.randint(1, 5) if design == "airlock" else 0
    held = [rng.randint(0, 4) for _ in range(rng.randint(2, 6))]
    capacity = max(1, sum(held) + room + rng.randint(0, 2))
    node = Run(design, capacity, room, list(held))
    events: list[list[Any]] = []
    for _ in range(rng.randint(0, 25)):
        kinds = [*EVENTS, *["ask"] * 6, *["leave"] * 4]
        what, job = rng.choice(kinds), rng.randrange(len(held))
        amount = rng.randint(1, 6) if what == "ask" else 0
        try:
            node.take((what, job, amount))
        except InvalidInputError:
            continue
        events.append([what, job + 1, *([amount] if amount else [])])
    return {"design": design, "capacity": capacity, "room": room, "held": held, "events": events}


def test_cases_of_kernel_and_models_agree() -> None:
    rng, words = random.Random(4), set[frozenset[str]]()
    frozen = refused = 0
    for turn in range(500):
        data = random_case(rng, ("naive", "airlock")[turn % 2])
        models, (told, figure) = figures_of("airlock", data), cases.CASES["airlock"](data)
        assert told == models.words
        words.add(frozenset(told))
        asks = sum(event[0] == "ask" for event in data["events"])
        names = [*NUMBERS, *(f"{x}_{i}" for x in ("asked", "granted", "frozen_held")
                             for i in range(1, asks + 1))]  # fmt: skip
        for name in names:
            found = exact(models, name)
            assert figure(name) == (found, found), (name, data)
        frozen += exact(models, "waiting") > 0
        refused += sum(exact(models, f"granted_{i}") == 0 for i in range(1, asks + 1))
    assert words >= {frozenset({"naive", "ordered"}), frozenset({"airlock", "ordered"})}
    assert frozenset({"airlock"}) not in words
    assert frozen > 20
    assert refused > frozen


def test_the_naive_design_thaws_a_small_ask_before_a_large_one_that_came_first() -> None:
    events = [["ask", 2, 2], ["ask", 3, 1], ["end", 4], ["end", 1]]
    data = {"design": "naive", "capacity": 5, "room": 0, "held": [2, 1, 1, 1], "events": events}
    assert figures_of("airlock", data).words == airlocks.airlock(data)[0] == {"naive"}


def test_the_airlock_thaws_in_order_and_someone_always_runs() -> None:
    tried = waited = 0
    for given in small_runs("airlock", capacity_max=2, length_max=4):
        figures = figures_of("airlock", given)
        assert "ordered" in figures.words
        assert exact(figures, "used_max") <= given["capacity"]
        assert exact(figures, "running") >= 1 or exact(figures, "alive") == 0
        tried += 1
        waited += exact(figures, "waiting") > 0
    assert tried > 200
    assert waited > 20


@pytest.mark.parametrize("name", AIRLOCK_SEARCHES)
def test_a_found_case_replays_on_both_sides_and_no_other_of_its_fields_does(name: str) -> None:
    found, broken = airlock_case(name), CASE_CONJECTURES[name]
    assert found is not None
    replay_case(found)
    case(broken, found.given)
    changes: list[Json] = [
        {"design": "airlock"},
        {"room": 1},
        {"held": [x + 1 for x in found.given["held"]]},
        {"events": found.given["events"][:-1]},
        {"events": [*found.given["events"], found.given["events"][-1]]},
        {"events": []},
    ]
    for change in changes:
        data = {**found.given, **change}
        with pytest.raises((InvalidInputError, WitnessRejectedError)):
            Case.of(broken, data)
        with pytest.raises(RejectedError):
            case(broken, data)


def test_a_conjecture_without_a_search_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="must be one of"):
        airlock_case("stale_snapshot")


def test_figures_that_can_be_told_by_hand() -> None:
    data: Json = {
        "design": "airlock",
        "capacity": 10,
        "room": 4,
        "held": [2, 2, 2],
        "events": [["ask", 1, 3], ["ask", 2, 4], ["ask", 3, 1], ["leave", 1]],
    }
    words, figure = airlocks.airlock(data)
    assert words == {"airlock", "ordered"}
    told = {name: int(figure(name)[0]) for name in NUMBERS}
    assert tuple(told[name] for name in NUMBERS) == (10, 4, 3, 3, 2, 1, 0, 10, 10, 6)
    assert [figure(f"granted_{i}")[0] for i in (1, 2, 3)] == [1, 0, 0]
    assert figure("frozen_held_3") == (Fraction(2), Fraction(2))


CASE: Json = {
    "design": "naive",
    "capacity": 4,
    "room": 0,
    "held": [1, 2],
    "events": [["ask", 1, 1]],
}
LOCK: Json = {**CASE, "design": "airlock", "room": 1}

HOSTILE: list[Json] = [
    {**CASE, "design": "none"},
    {**CASE, "design": 0},
    {**CASE, "capacity": 0},
    {**CASE, "capacity": True},
    {**CASE, "capacity": 2},
    {**CASE, "capacity": 10**12 + 1},
    {**CASE, "room": 1},
    {**LOCK, "room": -1},
    {**LOCK, "room": 5},
    {**LOCK, "room": "1"},
    {**CASE, "held": []},
    {**CASE, "held": [1, -1]},
    {**CASE, "held": [1, 2.0]},
    {**CASE, "held": {"1": 1}},
    {**CASE, "held": [0] * 17},
    {**CASE, "events": {}},
    {**CASE, "events": [["end", 1]] * 101},
    {**CASE, "events": [[]]},
    {**CASE, "events": ["ask"]},
    {**CASE, "events": [["ask", 1]]},
    {**CASE, "events": [["ask", 1, 0]]},
    {**CASE, "events": [["ask", 1, True]]},
    {**CASE, "events": [["ask", 3, 1]]},
    {**CASE, "events": [["ask", 0, 1]]},
    {**CASE, "events": [["ask", "1", 1]]},
    {**CASE, "events": [["end", 1, 1]]},
    {**CASE, "events": [[["ask"], 1, 1]]},
    {**CASE, "events": [["burn", 1]]},
    {**CASE, "events": [["leave", 1]]},
    {**CASE, "events": [["resume", 1]]},
    {**CASE, "events": [["stop", 1], ["stop", 1]]},
    {**CASE, "events": [["stop", 1], ["ask", 1, 1]]},
    {**CASE, "events": [["ask", 1, 4], ["resume", 1]]},
    {**CASE, "events": [["ask", 1, 4], ["end", 1]]},
    {**CASE, "events": [["die", 1], ["die", 1]]},
    {**LOCK, "events": [["stop", 1]]},
    {**LOCK, "events": [["ask", 1, 2]]},
    {**LOCK, "events": [["ask", 1, 1], ["ask", 1, 1]]},
    {**LOCK, "events": [["ask", 1, 1], ["leave", 2]]},
    {**CASE, "more": 1},
]


@pytest.mark.parametrize("data", HOSTILE, ids=str)
def test_data_out_of_bounds_are_refused_by_both(data: Json, forge: Forge) -> None:
    theorem = {
        "system": "airlock",
        "given": data,
        "assumes": [],
        "violated_when": [["jobs", ">", "0"]],
    }
    with pytest.raises(RejectedError):
        kernel.check(forge("case", theorem, {}))
    with pytest.raises(InvalidInputError):
        figures_of("airlock", data)
    for near in (CASE, LOCK):
        kernel.check(forge("case", {**theorem, "given": near}, {}))


@pytest.mark.parametrize("name", ["granted_2", "asked_0", "frozen_held", "free"])
def test_a_figure_that_a_case_does_not_have_is_refused_by_both(name: str) -> None:
    with pytest.raises(RejectedError):
        airlocks.airlock(CASE)[1](name)
    with pytest.raises((InvalidInputError, WitnessRejectedError)):
        figures_of("airlock", CASE).figure(name)


def variant(old: str, new: str) -> Any:
    """Return the kernel's airlocks with one text replaced."""
    text = Path(str(airlocks.__file__)).read_text()
    assert text.count(old) == 1
    module = ModuleType("variant")
    exec(compile(text.replace(old, new), "variant", "exec"), module.__dict__)
    return module


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return amount <= free and", "return amount <= free + 1 and"),
        ("not (self.closed and self.inside)", "not self.closed"),
        ("key=lambda x: self.waits[x]", "key=lambda x: -x"),
        ("self.held[job] -= self.inside.pop(job)", "self.inside.pop(job)"),
        ("if granted:", "if granted or self.closed:"),
    ],
)
def test_a_kernel_of_another_airlock_disagrees_with_the_models(old: str, new: str) -> None:
    rng, wrong = random.Random(1), variant(old, new)
    differs = 0
    for turn in range(500):
        data = random_case(rng, ("naive", "airlock")[turn % 2])
        models = figures_of("airlock", data)
        try:
            words, figure = wrong.airlock(data)
            same = all(figure(name)[0] == exact(models, name) for name in NUMBERS)
        except RejectedError:
            differs += 1
            continue
        differs += words != models.words or not same
    assert differs > 0
