"""Play at a temperature keeps Gibbs' law of the potential, in every congestion game.

Phi: potential; T: temperature. The weight of a profile is exp(-Phi/T), that of a strategy, for
a player who chooses while the others stay, exp(-cost/T).
"""

from typing import Final

from homeostat.proofs.certificates import farkas, scan, scan_theorem
from homeostat.proofs.claims import Claim, Source, false_rows
from homeostat.proofs.theory.experts.items import ALL_ROWS, everywhere, stages
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS"]

_BALANCE: Final = ("Z > 0", "A = K*a", "B = K*b", "Z*p = b", "Z*r = a")
"""A, B: weights of two profiles that one player makes of each other; a, b: of its costs there."""


def _gibbs() -> Proved:
    # w: chance of a round from this profile to another; v: weight of that one times the way back.
    kept = scan_theorem(
        ["counter"],
        carry={"z": ("0", "z + w"), "s": ("0", "s + v")},
        each=["v = A*w"],
        last=["v = A*w", *ALL_ROWS],
        then_last=["s + v = A"],
    )
    halves = {
        "parameters": {"A": "1/4"},
        "stages": stages({"w": "1/2", "v": "1/8"}, {"w": "1/2", "v": "1/8"}),
    }
    point = {"Z": "3/2", "K": "1", "A": "1", "B": "1/2", "a": "1", "b": "1/2"}
    point |= {"p": "1/3", "r": "2/3"}
    return Proved(
        certificates=(
            farkas(_BALANCE, "A*p = B*r", example=point, hints=["Z*A*p = A*b", "Z*B*r = B*a"]),
            scan(kept, everywhere("s = A*z"), example=halves),
            farkas(
                ["K > 0", "a > 0", "A = K*a", "S >= A", "S*y = A"],
                "y > 0",
                example={"K": "1", "a": "1", "A": "1", "S": "3", "y": "1/3"},
            ),
        )
    )


CLAIMS: Final = (
    Claim(
        id="governor.nash_at_temperature.gibbs",
        title="The limit of play at a temperature is Gibbs' law of the potential",
        statement="A round of play is as likely there as back, weighted with exp(-Phi/T): so it "
        "keeps Gibbs' law. Every profile has a positive chance in it, whatever T > 0.",
        scope="every finite congestion game, every T > 0; one player at a time, all as likely",
        source=Source(note="000", section="2"),
        decide=_gibbs,
        canary=false_rows(
            "the way there is as likely as the way back, without any weights",
            _BALANCE,
            "p = r",
        ),
        vacuity="a player whose two strategies have the weights 1 and 1/2",
        trusts=(
            "kernel",
            "Rosenthal: a player's move changes Phi by what it changes for the player",
            "exp(-x - y) = exp(-x) exp(-y)",
            "a finite chain in which all lead to all, and some stay, converges to the one law "
            "that it keeps",
        ),
        property_twin="gibbs_law",
    ),
)
