"""Runs of transition systems that break a theorem of kind automaton.

What is found here is no proof: the kernel reads the theorem again, and a run that breaks it is
exact, so anyone can walk it.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from homeostat.errors import InvalidInputError
from homeostat.proofs.polynomials import holds, value

__all__ = ["Run", "violating_run"]

Point: TypeAlias = Mapping[str, str]
Run: TypeAlias = dict[str, Any]
"""{"parameters", "start", "steps": [[label, inputs]]}, numbers as text."""


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
        theorem: From ``Automaton.theorem``.
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
