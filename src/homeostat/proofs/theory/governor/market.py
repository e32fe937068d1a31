"""The token ledger: what circulates is bounded by evaporation, and by nothing without it.

Names in the certificates are those of ``models.market.automaton``.
"""

from dataclasses import replace
from typing import Any, Final

from homeostat.models.automata import Automaton
from homeostat.models.market.automaton import LEDGER, MINTING
from homeostat.proofs.certificates import automaton, farkas
from homeostat.proofs.claims import Claim, Source, false_automaton
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS"]

_SUPPLY: Final = "own + rest + treasury"
_BOUNDED: Final = {
    "open": [
        *("own >= 0", "rest >= 0", "treasury >= 0"),
        f"{_SUPPLY} <= bound",
        f"{_SUPPLY} + evaporated = begun + minted",
    ],
}
_PAYMENTS: Final = (
    ("pay another", "30"),
    ("be paid", "10"),
    ("pay the tax", "5"),
    ("others pay the tax", "5"),
    ("get from the treasury", "4"),
    ("others get from the treasury", "3"),
)
# Half of each balance evaporates: of 84, 13 and 3 at most all, and 40 are minted.
_TICK: Final = {
    "gone_own": "40",
    "gone_rest": "10",
    "gone_treasury": "2",
    "new_own": "30",
    "new_rest": "10",
}
_START: Final = {"own": "100", "rest": "0", "treasury": "0", "minted": "0", "evaporated": "0"}
_FIXED: Final = {"kappa": "1/2", "mint": "40", "bound": "100", "begun": "100"}
_DAY: Final[dict[str, Any]] = {
    "parameters": _FIXED,
    "start": _START,
    "steps": [*([label, {"amount": amount}] for label, amount in _PAYMENTS), ["tick", _TICK]],
}


def _decide_bounded() -> Proved:
    return Proved(
        certificates=(
            automaton(
                LEDGER.theorem(_BOUNDED),
                _BOUNDED,
                example=[_DAY],
                hints={"step tick 3": ["kappa*own + kappa*rest + kappa*treasury <= kappa*bound"]},
            ),
            # max(begun, mint/kappa) is such a bound: begun, or mint/kappa where begun is too small.
            farkas(
                ["kappa > 0", "kappa*begun < mint", "kappa*bound = mint"],
                "bound >= begun",
                example={"kappa": "1/2", "mint": "40", "bound": "80", "begun": "10"},
            ),
        )
    )


def _rounded_down() -> Automaton:
    """The ledger if evaporation is rounded down: within one token of kappa, from below."""
    ticks = [
        replace(
            t,
            when=tuple(
                row.replace(">= kappa*", "+ 1 > kappa*") if row.startswith("gone") else row
                for row in t.when
            ),
        )
        if t.label == "tick"
        else t
        for t in LEDGER.transitions
    ]
    return replace(LEDGER, transitions=tuple(ticks))


_GROWS: Final = {"open": ["supply = begun + ticks*mint", "ticks >= 0"]}


def _decide_unbounded() -> Proved:
    run = {
        "parameters": {"mint": "40", "begun": "100"},
        "start": {"supply": "100", "ticks": "0"},
        "steps": [["tick", {}]],
    }
    return Proved(
        certificates=(
            automaton(MINTING.theorem(_GROWS), _GROWS, example=[run]),
            farkas(
                [*_GROWS["open"], "mint > 0", "begun >= 0", "ticks*mint > bound"],
                "supply > bound",
                example={"supply": "180", "begun": "100", "ticks": "2", "mint": "40", "bound": "9"},
            ),
        )
    )


# One token each, and a half evaporates: rounded down, none does.
_SMALL: Final = {"gone_own": "0", "gone_rest": "0", "gone_treasury": "0"}
_MINTED: Final = {**_SMALL, "new_own": "0", "new_rest": "1"}

CLAIMS: Final = (
    Claim(
        id="governor.evaporation_bounded",
        title="Evaporation bounds the supply of tokens, and payments create or lose none",
        statement="Where each tick takes the part kappa of every balance, rounded up, and then "
        "mints at most so many tokens, the supply never exceeds max(S_0, mint/kappa). After every "
        "payment and tick, supply + evaporated = S_0 + minted, and no balance is negative.",
        scope="0 < kappa <= 1, every number of accounts, payments and ticks; the ledger's steps "
        "are the automaton's, as tests show",
        source=Source(note="000", section="4"),
        decide=_decide_bounded,
        canary=false_automaton(
            "the same where what evaporates is rounded down",
            _rounded_down().theorem(_BOUNDED),
            _BOUNDED,
            start={**_START, "own": "1", "rest": "1"},
            parameters={"kappa": "1/2", "mint": "1", "bound": "2", "begun": "2"},
            inputs={
                "tick": [_MINTED],
                **{label: [{"amount": "0"}] for label, _ in _PAYMENTS},
            },
        ),
        vacuity="a day with a payment of each kind and a tick, half of everything evaporating",
        remark="One account is followed, all others are one sum. Rounded down, balances below "
        "1/kappa never evaporate, and with many accounts the bound is broken: the canary.",
        property_twin="evaporation_bounded",
    ),
    Claim(
        id="governor.evaporation_bounded.without",
        title="Without evaporation the supply exceeds every bound",
        statement="Where every tick mints m > 0 tokens and none evaporates, the supply after n "
        "ticks is S_0 + n m, which is above any bound from n > bound/m on.",
        scope="every S_0 >= 0, m > 0 and bound",
        source=Source(note="000", section="4"),
        decide=_decide_unbounded,
        canary=false_automaton(
            "without evaporation the supply stays below S_0 + 10 m",
            MINTING.theorem({"open": ["supply <= begun + 10*mint"]}),
            {"open": ["supply <= begun + 10*mint"]},
            start={"supply": "100", "ticks": "0"},
            parameters={"mint": "40", "begun": "100"},
        ),
        vacuity="100 tokens, and 40 that are minted",
        property_twin="evaporation_bounded_without",
    ),
)
