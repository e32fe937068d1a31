"""Kind ``automaton``: what transition systems keep, what they do not, and attacks on the kind."""

import random
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from itertools import product
from typing import Any

import pytest

from homeostat.errors import InvalidInputError, VacuousClaimError
from homeostat.proofs import automata, kernel
from homeostat.proofs.certificates import automaton, optimal
from homeostat.proofs.coq.export import coq_source
from homeostat.proofs.engines.farkas import NoProofError, find_proof, row_text
from homeostat.proofs.engines.transitions import violating_run
from homeostat.proofs.implication import prove
from homeostat.proofs.kernel import RejectedError
from homeostat.proofs.polynomials import row
from homeostat.proofs.report.certificate_view import theorem_rows

Json = dict[str, Any]
Forge = Callable[..., Json]


def run_of(start: dict[str, str], *steps: str, **parameters: str) -> Json:
    """A run of transitions without inputs."""
    return {"parameters": parameters, "start": start, "steps": [[label, {}] for label in steps]}


def transition(
    label: str,
    source: str,
    target: str,
    *,
    when: Sequence[str] = (),
    after: Mapping[str, str] | None = None,
) -> Json:
    moved = dict(after or {})
    return {"label": label, "from": source, "to": target, "when": list(when), "next": moved}


def automaton_theorem(
    *,
    variables: Sequence[str],
    start: tuple[str, Sequence[str]],
    transitions: Sequence[Json],
    always: Mapping[str, Sequence[str]],
    parameters: Sequence[str] = (),
    given: Sequence[str] = (),
) -> Json:
    return {
        "parameters": list(parameters),
        "given": list(given),
        "variables": list(variables),
        "start": {"location": start[0], "rows": list(start[1])},
        "transitions": [dict(one) for one in transitions],
        "always": {place: list(texts) for place, texts in always.items()},
    }


# --- a transient buffer, filled by copies and read by computations

BUFFER = ["issued", "cs", "cd", "ks", "kd"]
"""Uses issued; copies started and done; computations started and done."""
ZERO = dict.fromkeys(BUFFER, "0")
MOVES = [
    transition("issue", "run", "run", after={"issued": "issued + 1"}),
    transition(
        "start copy",
        "run",
        "run",
        when=["cs <= issued - 1", "cs <= kd", "cs = cd"],
        after={"cs": "cs + 1"},
    ),
    transition("copy done", "run", "run", when=["cs = cd + 1"], after={"cd": "cd + 1"}),
    transition(
        "start compute", "run", "run", when=["ks <= cd - 1", "ks = kd"], after={"ks": "ks + 1"}
    ),
    transition("compute done", "run", "run", when=["ks = kd + 1"], after={"kd": "kd + 1"}),
    transition(
        "skip",
        "run",
        "run",
        when=["ks <= cd - 1", "ks = kd"],
        after={"ks": "ks + 1", "kd": "kd + 1"},
    ),
]
SAFE = "cs - cd + ks - kd <= 1"
KEPT = [
    *("kd <= ks", "ks <= kd + 1", "cd <= cs", "cs <= cd + 1"),
    *("ks <= cd", "cs <= kd + 1", "cs <= issued"),
]
BOTH = run_of(
    ZERO,
    *("issue", "start copy", "copy done", "start compute", "compute done"),
    *("issue", "start copy", "copy done", "skip"),
)
BLOCKED = product(
    ["cs >= issued", "cs >= kd + 1", "cs <= cd - 1", "cs >= cd + 1"],
    ["cs <= cd", "cs >= cd + 2"],
    ["ks >= cd", "ks <= kd - 1", "ks >= kd + 1"],
    ["ks <= kd", "ks >= kd + 2"],
)
STUCK = [
    transition(f"stuck {i}", "run", "stuck", when=["kd <= issued - 1", *rows])
    for i, rows in enumerate(BLOCKED)
]


def buffer(moves: list[Json], **always: list[str]) -> Json:
    start = ("run", [f"{name} = 0" for name in BUFFER])
    said = always or {"*": [SAFE]}
    return automaton_theorem(variables=BUFFER, start=start, transitions=moves, always=said)


def without(guard: str) -> list[Json]:
    found = [{**move, "when": [text for text in move["when"] if text != guard]} for move in MOVES]
    assert found != MOVES
    return found


@pytest.mark.slow
def test_the_buffer_is_never_written_while_it_is_read() -> None:
    certificate = automaton(buffer(MOVES), {"run": [*KEPT, SAFE]}, example=[BOTH])
    assert certificate["kind"] == "automaton"
    assert violating_run(buffer(MOVES), start=ZERO, states_max=2_000) is None


