"""Kinds ``schur``, ``enumeration`` and ``replay``: what runs the systems or reads their roots."""

from collections.abc import Callable
from typing import Any

import pytest

from homeostat.counterexamples import corpus
from homeostat.proofs.certificates import replayed
from homeostat.proofs.kernel import RejectedError, check

Json = dict[str, Any]
Forge = Callable[..., Json]

TWO: Json = {"l0": "1", "l_a": 1, "l_b": 2, "q": "1/2", "capacity": "4"}
EDGE: Json = {"l0": "1", "l_a": 1, "l_b": 3, "q": "1/2", "capacity": "1"}
STABLE: Json = {"l0": "1", "l_a": 1, "l_b": 3, "q": "2/5", "capacity": "10"}

GOOD_SCHUR: list[tuple[Json, str, Json]] = [
    (TWO, "stable", {"jury": True}),
    (STABLE, "stable", {"jury": True}),
    (EDGE, "not stable", {"jury": False}),
    (EDGE, "on the circle", {"factor": "3/4"}),
    (TWO, "stable", {"lyapunov": [["1"]]}),
    # Weights 2, 6/5, 8/5: the exact solution of P - A'PA = I, up to scale.
    (STABLE, "stable", {"lyapunov": [["9", "3"], ["3", "8"]]}),
]


@pytest.mark.parametrize(("parameters", "says", "evidence"), GOOD_SCHUR)
def test_where_the_roots_lie_is_checked(
    forge: Forge, parameters: Json, says: str, evidence: Json
) -> None:
    check(forge("schur", {"parameters": parameters, "says": says}, evidence))


@pytest.mark.parametrize(
    ("parameters", "says", "evidence", "message"),
    [
        (EDGE, "stable", {"jury": True}, "Jury table"),
        (TWO, "not stable", {"jury": False}, "Jury table"),
        (TWO, "stable", {"jury": False}, "schur"),
        (TWO, "stable", {"jury": 1}, "schur"),
        (TWO, "nearly stable", {"jury": False}, "schur"),
        (TWO, "on the circle", {"jury": False}, "schur"),
        (TWO, "not stable", {"lyapunov": [["1"]]}, "shape"),
        (TWO, "stable", {"lyapunov": [["0"]]}, "not > 0"),
        (TWO, "stable", {"lyapunov": [["-1"]]}, "not > 0"),
        (TWO, "stable", {"lyapunov": []}, "shape"),
        (TWO, "stable", {"lyapunov": [["1", "0"]]}, "shape"),
        (STABLE, "stable", {"lyapunov": [["9", "3"], ["2", "8"]]}, "not > 0"),
        (STABLE, "stable", {"lyapunov": [["1", "0"], ["0", "1"]]}, "not > 0"),
        # On the edge A'PA = P is possible with P > 0: the difference is only semidefinite.
        (EDGE, "stable", {"lyapunov": [["1", "3/8"], ["3/8", "1"]]}, "not > 0"),
        (EDGE, "stable", {"lyapunov": [["1", "3/8"]]}, "shape"),
        (EDGE, "on the circle", {"factor": "1/2"}, "does not divide"),
        (EDGE, "on the circle", {"factor": "2"}, "< 2"),
        (EDGE, "on the circle", {"factor": "-2"}, "< 2"),
        (EDGE, "on the circle", {"factor": 0.75}, "not p/q"),
        (EDGE, "stable", {"factor": "3/4"}, "on the circle"),
        (TWO, "on the circle", {"factor": "0"}, "malformed|divide"),
        (EDGE, "not stable", {"jury": False, "factor": "3/4"}, "fields"),
        (EDGE, "not stable", {}, "fields"),
        ({**EDGE, "l0": "1/2"}, "not stable", {"jury": False}, "l0 >= 1"),
        ({**EDGE, "l_a": 3}, "not stable", {"jury": False}, "l_a < l_b"),
        ({**EDGE, "l_a": True}, "not stable", {"jury": False}, "not p/q"),
        ({**EDGE, "l_a": "1"}, "not stable", {"jury": False}, "integers"),
        ({**EDGE, "l_b": 10**9}, "not stable", {"jury": False}, "l_a < l_b"),
        ({**EDGE, "q": "1"}, "not stable", {"jury": False}, "0 < q < 1"),
        ({**EDGE, "capacity": "0"}, "not stable", {"jury": False}, "capacity"),
        ({**EDGE, "more": "1"}, "not stable", {"jury": False}, "parameters"),
    ],
)
def test_a_false_word_on_the_roots_is_rejected(
    forge: Forge, parameters: Json, says: str, evidence: Json, message: str
) -> None:
    with pytest.raises(RejectedError, match=message):
        check(forge("schur", {"parameters": parameters, "says": says}, evidence))


# Weights 2 and 3/2, start at the top: one step of Simulation from (2, 0) keeps 2 at stage 1.
NEVER: Json = {
    "parameters": TWO,
    "start": ["2", "0"],
    "typed_start": None,
    "steps": 3,
    "never": [["spread_theory", "<", "spread_simulation"]],
}


