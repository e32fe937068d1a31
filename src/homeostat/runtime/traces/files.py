"""Lines and fields of trace files: bounded, and exact in nanoseconds.

A file may come from anyone. What is wrong with it is said with the file, the line, the value and
the rule that it breaks. No time passes through a float: times are whole ns, and what their digits
say beyond that is cut off, which keeps their order.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, NoReturn

from homeostat.errors import InvalidInputError
from homeostat.runtime.scheduler.requests import TIME_NS_MAX
from homeostat.runtime.traces.trace import TOKENS_MAX, Trace, TraceRequest

__all__ = [
    "FILE_BYTES_MAX",
    "LINE_BYTES_MAX",
    "Place",
    "count_of",
    "decimal_of",
    "field_of",
    "json_document",
    "json_object",
    "kind_of",
    "lines_of",
    "nanoseconds_of",
    "records_of",
    "trace_of",
]

FILE_BYTES_MAX: Final = 256 * 1024 * 1024
LINE_BYTES_MAX: Final = 1024 * 1024
_DIGITS_MAX: Final = 40
_POWER_MAX: Final = 18
"""No number of a trace has more digits, or is as large as ten to this power."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, or the whole of it, for messages."""

    path: Path
    line: int | None = None

    def __str__(self) -> str:
        """Return the place as compilers write it."""
        return str(self.path) if self.line is None else f"{self.path}:{self.line}"

    def refuse(self, field: str, value: object, rule: str) -> NoReturn:
        """Raise InvalidInputError with file, line, value and rule."""
        raise InvalidInputError(f"{self}: {field}={value!r:.60} must be {rule}")


def kind_of(path: Path) -> Literal["file", "nothing", "something else"]:
    """Return what is at a path.

    Raises:
        InvalidInputError: The system does not let us look there.
    """
    try:
        if path.is_file():
            return "file"
        return "something else" if path.exists() else "nothing"
    except OSError as error:
        raise _unreadable(path, error) from error


def trace_of(path: Path, requests: Iterable[TraceRequest]) -> Trace:
    """Return the trace of a file's requests, named like the file.

    Raises:
        InvalidInputError: There are none, or a value is out of range.
    """
    found = tuple(requests)
    if not found:
        raise InvalidInputError(f"{path} must hold at least one request, has none")
    return Trace.of(path.stem, found)


def lines_of(path: Path) -> Iterator[tuple[Place, str]]:
    """Yield the lines of a text file that are not blank, without their ends.

    Raises:
        InvalidInputError: It is no readable regular file, is too long, or is not UTF-8.
    """
    with _opened(path) as file:
        left = FILE_BYTES_MAX
        number = 0
        while content := _next_line(path, file):
            number += 1
            left -= len(content)
            yield from _line(Place(path, number), content, left)


def _opened(path: Path) -> BinaryIO:
    if kind_of(path) == "something else":
        raise InvalidInputError(f"{path} must be a regular file")
    try:
        return path.open("rb")
    except (OSError, ValueError) as error:  # the latter of a NUL in the name
        raise _unreadable(path, error) from error


def _next_line(path: Path, file: BinaryIO) -> bytes:
    try:
        return file.readline(LINE_BYTES_MAX + 1)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> InvalidInputError:
    return InvalidInputError(f"{str(path)!r:.300} must be a readable file: {error!s:.100}")


def _line(place: Place, content: bytes, left: int) -> Iterator[tuple[Place, str]]:
    if len(content) > LINE_BYTES_MAX:
        raise InvalidInputError(f"{place}: a line must have at most {LINE_BYTES_MAX} bytes")
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
    except json.JSONDecodeError as error:
        line = Place(place.path, error.lineno if place.line is None else place.line)
        line.refuse("text", text.split("\n")[error.lineno - 1], f"a JSON object: {error.msg}")
    except (ValueError, ArithmeticError, RecursionError) as error:
        place.refuse("text", text, f"a JSON object: {error}")
    if not isinstance(data, dict):
        place.refuse("text", text, "a JSON object")
    return data


def json_document(path: Path) -> tuple[Place, dict[str, Any]]:
    """Return the JSON object that a file holds, and its place.

    Raises:
        InvalidInputError: The file holds no JSON object, with the line where that shows.
    """
    lines: list[str] = []
    for place, text in lines_of(path):
        # Blank lines count, so that a mistake has the number of its line.
        lines += [""] * ((place.line or 0) - 1 - len(lines)) + [text]
    whole = Place(path)
    return whole, json_object(whole, "\n".join(lines))


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


def decimal_of(place: Place, record: Mapping[str, Any], field: str) -> Decimal:
    """Return a number >= 0 as its decimal digits say.

    Args:
        place: For messages.
        record: Has the number as an int, a Decimal, or a text of one.
        field: Its name.

    Raises:
        InvalidInputError: It is missing, no number, negative, too large or too long.
    """
    value = field_of(place, record, field)
    rule = f"a decimal number >= 0 and < 10^{_POWER_MAX}, of at most {_DIGITS_MAX} digits"
    if isinstance(value, str):
        value = _decimal(value)
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        place.refuse(field, value, rule)
    number = Decimal(value)
    if not _is_short(number) or number < 0:
        place.refuse(field, value, rule)
    return number


def nanoseconds_of(place: Place, record: Mapping[str, Any], field: str, *, unit_ns: int) -> int:
    """Return a time in whole ns, rounded down.

    Args:
        place: For messages.
        record: Has the time as an int, a Decimal, or a text of one.
        field: Its name.
        unit_ns: What 1 means.

    Raises:
        InvalidInputError: It is missing, no number, negative, too long, or too late.
    """
    number = decimal_of(place, record, field)
    numerator, denominator = number.as_integer_ratio()
    nanoseconds = numerator * unit_ns // denominator
    if nanoseconds > TIME_NS_MAX:
        place.refuse(field, str(number), f"a time <= {TIME_NS_MAX} ns")
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