@pytest.mark.slow
def test_some_transition_of_the_buffer_is_possible_while_a_use_is_open() -> None:
    assert len(STUCK) == 48
    theorem = buffer([*MOVES, *STUCK], stuck=["0 > 0"])
    automaton(theorem, {"run": KEPT}, example=[BOTH])
    # The canary: a copy that also waits for a computation yet to come never starts.
    late = [transition("deaf", "run", "stuck", when=["kd <= issued - 1", "cs <= cd", "ks <= kd"])]
    with pytest.raises(NoProofError):
        automaton(buffer([*MOVES, *late], stuck=["0 > 0"]), {"run": KEPT}, example=[BOTH])
    found = violating_run(buffer([*MOVES, *late], stuck=["0 > 0"]), start=ZERO)
    assert found == run_of(ZERO, "issue", "deaf")


@pytest.mark.slow
def test_without_the_wait_for_the_last_reader_the_buffer_is_overwritten(forge: Forge) -> None:
    theorem = buffer(without("cs <= kd"))
    with pytest.raises(NoProofError) as caught:
        automaton(theorem, {"run": [*KEPT, SAFE]}, example=[BOTH])
    assert caught.value.model is not None
    found = violating_run(theorem, start=ZERO)
    assert found is not None
    assert [label for label, _ in found["steps"]] == [
        *("issue", "issue", "start copy", "copy done", "start copy", "start compute")
    ]
    true = automaton(buffer(MOVES), {"run": [*KEPT, SAFE]}, example=[BOTH])
    with pytest.raises(RejectedError):
        kernel.check(forge("automaton", theorem, true["evidence"]))


@pytest.mark.parametrize("guard", ["cs <= kd", "ks <= cd - 1", "cs = cd + 1", "cs = cd"])
def test_the_proof_of_the_buffer_does_not_pass_without_a_guard(guard: str, forge: Forge) -> None:
    true = automaton(buffer(MOVES), {"run": [*KEPT, SAFE]}, example=[BOTH])
    with pytest.raises(RejectedError):
        kernel.check(forge("automaton", buffer(without(guard)), true["evidence"]))


# --- k-induction, inputs, parameters, locations

SWAP = automaton_theorem(
    variables=["x", "y"],
    start=("run", ["x = 1", "y = 2"]),
    transitions=[transition("swap", "run", "run", after={"x": "y", "y": "x"})],
    always={"run": ["x >= 1"]},
)
SWAPPED = [run_of({"x": "1", "y": "2"}, "swap")]


@pytest.mark.slow
def test_what_takes_two_states_in_a_row_is_proved_with_k_2_and_not_with_1(forge: Forge) -> None:
    with pytest.raises(NoProofError):
        automaton(SWAP, {"run": ["x >= 1"]}, example=SWAPPED)
    certificate = automaton(SWAP, {"run": ["x >= 1"]}, k=2, example=SWAPPED)
    assert set(certificate["evidence"]["proofs"]) == {
        *("start 0", "start / swap 0", "step / swap / swap 0", "always run 0")
    }
    for k in (1, 3, 0, True, "2"):
        evidence = {**certificate["evidence"], "k": k}
        with pytest.raises(RejectedError):
            kernel.check(forge("automaton", SWAP, evidence))


@pytest.mark.slow
def test_the_first_states_of_a_path_are_looked_at_too() -> None:
    # From x = 1, y = 0 the second state breaks it, and every third state is kept by the first two.
    late = {**deepcopy(SWAP), "start": {"location": "run", "rows": ["x = 1", "y = 0"]}}
    with pytest.raises(NoProofError):
        automaton(late, {"run": ["x >= 1"]}, k=2, example=[run_of({"x": "1", "y": "0"}, "swap")])
    assert violating_run(late, start={"x": "1", "y": "0"}) is not None


LEVEL = automaton_theorem(
    parameters=["C"],
    given=["C > 0"],
    variables=["level"],
    start=("open", ["level = 0"]),
    transitions=[
        transition(
            "admit",
            "open",
            "open",
            when=["n >= 0", "level + n <= C"],
            after={"level": "level + n"},
        ),
        transition("fill", "open", "full", when=["level = C"]),
        transition("leave", "full", "open", when=["n > 0", "n <= C"], after={"level": "C - n"}),
        transition("overflow", "full", "over", when=["level > C"]),
    ],
    always={"*": ["level >= 0", "level <= C"], "full": ["level = C"], "over": ["0 > 0"]},
)
LEVELS = {"open": ["level >= 0", "level <= C"], "full": ["level = C"]}
FILLED: Json = {
    "parameters": {"C": "3"},
    "start": {"level": "0"},
    "steps": [["admit", {"n": "3"}], ["fill", {}], ["leave", {"n": "1/2"}]],
}