def test_a_claim_on_every_step_of_a_run_is_checked(forge: Forge) -> None:
    check(forge("enumeration", NEVER, {}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"never": [["max_theory", ">=", "max_simulation"]]}, "violated at t=1"),
        ({"never": []}, "violated|nothing"),
        ({"never": [["luck", "<", "0"]]}, "malformed"),
        ({"never": [["l0", "~", "0"]]}, "malformed"),
        ({"never": [["l0", "<", "none"]]}, "not p/q"),
        ({"never": [["l0", "<"]]}, "malformed"),
        ({"never": [["l0", "<", "0"], ["luck", "<", "0"]]}, "malformed"),
        ({"never": [["merge_gap", "<", "0"]]}, "malformed"),
        ({"steps": 0}, "nothing"),
        ({"steps": -1}, "out of range"),
        ({"steps": True}, "out of range"),
        ({"steps": "3"}, "out of range"),
        ({"steps": 10**9}, "out of range"),
        ({"start": ["2", "1"]}, "off the balance"),
        ({"start": ["5", "-4"]}, "off the balance"),
        ({"start": ["2"]}, "malformed"),
        ({"start": ["2", "0", "0"]}, "malformed"),
        ({"start": ["2.0", "0"]}, "not p/q"),
        ({"typed_start": [["1"], ["1", "0", "0"]]}, "wrong length"),
        ({"typed_start": [["1"], ["1/2", "0"]]}, "is off"),
        ({"typed_start": [["3"], ["-1", "0"]]}, "is off"),
        ({"typed_start": [["1"]]}, "wrong length|malformed"),
    ],
    ids=str,
)
def test_a_spoiled_claim_on_a_run_is_rejected(forge: Forge, change: Json, message: str) -> None:
    with pytest.raises(RejectedError, match=message):
        check(forge("enumeration", {**NEVER, **change}, {}))


def test_typed_systems_run_only_from_a_typed_start(forge: Forge) -> None:
    typed = {**NEVER, "typed_start": [["1"], ["1", "0"]], "never": [["merge_gap", ">", "0"]]}
    check(forge("enumeration", typed, {}))
    uneven = {**typed, "typed_start": [["2"], ["0", "0"]]}
    with pytest.raises(RejectedError, match="violated"):
        check(forge("enumeration", uneven, {}))


def witness(name: str) -> Json:
    return replayed(next(w for w in corpus() if w.conjecture == name))


@pytest.mark.parametrize("name", ["g_dominance", "g_dominance_canonical", "merge_any_split"])
def test_a_witness_replays_on_the_kernel_s_own_systems(name: str) -> None:
    check(witness(name))


REPLAYS: dict[str, tuple[str, Callable[[Json], Json], str]] = {
    "a step early": ("g_dominance", lambda t: {"step": t["step"] - 1}, "no violation"),
    "a step below zero": ("g_dominance", lambda _: {"step": -1}, "out of range"),
    "a step too far": ("g_dominance", lambda _: {"step": 10**6}, "out of range"),
    "no violation stated": ("g_dominance", lambda _: {"violated_when": []}, "no violation"),
    "another violation": (
        "g_dominance",
        lambda _: {"violated_when": [["weighted_delta", "!=", "0"]]},
        "no violation",
    ),
    "a start off the balance": (
        "g_dominance",
        lambda t: {"start": ["1000", *t["start"][1:]]},
        "off the balance",
    ),
    "an assumption that is not met": (
        "g_dominance",
        lambda _: {"assumes": [["l0", ">", "1000000"]]},
        "does not meet",
    ),
    "not from the canonical start": (
        "max_dominance",
        lambda _: {"assumes": ["canonical"]},
        "does not meet canonical",
    ),
    "an assumption by no word": ("g_dominance", lambda _: {"assumes": ["lucky"]}, "malformed"),
    "parameters without a common factor": (
        "coprime_stable",
        lambda _: {"assumes": ["coprime", "stable"]},
        "does not meet stable",
    ),
    "an even split": (
        "merge_any_split",
        lambda _: {"typed_start": None},
        "malformed",
    ),
}


@pytest.mark.parametrize("name", REPLAYS)
def test_a_spoiled_witness_is_rejected(forge: Forge, name: str) -> None:
    conjecture, change, message = REPLAYS[name]
    free = (w for w in corpus() if w.conjecture == conjecture and any(w.start[1:]))
    known = (w for w in corpus() if w.conjecture == conjecture)
    theorem = replayed(next(free, None) or next(known))["theorem"]
    with pytest.raises(RejectedError, match=message):
        check(forge("replay", {**theorem, **change(theorem)}, {}))


@pytest.mark.parametrize("kind", ["enumeration", "replay"])
def test_a_run_takes_no_evidence(forge: Forge, kind: str) -> None:
    theorem = NEVER if kind == "enumeration" else witness("g_dominance")["theorem"]
    with pytest.raises(RejectedError, match="fields"):
        check(forge(kind, theorem, {"trust": "me"}))
