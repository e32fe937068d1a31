"""What each exit code of the command line means."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from homeostat.errors import VacuousClaimError

__all__ = ["VERDICT_EXITS", "ExitCode", "exit_of_verdicts"]


class ExitCode(IntEnum):
    """The exit codes of every command; a script may rely on them."""

    OK = 0
    """What was asked for holds: proved, measured, replayed, accepted, exhausted."""
    DRIFT = 1
    """The ledger that a run gives is not the one committed, or a mutation shows a hole."""
    USAGE = 2
    """An option, a name or a file breaks a rule; the message shows the value and the rule."""
    INTERNAL = 3
    """A mistake of ours."""
    PROVED_WITHIN = 10
    """Proved up to a bound, and for no more."""
    REFUTED = 20
    """A witness replays."""
    UNKNOWN = 30
    """Open: nothing decided it, or nothing was found in part of the space only."""
    REJECTED = 40
    """The kernel rejects the certificate, or the witness does not replay."""
    VACUOUS = 50
    """The claim says nothing: no obligation, or assumptions that no state satisfies."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C before anything was refuted; what was found until then is left."""


VERDICT_EXITS: Final = {
    "proved": ExitCode.OK,
    "measured": ExitCode.OK,
    "proved-within": ExitCode.PROVED_WITHIN,
    "survived": ExitCode.UNKNOWN,
    "unknown": ExitCode.UNKNOWN,
    "refuted": ExitCode.REFUTED,
}
"""The exit code of each verdict word, from the strongest to the one that dominates.

A measurement is the evidence that its claim asks for, so it is no failure; a claim that
merely survived is as open as an unknown one.
"""


def exit_of_verdicts(verdicts: Iterable[str]) -> ExitCode:
    """Return the exit code of a conjunction: that of its worst verdict.

    Args:
        verdicts: Verdict words, one or more.

    Raises:
        VacuousClaimError: There is none; an empty conjunction would always hold.
    """
    order = list(VERDICT_EXITS)
    worst = max(map(order.index, verdicts), default=None)
    if worst is None:
        raise VacuousClaimError("verdicts=[] must name at least one claim")
    return VERDICT_EXITS[order[worst]]
