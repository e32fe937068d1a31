"""The ledger as a transition system, for proofs: one account, all others, and the treasury.

Parameters are the part ``kappa`` that evaporates each tick, the most that a tick mints, and a
number ``bound`` that is at least the supply at the start and at least mint/kappa. A part of a
balance is rounded up, so that what evaporates is between kappa of it and all of it.
"""

from typing import Final

from homeostat.models.automata import Automaton, Transition

__all__ = ["LEDGER", "MINTING"]

_ACCOUNTS: Final = ("own", "rest", "treasury")
_KAPPA: Final = ("kappa > 0", "kappa <= 1", "mint >= 0", "kappa*bound >= mint")


def _moves(label: str, payer: str, payee: str) -> Transition:
    return Transition(
        label,
        "open",
        "open",
        ("amount >= 0", f"amount <= {payer}"),
        {payer: f"{payer} - amount", payee: f"{payee} + amount"},
    )


LEDGER: Final = Automaton(
    parameters=("kappa", "mint", "bound", "begun"),
    given=(*_KAPPA, "bound >= begun"),
    variables=(*_ACCOUNTS, "minted", "evaporated"),
    location="open",
    start=(
        *(f"{name} >= 0" for name in _ACCOUNTS),
        "own + rest + treasury = begun",
        "minted = 0",
        "evaporated = 0",
    ),
    transitions=(
        _moves("pay another", "own", "rest"),
        _moves("be paid", "rest", "own"),
        _moves("pay the tax", "own", "treasury"),
        _moves("others pay the tax", "rest", "treasury"),
        _moves("get from the treasury", "treasury", "own"),
        _moves("others get from the treasury", "treasury", "rest"),
        Transition(
            "tick",
            "open",
            "open",
            (
                *(f"gone_{name} >= kappa*{name}" for name in _ACCOUNTS),
                *(f"gone_{name} <= {name}" for name in _ACCOUNTS),
                "new_own >= 0",
                "new_rest >= 0",
                "new_own + new_rest <= mint",
            ),
            {
                "own": "own - gone_own + new_own",
                "rest": "rest - gone_rest + new_rest",
                "treasury": "treasury - gone_treasury",
                "minted": "minted + new_own + new_rest",
                "evaporated": "evaporated + gone_own + gone_rest + gone_treasury",
            },
        ),
    ),
)
"""One location; inputs are the amounts, what is ``gone`` and what is ``new``."""

MINTING: Final = Automaton(
    parameters=("mint", "begun"),
    given=("mint > 0", "begun >= 0"),
    variables=("supply", "ticks"),
    location="open",
    start=("supply = begun", "ticks = 0"),
    transitions=(
        Transition(
            "tick", "open", "open", (), {"supply": "supply + mint", "ticks": "ticks + 1"}
        ),
    ),
)  # fmt: skip
"""A ledger without evaporation that mints every tick."""
