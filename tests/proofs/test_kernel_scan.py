"""Kinds ``scan`` and ``induction``: a small theorem that passes, and each way to spoil it."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from homeostat.proofs.certificates import scan_theorem
from homeostat.proofs.kernel import RejectedError, check, obligations

Json = dict[str, Any]
Forge = Callable[..., Json]
Copy = Callable[[str], Json]
Spoil = Callable[[Json], object]

BALANCE, SIGNS, MERGE, TWO = (
    "batching.token_balance.2",
    "batching.nonnegative.1",
    "batching.merge_exact.2",
    "batching.g_dominance_two_stages.1",
)


def put(*path: Any, to: Any) -> Spoil:
    """Return a change that puts a value at a path, or leaves the key out (``to=...``)."""

    def change(certificate: Json) -> None:
        at: Any = certificate
        for key in path[:-1]:
            at = at[key]
        if to is ...:
            del at[path[-1]]
        else:
            at[path[-1]] = to(at[path[-1]]) if callable(to) else to

    return change


def rejected(forge: Forge, certificate: Json, spoil: Spoil, message: str) -> None:
    check(certificate)
    changed = deepcopy(certificate)
    spoil(changed)
    with pytest.raises(RejectedError, match=message):
        check(forge(changed["kind"], changed["theorem"], changed["evidence"]))


E, T = "evidence", "theorem"
EXAMPLE = (E, "example", "parameters")
STAGES = (E, "example", "stages")

SPOILED: dict[str, tuple[Spoil, str]] = {
    "a proof is missing": (put(E, "proofs", "cut last 0", to=...), "no proof of 'cut last 0'"),
    "a proof of nothing": (put(E, "proofs", "cut last 7", to={"terms": []}), "proofs of nothing"),
    "the first location has no invariants": (
        put(E, "invariants", "open", to=...),
        "first location",
    ),
    "a location is left out": (put(E, "invariants", "cut", to=...), "no proof of .*never"),
    "the carried variable starts elsewhere": (put(T, "carry", "y", 0, to="1"), "remain|add up"),
    "the carried variable moves otherwise": (put(T, "carry", "y", 1, to="y"), "remain|add up"),
    "no end": (put(T, "ends", to=[]), "no such end"),
    "an end that is none": (put(T, "ends", to=["open", "nowhere"]), "no such end"),
    "a system that is none": (put(T, "systems", to=["reality"]), "malformed"),
    "no system": (put(T, "systems", to=[]), "no such end|malformed"),
    "another conclusion": (put(T, "then_last", 0, to="y + w*n_S = 2*B"), "remain|add up"),
    "a conclusion more": (put(T, "then_last", to=lambda t: [*t, "n_S > 0"]), "no proof of"),
    "an invariant that does not hold at the start": (
        put(E, "invariants", "open", 0, to="y = e_S + 1"),
        "remain|add up",
    ),
    "an invariant that is not kept": (
        put(E, "invariants", "cut", 0, to="y = 2*B"),
        "remain|add up",
    ),
    "a carried name with a meaning": (
        put(T, "carry", "w", to=["0", "w"]),
        "two meanings",
    ),
    "a carried capacity": (put(T, "carry", "B", to=["0", "B"]), "two meanings"),
    "a carried share": (put(T, "carry", "q", to=["0", "q"]), "two meanings"),
    "a given row on a carried name": (put(T, "given", to=["y > 1"]), "two meanings"),
    "a given row on one stage's value": (put(T, "given", to=["m_S > 1"]), "two meanings"),
    "a start from one stage's value": (put(T, "carry", "y", 0, to="m_S"), "two meanings"),
    "a sort of no stage": (put(T, "each", "odd", to=[]), "sorts"),
    "a conclusion for a sort of no stage": (
        put(T, "then_each", "tail", to=["0 > 1"]),
        "sort of no stage",
    ),
    "no sort": (put(T, "each", to={}), "sorts"),
    "a field more": (put(T, "also", to=["0 > 1"]), "fields"),
    "a field fewer": (put(T, "field", to=...), "fields"),
    "a field by word": (put(T, "field", to="yes"), "field is true or false"),
    "a field by number": (put(T, "field", to=1), "field is true or false"),
    "evidence more": (put(E, "trust", to="me"), "fields"),
    "the example breaks an assumption at a stage": (
        put(*STAGES, 0, 1, "w", to="-1"),
        "assumption at a stage",
    ),
    "the example breaks an assumption at stage 0": (
        put(*STAGES, -1, 1, "w", to="-1"),
        "assumption at stage 0",
    ),
    "the example ends elsewhere": (
        lambda c: (
            c[T].update(ends=["cut"]),
            [c[E]["proofs"].pop(x) for x in list(c[E]["proofs"]) if x.startswith("open last")],
        ),
        "assumption at stage 0",
    ),
    "the example has one stage": (put(*STAGES, to=lambda s: s[-1:]), "misses a sort|given row"),
    "the example has no stage": (put(*STAGES, to=[]), "misses a sort|given row|malformed"),
    "the example's capacity is open": (put(*EXAMPLE, "B", to=...), "open"),
    "the example's weight is open": (put(*STAGES, 0, 1, "w", to=...), "open"),
    "the example fixes a sum": (put(*EXAMPLE, "e_S", to="3"), "two meanings"),
    "the example fixes a carried variable": (put(*EXAMPLE, "y", to="3"), "two meanings"),
    "a stage of the example moves a sum": (put(*STAGES, 0, 1, "e_S", to="3"), "not its own"),
    "a stage of the example moves the capacity": (put(*STAGES, 0, 1, "B", to="3"), "not its own"),
    "a stage of the example moves a carried variable": (
        put(*STAGES, 0, 1, "y", to="3"),
        "not its own",
    ),
    "a stage of the example keeps what it likes": (
        put(*STAGES, 0, 1, "k_S", to="3"),
        "0 moves are possible",
    ),
    "a number of the example is no fraction": (put(*EXAMPLE, "B", to="0.5"), "not p/q"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_scan_is_rejected(forge: Forge, certificate: Copy, name: str) -> None:
    rejected(forge, certificate(BALANCE), *SPOILED[name])


def test_typed_systems_ask_for_both_sorts(forge: Forge, certificate: Copy) -> None:
    for sort in ("shared", "tail"):
        spoil = put(T, "step", "each", sort, to=...)
        rejected(forge, certificate(MERGE), spoil, "sorts|malformed")


def test_the_example_of_typed_systems_passes_a_stage_of_either_sort(
    forge: Forge, certificate: Copy
) -> None:
    def without_shared(changed: Json) -> None:
        stages = changed[E]["example"]["stages"]
        assert [sort for sort, _ in stages] == ["tail", "shared", "shared"]
        del stages[1]

    rejected(forge, certificate(MERGE), without_shared, "misses a sort")


@pytest.mark.parametrize(
    "systems",
    [["theory", "theory"], ["typed_theory", "typed_simulation"], ["counter", "theory", "counter"]],
    ids="-".join,
)
def test_systems_that_share_variables_do_not_run_side_by_side(systems: list[str]) -> None:
    theorem = scan_theorem(systems, each={"shared": [], "tail": []})
    first = theorem["ends"][0]
    with pytest.raises(RejectedError, match="share variables"):
        list(obligations(theorem, {first: []}))


INDUCTIONS: dict[str, tuple[str, Spoil, str]] = {
    "the example breaks a given row": (SIGNS, put(*EXAMPLE, "B", to="-1"), "given row"),
    "an assumption fewer": (SIGNS, put(T, "step", "last", to=[]), "cancel|no such row|conflict"),
    "the step does not conclude the row": (
        SIGNS,
        put(T, "step", "then_each", "shared", to=[]),
        "not kept|proofs of nothing",
    ),
    "the step concludes another row": (
        SIGNS,
        put(T, "step", "then_each", "shared", to=["2*k_S >= 0"]),
        "not kept|remain",
    ),
    "stage 0 is not concluded": (
        SIGNS,
        put(T, "step", "then_last", to=[]),
        "not kept at stage 0|proofs of nothing",
    ),
    "another row than the step's": (SIGNS, put(T, "stages", "shared", to=["m_S > 1"]), "not kept"),
    "no row": (SIGNS, put(T, "stages", to={}), "assumes more|not kept at stage 0"),
    "a row for a sort of no stage": (
        SIGNS,
        put(T, "stages", "tail", to=["m_S >= 0"]),
        "sort of no stage",
    ),
    "the step assumes more of the state": (
        SIGNS,
        put(T, "step", "each", "shared", to=lambda rows: [*rows, "m_S >= 1/1000"]),
        "assumes more|breaks|remain",
    ),
    "the tail asks more than the shared stages keep": (
        MERGE,
        lambda c: c[T]["stages"].update(
            shared=[r for r in c[T]["stages"]["shared"] if "b_U" not in r]
        ),
        "assumes more|does not provide",
    ),
    "a sort is left out": (MERGE, put(T, "stages", "tail", to=...), "assumes more"),
    "a whole state is renamed at will": (TWO, put(T, "after", "T0", to="T0"), "two stages"),
    "a whole state of more stages": (
        TWO,
        put(T, "step", "ends", to=lambda ends: [*ends, "run/open/2"]),
        "two stages|no proof",
    ),
    "an end is left out": (
        TWO,
        lambda c: (
            c[T]["step"].update(ends=["run/cut/1"]),
            [c[E]["proofs"].pop(x) for x in list(c[E]["proofs"]) if "run/open/1 last" in x],
        ),
        "leaves ends out",
    ),
    "a whole row is left out": (TWO, put(T, "whole", to=lambda rows: rows[1:]), "assumes more"),
    "a whole row too many": (
        TWO,
        put(T, "whole", to=lambda rows: [*rows, "S0 > 7"]),
        "not kept at stage 0",
    ),
}


@pytest.mark.parametrize("name", INDUCTIONS)
def test_a_spoiled_induction_is_rejected(forge: Forge, certificate: Copy, name: str) -> None:
    source, spoil, message = INDUCTIONS[name]
    rejected(forge, certificate(source), spoil, message)
