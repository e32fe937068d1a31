"""Kind automaton: what holds in every state that a transition system reaches, by induction.

Standard library only, like all of the kernel. A system has locations, parameters that never change,
and variables, all of them real numbers; so a row that needs whole numbers says so itself: a < b + 1
for a <= b. It starts in one location where rows hold. A transition may be taken where its rows
``when`` hold; it gives new values to the variables in ``next``, all at once, and the others keep
theirs. Names in a transition that are neither parameters nor variables are its inputs: any real
numbers, chosen anew each time.

The theorem says which rows hold ``always``, by location, ``*`` for every one. The evidence gives
stronger rows, the invariants; a location without an entry is never reached: arriving there has the
goal 0 > 0. They are proved by k-induction (Sheeran, Singh and Stalmarck, FMCAD 2000): along every
path of fewer than k transitions from the start they hold; and where they held in k states in a row
they hold in the next. With k = 1 that is ordinary induction.

Runs in exact numbers show that it is about something: among them they take every transition between
locations that are not said to be unreachable.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Final, NamedTuple

from homeostat.proofs.implication import prove
from homeostat.proofs.polynomials import (
    Poly,
    Row,
    demand,
    holds,
    monomials,
    names,
    point_of,
    polynomial,
    row,
    value,
)

__all__ = ["check_automaton", "check_runs", "obligations"]

EVERYWHERE: Final = "*"
K_MAX: Final = 8
PATHS_MAX: Final = 4_000
TRANSITIONS_MAX: Final = 200
STEPS_MAX: Final = 2_000
TERMS_MAX: Final = 200
BITS_MAX: Final = 50_000
DEGREE_MAX: Final = 4
"""Of a polynomial as written: along a path they are put into one another."""

Data = Mapping[str, Any]
State = dict[str, Poly | Fraction]
"""Each variable's value, in terms of the values where a path begins."""


class Transition(NamedTuple):
    """A transition, read; its inputs are the names that are neither parameters nor variables."""

    source: str
    target: str
    when: list[str]
    after: dict[str, str]
    inputs: set[str]


class System(NamedTuple):
    """A theorem, read."""

    given: list[str]
    names: set[str]
    variables: list[str]
    first: str
    start: list[str]
    transitions: dict[str, Transition]
    locations: set[str]
    always: dict[str, list[str]]


def _texts(data: Any, what: str) -> list[str]:
    demand(type(data) is list and all(type(x) is str for x in data), f"no list of text: {what}")
    return list(data)


def _rows(data: Any, what: str, allowed: set[str]) -> list[str]:
    """Read rows over declared names."""
    texts = _free_rows(data, what)
    unknown = names(texts) - allowed
    demand(not unknown, f"{what}: {sorted(unknown)[:3]} are not declared")
    return texts


def _free_rows(data: Any, what: str) -> list[str]:
    """Read rows over any names."""
    texts = _texts(data, what)
    names(texts)  # refuses what is no row
    sides = [side for text in texts for side in re.split("[<>=]+", text)]
    demand(all(_degree(side) <= DEGREE_MAX for side in sides), f"{what}: the degree is too large")
    return texts


def _degree(text: str) -> int:
    return max(len(factors) for _, factors in monomials(text))


def _fields(data: Any, fields: str, what: str) -> None:
    demand(type(data) is dict and set(data) == set(fields.split()), f"{what} has other fields")


def _transition(data: Data, declared: set[str], variables: list[str]) -> Transition:
    _fields(data, "label from to when next", "a transition")
    source, target, after = data["from"], data["to"], data["next"]
    demand(type(source) is str and type(target) is str, "a location is text")
    demand(type(after) is dict and set(after) <= set(variables), "next of what is no variable")
    when, texts = _free_rows(data["when"], "when"), _texts(list(after.values()), "next")
    demand(all(_degree(text) <= DEGREE_MAX for text in texts), "next: the degree is too large")
    used = {name for text in texts for _, factors in monomials(text) for name in factors}
    return Transition(source, target, when, dict(after), (names(when) | used) - declared)


