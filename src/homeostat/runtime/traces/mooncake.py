"""Mooncake's traces: one JSON object a line, with the ids of the prompt's blocks.

Fields: timestamp (ms), input_length, output_length (tokens), hash_ids (one id for each block of
the prompt; equal ids from the start on mean a shared prefix). Source: kvcache-ai/Mooncake,
Apache-2.0.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from homeostat.runtime.traces.files import (
    Place,
    count_of,
    field_of,
    json_object,
    lines_of,
    nanoseconds_of,
    trace_of,
)
from homeostat.runtime.traces.trace import Trace, TraceRequest

__all__ = ["MOONCAKE_FIELD", "read_mooncake"]

MOONCAKE_FIELD: Final = "input_length"
"""The field by which the format is known."""
_MILLISECOND_NS: Final = 10**6
_ID_MAX: Final = 2**64 - 1


def read_mooncake(path: Path) -> Trace:
    """Return the trace in a file of Mooncake's format.

    Raises:
        InvalidInputError: With file, line, value and rule.
    """
    return trace_of(path, _requests(path))


def _requests(path: Path) -> Iterator[TraceRequest]:
    for place, text in lines_of(path):
        row = json_object(place, text)
        yield TraceRequest(
            arrival_ns=nanoseconds_of(place, row, "timestamp", unit_ns=_MILLISECOND_NS),
            prompt_tokens=count_of(place, row, MOONCAKE_FIELD),
            output_tokens=count_of(place, row, "output_length"),
            hash_ids=_hash_ids(place, row),
        )


def _hash_ids(place: Place, row: dict[str, Any]) -> tuple[int, ...]:
    ids = field_of(place, row, "hash_ids")
    if not isinstance(ids, list):
        place.refuse("hash_ids", ids, "a list of whole numbers")
    for value in ids:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _ID_MAX:
            place.refuse("hash_ids", value, f"of whole numbers >= 0 and <= {_ID_MAX}")
    return tuple(ids)
