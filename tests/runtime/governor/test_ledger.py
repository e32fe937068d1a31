"""The ledger of tokens: nothing is created or lost, in memory or in a journal that is cut off."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.errors import InvalidInputError
from homeostat.models.market import supply_bound
from homeostat.runtime.governor.journal import Journal
from homeostat.runtime.governor.ledger import Ledger, SharedLedger

TENTH = Fraction(1, 10)


def test_an_auction_takes_the_price_and_its_tax_and_gives_them_to_the_treasury() -> None:
    ledger = Ledger([100, 100, 100, 5])
    assert ledger.auction({0: 30, 1: 20, 2: 40, 3: 90}, 2, TENTH) == (0, 2)
    assert ledger.supply.balances == (78, 100, 78, 5)
    assert ledger.supply.treasury == 44
    ledger.check()
    assert ledger.auction({0: 3, 1: 2}, 2, TENTH) == (0, 1)
    assert ledger.supply.treasury == 44


def test_a_bid_counts_for_no_more_than_the_account_can_pay() -> None:
    ledger = Ledger([10, 1000])
    assert ledger.auction({0: 500, 1: 11}, 1, TENTH) == (1,)
    assert ledger.supply.balances == (10, 1000 - 10)


def test_a_tick_takes_a_part_of_all_rounded_up_and_mints() -> None:
    ledger = Ledger([100, 1, 0])
    ledger.pay(0, None, 50)
    ledger.tick(Fraction(1, 20), [0, 0, 7])
    assert ledger.supply.balances == (47, 0, 7)
    assert (ledger.supply.treasury, ledger.supply.minted, ledger.supply.evaporated) == (47, 7, 7)
    ledger.check()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda ledger: ledger.pay(0, 1, 11),
        lambda ledger: ledger.pay(0, 1, -1),
        lambda ledger: ledger.pay(0, 3, 1),
        lambda ledger: ledger.pay(-1, 1, 1),
        lambda ledger: ledger.pay(None, 1, 1),
        lambda ledger: ledger.pay(0, 1, 1.0),
        lambda ledger: ledger.auction({0: -1}, 1, TENTH),
        lambda ledger: ledger.auction({7: 1}, 1, TENTH),
        lambda ledger: ledger.auction({0: 1}, 1, -TENTH),
        lambda ledger: ledger.tick(Fraction(2), [0, 0]),
        lambda ledger: ledger.tick(TENTH, [0]),
        lambda ledger: ledger.tick(TENTH, [0, -1]),
        lambda ledger: ledger.tick(TENTH, [0, 2**60]),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(wrong: Callable[[Ledger], object]) -> None:
    ledger = Ledger([10, 10])
    before = ledger.supply
    with pytest.raises(InvalidInputError):
        wrong(ledger)
    assert ledger.supply == before


@given(
    st.lists(st.integers(0, 50), min_size=2, max_size=2),
    st.lists(st.lists(st.integers(0, 20), min_size=2, max_size=2), max_size=20),
    st.integers(1, 10),
)
def test_the_supply_never_exceeds_what_is_proved(
    start: list[int], mints: list[list[int]], percent: int
) -> None:
    ledger, kappa = Ledger(start), Fraction(percent, 100)
    for new in mints:
        ledger.tick(kappa, new)
        ledger.pay(0, None, ledger.balance(0) // 2)
        ledger.check()
        assert ledger.supply.total <= supply_bound(sum(start), max(map(sum, mints)), kappa)


# --- shared


def operated(path: Path) -> None:
    shared = SharedLedger(path, [100, 100])
    with shared.open() as ledger:
        ledger.pay(0, 1, 30)
        ledger.auction({0: 9, 1: 8}, 1, TENTH)
    with shared.open() as ledger:
        ledger.tick(TENTH, [5, 0])
    shared.close()


def test_several_see_one_ledger(tmp_path: Path) -> None:
    operated(tmp_path / "tokens")
    alone = Ledger([100, 100])
    alone.pay(0, 1, 30)
    alone.auction({0: 9, 1: 8}, 1, TENTH)
    alone.tick(TENTH, [5, 0])
    with SharedLedger(tmp_path / "tokens", [0, 0]).open() as ledger:
        assert ledger.supply == alone.supply
        assert ledger.origin == 200


def test_what_raises_within_changes_nothing(tmp_path: Path) -> None:
    shared = SharedLedger(tmp_path / "tokens", [100, 100])

    def pay_twice() -> None:
        with shared.open() as ledger:
            ledger.pay(0, 1, 60)
            ledger.pay(0, 1, 60)

    with pytest.raises(InvalidInputError):
        pay_twice()
    with shared.open() as ledger:
        assert ledger.supply.balances == (100, 100)


def test_a_journal_cut_off_anywhere_balances_and_has_whole_steps_only(tmp_path: Path) -> None:
    operated(tmp_path / "tokens")
    content = (tmp_path / "tokens").read_bytes()
    first = content.index(b"\n") + 1
    found = set()
    for length in range(first, len(content) + 1):
        path = tmp_path / "cut"
        path.write_bytes(content[:length])
        shared = SharedLedger(path, [0, 0])
        with shared.open() as ledger:
            ledger.check()
            found.add(ledger.supply.balances)
        shared.close()
    assert len(found) == 3


def test_a_long_journal_is_written_anew(tmp_path: Path) -> None:
    shared = SharedLedger(tmp_path / "tokens", [100, 100], records_max=10)
    for turn in range(60):
        with shared.open() as ledger:
            ledger.pay(turn % 2, 1 - turn % 2, turn % 7)
            ledger.tick(Fraction(1, 100), [1, 1])
    assert len((tmp_path / "tokens").read_bytes().splitlines()) <= 11
    with SharedLedger(tmp_path / "tokens", [0, 0]).open() as ledger:
        assert ledger.origin == 200
        assert ledger.supply.minted == 120
        ledger.check()


def test_a_ledger_that_does_not_balance_is_refused(tmp_path: Path) -> None:
    begin: dict[str, Any] = {"do": "ledger", "balances": [5, 5]}
    pay = {"do": "pay", "payer": 0, "payee": 1, "amount": 3}
    wrong: list[list[dict[str, Any]]] = [
        [],
        [{"steps": [pay], "total": 10}],
        [begin, {"steps": [pay], "total": 11}],
        [begin, {"steps": [{**pay, "amount": 6}], "total": 10}],
        [begin, {"steps": [{**pay, "amount": -1}], "total": 10}],
        [begin, {"steps": [{**pay, "more": 1}], "total": 10}],
        [begin, {"steps": [{"do": "burn"}], "total": 10}],
        [begin, {"steps": [["pay"]], "total": 10}],
        [begin, {"steps": 3, "total": 10}],
        [begin, {"steps": [{"do": "tick", "kappa": "1/0", "mints": [0, 0]}], "total": 10}],
        [{**begin, "balances": [5, -5]}],
        [{**begin, "balances": 5}],
        [{"do": "ledger"}],
        [{**begin, "minted": "0"}],
    ]
    for records in wrong:
        Journal(tmp_path / "tokens").rewrite(records)
        with pytest.raises(InvalidInputError):
            SharedLedger(tmp_path / "tokens", [0, 0])
    Journal(tmp_path / "tokens").rewrite([begin])
    with pytest.raises(InvalidInputError, match="must have 3 accounts"):
        SharedLedger(tmp_path / "tokens", [0, 0, 0])
