"""Arithmetic of whole tokens. Nothing is created or lost but by minting and evaporation.

A tick takes the part kappa of every balance, rounded up, and then mints. Rounded down, balances
below 1/kappa would never evaporate, and many small accounts together would pass every bound.

Main statement (``proofs.theory.governor.market``, tried by the suite ``governor``)
    evaporation_bounded: supply <= max(supply at the start, mint/kappa), 0 < kappa <= 1, where
        ``mint`` is the most that a tick mints; without evaporation there is no bound.

Notation
    Balances, bids and amounts: whole tokens, >= 0. Rates: fractions of a balance or bid; kappa per
    tick, in [0, 1]; the tax's is >= 0. An amount may be an int or an integer array.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from homeostat.errors import InvalidModelError
from homeostat.models.numbers import Number, maximum

__all__ = [
    "Supply",
    "affordable_bid",
    "clearing",
    "cost",
    "evaporation",
    "issued",
    "part_of",
    "supply_bound",
    "tax",
    "transferred",
]


def part_of(amount: Number, rate: Fraction) -> Number:
    """Return rate * amount, rounded up to whole tokens."""
    return -(-amount * rate.numerator // rate.denominator)


def evaporation(balance: Number, kappa: Fraction) -> Number:
    """Return what a tick takes of a balance: kappa of it, rounded up, so at most all of it.

    Raises:
        InvalidModelError: kappa is not in [0, 1].
    """
    if not 0 <= kappa <= 1:
        raise InvalidModelError(f"kappa={kappa!r} must be in [0, 1]")
    return part_of(balance, kappa)


def tax(bid: Number, rate: Fraction) -> Number:
    """Return the tax on a bid, rounded up. It goes to the treasury.

    Raises:
        InvalidModelError: The rate is negative.
    """
    if not rate >= 0:
        raise InvalidModelError(f"tax rate={rate!r} must be >= 0")
    return part_of(bid, rate)


def cost(bid: Number, rate: Fraction) -> Number:
    """Return what a winner pays: its bid, and the tax on it."""
    return bid + tax(bid, rate)


def affordable_bid(balance: Number, rate: Fraction) -> Number:
    """Return the largest bid whose cost is within the balance: floor(balance / (1 + rate))."""
    if not rate >= 0:
        raise InvalidModelError(f"tax rate={rate!r} must be >= 0")
    whole = rate.numerator + rate.denominator
    return balance * rate.denominator // whole


def clearing(bids: Sequence[int], places: int) -> tuple[tuple[int, ...], int]:
    """Return who of the bidders gets one of equal places, and the price of each.

    The highest bids win, of equal ones the first; each pays the highest bid that lost, 0 if none
    did, so that nobody gains by bidding other than what a place is worth to it (Vickrey, 1961).

    Args:
        bids: One of each bidder, >= 0.
        places: How many there are, >= 0.

    Raises:
        InvalidModelError: A bid or the number of places is negative.
    """
    if not places >= 0 or not all(bid >= 0 for bid in bids):
        raise InvalidModelError(f"bids and places={places!r} must be >= 0")
    order = sorted(range(len(bids)), key=lambda i: (-bids[i], i))
    price = bids[order[places]] if places < len(order) else 0
    return tuple(sorted(order[:places])), price


@dataclass(frozen=True, slots=True)
class Supply:
    """Every token there is, and where the others went.

    Attributes:
        balances: One of each account.
        treasury: What taxes brought and was not given out.
        minted: How many were ever minted after the start.
        evaporated: How many evaporated.
    """

    balances: tuple[int, ...]
    treasury: int = 0
    minted: int = 0
    evaporated: int = 0

    @property
    def total(self) -> int:
        """Tokens in circulation: the accounts' and the treasury's."""
        return sum(self.balances) + self.treasury

    @property
    def origin(self) -> int:
        """Tokens at the start: total + evaporated - minted, which no operation changes."""
        return self.total + self.evaporated - self.minted


def transferred(supply: Supply, payer: int | None, payee: int | None, amount: int) -> Supply:
    """Return the supply after a payment; None is the treasury.

    Raises:
        InvalidModelError: The amount is negative or above the payer's balance, or there is no such
            account.
    """
    accounts = range(len(supply.balances))
    for name, who in (("payer", payer), ("payee", payee)):
        if who is not None and who not in accounts:
            raise InvalidModelError(f"{name}={who!r} must be one of {len(accounts)} accounts")
    held = supply.treasury if payer is None else supply.balances[payer]
    if not 0 <= amount <= held:
        raise InvalidModelError(f"amount={amount!r} must be >= 0 and <= {held}, what is held")
    balances, treasury = list(supply.balances), supply.treasury
    for who, change in ((payer, -amount), (payee, amount)):
        if who is None:
            treasury += change
        else:
            balances[who] += change
    return Supply(tuple(balances), treasury, supply.minted, supply.evaporated)


def issued(supply: Supply, kappa: Fraction, mints: Sequence[int]) -> Supply:
    """Return the supply one tick later: each balance and the treasury evaporate, then is minted.

    Args:
        supply: Before the tick.
        kappa: Part that evaporates.
        mints: New tokens for each account, >= 0.

    Raises:
        InvalidModelError: A number breaks its rule.
    """
    if len(mints) != len(supply.balances) or not all(mint >= 0 for mint in mints):
        raise InvalidModelError(f"mints={mints!r:.80} must be >= 0, one for each account")
    gone = [evaporation(balance, kappa) for balance in supply.balances]
    gone_treasury = evaporation(supply.treasury, kappa)
    pairs = zip(supply.balances, gone, mints, strict=True)
    return Supply(
        tuple(balance - lost + mint for balance, lost, mint in pairs),
        supply.treasury - gone_treasury,
        supply.minted + sum(mints),
        supply.evaporated + sum(gone) + gone_treasury,
    )


def supply_bound(start: Number, mint: Number, kappa: Fraction) -> Number:
    """Return max(start, mint / kappa), which the supply never exceeds; exact over fractions.

    Args:
        start: Supply at the start.
        mint: Most that one tick mints.
        kappa: In (0, 1].

    Raises:
        InvalidModelError: kappa is 0, where there is no bound, or out of range.
    """
    if not 0 < kappa <= 1:
        raise InvalidModelError(f"kappa={kappa!r} must be in (0, 1] for the supply to be bounded")
    return maximum(start, mint / kappa)
