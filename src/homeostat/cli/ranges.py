"""Lists and ranges on the command line: ``1..20``, ``1,2,5``, ``1/20..19/20:1/20``."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from homeostat.errors import InvalidInputError
from homeostat.models.batching import rational

__all__ = ["VALUES_MAX", "integers", "rational_list", "rationals"]

VALUES_MAX: Final = 1_000_000
"""The largest number of values that one option may stand for."""


def rational_list(text: str, option: str) -> tuple[Fraction, ...]:
    """Return the rationals of a plain comma-separated list, in the order written.

    Args:
        text: For example ``"5/7,0,2/7"``.
        option: Name to show in an error.

    Raises:
        InvalidInputError: An entry is not a finite rational number.
    """
    return tuple(rational(part.strip(), option) for part in text.split(","))


def rationals(text: str, option: str) -> tuple[Fraction, ...]:
    """Return the values of a list of rationals and ranges, ascending, each once.

    Args:
        text: Entries ``a`` or ``a..b`` or ``a..b:step``, comma-separated; both ends belong
            to a range, and its step is 1 where none is given.
        option: Name to show in an error.

    Raises:
        InvalidInputError: An entry is no rational or no ascending range, or there are more
            than ``VALUES_MAX`` values.
    """
    values: set[Fraction] = set()
    for entry in text.split(","):
        for value in _entry(entry.strip(), option):
            values.add(value)
            if len(values) > VALUES_MAX:
                raise InvalidInputError(
                    f"{option}={text!r} must stand for at most {VALUES_MAX} values"
                )
    return tuple(sorted(values))


def integers(text: str, option: str) -> tuple[int, ...]:
    """Return the values of a list of integers and ranges, ascending, each once.

    Raises:
        InvalidInputError: As for ``rationals``, or a value is not an integer.
    """
    values = rationals(text, option)
    for value in values:
        if value.denominator != 1:
            raise InvalidInputError(f"{option}={text!r} holds {value}, must hold integers only")
    return tuple(value.numerator for value in values)


def _entry(entry: str, option: str) -> Iterator[Fraction]:
    first_text, is_range, rest = entry.partition("..")
    first = rational(first_text, option)
    if not is_range:
        yield first
        return
    last_text, _, step_text = rest.partition(":")
    last, step = rational(last_text, option), rational(step_text or "1", option)
    if not (step > 0 and first <= last):
        raise InvalidInputError(f"{option}={entry!r} must ascend: first <= last, step > 0")
    value = first
    while value <= last:
        yield value
        value += step
