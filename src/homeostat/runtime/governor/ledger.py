"""A ledger of whole tokens: payments, auctions with a tax, and ticks that evaporate and mint.

The arithmetic is the model's (``models.market``); this adds who may do what, and a journal. In a
journal each operation is one record, so a process that is killed leaves all of it or nothing, and
the ledger balances: nothing is created or lost but by minting and evaporation. Where the journal is
shared, its lock ends with the process that holds it.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from homeostat.errors import InvalidInputError
from homeostat.models.market import Supply, affordable_bid, clearing, issued, tax, transferred
from homeostat.runtime.governor.journal import Journal
from homeostat.runtime.governor.locks import FileLock

__all__ = ["Ledger", "SharedLedger"]

TOKENS_MAX: Final = 2**60
ACCOUNTS_MAX: Final = 4096
RECORDS_MAX: Final = 4096


class Ledger:
    """Accounts of tokens, and a treasury that taxes go to.

    Attributes:
        supply: Every token there is.
    """

    def __init__(self, balances: Sequence[int]) -> None:
        """Begin with some balances.

        Raises:
            InvalidInputError: One is negative, or there are none or too many.
        """
        self.supply = _supply({"balances": list(balances)})
        self.origin = self.supply.origin

    def balance(self, account: int) -> int:
        """Return what an account holds.

        Raises:
            InvalidInputError: There is no such account.
        """
        if not 0 <= account < len(self.supply.balances):
            raise InvalidInputError(
                f"account={account} must be in 0 .. {len(self.supply.balances) - 1}"
            )
        return self.supply.balances[account]

    def pay(self, payer: int | None, payee: int | None, amount: int) -> None:
        """Move tokens from one account to another; None is the treasury.

        Raises:
            InvalidInputError: The payer does not hold so much, or an account is none.
        """
        self._do({"do": "pay", "payer": payer, "payee": payee, "amount": amount})

    def auction(self, bids: Mapping[int, int], places: int, rate: Fraction) -> tuple[int, ...]:
        """Give equal places to the highest bids; the price, and the tax on it, go to the treasury.

        Each pays the highest bid that lost. A bid counts for no more than its account can pay with
        the tax.

        Args:
            bids: account -> bid, >= 0.
            places: How many there are.
            rate: Of the tax, >= 0.

        Returns:
            Who won, ascending.

        Raises:
            InvalidInputError: A number is out of its range.
        """
        accounts = sorted(bids)
        real = [min(bids[who], affordable_bid(self.balance(who), rate)) for who in accounts]
        chosen, price = clearing(real, places)
        winners = tuple(accounts[place] for place in chosen)
        amount = price + tax(price, rate)
        self._do({"do": "collect", "payers": list(winners), "amount": amount})
        return winners

    def tick(self, kappa: Fraction, mints: Sequence[int]) -> None:
        """Let the part kappa of every balance evaporate, and then mint for each account.

        Raises:
            InvalidInputError: kappa is not in [0, 1], or a mint is negative.
        """
        self._do({"do": "tick", "kappa": str(kappa), "mints": list(mints)})

    def check(self) -> None:
        """Demand that the ledger balances.

        Raises:
            InvalidInputError: A balance is negative, or a token was created or lost.
        """
        if min(*self.supply.balances, self.supply.treasury) < 0:
            raise InvalidInputError(f"balances={self.supply.balances!r:.80} must be >= 0")
        if self.supply.origin != self.origin:
            raise InvalidInputError(
                f"total + evaporated - minted = {self.supply.origin} must be {self.origin}"
            )

    def _do(self, record: Mapping[str, Any]) -> None:
        self.supply = _after(self.supply, record)


class SharedLedger:
    """The same ledger for several processes: its journal is the truth, guarded by a lock.

    Attributes:
        path: The journal.
    """

    def __init__(
        self, path: Path, balances: Sequence[int], *, records_max: int = RECORDS_MAX
    ) -> None:
        """Open the ledger, or make it with some balances if there is none.

        Args:
            path: The journal, on a local file system.
            balances: With which a new one begins; one that is there must have as many accounts.
            records_max: Records after which the journal is written anew.

        Raises:
            InvalidInputError: It is damaged, does not balance, or has other accounts.
        """
        self.path = path
        self._records_max = records_max
        self._journal = Journal(path)
        with _Opened(self, Ledger(balances)) as ledger:
            if len(ledger.supply.balances) != len(balances):
                raise InvalidInputError(
                    f"{path} must have {len(balances)} accounts, has {len(ledger.supply.balances)}"
                )

    def open(self) -> "_Opened":
        """Return the ledger, by ``with``: all operations within are one, done whole or not at all.

        Whoever raises within leaves the ledger as it was.
        """
        return _Opened(self, None)

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()


class _Recorded(Ledger):
    """A ledger that keeps what was done, to be written as one record."""

    def __init__(self, supply: Supply, origin: int) -> None:
        self.supply, self.origin = supply, origin
        self.done: list[dict[str, Any]] = []

    def _do(self, record: Mapping[str, Any]) -> None:
        super()._do(record)
        self.done.append(dict(record))


class _Opened:
    """A shared ledger while its lock is held."""

    def __init__(self, shared: SharedLedger, new: Ledger | None) -> None:
        self._shared, self._new = shared, new
        self._lock: FileLock | None = None
        self._ledger: _Recorded | None = None

    def __enter__(self) -> Ledger:
        shared = self._shared
        self._lock = FileLock(shared.path.with_name(f"{shared.path.name}.lock"))
        try:
            if self._new is not None and shared._journal.first() is None:
                shared._journal.rewrite([_begin(self._new.supply)])
            self._ledger = self._read()
        except BaseException:
            self._lock.close()
            raise
        return self._ledger

    def _read(self) -> _Recorded:
        """Sum the journal up, and check that it balances."""
        # From the first record each time: a ledger is small, and what was read before may be old.
        journal = self._shared._journal
        journal.close()
        _, records = journal.read()
        if not records or records[0].get("do") != "ledger":
            raise InvalidInputError(f"{journal.path} must begin with a ledger")
        supply = _supply(records[0])
        ledger = Ledger(supply.balances)
        ledger.supply, ledger.origin = supply, supply.origin
        for record in records[1:]:
            steps = record.get("steps")
            if set(record) != {"steps", "total"} or not isinstance(steps, list):
                raise InvalidInputError(f"record {record!r:.80} must have steps and a total")
            for step in steps:
                ledger._do(step)
            if ledger.supply.total != record["total"]:
                raise InvalidInputError(
                    f"{journal.path}: total={ledger.supply.total} must be {record['total']}"
                )
        ledger.check()
        return _Recorded(ledger.supply, ledger.origin)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        ledger, lock = self._ledger, self._lock
        assert ledger is not None
        assert lock is not None
        try:
            if kind is None and ledger.done:
                ledger.check()
                journal = self._shared._journal
                journal.append({"steps": ledger.done, "total": ledger.supply.total})
                if journal.count > self._shared._records_max:
                    journal.rewrite([_begin(ledger.supply)])
        finally:
            lock.close()


def _begin(supply: Supply) -> dict[str, Any]:
    return {
        "do": "ledger",
        "balances": list(supply.balances),
        "treasury": supply.treasury,
        "minted": supply.minted,
        "evaporated": supply.evaporated,
    }


def _after(supply: Supply, record: Mapping[str, Any]) -> Supply:
    """Return the supply after an operation, which is checked as one from outside.

    Raises:
        InvalidInputError: It is none, or not possible.
    """
    match record:
        case {"do": "pay", "payer": payer, "payee": payee, "amount": amount, **rest} if not rest:
            return transferred(supply, _account(payer), _account(payee), _tokens(amount))
        case {"do": "collect", "payers": list() as payers, "amount": amount, **rest} if not rest:
            for payer in payers:
                supply = transferred(supply, _whole(payer), None, _tokens(amount))
            return supply
        case {"do": "tick", "kappa": str() as kappa, "mints": list() as mints, **rest} if not rest:
            found = issued(supply, _rate(kappa), [_tokens(mint) for mint in mints])
            if found.total > TOKENS_MAX:
                raise InvalidInputError(f"total={found.total} must be at most 2^60")
            return found
        case _:
            raise InvalidInputError(f"operation {record!r:.100} must be a known one")


def _supply(record: Mapping[str, Any]) -> Supply:
    balances = record.get("balances")
    if not isinstance(balances, list) or not 1 <= len(balances) <= ACCOUNTS_MAX:
        raise InvalidInputError(f"balances must be 1 .. {ACCOUNTS_MAX} numbers")
    others = (record.get(name, 0) for name in ("treasury", "minted", "evaporated"))
    supply = Supply(tuple(_tokens(balance) for balance in balances), *map(_whole, others))
    if supply.total > TOKENS_MAX:
        raise InvalidInputError(f"total={supply.total} must be at most 2^60")
    return supply


def _rate(text: str) -> Fraction:
    try:
        return Fraction(text[:40])
    except (ValueError, ZeroDivisionError):
        raise InvalidInputError(f"kappa={text!r:.40} must be p/q") from None


def _account(value: object) -> int | None:
    return None if value is None else _whole(value)


def _tokens(value: object) -> int:
    if type(value) is not int or not 0 <= value <= TOKENS_MAX:
        raise InvalidInputError(f"tokens={value!r:.40} must be an integer in 0 .. 2^60")
    return value


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise InvalidInputError(f"{value!r:.40} must be an integer >= 0")
    return value
