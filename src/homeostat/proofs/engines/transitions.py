"""Transition systems: how a theorem of kind automaton is written, and runs that break one.

What is found here is no proof: the kernel reads the theorem again, and a run that breaks it is
exact, so anyone can walk it.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any, TypeAlias

from homeostat.errors import InvalidInputError
from homeostat.proofs.polynomials import holds, value

__all__ = ["Run", "automaton_theorem", "refusals", "transition", "violating_run"]

Rows: TypeAlias = Sequence[str]
Point: TypeAlias = Mapping[str, str]
Run: TypeAlias = dict[str, Any]
"""{"parameters", "start", "steps": [[label, inputs]]}, numbers as text."""


def transition(
    label: str, source: str, target: str, *, when: Rows = (), after: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return a transition: its rows ``when``, and the new values of the variables it changes."""
    moved = dict(after or {})
    return {"label": label, "from": source, "to": target, "when": list(when), "next": moved}


def automaton_theorem(
    *,
    variables: Rows,
    start: tuple[str, Rows],
    transitions: Sequence[Mapping[str, Any]],
    always: Mapping[str, Rows],
    parameters: Rows = (),
    given: Rows = (),
) -> dict[str, Any]:
    """Return a statement about every state that a transition system reaches.

    Args:
        variables: Names of what changes.
        start: The first location, and rows that hold there.
        transitions: From ``transition``.
        always: location -> rows that hold whenever the system is there; ``*`` for everywhere.
            ``0 > 0`` says that it never is.
        parameters: Names of what never changes.
        given: Rows on the parameters.
    """
    location, rows = start
    return {
        "parameters": list(parameters),
        "given": list(given),
        "variables": list(variables),
        "start": {"location": location, "rows": list(rows)},
        "transitions": [dict(one) for one in transitions],
        "always": {place: list(texts) for place, texts in always.items()},
    }


def refusals(
    source: str, target: str, blocked: Sequence[Rows], *, when: Rows = ()
) -> list[dict[str, Any]]:
    """Return transitions into a location that stands for "none of these can be taken".

    Args:
        source: Where it is asked.
        target: The location that is never to be reached.
        blocked: For each transition, the rows of which any one forbids it. For whole numbers the
            opposite of a <= b is a >= b + 1, and that of a = b is a <= b - 1 or a >= b + 1.
        when: Rows under which something must be possible.
    """
    choices = product(*(dict.fromkeys(rows) for rows in blocked))
    found = dict.fromkeys(tuple(dict.fromkeys(choice)) for choice in choices)
    return [
        transition(f"{target} {i}", source, target, when=[*when, *rows])
        for i, rows in enumerate(found, start=1)
    ]


def violating_run(
    theorem: Mapping[str, Any],
    *,
    start: Point,
    parameters: Point | None = None,
    inputs: Mapping[str, Sequence[Point]] | None = None,
    states_max: int = 10_000,
) -> Run | None:
    """Search the reachable states, breadth first, for one that breaks the theorem.

    Args:
        theorem: From ``automaton_theorem``.
        start: The variables' first values.
        parameters: The parameters' values.
        inputs: label -> inputs to try; a transition without an entry has none.
        states_max: How many states to look at.

    Returns:
        A shortest run to such a state; None if there is none among the states looked at.

    Raises:
        InvalidInputError: The theorem does not begin there.
    """
    fixed = {name: Fraction(text) for name, text in (parameters or {}).items()}
    first = {name: Fraction(text) for name, text in start.items()}
    begins = theorem["start"]
    if not holds(theorem["given"], fixed) or not holds(begins["rows"], {**fixed, **first}):
        raise InvalidInputError(f"start={dict(start)} must satisfy the rows at the start")
    pending: list[tuple[str, dict[str, Fraction], list[list[Any]]]] = []
    pending.append((begins["location"], first, []))
    seen = {(begins["location"], tuple(sorted(first.items())))}
    for location, values, steps in pending:
        said = [*theorem["always"].get("*", []), *theorem["always"].get(location, [])]
        if not holds(said, {**fixed, **values}):
            return {"parameters": dict(parameters or {}), "start": dict(start), "steps": steps}
        for label, given, target, after in _moves(theorem, location, {**fixed, **values}, inputs):
            reached = {**values, **after}
            key = target, tuple(sorted(reached.items()))
            if key not in seen and len(seen) < states_max:
                seen.add(key)
                pending.append((target, reached, [*steps, [label, dict(given)]]))
    return None


def _moves(
    theorem: Mapping[str, Any],
    location: str,
    here: Mapping[str, Fraction],
    inputs: Mapping[str, Sequence[Point]] | None,
) -> Iterator[tuple[str, Point, str, dict[str, Fraction]]]:
    for one in theorem["transitions"]:
        if one["from"] != location:
            continue
        for given in (inputs or {}).get(one["label"], ({},)):
            point = {**here, **{name: Fraction(text) for name, text in given.items()}}
            if holds(one["when"], point):
                after = {name: value(text, point) for name, text in one["next"].items()}
                yield one["label"], given, one["to"], after
