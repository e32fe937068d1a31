"""The data of a case, read with bounds, and its figures by name."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from homeostat.counterexamples.cases.balls import Figure
from homeostat.errors import InvalidInputError, WitnessRejectedError

__all__ = ["Figures", "Given", "integer", "list_of", "number", "positive", "read_fields", "word_of"]

CHARS_MAX: Final = 100
NUMBER_MAX: Final = 10**15
_PLACE: Final = re.compile(r"_([1-9][0-9]{0,2})(?=_|$)", re.ASCII)
_HEXADECIMAL: Final = re.compile(r"-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,2}", re.ASCII)
_RATIONAL: Final = re.compile(r"-?[0-9]+(/[0-9]+)?", re.ASCII)

Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figures:
    """A case that was run.

    Attributes:
        words: What may be assumed of its data by a word.
        table: Figures by name; ``#`` stands for a place from 1 on.
    """

    words: frozenset[str]
    table: Mapping[str, Callable[..., Figure]]

    def figure(self, name: str) -> Figure:
        """Return a figure by name.

        Raises:
            InvalidInputError: No case of the system has one of that name.
            WitnessRejectedError: This case has fewer places.
        """
        found = self.table.get(_PLACE.sub("_#", name))
        if found is None:
            raise InvalidInputError(f"figure {name!r:.60} must be one of {sorted(self.table)}")
        try:
            return found(*(int(place) - 1 for place in _PLACE.findall(name)))
        except IndexError as error:
            raise WitnessRejectedError(f"the case has no figure {name!r:.60}") from error


def number(value: object) -> Fraction:
    """Read p/q, or a double in the hexadecimal form of ``float.hex``.

    Raises:
        InvalidInputError: It is neither, or too long or large.
    """
    text = value if isinstance(value, str) and len(value) <= CHARS_MAX else ""
    if _HEXADECIMAL.fullmatch(text) and float.fromhex(text).hex() == text:
        return Fraction(float.fromhex(text))
    if not _RATIONAL.fullmatch(text) or re.fullmatch(".*/0+", text):
        raise InvalidInputError(f"{value!r:.60} must be p/q or a double as float.hex writes it")
    if abs(Fraction(text)) > NUMBER_MAX:
        raise InvalidInputError(f"{value!r:.60} must be at most {NUMBER_MAX}")
    return Fraction(text)


def positive(given: Given, name: str) -> Fraction:
    """Read a number > 0.

    Raises:
        InvalidInputError: It is none.
    """
    found = number(given[name])
    if not found > 0:
        raise InvalidInputError(f"{name}={found} must be > 0")
    return found


def list_of(value: object, name: str, count_max: int) -> list[Any]:
    """Read a list that is not empty.

    Raises:
        InvalidInputError: It is none, or has too many entries.
    """
    if not isinstance(value, list) or not 1 <= len(value) <= count_max:
        raise InvalidInputError(f"{name} must be a list of 1 .. {count_max} entries")
    return value


def word_of(value: object, name: str, words: frozenset[str]) -> str:
    """Read one of some words.

    Raises:
        InvalidInputError: It is another one.
    """
    if not isinstance(value, str) or value not in words:
        raise InvalidInputError(f"{name}={value!r:.60} must be one of {sorted(words)}")
    return value


def integer(value: object, name: str, least: int, most: int) -> int:
    """Read an integer in a range.

    Raises:
        InvalidInputError: It is none, or out of range.
    """
    if type(value) is not int or not least <= value <= most:
        raise InvalidInputError(f"{name}={value!r:.60} must be an integer in {least} .. {most}")
    return value


def read_fields(value: object, name: str, fields: str) -> Given:
    """Read an object that has some fields and no others.

    Raises:
        InvalidInputError: It has others, or is no object.
    """
    if not isinstance(value, dict) or set(value) != set(fields.split()):
        raise InvalidInputError(f"{name}={value!r:.60} must be an object with fields {fields}")
    return value