def read(theorem: Data) -> System:
    """Read a theorem, and reject one that means nothing or that could mean two things."""
    parameters = _texts(theorem["parameters"], "parameters")
    variables = _texts(theorem["variables"], "variables")
    declared = {*parameters, *variables}
    demand(len(declared) == len(parameters) + len(variables), "a name is declared twice")
    demand(all(re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name) for name in declared), "not a name")
    _fields(theorem["start"], "location rows", "the start")
    first, listed = theorem["start"]["location"], theorem["transitions"]
    demand(type(listed) is list and len(listed) <= TRANSITIONS_MAX, "no list of few transitions")
    found = [_transition(data, declared, variables) for data in listed]
    labels = _texts([data["label"] for data in listed], "labels")
    demand(len(set(labels)) == len(labels) and all(labels), "a label stands twice, or is empty")
    locations = {first, *(t.source for t in found), *(t.target for t in found)}
    demand(type(first) is str and EVERYWHERE not in locations, "not a location")
    always = theorem["always"]
    demand(type(always) is dict and set(always) <= {EVERYWHERE, *locations}, "no such location")
    said = {place: _rows(rows, "always", declared) for place, rows in always.items()}
    demand(any(said.values()), "nothing is said")
    return System(
        _rows(theorem["given"], "given", set(parameters)),
        declared,
        variables,
        first,
        _rows(theorem["start"]["rows"], "start", declared),
        dict(zip(labels, found, strict=True)),
        locations,
        said,
    )


def _taken(system: System, state: State, taken: Transition, place: int) -> tuple[list[Row], State]:
    """Return what a transition assumes, and the state after it, the place-th of a path."""
    renamed = {name: f"{name}_{place + 1}" if place else name for name in taken.inputs}
    demand(not place or not set(renamed.values()) & _every_name(system), "a name has two meanings")
    here: State = {**state, **{old: {(new,): Fraction(1)} for old, new in renamed.items()}}
    after = {name: polynomial(text, here) for name, text in taken.after.items()}
    demand(all(len(p) <= TERMS_MAX for p in after.values()), "a value along a path is too long")
    _small(x for p in after.values() for x in p.values())
    return [row(text, here) for text in taken.when], {**state, **after}


def _small(numbers: Iterable[Fraction]) -> None:
    """Reject numbers so long that a few more steps would take for ever."""
    bits = (x.numerator.bit_length() + x.denominator.bit_length() for x in numbers)
    demand(all(n <= BITS_MAX for n in bits), f"a number has more than {BITS_MAX} bits")


def _every_name(system: System) -> set[str]:
    return system.names.union(*(t.inputs for t in system.transitions.values()))


def _paths(
    system: System, known: Data, location: str, assumed: list[Row], length: int
) -> Iterator[tuple[list[str], list[Row], State, str]]:
    """Yield (labels, rows that hold, last state, last location) of paths up to a length.

    The invariants hold in every state of a path but its last, where they are to be shown; so no
    path goes on from a location that is never reached.
    """
    state: State = {name: {(name,): Fraction(1)} for name in system.variables}
    pending: list[tuple[list[str], list[Row], State, str]] = [([], assumed, state, location)]
    while pending:
        labels, rows, state, location = pending.pop()
        yield labels, rows, state, location
        if len(labels) == length or location not in known:
            continue
        rows = [*rows, *(row(text, state) for text in known[location])]
        for label, taken in system.transitions.items():
            if taken.source == location:
                when, after = _taken(system, state, taken, len(labels))
                pending.append(([*labels, label], [*rows, *when], after, taken.target))
        demand(len(pending) <= PATHS_MAX, f"more than {PATHS_MAX} paths")


