"""Runs of automata: what is one, what is none, and that rows mean what the kernel reads."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest

from homeostat.errors import InvalidInputError
from homeostat.models.automata import Automaton
from homeostat.models.automata.runs import Step, refusal, row_holds, value_of
from homeostat.models.landau.automaton import CONTROLLER
from homeostat.models.market.automaton import LEDGER, MINTING
from homeostat.models.residency.automata import (
    BYPASS,
    BYTES,
    CAPACITY,
    PLACE,
    REDUCTION,
)
from homeostat.proofs import polynomials

ALL = (BYPASS, BYTES, CAPACITY, PLACE, REDUCTION, CONTROLLER, LEDGER, MINTING)
ONE_PLACE = {"free": 1, "held": 0}
FILLED = [Step("take a free place"), Step("load", seen={"held": 1})]


def refused(*steps: Step, system: Automaton = CAPACITY) -> str | None:
    return refusal(system, steps, start=ONE_PLACE, parameters={"capacity": 1})


def test_a_place_is_filled_used_and_given_to_another() -> None:
    assert refused(*FILLED, Step("hit"), Step("evict"), Step("load", seen={"held": 1})) is None


def test_no_step_at_all_is_a_run() -> None:
    assert refused() is None


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (Step("take a free place"), "'take a free place' must have free >= 1"),
        (Step("load"), "'load' must start in 'rest'"),
        (Step("steal"), "'steal' must start in 'rest'"),
        (Step("hit", seen={"held": 2}), "held must be 1 after 'hit', is 2"),
    ],
)
def test_a_step_that_may_not_be_taken_is_named(step: Step, reason: str) -> None:
    found = refused(*FILLED, step)
    assert found is not None
    assert found.startswith("step 3: ")
    assert reason in found


def test_without_its_guard_the_step_is_taken() -> None:
    row = "free >= 1"
    assert refused(*FILLED, Step("take a free place")) is not None
    loose = CAPACITY.without("take a free place", row)
    assert refused(*FILLED, Step("take a free place"), system=loose) is None


def test_a_start_that_breaks_a_row_is_no_run() -> None:
    found = refusal(CAPACITY, [], start={"free": 0, "held": 0}, parameters={"capacity": 1})
    assert found == "it must start with free = capacity, starts with free = 0, held = 0"
    assert refusal(CAPACITY, [], start={"free": 0, "held": 0}, parameters={"capacity": 0}) == (
        "it must start with capacity >= 1, starts with free = 0, held = 0"
    )


def test_other_names_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="must be the variables"):
        refusal(CAPACITY, [], start={"free": 1}, parameters={"capacity": 1})
    with pytest.raises(InvalidInputError, match="must be the variables"):
        refusal(CAPACITY, [], start=ONE_PLACE)


@pytest.mark.parametrize("text", ["", "2 * a", "a b", "(a)", "a + ", "a/2"])
def test_what_is_no_sum_of_products_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        value_of(text, {"a": 1, "b": 1})


@pytest.mark.parametrize("row", ["a", "a != 1", "a <= 1 <= 2", "c <= 1"])
def test_what_is_no_row_is_refused(row: str) -> None:
    with pytest.raises(InvalidInputError):
        row_holds(row, {"a": 1})


def rows_and_values() -> tuple[list[str], list[str]]:
    rows = [row for system in ALL for row in (*system.start, *system.given)]
    rows += [row for system in ALL for t in system.transitions for row in t.when]
    return rows, [text for system in ALL for t in system.transitions for text in t.after.values()]


def test_every_row_and_value_is_read_as_the_kernel_reads_it() -> None:
    draw = random.Random(0)
    rows, values = rows_and_values()
    names = {
        name for text in values for _, factors in polynomials.monomials(text) for name in factors
    }
    names |= polynomials.names(rows)
    truths = set()
    for _ in range(30):
        here = {name: Fraction(draw.randint(-2, 3)) for name in names}
        for row in rows:
            assert row_holds(row, here) == polynomials.holds([row], here)
            truths.add(row_holds(row, here))
        for text in values:
            assert value_of(text, here) == polynomials.value(text, here)
    assert truths == {True, False}


def test_a_system_that_starts_elsewhere_takes_its_first_step_there() -> None:
    moving = replace(CAPACITY, location="moving", start=())
    assert refused(Step("load"), system=moving) is None
    assert refused(Step("hit"), system=moving) == "step 1: 'hit' must start in 'moving'"
