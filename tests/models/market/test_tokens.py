"""Tokens: what operations keep, whom rounding serves, and that the automaton allows every run."""

import random
from fractions import Fraction

import numpy as np
import pytest

from homeostat.errors import InvalidModelError
from homeostat.models.automata.runs import Step, refusal
from homeostat.models.market import (
    Supply,
    affordable_bid,
    clearing,
    cost,
    evaporation,
    issued,
    supply_bound,
    tax,
    transferred,
)
from homeostat.models.market.automaton import LEDGER, MINTING

HALF = Fraction(1, 2)
THIRD = Fraction(1, 3)


def test_evaporation_is_rounded_up_and_never_above_the_balance() -> None:
    assert [evaporation(balance, HALF) for balance in range(5)] == [0, 1, 1, 2, 2]
    for kappa in (Fraction(0), Fraction(1, 1000), THIRD, Fraction(1)):
        for balance in range(50):
            gone = evaporation(balance, kappa)
            assert kappa * balance <= gone <= balance
            assert gone < kappa * balance + 1


def test_arrays_and_numbers_evaporate_alike() -> None:
    balances = np.arange(40)
    assert evaporation(balances, THIRD).tolist() == [evaporation(b, THIRD) for b in range(40)]


def test_the_largest_affordable_bid_is_affordable_and_the_next_is_not() -> None:
    for rate in (Fraction(0), THIRD, Fraction(7, 2)):
        for balance in range(60):
            bid = affordable_bid(balance, rate)
            assert cost(bid, rate) <= balance
            assert cost(bid + 1, rate) > balance
    assert tax(10, THIRD) == 4


@pytest.mark.parametrize(
    ("bids", "places", "winners", "price"),
    [
        ([5, 9, 7], 1, (1,), 7),
        ([5, 9, 7], 2, (1, 2), 5),
        ([5, 9, 7], 3, (0, 1, 2), 0),
        ([5, 9, 7], 9, (0, 1, 2), 0),
        ([4, 4, 4], 2, (0, 1), 4),
        ([5], 0, (), 5),
        ([], 2, (), 0),
    ],
)
def test_the_highest_bids_win_and_pay_the_highest_that_lost(
    bids: list[int], places: int, winners: tuple[int, ...], price: int
) -> None:
    assert clearing(bids, places) == (winners, price)


def test_nobody_gains_by_another_bid_than_the_worth() -> None:
    draw = random.Random(2)
    for _ in range(200):
        worth, places = draw.randint(0, 9), draw.randint(1, 3)
        others = [draw.randint(0, 9) for _ in range(4)]
        gains = {}
        for bid in range(11):
            winners, price = clearing([bid, *others], places)
            gains[bid] = worth - price if 0 in winners else 0
        assert gains[worth] == max(gains.values())


def test_a_payment_moves_tokens_and_makes_none() -> None:
    supply = Supply((10, 0), treasury=5)
    after = transferred(transferred(supply, 0, 1, 4), None, 0, 5)
    assert after == Supply((11, 4))
    assert after.origin == supply.origin == 15
    assert transferred(supply, 0, 0, 10) == supply


@pytest.mark.parametrize(
    ("payer", "payee", "amount", "rule"),
    [
        (0, 1, 11, "amount=11 must be >= 0 and <= 10"),
        (0, 1, -1, "amount=-1"),
        (None, 0, 6, "<= 5"),
        (2, 0, 0, "payer=2"),
        (0, -1, 0, "payee=-1"),
    ],
)
def test_a_payment_that_cannot_be_made_is_refused(
    payer: int | None, payee: int | None, amount: int, rule: str
) -> None:
    with pytest.raises(InvalidModelError, match=rule):
        transferred(Supply((10, 0), treasury=5), payer, payee, amount)


def test_a_tick_evaporates_before_it_mints() -> None:
    assert issued(Supply((10, 3), 1), HALF, [4, 0]) == Supply((9, 1), 0, 4, 8)


@pytest.mark.parametrize("mints", [[1], [1, -1], [1, 1, 1]])
def test_a_tick_mints_for_every_account_and_nothing_negative(mints: list[int]) -> None:
    with pytest.raises(InvalidModelError, match="mints="):
        issued(Supply((10, 3)), HALF, mints)


@pytest.mark.parametrize("kappa", [Fraction(-1), Fraction(2)])
def test_more_than_all_or_less_than_none_cannot_evaporate(kappa: Fraction) -> None:
    with pytest.raises(InvalidModelError, match="kappa="):
        evaporation(1, kappa)
    with pytest.raises(InvalidModelError, match="tax rate"):
        tax(1, -THIRD)
    with pytest.raises(InvalidModelError, match="tax rate"):
        affordable_bid(1, -THIRD)
    with pytest.raises(InvalidModelError, match="kappa="):
        supply_bound(1, 1, kappa)
    with pytest.raises(InvalidModelError, match="places=-1"):
        clearing([1], -1)


