"""Cases of laws and of token ledgers, and checks of one."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from hypothesis import strategies as st

from homeostat.models.entropy import law_entropy
from homeostat.models.market import Supply, issued, part_of, supply_bound, transferred
from homeostat.properties.results import Violation

__all__ = [
    "Ledger",
    "Weights",
    "entropy_leaves_its_range",
    "ledger",
    "supply_exceeds_its_bound",
    "supply_is_not_what_was_minted",
    "weights",
]


@dataclass(frozen=True, slots=True)
class Weights:
    """Chances of states, in proportion to these; not all are 0."""

    weights: tuple[int, ...]


def weights() -> st.SearchStrategy[Weights]:
    """Return weights of one to eight states."""
    some = st.lists(st.integers(0, 9), min_size=1, max_size=8).filter(any)
    return some.map(tuple).map(Weights)


def entropy_leaves_its_range(case: Weights, *, share: int = 1) -> Violation | None:
    """0 <= S <= ln n, up to rounding: n terms, each within 4 units of it."""
    total = sum(case.weights)
    found = float(law_entropy([Fraction(x, total) for x in case.weights]))
    most = math.log(len(case.weights)) / share
    rounding = (len(case.weights) + 4) * math.log(len(case.weights)) / 2**53
    return (
        None
        if 0 <= found <= most + rounding
        else Violation(0, {"entropy": repr(found), "most": repr(most)})
    )


Move = tuple[int, int, int]
"""(payer, payee, amount); account 0 is the treasury. One from an account to itself is a tick."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Balances, kappa in twelfths, what each tick mints for each account, and the moves."""

    balances: tuple[int, ...]
    kappa: int
    mints: tuple[int, ...]
    moves: tuple[Move, ...]


def ledger() -> st.SearchStrategy[Ledger]:
    """Return ledgers of three accounts beside the treasury."""
    three = st.tuples(*[st.integers(0, 30)] * 3)
    move = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 30))
    return st.builds(
        Ledger, three, st.integers(1, 12), three, st.lists(move, max_size=40).map(tuple)
    )


def _rounded_down(supply: Supply, kappa: Fraction, mints: tuple[int, ...]) -> Supply:
    """Broken on purpose: what evaporates is rounded down."""
    down = [balance * kappa.numerator // kappa.denominator for balance in supply.balances]
    up = [part_of(balance, kappa) for balance in supply.balances]
    after = issued(supply, kappa, mints)
    given = [b + u - d for b, u, d in zip(after.balances, up, down, strict=True)]
    gone = after.evaporated - sum(up) + sum(down)
    return Supply(tuple(given), after.treasury, after.minted, gone)


def supply_exceeds_its_bound(case: Ledger, *, broken: bool = False) -> Violation | None:
    """After every move the supply is within its bound, and no token is lost or created."""
    kappa = Fraction(case.kappa, 12)
    tick: Callable[[Supply, Fraction, tuple[int, ...]], Supply]
    tick = _rounded_down if broken else issued
    supply = Supply(case.balances)
    begun, bound = supply.total, supply_bound(supply.total, sum(case.mints), kappa)
    for step, (payer, payee, amount) in enumerate(case.moves, 1):
        if payer == payee:
            supply = tick(supply, kappa, case.mints)
        else:
            held = supply.treasury if not payer else supply.balances[payer - 1]
            source, target = (account - 1 if account else None for account in (payer, payee))
            supply = transferred(supply, source, target, min(amount, held))
        sound = supply.origin == begun and min(*supply.balances, supply.treasury) >= 0
        if not sound or supply.total > bound:
            return Violation(step, {"total": str(supply.total), "bound": str(bound)})
    return None


def supply_is_not_what_was_minted(case: Ledger) -> Violation | None:
    """Without evaporation the supply after n ticks is S_0 + n times what a tick mints."""
    supply = Supply(case.balances)
    begun = supply.total
    for step in range(1, len(case.moves) + 1):
        supply = issued(supply, Fraction(0), case.mints)
        if supply.total != begun + step * sum(case.mints):
            return Violation(step, {"total": str(supply.total)})
    return None
