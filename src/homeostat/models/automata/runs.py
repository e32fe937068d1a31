"""Whether what a real cache did is a run of an automaton, in exact numbers."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from homeostat.errors import InvalidInputError
from homeostat.models.automata.systems import Automaton

__all__ = ["Step", "refusal", "row_holds", "value_of"]

Numbers = Mapping[str, int | Fraction]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run.

    Attributes:
        label: The transition.
        inputs: What it chooses.
        seen: Variables as they were observed after it; the automaton must agree.
    """

    label: str
    inputs: Numbers = field(default_factory=dict)
    seen: Numbers = field(default_factory=dict)


def value_of(text: str, here: Numbers) -> Fraction:
    """Return the value of a sum of products such as ``2*a - b + 1``.

    Raises:
        InvalidInputError: It is of another form, or a name has no value.
    """
    spaced = text if text.startswith("-") else f"+ {text}"
    term = r" *([+-]) *([A-Za-z0-9_]+(?:\*[A-Za-z0-9_]+)*) *"
    if not re.fullmatch(f"(?:{term})+", spaced):
        raise InvalidInputError(f"{text!r} must be a sum of products")
    total = Fraction(0)
    for sign, product in re.findall(term, spaced):
        amount = Fraction(-1 if sign == "-" else 1)
        for factor in product.split("*"):
            if not factor.isdecimal() and factor not in here:
                raise InvalidInputError(f"{factor!r} in {text!r} must have a value")
            amount *= int(factor) if factor.isdecimal() else here[factor]
        total += amount
    return total


def row_holds(row: str, here: Numbers) -> bool:
    """Return whether a row such as ``a + 1 <= b`` holds.

    Raises:
        InvalidInputError: It is no row, or a name has no value.
    """
    sides = re.split(" (<=|>=|<|>|=) ", row)
    if len(sides) != 3:
        raise InvalidInputError(f"row {row!r} must compare two sides by <=, >=, <, > or =")
    left, right = value_of(sides[0], here), value_of(sides[2], here)
    return {
        "<=": left <= right,
        ">=": left >= right,
        "<": left < right,
        ">": left > right,
        "=": left == right,
    }[sides[1]]


def refusal(
    system: Automaton, steps: Iterable[Step], *, start: Numbers, parameters: Numbers | None = None
) -> str | None:
    """Return why steps are no run of an automaton, or None if they are one.

    Args:
        system: The automaton.
        steps: What was done, in order.
        start: The values of its variables at first.
        parameters: Those of its parameters.

    Raises:
        InvalidInputError: The start or the parameters are of other names.
    """
    fixed = dict(parameters or {})
    if set(fixed) != set(system.parameters) or set(start) != set(system.variables):
        raise InvalidInputError(
            f"{sorted(start)} and {sorted(fixed)} must be the variables {system.variables} and "
            f"parameters {system.parameters}"
        )
    known = {t.label: t for t in system.transitions}
    here = {name: Fraction(value) for name, value in start.items()}
    location = system.location
    for row in (*system.given, *system.start):
        if not row_holds(row, {**fixed, **here}):
            return f"it must start with {row}, starts with {_text(here)}"
    for number, step in enumerate(steps, start=1):
        taken = known.get(step.label)
        if taken is None or taken.source != location:
            return f"step {number}: {step.label!r} must start in {location!r}"
        point = {**fixed, **here, **step.inputs}
        for row in taken.when:
            if not row_holds(row, point):
                return f"step {number}: {step.label!r} must have {row}, has {_text(here)}"
        here |= {name: value_of(text, point) for name, text in taken.after.items()}
        location = taken.target
        for name, seen in step.seen.items():
            if here[name] != seen:
                return f"step {number}: {name} must be {here[name]} after {step.label!r}, is {seen}"
    return None


def _text(numbers: Numbers) -> str:
    return ", ".join(f"{name} = {value}" for name, value in numbers.items())
