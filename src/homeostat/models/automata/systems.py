"""A transition system as data.

A transition may be taken where its rows ``when`` hold; it gives new values to variables, all at
once, and the others keep theirs. Names in it that are neither parameters nor variables are its
inputs, chosen anew each time. Where all numbers are whole, "less" is written with a + 1.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

__all__ = ["Automaton", "Transition", "stuck"]


@dataclass(frozen=True, slots=True)
class Transition:
    """One kind of step from a location to a location.

    Attributes:
        label: Its name, as it stands in a run.
        source: Where it starts.
        target: Where it ends.
        when: Rows that must hold.
        after: New values, by variable.
    """

    label: str
    source: str
    target: str
    when: tuple[str, ...] = ()
    after: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Automaton:
    """A transition system.

    Attributes:
        variables: What changes.
        transitions: How.
        location: Where it starts.
        start: Rows that hold there.
        parameters: What never changes.
        given: Rows on the parameters.
    """

    variables: tuple[str, ...]
    transitions: tuple[Transition, ...]
    location: str
    start: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    given: tuple[str, ...] = ()

    def theorem(self, always: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Return, as data, that rows hold in every state reached; by location, ``*`` for all."""
        return {
            "parameters": list(self.parameters),
            "given": list(self.given),
            "variables": list(self.variables),
            "start": {"location": self.location, "rows": list(self.start)},
            "transitions": [
                {
                    "label": t.label,
                    "from": t.source,
                    "to": t.target,
                    "when": list(t.when),
                    "next": dict(t.after),
                }
                for t in self.transitions
            ],
            "always": {place: list(rows) for place, rows in always.items()},
        }

    def without(self, label: str, row: str) -> "Automaton":
        """Return the system whose one transition does not ask for one row: a false neighbour."""
        return Automaton(
            self.variables,
            tuple(
                Transition(
                    t.label, t.source, t.target, tuple(r for r in t.when if r != row), t.after
                )
                if t.label == label
                else t
                for t in self.transitions
            ),
            self.location,
            self.start,
            self.parameters,
            self.given,
        )


def _negations(row: str) -> tuple[str, ...]:
    """Return rows of which one holds where a row of whole numbers does not."""
    for sign in ("<=", ">=", "="):
        left, found, right = row.partition(f" {sign} ")
        if found:
            below, above = f"{left} + 1 <= {right}", f"{left} >= {right} + 1"
            return {"<=": (above,), ">=": (below,), "=": (below, above)}[sign]
    raise ValueError(f"row {row!r} must compare by <=, >= or =")


def stuck(
    system: Automaton, location: str, *, busy: Iterable[str], adds_work: Iterable[str]
) -> tuple[Transition, ...]:
    """Return transitions to the location ``stuck``: from where there is work and no way on.

    Args:
        system: A system whose guards have no inputs, and whose numbers are whole.
        location: Where it might be stuck.
        busy: Rows that say that something is left to do.
        adds_work: Labels of transitions that do none of it.
    """
    idle = set(adds_work)
    ways = [t for t in system.transitions if t.source == location and t.label not in idle]
    blocks = [[row for guard in way.when for row in _negations(guard)] for way in ways]
    return tuple(
        Transition(f"stuck {number}", location, "stuck", (*busy, *blocked))
        for number, blocked in enumerate(product(*blocks))
    )
