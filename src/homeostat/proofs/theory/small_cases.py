"""What claims share that a small case refutes."""

from collections.abc import Iterable
from dataclasses import replace

from homeostat.counterexamples import Case
from homeostat.proofs.certificates import Certificate, replayed
from homeostat.proofs.claims import Canary, Source
from homeostat.proofs.verdicts import Refuted, Unknown, Verdict

__all__ = ["both", "by_case", "note"]


def note(section: str) -> Source:
    """Return a section of note 001; "-" for a lemma of our own."""
    return Source(note="001", section=section)


def by_case(
    found: Case | None, *, certificates: Iterable[Certificate] = (), detail: str | None = None
) -> Verdict:
    """Return the verdict that a case gives; unknown where the search found none.

    Args:
        found: The case.
        certificates: Others that support it.
        detail: What else the run computed, in words.
    """
    if found is None:
        return Unknown(reason="the search found no case that breaks it, and there is no proof")
    return Refuted(witnesses=(found,), certificates=(replayed(found), *certificates), detail=detail)


def both(first: Canary, second: Canary) -> Canary:
    """Return a canary of two falsehoods, each of which must be caught."""
    return replace(
        first,
        falsehood=f"{first.falsehood}; {second.falsehood}",
        catch=lambda: f"{first.catch()}; {second.catch()}",
    )