@pytest.mark.parametrize("k", [1, 2, 3])
def test_inputs_parameters_and_locations(k: int) -> None:
    certificate = automaton(LEVEL, LEVELS, k=k, example=[FILLED])
    assert any(label.endswith("never") for label in certificate["evidence"]["proofs"])


@pytest.mark.slow
def test_an_input_is_chosen_anew_at_each_step() -> None:
    drift = automaton_theorem(
        variables=["x"],
        start=("run", ["x = 0"]),
        transitions=[
            transition("go", "run", "run", when=["n <= 1", "n >= -1"], after={"x": "x + n"})
        ],
        always={"*": ["x <= 1"]},
    )
    found = violating_run(drift, start={"x": "0"}, inputs={"go": [{"n": "-1"}, {"n": "1"}]})
    assert found is not None
    for k in (1, 2, 3):
        with pytest.raises(NoProofError):
            automaton(drift, {"run": ["x <= 1"]}, k=k, example=[found])


@pytest.mark.slow
def test_two_processes_are_never_both_inside() -> None:
    enter = [
        transition(f"enter {p}", "run", "run", when=["s = 1", f"{p} = 0"], after={p: "1", "s": "0"})
        for p in "ab"
    ]
    leave = [
        transition(f"leave {p}", "run", "run", when=[f"{p} = 1"], after={p: "0", "s": "1"})
        for p in "ab"
    ]
    theorem = automaton_theorem(
        variables=["a", "b", "s"],
        start=("run", ["a = 0", "b = 0", "s = 1"]),
        transitions=[*enter, *leave],
        always={"*": ["a + b <= 1"]},
    )
    begin = {"a": "0", "b": "0", "s": "1"}
    runs = [run_of(begin, f"enter {p}", f"leave {p}") for p in "ab"]
    rows = ["a + b + s = 1", "s >= 0", "a >= 0", "b >= 0"]
    automaton(theorem, {"run": rows}, example=runs)
    with pytest.raises(NoProofError):
        automaton(theorem, {"run": [row for row in rows if row != "s >= 0"]}, example=runs)
    both = deepcopy(theorem)
    both["transitions"][1]["when"].remove("s = 1")
    assert violating_run(both, start=begin) == run_of(begin, "enter a", "enter b")
    with pytest.raises(NoProofError):
        automaton(both, {"run": rows}, example=runs)


# --- not about nothing


def test_runs_take_every_transition_that_is_possible() -> None:
    short = {**FILLED, "steps": FILLED["steps"][:2]}
    with pytest.raises(VacuousClaimError, match="no run takes \\['leave'\\]"):
        automaton(LEVEL, LEVELS, example=[short])
    with pytest.raises(VacuousClaimError, match="no run shows"):
        automaton(LEVEL, LEVELS, example=[])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"parameters": {"C": "0"}}, "breaks a given row"),
        ({"parameters": {}}, "other parameters"),
        ({"start": {"level": "1"}}, "does not start where it must"),
        ({"start": {"level": "0", "x": "0"}}, "other variables"),
        ({"steps": [["admit", {"n": "4"}]]}, "may not take 'admit'"),
        ({"steps": [["admit", {}]]}, "other inputs"),
        ({"steps": [["admit", {"n": "1", "m": "1"}]]}, "other inputs"),
        ({"steps": [["leave", {"n": "1"}]]}, "not where 'leave' begins"),
        ({"steps": [["burst", {}]]}, "burst"),
        ({"more": "1"}, "other fields"),
        ({"steps": [["admit", {"n": "0"}]] * 2_001}, "too long"),
    ],
)
def test_a_run_that_is_none_is_rejected(change: Json, said: str, forge: Forge) -> None:
    true = automaton(LEVEL, LEVELS, example=[FILLED])
    for runs in ([{**FILLED, **change}], [FILLED, {**FILLED, **change}]):
        with pytest.raises(RejectedError, match=said):
            kernel.check(forge("automaton", LEVEL, {**true["evidence"], "example": runs}))


# --- attacks