def test_the_bound_is_reached_and_without_evaporation_there_is_none() -> None:
    supply = Supply((0,))
    for _ in range(10):
        supply = issued(supply, Fraction(1), [7])
    assert supply.total == supply_bound(0, 7, Fraction(1)) == 7
    assert supply_bound(100, 7, HALF) == 100
    with pytest.raises(InvalidModelError, match="to be bounded"):
        supply_bound(0, 7, Fraction(0))


def test_every_run_of_the_ledger_is_one_of_the_automaton() -> None:
    draw, seen = random.Random(5), set[str]()
    for _ in range(40):
        kappa = Fraction(draw.randint(1, 6), 6)
        mints = [draw.randint(0, 9) for _ in range(3)]
        supply = Supply(tuple(draw.randint(0, 50) for _ in range(3)), draw.randint(0, 20))
        start, steps = seen_of(supply), []
        for _ in range(30):
            step, supply = one_step(draw, supply, kappa, mints)
            if step is not None:
                steps.append(step)
                seen.add(step.label)
        begun = sum(start[name] for name in ("own", "rest", "treasury"))
        fixed: dict[str, int | Fraction] = {
            "kappa": kappa,
            "mint": Fraction(sum(mints)),
            "bound": Fraction(supply_bound(begun, sum(mints), kappa)),
            "begun": Fraction(begun),
        }
        assert refusal(LEDGER, steps, start=start, parameters=fixed) is None
    assert seen == {t.label for t in LEDGER.transitions}


def seen_of(supply: Supply) -> dict[str, int]:
    own, *rest = supply.balances
    return {
        "own": own,
        "rest": sum(rest),
        "treasury": supply.treasury,
        "minted": supply.minted,
        "evaporated": supply.evaporated,
    }


PAYMENTS = {
    ("own", "rest"): "pay another",
    ("rest", "own"): "be paid",
    ("own", "treasury"): "pay the tax",
    ("rest", "treasury"): "others pay the tax",
    ("treasury", "own"): "get from the treasury",
    ("treasury", "rest"): "others get from the treasury",
}


def one_step(
    draw: random.Random, supply: Supply, kappa: Fraction, mints: list[int]
) -> tuple[Step | None, Supply]:
    if draw.random() < 0.3:
        after = issued(supply, kappa, mints)
        gone = [evaporation(balance, kappa) for balance in supply.balances]
        inputs = {
            "gone_own": gone[0],
            "gone_rest": sum(gone[1:]),
            "gone_treasury": evaporation(supply.treasury, kappa),
            "new_own": mints[0],
            "new_rest": sum(mints[1:]),
        }
        return Step("tick", inputs, seen_of(after)), after
    payer, payee = (draw.choice([None, 0, 1, 2]) for _ in range(2))
    held = supply.treasury if payer is None else supply.balances[payer]
    amount = draw.randint(0, held)
    after = transferred(supply, payer, payee, amount)
    names = tuple({None: "treasury", 0: "own"}.get(who, "rest") for who in (payer, payee))
    if names[0] == names[1]:
        # Among the others, or to itself: none of the automaton's numbers change.
        assert seen_of(after) == seen_of(supply)
        return None, after
    label = PAYMENTS[names[0], names[1]]
    return Step(label, {"amount": amount}, seen_of(after)), after


def test_a_token_from_nowhere_is_no_run_of_the_automaton() -> None:
    start = {"own": 1, "rest": 0, "treasury": 0, "minted": 0, "evaporated": 0}
    fixed: dict[str, int | Fraction] = {"kappa": 1, "mint": 0, "bound": 1, "begun": 1}
    forged = [Step("pay another", {"amount": 1}, {"own": 0, "rest": 2})]
    found = refusal(LEDGER, forged, start=start, parameters=fixed)
    assert found == "step 1: rest must be 1 after 'pay another', is 2"


def test_a_ledger_without_evaporation_follows_its_automaton() -> None:
    supply, steps = Supply((3, 4)), []
    for _ in range(5):
        supply = issued(supply, Fraction(0), [1, 2])
        steps.append(Step("tick", {}, {"supply": supply.total}))
    start = {"supply": 7, "ticks": 0}
    assert refusal(MINTING, steps, start=start, parameters={"mint": 3, "begun": 7}) is None
