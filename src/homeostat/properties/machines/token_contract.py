"""What any ledger of tokens must keep to: nothing is created or lost, and nobody owes.

A ledger has ``supply``, as of ``homeostat.models.market.Supply``, and the methods ``pay``,
``auction`` and ``tick`` of ``homeostat.runtime.governor.ledger.Ledger``. What must come of each is
worked out here from the supply before it.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from homeostat.properties.machines.recording import RecordingMachine

__all__ = ["TokenReferee"]


class TokenReferee(RecordingMachine):
    """Drives a ledger, if there is one, and judges it.

    Attributes:
        aspects: What is judged; ``tokens_kept`` is ours.
    """

    def __init__(self, make_ledger: Callable[..., Any] | None, aspects: Sequence[str]) -> None:
        """Say what makes the ledger from a list of balances, and what is judged."""
        super().__init__()
        self.make_ledger = make_ledger
        self.aspects = aspects
        self.ledger: Any = None
        self.tokens = 0

    def demand(self, aspect: str, *, holds: bool, problem: str, **observed: object) -> None:
        """End the run if something of an aspect that is judged does not hold."""
        if not holds and aspect in self.aspects:
            self.fail(problem, **observed)

    def open_ledger(self, balances: Sequence[int]) -> None:
        """Make the ledger, if there is one to try."""
        if self.make_ledger is not None and "tokens_kept" in self.aspects:
            self.ledger = self.perform(self, "make_ledger", list(balances))
            self.tokens = sum(balances)

    def pay(self, payer: int | None, payee: int | None, amount: int) -> None:
        """Move tokens; more than there are must be refused."""
        supply = self.ledger.supply
        held = supply.treasury if payer is None else supply.balances[payer]
        refusal = ValueError if amount > held else None
        self.perform(self.ledger, "pay", payer, payee, amount, refusal=refusal)
        if refusal is None:
            want = self._moved(supply, payer, payee, amount)
            self._expect(want, supply.minted, supply.evaporated)

    def _moved(self, supply: Any, payer: int | None, payee: int | None, amount: int) -> list[int]:
        want = [*supply.balances, supply.treasury]
        want[-1 if payer is None else payer] -= amount
        want[-1 if payee is None else payee] += amount
        return want

    def auction(self, bids: dict[int, int], places: int, rate: Fraction) -> None:
        """Give places to bidders: who wins pays one price and its tax, to the treasury."""
        supply = self.ledger.supply
        winners = self.perform(self.ledger, "auction", bids, places, rate)
        self.operations[-1]["arguments"] = [str(bids), places, str(rate)]
        real = {
            who: min(bid, supply.balances[who] * rate.denominator
                     // (rate.numerator + rate.denominator))
            for who, bid in bids.items()
        }  # fmt: skip
        order = sorted(real, key=lambda who: (-real[who], who))
        price = real[order[places]] if places < len(order) else 0
        self.demand(
            "tokens_kept",
            holds=list(winners) == sorted(order[:places]),
            problem="the highest bids must win",
            winners=list(winners),
        )
        tax = -(-price * rate.numerator // rate.denominator)
        want = [*supply.balances, supply.treasury]
        for who in winners:
            want[who] -= price + tax
            want[-1] += price + tax
        self._expect(want, supply.minted, supply.evaporated)

    def tick(self, kappa: Fraction, mints: list[int]) -> None:
        """Let a part of all evaporate, rounded up, and mint."""
        supply = self.ledger.supply
        self.perform(self.ledger, "tick", kappa, mints)
        self.operations[-1]["arguments"] = [str(kappa), mints]
        held = [*supply.balances, supply.treasury]
        gone = [-(-x * kappa.numerator // kappa.denominator) for x in held]
        want = [x - y + new for x, y, new in zip(held, gone, [*mints, 0], strict=True)]
        self._expect(want, supply.minted + sum(mints), supply.evaporated + sum(gone))

    def _expect(self, want: list[int], minted: int, evaporated: int) -> None:
        supply = self.observe("supply", lambda: self.ledger.supply)
        found = [*supply.balances, supply.treasury]
        self.demand(
            "tokens_kept",
            holds=(found, supply.minted, supply.evaporated) == (want, minted, evaporated),
            problem="balances, treasury, minted and evaporated must be what was done",
            found=found,
            expected=want,
        )
        total = sum(found) + supply.evaporated - supply.minted
        self.demand(
            "tokens_kept",
            holds=total == self.tokens and min(found) >= 0,
            problem="no token may be created or lost",
            total=total,
            expected=self.tokens,
        )
