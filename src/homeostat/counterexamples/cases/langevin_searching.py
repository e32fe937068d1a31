"""Wells and steps on a small grid, and the first of them that breaks a built-in conjecture."""

from collections.abc import Iterator
from itertools import product
from typing import Any, Final

from homeostat.counterexamples.cases.case import Case
from homeostat.counterexamples.cases.conjectures import find_case_conjecture
from homeostat.counterexamples.cases.searching import first_case

__all__ = ["langevin_case", "small_wells"]

Given = dict[str, Any]

_NUMBERS: Final = ("1", "1/2", "2")
_STEPS: Final = ("1", "1/2", "1/4", "1/8")
_FRICTIONS: Final = {"note": _NUMBERS, "baoab": ("1/2", "0", "9/10")}


def small_wells(update: str) -> Iterator[Given]:
    """Yield every well of a small grid with every length of a step, plain numbers first."""
    grid = product(_STEPS, _FRICTIONS[update], _NUMBERS, _NUMBERS, _NUMBERS)
    for dt, friction, mass, stiffness, temperature in grid:
        yield {
            "update": update,
            "mass": mass,
            "stiffness": stiffness,
            "friction": friction,
            "temperature": temperature,
            "dt": dt,
        }


def langevin_case(name: str) -> Case | None:
    """Return the first case that breaks a conjecture about the note's update, None if none does.

    Raises:
        InvalidInputError: There is no such conjecture.
    """
    method = {"method": "wells, temperatures and steps that are small powers of two"}
    return first_case(find_case_conjecture(name), small_wells("note"), method)