def obligations(theorem: Data, known: Data, k: int) -> Iterator[tuple[str, list[Row], Row]]:
    """Yield (label, given rows, goal) which together prove a theorem from its invariants.

    Names stand for the values where a path begins; the inputs of a path's second transition and
    those after it carry its number.
    """
    system = read(theorem)
    demand(type(k) is int and 1 <= k <= K_MAX, f"k must be in 1 .. {K_MAX}")
    demand(type(known) is dict and set(known) <= system.locations, "invariants of no location")
    demand(system.first in known, "the first location needs invariants")
    rows_of = {place: _rows(rows, "invariants", system.names) for place, rows in known.items()}
    given, count = [row(text) for text in system.given], 0
    begin = [*given, *(row(text) for text in system.start)]
    base = ("start", system.first, begin, range(k))
    steps = [("step", location, given, range(k, k + 1)) for location in rows_of]
    for word, location, assumed, lengths in (base, *steps):
        for labels, here, state, target in _paths(system, rows_of, location, assumed, lengths[-1]):
            count += 1
            demand(count <= PATHS_MAX, f"more than {PATHS_MAX} paths")
            if len(labels) not in lengths:
                continue
            path = " / ".join([word, *labels])
            for i, text in enumerate(rows_of.get(target, [])):
                yield f"{path} {i}", here, row(text, state)
            if target not in rows_of:
                yield f"{path} never", here, ({}, ">")
    for location, texts in rows_of.items():
        here = [*given, *(row(text) for text in texts)]
        said = [*system.always.get(EVERYWHERE, []), *system.always.get(location, [])]
        for i, text in enumerate(said):
            yield f"always {location} {i}", here, row(text)


def check_runs(theorem: Data, known: Data, runs: Any) -> None:
    """Check that exact runs take every transition that is not said to be impossible."""
    system = read(theorem)
    wanted = {x for x, t in system.transitions.items() if {t.source, t.target} <= set(known)}
    demand(type(runs) is list and runs, "no run shows that the theorem is about anything")
    demand(sum(len(run["steps"]) for run in runs) <= STEPS_MAX, "the runs are too long")
    for run in runs:
        wanted -= _walked(system, run)
    demand(not wanted, f"no run takes {sorted(wanted)[:3]}")


def _walked(system: System, run: Data) -> set[str]:
    """Walk a run and return the transitions that it takes."""
    _fields(run, "parameters start steps", "a run")
    fixed, values = point_of(run["parameters"]), point_of(run["start"])
    demand(set(values) == set(system.variables), "the run starts with other variables")
    demand(set(fixed) == system.names - set(values), "the run has other parameters")
    demand(holds(system.given, fixed), "the run breaks a given row")
    demand(holds(system.start, {**fixed, **values}), "the run does not start where it must")
    location, taken = system.first, set()
    for label, data in run["steps"]:
        chosen, inputs = system.transitions[label], point_of(data)
        demand(chosen.source == location, f"the run is not where {label!r} begins")
        demand(set(inputs) == chosen.inputs, f"{label!r} has other inputs")
        here = {**fixed, **values, **inputs}
        demand(holds(chosen.when, here), f"the run may not take {label!r}")
        values = {**values, **{name: value(text, here) for name, text in chosen.after.items()}}
        _small(values.values())
        location = chosen.target
        taken.add(label)
    return taken


def check_automaton(theorem: Data, evidence: Data) -> None:
    """Check that rows hold in every state reached, and runs that show what is spoken of."""
    proofs, labels = evidence["proofs"], set()
    known = evidence["invariants"]
    for label, given, goal in obligations(theorem, known, evidence["k"]):
        demand(label in proofs, f"no proof of {label!r}")
        prove(given, goal, proofs[label])
        labels.add(label)
    demand(labels == set(proofs), f"proofs of nothing: {sorted(set(proofs) - labels)[:3]}")
    check_runs(theorem, known, evidence["example"])
