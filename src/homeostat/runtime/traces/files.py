"""Lines and fields of trace files: bounded, and exact in nanoseconds.

A file may come from anyone. What is wrong with it is said with the file, the line, the value and
the rule that it breaks. No time passes through a float.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NoReturn

from homeostat.errors import InvalidInputError
from homeostat.runtime.traces.trace import TOKENS_MAX

__all__ = [
    "FILE_BYTES_MAX",
    "LINE_BYTES_MAX",
    "Place",
    "count_of",
    "field_of",
    "json_object",
    "lines_of",
    "nanoseconds_of",
    "records_of",
]

FILE_BYTES_MAX: Final = 256 * 1024 * 1024
LINE_BYTES_MAX: Final = 1024 * 1024
_DIGITS_MAX: Final = 40
_POWER_MAX: Final = 18
"""No number of a trace has more digits, or is as large as ten to this power."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, for messages."""

    path: Path
    line: int

    def refuse(self, field: str, value: object, rule: str) -> NoReturn:
        """Raise InvalidInputError with file, line, value and rule."""
        raise InvalidInputError(f"{self.path}:{self.line}: {field}={value!r:.60} must be {rule}")


def lines_of(path: Path) -> Iterator[tuple[Place, str]]:
    """Yield the lines of a text file that are not blank, without their ends.

    Raises:
        InvalidInputError: It is no readable regular file, is too long, or is not UTF-8.
    """
    if path.exists() and not path.is_file():
        raise InvalidInputError(f"{path} must be a regular file")
    try:
        with path.open("rb") as file:
            left = FILE_BYTES_MAX
            number = 0
            while content := file.readline(LINE_BYTES_MAX + 1):
                number += 1
                left -= len(content)
                yield from _line(Place(path, number), content, left)
    except OSError as error:
        raise InvalidInputError(f"{path} must be a readable file: {error}") from error


def _line(place: Place, content: bytes, left: int) -> Iterator[tuple[Place, str]]:
    if len(content) > LINE_BYTES_MAX:
        raise InvalidInputError(
            f"{place.path}:{place.line}: a line must have at most {LINE_BYTES_MAX} bytes"
        )
    if left < 0:
        raise InvalidInputError(f"{place.path} must have at most {FILE_BYTES_MAX} bytes")
    try:
        text = content.decode("utf-8-sig" if place.line == 1 else "utf-8").strip()
    except UnicodeDecodeError as error:
        place.refuse("text", content, f"UTF-8: {error.reason}")
    if text:
        yield place, text


def json_object(place: Place, text: str) -> dict[str, Any]:
    """Return a JSON object whose fractions are Decimal, exactly as they are written.

    Raises:
        InvalidInputError: The text is no JSON object, or a field occurs twice.
    """
    try:
        data = json.loads(
            text,
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique,
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        place.refuse("text", text, f"a JSON object: {error}")
    if not isinstance(data, dict):
        place.refuse("text", text, "a JSON object")
    return data


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field occurs twice")
    return fields


def records_of(path: Path) -> Iterator[tuple[Place, dict[str, str]]]:
    """Yield the rows of a comma-separated file by the columns that its first line names.

    Fields are numbers and times, so quotes have no meaning.

    Raises:
        InvalidInputError: A column occurs twice, or a row has another number of fields.
    """
    columns: list[str] = []
    for place, text in lines_of(path):
        fields = [field.strip() for field in text.split(",")]
        if not columns:
            columns = fields
            if len(set(columns)) != len(columns):
                place.refuse("header", text, "of different columns")
            continue
        if len(fields) != len(columns):
            place.refuse("row", text, f"{len(columns)} fields, as in the header; has {len(fields)}")
        yield place, dict(zip(columns, fields, strict=True))


def field_of(place: Place, record: Mapping[str, Any], field: str) -> Any:
    """Return a field that must be there.

    Raises:
        InvalidInputError: It is not.
    """
    if field not in record:
        place.refuse("fields", sorted(record), f"such that {field!r} is one of them")
    return record[field]


def count_of(
    place: Place, record: Mapping[str, Any], field: str, *, low: int = 1, high: int = TOKENS_MAX
) -> int:
    """Return a whole number, given as such or as its decimal digits.

    Raises:
        InvalidInputError: It is missing, no whole number, or out of range.
    """
    value = field_of(place, record, field)
    rule = f"a whole number >= {low} and <= {high}"
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _DIGITS_MAX:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        place.refuse(field, value, rule)
    return value


def nanoseconds_of(place: Place, record: Mapping[str, Any], field: str, *, unit_ns: int) -> int:
    """Return a time as the whole number of ns that its decimal digits say.

    Args:
        place: For messages.
        record: Has the time as an int, a Decimal, or a text of one.
        field: Its name.
        unit_ns: What 1 means, a power of ten.

    Raises:
        InvalidInputError: It is missing, no number, negative, too long, or finer than 1 ns.
    """
    value = field_of(place, record, field)
    rule = "a decimal number >= 0 with nothing finer than 1 ns"
    if isinstance(value, str):
        value = _decimal(value)
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        place.refuse(field, value, rule)
    number = Decimal(value)
    if not _is_short(number) or number < 0:
        place.refuse(field, value, rule)
    numerator, denominator = number.as_integer_ratio()
    nanoseconds, rest = divmod(numerator * unit_ns, denominator)
    if rest:
        place.refuse(field, value, rule)
    return nanoseconds


def _is_short(number: Decimal) -> bool:
    """Return whether a number can be multiplied out without filling the memory with digits."""
    _, digits, exponent = number.as_tuple()
    return (
        isinstance(exponent, int)
        and len(digits) <= _DIGITS_MAX
        and exponent >= -_DIGITS_MAX
        and number.adjusted() < _POWER_MAX
    )


def _decimal(text: str) -> Decimal | str:
    plain = text.replace(".", "", 1)
    return Decimal(text) if plain.isascii() and plain.isdigit() else text