@pytest.mark.slow
def test_wrong_invariants_are_not_proved() -> None:
    for rows in (["level >= 0"], ["level >= 0", "level <= C", "level <= 2"], []):
        with pytest.raises(NoProofError):
            automaton(LEVEL, {**LEVELS, "open": rows}, example=[FILLED])


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 2])
def test_a_location_that_is_reached_cannot_be_left_out(k: int, forge: Forge) -> None:
    some = {"open": LEVELS["open"]}
    runs = [{**FILLED, "steps": FILLED["steps"][:1]}]
    with pytest.raises(NoProofError):
        automaton(LEVEL, some, k=k, example=runs)
    true = automaton(LEVEL, LEVELS, k=k, example=[FILLED])
    evidence = {**deepcopy(true["evidence"]), "invariants": some}
    with pytest.raises(RejectedError):
        kernel.check(forge("automaton", LEVEL, evidence))


def test_every_proof_is_needed_and_no_other_may_stand_there(forge: Forge) -> None:
    true = automaton(SWAP, {"run": ["x >= 1"]}, k=2, example=SWAPPED)
    for label in true["evidence"]["proofs"]:
        evidence = deepcopy(true["evidence"])
        del evidence["proofs"][label]
        with pytest.raises(RejectedError, match="no proof of"):
            kernel.check(forge("automaton", SWAP, evidence))
    evidence = deepcopy(true["evidence"])
    evidence["proofs"]["more"] = {"terms": []}
    with pytest.raises(RejectedError, match="proofs of nothing"):
        kernel.check(forge("automaton", SWAP, evidence))


def changed(theorem: Json, **fields: Any) -> Json:
    return {**deepcopy(theorem), **fields}


def moved(**fields: Any) -> Json:
    theorem = deepcopy(LEVEL)
    theorem["transitions"][0] |= fields
    return theorem


ILL: dict[str, tuple[Json, str]] = {
    "nothing is said": (changed(LEVEL, always={}), "nothing is said"),
    "nothing is said of a place": (changed(LEVEL, always={"*": []}), "nothing is said"),
    "of no location": (changed(LEVEL, always={"else": ["0 > 0"]}), "no such location"),
    "of an input": (changed(LEVEL, always={"*": ["n <= 5"]}), "not declared"),
    "given of a variable": (changed(LEVEL, given=["level <= 5"]), "not declared"),
    "start of an input": (
        changed(LEVEL, start={"location": "open", "rows": ["n = 0"]}),
        "not declared",
    ),
    "declared twice": (changed(LEVEL, variables=["level", "C"]), "declared twice"),
    "no name": (changed(LEVEL, variables=["level", "2x"]), "not a name"),
    "parameters as text": (changed(LEVEL, parameters="C"), "no list of text"),
    "variables as an object": (changed(LEVEL, variables={"level": 0}), "no list of text"),
    "next of a parameter": (moved(next={"C": "C + 1"}), "no variable"),
    "next of an input": (moved(next={"n": "0"}), "no variable"),
    "next as a list": (moved(next=["level"]), "no variable"),
    "a label twice": (moved(label="fill"), "stands twice"),
    "an empty label": (moved(label=""), "or is empty"),
    "everywhere as a location": (moved(to="*"), "not a location"),
    "a location of no kind": (moved(to=1), "is text"),
    "more fields": (moved(more=1), "other fields"),
    "a start of no kind": (changed(LEVEL, start=["open"]), "other fields"),
    "a row of no kind": (moved(when=["n"]), "not a row"),
    "a row as an object": (moved(when={"n >= 0": 1}), "no list of text"),
    "a high degree": (moved(when=["n*n*n*n*n >= 0"]), "degree"),
    "a high degree of a value": (moved(next={"level": "n*n*n*n*n"}), "degree"),
    "many transitions": (
        changed(LEVEL, transitions=[transition(str(i), "open", "open") for i in range(201)]),
        "few transitions",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ILL)
def test_theorems_that_mean_nothing_or_two_things_are_rejected(name: str, forge: Forge) -> None:
    theorem, said = ILL[name]
    true = automaton(LEVEL, LEVELS, example=[FILLED])
    with pytest.raises(RejectedError, match=said):
        kernel.check(forge("automaton", theorem, true["evidence"]))


def test_an_input_that_is_named_like_a_later_one_is_rejected() -> None:
    theorem = moved(when=["n >= 0", "n_2 >= 0", "level + n <= C"])
    example = deepcopy(FILLED)
    example["steps"][0][1]["n_2"] = "0"
    automaton(theorem, LEVELS, example=[example])
    with pytest.raises(RejectedError, match="two meanings"):
        automaton(theorem, LEVELS, k=2, example=[example])


def test_paths_and_numbers_are_bounded() -> None:
    many = [transition(f"t{i}", "run", "run", when=["x >= 0"], after={"x": "x"}) for i in range(20)]
    theorem = automaton_theorem(
        variables=["x"], start=("run", ["x = 0"]), transitions=many, always={"*": ["x >= 0"]}
    )
    with pytest.raises(RejectedError, match="more than 4000 paths"):
        list(automata.obligations(theorem, {"run": ["x >= 0"]}, 3))
    square = automaton_theorem(
        variables=["x"],
        start=("run", ["x = 2"]),
        transitions=[transition("square", "run", "run", after={"x": "x*x"})],
        always={"*": ["x >= 1"]},
    )
    run = run_of({"x": "2"}, *["square"] * 40)
    with pytest.raises(RejectedError, match="bits"):
        automata.check_runs(square, {"run": []}, [run])
    long = {"x": "x*y - y*y + x*x + 1", "y": "x*x + y*y*y - x + y"}
    grows = automaton_theorem(
        variables=["x", "y"],
        start=("run", ["x = 1", "y = 1"]),
        transitions=[transition("grow", "run", "run", after=long)],
        always={"*": ["x >= 1"]},
    )
    with pytest.raises(RejectedError, match="too long"):
        list(automata.obligations(grows, {"run": []}, 8))


def test_a_run_that_does_not_begin_where_it_must_is_no_search() -> None:
    with pytest.raises(InvalidInputError, match="must satisfy the rows at the start"):
        violating_run(SWAP, start={"x": "0", "y": "0"})


@pytest.mark.parametrize("text", ["x*y - 1/2*z >= 3", "0 > 0", "x = y", "-x < 1", "2 <= 2"])
def test_a_row_written_as_text_reads_back_as_itself(text: str) -> None:
    assert row(row_text(row(text))) == row(text)


def test_there_is_no_coq_file_of_these_kinds_and_the_answer_says_so() -> None:
    for certificate in (
        automaton(SWAP, {"run": ["x >= 1"]}, k=2, example=SWAPPED),
        optimal(experts=2, size=1, capacity=1, events=2),
    ):
        with pytest.raises(InvalidInputError, match=f"kind='{certificate['kind']}' must be one of"):
            coq_source(certificate)


def test_the_report_says_a_system_in_words() -> None:
    rows = dict(theorem_rows(LEVEL))
    assert rows["transitions"][0] == (
        "admit: from open to open when n >= 0; level + n <= C: level becomes level + n"
    )
    assert rows["transitions"][1] == "fill: from open to full when level = C"
    assert rows["shown in every state reached: *"] == ["level >= 0", "level <= C"]
    assert rows["start: location"] == ["open"]


# --- what is accepted holds along every run


def small(rng: random.Random) -> Json:
    """A system of two whole numbers, with guards and moves drawn at random."""
    guards = ["x >= 1", "y >= 1", "x <= 2", "y <= x", "x = y", "x <= y - 1"]
    moves = ["x + 1", "x - 1", "y", "0", "x + y"]
    found = [
        transition(
            str(i),
            rng.choice(["a", "b"]),
            rng.choice(["a", "b"]),
            when=rng.sample(guards, rng.randrange(3)),
            after={name: rng.choice(moves) for name in rng.sample(["x", "y"], rng.randrange(1, 3))},
        )
        for i in range(rng.randrange(1, 4))
    ]
    row = rng.choice(["x >= 0", "x <= 2", "x + y <= 3", "y >= 0", "x >= y"])
    return automaton_theorem(
        variables=["x", "y"],
        start=("a", ["x = 1", "y = 1"]),
        transitions=found,
        always={"*": [row]},
    )


@pytest.mark.slow
def test_what_is_proved_holds_along_all_runs_of_random_systems() -> None:
    rng, proved, broken = random.Random(1), 0, 0
    for _ in range(60):
        theorem = small(rng)
        found = violating_run(theorem, start={"x": "1", "y": "1"}, states_max=60)
        broken += found is not None
        (said,) = theorem["always"]["*"]
        reached = {theorem["start"]["location"], *(t["to"] for t in theorem["transitions"])}
        for k in (1, 2):
            known: Json = {location: [said, "x >= 0"] for location in reached}
            if not implied(theorem, known, k):
                continue
            proved += 1
            assert found is None, (theorem, k)
    assert proved > 8
    assert broken > 6


def implied(theorem: Json, known: Json, k: int) -> bool:
    """Whether every obligation is proved; the runs are left out, for many systems cannot move."""
    try:
        for _, rows, goal in automata.obligations(theorem, known, k):
            prove(rows, goal, find_proof([row_text(one) for one in rows], goal))
    except NoProofError:
        return False
    return True
